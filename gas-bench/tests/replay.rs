//! `cargo gas-bench replay`: transactions of a devnet, as its users give them to the command.

use std::path::Path;
use std::process::{Command, Output};

use alloy_primitives::{Address, B256};
use stylus_devnet::testing::*;
use stylus_devnet::{Devnet, Handle};

/// Returns its input, after it has read and kept a slot, and so often filled some memory.
fn module(fills: u32) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (import "vm_hooks" "read_args" (func $read_args (param i32)))
            (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
            (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param $len i32) (result i32)
                (local $left i32)
                (local.set $left (i32.const {fills}))
                (block $done (loop $again
                    (br_if $done (i32.eqz (local.get $left)))
                    (memory.fill (i32.const 4096) (i32.const 1) (i32.const 4096))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br $again)))
                (call $load (i32.const 0) (i32.const 32))
                (call $read_args (i32.const 1024))
                (call $write_result (i32.const 1024) (local.get $len))
                (i32.const 0)))"#
    ))
    .unwrap()
}

/// A devnet with a program that was called twice, once with too little gas.
fn live() -> (Handle, Address, [B256; 2]) {
    let devnet = Devnet::builder().port(0).start().unwrap();
    let chain = devnet.chain();
    let contract = chain.deploy(Module::from_wasm(&module(3)).unwrap());
    let sender = chain.from(chain.dev());
    let sent = sender
        .clone()
        .gas_limit(Gas(1_000_000))
        .try_send(contract.address(), [7; 40]);
    let starved = sender
        .gas_limit(Gas(25_000))
        .try_send(contract.address(), [7; 40]);
    let Err(CallError::Failed(failure)) = starved else {
        panic!("{starved:?}")
    };
    let hashes = [sent.unwrap().hash, failure.receipt.unwrap().hash];
    (devnet, contract.address(), hashes)
}

fn replay(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
        .arg("replay")
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

#[track_caller]
fn said(output: &Output, code: i32, parts: &[&str]) -> String {
    let text = String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    text
}

#[test]
fn transactions_come_to_their_receipts() {
    let (devnet, address, [sent, starved]) = live();
    let folder = tempfile::tempdir().unwrap();
    let (url, folder) = (devnet.url(), folder.path());
    let (one, two) = (sent.to_string(), starved.to_string());
    let output = replay(&[&one, "--rpc-url", &url], folder);
    let text = said(&output, 0, &["comes to its receipt exactly", "exact"]);
    crate::expected::check_width(&text);
    let both = [&*one, &*two, "--rpc-url", &url];
    let output = replay(&[&both[..], &["--format", "markdown"]].concat(), folder);
    said(&output, 0, &["All 2 come to their receipts exactly"]);
    let output = replay(&[&both[..], &["--format", "csv"]].concat(), folder);
    let text = said(&output, 0, &["transaction,block,index,exact"]);
    assert_eq!(text.lines().count(), 3);
    let output = replay(&[&both[..], &["--format", "json"]].concat(), folder);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["replay_schema"], 1);
    assert_eq!(json["transactions"][1]["there"]["success"], false);
    assert_eq!(
        json["transactions"][0]["here"],
        json["transactions"][0]["there"]
    );

    // What would it have cost with another build?
    std::fs::write(folder.join("light.wasm"), module(1)).unwrap();
    let code = format!("{address}=light.wasm");
    let output = replay(&[&one, "--rpc-url", &url, "--code", &code], folder);
    let text = said(&output, 0, &["With light.wasm at", "the same", "−"]);
    crate::expected::check_width(&text);
    std::fs::write(folder.join("none.wasm"), "nonsense").unwrap();
    let code = format!("{address}=none.wasm");
    let output = replay(&[&one, "--rpc-url", &url, "--code", &code], folder);
    said(&output, 1, &["none.wasm"]);

    // Recorded, and once more with the chain gone.
    let output = replay(&[&one, "--rpc-url", &url, "--record", "tx.fork"], folder);
    said(&output, 0, &["exactly"]);
    drop(devnet);
    let output = replay(&[&one, "--replay", "tx.fork"], folder);
    said(
        &output,
        0,
        &["exactly", "Replayed from the recording tx.fork"],
    );
    let output = replay(&[&two, "--replay", "tx.fork"], folder);
    said(
        &output,
        1,
        &[
            "cannot be replayed",
            "it was not asked for when this was recorded",
        ],
    );
    let output = replay(&[&one, "--rpc-url", &url, "--timeout", "1"], folder);
    said(&output, 1, &["it cannot be reached"]);
}

#[test]
fn arguments_that_make_no_sense() {
    let folder = tempfile::tempdir().unwrap();
    let hash = B256::repeat_byte(7).to_string();
    for (arguments, part) in [
        (vec!["0x12", "--rpc-url", "http://localhost:1"], "32 bytes"),
        (vec![&*hash], "--rpc-url"),
        (
            vec![&hash, "--rpc-url", "http://localhost:1", "--code", "x=y"],
            "is not an address",
        ),
        (
            vec![&hash, "--rpc-url", "http://localhost:1", "--replay", "x"],
            "cannot be used with",
        ),
    ] {
        said(&replay(&arguments, folder.path()), 2, &[part]);
    }
    let two = [
        &*hash,
        &hash,
        "--rpc-url",
        "http://localhost:1",
        "--record",
        "x",
    ];
    said(
        &replay(&two, folder.path()),
        1,
        &["record one transaction at a time"],
    );
}
