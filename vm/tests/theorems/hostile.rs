//! Theorem: no bytes do harm. They are refused, or they are a program that keeps to its ink, its depth and its pages.
//!
//! Lives here: the theorem, and bytes that are almost programs. Not here: programs that come close to the end of the
//! native stack (`depth`). Debug builds assert on their own that instrumentation writes valid modules.

use stylus_vm::{
    ArbOs, Call, CompileError, Config, EmptyHost, Engine, Gas, Ink, Outcome, Pages, activate,
};

use super::entropy::{Choices, seeded};
use super::generate;
use super::mutate::mutant;
use crate::vectors;

/// Less than the 1,000 gas of a page beyond the free ones.
const INK: Ink = Ink(4_000_000);

/// Words of stack: a few small frames.
const DEPTH: u32 = 200;

/// Pages that cost nothing.
const FREE_PAGES: u32 = 2;

/// Recorded modules up to this size are mutated; compiling the few longer ones takes longer than all others together.
const LARGEST_SEED: usize = 4_096;

/// Mutants of recorded modules and of generated ones. Nearly all are refused at once; the rest are compiled and run.
const MUTANTS: u64 = 3_000;

/// Random byte strings, with and without the first eight bytes of a module.
const STRINGS: u64 = 1_000;

/// Checks the theorem for one byte string, under the first, the default and the last set of rules; returns whether it is
/// a program.
pub(crate) fn is_harmless(engine: &Engine, bytes: &[u8]) -> bool {
    let mut is_program = false;
    for arbos in [ArbOs::FIRST, ArbOs::LAST_STYLUS_2, ArbOs::LAST] {
        let mut config = Config::at(arbos);
        config.stylus.max_stack_depth = DEPTH;
        let activation = activate(bytes, &config, Pages(0), Gas::MAX);
        let program = match engine.compile(bytes, &config) {
            Ok(program) => program,
            Err(CompileError::Refused(_)) => {
                assert!(activation.is_err(), "activated, and refused by the engine");
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        // Only costs too large to store are refused later in activation.
        let Ok(activation) = activation else { continue };
        is_program = true;
        let host = &mut EmptyHost::with_footprint(activation.footprint);
        let call = Call {
            ink: INK,
            ..Call::default()
        };
        let report = program.run(host, call).unwrap();
        assert!(report.ink_used <= INK);
        assert_eq!(report.ink_used + report.ink_left, INK);
        let most_pages = u32::from(activation.footprint.0).max(FREE_PAGES);
        assert!(report.pages <= most_pages, "{} pages", report.pages);
        let has_output = matches!(report.outcome, Outcome::Success | Outcome::Revert);
        assert!(has_output || report.output.is_empty());
    }
    is_program
}

fn engine() -> Engine {
    Engine::new(&Config::default()).unwrap()
}

#[test]
fn strings_are_harmless() {
    let engine = engine();
    for seed in 0..STRINGS {
        let mut bytes = seeded(seed, 4 + seed as usize % 200);
        is_harmless(&engine, &bytes);
        bytes.splice(..4, *b"\0asm\x01\0\0\0");
        is_harmless(&engine, &bytes);
    }
}

#[test]
fn mutants_are_harmless() {
    let engine = engine();
    let mut seeds: Vec<_> = vectors::modules()
        .into_values()
        .filter(|wasm| wasm.len() <= LARGEST_SEED)
        .collect();
    // Twice as many generated ones: they are longer, and more of their mutants are still programs.
    let generated = 2 * seeds.len() as u64;
    seeds.extend((0..generated).map(|seed| generate::program(&seeded(seed, 200))));
    let mut programs = 0;
    for number in 0..MUTANTS {
        let bytes = seeded(number, 64);
        let choices = &mut Choices::of(&bytes);
        let module = seeds[choices.below(seeds.len())].clone();
        let other = &seeds[choices.below(seeds.len())];
        let mutant = mutant(module, other, choices);
        programs += u32::from(is_harmless(&engine, &mutant));
    }
    // If nothing accepted the mutants, they would test only the parser.
    assert!(u64::from(programs) > MUTANTS / 20, "{programs} programs");
}
