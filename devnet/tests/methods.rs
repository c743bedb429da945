//! Methods as clients call them: forms, blocks, logs, filters, traces.

use alloy_primitives::{Address, address, hex};
use serde_json::{Value, json};

use crate::contracts::{echo, evm_forward, forward, path, program};
use crate::support::{ARB_WASM, Chain, DEV, intrinsic, quantity};

const FRIEND: Address = address!("0x00000000000000000000000000000000000000aa");

/// A program that logs its input with a topic of zeros.
fn logger() -> String {
    program(
        "(call $log (i32.const 992) (i32.add (local.get $len) (i32.const 32)) (i32.const 1)) (i32.const 0)",
    )
}

#[test]
fn blocks_and_transactions_are_found_by_number_and_hash() {
    let chain = Chain::default();
    let mined = chain.send(json!({ "to": FRIEND, "value": "0x1" }));
    let block = chain.rpc("eth_getBlockByNumber", json!(["0x1", true]));
    assert_eq!(
        chain.rpc("eth_getBlockByHash", json!([block["hash"], true])),
        block
    );
    let transaction = chain.rpc("eth_getTransactionByHash", json!([mined.hash]));
    assert_eq!(block["transactions"], json!([transaction]));
    for (method, id) in [
        ("eth_getTransactionByBlockHashAndIndex", &block["hash"]),
        ("eth_getTransactionByBlockNumberAndIndex", &block["number"]),
    ] {
        assert_eq!(chain.rpc(method, json!([id, "0x0"])), transaction);
        assert_eq!(chain.rpc(method, json!([id, "0x1"])), Value::Null);
    }
    assert_eq!(
        chain.rpc("eth_getBlockReceipts", json!(["0x1"])),
        json!([mined.receipt])
    );
    assert_eq!(
        chain.rpc("eth_getBlockTransactionCountByNumber", json!(["0x1"])),
        "0x1"
    );
    assert_eq!(
        chain.rpc("eth_getBlockByNumber", json!(["0x2", false])),
        Value::Null
    );
    assert_eq!(mined.receipt["effectiveGasPrice"], "0x5f5e100");
    assert_eq!(mined.receipt["gasUsedForL1"], "0x0");
    for key in [
        "l1BlockNumber",
        "sendRoot",
        "sendCount",
        "baseFeePerGas",
        "mixHash",
        "size",
        "uncles",
    ] {
        assert!(!block[key].is_null(), "the block has no {key}");
    }
}

#[test]
fn logs_are_found_and_filtered() {
    let chain = Chain::default();
    let (one, other) = (chain.program(&logger()), chain.deploy(&evm_forward()));
    let from = chain.rpc("eth_newFilter", json!([{ "address": one }]));
    let blocks = chain.rpc("eth_newBlockFilter", json!([]));
    chain.send(json!({ "to": one, "data": "0x01" }));
    chain.send(json!({ "to": other, "data": hex::encode_prefixed(path(&[one], &[2])) }));
    let filter = json!({ "address": one, "fromBlock": "earliest", "topics": [alloy_primitives::B256::ZERO] });
    let logs = chain.rpc("eth_getLogs", json!([filter]));
    let data: Vec<&Value> = logs
        .as_array()
        .unwrap()
        .iter()
        .map(|log| &log["data"])
        .collect();
    assert_eq!(data, ["0x01", "0x02"]);
    assert_eq!(chain.rpc("eth_getFilterChanges", json!([from])), logs);
    assert_eq!(chain.rpc("eth_getFilterChanges", json!([from])), json!([]));
    assert_eq!(
        chain
            .rpc("eth_getFilterChanges", json!([blocks]))
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(chain.rpc("eth_uninstallFilter", json!([from])), true);
    assert_eq!(
        chain
            .ask("eth_getFilterChanges", json!([from]))
            .unwrap_err()
            .message,
        "filter not found"
    );
    let none =
        json!({ "fromBlock": "earliest", "topics": [alloy_primitives::B256::repeat_byte(1)] });
    assert_eq!(chain.rpc("eth_getLogs", json!([none])), json!([]));
}

#[test]
fn overrides_change_a_call_and_nothing_else() {
    let chain = Chain::default();
    // Returns the balance of the caller and the block's time.
    let code = "0x333160005242602052 60406000f3".replace(' ', "");
    let request = json!({ "from": DEV, "to": FRIEND });
    let state =
        json!({ FRIEND.to_string(): { "code": code }, DEV.to_string(): { "balance": "0x7" } });
    let output = chain.rpc(
        "eth_call",
        json!([request, "latest", state, { "time": "0x9" }]),
    );
    let expected = [
        alloy_primitives::B256::with_last_byte(7),
        alloy_primitives::B256::with_last_byte(9),
    ]
    .concat();
    assert_eq!(output, json!(hex::encode_prefixed(expected)));
    assert_eq!(chain.rpc("eth_getCode", json!([FRIEND, "latest"])), "0x");
}

/// The question of `cargo stylus check`: would this code be activated, at an address without code, for a caller without
/// money?
#[test]
fn an_activation_is_tried_without_deploying() {
    let chain = Chain::default();
    let code = stylus_vm::code::encode(&wat::parse_str(echo()).unwrap());
    let input = [&hex!("58c780c2")[..], FRIEND.into_word().as_slice()].concat();
    let stranger = Address::repeat_byte(0x77);
    let request = json!({
        "from": stranger, "to": ARB_WASM, "value": "0xde0b6b3a7640000", "input": hex::encode_prefixed(input),
    });
    let state = json!({
        stranger.to_string(): { "balance": alloy_primitives::U256::MAX },
        FRIEND.to_string(): { "code": hex::encode_prefixed(code) },
    });
    let output = chain.rpc("eth_call", json!([request, "latest", state]));
    let output = output.as_str().unwrap().to_owned();
    assert_eq!(&output[..66], &format!("0x{:064x}", 3));
    assert_eq!(chain.rpc("eth_getCode", json!([FRIEND, "latest"])), "0x");
}

#[test]
fn traces_of_every_kind() {
    let chain = Chain::default();
    let (call, evm, logger) = (
        chain.program(&forward("call")),
        chain.deploy(&evm_forward()),
        chain.program(&logger()),
    );
    let mined =
        chain.send(json!({ "to": call, "data": hex::encode_prefixed(path(&[evm, logger], &[5])) }));
    assert!(mined.is_success());

    let names = |steps: &[Value]| -> Vec<String> {
        steps
            .iter()
            .map(|step| step["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let steps = chain.trace(&mined);
    assert_eq!(
        names(&steps),
        [
            "user_entrypoint",
            "read_args",
            "msg_value",
            "call_contract",
            "read_return_data",
            "write_result",
            "user_returned"
        ]
    );
    let within = steps[3]["steps"].as_array().unwrap();
    assert_eq!(steps[3]["address"], json!(evm));
    assert_eq!(names(within), ["evm_call_contract"]);
    let innermost = within[0]["steps"].as_array().unwrap();
    assert_eq!(
        names(innermost),
        ["user_entrypoint", "read_args", "emit_log", "user_returned"]
    );
    // The script that `cargo stylus trace` sends gets the same result.
    let script =
        "{ hostio: 1, call_contract: 2, delegate_call_contract: 3, static_call_contract: 4 }";
    let scripted = chain.rpc(
        "debug_traceTransaction",
        json!([mined.hash, { "tracer": script }]),
    );
    assert_eq!(scripted, json!(steps));

    let calls = chain.rpc(
        "debug_traceTransaction",
        json!([mined.hash, { "tracer": "callTracer", "tracerConfig": { "withLog": true } }]),
    );
    assert_eq!(quantity(&calls["gasUsed"]), mined.gas());
    let limit = &chain.rpc("eth_getTransactionByHash", json!([mined.hash]))["gas"];
    assert_eq!(calls["gas"], *limit);
    let flat = chain.rpc(
        "debug_traceTransaction",
        json!([mined.hash, { "tracer": "flatCallTracer" }]),
    );
    assert_eq!(flat[0]["action"]["gas"], *limit);
    assert_eq!(quantity(&flat[0]["result"]["gasUsed"]), mined.gas());
    // In OpenEthereum's traces it is the gas of the code alone.
    let frame = &chain.rpc("trace_transaction", json!([mined.hash]))[0];
    let before = intrinsic(&path(&[evm, logger], &[5]));
    assert_eq!(quantity(&frame["action"]["gas"]), quantity(limit) - before);
    assert_eq!(quantity(&frame["result"]["gasUsed"]), mined.gas() - before);
    assert_eq!(calls["calls"][0]["to"], json!(evm));
    assert_eq!(calls["calls"][0]["calls"][0]["logs"][0]["data"], "0x05");

    let structs = chain.rpc("debug_traceTransaction", json!([mined.hash]));
    let ops: Vec<&str> = structs["structLogs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| log["op"].as_str().unwrap())
        .collect();
    assert_eq!(ops.iter().filter(|op| **op == "CALL").count(), 2, "{ops:?}");
    assert!(
        ops.contains(&"LOG1") && ops.contains(&"CALLDATACOPY"),
        "{ops:?}"
    );
    let place = |op: &str| ops.iter().position(|other| *other == op).unwrap();
    assert!(
        place("CALL") < place("LOG1"),
        "a call stands in front of what it did: {ops:?}"
    );

    let before = chain.rpc(
        "debug_traceTransaction",
        json!([mined.hash, { "tracer": "prestateTracer" }]),
    );
    assert!(
        before.get(DEV.to_string().to_lowercase()).is_some(),
        "{before}"
    );
    let error = chain
        .ask(
            "debug_traceTransaction",
            json!([mined.hash, { "tracer": "other" }]),
        )
        .unwrap_err();
    assert!(error.message.contains("stylusTracer"), "{}", error.message);
}

#[test]
fn an_access_list_makes_what_it_names_warm() {
    let chain = Chain::default();
    let caller = chain.program(&forward("call"));
    let target = chain.program(&program(
        "(call $load (i32.const 0) (i32.const 32)) (i32.const 0)",
    ));
    let request =
        json!({ "from": DEV, "to": caller, "data": hex::encode_prefixed(path(&[target], &[])) });
    let answer = chain.rpc("eth_createAccessList", json!([request, "latest"]));
    let slot = alloy_primitives::B256::ZERO;
    assert_eq!(
        answer["accessList"],
        json!([{ "address": target, "storageKeys": [slot] }])
    );
}

/// Theorem: an access list keeps what it is given, adds what is touched and not warm by itself, and the gas is that of the run with it.
#[test]
fn an_access_list_keeps_what_it_is_given() {
    let chain = Chain::default();
    let check = |request: Value, list: Value, gas: &str| {
        let answer = chain.rpc("eth_createAccessList", json!([request, "latest"]));
        let expected = json!({ "accessList": list, "gasUsed": gas });
        assert_eq!(answer, expected, "{request}");
    };
    let slot = |number: u8| alloy_primitives::B256::with_last_byte(number);
    let (one, other) = (Address::repeat_byte(0xc1), Address::repeat_byte(0xc2));
    let to = json!({ "from": DEV, "to": FRIEND });
    let with = |list: Value| {
        let mut request = to.clone();
        request["accessList"] = list;
        request
    };
    check(to.clone(), json!([]), "0x5208");
    let given = json!([{ "address": one, "storageKeys": [slot(0)] }]);
    check(with(given.clone()), given, "0x62d4");
    // As in geth, the target is not listed for itself, and an account is listed once.
    let given = json!([
        { "address": other, "storageKeys": [] },
        { "address": FRIEND, "storageKeys": [] },
        { "address": one, "storageKeys": [slot(2)] },
        { "address": one, "storageKeys": [slot(1), slot(2)] },
    ]);
    let expected = json!([
        { "address": one, "storageKeys": [slot(1), slot(2)] },
        { "address": other, "storageKeys": [] },
    ]);
    check(with(given), expected, "0x73a0");
    // Creates a contract with the init code STOP.
    let create = json!({ "from": DEV, "data": "0x00" });
    check(create, json!([]), "0xcf0e");
    // The fee makes nobody warm, nor does a contract's creation another one.
    let paying = json!({ "from": DEV, "to": FRIEND, "gasPrice": "0x5f5e100" });
    check(paying, json!([]), "0x5208");
    let creator = chain.deploy(&hex!("5f5f5ff0 00"));
    let create = json!({ "from": DEV, "to": creator });
    check(create, json!([]), "0xcf0e");
    // Nor does what a precompile is asked about, or pays.
    let code = stylus_vm::code::encode(&wat::parse_str(logger()).unwrap());
    let input = [
        &hex!("58c780c2")[..],
        chain.deploy(&code).into_word().as_slice(),
    ]
    .concat();
    let activate = json!({
        "from": DEV, "to": ARB_WASM, "data": hex::encode_prefixed(input), "value": "0xde0b6b3a7640000",
    });
    check(activate, json!([]), "0x1c19da");
}
