//! Accounts and slots as a transaction finds them, without a trace in its access list.
//!
//! Lives here: how ArbOS and tracers read the state, and how ArbOS moves ether: none of that makes anything warm. Not here: instructions
//! and host calls, which do.

use alloy_primitives::{Address, Bytes, U256};
use revm::bytecode::Bytecode;
use revm::context::Journal;
use revm::state::AccountInfo;

use crate::evm::Context;
use crate::state::State;

/// An account; its code may be missing.
pub(crate) fn info(context: &Context, address: Address) -> AccountInfo {
    let journal = &context.journaled_state;
    match journal.inner.state.get(&address) {
        Some(account) => account.info.clone(),
        None => journal.database.info(address).unwrap_or_default(),
    }
}

/// An account's code in the machine's form.
pub(crate) fn bytecode(context: &Context, address: Address) -> Bytecode {
    let info = info(context, address);
    let database = &context.journaled_state.database;
    info.code
        .unwrap_or_else(|| database.code_of(info.code_hash))
}

/// An account's code.
pub(crate) fn code(context: &Context, address: Address) -> Bytes {
    bytecode(context, address).original_bytes()
}

/// A word of an account's storage.
pub(crate) fn slot(context: &Context, address: Address, slot: U256) -> U256 {
    let journal = &context.journaled_state;
    let account = journal.inner.state.get(&address);
    let found = account.and_then(|account| account.storage.get(&slot));
    match found {
        Some(value) => value.present_value,
        None => journal.database.slot(address, slot),
    }
}

/// Changes `accounts`; those that were cold are cold again.
pub(crate) fn unwarmed<T>(
    context: &mut Context,
    accounts: &[Address],
    change: impl FnOnce(&mut Journal<State>) -> T,
) -> T {
    let journal = &mut context.journaled_state;
    let now = journal.inner.transaction_id;
    let mut cold = accounts.to_vec();
    cold.retain(|address| {
        let account = journal.inner.state.get(address);
        account.is_none_or(|account| account.is_cold_transaction_id(now))
    });
    let changed = change(journal);
    for address in &cold {
        if let Some(account) = journal.inner.state.get_mut(address) {
            account.mark_cold();
        }
    }
    context.chain.transaction.left_cold.extend(cold);
    changed
}
