//! Theorem: on every module and every run that was recorded in Nitro's own VM, this VM agrees in every field.
//!
//! Lives here: the comparison. Not here: the record and what its fields mean (`vectors/README.md`).

#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]

mod vectors;

use alloy_primitives::hex;
use serde_json::{Value, json};
use stylus_vm::{Call, Config, EmptyHost, Engine, Gas, Ink, Outcome, Pages, activate};

/// What this VM does with `wasm`, in the record's words; `run` is the recorded run, of which only what was given is read.
fn reproduce(engine: &Engine, wasm: &[u8], run: &Value) -> Value {
    let mut config = Config::default();
    let activation = match activate(wasm, &config, Pages(0), Gas::MAX) {
        Ok(activation) => activation,
        Err(_) => return json!({ "activation": "refused" }),
    };
    let figures = json!({
        "gas": activation.gas.0,
        "init_cost": activation.init_cost,
        "cached_init_cost": activation.cached_init_cost,
        "asm_estimate": activation.asm_estimate,
        "footprint": activation.footprint.0,
    });
    if run.is_null() {
        return json!({ "activation": figures });
    }
    config.stylus.max_stack_depth = run["max_depth"].as_u64().unwrap() as u32;
    let call = Call {
        calldata: hex::decode(run["calldata"].as_str().unwrap())
            .unwrap()
            .into(),
        ink: Ink(run["ink"].as_u64().unwrap()),
        ..Call::default()
    };
    let program = engine.compile(wasm, &config).unwrap();
    let report = program
        .run(
            &mut EmptyHost::with_footprint(activation.footprint),
            &config,
            call,
        )
        .unwrap();
    let outcome = match report.outcome {
        Outcome::Success => "success",
        Outcome::Revert => "revert",
        Outcome::Failure => "failure",
        Outcome::OutOfInk => "out_of_ink",
        Outcome::OutOfStack => "out_of_stack",
    };
    json!({
        "activation": figures,
        "run": {
            "calldata": run["calldata"],
            "ink": run["ink"],
            "max_depth": run["max_depth"],
            "outcome": outcome,
            "ink_used": report.ink_used.0,
            "pages": report.pages,
            "output": hex::encode(report.output),
        },
    })
}

#[test]
fn every_recorded_line_agrees_in_every_field() {
    let modules = vectors::modules();
    let lines = vectors::expected();
    // One engine for all lines: the deepest of them decides.
    let deepest = lines
        .iter()
        .filter_map(|line| line["run"]["max_depth"].as_u64())
        .max()
        .unwrap();
    let mut deepest_config = Config::default();
    deepest_config.stylus.max_stack_depth = deepest as u32;
    let engine = Engine::new(&deepest_config).unwrap();

    let mut differences = Vec::new();
    for mut expected in lines.iter().cloned() {
        let file = expected["file"].as_str().unwrap().to_owned();
        let mut actual = reproduce(&engine, &modules[&file], &expected["run"]);
        actual["file"] = file.into();
        if expected["activation"]["error"].is_string() {
            expected["activation"] = "refused".into();
        }
        if actual != expected {
            differences.push(format!("expected {expected}\n     got {actual}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {} lines differ:\n{}",
        differences.len(),
        lines.len(),
        differences.join("\n")
    );
    assert_eq!(lines.len(), 1632, "the record is whole");
}
