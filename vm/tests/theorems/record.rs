//! The modules recorded in Nitro's own VM, as a check of the interpreter and as seeds for hostile bytes.
//!
//! Lives here: reading the record, and the interpreter's agreement with it. Not here: the VM's (`conformance`).

use alloy_primitives::hex;
use stylus_vm::Outcome;

use super::oracle::{self, Given, Module};
use crate::vectors;

/// The most operators of a recorded program that the interpreter runs: a few recorded ones are long loops.
const PATIENCE: u64 = 200_000;

/// Theorem: the interpreter is correct on every recorded program that it can run.
#[test]
fn the_interpreter_agrees_with_the_record() {
    let modules = vectors::modules();
    let mut compared = 0;
    for line in vectors::expected() {
        let run = &line["run"];
        if run.is_null() {
            continue;
        }
        let Some(module) = Module::decode(&modules[line["file"].as_str().unwrap()]) else {
            continue;
        };
        let given = Given {
            calldata: &hex::decode(run["calldata"].as_str().unwrap()).unwrap(),
            ink: run["ink"].as_u64().unwrap(),
            depth: run["max_depth"].as_u64().unwrap() as u32,
            patience: PATIENCE,
        };
        let Some((ending, _)) = oracle::run(&module, given) else {
            continue;
        };
        let outcome = match ending.outcome {
            Outcome::Success => "success",
            Outcome::Revert => "revert",
            Outcome::Failure => "failure",
            Outcome::OutOfInk => "out_of_ink",
            Outcome::OutOfStack => "out_of_stack",
        };
        let got = (
            outcome,
            ending.ink_used,
            u64::from(ending.pages),
            hex::encode(ending.output),
        );
        let recorded = (
            run["outcome"].as_str().unwrap(),
            run["ink_used"].as_u64().unwrap(),
            run["pages"].as_u64().unwrap(),
            run["output"].as_str().unwrap().to_owned(),
        );
        assert_eq!(got, recorded, "{}", line["file"]);
        compared += 1;
    }
    // A record that the interpreter cannot read would also agree.
    assert!(compared > 800, "{compared} lines were compared");
}
