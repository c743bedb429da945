//! What tracers tell of a transaction, compared with its receipt, with geth's forms and with one another.
//!
//! Lives here: requests for traces. Not here: what they may cost (`costly`), and the gas tracer (`exactness`).

use alloy_primitives::{Address, hex};
use serde_json::{Value, json};

use crate::contracts::{evm_forward, forward, path, program};
use crate::support::{Chain, DEV, Mined, quantity};

const IDENTITY: Address = Address::with_last_byte(4);

/// The trace of a transaction by a tracer with this configuration.
fn trace(chain: &Chain, mined: &Mined, tracer: &str, config: Value) -> Value {
    let options = json!({ "tracer": tracer, "tracerConfig": config });
    chain.rpc("debug_traceTransaction", json!([mined.hash, options]))
}

/// Theorem: the struct logger changes nothing about a run, and each entry has geth's fields.
#[test]
fn instructions_are_logged_in_geths_form() {
    let chain = Chain::default();
    // Stores 7 in slot 1.
    let store = chain.deploy(&hex!("6007600155 00"));
    assert!(chain.send(json!({ "to": store })).is_success());
    // Returns the selector of an error that has none.
    let fails = chain.deploy(&hex!("63deadbeef5f52 6004601cfd"));
    // Pops from an empty stack.
    let pops = chain.deploy(&hex!("50"));
    let check = |code: &[u8], op: &str, expected: Value| {
        let address = chain.deploy(code);
        let mined = chain.send(json!({ "to": address, "gas": "0x100000" }));
        // Longer than the usual five seconds, in which a machine that is busy with other things may not get to it.
        let options = json!({ "enableReturnData": true, "enableMemory": true, "timeout": "60s" });
        let told = chain.rpc("debug_traceTransaction", json!([mined.hash, options]));
        assert_eq!(told["gas"], json!(mined.gas()), "{op}");
        assert_eq!(told["failed"], json!(!mined.is_success()), "{op}");
        let mut logs = told["structLogs"].as_array().unwrap().iter().rev();
        let log = logs.find(|log| log["op"] == op).unwrap();
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&log[field], value, "{field} of {log}");
        }
    };
    let word = |number: u32| format!("{number:064x}");
    // Reading a cold slot, and the same slot again.
    let storage = json!({ word(1): word(0) });
    let expected = json!({ "gasCost": 2_100, "storage": storage, "depth": 1, "error": null });
    check(&hex!("600154 50 00"), "SLOAD", expected);
    check(
        &hex!("600154 50 600154 00"),
        "SLOAD",
        json!({ "gasCost": 100 }),
    );
    // What a call has returned is shown from the next instruction on, and what has ended it is not an instruction's error.
    let call = |to: Address| {
        [
            &hex!("5f5f5f5f5f73")[..],
            to.as_slice(),
            &hex!("61fffff1 3d 00"),
        ]
        .concat()
    };
    let returned = json!({ "returnData": "0xdeadbeef", "error": null });
    check(&call(fails), "RETURNDATASIZE", returned);
    let reverted = json!({ "error": null, "depth": 2, "memory": [word(0xdead_beef)] });
    check(&call(fails), "REVERT", reverted);
    let popped = json!({ "error": "stack underflow", "depth": 2, "returnData": null });
    check(&call(pops), "POP", popped);
    check(&hex!("5b5f56"), "JUMPDEST", json!({ "depth": 1 }));
    // Clearing a slot that was zero before earns a refund, which counts on in callees.
    let clearing = |rest: &[u8]| [&hex!("6007600255 5f600255")[..], rest].concat();
    let cleared = json!({ "refund": 19_900, "depth": 1 });
    check(&clearing(&hex!("00")), "STOP", cleared);
    let inner = json!({ "refund": 19_900, "depth": 2 });
    check(&clearing(&call(fails)), "REVERT", inner);
    check(&hex!("600154 50 00"), "STOP", json!({ "refund": null }));
    check(
        &hex!("6001 62ffffff 52"),
        "MSTORE",
        json!({ "error": "out of gas" }),
    );
}

#[test]
fn what_a_program_earns_is_logged() {
    let chain = Chain::default();
    // Stores 7 in a slot and clears it again.
    let store = |value: u32| {
        format!("(call $cache (i32.const 0) (i32.const {value})) (call $flush (i32.const 0))")
    };
    let program = chain.program(&program(&format!(
        "(i32.store8 (i32.const 95) (i32.const 7)) {} {} (i32.const 0)",
        store(64),
        store(32)
    )));
    let mined = chain.send(json!({ "to": program }));
    let told = chain.rpc("debug_traceTransaction", json!([mined.hash, {}]));
    let logs = told["structLogs"].as_array().unwrap().iter();
    let stores = logs.filter(|log| log["op"] == "SSTORE");
    let refunds: Vec<&Value> = stores.map(|log| &log["refund"]).collect();
    assert_eq!(refunds, [&Value::Null, &json!(19_900)]);
}

/// Theorem: flat frames are geth's in places, errors and gas, and those of `trace_transaction` OpenEthereum's.
#[test]
fn frames_are_flat_in_two_forms() {
    let chain = Chain::default();
    let call = chain.program(&forward("call"));
    let evm = chain.deploy(&evm_forward());
    let traps = chain.program(&program("(unreachable)"));
    let endless = chain.program(&program("(loop $l (br $l)) (i32.const 0)"));
    let check = |along: &[Address], plain: &[&str], converted: &[&str], with_precompiles: usize| {
        let (first, rest) = along.split_first().unwrap();
        let input = hex::encode_prefixed(path(rest, &[1, 2]));
        let mined = chain.send(json!({ "to": first, "data": input, "gas": "0x100000" }));
        let errors = |frames: &Value| -> Vec<String> {
            let frames = frames.as_array().unwrap().iter();
            frames
                .map(|frame| {
                    assert_eq!(frame["transactionHash"], json!(mined.hash));
                    assert_eq!(frame["transactionPosition"], json!(0));
                    assert_eq!(
                        frame["blockNumber"],
                        json!(quantity(&mined.receipt["blockNumber"]))
                    );
                    assert_eq!(frame["blockHash"], mined.receipt["blockHash"]);
                    frame["error"].as_str().unwrap_or_default().to_owned()
                })
                .collect()
        };
        let flat = trace(&chain, &mined, "flatCallTracer", json!({}));
        assert_eq!(errors(&flat), plain, "{along:?}");
        let block = chain.rpc(
            "debug_traceBlockByHash",
            json!([mined.receipt["blockHash"], { "tracer": "flatCallTracer" }]),
        );
        assert_eq!(block[0]["result"], flat, "{along:?}");
        let config = json!({ "convertParityErrors": true, "includePrecompiles": true });
        let flat = trace(&chain, &mined, "flatCallTracer", config);
        assert_eq!(errors(&flat), converted, "{along:?}");
        assert_eq!(converted.len(), plain.len() + with_precompiles);
        let parity = chain.rpc("trace_transaction", json!([mined.hash]));
        assert_eq!(errors(&parity), converted[..plain.len()], "{along:?}");
    };
    check(&[call, evm, IDENTITY], &["", ""], &["", "", ""], 1);
    let (reverted, converted) = ("execution reverted", "Reverted");
    check(&[evm, call, traps], &[reverted; 3], &[converted; 3], 0);
    check(
        &[evm, endless],
        &[reverted, "out of gas"],
        &[converted, "Out of gas"],
        0,
    );
}

/// Theorem: several tracers at once report what each reports alone.
#[test]
fn several_tracers_trace_at_once() {
    let chain = Chain::default();
    let call = chain.program(&forward("call"));
    let logs = chain.program(&program(
        "(call $log (i32.const 1024) (local.get $len) (i32.const 0)) (i32.const 0)",
    ));
    let data = hex::encode_prefixed(path(&[logs], &[9; 40]));
    let mined = chain.send(json!({ "to": call, "data": data }));
    let configs = json!({
        "callTracer": { "withLog": true },
        "prestateTracer": { "diffMode": true },
        "stylusGasTracer": { "functions": true },
        "flatCallTracer": {},
        "stylusTracer": {},
        "4byteTracer": {},
        "noopTracer": {},
    });
    let all = trace(&chain, &mined, "muxTracer", configs.clone());
    let configs = configs.as_object().unwrap();
    assert_eq!(all.as_object().unwrap().len(), configs.len());
    for (name, config) in configs {
        let alone = trace(&chain, &mined, name, config.clone());
        assert_eq!(all[name], alone, "{name}");
    }
    for (config, expected) in [
        (json!({ "muxTracer": {} }), "never itself"),
        (json!({ "other": {} }), "tracer \"other\" is not supported"),
        (json!(7), "the tracer's configuration is invalid"),
        (
            json!({ "1": {}, "2": {}, "3": {}, "4": {}, "5": {}, "6": {}, "7": {}, "8": {}, "9": {} }),
            "at most 8 tracers",
        ),
    ] {
        let options = json!({ "tracer": "muxTracer", "tracerConfig": config });
        let request = json!([{ "from": DEV, "to": call }, "latest", options]);
        let error = chain.ask("debug_traceCall", request).unwrap_err();
        assert!(error.message.contains(expected), "{}", error.message);
    }
}
