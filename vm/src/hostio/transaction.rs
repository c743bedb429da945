//! The transaction a program runs in.
//!
//! Lives here: its origin and prices. Not here: the call within it (`message`).

use super::block::ONE_POINTER;
use super::{Hostio, Stop};
use crate::prices::HOSTIO;

/// Copies the effective gas price, tip included, to `dest`.
pub(super) fn gas_price(hostio: &mut Hostio<'_>, dest: u32) -> Result<(), Stop> {
    hostio.pay(ONE_POINTER)?;
    let gas_price = hostio.frame().environment.gas_price;
    hostio.write_word(dest, gas_price)
}

/// Ink per gas.
pub(super) fn ink_price(hostio: &mut Hostio<'_>) -> Result<u32, Stop> {
    hostio.pay(HOSTIO)?;
    let answer = hostio.frame().config.stylus.ink_price.ink_per_gas();
    hostio.answer(answer, u32::to_be_bytes)
}

/// Copies the signer's address to `dest`.
pub(super) fn origin(hostio: &mut Hostio<'_>, dest: u32) -> Result<(), Stop> {
    hostio.pay(ONE_POINTER)?;
    let origin = hostio.frame().environment.origin;
    hostio.write(dest, origin.as_slice())
}
