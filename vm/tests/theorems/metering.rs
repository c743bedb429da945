//! Theorem: a metered run does what the plain module does, and charges the sum of the blocks it enters.
//!
//! In full, for any program: with ink and stack to spare, outcome, output, memory and ink are the interpreter's. With
//! exactly the ink that this used, the run is the same, and with any less it runs out of ink where the interpreter does.
//! With exactly the stack that this took plus one word, the run is the same, and without that word it runs out of stack.
//!
//! Lives here: the comparison. Not here: the programs (`generate`), the interpreter (`oracle`).

use stylus_vm::{Call, Config, EmptyHost, Engine, Gas, Ink, Outcome, Pages, activate};

use super::entropy::seeded;
use super::generate;
use super::oracle::{self, Ending, Given, Module};

/// The number of programs, and the bytes that each is generated from: every operator runs, and it takes seconds.
const PROGRAMS: [(u64, usize); 3] = [(60, 100), (160, 400), (80, 1_500)];

/// Operators that the interpreter runs before a program counts as endless.
const PATIENCE: u64 = 4_000_000;

/// Words of stack, more than enough for every program that is not too deep for a chain.
const DEPTH: u32 = 22_000;

const CALLDATA: [u8; 40] = [0xa5; 40];

/// Checks the theorem for the program generated from `bytes`; returns its outcome.
pub(crate) fn agrees(engine: &Engine, bytes: &[u8]) -> Outcome {
    check(engine, &generate::program(bytes))
}

fn check(engine: &Engine, wasm: &[u8]) -> Outcome {
    let mut config = Config::at(stylus_vm::ArbOs::LAST_STYLUS_2);
    let footprint = activate(wasm, &config, Pages(0), Gas::MAX)
        .unwrap_or_else(|refusal| panic!("the program is refused: {refusal}"))
        .footprint;
    let program = engine.compile(wasm, &config).unwrap();
    let module = Module::decode(wasm).unwrap();
    let mut run = |ink, depth| {
        let given = Given {
            calldata: &CALLDATA,
            ink,
            depth,
            patience: PATIENCE,
        };
        let (expected, words) = oracle::run(&module, given).expect("every program ends");
        config.stylus.max_stack_depth = depth;
        let call = Call {
            calldata: CALLDATA.into(),
            ink: Ink(ink),
            ..Call::default()
        };
        let host = &mut EmptyHost::with_footprint(footprint);
        let program = program.under(&config).unwrap();
        let report = program.run(host, call).unwrap();
        assert_eq!(report.ink_used + report.ink_left, Ink(ink));
        let got = Ending {
            outcome: report.outcome,
            ink_used: report.ink_used.0,
            pages: report.pages,
            output: report.output,
        };
        let hex = || alloy_primitives::hex::encode(wasm);
        assert_eq!(got, expected, "{ink} ink, {depth} words, module {}", hex());
        (got, words)
    };

    let (ending, words) = run(u64::MAX, DEPTH);
    // Memory beyond 128 pages is unaffordable: no amount of ink suffices, so there is no exact amount to run with.
    if ending.outcome == Outcome::OutOfInk {
        return ending.outcome;
    }
    let used = ending.ink_used;
    assert_eq!(run(used, DEPTH).0, ending);
    for less in [used / 3, used / 2, used.saturating_sub(1)] {
        if less < used {
            assert_eq!(run(less, DEPTH).0.outcome, Outcome::OutOfInk);
        }
    }
    if ending.outcome != Outcome::OutOfStack {
        assert_eq!(run(u64::MAX, words + 1).0, ending);
        assert_eq!(run(u64::MAX, words).0.outcome, Outcome::OutOfStack);
    }
    ending.outcome
}

#[test]
fn metered_programs_do_what_plain_ones_do() {
    let engine = Engine::new(&Config::at(stylus_vm::ArbOs::LAST_STYLUS_2)).unwrap();
    let outcomes: Vec<_> = PROGRAMS
        .iter()
        .flat_map(|(programs, len)| (0..*programs).map(|seed| (seed << 16 | *len as u64, *len)))
        .map(|(seed, len)| agrees(&engine, &seeded(seed, len)))
        .collect();
    // The theorem would also hold for programs that do nothing or always fail.
    let count = |outcome| outcomes.iter().filter(|other| **other == outcome).count();
    assert!(count(Outcome::Success) > outcomes.len() / 3);
    assert!(count(Outcome::Revert) > outcomes.len() / 20);
    assert!(count(Outcome::Failure) > outcomes.len() / 20);
}

/// What random programs seldom test: how the protocol's walk of a body continues in unreachable code.
#[test]
fn frames_with_dead_code() {
    let engine = Engine::new(&Config::at(stylus_vm::ArbOs::LAST_STYLUS_2)).unwrap();
    for dead in [
        "unreachable memory.fill",
        "unreachable memory.copy drop",
        "return i64.const 1 i64.mul drop memory.fill",
        "block br 0 i32.const 1 i32.const 2 i32.const 3 memory.fill end",
        "i32.const 1 br 0 drop drop drop i32.const 1 i32.const 2 drop drop",
        "i32.const 0 if unreachable i32.const 1 i32.const 2 drop drop else unreachable i32.add drop memory.fill end",
    ] {
        let wat = format!(
            r#"(module
                (memory (export "memory") 1 1)
                (func $dead {dead})
                (func (export "user_entrypoint") (param i32) (result i32) call $dead i32.const 0))"#
        );
        check(&engine, &wat::parse_str(wat).unwrap());
    }
}
