//! Why transactions fail: in the log, and as data.

use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use alloy_primitives::{Address, hex};
use serde_json::{Value, json};
use stylus_devnet::Event;
use stylus_devnet::explain::Artifacts;

use crate::contracts::{echo, evm_forward, forward, path, program};
use crate::support::{ARB_WASM, Chain, DEV, config};

/// Without input, calls core's panic function with a text and a place; otherwise returns nothing.
const PANICS: &str = r#"(module
    (memory (export "memory") 1 1)
    (data (i32.const 1024) "src/lib.rs\00")
    (data (i32.const 1040) "\00\04\00\00\0a\00\00\00\07\00\00\00\03\00\00\00")
    (data (i32.const 1056) "the pump is off")
    (func $core::panicking::panic_fmt (param i32 i32 i32) unreachable)
    (func (export "user_entrypoint") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then
            (call $core::panicking::panic_fmt (i32.const 1056) (i32.const 31) (i32.const 1040))))
        i32.const 1))"#;

/// A chain whose log the test receives, with builds in a folder.
fn listened(artifacts: Artifacts) -> (Chain, Receiver<String>) {
    let (sender, told) = channel();
    let settings = stylus_devnet::Config {
        artifacts,
        ..config()
    };
    let chain = Chain::start_with(settings, move |event| {
        if let Event::Failed(text) = event {
            sender.send(text).unwrap();
        }
    });
    (chain, told)
}

/// Sends a transaction that fails, and returns the data about the failure.
fn fail(chain: &Chain, to: Address, input: &[u8]) -> Value {
    let request = json!({ "to": to, "input": hex::encode_prefixed(input), "gas": "0x1312d00" });
    let mined = chain.send(request);
    assert!(!mined.is_success());
    let options = json!({ "tracer": "stylusGasTracer", "tracerConfig": { "failures": true } });
    let trace = chain.rpc("debug_traceTransaction", json!([mined.hash, options]));
    trace["failures"].clone()
}

fn read(told: &Receiver<String>) -> String {
    told.recv_timeout(Duration::from_secs(60)).unwrap()
}

#[test]
fn the_log_tells_why_without_any_build() {
    let (chain, told) = listened(Artifacts::default());
    let trap = chain.program(&program("(i32.load (i32.const -1))"));
    let failures = fail(&chain, trap, &[1, 2, 3, 4]);
    assert_eq!(
        failures[0]["explanation"]["reason"]["kind"],
        "memoryOutOfBounds"
    );
    assert_eq!(
        failures[0]["reason"],
        "an access outside of the program's memory"
    );
    assert_eq!(failures[0]["place"], Value::Null);
    assert_eq!(failures[0]["input"], "0x01020304");
    let text = read(&told);
    let (heading, rest) = text.split_once('\n').unwrap();
    assert!(
        heading.starts_with("transaction 0x") && heading.ends_with(" failed"),
        "{text}"
    );
    let expected = format!("  {trap} 0x01020304: an access outside of the program's memory");
    assert_eq!(rest.lines().next(), Some(expected.as_str()));
    // A failure of the EVM is reported, too.
    let evm = chain.deploy(&hex!("60016000fd"));
    assert_eq!(fail(&chain, evm, &[])[0]["reason"], "it reverted with 0x00");
    assert!(read(&told).contains("it reverted with 0x00"));
}

/// What a tired author does wrong, and what the log says to do.
#[test]
fn the_log_says_what_to_do() {
    let (chain, told) = listened(Artifacts::default());
    let check = |request: Value, words: &str| {
        let mined = chain.send(request);
        assert!(!mined.is_success(), "{words}");
        let text = read(&told);
        assert!(text.contains(words), "{words:?} in {text}");
    };
    // Init code that returns what follows it.
    let init = |code: &[u8]| {
        let length = u32::try_from(code.len()).unwrap().to_be_bytes();
        let start = [&hex!("63")[..], &length, &hex!("80600c5f395ff3")].concat();
        json!({ "data": hex::encode_prefixed([&start, code].concat()), "gas": "0x1000000" })
    };
    check(
        init(&[0; 24_577]),
        "a creation: its code has more bytes than an account may hold: make it smaller",
    );
    check(
        init(&hex!("ef0001")),
        "a creation: its code begins with 0xef but not with 0xeff00000",
    );
    check(
        json!({ "data": "0xeff00000" , "gas": "0x100000" }),
        "a creation: it hit an invalid opcode",
    );
    let activation = |program: Address, wei: u64| {
        let input = [&hex!("58c780c2")[..], program.into_word().as_slice()].concat();
        json!({ "to": ARB_WASM, "data": hex::encode_prefixed(input), "gas": "0x1000000", "value": format!("{wei:#x}") })
    };
    check(
        activation(DEV, 1),
        "ProgramNotWasm(): no program is at that address",
    );
    // A module that is not compressed.
    let bare = [&hex!("eff00000")[..], &wat::parse_str(echo()).unwrap()].concat();
    let bare = chain.send(init(&bare)).contract();
    check(
        activation(bare, 1),
        "compressed with brotli, as `cargo stylus deploy` sends it",
    );
    let program = chain.program(&echo());
    check(activation(program, 1), "ProgramUpToDate(): it is active");
    check(
        json!({ "to": ARB_WASM, "data": "0x12345678", "gas": "0x100000" }),
        "ArbWasm has no function 0x12345678",
    );
    check(
        json!({ "to": ARB_WASM, "data": "0x58c780c2", "gas": "0x100000" }),
        "arguments that are not of its types: activateProgram(address)",
    );
}

#[test]
fn a_gap_between_nonces_is_told() {
    let (sender, told) = channel();
    let chain = Chain::start_with(config(), move |event| {
        if let Event::Waiting(text) = event {
            sender.send(text).unwrap();
        }
    });
    let send = |nonce: u64| {
        let request = json!({ "from": DEV, "to": DEV, "nonce": format!("{nonce:#x}") });
        chain.rpc("eth_sendTransaction", json!([request]))
    };
    let hash = send(3);
    let hash = hash.as_str().unwrap();
    assert_eq!(
        read(&told),
        format!("transaction {hash} has nonce 3, and {DEV} has to send one with nonce 0 first")
    );
    for nonce in 0..3 {
        send(nonce);
    }
    assert!(told.try_recv().is_err());
}

#[test]
fn a_build_with_names_has_the_panics_message() {
    let folder = tempfile::tempdir().unwrap();
    let module = wat::parse_str(PANICS).unwrap();
    fs::write(folder.path().join("named.wasm"), &module).unwrap();
    fs::write(folder.path().join("broken.wasm"), &module[..40]).unwrap();
    fs::write(
        folder.path().join("other.wasm"),
        wat::parse_str(echo()).unwrap(),
    )
    .unwrap();
    let artifacts = Artifacts::open(folder.path()).unwrap();
    assert_eq!(artifacts.len(), 2);
    let (chain, told) = listened(artifacts);
    // The module on the chain has no names.
    let deployed = chain.wasm(&stylus_vm::process::process(&module).unwrap());
    let failures = fail(&chain, deployed, &[]);
    let panic = &failures[0]["explanation"]["panic"];
    assert_eq!(panic["message"], "the pump is off");
    assert_eq!(
        panic["location"],
        json!({ "file": "src/lib.rs", "line": 7, "column": 3 })
    );
    assert_eq!(failures[0]["reason"], "it panicked: the pump is off");
    let text = read(&told);
    assert!(text.contains("it panicked: the pump is off"), "{text}");
    assert!(
        text.contains("the panic itself is at src/lib.rs:7:3"),
        "{text}"
    );
    // Without the folder, the client has to supply the names.
    let (chain, _told) = listened(Artifacts::default());
    let deployed = chain.wasm(&stylus_vm::process::process(&module).unwrap());
    assert_eq!(
        fail(&chain, deployed, &[])[0]["explanation"]["panic"],
        Value::Null
    );
    let names = json!({ deployed.to_string(): { "0": "core::panicking::panic_fmt" } });
    let options = json!({ "failures": true, "names": names });
    let trace = chain.rpc(
        "debug_traceCall",
        json!([{ "to": deployed }, "latest", { "tracer": "stylusGasTracer", "tracerConfig": options }]),
    );
    assert_eq!(
        trace["failures"][0]["explanation"]["panic"]["message"],
        "the pump is off"
    );
}

/// Theorem: explaining changes nothing. Gas is the receipt's whatever a tracer is asked for, and a client sees what it would on a chain.
#[test]
fn gas_is_the_same_however_it_is_told() {
    let (chain, told) = listened(Artifacts::default());
    let program = chain.program(&program("(i32.load (i32.const -1))"));
    let mined = chain.send(json!({ "to": program, "gas": "0x1312d00" }));
    for config in [
        json!({}),
        json!({ "failures": true }),
        json!({ "counts": true }),
        json!({ "failures": true, "counts": true, "functions": true }),
    ] {
        let options = json!({ "tracer": "stylusGasTracer", "tracerConfig": config });
        let trace = chain.rpc("debug_traceTransaction", json!([mined.hash, options]));
        assert_eq!(trace["gasUsed"], mined.gas(), "{config}");
        assert_eq!(trace["program"]["outcome"], "failure", "{config}");
        assert_eq!(
            trace["counts"].is_object(),
            config["counts"] == true,
            "{config}"
        );
    }
    let _ = read(&told);
    let refused = chain
        .ask("eth_call", json!([{ "to": program }]))
        .unwrap_err();
    assert_eq!(refused.message, "execution reverted");
    assert_eq!(refused.data, Some(json!("0x")));
}

#[test]
fn a_failure_is_told_across_contracts() {
    let (chain, told) = listened(Artifacts::default());
    let trap = chain.program(&program("unreachable"));
    let call = chain.program(&forward("call"));
    let evm = chain.deploy(&evm_forward());
    let failures = fail(&chain, call, &path(&[evm, call, trap], b"down"));
    let told_of: Vec<_> = failures
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| {
            (
                failure["depth"].as_u64().unwrap(),
                failure["address"].clone(),
            )
        })
        .collect();
    let address = |address: Address| json!(address);
    assert_eq!(told_of[0], (3, address(trap)), "{failures}");
    assert_eq!(failures[0]["explanation"]["reason"]["kind"], "unreachable");
    let text = read(&told);
    assert!(text.contains(&format!("{trap}")), "{text}");
    // Deep, repeated, and still bounded.
    let deep: Vec<Address> = std::iter::repeat_n(call, 40).chain([trap]).collect();
    let failures = fail(&chain, call, &path(&deep, b"down"));
    assert!(!failures.as_array().unwrap().is_empty());
}
