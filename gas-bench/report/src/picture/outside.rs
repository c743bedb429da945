//! What a transaction pays for apart from running the program.
//!
//! Lives here: these parts, their order and their labels, and gas converted to ink. Not here: where the program's own ink goes (`stacks`,
//! `spending`).

use stylus_vm::{Gas, Ink, InkPrice};

use crate::figures::profile::CallProfile;

/// One such part, with non-zero gas.
pub(crate) struct Part {
    pub(crate) label: &'static str,
    pub(crate) gas: Gas,
}

/// What is paid before the program starts.
pub(crate) fn before(profile: &CallProfile) -> Vec<Part> {
    let parts = &profile.parts;
    paid([
        ("transaction and calldata", parts.transaction),
        ("posting on the parent chain", parts.l1),
        ("starting the program", parts.start),
        ("pages to start with", parts.start_pages),
    ])
}

/// What is paid after it ends.
pub(crate) fn after(profile: &CallProfile) -> Vec<Part> {
    let parts = &profile.parts;
    paid([
        ("floor for data", parts.floor),
        ("not told by the chain", parts.unseen),
    ])
}

/// Converts `gas` to ink at the profile's price.
pub(crate) fn in_ink(profile: &CallProfile, gas: Gas) -> Ink {
    price(profile).map_or(Ink::ZERO, |price| price.gas_to_ink(gas))
}

/// Converts `ink` to whole gas at the profile's price.
pub(crate) fn in_gas(profile: &CallProfile, ink: Ink) -> Gas {
    price(profile).map_or(Gas::ZERO, |price| price.ink_to_gas(ink))
}

/// `None` for a price that no chain has; such a profile fails its check.
fn price(profile: &CallProfile) -> Option<InkPrice> {
    InkPrice::new(profile.ink_per_gas)
}

fn paid<const COUNT: usize>(parts: [(&'static str, Gas); COUNT]) -> Vec<Part> {
    let parts = parts.map(|(label, gas)| Part { label, gas });
    let paid = parts.into_iter().filter(|part| part.gas > Gas::ZERO);
    paid.collect()
}
