//! The theorem of `tests/support/model.rs` on whatever requests libfuzzer thinks of: `cargo +nightly fuzz run bump`.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::{
    model,
    sim::{Shape, Sim},
};

fuzz_target!(|data: &[u8]| {
    let Some((&shape, data)) = data.split_first() else {
        return;
    };
    let shape = [Shape::LOW, Shape::ROOMY, Shape::FLUSH, Shape::HIGH][usize::from(shape % 4)];
    model::run_with_refusals(data, shape.max, || Sim::new(shape));
});
