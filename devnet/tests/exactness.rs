//! What things cost, to the ink and to the gas, through real transactions.
//!
//! Figures are those of Nitro's system tests (`program_ink_test`) unless a case says otherwise.

use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use serde_json::json;
use stylus_devnet::explain::Artifacts;
use stylus_vm::{Call, Config, EmptyHost, Engine, Gas, Ink, Pages, activate};

use crate::contracts::{echo, evm_forward, forward, path, program};
use crate::support::{
    ARB_OWNER, ARB_WASM, ARB_WASM_CACHE, Chain, config, config_at, intrinsic, quantity,
};

/// An untouched account.
const STRANGER: Address = address!("0x0123456789012345678901234567890123456789");

/// Runs `body` in a transaction and compares the ink of its host calls named `name`, in order.
fn check(body: &str, name: &str, expected: &[u64]) {
    let chain = Chain::default();
    let address = chain.program(&program(&format!("{body} (i32.const 0)")));
    let mined = chain.send(json!({ "to": address, "data": STRANGER, "value": "0x1" }));
    assert!(mined.is_success(), "{body}: {:?}", mined.receipt);
    let ink = |step: &serde_json::Value| {
        step["startInk"].as_u64().unwrap() - step["endInk"].as_u64().unwrap()
    };
    let trace = chain.trace(&mined);
    let got: Vec<u64> = trace
        .iter()
        .filter(|step| step["name"] == name)
        .map(ink)
        .collect();
    assert_eq!(got, expected, "ink of {name} in {body}");
}

#[test]
fn ink_of_host_calls() {
    // Cold, then warm and remembered.
    check(
        "(drop (call $code_size (i32.const 1024)))",
        "account_code_size",
        &[33_068_073],
    );
    check(
        "(call $codehash (i32.const 1024) (i32.const 0))",
        "account_codehash",
        &[26_078_153],
    );
    check(
        "(call $balance (i32.const 1024) (i32.const 0)) (call $balance (i32.const 1024) (i32.const 0))",
        "account_balance",
        &[26_078_153, 1_078_153],
    );
    let store = "(call $cache (i32.const 0) (i32.const 1024)) (call $flush (i32.const 0))";
    check(store, "storage_flush_cache", &[221_068_073]);
    check(
        "(call $load (i32.const 0) (i32.const 32))",
        "storage_load_bytes32",
        &[21_068_480],
    );
    check(
        "(call $load (i32.const 0) (i32.const 32)) (call $load (i32.const 0) (i32.const 32))
         (call $flush (i32.const 1)) (call $load (i32.const 0) (i32.const 32))",
        "storage_load_bytes32",
        &[21_068_480, 18_480, 1_068_480],
    );
    check(
        &format!("{store} (call $cache (i32.const 0) (i32.const 0)) (call $flush (i32.const 0))"),
        "storage_flush_cache",
        &[221_068_073, 1_068_073],
    );
    check(
        "(i32.store8 (i32.const 63) (i32.const 1)) (call $pow (i32.const 0) (i32.const 32))",
        "math_pow",
        &[61_520],
    );
    check(
        "(call $log (i32.const 0) (i32.const 0) (i32.const 0))",
        "emit_log",
        &[3_834_454],
    );
    check(
        "(call $log (i32.const 0) (i32.const 100) (i32.const 0))",
        "emit_log",
        &[11_838_194],
    );
    check(
        "(call $log (i32.const 0) (i32.const 132) (i32.const 1))",
        "emit_log",
        &[15_589_954],
    );
    check(
        "(call $log (i32.const 0) (i32.const 228) (i32.const 4))",
        "emit_log",
        &[26_845_234],
    );
    check(
        "(call $keccak (i32.const 0) (i32.const 10) (i32.const 0))",
        "native_keccak256",
        &[121_800],
    );
    check(
        "(call $keccak (i32.const 0) (i32.const 1000) (i32.const 0))",
        "native_keccak256",
        &[751_800],
    );
    check(
        "(call $pay_for_memory_grow (i32.const 100))",
        "pay_for_memory_grow",
        &[9_320_660_000],
    );
    check(
        "(call $pay_for_memory_grow (i32.const 0))",
        "pay_for_memory_grow",
        &[8_400],
    );
}

/// Nitro's `write-args.wat`, assembled with its names: 191 bytes.
const WRITE_ARGS: &str = r#"(module
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $return_data (param i32 i32)))
    (memory (export "memory") 1 1)
    (func $main (export "user_entrypoint") (param $arguments_len i32) (result i32)
        (call $read_args (i32.const 0))
        (call $return_data (i32.const 0) (local.get $arguments_len))
        i32.const 0))"#;

/// Calls made by a program: ink of the host call, including everything in the callee.
fn check_call(chain: &Chain, to: Address, input: &[u8], expected: u64) {
    let caller = chain.program(&forward("call"));
    let mined =
        chain.send(json!({ "to": caller, "data": hex::encode_prefixed(path(&[to], input)) }));
    assert!(mined.is_success(), "{:?}", mined.receipt);
    let trace = chain.trace(&mined);
    let call = trace
        .iter()
        .find(|step| step["name"] == "call_contract")
        .unwrap();
    let ink = call["startInk"].as_u64().unwrap() - call["endInk"].as_u64().unwrap();
    assert_eq!(ink, expected, "ink of a call of {to}");
}

#[test]
fn ink_of_calls() {
    let chain = Chain::start(config_at(51));
    let write_args = chain.program(WRITE_ARGS);
    // Header, blocks, host calls, a cold account, an uncached start, free pages and rounding in one figure.
    check_call(&chain, write_args, &[1, 2, 3, 4], 118_475_955);
    // A precompile, which is always warm, told to spend nothing.
    let burn = [&hex!("cc68f1f3")[..], &[0; 32]].concat();
    let burn = [
        &alloy_primitives::keccak256("burnArbGas(uint256)")[..4],
        &burn[4..],
    ]
    .concat();
    check_call(
        &chain,
        address!("0x0000000000000000000000000000000000000069"),
        &burn,
        1_146_395,
    );
}

/// The parts of a call's receipt: the charge before anything runs, the cost of the program's start, and its execution, the
/// last from the VM alone.
#[test]
fn a_receipt_is_the_sum_of_its_parts() {
    for (wat, input) in [
        (WRITE_ARGS.to_owned(), vec![1, 2, 3, 4]),
        (echo(), vec![0; 100]),
        (echo(), (0..=255).collect()),
        (
            program("(drop (memory.grow (i32.const 0))) (i32.const 0)"),
            vec![7],
        ),
    ] {
        let wasm = wat::parse_str(&wat).unwrap();
        for arbos in [51, 60] {
            let chain = Chain::start(config_at(arbos));
            let address = chain.wasm(&wasm);
            let mined = chain.send(json!({ "to": address, "data": hex::encode_prefixed(&input) }));

            let config = Config {
                debug: true,
                ..Config::at(stylus_vm::ArbOs::new(arbos).unwrap())
            };
            let activation = activate(&wasm, &config, Pages(0), Gas::MAX).unwrap();
            let program = Engine::new(&config)
                .unwrap()
                .compile(&wasm, &config)
                .unwrap();
            let call = Call {
                calldata: input.clone().into(),
                ink: Ink(10_000_000_000),
                ..Call::default()
            };
            let mut host = EmptyHost::with_footprint(activation.footprint);
            let report = program.run(&mut host, call).unwrap();
            let execution = report.ink_used.0.div_ceil(10_000);
            let init = activation.call_gas(&config, false).0;
            assert_eq!(
                mined.gas(),
                intrinsic(&input) + init + execution,
                "ArbOS {arbos}, {wat}"
            );
        }
    }
}

/// A program that spends in functions, in host calls, and on its second and third pages.
const SPENDER: &str = r#"(module
    (import "vm_hooks" "msg_reentrant" (func $reentrant (result i32)))
    (import "vm_hooks" "pay_for_memory_grow" (func $pay_for_memory_grow (param i32)))
    (memory (export "memory") 1)
    (func $inner (result i32) (call $reentrant))
    (func $outer (result i32) (drop (memory.grow (i32.const 2))) (i32.add (call $inner) (call $inner)))
    (func (export "user_entrypoint") (param $len i32) (result i32) (call $outer)))"#;

/// Theorem: the gas tracer's parts are the receipt's gas, and the functions' ink, host calls as leaves, is the program's ink.
#[test]
fn the_gas_tracer_adds_up_to_the_receipt() {
    let chain = Chain::default();
    let address = chain.wasm(&wat::parse_str(SPENDER).unwrap());
    let mined = chain.send(json!({ "to": address, "data": "0x0102" }));
    let trace = |config: serde_json::Value| {
        let options = json!({ "tracer": "stylusGasTracer", "tracerConfig": config });
        chain.ask("debug_traceTransaction", json!([mined.hash, options]))
    };
    let told = trace(json!({})).unwrap();
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    assert_eq!(number(&told["gasUsed"]), mined.gas());
    let program = &told["program"];
    let ink = number(&program["inkUsed"]);
    let start = number(&program["startGas"]) + number(&program["startPageGas"]);
    assert_eq!(
        mined.gas(),
        intrinsic(&[1, 2]) + start + ink.div_ceil(10_000)
    );
    assert_eq!(
        number(&program["given"]) - number(&program["gasBack"]),
        start + ink.div_ceil(10_000)
    );
    assert_eq!(
        (&program["nearness"], number(&program["pages"])),
        (&json!("uncached"), 3)
    );
    assert!(
        program["profile"].is_null(),
        "functions only where asked for"
    );

    let names = json!({ address.to_string(): { "2": "inner", "3": "__rust_alloc" } });
    let told = trace(json!({ "functions": true, "names": names })).unwrap();
    let profile = &told["program"]["profile"];
    let list = |key: &str| profile[key].as_array().unwrap().clone();
    let functions: Vec<_> = list("functions")
        .iter()
        .map(|function| function["name"].as_str().unwrap().to_owned())
        .collect();
    // The given name decides what counts as an allocator's function; a nameless function goes by its index.
    assert_eq!(functions, ["inner", "__rust_alloc", "function[4]"]);
    let tree: u64 = list("tree")
        .iter()
        .map(|node| number(&node["self_ink"]))
        .sum();
    assert_eq!(tree + number(&profile["forfeited"]), ink);
    assert_eq!(number(&told["program"]["inkUsed"]), ink, "watching is free");

    assert!(
        told["inner"].is_null(),
        "programs further down only where asked for"
    );

    let refusal = trace(json!({ "function": true })).unwrap_err();
    assert!(
        refusal.message.contains("unknown field `function`"),
        "{}",
        refusal.message
    );
}

/// Programs called further down, by contracts of either kind, are reported with their depths, each with the names of the build that has its
/// code, and at most sixteen of them.
#[test]
fn the_gas_tracer_tells_programs_further_down() {
    let folder = tempfile::tempdir().unwrap();
    let named = wat::parse_str(SPENDER).unwrap();
    std::fs::write(folder.path().join("spender.wasm"), &named).unwrap();
    let mut settings = config();
    settings.artifacts = Artifacts::open(folder.path()).unwrap();
    let chain = Chain::start(settings);
    let spender = chain.wasm(&named);
    let forward = chain.program(&forward("call"));
    let evm = chain.deploy(&evm_forward());
    let inner = |to: Address, input: &[u8]| {
        let sent = chain
            .send(json!({ "to": to, "data": hex::encode_prefixed(input), "gas": "0x1000000" }));
        let options = json!({ "tracer": "stylusGasTracer", "tracerConfig": { "functions": true, "inner": true } });
        let told = chain.rpc("debug_traceTransaction", json!([sent.hash, options]));
        assert_eq!(told["gasUsed"], sent.gas());
        told
    };
    let name = |program: &serde_json::Value| program["profile"]["functions"][0]["name"].clone();
    let told = inner(evm, &path(&[forward, spender], &[]));
    assert!(told["program"].is_null());
    let programs = told["inner"].as_array().unwrap();
    // In the order in which they ended: the callee first.
    let depths: Vec<_> = programs.iter().map(|it| it["depth"].clone()).collect();
    assert_eq!(depths, [2, 1]);
    assert_eq!(programs[0]["address"], json!(spender));
    assert_eq!(name(&programs[0]), "inner");
    assert_ne!(programs[0]["codeHash"], programs[1]["codeHash"]);
    let told = inner(forward, &path(&[spender], &[]));
    assert_eq!(told["program"]["address"], json!(forward));
    assert_eq!(name(&told["inner"][0]), "inner");
    let long = path(&[[forward; 20].as_slice(), &[spender]].concat(), &[]);
    let told = inner(forward, &long);
    let depths = told["inner"].as_array().unwrap().iter();
    let depths: Vec<_> = depths.map(|it| it["depth"].as_u64().unwrap()).collect();
    assert_eq!(depths, (1..=16).rev().collect::<Vec<_>>());
    assert_eq!(told["moreInner"], 5);
}

#[test]
fn a_start_costs_what_the_chain_says() {
    let chain = Chain::start(config_at(51));
    let address = chain.program(&echo());
    let gas = || chain.send(json!({ "to": address, "data": "0x01" })).gas();
    let input = [&hex!("62b688aa")[..], address.into_word().as_slice()].concat();
    let output = chain.call(ARB_WASM, &input).unwrap();
    let (init, cached) = (
        U256::from_be_slice(&output[..32]),
        U256::from_be_slice(&output[32..]),
    );
    let uncached = gas();
    // An owner may cache a program, too.
    let cache = [&hex!("e73ac9f2")[..], address.into_word().as_slice()].concat();
    chain.send(json!({ "to": ARB_WASM_CACHE, "data": hex::encode_prefixed(cache) }));
    assert_eq!(U256::from(uncached - gas()), init - cached);
}

/// From ArbOS 60 on, a program called earlier in the block starts for less.
#[test]
fn a_recent_program_starts_for_less() {
    for (arbos, is_cheaper) in [(51, false), (60, true)] {
        let chain = Chain::start(config_at(arbos));
        let address = chain.program(&echo());
        chain.rpc("evm_setAutomine", json!([false]));
        let send = |nonce: u64| {
            let tx = json!({ "from": crate::support::DEV, "to": address, "nonce": format!("{nonce:#x}"), "gas": "0x100000" });
            chain.rpc("eth_sendTransaction", json!([tx]))
        };
        let hashes: Vec<_> = (2..5).map(send).collect();
        chain.rpc("evm_mine", json!([]));
        let gas = |hash: &serde_json::Value| {
            quantity(&chain.rpc("eth_getTransactionReceipt", json!([hash]))["gasUsed"])
        };
        let gas: Vec<u64> = hashes.iter().map(gas).collect();
        assert_eq!(gas[0] > gas[1], is_cheaper, "ArbOS {arbos}: {gas:?}");
        assert_eq!(gas[1], gas[2], "ArbOS {arbos}");
    }
}

/// An estimate suffices, and one gas less does not.
#[test]
fn an_estimate_is_the_least_that_is_enough() {
    let chain = Chain::default();
    let (program, evm) = (chain.program(&echo()), chain.deploy(&evm_forward()));
    let store = crate::contracts::program(
        "(call $cache (i32.const 0) (i32.const 1024)) (call $flush (i32.const 0)) (i32.const 0)",
    );
    let (caller, store) = (chain.program(&forward("call")), chain.program(&store));
    let inactive = chain.deploy(&stylus_vm::code::encode(
        &wat::parse_str(WRITE_ARGS).unwrap(),
    ));
    let activate = [&hex!("58c780c2")[..], inactive.into_word().as_slice()].concat();
    let cases: Vec<(Address, Bytes, u64)> = vec![
        (STRANGER, Bytes::new(), 1),
        (program, vec![1; 100].into(), 0),
        (evm, path(&[program], &[1; 40]).into(), 0),
        (caller, path(&[store], &[1; 32]).into(), 0),
        (evm, path(&[caller, evm, store], &[2; 32]).into(), 0),
        (caller, path(&[evm, caller, store], &[0; 32]).into(), 0),
        (ARB_WASM, activate.into(), 1_000_000_000_000_000),
    ];
    for (to, input, value) in cases {
        let request = json!({ "from": crate::support::DEV, "to": to, "data": input, "value": U256::from(value) });
        let estimate = quantity(&chain.rpc("eth_estimateGas", json!([request, "latest"])));
        let with = |gas: u64| {
            let snapshot = chain.rpc("evm_snapshot", json!([]));
            let mut request = request.clone();
            request["gas"] = json!(format!("{gas:#x}"));
            let success = chain
                .try_send(request)
                .is_ok_and(|mined| mined.is_success());
            assert_eq!(chain.rpc("evm_revert", json!([snapshot])), true);
            success
        };
        assert!(
            with(estimate),
            "{estimate} gas is too little for {to} {input}"
        );
        assert!(
            !with(estimate - 1),
            "{estimate} gas is too much for {to} {input}"
        );
    }
}

/// Theorem: with the estimate, calls inside a transaction end as they do with plenty of gas.
#[test]
fn an_estimate_lets_inner_calls_end_as_with_plenty() {
    let chain = Chain::default();
    let inner = Address::repeat_byte(0xc1);
    let outer = Address::repeat_byte(0xe1);
    // Calls the inner contract with all gas and stores whether that succeeded.
    let store = [&hex!("5f5f5f5f5f73")[..], &inner[..], &hex!("5af15f5500")].concat();
    chain.rpc("anvil_setCode", json!([outer, hex::encode_prefixed(store)]));
    let check = |code: &str, slot: u8, expected: std::ops::Range<u64>| {
        chain.rpc("anvil_setCode", json!([inner, code]));
        let request = json!({ "from": crate::support::DEV, "to": outer });
        let estimate = quantity(&chain.rpc("eth_estimateGas", json!([request])));
        assert!(expected.contains(&estimate), "{code}: {estimate}");
        for gas in [estimate, 1_000_000] {
            let snapshot = chain.rpc("evm_snapshot", json!([]));
            let mut request = request.clone();
            request["gas"] = json!(format!("{gas:#x}"));
            assert!(chain.send(request).is_success());
            let stored = chain.rpc("eth_getStorageAt", json!([outer, "0x0", "latest"]));
            assert_eq!(
                stored,
                json!(B256::with_last_byte(slot)),
                "{code} with {gas}"
            );
            chain.rpc("evm_revert", json!([snapshot]));
        }
    };
    // These stop if there are 60,000 gas; otherwise one reverts, the other fails at an invalid instruction.
    check("0x61ea605a11600b575f5ffd5b00", 1, 80_000..110_000);
    check("0x61ea605a11600b57fe00005b00", 1, 80_000..110_000);
    // This one first makes a call that always fails, if there are 60,000 gas, so that one call fails in either case.
    let reverts = Address::repeat_byte(0xd1);
    chain.rpc("anvil_setCode", json!([reverts, "0x5f5ffd"]));
    let call = hex::encode(reverts);
    let code = format!("0x61ea605a11600b575f5ffd5b5f5f5f5f5f73{call}5af100");
    check(&code, 1, 80_000..110_000);
    // Whatever the gas, this one reverts, and this one stops.
    check("0x5f5ffd", 0, 23_000..27_000);
    check("0x00", 1, 40_000..50_000);
}

#[test]
fn gas_beyond_the_limit_of_a_transaction_is_given_back() {
    let chain = Chain::default();
    let burn = chain.program(&program("(loop $again (br $again)) (i32.const 0)"));
    let mined = chain.send(json!({ "to": burn, "gas": format!("{:#x}", 50_000_000) }));
    assert!(!mined.is_success());
    assert_eq!(mined.gas(), 32_000_000);
}

#[test]
fn gas_for_l1_is_taken_and_earns_no_refund() {
    let chain = Chain::default();
    let gas = || chain.send(json!({ "to": STRANGER, "value": "0x1", "gas": "0x1000000" }));
    assert_eq!(gas().gas(), 21_000);
    let price = U256::from(50_000_000_000_u64);
    let input = [&hex!("2b352fae")[..], &price.to_be_bytes::<32>()].concat();
    chain.send(json!({ "to": ARB_OWNER, "data": hex::encode_prefixed(input) }));
    let mined = gas();
    let poster = quantity(&mined.receipt["gasUsedForL1"]);
    assert!(poster > 100_000, "{poster}");
    assert_eq!(mined.gas(), 21_000 + poster);
}
