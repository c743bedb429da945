//! The ArbOS state: what an Arbitrum chain stores about itself, in one account.
//!
//! Lives here: the words, their places in Nitro's layout, and their meaning. Not here: who may read or change them and at what
//! price (`precompiles`), and how the machine uses them (`evm`).

pub(crate) mod address_table;
pub(crate) mod block_hashes;
mod bytes;
pub(crate) mod constraints;
mod field;
mod genesis;
pub(crate) mod l1_pricing;
pub(crate) mod l2_pricing;
pub(crate) mod messages;
mod owners;
mod params;
pub(crate) mod posters;
mod pricer;
mod programs;
pub(crate) mod retryables;
mod root;
pub(crate) mod sends;
mod slots;

use std::convert::Infallible;

use alloy_primitives::{B256, Keccak256, U256};
use revm::context_interface::JournalTr as _;

pub(crate) use field::Field;
pub(crate) use genesis::{UnknownUpgrade, complete, initialise, schedule_upgrade, upgrade_if_due};
pub(crate) use owners::{
    AddressSet, add_cache_manager, add_chain_owner, cache_managers, chain_owners,
    native_token_owners, transaction_filterers,
};
pub(crate) use params::{params, set_params, vm_config};
pub(crate) use pricer::{data_pricer, set_data_pricer};
pub(crate) use programs::{
    Entry, ProgramError, active_program, age, hours_since_epoch, lifetime, program,
    set_module_hash, set_program,
};
pub(crate) use root::{
    activation_gas, brotli_level, calldata_price_increase, can_filter, chain_config, chain_id,
    collect_tips, filtered_funds_recipient, filtering_from, infra_fee_account, is_filtered,
    native_token_from, network_fee_account, set_calldata_price_increase, upgrade_timestamp,
    upgrade_version, version, version_word,
};
pub(crate) use slots::{Slot, read_by_every_block};

use crate::evm::{Context, peek};
use crate::state::State;

/// Words of the ArbOS state, wherever they are kept. Access is free.
pub(crate) trait Words {
    /// Reads a word.
    fn word(&mut self, slot: Slot) -> U256;
    /// Writes a word.
    fn set_word(&mut self, slot: Slot, value: U256);
}

/// Words whose access may cost something. Logic on top is written once, both for a precompile that pays for each step and for
/// callers that pay nothing.
pub(crate) trait Store {
    /// Why access was refused; uninhabited if access is free.
    type Refused;

    /// Reads a word.
    ///
    /// # Errors
    /// If it is refused.
    fn read(&mut self, slot: Slot) -> Result<U256, Self::Refused>;

    /// Writes a word.
    ///
    /// # Errors
    /// If it is refused.
    fn write(&mut self, slot: Slot, value: U256) -> Result<(), Self::Refused>;

    /// Hashes the concatenation of `parts`.
    ///
    /// # Errors
    /// If it is refused.
    fn keccak(&mut self, parts: &[&[u8]]) -> Result<B256, Self::Refused>;
}

impl<W: Words> Store for W {
    type Refused = Infallible;

    fn read(&mut self, slot: Slot) -> Result<U256, Infallible> {
        Ok(self.word(slot))
    }

    fn write(&mut self, slot: Slot, value: U256) -> Result<(), Infallible> {
        self.set_word(slot, value);
        Ok(())
    }

    fn keccak(&mut self, parts: &[&[u8]]) -> Result<B256, Infallible> {
        Ok(keccak(parts))
    }
}

/// The hash of the concatenation of `parts`.
pub(crate) fn keccak(parts: &[&[u8]]) -> B256 {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

impl Words for State {
    fn word(&mut self, slot: Slot) -> U256 {
        self.slot(slot.account, slot.key)
    }

    fn set_word(&mut self, slot: Slot, value: U256) {
        self.set_slot(slot.account, slot.key, value);
    }
}

/// The words as a transaction finds them; a revert undoes its writes. Reads leave no trace in the access list, because no
/// contract's gas depends on them.
pub(crate) struct Journal<'a>(pub(crate) &'a mut Context);

impl Words for Journal<'_> {
    fn word(&mut self, slot: Slot) -> U256 {
        peek::slot(self.0, slot.account, slot.key)
    }

    fn set_word(&mut self, slot: Slot, value: U256) {
        let journal = &mut self.0.journaled_state;
        // The journal writes only to loaded accounts. Neither step can fail: the state is in memory.
        let Ok(_) = journal.load_account(slot.account);
        let Ok(_) = journal.sstore(slot.account, slot.key, value);
    }
}
