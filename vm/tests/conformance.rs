//! Theorem: on every module and every run recorded in Nitro's own VM, this VM agrees in every field.
//!
//! Lives here: the comparison. Not here: the record and what its fields mean (`vectors/README.md`).

use alloy_primitives::hex;
use serde_json::{Value, json};
use stylus_vm::{ArbOs, Config, EmptyHost, Engine, Gas, Outcome, Pages, activate};

use crate::vectors;

/// The chain of a recorded line; ArbOS 51 if the line names none.
fn chain(line: &Value) -> Config {
    let number = |field: &str| line[field].as_u64();
    let arbos = ArbOs::new(number("arbos").unwrap_or(51) as u16).unwrap();
    let mut config = Config::at(arbos);
    if let Some(limit) = number("page_limit") {
        config.stylus.page_limit = Pages(limit as u16);
    }
    if let Some(pages) = number("free_pages") {
        config.stylus.free_pages = Pages(pages as u16);
    }
    if let Some(words) = line["run"]["max_depth"].as_u64() {
        config.stylus.max_stack_depth = words as u32;
    }
    config
}

/// What this VM does with `wasm`, in the record's format; it reads only the inputs of the recorded `line`.
fn reproduce(engine: &Engine, wasm: &[u8], line: &Value) -> Value {
    let (config, run) = (chain(line), &line["run"]);
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
    let call = vectors::call(run);
    let program = engine.compile(wasm, &config).unwrap();
    let report = program
        .run(&mut EmptyHost::with_footprint(activation.footprint), call)
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

/// The lines on which this VM differs from the record, each with this VM's result.
fn differences(lines: &[Value]) -> Vec<(&Value, Value)> {
    let modules = vectors::modules();
    // One engine serves all lines, so the deepest of them decides.
    let mut deepest = Config::default();
    let depths = lines
        .iter()
        .filter_map(|line| line["run"]["max_depth"].as_u64());
    deepest.stylus.max_stack_depth = depths.max().unwrap() as u32;
    let engine = Engine::new(&deepest).unwrap();

    let mut differences = Vec::new();
    for line in lines {
        let wasm = &modules[line["file"].as_str().unwrap()];
        let actual = reproduce(&engine, wasm, line);
        let mut expected = json!({ "activation": line["activation"] });
        if line["activation"]["error"].is_string() {
            expected["activation"] = "refused".into();
        }
        if !line["run"].is_null() {
            expected["run"] = line["run"].clone();
        }
        if actual != expected {
            differences.push((line, actual));
        }
    }
    differences
}

/// Fails with every line that differs.
fn check(lines: &[Value]) {
    let differences = differences(lines);
    let shown: Vec<String> = differences
        .iter()
        .map(|(line, actual)| format!("expected {line}\n     got {actual}"))
        .collect();
    assert!(
        shown.is_empty(),
        "{} of {} lines differ:\n{}",
        shown.len(),
        lines.len(),
        shown.join("\n")
    );
}

#[test]
fn every_recorded_line_agrees_in_every_field() {
    let lines = vectors::expected();
    check(&lines);
    assert_eq!(lines.len(), 1632, "the record is whole");
}

#[test]
fn every_recorded_line_around_stylus_version_3_agrees_in_every_field() {
    let lines = vectors::expected_v3();
    check(&lines);
    assert_eq!(lines.len(), 421, "the record is whole");
}

/// Under ArbOS 61 a program costs the same as under 51, unless it uses what version 3 refuses or passes
/// `pay_for_memory_grow` more than can be counted.
#[test]
fn the_older_record_holds_under_arbos_61_but_for_what_version_3_changed() {
    let mut lines = vectors::expected();
    for line in &mut lines {
        line["arbos"] = 61.into();
    }
    let (refused, ran): (Vec<_>, Vec<_>) = differences(&lines)
        .into_iter()
        .partition(|(_, actual)| actual["activation"] == "refused");
    assert!(
        ran.iter()
            .all(|(_, actual)| actual["run"]["outcome"] == "out_of_ink"),
        "{ran:#?}"
    );
    assert_eq!(refused.len(), 0, "no older module uses several values");
    // Those that ran out are the modules made for such arguments.
    let made_for_it = |file: &str| {
        ["edge-grow", "edge-pay", "grow", "g0"]
            .iter()
            .any(|it| file.starts_with(it))
    };
    let files: Vec<_> = ran.iter().map(|(line, _)| &line["file"]).collect();
    assert!(
        files.iter().all(|file| made_for_it(file.as_str().unwrap())),
        "{files:?}"
    );
    assert_eq!(files.len(), 17);
}
