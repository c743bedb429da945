//! The call that a program answers.
//!
//! Lives here: the caller, the contract and the value. Not here: calldata (`io`).

use super::block::ONE_POINTER;
use super::{Hostio, Stop};
use crate::prices::HOSTIO;

/// Copies the acting contract's address to `dest`.
pub(super) fn contract(hostio: &mut Hostio<'_>, dest: u32) -> Result<(), Stop> {
    hostio.pay(ONE_POINTER)?;
    let contract = hostio.frame().environment.contract;
    hostio.write(dest, contract.as_slice())
}

/// 1 if the acting contract is already running further up the call stack, otherwise 0.
pub(super) fn reentrant(hostio: &mut Hostio<'_>) -> Result<u32, Stop> {
    hostio.pay(HOSTIO)?;
    let answer = hostio.frame().environment.reentrant.into();
    hostio.answer(answer, u32::to_be_bytes)
}

/// Copies the caller's address to `dest`.
pub(super) fn sender(hostio: &mut Hostio<'_>, dest: u32) -> Result<(), Stop> {
    hostio.pay(ONE_POINTER)?;
    let sender = hostio.frame().environment.sender;
    hostio.write(dest, sender.as_slice())
}

/// Copies the value sent along to `dest`.
pub(super) fn value(hostio: &mut Hostio<'_>, dest: u32) -> Result<(), Stop> {
    hostio.pay(ONE_POINTER)?;
    let value = hostio.frame().environment.value;
    hostio.write_word(dest, value)
}
