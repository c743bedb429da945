//! `cargo gas-bench replay` on transactions of a devnet, as users pass them to the command.

use std::path::Path;
use std::process::{Command, Output};

use alloy_primitives::{Address, B256};
use stylus_devnet::testing::*;
use stylus_devnet::{Devnet, Handle};

/// Returns its input, after filling some memory `fills` times and loading a slot.
fn module(fills: u32) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (import "vm_hooks" "read_args" (func $read_args (param i32)))
            (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
            (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
            (memory (export "memory") 1 1)
            (func $fill
                (local $left i32)
                (local.set $left (i32.const {fills}))
                (block $done (loop $again
                    (br_if $done (i32.eqz (local.get $left)))
                    (memory.fill (i32.const 4096) (i32.const 1) (i32.const 4096))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br $again))))
            (func (export "user_entrypoint") (param $len i32) (result i32)
                (call $fill)
                (call $load (i32.const 0) (i32.const 32))
                (call $read_args (i32.const 1024))
                (call $write_result (i32.const 1024) (local.get $len))
                (i32.const 0)))"#
    ))
    .unwrap()
}

/// Calls the address at the start of its input.
const FORWARD: &str = r#"(module
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
    (memory (export "memory") 1 1)
    (func $pass_on (drop (call $call (i32.const 0) (i32.const 20) (i32.const 4) (i32.const 512) (i64.const -1) (i32.const 260))))
    (func (export "user_entrypoint") (param $len i32) (result i32)
        (call $read_args (i32.const 0))
        (call $pass_on)
        (i32.const 0)))"#;

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
    let text = said(&output, 0, &["matches its receipt exactly", "exact"]);
    crate::expected::check_width(&text);
    let both = [&*one, &*two, "--rpc-url", &url];
    let output = replay(&[&both[..], &["--format", "markdown"]].concat(), folder);
    said(&output, 0, &["All 2 match their receipts exactly"]);
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

    // What another build would have cost.
    std::fs::write(folder.join("light.wasm"), module(1)).unwrap();
    let code = format!("{address}=light.wasm");
    let output = replay(&[&one, "--rpc-url", &url, "--code", &code], folder);
    let text = said(&output, 0, &["With light.wasm at", "the same", "−"]);
    crate::expected::check_width(&text);
    let nobody = Address::repeat_byte(0x77);
    let code = format!("{nobody}=light.wasm");
    let output = replay(&[&one, "--rpc-url", &url, "--code", &code], folder);
    let text = said(&output, 1, &["error: light.wasm did not run: nothing was"]);
    crate::expected::check_width(text.split("error: ").next().unwrap());
    let calls = ["--code", &code, "--code", &format!("{address}=light.wasm")];
    let output = replay(&[&both[..], &calls].concat(), folder);
    let text = said(&output, 1, &["did not run"]);
    assert!(!text.contains(&format!("called at {address}")), "{text}");
    std::fs::write(folder.join("none.wasm"), "nonsense").unwrap();
    let code = format!("{address}=none.wasm");
    let output = replay(&[&one, "--rpc-url", &url, "--code", &code], folder);
    said(&output, 1, &["none.wasm"]);

    // Recorded, then replayed after the chain is gone.
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

/// One transaction is profiled function by function, for every program it ran, with the names from builds of the same code.
#[test]
fn a_transaction_is_told_by_its_functions() {
    let (devnet, echo, [sent, _]) = live();
    let folder = tempfile::tempdir().unwrap();
    let (url, folder) = (devnet.url(), folder.path());
    let write = |name: &str, module: &[u8]| std::fs::write(folder.join(name), module).unwrap();
    write("echo.wasm", &module(3));
    write("other.wasm", &module(2));
    write("forward.wasm", &wat::parse_str(FORWARD).unwrap());
    write("nameless.wasm", b"\0asm\x01\0\0\0");
    let hash = sent.to_string();
    let told =
        |arguments: &[&str]| replay(&[&[&*hash, "--rpc-url", &url], arguments].concat(), folder);

    let text = said(
        &told(&[]),
        0,
        &[
            "matches its receipt exactly",
            "Functions have no names",
            "function[",
            "host: storage_load_bytes32",
            "for starting the program",
            "all that the program used",
        ],
    );
    crate::expected::check_width(&text);
    let text = said(
        &told(&[
            "--names",
            "echo.wasm",
            "--names",
            "other.wasm",
            "--top",
            "1",
        ]),
        0,
        &[
            "Functions are named by echo.wasm",
            "others",
            "other.wasm: no program that ran has its code",
        ],
    );
    assert!(!text.contains("echo.wasm: no program"), "{text}");
    let pictures = [
        "--names",
        "echo.wasm",
        "--flame",
        "tx.svg",
        "--speedscope",
        "tx.json",
    ];
    said(&told(&pictures), 0, &["fill", "exactly"]);
    for name in ["tx.svg", "tx.json"] {
        let file = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(
            file.contains("fill") && file.contains("storage_load_bytes32"),
            "{name}"
        );
    }
    said(&told(&["--format", "html"]), 0, &["Flame graph"]);
    said(
        &told(&["--names", "nameless.wasm"]),
        1,
        &["nameless.wasm cannot be used: it names no function"],
    );
    said(
        &told(&["--names", "gone.wasm"]),
        1,
        &["gone.wasm cannot be used"],
    );

    // A program that calls another: both are profiled, each with its own names.
    let chain = devnet.chain();
    let forward = chain.deploy(Module::from_wasm(&wat::parse_str(FORWARD).unwrap()).unwrap());
    let sender = chain.from(chain.dev()).gas_limit(Gas(2_000_000));
    let input = [echo.as_slice(), &[0xab, 0xcd, 0xef, 0x12]].concat();
    let nested = sender
        .try_send(forward.address(), input)
        .unwrap()
        .hash
        .to_string();
    let both = ["--names", "echo.wasm", "--names", "forward.wasm"];
    let output = replay(
        &[&[&*nested, "--rpc-url", &url], &both[..]].concat(),
        folder,
    );
    let text = said(
        &output,
        0,
        &[
            "pass_on",
            "fill",
            "1 frame deep",
            &format!("{echo}: 0xabcdef12"),
        ],
    );
    crate::expected::check_width(&text);
    let json = ["--rpc-url", &url, "--format", "json"];
    let output = replay(&[&[&*nested], &json[..], &both[..]].concat(), folder);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let transaction = &json["transactions"][0];
    let profiles = transaction["profiles"].as_array().unwrap();
    let of = |key: &str| -> Vec<_> { profiles.iter().map(|it| it[key].clone()).collect() };
    assert_eq!(of("depth"), [0, 1]);
    assert_eq!(of("names"), ["forward.wasm", "echo.wasm"]);
    // The outer profile adds up to the receipt, the inner one to its frame.
    assert_eq!(profiles[0]["profile"]["gas"], transaction["there"]["gas"]);
    let parts = &profiles[1]["profile"]["parts"];
    assert_eq!(
        (&parts["transaction"], &parts["l1"]),
        (&0.into(), &0.into())
    );

    // A transaction whose program runs out of gas midway is profiled as far as it got.
    let starved = chain.from(chain.dev()).gas_limit(Gas(32_000));
    let Err(CallError::Failed(failure)) = starved.try_send(echo, [7; 40]) else {
        panic!("it has gas to start and not to end")
    };
    let starved = failure.receipt.unwrap().hash.to_string();
    let output = replay(
        &[&starved, "--rpc-url", &url, "--names", "echo.wasm"],
        folder,
    );
    let text = said(&output, 0, &["exactly", "fill", "32,000 gas"]);
    assert!(!text.contains("no profile"), "{text}");

    // A plain transfer has no program, and nothing to draw.
    let transfer = chain
        .from(chain.dev())
        .transfer(chain.account("bob"), U256::from(5));
    let transfer = transfer.hash.to_string();
    said(
        &replay(&[&transfer, "--rpc-url", &url], folder),
        0,
        &["exactly"],
    );
    let output = replay(
        &[&transfer, "--rpc-url", &url, "--flame", "none.svg"],
        folder,
    );
    said(&output, 1, &["ran no program"]);
    assert!(!folder.join("none.svg").exists());
}

/// A contract's latest transactions make a table, and the output says how far back the search went.
#[test]
fn a_contracts_last_transactions_make_a_table() {
    let (devnet, echo, [sent, starved]) = live();
    let folder = tempfile::tempdir().unwrap();
    let (url, folder) = (devnet.url(), folder.path());
    let contract = echo.to_string();
    let last = |arguments: &[&str]| {
        replay(
            &[&["--contract", &contract, "--rpc-url", &url], arguments].concat(),
            folder,
        )
    };
    let text = said(
        &last(&["--last", "2"]),
        0,
        &[
            "the last 2 transactions, in the",
            "All 2 match their receipts",
        ],
    );
    crate::expected::check_width(&text);
    let place = |hash: B256| text.find(&hash.to_string()[..20]).unwrap();
    assert!(place(sent) < place(starved), "{text}");
    let output = last(&["--last", "1", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["transactions"][0]["transaction"], starved.to_string());
    assert_eq!(json["search"]["found"], 1);
    said(
        &last(&["--blocks", "1"]),
        0,
        &[
            "1 transaction instead of 10, in the",
            "Look further back with `--blocks`",
        ],
    );
    let nobody = Address::repeat_byte(0x77).to_string();
    said(
        &replay(&["--contract", &nobody, "--rpc-url", &url], folder),
        1,
        &[
            "was sent no transaction in the blocks from 0 to ",
            ": there are no older blocks, so check the address",
        ],
    );
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
        (vec!["--rpc-url", "http://localhost:1"], "<TX>"),
        (
            vec![&hash, "--rpc-url", "http://localhost:1", "--last", "3"],
            "cannot be used with",
        ),
        (
            vec!["--contract", "0x12", "--rpc-url", "http://localhost:1"],
            "is not an address",
        ),
    ] {
        said(&replay(&arguments, folder.path()), 2, &[part]);
    }
    let zero = Address::ZERO;
    let [one, other] = ["a", "b"].map(|file| format!("{zero}={file}.wasm"));
    let twice = format!("there are two --code for {zero}: ");
    for (more, part) in [
        (
            [&*hash, "--flame", "x", "--alone"],
            "take one transaction, not several: name one",
        ),
        (["--code", &one, "--code", &other], &twice),
    ] {
        let arguments = [&[&*hash, "--rpc-url", "http://localhost:1"], &more[..]].concat();
        said(&replay(&arguments, folder.path()), 1, &[part]);
    }
}
