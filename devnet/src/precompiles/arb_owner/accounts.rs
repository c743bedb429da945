//! ArbOwner: accounts with rights, and fee accounts.
//!
//! Lives here: owners of the chain and of its native token, transaction filterers, fee accounts.

use super::ArbOwner::*;
use crate::arbos::{
    self, AddressSet, Field, chain_owners, native_token_owners, transaction_filterers,
};
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

/// Seconds from enabling a feature to its start (Nitro: a week).
const DELAY: u64 = 7 * 24 * 60 * 60;

/// The ArbOS version from which on adding and removing emits its own event.
const EVENTS: u16 = 60;

pub(in crate::precompiles) const FUNCTIONS: &[Function] = functions! {
    Write 0 addChainOwnerCall => |call, it| {
        chain_owners().add(call, it.newOwner)?;
        if call.is_at(EVENTS) {
            call.emit(&ChainOwnerAdded { owner: it.newOwner })?;
        }
        Ok(addChainOwnerReturn {})
    };
    Write 0 removeChainOwnerCall => |call, it| {
        remove(call, chain_owners(), it.ownerToRemove, "tried to remove non-owner")?;
        if call.is_at(EVENTS) {
            call.emit(&ChainOwnerRemoved { owner: it.ownerToRemove })?;
        }
        Ok(removeChainOwnerReturn {})
    };
    View 0 isChainOwnerCall => |call, it| chain_owners().contains(call, it.addr);
    View 0 getAllChainOwnersCall => |call, _| chain_owners().all(call);
    Write 41 setNativeTokenManagementFromCall => |call, it| {
        set_start(call, &arbos::native_token_from(), it.timestamp)?;
        Ok(setNativeTokenManagementFromReturn {})
    };
    Write 60 setTransactionFilteringFromCall => |call, it| {
        set_start(call, &arbos::filtering_from(), it.timestamp)?;
        Ok(setTransactionFilteringFromReturn {})
    };
    Write 41 addNativeTokenOwnerCall => |call, it| {
        require_started(call, &arbos::native_token_from(), "native token")?;
        native_token_owners().add(call, it.newOwner)?;
        if call.is_at(EVENTS) {
            call.emit(&NativeTokenOwnerAdded { owner: it.newOwner })?;
        }
        Ok(addNativeTokenOwnerReturn {})
    };
    Write 41 removeNativeTokenOwnerCall => |call, it| {
        remove(call, native_token_owners(), it.ownerToRemove, "tried to remove non native token owner")?;
        if call.is_at(EVENTS) {
            call.emit(&NativeTokenOwnerRemoved { owner: it.ownerToRemove })?;
        }
        Ok(removeNativeTokenOwnerReturn {})
    };
    View 41 isNativeTokenOwnerCall => |call, it| native_token_owners().contains(call, it.addr);
    View 41 getAllNativeTokenOwnersCall => |call, _| native_token_owners().all(call);
    Write 60 addTransactionFiltererCall => |call, it| {
        require_started(call, &arbos::filtering_from(), "transaction filtering")?;
        transaction_filterers().add(call, it.filterer)?;
        call.emit(&TransactionFiltererAdded { filterer: it.filterer })?;
        Ok(addTransactionFiltererReturn {})
    };
    Write 60 removeTransactionFiltererCall => |call, it| {
        remove(call, transaction_filterers(), it.filterer, "tried to remove non existing transaction filterer")?;
        call.emit(&TransactionFiltererRemoved { filterer: it.filterer })?;
        Ok(removeTransactionFiltererReturn {})
    };
    View 60 isTransactionFiltererCall => |call, it| transaction_filterers().contains(call, it.filterer);
    View 60 getAllTransactionFilterersCall => |call, _| transaction_filterers().all(call);
    Write 60 setFilteredFundsRecipientCall => |call, it| {
        arbos::filtered_funds_recipient().set(call, it.newRecipient)?;
        call.emit(&FilteredFundsRecipientSet { newRecipient: it.newRecipient })?;
        Ok(setFilteredFundsRecipientReturn {})
    };
    View 60 getFilteredFundsRecipientCall => |call, _| arbos::filtered_funds_recipient().get(call);
    View 0 getNetworkFeeAccountCall => |call, _| arbos::network_fee_account().get(call);
    View 5 getInfraFeeAccountCall => |call, _| arbos::infra_fee_account().get(call);
    Write 0 setNetworkFeeAccountCall => |call, it| {
        arbos::network_fee_account().set(call, it.newNetworkFeeAccount)?;
        Ok(setNetworkFeeAccountReturn {})
    };
    Write 5 setInfraFeeAccountCall => |call, it| {
        arbos::infra_fee_account().set(call, it.newInfraFeeAccount)?;
        Ok(setInfraFeeAccountReturn {})
    };
};

fn remove(
    call: &mut Call<'_>,
    set: AddressSet,
    gone: alloy_primitives::Address,
    missing: &str,
) -> Result<(), Stop> {
    match set.remove(call, gone)? {
        true => Ok(()),
        false => Err(Stop::plain(missing)),
    }
}

/// Sets when a feature starts, in seconds since 1970; 0 disables it. As in Nitro, users have a week to leave.
fn set_start(call: &mut Call<'_>, field: &Field<u64>, start: u64) -> Result<(), Stop> {
    if start == 0 {
        return field.set(call, 0);
    }
    let stored = field.get(call)?;
    let now = call.now();
    let soonest = now.saturating_add(DELAY);
    if (stored == 0 || stored > soonest) && start < soonest {
        return Err(Stop::plain(format!(
            "feature must be enabled at least 7 days in the future: not before {soonest}"
        )));
    }
    if stored > now && stored <= soonest && start < stored {
        return Err(Stop::plain(format!(
            "feature cannot be updated to a time earlier than the current scheduled enable time, {stored}"
        )));
    }
    field.set(call, start)
}

fn require_started(call: &mut Call<'_>, field: &Field<u64>, feature: &str) -> Result<(), Stop> {
    let start = field.get(call)?;
    match start != 0 && start <= call.now() {
        true => Ok(()),
        false => Err(Stop::plain(format!("{feature} feature is not enabled yet"))),
    }
}
