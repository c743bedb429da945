//! The allocator's promises on the host, over a simulated linear memory; Miri runs this file. What is specific to
//! compiled wasm is in `wasm.rs`.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use std::alloc::Layout;

use support::{
    model, run_with_refusals, script,
    sim::{Shape, Sim},
};

#[test]
fn scripts() {
    for (name, steps) in script::SCRIPTS {
        script::check(name, steps, &mut Sim::new(Shape::LOW));
    }
}

#[test]
fn scripts_next_to_4_gib() {
    for (name, steps) in script::HIGH_SCRIPTS {
        script::check(name, steps, &mut Sim::new(Shape::HIGH));
    }
}

#[test]
fn initial_memory_is_used_before_more_is_asked_for() {
    use script::{Size::Bytes, Step::*, Want::*};
    const PAGE: u32 = support::PAGE;
    let steps = [
        Alloc(Bytes(PAGE), 1, Base(0)),
        Realloc(0, Bytes(2 * PAGE), Same),
        Pages(0),
        Zeroed(Bytes(PAGE), PAGE, Base(3 * PAGE - 256)),
        Pages(0),
        Alloc(Bytes(1), 1, Page(0, 0)),
        Pages(1),
    ];
    script::check("initial memory", &steps, &mut Sim::new(Shape::ROOMY));
}

#[test]
fn initial_memory_is_left_to_others_once_they_have_grown_it() {
    use script::{Size::*, Step::*, Want::*};
    const PAGE: u32 = support::PAGE;
    let steps = [
        Alloc(Bytes(PAGE), 1, Base(0)),
        Foreign(1),
        Alloc(Rest(0), 1, Base(PAGE)),
        Alloc(Bytes(1), 1, Page(1, 0)),
        Pages(2),
    ];
    script::check("initial memory", &steps, &mut Sim::new(Shape::ROOMY));
}

#[test]
fn a_heap_may_begin_right_behind_its_memory() {
    use script::{Size::Bytes, Step::*, Want::*};
    let steps = [
        Alloc(Bytes(0), 1, Base(0)),
        Pages(0),
        Alloc(Bytes(1), 1, Page(0, 0)),
        Pages(1),
    ];
    script::check("flush", &steps, &mut Sim::new(Shape::FLUSH));
}

#[test]
fn what_no_32_bit_target_could_ask_for_is_refused() {
    let sim = Sim::new(Shape::LOW);
    for (size, align) in [
        (isize::MAX as usize, 1),
        (1 << 32, 1),
        ((1 << 32) + 8, 8),
        (1 << 31, 1),
        ((1 << 31) - 15, 16),
        (0, 1 << 32),
    ] {
        assert!(sim
            .alloc_layout(Layout::from_size_align(size, align).unwrap())
            .is_null());
    }
}

/// The theorem of `support/model.rs`, on every shape of memory.
#[test]
fn model() {
    let (seeds, len) = if cfg!(miri) { (1, 60) } else { (40, 400) };
    for shape in Shape::ALL {
        for seed in 0..seeds {
            run_with_refusals(model::run, &model::bytes(seed, len), shape.max, || {
                Sim::new(shape)
            });
        }
    }
}
