//! One expensive request of every method: it is answered in time, takes no more memory than allowed, and returns it.
//!
//! Lives here: the list, which grows with the table of methods. Not here: random requests (`fuzz`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::{U256, hex};
use serde_json::{Value, json};

use crate::process::{Connection, Process, request};

/// The time limit of a call here, in seconds.
const LIMIT: u64 = 1;

/// How much longer an answer may take. Unoptimised builds on a shared machine are slow to reach the next check of the flag.
const SLACK: Duration = Duration::from_secs(10);

/// The most bytes that a request may use, without its answer.
const MEMORY: u64 = 512 << 20;

/// The most bytes of an answer.
const ANSWER: u64 = 256 << 20;

pub(crate) const DEV: &str = "0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E";
const ARB_WASM: &str = "0x0000000000000000000000000000000000000071";

/// An endless program, and endless EVM code.
pub(crate) const ENDLESS: &str = "0x00000000000000000000000000000000000000e0";
pub(crate) const ENDLESS_EVM: &str = "0x00000000000000000000000000000000000000e1";
/// Calls with a megabyte of input, again and again.
pub(crate) const LAVISH: &str = "0x00000000000000000000000000000000000000e2";
/// Logs 64 KiB again and again.
const CHATTY: &str = "0x00000000000000000000000000000000000000e3";
/// A program that makes host calls endlessly.
pub(crate) const ASKING: &str = "0x00000000000000000000000000000000000000e4";

const ENDLESS_WAT: &str = r#"(module (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32) (loop $l (br $l)) (unreachable)))"#;

const ASKING_WAT: &str = r#"(module
    (import "vm_hooks" "native_keccak256" (func $keccak (param i32 i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
        (loop $l (call $keccak (i32.const 0) (i32.const 4096) (i32.const 0)) (br $l)) (unreachable)))"#;

/// Sets up the contracts and a transaction on the chain. Returns the transaction's hash.
pub(crate) fn prepare(connection: &mut Connection) -> Value {
    for (address, wat) in [(ENDLESS, ENDLESS_WAT), (ASKING, ASKING_WAT)] {
        let code = stylus_vm::code::encode(&wat::parse_str(wat).unwrap());
        connection.rpc(
            "anvil_setCode",
            &json!([address, hex::encode_prefixed(code)]),
        );
        activate(connection, address);
    }
    for (address, code) in [
        (ENDLESS_EVM, "0x5b600056"),
        (
            LAVISH,
            "0x6210000051505b600060006210000060006000600a5af150600656",
        ),
        (CHATTY, "0x620100005150 5b620100006000a0600656"),
    ] {
        let code = code.replace(' ', "");
        connection.rpc("anvil_setCode", &json!([address, code]));
    }
    connection.rpc(
        "eth_sendTransaction",
        &json!([{ "from": DEV, "to": CHATTY, "gas": "0x1312d00" }]),
    )
}

/// Activates a program, whatever the result.
pub(crate) fn activate(connection: &mut Connection, program: &str) {
    let input = format!("0x58c780c2{:0>64}", &program[2..]);
    let request = json!([{
        "from": DEV, "to": ARB_WASM, "data": input, "value": "0xde0b6b3a7640000", "gas": "0x1312d00",
    }]);
    connection.rpc("eth_sendTransaction", &request);
}

fn long(bytes: usize) -> String {
    format!("0x{}", "00".repeat(bytes))
}

/// Overrides of many accounts for a call.
fn many_overrides() -> Value {
    let account = |number: u64| {
        let address = format!("0x{number:040x}");
        (address, json!({ "balance": "0x1", "code": "0x5b600056" }))
    };
    Value::Object((0..20_000).map(account).collect())
}

/// Types, each with two fields of the next.
fn typed_data() -> Value {
    let field = |name: &str, number: u32| json!({ "name": name, "type": format!("T{number}") });
    let mut types: serde_json::Map<String, Value> = (0..64)
        .map(|number| {
            let next = number + 1;
            (
                format!("T{number}"),
                json!([field("a", next), field("b", next)]),
            )
        })
        .collect();
    types.insert("T64".into(), json!([{ "name": "x", "type": "uint256" }]));
    json!([DEV, { "types": types, "primaryType": "T0", "domain": {}, "message": {} }])
}

/// The list. A method may appear in it more than once.
fn costly(hash: &Value) -> Vec<(&'static str, Value)> {
    let endless = json!({ "to": ENDLESS });
    let endless_evm = json!({ "data": "0x5b600056" });
    let lavish = json!({ "to": LAVISH });
    let asking = json!({ "to": ASKING });
    let all = json!({ "fromBlock": "earliest", "toBlock": "latest" });
    let named: Vec<String> = (0..5_000)
        .map(|number| format!("0x{number:064x}"))
        .collect();
    let zeros = Value::Array(vec![json!(0); 400_000]);
    let percentiles: Vec<u32> = (0..100_000).collect();
    let ether = U256::from(1_u64);
    let mut list = vec![
        ("eth_accounts", zeros.clone()),
        ("eth_blobBaseFee", zeros.clone()),
        ("eth_blockNumber", zeros.clone()),
        ("eth_call", json!([endless, "latest"])),
        ("eth_call", json!([endless_evm, "latest"])),
        ("eth_call", json!([lavish, "latest"])),
        ("eth_call", json!([asking, "latest"])),
        ("eth_call", json!([endless_evm, "latest", many_overrides()])),
        ("eth_call", json!([{ "data": long(3 << 20) }, "latest"])),
        ("eth_call", json!([{ "data": zeros }, "latest"])),
        // The caller chooses the number of BLAKE2's rounds.
        (
            "eth_call",
            json!([{ "to": "0x0000000000000000000000000000000000000009", "data": format!("0x02faf080{}01", "00".repeat(208)) }]),
        ),
        // A set with an arbitrary stored length.
        (
            "eth_call",
            json!([
                { "from": DEV, "to": "0x0000000000000000000000000000000000000070", "data": "0x516b4e0f" },
                "latest",
                { "0xa4b05fffffffffffffffffffffffffffffffffff": { "stateDiff": {
                    "0x41e0d7d38ffe0727248ee6ed6ea1250b08279ad004e3ab07b7ffe78352d8c400": format!("0x{:064x}", 1_u64 << 62),
                } } }
            ]),
        ),
        ("eth_chainId", zeros.clone()),
        ("eth_coinbase", zeros.clone()),
        ("eth_createAccessList", json!([endless, "latest"])),
        ("eth_createAccessList", json!([lavish, "latest"])),
        ("eth_estimateGas", json!([endless_evm])),
        ("eth_estimateGas", json!([endless])),
        ("eth_feeHistory", json!(["0x400", "latest", percentiles])),
        (
            "eth_feeHistory",
            json!(["0xffffffffffffffff", "latest", []]),
        ),
        ("eth_gasPrice", zeros.clone()),
        ("eth_getBalance", json!([DEV, zeros])),
        ("eth_getBlockByHash", json!([hash, true])),
        ("eth_getBlockByNumber", json!(["latest", true])),
        ("eth_getBlockReceipts", json!(["latest"])),
        ("eth_getBlockTransactionCountByHash", json!([hash])),
        ("eth_getBlockTransactionCountByNumber", json!(["latest"])),
        ("eth_getCode", json!([ENDLESS, "latest"])),
        ("eth_getFilterChanges", json!(["0xffffffffffffffff"])),
        ("eth_getFilterLogs", json!(["0xffffffffffffffff"])),
        ("eth_getLogs", json!([all])),
        (
            "eth_getLogs",
            json!([{ "fromBlock": "0x0", "toBlock": "0xffffffffffffffff" }]),
        ),
        ("eth_getLogs", json!([{ "topics": [named] }])),
        ("eth_getLogs", json!([{ "topics": zeros }])),
        ("eth_getProof", json!([DEV, named, "latest"])),
        ("eth_getStorageAt", json!([DEV, long(1 << 20), "latest"])),
        (
            "eth_getTransactionByBlockHashAndIndex",
            json!([hash, "0xffffffffffffffff"]),
        ),
        (
            "eth_getTransactionByBlockNumberAndIndex",
            json!(["latest", "0xffffffffffffffff"]),
        ),
        ("eth_getTransactionByHash", json!([hash])),
        ("eth_getTransactionCount", json!([DEV, "pending"])),
        ("eth_getTransactionReceipt", json!([hash])),
        ("eth_getUncleCountByBlockHash", json!([hash])),
        ("eth_getUncleCountByBlockNumber", json!(["latest"])),
        ("eth_maxPriorityFeePerGas", zeros.clone()),
        ("eth_mining", zeros.clone()),
        ("eth_newBlockFilter", zeros.clone()),
        ("eth_newFilter", json!([{ "topics": [named] }])),
        ("eth_newPendingTransactionFilter", zeros.clone()),
        ("eth_protocolVersion", zeros.clone()),
        ("eth_sendRawTransaction", json!([long(3 << 20)])),
        (
            "eth_sendTransaction",
            json!([{ "from": DEV, "to": ENDLESS, "gas": "0x1e84800" }]),
        ),
        (
            "eth_sendTransaction",
            json!([{ "from": DEV, "to": LAVISH, "gas": "0x1e84800" }]),
        ),
        (
            "eth_sendTransaction",
            json!([{ "from": DEV, "data": long(3 << 20), "value": ether }]),
        ),
        ("eth_sign", json!([DEV, long(500_000)])),
        (
            "eth_signTransaction",
            json!([{ "from": DEV, "to": ENDLESS_EVM }]),
        ),
        ("eth_subscribe", json!(["logs", { "topics": [named] }])),
        ("eth_syncing", zeros.clone()),
        ("eth_uninstallFilter", json!(["0xffffffffffffffff"])),
        ("eth_unsubscribe", json!(["0x1"])),
        ("net_listening", zeros.clone()),
        ("net_peerCount", zeros.clone()),
        ("net_version", zeros.clone()),
        ("web3_clientVersion", zeros.clone()),
        ("web3_sha3", json!([long(20 << 20)])),
        ("debug_traceCall", json!([endless_evm, "latest", {}])),
        (
            "debug_traceCall",
            json!([{ "to": ENDLESS_EVM, "gas": "0xffffffffffffffff" }, "latest"]),
        ),
        (
            "debug_traceCall",
            json!([lavish, "latest", { "enableMemory": true }]),
        ),
        (
            "debug_traceCall",
            json!([lavish, "latest", { "tracer": "callTracer" }]),
        ),
        (
            "debug_traceCall",
            json!([{ "to": CHATTY }, "latest", { "tracer": "callTracer", "tracerConfig": { "withLog": true } }]),
        ),
        (
            "debug_traceCall",
            json!([asking, "latest", { "tracer": "stylusTracer" }]),
        ),
        ("debug_traceCall", json!([asking, "latest", {}])),
        (
            "debug_traceCall",
            json!([lavish, "latest", { "tracer": "prestateTracer", "tracerConfig": { "diffMode": true } }]),
        ),
        (
            "debug_traceCall",
            json!([endless, "latest", { "tracer": "stylusGasTracer", "tracerConfig": { "functions": true } }]),
        ),
        (
            "debug_traceCall",
            json!([endless, "latest", { "tracer": "stylusGasTracer", "tracerConfig": { "failures": true } }]),
        ),
        (
            "debug_traceCall",
            json!([endless, "latest", { "tracer": "stylusGasTracer", "tracerConfig": { "counts": true } }]),
        ),
        (
            "debug_traceCall",
            json!([lavish, "latest", { "tracer": "flatCallTracer" }]),
        ),
        (
            "debug_traceCall",
            json!([lavish, "latest", { "tracer": "muxTracer", "tracerConfig": { "callTracer": {}, "flatCallTracer": {}, "4byteTracer": {} } }]),
        ),
        (
            "debug_traceCall",
            json!([endless_evm, "latest", { "tracerConfig": zeros }]),
        ),
        (
            "debug_traceCall",
            json!([endless_evm, "latest", { "stateOverrides": many_overrides() }]),
        ),
        ("debug_traceTransaction", json!([hash, {}])),
        (
            "debug_traceTransaction",
            json!([hash, { "tracer": "callTracer", "tracerConfig": { "withLog": true } }]),
        ),
        ("txpool_content", json!([])),
        ("txpool_status", json!([])),
        ("rpc_modules", zeros.clone()),
        ("personal_sign", json!([long(500_000), DEV])),
        ("evm_increaseTime", json!(["0xffffffffffffffff"])),
        ("evm_mine", json!([])),
        ("evm_revert", json!(["0xffffffffffffffff"])),
        ("evm_setAutomine", json!([true])),
        ("evm_setNextBlockTimestamp", json!(["0xffffffffffffffff"])),
        ("evm_snapshot", json!([])),
        ("eth_requestAccounts", zeros.clone()),
        ("eth_networkId", zeros.clone()),
        ("eth_config", zeros.clone()),
        ("eth_hashrate", zeros.clone()),
        (
            "eth_fillTransaction",
            json!([{ "from": DEV, "to": ENDLESS_EVM }]),
        ),
        ("eth_getAccount", json!([ENDLESS, "latest"])),
        (
            "eth_simulateV1",
            json!([{ "blockStateCalls": vec![json!({}); 300] }, "latest"]),
        ),
        (
            "eth_simulateV1",
            json!([{ "blockStateCalls": [{ "calls": vec![json!({}); 400_000] }] }, "latest"]),
        ),
        (
            "eth_simulateV1",
            json!([{
                "blockStateCalls": [{
                    "blockOverrides": { "number": "0x100" },
                    "calls": vec![lavish.clone(); 1_000],
                }],
                "traceTransfers": true,
            }, "latest"]),
        ),
        ("eth_getAccountInfo", json!([ENDLESS, "latest"])),
        ("eth_getHeaderByHash", json!([hash])),
        ("eth_getHeaderByNumber", json!(["latest"])),
        ("eth_getRawTransactionByHash", json!([hash])),
        (
            "eth_getRawTransactionByBlockHashAndIndex",
            json!([hash, "0xffffffffffffffff"]),
        ),
        (
            "eth_getRawTransactionByBlockNumberAndIndex",
            json!(["latest", "0x0"]),
        ),
        ("eth_getStorageValues", json!([{ DEV: named }, "latest"])),
        (
            "eth_getTransactionBySenderAndNonce",
            json!([DEV, "0xffffffffffffffff"]),
        ),
        ("eth_getUncleByBlockHashAndIndex", json!([hash, "0x0"])),
        (
            "eth_getUncleByBlockNumberAndIndex",
            json!(["latest", zeros]),
        ),
        (
            "eth_sendRawTransactionSync",
            json!([long(3 << 20), "0xffffffffffffffff"]),
        ),
        (
            "eth_sendTransactionSync",
            json!([{ "from": DEV, "to": ENDLESS, "gas": "0x1e84800" }]),
        ),
        (
            "eth_sendUnsignedTransaction",
            json!([{ "from": DEV, "to": LAVISH, "gas": "0x1e84800" }]),
        ),
        ("eth_signTypedData_v4", typed_data()),
        ("eth_signTypedData_v3", typed_data()),
        ("eth_signTypedData", json!([DEV, zeros])),
        ("txpool_contentFrom", json!([DEV])),
        ("txpool_inspect", json!([])),
        ("debug_getRawBlock", json!(["latest"])),
        ("debug_getRawHeader", json!(["latest"])),
        ("debug_getRawReceipts", json!(["latest"])),
        ("debug_getRawTransaction", json!([hash])),
        ("debug_traceBlockByHash", json!([hash, {}])),
        (
            "debug_traceBlockByNumber",
            json!(["latest", { "enableMemory": true }]),
        ),
        ("trace_block", json!(["latest"])),
        (
            "trace_filter",
            json!([{ "fromBlock": "0x0", "toBlock": "0xffffffffffffffff", "count": 1_000_000 }]),
        ),
        ("trace_transaction", json!([hash])),
        ("ots_getApiLevel", zeros.clone()),
        ("ots_getBlockDetails", json!(["latest"])),
        ("ots_getBlockDetailsByHash", json!([hash])),
        (
            "ots_getBlockTransactions",
            json!(["latest", "0xffffffffffffffff", "0xffffffffffffffff"]),
        ),
        ("ots_getContractCreator", json!([ENDLESS])),
        ("ots_getInternalOperations", json!([hash])),
        (
            "ots_getTransactionBySenderAndNonce",
            json!([DEV, "0xffffffffffffffff"]),
        ),
        ("ots_getTransactionError", json!([hash])),
        ("ots_hasCode", json!([ENDLESS, "latest"])),
        (
            "ots_searchTransactionsAfter",
            json!([DEV, 0, "0xffffffffffffffff"]),
        ),
        (
            "ots_searchTransactionsBefore",
            json!([DEV, "0xffffffffffffffff", "0xffffffffffffffff"]),
        ),
        ("ots_traceTransaction", json!([hash])),
        ("anvil_addBalance", json!([DEV, U256::MAX])),
        ("anvil_dealERC20", json!([DEV, ENDLESS, U256::MAX])),
        ("anvil_dealERC20", json!([DEV, LAVISH, U256::MAX])),
        (
            "anvil_setERC20Allowance",
            json!([DEV, DEV, ENDLESS_EVM, U256::MAX]),
        ),
        ("anvil_dropTransaction", json!([hash])),
        ("anvil_dropAllTransactions", zeros.clone()),
        ("anvil_removePoolTransactions", json!([DEV])),
        ("anvil_getAutomine", zeros.clone()),
        ("anvil_getIntervalMining", zeros.clone()),
        ("anvil_setTime", json!(["0xffffffffffffffff"])),
        ("anvil_setTime", json!(["0x0"])),
        (
            "anvil_setBlockTimestampInterval",
            json!(["0xffffffffffffffff"]),
        ),
        ("anvil_removeBlockTimestampInterval", zeros.clone()),
        ("anvil_metadata", zeros.clone()),
        ("anvil_mine_detailed", json!([{ "blocks": 10_000 }])),
        ("anvil_setBlockGasLimit", json!(["0xffffffffffffffff"])),
        ("anvil_setCoinbase", json!([DEV])),
        ("anvil_setLoggingEnabled", json!([true])),
        ("anvil_setMinGasPrice", json!(["0x5f5e100"])),
        ("anvil_setNextBlockBaseFeePerGas", json!(["0x5f5e100"])),
        (
            "anvil_setPrevRandao",
            json!([format!("0x{}", "ff".repeat(32))]),
        ),
        ("anvil_setRpcUrl", zeros.clone()),
        ("anvil_setChainId", json!([412_346])),
        ("anvil_rollback", json!(["0x1"])),
        ("anvil_reorg", json!([1_000, []])),
        ("anvil_autoImpersonateAccount", json!([true])),
        ("anvil_dumpState", json!([])),
        ("anvil_impersonateAccount", json!([DEV])),
        ("anvil_loadState", json!([long(5 << 20)])),
        ("anvil_mine", json!(["0x2710", "0xffffffffffffff"])),
        ("anvil_nodeInfo", zeros.clone()),
        ("anvil_setBalance", json!([DEV, U256::MAX])),
        ("anvil_setCode", json!([DEV, long(10 << 20)])),
        ("anvil_setNonce", json!([ENDLESS, "0xffffffffffffffff"])),
        (
            "anvil_setStorageAt",
            json!([ENDLESS, U256::MAX, format!("0x{}", "ff".repeat(32))]),
        ),
        ("anvil_stopImpersonatingAccount", json!([DEV])),
        (
            "evm_setAccountNonce",
            json!([ENDLESS, "0xffffffffffffffff"]),
        ),
        // After these nothing is left.
        ("evm_setAutomine", json!([true])),
        ("anvil_setIntervalMining", json!(["0x0"])),
        ("anvil_reset", json!([])),
    ];
    // The same under their other names.
    let bare = |name: &'static str| name.split_once('_').map_or(name, |(_, bare)| bare);
    for name in methods() {
        let listed = list.iter().any(|(listed, _)| *listed == name);
        let same = list.iter().find(|(listed, _)| bare(listed) == bare(name));
        if let (false, Some((_, params))) = (listed, same) {
            list.push((name, params.clone()));
        }
    }
    list
}

/// The supported methods: those in the README, which a test compares with the table.
pub(crate) fn methods() -> Vec<&'static str> {
    let list = include_str!("../README.md").split("<!-- methods -->");
    let names = list.skip(1).take(1).flat_map(|list| list.split('`'));
    names.skip(1).step_by(2).collect()
}

/// Theorem: every method has an expensive request in the list, and none exceeds its limits.
#[test]
fn what_may_cost_much_does_not() {
    let limit = LIMIT.to_string();
    let mut devnet = Process::start(&["--request-timeout", &limit]);
    let mut connection = devnet.connect();
    let hash = prepare(&mut connection);
    let list = costly(&hash);
    for method in methods() {
        let is_listed = list.iter().any(|(listed, _)| *listed == method);
        assert!(is_listed, "{method} has no request in the list");
    }
    let before = devnet.memory().0;
    for (method, params) in &list {
        let body = request(method, params);
        let shown: String = body.chars().take(160).collect();
        let held = devnet.memory().0;
        devnet.forget_peak();
        let began = Instant::now();
        let answer = connection.exchange(&body);
        let took = began.elapsed();
        assert!(devnet.is_alive(), "{shown} ends the process");
        let answer = answer.unwrap_or_else(|error| panic!("{shown}: {error}"));
        assert!(!answer.contains("-32603"), "{shown}: {answer}");
        let patience = match *method {
            // A transaction runs until its gas is used, and a block until it is built.
            name if name.contains("send") || name.contains("mine") || name.contains("reorg") => {
                12 * LIMIT
            }
            _ => LIMIT,
        };
        let most = Duration::from_secs(patience) + SLACK;
        assert!(took < most, "{shown} takes {took:?}");
        let taken = devnet.memory().1.saturating_sub(held);
        assert!(taken < MEMORY + ANSWER, "{shown} takes {} MiB", taken >> 20);
    }
    // Whatever still runs for nobody stops, and its memory is returned.
    std::thread::sleep(Duration::from_secs(1));
    let after = devnet.memory().0;
    let kept = after.saturating_sub(before);
    assert!(kept < MEMORY, "{} MiB are not given back", kept >> 20);
    assert_eq!(connection.rpc("eth_chainId", &json!([])), json!("0x64aba"));
}

/// Theorem: while many calls and traces run endlessly, short requests are answered and transactions are mined.
#[test]
fn nobody_waits_behind_long_questions() {
    let devnet = Process::start(&["--request-timeout", "1"]);
    let mut connection = devnet.connect();
    prepare(&mut connection);
    let over = Arc::new(AtomicBool::new(false));
    let long: Vec<_> = (0..32)
        .map(|number| {
            let (mut client, over) = (devnet.connect(), over.clone());
            let (method, params) = match number % 4 {
                0 => ("eth_call", json!([{ "to": ENDLESS }])),
                1 => (
                    "debug_traceCall",
                    json!([{ "data": "0x5b600056" }, "latest"]),
                ),
                2 => ("eth_call", json!([{ "to": ASKING }])),
                _ => ("eth_estimateGas", json!([{ "to": LAVISH }])),
            };
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let (code, message) = client.ask(method, &params).unwrap_err();
                    assert_eq!(code, -32_000, "{message}");
                }
            })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let began = Instant::now();
        connection.rpc("eth_blockNumber", &json!([]));
        connection.rpc("eth_getBalance", &json!([DEV, "latest"]));
        slowest = slowest.max(began.elapsed());
        std::thread::sleep(Duration::from_millis(10));
    }
    let sent = json!([{ "from": DEV, "to": ENDLESS_EVM, "value": "0x0", "gas": "0x5300" }]);
    let hash = connection.rpc("eth_sendTransaction", &sent);
    let receipt = connection.rpc("eth_getTransactionReceipt", &json!([hash]));
    assert!(receipt["blockNumber"].is_string(), "{receipt}");
    over.store(true, Ordering::Relaxed);
    long.into_iter().for_each(|client| client.join().unwrap());
    assert!(
        slowest < Duration::from_secs(2),
        "two short questions take {slowest:?}"
    );
}

/// Theorem: a question stops when its client disconnects.
#[test]
fn nothing_runs_for_a_client_that_has_left() {
    let devnet = Process::start(&["--request-timeout", "0"]);
    let mut connection = devnet.connect();
    prepare(&mut connection);
    // More than run at once, none of which would end before its gas does.
    for _ in 0..64 {
        let mut client = devnet.connect();
        let call = json!([{ "to": ENDLESS, "gas": "0x2faf080" }]);
        client.send(&request("eth_call", &call)).unwrap();
    }
    let began = Instant::now();
    connection.rpc("eth_call", &json!([{ "to": DEV }]));
    assert!(began.elapsed() < Duration::from_secs(15));
}

/// A function with nested loops, each of which may repeat, over locals that each takes from the next.
fn entangled_loops(loops: usize, locals: usize) -> String {
    let shift = |local: usize| {
        let next = (local + 1) % locals;
        format!(
            "(local.set {} (i64.add (local.get {}) (i64.const 1)))",
            local + 1,
            next + 1
        )
    };
    let shifts: String = (0..locals).map(shift).collect();
    let ends = "(br_if 0 (local.get 0)) end ".repeat(loops);
    module(
        locals,
        &format!("{} {shifts} {ends}", "loop ".repeat(loops)),
    )
}

/// A function with branch tables of many targets, each of which changes a local.
fn entangled_tables(tables: usize, targets: usize, locals: usize) -> String {
    let blocks = 200;
    let list: String = (0..targets)
        .map(|target| format!("{} ", target * 7 % blocks))
        .collect();
    let table = format!("(br_table {list} 0 (local.get 0))");
    let land = |block: usize| {
        let local = 1 + block % locals;
        format!("end (local.set {local} (i64.add (local.get {local}) (i64.const 1)))")
    };
    let lands: String = (0..blocks).map(land).collect();
    let one = format!("{} {table} {lands}", "block ".repeat(blocks));
    module(locals, &one.repeat(tables))
}

fn module(locals: usize, body: &str) -> String {
    let locals = "i64 ".repeat(locals);
    format!(
        r#"(module (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) (local {locals}) {body} i32.const 0))"#
    )
}

/// Theorem: code that is hard for a compiler blocks nobody. It soon runs, compiled by the more careful compiler, or is refused with
/// a reason at activation; and a signal ends the process meanwhile.
#[test]
fn code_that_is_slow_to_compile() {
    let devnet = Process::start(&[]);
    let mut connection = devnet.connect();
    let mut place = |address: &str, wat: &str| {
        let code = stylus_vm::code::encode(&wat::parse_str(wat).unwrap());
        let code = json!([address, hex::encode_prefixed(code)]);
        connection.rpc("anvil_setCode", &code);
        let input = format!("0x58c780c2{:0>64}", &address[2..]);
        let value = "0xde0b6b3a7640000";
        let request = json!([{ "from": DEV, "to": ARB_WASM, "data": input, "value": value }]);
        connection.ask("eth_sendTransaction", &request)
    };
    let loops = "0x00000000000000000000000000000000000000f1";
    place(loops, &entangled_loops(1_000, 300)).unwrap();
    let tables = "0x00000000000000000000000000000000000000f2";
    place(tables, &entangled_tables(2, 10_000, 300)).unwrap();
    let error = place(loops, &entangled_tables(6, 12_000, 300)).unwrap_err();
    assert!(
        error.1.contains("compiling it here would take too long"),
        "{error:?}"
    );
    place(loops, &entangled_loops(1_000, 301)).unwrap();

    let began = Instant::now();
    let clients: Vec<_> = [loops, tables]
        .into_iter()
        .map(|to| {
            let mut client = devnet.connect();
            let request = json!([{ "from": DEV, "to": to, "gas": "0x1312d00" }]);
            std::thread::spawn(move || client.ask("eth_sendTransaction", &request))
        })
        .collect();
    let mut slowest = Duration::ZERO;
    while clients.iter().any(|client| !client.is_finished()) {
        let asked = Instant::now();
        connection.rpc("eth_blockNumber", &json!([]));
        connection.rpc("eth_call", &json!([{ "to": DEV }]));
        slowest = slowest.max(asked.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    for client in clients {
        client.join().unwrap().unwrap();
    }
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    assert!(began.elapsed() < Duration::from_secs(60));

    // During a compilation.
    let mut client = devnet.connect();
    let again = "0x00000000000000000000000000000000000000f3";
    let code = stylus_vm::code::encode(&wat::parse_str(entangled_tables(3, 9_000, 300)).unwrap());
    let code = json!([again, hex::encode_prefixed(code)]);
    connection.rpc("anvil_setCode", &code);
    activate(&mut connection, again);
    client
        .send(&request(
            "eth_sendTransaction",
            &json!([{ "from": DEV, "to": again, "gas": "0x1312d00" }]),
        ))
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let (status, took) = devnet.signal("TERM");
    assert!(
        status.success() && took < Duration::from_secs(10),
        "{took:?}"
    );
}
