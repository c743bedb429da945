//! The record of Nitro's own VM, unpacked; the README beside it describes its contents.
//!
//! Lives here: reading it. Not here: comparing anything with it.

use std::collections::BTreeMap;
use std::io::Read;

use alloy_primitives::hex;
use serde_json::Value;
use stylus_vm::{Call, Config, Ink};

/// Every module, by file name.
pub(crate) fn modules() -> BTreeMap<String, Vec<u8>> {
    let packed: &[u8] = include_bytes!("vectors/modules.jsonl.br");
    let mut lines = String::new();
    brotli::Decompressor::new(packed, 4_096)
        .read_to_string(&mut lines)
        .unwrap();
    let module = |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let wasm = hex::decode(line["wasm"].as_str().unwrap()).unwrap();
        (line["file"].as_str().unwrap().to_owned(), wasm)
    };
    lines.lines().map(module).collect()
}

/// Every line of the record of ArbOS 51, in its order.
pub(crate) fn expected() -> Vec<Value> {
    lines(include_str!("vectors/expected.jsonl"))
}

/// Every run of that record that a chain's depth budget allows: its module's file, the chain, the call.
pub(crate) fn runs() -> Vec<(String, Config, Call)> {
    let run = |line: Value| {
        let (file, run) = (line["file"].as_str().unwrap(), &line["run"]);
        let depth = run["max_depth"].as_u64().unwrap_or(u64::MAX);
        let mut config = Config::default();
        if depth > config.stylus.max_stack_depth.into() {
            return None;
        }
        config.stylus.max_stack_depth = depth as u32;
        Some((file.to_owned(), config, call(run)))
    };
    expected().into_iter().filter_map(run).collect()
}

/// The call of a run.
pub(crate) fn call(run: &Value) -> Call {
    Call {
        calldata: hex::decode(run["calldata"].as_str().unwrap())
            .unwrap()
            .into(),
        ink: Ink(run["ink"].as_u64().unwrap()),
        ..Call::default()
    }
}

/// Every line of the record around Stylus version 3, in its order.
pub(crate) fn expected_v3() -> Vec<Value> {
    lines(include_str!("vectors/expected-v3.jsonl"))
}

fn lines(record: &str) -> Vec<Value> {
    record
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
