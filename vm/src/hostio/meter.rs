//! What is left to spend, and paying for memory.
//!
//! Lives here: gas, ink and page counters, as far as a program can reach them. Not here: what pages cost
//! (`pages`).

use super::{Hostio, Stop};
use crate::config::ArbOs;
use crate::ink::Gas;
use crate::pages::Pages;
use crate::prices::HOSTIO;

/// Whole gas left after paying for this call.
pub(super) fn gas_left(hostio: &mut Hostio<'_>) -> Result<u64, Stop> {
    hostio.pay(HOSTIO)?;
    let gas = hostio.gas_left().0;
    hostio.answer(gas, u64::to_be_bytes)
}

/// Ink left after paying for this call.
pub(super) fn ink_left(hostio: &mut Hostio<'_>) -> Result<u64, Stop> {
    hostio.pay(HOSTIO)?;
    let ink = hostio.ink.0;
    hostio.answer(ink, u64::to_be_bytes)
}

/// Opens pages and pays for them; runs before every `memory.grow`, whether or not that succeeds.
pub(super) fn pay_for_memory_grow(hostio: &mut Hostio<'_>, pages: u32) -> Result<(), Stop> {
    let pages = match u16::try_from(pages) {
        Ok(pages) => Pages(pages),
        // An uncountable number of pages: unaffordable, and not counted.
        Err(_) if hostio.since(ArbOs::STYLUS_3) => return hostio.buy(Gas::MAX),
        // The protocol took the argument's low sixteen bits.
        Err(_) => Pages(pages as u16),
    };
    hostio.tell(|step| step.args = pages.0.to_be_bytes().to_vec());
    if pages == Pages(0) {
        return hostio.pay(HOSTIO);
    }
    // They stay counted even if they are unaffordable; the frame's end closes the open ones.
    let before = hostio.host().page_counters().add(pages);
    let cost = hostio.frame().config.memory().cost(pages, before);
    hostio.buy(cost)
}
