//! The block a program runs in.
//!
//! Lives here: reading the block's part of the environment. Not here: where the values come from.

use super::{Hostio, Stop};
use crate::ink::Ink;
use crate::prices::{HOSTIO, POINTER};

/// A host call that writes through one pointer.
pub(super) const ONE_POINTER: Ink = Ink(HOSTIO.0 + POINTER.0);

/// Copies the base fee to `dest`.
pub(super) fn base_fee(hostio: &mut Hostio<'_>, dest: u32) -> Result<(), Stop> {
    hostio.pay(ONE_POINTER)?;
    let base_fee = hostio.frame().environment.base_fee;
    hostio.write_word(dest, base_fee)
}

/// The chain's id.
pub(super) fn chain_id(hostio: &mut Hostio<'_>) -> Result<u64, Stop> {
    hostio.pay(HOSTIO)?;
    let answer = hostio.frame().environment.chain_id;
    hostio.answer(answer, u64::to_be_bytes)
}

/// Copies the beneficiary to `dest`.
pub(super) fn coinbase(hostio: &mut Hostio<'_>, dest: u32) -> Result<(), Stop> {
    hostio.pay(ONE_POINTER)?;
    let coinbase = hostio.frame().environment.coinbase;
    hostio.write(dest, coinbase.as_slice())
}

/// The header's gas limit.
pub(super) fn gas_limit(hostio: &mut Hostio<'_>) -> Result<u64, Stop> {
    hostio.pay(HOSTIO)?;
    let answer = hostio.frame().environment.block_gas_limit;
    hostio.answer(answer, u64::to_be_bytes)
}

/// The L1 block number that ArbOS knows.
pub(super) fn number(hostio: &mut Hostio<'_>) -> Result<u64, Stop> {
    hostio.pay(HOSTIO)?;
    let answer = hostio.frame().environment.block_number;
    hostio.answer(answer, u64::to_be_bytes)
}

/// Seconds since 1970.
pub(super) fn timestamp(hostio: &mut Hostio<'_>) -> Result<u64, Stop> {
    hostio.pay(HOSTIO)?;
    let answer = hostio.frame().environment.block_timestamp;
    hostio.answer(answer, u64::to_be_bytes)
}
