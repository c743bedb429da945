//! The reclaiming allocator's promises on the host, over a simulated linear memory; Miri runs this file. What the compiler made of
//! it is looked at in `wasm.rs`.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use support::{
    churn, model, run_with_refusals,
    session::Session,
    sim::{Shape, Sim},
    PAGE,
};

/// The theorem of `support/churn.rs`, on every shape of memory.
#[test]
fn any_requests() {
    let (seeds, len) = if cfg!(miri) { (1, 60) } else { (40, 600) };
    for shape in Shape::ALL {
        for seed in 0..seeds {
            run_with_refusals(churn::run, &model::bytes(seed, len), shape.max, || {
                Sim::reclaiming(shape)
            });
        }
    }
}

#[test]
fn steady_sets_take_no_more_than_they_need() {
    let rounds = if cfg!(miri) { 30 } else { 3000 };
    for (alive, most) in [(1, 8), (20, 1000), (64, 4096), (6, 70_000), (3, 200_000)] {
        churn::steady(&mut Sim::reclaiming(Shape::LOW), alive, most, rounds);
    }
}

#[test]
fn a_free_block_is_the_next_of_its_size() {
    let mut sim = Sim::reclaiming(Shape::LOW);
    let mut session = Session::new(&mut sim);
    for (size, same) in [
        (1, 8),
        (9, 16),
        (100, 128),
        (32_768, 20_000),
        (70_000, 131_072),
        (300_000, 270_000),
    ] {
        let at = session.alloc(size, 1, false);
        session.alloc(1, 1, false);
        session.dealloc(session.live.len() - 2);
        assert_eq!(session.alloc(same, 1, true), at, "{size} and {same} bytes");
    }
}

#[test]
fn neighbouring_runs_are_joined_and_larger_blocks_are_cut() {
    let mut sim = Sim::reclaiming(Shape::LOW);
    let mut session = Session::new(&mut sim);
    let runs = [1, 2, 1].map(|pages| session.alloc(pages * PAGE, 1, false).unwrap());
    let pages = session.subject.pages();
    for _ in 0..3 {
        session.dealloc(session.live.len() / 2);
    }
    assert_eq!(session.alloc(4 * PAGE, 1, true), Some(runs[0]));
    session.dealloc(0);
    let halves = [0, 1].map(|_| session.alloc(2 * PAGE, 1, false).unwrap());
    assert_eq!(halves, [runs[0], runs[0] + 2 * PAGE]);
    assert_eq!(session.subject.pages(), pages);

    // Memory that cannot grow: what is free in one piece must do for many.
    session.subject.limit(pages);
    while session.alloc(16_384, 1, false).is_some() {}
    let large = session.live.pop().unwrap();
    session.subject.dealloc(large.at, 16_384, 1);
    for part in 0..64 {
        assert!(session.alloc(256, 1, true).is_some(), "part {part} of 64");
    }
}

#[test]
fn blocks_grow_and_shrink_within_their_size_for_nothing() {
    let mut sim = Sim::reclaiming(Shape::LOW);
    let mut session = Session::new(&mut sim);
    let at = session.alloc(600, 1, false);
    session.alloc(1, 1, false);
    for size in [1024, 513, 700, 1000] {
        assert_eq!(session.realloc(0, size), at, "{size} bytes");
    }
    // What a block is shortened by is free for others.
    assert_eq!(session.realloc(0, 100), at);
    assert_eq!(session.alloc(512, 1, true), at.map(|at| at + 512));
}
