//! The allocator's promises on the host, over a simulated linear memory; Miri runs this file. What is specific to
//! compiled wasm is in `wasm.rs`.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use std::alloc::Layout;

use support::{
    model, run_with_refusals, script,
    sim::{Shape, Sim},
};

/// Both heaps that only grow.
const HEAPS: [fn(Shape) -> Sim; 2] = [Sim::compact, Sim::new];

fn check(scripts: &[(&str, &[script::Step])], shape: Shape, heap: fn(Shape) -> Sim) {
    for (name, steps) in scripts {
        script::check(name, steps, &mut heap(shape));
    }
}

#[test]
fn scripts() {
    for heap in HEAPS {
        check(script::SCRIPTS, Shape::LOW, heap);
    }
    check(script::COMPACT_SCRIPTS, Shape::LOW, Sim::compact);
    check(script::IN_PLACE_SCRIPTS, Shape::LOW, Sim::new);
}

#[test]
fn scripts_next_to_4_gib() {
    for heap in HEAPS {
        check(script::HIGH_SCRIPTS, Shape::HIGH, heap);
    }
    check(script::HIGH_IN_PLACE_SCRIPTS, Shape::HIGH, Sim::new);
}

#[test]
fn initial_memory_is_used_before_more_is_asked_for() {
    use script::{Size::Bytes, Step::*, Want::*};
    const PAGE: u32 = support::PAGE;
    let steps = [
        Alloc(Bytes(PAGE), 1, Base(0)),
        Alloc(Bytes(PAGE), 1, Base(PAGE)),
        Pages(0),
        Zeroed(Bytes(PAGE), PAGE, Base(3 * PAGE - 256)),
        Pages(0),
        Alloc(Bytes(1), 1, Page(0, 0)),
        Pages(1),
    ];
    for heap in HEAPS {
        check(&[("initial memory", &steps)], Shape::ROOMY, heap);
    }
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
    for heap in HEAPS {
        check(&[("initial memory", &steps)], Shape::ROOMY, heap);
    }
}

#[test]
fn a_heap_may_begin_right_behind_its_memory() {
    use script::{Size::Bytes, Step::*, Want::*};
    let steps = [Alloc(Bytes(1), 1, Base(0)), Pages(1)];
    for heap in HEAPS {
        check(&[("flush", &steps)], Shape::FLUSH, heap);
    }
}

#[test]
fn what_no_32_bit_target_could_ask_for_is_refused() {
    let sims = HEAPS.map(|heap| heap(Shape::LOW));
    for (size, align) in [
        (isize::MAX as usize, 1),
        (1 << 32, 1),
        ((1 << 32) + 8, 8),
        (1 << 31, 1),
        ((1 << 31) - 15, 16),
        (0, 1 << 32),
    ] {
        for sim in &sims {
            let layout = Layout::from_size_align(size, align).unwrap();
            assert!(sim.alloc_layout(layout).is_null());
        }
    }
}

/// The theorem of `support/model.rs`, on every shape of memory.
#[test]
fn model() {
    let (seeds, len) = if cfg!(miri) { (1, 60) } else { (40, 400) };
    for heap in HEAPS {
        for shape in Shape::ALL {
            for seed in 0..seeds {
                let bytes = model::bytes(seed, len);
                run_with_refusals(model::run, &bytes, shape.max, || heap(shape));
            }
        }
    }
}
