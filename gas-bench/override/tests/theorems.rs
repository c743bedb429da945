//! What holds for every module.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use alloy_primitives::{Address, Bytes};
use stylus_override::rehearsal::{Call, rehearse};
use stylus_override::{Donor, Refusal, Substitute, inspect, transplant};
use stylus_vm::{ArbOs, Config, Gas, Pages, activate};
use wasmparser::{Parser, Payload};

use super::entropy::{Choices, seeded};
use super::mutate::mutant;
use super::programs::{Mangling, Program, STATE, program};

static DONORS: LazyLock<Vec<Donor>> = LazyLock::new(|| {
    Substitute::ALL
        .iter()
        .map(|it| Donor::compile(*it).unwrap())
        .collect()
});

const PROGRAMS: u64 = 120;
const MUTANTS: u64 = 2_000;
const STRINGS: u64 = 500;

/// Theorem: a program that uses its allocator as programs may has it replaced, by every donor, and does the same afterwards.
pub(crate) fn behaves_the_same(bytes: &[u8]) {
    let program = program(&mut Choices::of(bytes));
    let wasm = program.wasm();
    for donor in &*DONORS {
        let done = transplant(&wasm, donor)
            .unwrap_or_else(|refusal| panic!("{refusal}\n{}", program.text()));
        let call = Call::raw(Bytes::new());
        if let Err(difference) = rehearse(&done.original, &done.wasm, Address::ZERO, &[call]) {
            panic!("{}: {difference}\n{}", donor.allocator, program.text());
        }
    }
}

/// Theorem: any bytes are refused, or become a module that a chain takes; nothing panics.
pub(crate) fn is_harmless(bytes: &[u8]) -> bool {
    let seen = inspect(bytes).is_ok();
    for donor in &*DONORS {
        match transplant(bytes, donor) {
            Ok(done) => {
                assert!(seen);
                activate(
                    &done.wasm,
                    &Config::at(ArbOs::ARBITRUM_ONE),
                    Pages(0),
                    Gas::MAX,
                )
                .unwrap();
            }
            Err(Refusal::Rejected(reason)) => panic!("{reason}"),
            Err(_) => return false,
        }
    }
    true
}

#[test]
fn programs_behave_the_same() {
    for seed in 0..PROGRAMS {
        behaves_the_same(&seeded(seed, 8 + seed as usize % 120));
    }
}

#[test]
fn bytes_are_harmless() {
    for seed in 0..STRINGS {
        let mut bytes = seeded(seed, 8 + seed as usize % 200);
        assert!(!is_harmless(&bytes));
        bytes.splice(..8, *b"\0asm\x01\0\0\0");
        is_harmless(&bytes);
    }
}

#[test]
fn mutants_are_harmless() {
    let seeds: Vec<_> = (0..20)
        .map(|seed| program(&mut Choices::of(&seeded(seed, 80))).wasm())
        .collect();
    let mut replaced = 0;
    for number in 0..MUTANTS {
        let bytes = seeded(number, 64);
        let choices = &mut Choices::of(&bytes);
        let module = seeds[choices.below(seeds.len())].clone();
        let other = &seeds[choices.below(seeds.len())];
        replaced += u64::from(is_harmless(&mutant(module, other, choices)));
    }
    // Mutants that are all refused would try no more than the parser.
    assert!(replaced > MUTANTS / 20, "{replaced} of {MUTANTS}");
}

/// Theorem: what comes out has no instruction that was neither in the module nor in what compilers make of the donor, and nothing of
/// the old allocator.
#[test]
fn nothing_exotic_comes_in() {
    let operators = |wasm: &[u8]| -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                for operator in body.get_operators_reader().unwrap() {
                    found.insert(format!("{:?}", operator.unwrap()));
                }
            }
        }
        found
    };
    let names = |operators: &BTreeSet<String>| -> BTreeSet<String> {
        let name = |operator: &String| operator.split([' ', '{']).next().unwrap().to_owned();
        operators.iter().map(name).collect()
    };
    // Of the integer instructions and memory's, every compiler for wasm32 makes use.
    let usual = |name: &String| {
        name.starts_with("I32")
            || [
                "Local",
                "Memory",
                "Br",
                "Block",
                "Loop",
                "If",
                "Else",
                "End",
                "Return",
                "Call",
                "Select",
                "Unreachable",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || ["Drop"].contains(&name.as_str())
    };
    for donor in &*DONORS {
        let done = transplant(&Program::rust(Mangling::V0).wasm(), donor).unwrap();
        let (before, after) = (operators(&done.original), operators(&done.wasm));
        let new: Vec<_> = names(&after)
            .difference(&names(&before))
            .filter(|name| !usual(name))
            .cloned()
            .collect();
        assert_eq!(new, [""; 0], "{}", donor.allocator);
        // Whatever the old allocator did, it did with its state.
        let state = format!("I32Const {{ value: {STATE} }}");
        assert!(
            before.contains(&state) && !after.contains(&state),
            "{}",
            donor.allocator
        );
        assert_eq!(inspect(&done.wasm), Err(Refusal::NoNames));
    }
}
