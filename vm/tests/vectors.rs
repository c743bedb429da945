//! The record of Nitro's own VM, unpacked; the README beside it describes its contents.
//!
//! Lives here: reading it. Not here: comparing anything with it.

use std::collections::BTreeMap;
use std::io::Read;

use alloy_primitives::hex;
use serde_json::Value;

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
