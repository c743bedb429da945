//! Storage through the invocation's cache, and transient storage.
//!
//! Lives here: the order and the prices of loads, cached writes and flushes. Not here: the cache itself
//! (`crate::storage`).

use alloy_primitives::B256;

use super::{Hostio, Stop};
use crate::config::ArbOs;
use crate::frame::Failure;
use crate::host::Stored;
use crate::ink::{Gas, Ink};
use crate::prices::{EVM_API, HOSTIO, POINTER, access, cache as fees, store};

/// A host call on two pointers that the cache can answer.
const CACHED: Ink = Ink(HOSTIO.0 + 2 * POINTER.0);

/// A host call on two pointers that asks the chain.
const TRANSIENT: Ink = Ink(CACHED.0 + EVM_API.0);

/// Copies the value of the slot at `key` to `dest`.
pub(super) fn load(hostio: &mut Hostio<'_>, key: u32, dest: u32) -> Result<(), Stop> {
    hostio.pay(CACHED)?;
    let api = hostio.evm_api_gas();
    hostio.require(access::COLD_SLOT + fees::MAX_FEE + api)?;
    let key = hostio.read_bytes32(key)?;
    let storage = &mut hostio.frame().storage;
    let mut fee = fees::load(storage.count_load());
    let value = match storage.get(key) {
        Some(value) => value,
        None => {
            let slot = hostio.host().load_storage(key)?;
            hostio.frame().storage.know(key, slot.value);
            fee += api
                + if slot.is_cold {
                    access::COLD_SLOT
                } else {
                    access::WARM
                };
            slot.value
        }
    };
    hostio.buy(fee)?;
    hostio.write(dest, value.as_slice())
}

/// Writes the value at `value` to the slot at `key`, only in the cache; allowed in static calls too.
pub(super) fn cache(hostio: &mut Hostio<'_>, key: u32, value: u32) -> Result<(), Stop> {
    hostio.pay(CACHED)?;
    hostio.require(store::SENTRY + fees::MAX_FEE)?;
    let key = hostio.read_bytes32(key)?;
    let value = hostio.read_bytes32(value)?;
    let storage = &mut hostio.frame().storage;
    let fee = fees::store(storage.count_store());
    storage.set(key, value);
    hostio.buy(fee)
}

/// Writes every dirty slot to the chain; `clear` also empties the cache.
pub(super) fn flush(hostio: &mut Hostio<'_>, clear: u32) -> Result<(), Stop> {
    hostio.pay(HOSTIO.saturating_add(EVM_API))?;
    hostio.require(store::SENTRY)?;
    hostio.tell(|step| step.args = vec![(clear != 0).into()]);
    let dirty = hostio.frame().storage.take_dirty();
    if clear != 0 {
        hostio.frame().storage.clear();
    }
    if dirty.is_empty() {
        return Ok(());
    }
    // A static call cannot flush anything, so it pays nothing.
    if hostio.frame().environment.is_static {
        return Err(Failure::Static.into());
    }
    // One gas more than there is, so that a program can spend its very last unit; using up that one means out of gas.
    let limit = hostio.gas_left().saturating_add(Gas(1));
    let mut left = limit;
    for (key, value) in dirty {
        let stored = hostio.host().store_storage(key, value)?;
        left = left.saturating_sub(store_cost(&stored, value));
        if left == Gas::ZERO {
            break;
        }
        let refund = store_refund(&stored, value);
        hostio.host().refund(refund);
    }
    if left == Gas::ZERO && !hostio.since(ArbOs::STACK_CLAMP) {
        return Err(Failure::FlushGas.into());
    }
    match hostio.since(ArbOs::CHARGING_FIXES) {
        // If `left` is zero this is more than there is, and the program runs out of ink here.
        true => hostio.buy(limit - left),
        false => Ok(()),
    }
}

/// What SSTORE costs by EIP-2200, EIP-2929 and EIP-3529.
fn store_cost(stored: &Stored, new: B256) -> Gas {
    let Stored {
        original,
        current,
        is_cold,
    } = *stored;
    let write = if current == new || original != current {
        access::WARM
    } else if original.is_zero() {
        store::SET
    } else {
        store::RESET
    };
    if is_cold {
        access::COLD_SLOT + write
    } else {
        write
    }
}

/// What SSTORE refunds, or takes back, by EIP-3529.
fn store_refund(stored: &Stored, new: B256) -> i64 {
    let Stored {
        original, current, ..
    } = *stored;
    if current == new {
        return 0;
    }
    let mut refund = 0;
    if !original.is_zero() {
        if current.is_zero() {
            // An earlier write of this transaction had cleared it and got the refund for that.
            refund -= store::CLEAR_REFUND;
        }
        if new.is_zero() {
            refund += store::CLEAR_REFUND;
        }
    }
    if original == new && original != current {
        // Back to its original value: the earlier write should have cost only a warm access.
        let earlier = if original.is_zero() {
            store::SET
        } else {
            store::RESET
        };
        refund += (earlier - access::WARM).0 as i64;
    }
    refund
}

/// Copies the value of the transient slot at `key` to `dest`.
pub(super) fn transient_load(hostio: &mut Hostio<'_>, key: u32, dest: u32) -> Result<(), Stop> {
    hostio.pay(TRANSIENT)?;
    hostio.buy(access::TRANSIENT)?;
    let key = hostio.read_bytes32(key)?;
    let value = hostio.host().load_transient(key)?;
    hostio.write(dest, value.as_slice())
}

/// Writes the value at `value` to the transient slot at `key`.
pub(super) fn transient_store(hostio: &mut Hostio<'_>, key: u32, value: u32) -> Result<(), Stop> {
    hostio.pay(TRANSIENT)?;
    hostio.buy(access::TRANSIENT)?;
    let key = hostio.read_bytes32(key)?;
    let value = hostio.read_bytes32(value)?;
    if hostio.frame().environment.is_static {
        return Err(Failure::Static.into());
    }
    Ok(hostio.host().store_transient(key, value)?)
}
