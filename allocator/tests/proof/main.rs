//! A proof of the compiled allocator: of the instructions that a contract runs, not of the source they were compiled from.
//!
//! **Theorem.** For every state the heap can be in, every size of memory and whoever grew it, every size and alignment that a
//! `Layout` allows, and whether the memory grants or refuses growth, `MiniAlloc`'s `alloc` as compiled at opt-levels 3, s and z
//! answers
//!
//! * with a block that is aligned, lies in the memory and below its last page, and is apart from everything handed out before and
//!   from every page that somebody else may have grown, and the state is the block's last byte; or
//! * with null, and the state is what it was.
//!
//! `translate.rs` walks every path of the function and of what it calls, and writes what they compute as formulas of bit
//! vectors; z3 looks for a case in which a path breaks the theorem, and finds none. That a proof can fail is shown on functions
//! with a constant changed by one.
#![cfg(not(any(target_arch = "wasm32", miri)))]
#![allow(
    clippy::print_stdout,
    reason = "what is proved and how long it took are for a reader; nothing depends on them"
)]

#[path = "../support/probe.rs"]
mod probe;
#[path = "../support/mod.rs"]
mod support;
mod theorem;
mod translate;

use std::time::Instant;

use translate::Program;

#[test]
#[ignore = "needs z3, which scripts/setup --for-tests installs; scripts/test runs it"]
fn every_answer_is_a_block_of_its_own_or_null() {
    for level in ["3", "s", "z"] {
        let begun = Instant::now();
        let program = Program::new(&probe::build("probe", level));
        let paths = program.paths("alloc_unchecked", None);
        let broken = theorem::search(&program, &paths);
        assert_eq!(broken, None, "opt-level {level}");
        println!(
            "opt-level {level}: on {} paths every answer is a block of its own or null, for all states, sizes and alignments \
             (z3, {:.1?})",
            paths.len(),
            begun.elapsed()
        );
    }
}

/// Theorem: with any constant of the function or of what it calls one larger, or one smaller, the theorem above is false, and a
/// case shows it; but for those changes that make no difference to any answer, which are listed.
#[test]
#[ignore = "needs z3, which scripts/setup --for-tests installs; scripts/test runs it"]
fn a_constant_off_by_one_is_refuted() {
    let program = Program::new(&probe::build("probe", "z"));
    let constants = program.constants("alloc_unchecked");
    let mut refuted = 0;
    let mut harmless = Vec::new();
    for (index, constant) in constants.iter().enumerate() {
        for by in [1, -1] {
            let paths = program.paths("alloc_unchecked", Some((index, by)));
            match theorem::search(&program, &paths) {
                Some(case) => {
                    refuted += 1;
                    println!("constant {index} ({constant:#x}) {by:+}: {case}");
                }
                None => harmless.push((*constant, by)),
            }
        }
    }
    println!(
        "{refuted} of {} mutants are refuted; not {harmless:x?}",
        2 * constants.len()
    );
    assert!(2 * harmless.len() < refuted, "{harmless:x?}");
}
