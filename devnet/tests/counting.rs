//! Programs that count what they do, and builds in which a chain can look up lines.
//!
//! Lives here: that neither changes anything. What counts add up to is tested in gas-bench.

use std::fs;

use alloy_primitives::{Address, hex};
use serde_json::{Value, json};
use stylus_devnet::Config;
use stylus_devnet::explain::{Artifacts, Coverage};

use crate::contracts::{echo, evm_forward, forward, path, program};
use crate::support::{Chain, config};

/// Writes to its storage, then divides by the length of its input minus two.
const DIVIDES: &str = r#"
    (call $flush (i32.const 1))
    (drop (i32.div_u (i32.const 7) (i32.sub (local.get 0) (i32.const 2))))"#;

fn modules() -> Vec<Vec<u8>> {
    let divides = format!(
        r#"(module (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) {DIVIDES} i32.const 0))"#
    );
    let texts = [
        echo(),
        forward("call"),
        divides,
        program("(loop (br 0)) unreachable"),
    ];
    let modules = texts.iter().map(|text| wat::parse_str(text).unwrap());
    modules.collect()
}

/// Everything that a client sees of a chain on which programs succeed, fail, run out of ink and call one another.
fn seen(config: Config) -> Vec<Value> {
    let chain = Chain::start(config);
    let [echo, forward, divides, endless] = modules().try_into().unwrap();
    let echo = chain.wasm(&echo);
    let forward = chain.wasm(&forward);
    let divides = chain.wasm(&divides);
    let endless = chain.wasm(&endless);
    let evm = chain.deploy(&evm_forward());
    let mut seen = Vec::new();
    let mut send = |to: Address, input: &[u8]| {
        let input = hex::encode_prefixed(input);
        let request = json!({ "to": to, "input": input, "gas": "0xf4240" });
        let hash = chain.send(request.clone()).hash;
        seen.push(chain.rpc("eth_getTransactionReceipt", json!([hash])));
        for method in ["eth_call", "eth_estimateGas"] {
            let answer = chain.ask(method, json!([request]));
            seen.push(answer.unwrap_or_else(|error| json!([error.message, error.data])));
        }
        let options = json!({ "tracer": "stylusTracer" });
        seen.push(chain.rpc("debug_traceTransaction", json!([hash, options])));
    };
    send(echo, b"hello");
    send(forward, &path(&[evm, forward, echo], b"there"));
    send(forward, &path(&[evm, divides], &[1, 2]));
    send(divides, &[1, 2]);
    send(divides, &[1, 2, 3]);
    send(endless, &[]);
    seen.push(chain.rpc("eth_getBlockByNumber", json!(["latest", true])));
    seen
}

/// Theorem: whether programs count and whether a chain has builds changes nothing: outcomes, gas, ink and hashes are equal.
#[test]
fn counting_changes_nothing() {
    let modules = modules();
    let plain = seen(config());
    let coverage = Coverage::of_modules(modules.iter().map(Vec::as_slice)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (number, module) in modules.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.wasm")), module).unwrap();
    }
    let counted = Config {
        coverage: coverage.clone(),
        artifacts: Artifacts::open(folder.path()).unwrap(),
        ..config()
    };
    assert_eq!(seen(counted), plain);
    // All of them ran, in transactions, calls and estimates; the counts of those that failed say where they failed.
    let counts: Vec<_> = modules.iter().map(|module| coverage.take(module)).collect();
    assert!(counts.iter().all(|counts| !counts.is_empty()));
    // The others can run out of gas in an estimate.
    assert!(!counts[2].stops.is_empty() && !counts[3].stops.is_empty());
    assert!(counts[2].stops.iter().any(|stop| stop.is_paid));
    assert!(counts[3].stops.iter().any(|stop| !stop.is_paid));
    let entries = counts[0].blocks[0].count;
    assert!(entries >= 6, "{entries}");
    // Counts that were taken are gone, and another program is not counted.
    assert!(coverage.take(&modules[0]).is_empty());
    let one = Coverage::of_modules([modules[0].as_slice()]).unwrap();
    let only = Config {
        coverage: one.clone(),
        ..config()
    };
    assert_eq!(seen(only), plain);
    assert!(!one.take(&modules[0]).is_empty());
    assert!(one.take(&modules[1]).is_empty());
    assert!(Coverage::of_modules([b"hello".as_slice()]).is_err());
}
