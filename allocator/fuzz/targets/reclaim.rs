//! The theorem of `tests/support/churn.rs` on whatever requests libfuzzer thinks of: `cargo +nightly fuzz run reclaim`.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::{
    churn, run_with_refusals,
    sim::{Shape, Sim},
};

fuzz_target!(|data: &[u8]| {
    let Some((&shape, data)) = data.split_first() else {
        return;
    };
    let shape = Shape::ALL[usize::from(shape) % Shape::ALL.len()];
    run_with_refusals(churn::run, data, shape.max, || Sim::reclaiming(shape));
});
