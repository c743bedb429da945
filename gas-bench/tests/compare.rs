//! `cargo gas-bench compare`, as a library.
//!
//! Lives here: what the tests share. `run` tests the order of a comparison, with invented builds, `text` the formats, `builds` cargo on
//! invented workspaces.

mod builds;
mod run;
mod text;

use stylus_report::figures::{
    Bytes, Call, Contract, Deployment, Outcome, Parts, Run, Sizes, StartGas,
};
use stylus_vm::{Gas, Ink, Pages};

/// A contract on a chain, with these calls.
fn contract(code: u64, calls: Vec<Call>) -> Contract {
    Contract {
        name: "contract".to_owned(),
        by_standards: false,
        plan: None,
        deployment: Some(Deployment {
            sizes: Sizes {
                built: Bytes(4 * code),
                processed: Bytes(4 * code),
                code: Bytes(code),
                account_limit: Bytes(24_576),
                fragments_limit: Bytes(98_304),
                processed_limit: Bytes(262_144),
                accounts: 1,
            },
            deploy_gas: Gas(200 * code),
            activation_gas: Gas(100 * code),
            data_fee_wei: "0".to_owned(),
            start: StartGas {
                uncached: Gas(1_000),
                cached: Gas(100),
                repeated: None,
                pages: Pages(1),
                page_gas: Gas(0),
            },
        }),
        calls,
        left_out: Vec::new(),
        advice: Vec::new(),
        failures: Vec::new(),
    }
}

fn call(name: &str, outcome: Outcome) -> Call {
    Call {
        name: name.to_owned(),
        signature: format!("{name}()"),
        generated: false,
        outcome,
    }
}

/// A call, given the gas and the output of each of its runs; an output with `!` in front is a revert.
fn runs(name: &str, runs: &[(u64, &str)]) -> Call {
    let run = |&(gas, output): &(u64, &str)| Run {
        arguments: Vec::new(),
        gas: Gas(gas),
        parts: Parts {
            wasm: Ink(10_000 * gas),
            ..Parts::default()
        },
        start_pages: Pages(1),
        peak_pages: Pages(1),
        reverted: output.starts_with('!'),
        output: output.trim_start_matches('!').to_owned(),
    };
    call(name, Outcome::Runs(runs.iter().map(run).collect()))
}

fn failing(name: &str, reason: &str) -> Call {
    call(name, Outcome::Failure(reason.to_owned()))
}
