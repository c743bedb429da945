//! ArbFilteredTransactionsManager (0x74, from ArbOS 60 on): transactions that must fail.
//!
//! Lives here: its functions. Not here: who may call them (`arb_owner`), the fate of such a transaction (`evm::handler`).

use alloy_primitives::Bytes;
use alloy_sol_types::sol;

use crate::arbos::{self, transaction_filterers};
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbFilteredTransactionsManager {
        function addFilteredTransaction(bytes32 txHash) external;
        function deleteFilteredTransaction(bytes32 txHash) external;
        function isTransactionFiltered(bytes32 txHash) external view returns (bool);

        event FilteredTransactionAdded(bytes32 indexed txHash);
        event FilteredTransactionDeleted(bytes32 indexed txHash);
    }
}

use ArbFilteredTransactionsManager::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    Write 60 addFilteredTransactionCall => |call, it| {
        authorize(call)?;
        arbos::is_filtered(it.txHash).set(call, true)?;
        call.emit(&FilteredTransactionAdded { txHash: it.txHash })?;
        Ok(addFilteredTransactionReturn {})
    };
    Write 60 deleteFilteredTransactionCall => |call, it| {
        authorize(call)?;
        arbos::is_filtered(it.txHash).set(call, false)?;
        call.emit(&FilteredTransactionDeleted { txHash: it.txHash })?;
        Ok(deleteFilteredTransactionReturn {})
    };
    View 60 isTransactionFilteredCall => |call, it| arbos::is_filtered(it.txHash).get(call);
};

fn authorize(call: &mut Call<'_>) -> Result<(), Stop> {
    let caller = call.caller;
    match transaction_filterers().contains(call, caller)? {
        true => Ok(()),
        false => Err(Stop::plain(format!(
            "{caller} is not a transaction filterer"
        ))),
    }
}

/// Runs the called function. It is free for filterers; anybody else pays for the check of who calls and nothing more, however the
/// call ends.
pub(super) fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let caller = call.caller;
    let Ok(is_filterer) = transaction_filterers().contains(&mut call.free(), caller);
    if !is_filterer {
        call.pay_reads(2)?;
    }
    call.is_free = true;
    call.dispatch().map_err(|stop| match stop {
        Stop::Burn(reason) => Stop::Plain(reason),
        other => other,
    })
}
