//! What a transaction pays for besides running the program.
//!
//! Lives here: these parts, in order, what they are called, and gas in ink. Not here: where the program's own ink goes (`stacks`,
//! `spending`).

use stylus_vm::{Gas, Ink, InkPrice};

use crate::figures::profile::CallProfile;

/// One such part, which is not nothing.
pub(crate) struct Part {
    pub(crate) label: &'static str,
    pub(crate) gas: Gas,
}

/// What is paid before the program begins.
pub(crate) fn before(profile: &CallProfile) -> Vec<Part> {
    let parts = &profile.parts;
    paid([
        ("transaction and calldata", parts.transaction),
        ("posting on the parent chain", parts.l1),
        ("starting the program", parts.start),
        ("pages to start with", parts.start_pages),
    ])
}

/// What is paid when it is over.
pub(crate) fn after(profile: &CallProfile) -> Vec<Part> {
    let parts = &profile.parts;
    paid([
        ("floor for data", parts.floor),
        ("not told by the chain", parts.unseen),
    ])
}

/// What `gas` is in ink at the profile's price.
pub(crate) fn in_ink(profile: &CallProfile, gas: Gas) -> Ink {
    price(profile).map_or(Ink::ZERO, |price| price.gas_to_ink(gas))
}

/// What `ink` is in whole gas at the profile's price.
pub(crate) fn in_gas(profile: &CallProfile, ink: Ink) -> Gas {
    price(profile).map_or(Gas::ZERO, |price| price.ink_to_gas(ink))
}

/// None where it is a price that no chain has, which does not pass the profile's check.
fn price(profile: &CallProfile) -> Option<InkPrice> {
    InkPrice::new(profile.ink_per_gas)
}

fn paid<const COUNT: usize>(parts: [(&'static str, Gas); COUNT]) -> Vec<Part> {
    let parts = parts.map(|(label, gas)| Part { label, gas });
    let paid = parts.into_iter().filter(|part| part.gas > Gas::ZERO);
    paid.collect()
}
