//! The reclaiming allocator's promises on the host, over a simulated linear memory; Miri runs this file. `wasm.rs` checks what the compiler
//! makes of it.
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

/// Repeats every word of `len` letters `rounds` times.
fn check_words(len: u32, rounds: u32) {
    use churn::Letter::{Drop, Grow, New, Shrink};
    let letters = [
        New(16, 8),
        New(200, 16),
        New(1000, 1),
        New(40, 64),
        New(100, 4096),
        New(20_000, 8),
        Grow(true, 2),
        Grow(false, 2),
        Grow(false, 16),
        Shrink(true, 2),
        Shrink(false, 30),
        Drop(true),
        Drop(false),
    ];
    let words = (letters.len() as u32).pow(len);
    for number in 0..words {
        let mut word = Vec::new();
        let mut rest = number as usize;
        for _ in 0..len {
            word.push(letters[rest % letters.len()]);
            rest /= letters.len();
        }
        churn::repeat(&word, rounds, &mut Sim::reclaiming(Shape::LOW));
    }
}

#[test]
fn memory_is_bounded_whatever_is_repeated() {
    let (most, rounds) = if cfg!(miri) { (1, 8) } else { (3, 60) };
    for len in 1..=most {
        check_words(len, rounds);
    }
}

#[test]
#[ignore = "long: 28,561 words of four letters, 200 times each; scripts/test --long runs it"]
fn long_memory_is_bounded_whatever_is_repeated_in_four_steps() {
    check_words(4, 200);
}

/// What programs do, so often that even the smallest loss each time adds up to many pages.
#[test]
fn memory_is_bounded_for_ever() {
    use churn::Letter::{Drop, Grow, New, Shrink};
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    for word in [
        &[New(1024, 1), Grow(false, 2), Grow(false, 2), Drop(false)][..],
        &[New(16, 1), Grow(false, 4), Grow(false, 4), Drop(false)],
        &[
            New(16, 1),
            Grow(false, 4),
            Grow(false, 4),
            New(16, 1),
            Drop(true),
        ],
        &[
            New(16, 1),
            Grow(false, 2),
            New(16, 1),
            Drop(true),
            Grow(true, 8),
        ],
        &[New(700, 1), Grow(false, 2), New(700, 1), Drop(true)],
        &[
            New(700, 1),
            Grow(false, 2),
            New(600, 1),
            Grow(true, 2),
            Drop(true),
            Drop(true),
        ],
        &[New(512, 16), New(512, 8), Drop(true), Drop(true)],
        &[
            New(16, 8),
            New(40, 4096),
            New(512, 512),
            Drop(true),
            Drop(false),
        ],
        &[New(4096, 1), Shrink(false, 64), New(4096, 1), Drop(true)],
        &[
            New(30_000, 1),
            Shrink(false, 2000),
            New(16, 1),
            Drop(true),
            Drop(true),
        ],
        &[
            New(40_000, 1),
            New(200, 1),
            Grow(true, 2),
            Drop(true),
            Drop(false),
        ],
        &[
            New(90_000, 1),
            Shrink(false, 3),
            New(70_000, 1),
            Shrink(true, 90),
            Drop(true),
            Drop(true),
        ],
    ] {
        churn::repeat(word, rounds, &mut Sim::reclaiming(Shape::LOW));
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
        (1, 16),
        (17, 32),
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

    // Memory cannot grow, so what is free in one piece must serve many requests.
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
    // What a block is shortened by becomes free for others.
    assert_eq!(session.realloc(0, 100), at);
    assert_eq!(session.alloc(512, 1, true), at.map(|at| at + 512));
}
