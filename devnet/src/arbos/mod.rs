//! The ArbOS state: what an Arbitrum chain keeps about itself, in the storage of one account.
//!
//! Lives here: the words, where Nitro stores them, and what they mean. Not here: who may read or change them and at what
//! price (`precompiles`), and what the machine makes of them (`evm`).

mod genesis;
mod owners;
mod params;
mod pricer;
mod programs;
mod root;
mod slots;

use alloy_primitives::U256;
use revm::context_interface::JournalTr as _;

pub(crate) use genesis::{initialise, schedule_upgrade, upgrade_if_due};
pub(crate) use owners::{add_cache_manager, add_chain_owner, cache_managers, chain_owners};
pub(crate) use params::{params, set_params, vm_config};
pub(crate) use pricer::{data_pricer, set_data_pricer};
pub(crate) use programs::{
    Entry, ProgramError, active_program, age, hours_since_epoch, lifetime, program,
    set_module_hash, set_program,
};
pub(crate) use root::{
    activation_gas, l1_price, network_fee_account, scheduled_upgrade, set_activation_gas,
    set_l1_price, set_network_fee_account, version,
};
pub(crate) use slots::Slot;

use crate::addresses::ARBOS_STATE;
use crate::evm::Context;
use crate::state::State;

/// Words of the ArbOS account, wherever they are.
pub(crate) trait Words {
    /// Reads one.
    fn word(&mut self, slot: Slot) -> U256;
    /// Writes one.
    fn set_word(&mut self, slot: Slot, value: U256);
}

impl Words for State {
    fn word(&mut self, slot: Slot) -> U256 {
        self.slot(ARBOS_STATE, slot.0)
    }

    fn set_word(&mut self, slot: Slot, value: U256) {
        self.set_slot(ARBOS_STATE, slot.0, value);
    }
}

/// The words as a transaction finds them; what it writes is undone when it reverts. Reading leaves no trace in the access
/// list: no contract's gas depends on it.
pub(crate) struct Journal<'a>(pub(crate) &'a mut Context);

impl Words for Journal<'_> {
    fn word(&mut self, slot: Slot) -> U256 {
        let journal = &self.0.journaled_state;
        let account = journal.inner.state.get(&ARBOS_STATE);
        let written = account.and_then(|account| account.storage.get(&slot.0));
        match written {
            Some(value) => value.present_value,
            None => journal.database.slot(ARBOS_STATE, slot.0),
        }
    }

    fn set_word(&mut self, slot: Slot, value: U256) {
        let journal = &mut self.0.journaled_state;
        // The journal writes only to accounts that it has loaded. Neither can fail: the state is in memory.
        let Ok(_) = journal.load_account(ARBOS_STATE);
        let Ok(_) = journal.sstore(ARBOS_STATE, slot.0, value);
    }
}
