//! A proof about the compiled allocator: about the instructions that a contract runs, not the source they were compiled from.
//!
//! **The rule** (`rule.rs`) says for each call what the answer is, what the last byte handed out is afterwards, how many pages memory then
//! has, and which bytes are copied: a function of the heap's state, of the memory's size, whoever grew it, of the request, and of whether
//! growth is granted.
//!
//! **Theorem.** The rule is safe, wherever a heap begins: a block is aligned, lies in the memory and below the last page of the address
//! space, and is disjoint from everything handed out before and from every page that somebody else may have grown; memory has grown by
//! exactly the pages that the block lacked; null is answered only if growth was refused or there is no room, and then nothing has changed.
//!
//! **Theorem.** For every state the heap can be in, every size of memory, every request that a `Layout` allows, every block that was handed
//! out, and whether the memory grants growth or refuses it, the probe's `alloc`, `alloc_zeroed` and `realloc`, as compiled at opt-levels 3,
//! s and z, do what the rule says and touch nothing else, with the feature `in-place` and without it. If `realloc` moves a block, it copies
//! the bytes that both sizes have from the old block to the new one; otherwise it copies nothing. (About the paths of `in-place`'s
//! `realloc` on which memory may grow, z3 is asked in parts, which takes twenty minutes of CPU: `scripts/test --long` does so.)
//!
//! **Theorem.** At the start, the state stands for the byte before `__heap_base`.
//!
//! `alloc_zeroed` is right because no byte is handed out twice, and nobody writes to a byte before it is handed out.
//!
//! `translate.rs` walks every path of a function and of what it calls, and writes what they compute as formulas over bit vectors; z3 looks
//! for a case in which a path breaks the rule, and finds none. That a proof can fail is shown on functions with one instruction changed.
//! `contracts.rs` looks for the same function in contracts.
#![cfg(not(any(target_arch = "wasm32", miri)))]
#![allow(
    clippy::print_stdout,
    reason = "what is proved and how long it took are for a reader; nothing depends on them"
)]

mod contracts;
mod module;
#[path = "../support/probe.rs"]
mod probe;
mod rule;
#[path = "../support/mod.rs"]
mod support;
mod theorem;
mod translate;

use std::{collections::BTreeSet, time::Instant};

use module::Program;
use rule::{Call, State};
use theorem::{Claim, Paths};

const LEVELS: [&str; 3] = ["3", "s", "z"];

/// Builds a probe of `MiniAlloc`: with the feature `in-place`, whose state is an address, or without it.
fn program(level: &str, kind: State) -> Program {
    Program::new(&match kind {
        State::Taken => probe::build("probe", level),
        State::Last => probe::build_in_place(level),
    })
}

/// What to prove about a probe: its exports, and what they must answer. (`alloc` and `alloc_zeroed` are one function if the compiler has
/// seen that they are equal.)
fn claims(program: &Program, kind: State) -> Vec<Claim<'_>> {
    let realloc = match kind {
        State::Taken => Call::Move,
        State::Last => Call::Resize,
    };
    let mut claims = vec![
        Claim::new(program, "alloc_unchecked", Call::Alloc, kind),
        Claim::new(program, "alloc_zeroed_unchecked", Call::Alloc, kind),
        Claim::new(program, "realloc_unchecked", realloc, kind),
    ];
    claims.dedup_by_key(|claim| claim.function);
    claims
}

fn prove(claim: &Claim, which: Paths, what: &str) {
    let begun = Instant::now();
    let (paths, broken) = claim.search(which);
    assert_eq!(broken, None, "{what}");
    if paths == 0 {
        return;
    }
    println!(
        "{what}: {paths} paths do what the rule says (z3, {:.1?})",
        begun.elapsed()
    );
}

#[test]
#[ignore = "needs z3, which scripts/setup --for-tests installs; scripts/test runs it"]
fn the_rule_is_safe() {
    for call in [Call::Alloc, Call::Move, Call::Resize] {
        assert_eq!(theorem::search_rule(call), None, "{call:?}");
    }
}

#[test]
#[ignore = "needs z3, which scripts/setup --for-tests installs; scripts/test runs it"]
fn every_answer_is_a_block_of_its_own_or_null() {
    prove_all(State::Taken, Paths::Short);
}

#[test]
#[ignore = "needs z3, which scripts/setup --for-tests installs; scripts/test runs it"]
fn every_answer_in_place_is_a_block_of_its_own_or_null() {
    prove_all(State::Last, Paths::Short);
}

#[test]
#[ignore = "long: z3 works for minutes at each level; scripts/test --long runs it"]
fn long_every_block_that_grows_in_place_and_memory_with_it_is_right() {
    prove_all(State::Last, Paths::Long);
}

fn prove_all(kind: State, which: Paths) {
    for level in LEVELS {
        let program = program(level, kind);
        for claim in claims(&program, kind) {
            let what = format!("{}, {kind:?}, opt-level {level}, {which:?}", claim.name);
            prove(&claim, which, &what);
        }
    }
}

#[test]
fn the_heap_begins_where_the_static_data_end() {
    for kind in [State::Taken, State::Last] {
        for level in LEVELS {
            claims(&program(level, kind), kind)
                .iter()
                .for_each(check_start);
        }
    }
}

/// Checks that at the start the state stands for the byte before the heap, and that its word lies outside the heap, where no write to
/// a block can reach it.
fn check_start(claim: &Claim) {
    let base = claim.program.heap_base();
    let word = claim.program.initial_word(claim.state);
    assert_eq!(word, claim.kind.initial(base), "{}", claim.name);
    let end = claim.state + 4;
    assert!(end <= u64::from(base), "{}: the heap has it", claim.name);
}

/// The changes that make no difference to any answer, at the levels that have them, and the function they are in, if not in each.
const HARMLESS: [(&str, &str); 10] = [
    // The probe begins with no page after that of its heap's first byte: it makes no difference whether memory counts as grown.
    (
        "",
        "I32Const { value: 1114112 } as Plain(I32Const { value: 1114113 })",
    ),
    (
        "",
        "I32Const { value: 1114112 } as Plain(I32Const { value: 1114111 })",
    ),
    // A block that leaves its page needs none more only if it is empty, and to add none is always granted.
    ("", "I32Const { value: 0 } as Plain(I32Const { value: 1 })"),
    ("", "I32GeS as Plain(I32GtS)"),
    (
        "realloc_unchecked",
        "I32Const { value: -1 } as Plain(I32Const { value: 0 })",
    ),
    ("realloc_unchecked", "I32GtS as Plain(I32GtU)"),
    // The pages that are asked for where a block would end on the last page of the address space: more than there are.
    (
        "",
        "I32Const { value: 65536 } as Plain(I32Const { value: 65537 })",
    ),
    (
        "",
        "I32Const { value: 65536 } as Plain(I32Const { value: 65535 })",
    ),
    // The lesser of two equal sizes is either, and all sizes are below 2^31.
    ("realloc_unchecked", "I32LtU as Plain(I32LeU)"),
    ("realloc_unchecked", "I32LtU as Plain(I32LtS)"),
];

/// Theorem: with one instruction changed, the theorem above is false, and a case shows it, except for the changes that make no difference.
/// What two functions both call is changed once.
fn check_mutants(level: &str) {
    let kind = State::Taken;
    let program = program(level, kind);
    let claims = claims(&program, kind);
    let mut seen = BTreeSet::new();
    let mut mutants = Vec::new();
    for claim in &claims {
        let of_claim = program.mutants(claim.function, &mut seen);
        mutants.extend(of_claim.into_iter().map(|mutant| (claim, mutant)));
    }
    let cases = theorem::side_by_side(&mutants, |(claim, mutant)| {
        let what = format!("{}, {}", claim.name, mutant.name);
        let case = claim.search_mutant(mutant);
        if let Some(case) = &case {
            println!("{what}: {case}");
        }
        case.is_none().then_some(what)
    });
    let tried = cases.len();
    let harmless: Vec<_> = cases.into_iter().flatten().collect();
    println!(
        "opt-level {level}: {} of {tried} mutants are refuted",
        tried - harmless.len()
    );
    let listed = |what: &&String| {
        let mut known = HARMLESS.iter();
        known.any(|(function, change)| what.starts_with(function) && what.ends_with(change))
    };
    let others: Vec<_> = harmless.iter().filter(|what| !listed(what)).collect();
    assert!(others.is_empty(), "opt-level {level}: {others:#?}");
}

#[test]
#[ignore = "needs z3, which scripts/setup --for-tests installs; scripts/test runs it"]
fn mutants_are_refuted() {
    check_mutants("z");
}

#[test]
#[ignore = "long: some hundred mutants; scripts/test --long runs it"]
fn long_mutants_at_other_levels_are_refuted() {
    for level in ["3", "s"] {
        check_mutants(level);
    }
}
