//! `stylus-vm test`: the exact bytes to deploy, against many calls with expected outcomes.
//!
//! Lives here: running vectors and comparing outcomes. Not here: their format (`vectors`), the output (`report`).

mod report;
pub(crate) mod vectors;

use std::process::ExitCode;

use alloy_primitives::{Address, Bytes};
use anyhow::Context;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use stylus_vm::{
    Call, Engine, Environment, Fault, Gas, Ink, MemoryAccount, MemoryHost, Outcome, Pages, Program,
    Report, activate, code,
};

use super::check::show_refusal;
use super::{Test, Verdict, input, style};
use vectors::{Expected, Vector};

/// The program's address. (Any that is neither a caller's nor a precompile's.)
const CONTRACT: Address = Address::repeat_byte(0x57);

/// How many malformed lines are reported.
const MOST_ERRORS: usize = 10;

/// Runs every vector; fails if one differs.
pub(crate) fn run(test: &Test) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        !(input::is_stdin(&test.vectors) && input::is_stdin(&test.wasm)),
        "vectors and module cannot both be standard input; name a file for one of them"
    );
    let config = test.chain.config()?;
    let name = input::name(&test.vectors);
    let text = input::text(&test.vectors)?;
    let vectors = match vectors::parse(&text) {
        Ok(vectors) => vectors,
        Err(errors) => {
            for error in errors.iter().take(MOST_ERRORS) {
                anstream::eprintln!("{} {name}: {error}", style::error("error:"));
            }
            if let Some(more @ 1..) = errors.len().checked_sub(MOST_ERRORS) {
                anstream::eprintln!("and {more} more lines that are not vectors");
            }
            return Ok(Verdict::Unusable.into());
        }
    };
    anyhow::ensure!(!vectors.is_empty(), "{name} holds no vectors");

    let wasm = input::module(&test.wasm)?;
    let module = input::name(&test.wasm);
    let activation = match activate(&wasm, &config, Pages(0), Gas::MAX) {
        Ok(activation) => activation,
        Err(refusal) => {
            show_refusal(&module, &refusal)?;
            return Ok(Verdict::Bad.into());
        }
    };
    let engine = Engine::with_user_cache(&config)?;
    let program = engine.compile(&wasm, &config).context(module)?;
    let bench = Bench {
        program,
        footprint: activation.footprint,
        code: code::encode(&wasm).into(),
        ink: Ink(test.ink),
    };
    let results: Vec<_> = vectors
        .par_iter()
        .map(|vector| bench.test(vector))
        .collect();
    match test.json {
        true => report::print_lines(&vectors, &results)?,
        false => report::show(&name, &vectors, &results, test.show)?,
    }
    let verdict = results.iter().map(Tested::verdict).max();
    Ok(verdict.unwrap_or(Verdict::Good).into())
}

/// A program, and what all its calls share.
struct Bench {
    program: Program,
    footprint: Pages,
    code: Bytes,
    /// The ink of a vector that sets none.
    ink: Ink,
}

/// The result of a vector.
struct Tested {
    /// The run, unless it has no outcome.
    run: Result<Report, Fault>,
    differences: Vec<Difference>,
}

/// An expectation that was not met.
#[derive(PartialEq, Eq, Debug)]
enum Difference {
    /// It should have ended differently.
    Ending { expected: Expected, got: Ending },
    /// It used too much ink.
    Ink { most: Ink, got: Ink },
}

/// The end of a call as its caller sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Ending {
    Output(Bytes),
    /// A revert, or a trap, which reverts without data.
    Revert(Bytes),
    /// All the ink that it was given is gone.
    Spent(&'static str),
}

impl Tested {
    fn verdict(&self) -> Verdict {
        match (&self.run, self.differences.is_empty()) {
            (Err(_), _) => Verdict::Unusable,
            (Ok(_), false) => Verdict::Bad,
            (Ok(_), true) => Verdict::Good,
        }
    }
}

impl Bench {
    /// Calls the program as `vector` says, in a transaction of its own on an otherwise empty chain.
    fn test(&self, vector: &Vector) -> Tested {
        let environment = Environment {
            contract: CONTRACT,
            sender: vector.sender.unwrap_or_default(),
            origin: vector.sender.unwrap_or_default(),
            value: vector.value,
            ..Environment::default()
        };
        let account = MemoryAccount {
            nonce: 1,
            code: self.code.clone(),
            ..MemoryAccount::default()
        };
        let mut host = MemoryHost::default();
        host.accounts.insert(CONTRACT, account);
        host.storage.clone_from(&vector.storage);
        host.begin(&environment, self.footprint);
        let call = Call {
            calldata: vector.calldata.clone(),
            ink: vector.ink.unwrap_or(self.ink),
            environment,
        };
        let run = self.program.run(&mut host, call);
        let differences = match &run {
            Ok(report) => differences(vector, report),
            Err(_) => Vec::new(),
        };
        Tested { run, differences }
    }
}

fn differences(vector: &Vector, report: &Report) -> Vec<Difference> {
    let got = ending(report);
    let agrees = match (&vector.expected, &got) {
        (Expected::Output(expected), Ending::Output(got))
        | (Expected::Revert(Some(expected)), Ending::Revert(got)) => expected == got,
        (Expected::Revert(None), Ending::Revert(_)) => true,
        _ => false,
    };
    let ending = (!agrees).then(|| Difference::Ending {
        expected: vector.expected.clone(),
        got,
    });
    let ink = vector.max_ink.filter(|most| report.ink_used > *most);
    let ink = ink.map(|most| Difference::Ink {
        most,
        got: report.ink_used,
    });
    ending.into_iter().chain(ink).collect()
}

fn ending(report: &Report) -> Ending {
    let output = || Bytes::copy_from_slice(&report.output);
    match report.outcome {
        Outcome::Success => Ending::Output(output()),
        Outcome::Revert => Ending::Revert(output()),
        // A chain shows it as a revert without data.
        Outcome::Failure => Ending::Revert(Bytes::new()),
        Outcome::OutOfInk => Ending::Spent("out of ink"),
        Outcome::OutOfStack => Ending::Spent("out of stack"),
    }
}
