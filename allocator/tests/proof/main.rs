//! A proof of the compiled allocator: of the instructions that a contract runs, not of the source they were compiled from.
//!
//! **Theorem.** For every state the heap can be in, every size of memory and whoever grew it, every size and alignment that a
//! `Layout` allows, and whether the memory grants or refuses growth, `MiniAlloc`'s `alloc` as compiled at opt-levels 3, s and z
//! answers
//!
//! * with a block that is aligned, lies in the memory and below its last page, and is apart from everything handed out before and
//!   from every page that somebody else may have grown, and the state is the block's last byte;
//!   the memory has grown by exactly the pages that it needs; or
//! * with null, and neither the state nor the memory has changed. Where the block would have ended on the page of the last one, there
//!   is no null.
//!
//! **Theorem.** At the start the state stands for the byte in front of `__heap_base`.
//!
//! Both are about the probe's function as it is called; copies of it that the compiler has inlined elsewhere are not looked at, and
//! neither is `realloc`. `MiniAlloc` is proved without the feature `in-place`, and with it.
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

use theorem::State;
use translate::Program;

/// The function that is proved.
const FUNCTION: &str = "alloc_unchecked";

/// A probe of `MiniAlloc`, without the feature `in-place` or with it, and how it keeps its state.
fn program(level: &str, kind: State) -> (Program, u32) {
    let wasm = match kind {
        State::Taken => probe::build("probe", level),
        State::Last => probe::build_in_place(level),
    };
    let program = Program::new(&wasm);
    // All that the function does is to return the address.
    let base = program.constants("heap_base")[0] as u32;
    (program, base)
}

#[test]
#[ignore = "needs z3, which scripts/setup --for-tests installs; scripts/test runs it"]
fn every_answer_is_a_block_of_its_own_or_null() {
    for kind in [State::Taken, State::Last] {
        for level in ["3", "s", "z"] {
            let begun = Instant::now();
            let (program, base) = program(level, kind);
            let paths = program.paths(FUNCTION, None);
            let broken = theorem::search(&program, &paths, kind, base);
            assert_eq!(broken, None, "{kind:?}, opt-level {level}");
            println!(
                "{kind:?}, opt-level {level}: on {} paths every answer is a block of its own or null, for all states, sizes and \
                 alignments (z3, {:.1?})",
                paths.len(),
                begun.elapsed()
            );
        }
    }
}

#[test]
fn the_heap_begins_where_the_static_data_end() {
    for kind in [State::Taken, State::Last] {
        let (program, base) = program("3", kind);
        let address = program.paths(FUNCTION, None)[0].address;
        let address = address.expect("the function reads its state");
        assert_eq!(
            program.initial_word(address),
            kind.initial(base),
            "{kind:?}"
        );
    }
}

/// Theorem: with any constant of the function or of what it calls one larger, or one smaller, the theorem above is false, and a
/// case shows it; but for those changes that make no difference to any answer, which are listed.
#[test]
#[ignore = "needs z3, which scripts/setup --for-tests installs; scripts/test runs it"]
fn a_constant_off_by_one_is_refuted() {
    let kind = State::Taken;
    let (program, base) = program("z", kind);
    let constants = program.constants(FUNCTION);
    let mut refuted = 0;
    let mut harmless = Vec::new();
    for (index, constant) in constants.iter().enumerate() {
        for by in [1, -1] {
            let paths = program.paths(FUNCTION, Some((index, by)));
            match theorem::search(&program, &paths, kind, base) {
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
