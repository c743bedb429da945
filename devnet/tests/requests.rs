//! Requests in the forms of clients and explorers, and the error texts that these compare.

use alloy_consensus::TxEnvelope;
use alloy_dyn_abi::TypedData;
use alloy_primitives::{Address, B256, Bytes, Signature, U256, address, hex, keccak256};
use alloy_rlp::Decodable as _;
use serde_json::{Value, json};
use stylus_devnet::{Config, Event, Mining};

use crate::contracts::{echo, evm_forward, path, program};
use crate::process::Connection;
use crate::support::{Chain, DEV, config, quantity};

const FRIEND: Address = address!("0x00000000000000000000000000000000000000aa");

/// Ids of every kind are returned, and a notification is obeyed without an answer.
#[test]
fn ids_of_every_kind_come_back() {
    let chain = Chain::default();
    let mut connection = Connection::to(chain.handle.address());
    for id in ["1", "-1", "1.5", "18446744073709551616", "\"x\"", "null"] {
        let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"eth_chainId"}}"#);
        let answer = connection.exchange(&request).unwrap();
        let expected = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"0x64aba"}}"#);
        assert_eq!(answer, expected);
    }
    for (told, blocks) in [
        (r#"{"jsonrpc":"2.0","method":"evm_mine"}"#, "0x1"),
        (r#"[{"jsonrpc":"2.0","method":"evm_mine"}]"#, "0x2"),
        (r#"{"jsonrpc":"2.0","method":"nonsense"}"#, "0x2"),
    ] {
        assert_eq!(connection.exchange(told).unwrap(), "", "{told}");
        let number = connection.rpc("eth_blockNumber", &json!([]));
        assert_eq!(number, blocks, "{told}");
    }
}

#[test]
fn typed_data_is_signed() {
    let chain = Chain::default();
    let data = json!({
        "types": {
            "EIP712Domain": [{ "name": "name", "type": "string" }, { "name": "chainId", "type": "uint256" }],
            "Permit": [{ "name": "owner", "type": "address" }, { "name": "values", "type": "uint256[]" }],
        },
        "primaryType": "Permit",
        "domain": { "name": "Token", "chainId": 412_346 },
        "message": { "owner": FRIEND, "values": ["1", "0x2"] },
    });
    let typed: TypedData = serde_json::from_value(data.clone()).unwrap();
    let hash = typed.eip712_signing_hash().unwrap();
    let check = |method, data: &Value| {
        let signature: Bytes =
            serde_json::from_value(chain.rpc(method, json!([DEV, data]))).unwrap();
        let signature = Signature::from_raw(&signature).unwrap();
        assert_eq!(signature.recover_address_from_prehash(&hash).unwrap(), DEV);
    };
    check("eth_signTypedData_v4", &data);
    check("eth_signTypedData_v3", &json!(data.to_string()));
    check("eth_signTypedData", &data);
    let refused = chain
        .ask("eth_signTypedData_v4", json!([FRIEND, data]))
        .unwrap_err();
    assert!(
        refused.message.starts_with("unknown account"),
        "{}",
        refused.message
    );
}

#[test]
fn a_transaction_is_filled_and_its_receipt_waited_for() {
    let chain = Chain::start(Config {
        mining: Mining::Asked,
        ..config()
    });
    let list = json!([{ "address": FRIEND, "storageKeys": [B256::ZERO] }]);
    let request =
        json!({ "from": DEV, "to": FRIEND, "gasPrice": "0x3b9aca00", "accessList": list });
    let filled = chain.rpc("eth_fillTransaction", json!([request]));
    let tx = &filled["tx"];
    assert_eq!(
        (&tx["type"], &tx["nonce"], &tx["accessList"]),
        (&json!("0x1"), &json!("0x0"), &list)
    );
    assert_eq!(quantity(&tx["gas"]), 21_000 + 2_400 + 1_900);
    let refused = chain
        .ask("eth_sendTransactionSync", json!([request, 50]))
        .unwrap_err();
    assert_eq!(refused.code, 4);
    let hash = refused.data.unwrap();
    let url = chain.handle.url();
    let waits = std::thread::spawn(move || {
        let remote = crate::support::Remote::new(&url);
        remote.rpc(
            "eth_sendTransactionSync",
            json!([{ "from": DEV, "to": FRIEND }, 20_000]),
        )
    });
    while chain.rpc("txpool_status", json!([]))["pending"] != "0x2" {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    chain.rpc("evm_mine", json!([]));
    let receipt = waits.join().unwrap();
    assert_eq!(receipt["blockNumber"], "0x1");
    let first = chain.rpc("eth_getTransactionByHash", json!([hash]));
    assert_eq!(
        (&first["type"], &first["blockNumber"]),
        (&json!("0x1"), &json!("0x1"))
    );
    let block = chain.rpc("eth_getBlockByNumber", json!(["0x1", false]));
    assert_eq!(first["blockTimestamp"], block["timestamp"]);
}

/// Errors with the texts that clients recognise.
#[test]
fn errors_are_in_geths_words() {
    let chain = Chain::default();
    let check = |method, params: Value, expected: &str| {
        let message = chain.ask(method, params.clone()).unwrap_err().message;
        assert!(
            message.starts_with(expected),
            "{method} {params}: {message}"
        );
    };
    let of = |more: Value| {
        let mut request = json!({ "from": DEV, "to": FRIEND });
        let fields = request.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        json!([request])
    };
    let above = json!({ "maxFeePerGas": "0x3b9aca00", "maxPriorityFeePerGas": "0x77359400" });
    let words = "max priority fee per gas higher than max fee per gas: address 0x";
    for method in ["eth_call", "eth_estimateGas", "eth_sendTransaction"] {
        check(method, of(above.clone()), words);
        check(
            method,
            of(json!({ "chainId": "0x1" })),
            "chainId does not match node's (have=1, want=412346)",
        );
    }
    let both = json!({ "gasPrice": "0x1", "maxFeePerGas": "0x1" });
    check(
        "eth_call",
        of(both),
        "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
    );
    check(
        "eth_estimateGas",
        of(json!({ "gas": "0x5208", "data": "0x01" })),
        "gas required exceeds allowance (",
    );
    check(
        "eth_sendTransaction",
        of(json!({ "gas": "0x5207" })),
        "intrinsic gas too low",
    );
    check(
        "eth_newFilter",
        json!([{ "fromBlock": "0x2", "toBlock": "0x1" }]),
        "invalid block range params",
    );
    check(
        "eth_getLogs",
        json!([{ "fromBlock": "0x2", "toBlock": "0x1" }]),
        "invalid block range params",
    );
    // A mined transaction's nonce is used.
    let sent = chain.send(json!({ "to": FRIEND }));
    let raw = chain.rpc("eth_getRawTransactionByHash", json!([sent.hash]));
    check(
        "eth_sendRawTransaction",
        json!([raw]),
        "nonce too low: address 0x",
    );
}

/// A fee history names what geth's does.
#[test]
fn a_fee_history_has_geths_form() {
    let chain = Chain::default();
    chain.rpc("evm_mine", json!([]));
    let check = |count: u64, percentiles: Value, expected: &Value| {
        let params = json!([format!("{count:#x}"), "latest", percentiles]);
        assert_eq!(chain.rpc("eth_feeHistory", params), *expected);
    };
    let nothing = json!({ "oldestBlock": "0x0", "gasUsedRatio": null });
    check(0, json!([]), &nothing);
    check(0, json!([50]), &nothing);
    let fee = "0x5f5e100";
    let mut one =
        json!({ "oldestBlock": "0x1", "baseFeePerGas": [fee, fee], "gasUsedRatio": [0.0] });
    check(1, json!([]), &one);
    check(1, Value::Null, &one);
    one["reward"] = json!([["0x0", "0x0"]]);
    check(1, json!([10, 50]), &one);
}

/// To clients, a trap is the same as on chain: a revert without data. The log and the trace give the reason.
#[test]
fn a_trap_is_a_plain_revert() {
    let (sender, told) = std::sync::mpsc::channel();
    let chain = Chain::start_with(config(), move |event| {
        if let Event::Refused(reason) = event {
            sender.send(reason).unwrap();
        }
    });
    let trap = chain.program(&program("(unreachable)"));
    for method in ["eth_call", "eth_estimateGas"] {
        let refused = chain.ask(method, json!([{ "to": trap }])).unwrap_err();
        let expected = (3, "execution reverted", Some(json!("0x")));
        assert_eq!((refused.code, &*refused.message, refused.data), expected);
        let reason = told.recv().unwrap();
        assert!(reason.contains("the program failed"), "{reason}");
    }
    let trace = chain.rpc(
        "debug_traceCall",
        json!([{ "to": trap }, "latest", { "tracer": "callTracer" }]),
    );
    assert_eq!(trace["error"], "execution reverted");
    let reason = trace["revertReason"].as_str().unwrap();
    assert!(reason.contains("the program failed"), "{reason}");
}

#[test]
fn overrides_are_nitros() {
    let chain = Chain::default();
    let word = |request: Value, state: Value, block: Value| {
        let output = chain.rpc("eth_call", json!([request, "latest", state, block]));
        let bytes: Bytes = serde_json::from_value(output).unwrap();
        U256::from_be_slice(&bytes)
    };
    // Returns one word: PREVRANDAO, or 5.
    let random = chain.deploy(&hex!("445f5260205ff3"));
    let five = "0x60055f5260205ff3";
    let block = json!({ "prevRandao": B256::with_last_byte(9), "gasLimit": "0x7a120" });
    assert_eq!(word(json!({ "to": random }), json!({}), block), U256::ONE);
    let block = json!({ "difficulty": "0x9" });
    assert_eq!(
        word(json!({ "to": random }), json!({}), block),
        U256::from(9)
    );
    for precompile in [
        "0x0000000000000000000000000000000000000001",
        "0x0000000000000000000000000000000000000064",
    ] {
        let state = json!({ precompile: { "code": five } });
        assert_eq!(
            word(json!({ "to": precompile }), state, json!({})),
            U256::from(5)
        );
    }
    let moved = json!({ "0x0000000000000000000000000000000000000064": { "movePrecompileToAddress": FRIEND } });
    let version = hex::encode_prefixed(&keccak256("arbOSVersion()")[..4]);
    let call = json!({ "to": FRIEND, "data": version });
    assert_eq!(word(call, moved, json!({})), U256::from(55 + 61));
}

/// A delegation to one of Arbitrum's precompiles has no code to run (EIP-7702).
#[test]
fn a_delegation_to_a_precompile_does_nothing() {
    let chain = Chain::default();
    let delegation = format!("0xef0100{:040x}", 0x64);
    chain.rpc("anvil_setCode", json!([FRIEND, delegation]));
    let sent = chain.send(json!({ "to": FRIEND, "value": "0x1", "gas": "0x186a0" }));
    assert!(sent.is_success(), "{:?}", sent.receipt);
    let caller = chain.deploy(&evm_forward());
    let input = hex::encode_prefixed(path(&[FRIEND], &[1]));
    assert_eq!(
        chain.rpc("eth_call", json!([{ "to": caller, "data": input }])),
        "0x"
    );
}

#[test]
fn blocks_are_simulated() {
    let chain = Chain::default();
    let echo = chain.program(&echo());
    let transfer = json!({ "from": DEV, "to": FRIEND, "value": "0x5" });
    let request = json!([{
        "blockStateCalls": [
            { "calls": [transfer, { "to": echo, "data": "0x0102" }] },
            {
                "blockOverrides": { "time": "0xffffffff" },
                "stateOverrides": { FRIEND.to_string(): { "code": "0x5f5ffd" } },
                "calls": [{ "to": FRIEND }, { "to": FRIEND, "data": "0x", "gas": "0x5208" }],
            },
        ],
        "traceTransfers": true,
        "returnFullTransactions": true,
    }, "latest"]);
    let blocks = chain.rpc("eth_simulateV1", request);
    let (first, second) = (&blocks[0], &blocks[1]);
    assert_eq!(second["parentHash"], first["hash"]);
    assert_eq!(second["timestamp"], "0xffffffff");
    assert_eq!(first["transactions"][0]["from"], json!(DEV));
    let calls = &first["calls"];
    assert_eq!(
        (&calls[0]["status"], &calls[1]["returnData"]),
        (&json!("0x1"), &json!("0x0102"))
    );
    let log = &calls[0]["logs"][0];
    assert_eq!(log["address"], "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
    assert_eq!(log["transactionHash"], first["transactions"][0]["hash"]);
    let failed = &second["calls"][0];
    assert_eq!(
        (&failed["status"], &failed["error"]["message"]),
        (&json!("0x0"), &json!("execution reverted"))
    );
    assert_eq!(second["calls"][1]["error"]["code"], -32_015);
    assert_eq!(
        chain.rpc("eth_getBalance", json!([FRIEND, "latest"])),
        "0x0"
    );
    // A block's second call of a program starts it for less, as in a block that is mined.
    let call = json!({ "from": DEV, "to": echo, "data": "0x01", "gas": "0x100000" });
    let twice = json!({ "calls": [call, call] });
    let request = json!([{ "blockStateCalls": [twice, twice] }, "latest"]);
    let blocks = chain.rpc("eth_simulateV1", request);
    chain.rpc("evm_setAutomine", json!([false]));
    let sent = [(), ()].map(|()| chain.rpc("eth_sendTransaction", json!([call])));
    chain.rpc("evm_mine", json!([]));
    for (place, hash) in sent.iter().enumerate() {
        let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash]));
        for block in [0, 1] {
            let simulated = &blocks[block]["calls"][place];
            assert_eq!(simulated["gasUsed"], receipt["gasUsed"], "{block} {place}");
        }
    }
    let refused = json!([{ "blockStateCalls": [{ "calls": [{ "from": FRIEND, "gasPrice": "0x3b9aca00" }] }], "validation": true }]);
    assert_eq!(
        chain.ask("eth_simulateV1", refused).unwrap_err().code,
        -38_014
    );
}

#[test]
fn blocks_are_traced_and_shown_raw() {
    let chain = Chain::default();
    chain.rpc("evm_setAutomine", json!([false]));
    let hashes: Vec<Value> = (0..3)
        .map(|value| {
            let value = format!("{value:#x}");
            chain.rpc(
                "eth_sendTransaction",
                json!([{ "from": DEV, "to": FRIEND, "value": value, "gas": "0x5208" }]),
            )
        })
        .collect();
    chain.rpc("evm_mine", json!([]));
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false]));
    let options = json!({ "tracer": "callTracer" });
    let traced = chain.rpc("debug_traceBlockByNumber", json!(["latest", options]));
    assert_eq!(
        traced,
        chain.rpc("debug_traceBlockByHash", json!([block["hash"], options]))
    );
    for (index, hash) in hashes.iter().enumerate() {
        assert_eq!(traced[index]["txHash"], *hash);
        let alone = chain.rpc("debug_traceTransaction", json!([hash, options]));
        assert_eq!(traced[index]["result"], alone);
        let raw = chain.rpc("debug_getRawTransaction", json!([hash]));
        assert_eq!(json!(keccak256(bytes(&raw))), *hash);
        let place = json!(["latest", format!("{index:#x}")]);
        assert_eq!(
            chain.rpc("eth_getRawTransactionByBlockNumberAndIndex", place),
            raw
        );
    }
    let header = chain.rpc("debug_getRawHeader", json!(["latest"]));
    assert_eq!(json!(keccak256(bytes(&header))), block["hash"]);
    let raw = bytes(&chain.rpc("debug_getRawBlock", json!(["latest"])));
    let decoded = alloy_consensus::Block::<TxEnvelope>::decode(&mut &raw[..]).unwrap();
    assert_eq!(json!(decoded.header.hash_slow()), block["hash"]);
    assert_eq!(decoded.body.transactions.len(), 3);
    for block in ["0x0", "latest"] {
        let raw = bytes(&chain.rpc("debug_getRawBlock", json!([block])));
        let shown = chain.rpc("eth_getBlockByNumber", json!([block, false]));
        assert_eq!(quantity(&shown["size"]), raw.len() as u64, "block {block}");
    }
    let receipts = chain.rpc("debug_getRawReceipts", json!(["latest"]));
    assert_eq!(receipts.as_array().unwrap().len(), 3);
    let shown = chain.rpc("eth_getHeaderByNumber", json!(["latest"]));
    assert_eq!(shown["hash"], block["hash"]);
    assert_eq!(
        chain.rpc(
            "eth_getUncleByBlockNumberAndIndex",
            json!(["latest", "0x0"])
        ),
        Value::Null
    );
}

fn bytes(value: &Value) -> Bytes {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn explorers_are_told() {
    let chain = Chain::default();
    let (inner, outer) = (chain.program(&echo()), chain.deploy(&evm_forward()));
    let input = hex::encode_prefixed(path(&[inner], &[1]));
    let mined = chain.send(json!({ "to": outer, "data": input }));
    let frames = chain.rpc("trace_transaction", json!([mined.hash]));
    let addresses: Vec<&Value> = frames
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["traceAddress"])
        .collect();
    assert_eq!(addresses, [&json!([]), &json!([0])]);
    assert_eq!(frames[1]["action"]["to"], json!(inner));
    let number = mined.receipt["blockNumber"].clone();
    assert_eq!(chain.rpc("trace_block", json!([number])), frames);
    let to_inner = json!([{ "fromBlock": number, "toBlock": number, "toAddress": [inner] }]);
    assert_eq!(chain.rpc("trace_filter", to_inner), json!([frames[1]]));
    for (from, to, found) in [
        // The other one is its creation.
        ("earliest", "latest", 2),
        ("finalized", "pending", 1),
        ("earliest", "0x0", 0),
    ] {
        let filter = json!([{ "fromBlock": from, "toBlock": to, "toAddress": [inner] }]);
        let frames = chain.rpc("trace_filter", filter);
        assert_eq!(frames.as_array().unwrap().len(), found, "{from} to {to}");
    }
    for range in [
        json!({}),
        json!({ "fromBlock": null }),
        json!({ "toBlock": "latest" }),
    ] {
        let mut filter = range.clone();
        filter["toAddress"] = json!([inner]);
        let frames = chain.rpc("trace_filter", json!([filter]));
        assert_eq!(frames.as_array().unwrap().len(), 2, "{range}");
    }
    let unknown = chain.ask("trace_filter", json!([{ "fromBlock": "newest" }]));
    assert!(
        unknown
            .unwrap_err()
            .message
            .starts_with("invalid parameter 1, filter: ")
    );

    let creator = chain.rpc("ots_getContractCreator", json!([outer]));
    let creation = chain.rpc("eth_getTransactionByHash", json!([creator["hash"]]));
    assert_eq!(
        (&creator["creator"], &creation["to"]),
        (&json!(DEV), &Value::Null)
    );
    let page = chain.rpc("ots_searchTransactionsBefore", json!([outer, 0, 10]));
    let found: Vec<&Value> = page["txs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tx| &tx["hash"])
        .collect();
    assert_eq!(found, [&json!(mined.hash), &creator["hash"]]);
    let entries = chain.rpc("ots_traceTransaction", json!([mined.hash]));
    assert_eq!(
        (&entries[1]["depth"], &entries[1]["to"]),
        (&json!(1), &json!(inner))
    );
    let details = chain.rpc("ots_getBlockDetails", json!([number]));
    assert_eq!(quantity(&details["totalFees"]), mined.gas() * 100_000_000);
    let block = chain.rpc("ots_getBlockTransactions", json!([number, 0, 5]));
    assert_eq!(
        block["fullblock"]["transactions"][0]["input"]
            .as_str()
            .unwrap()
            .len(),
        10
    );
}

/// A proof's account has the account's values; the crate's own tests check the nodes.
#[test]
fn accounts_are_proven() {
    let chain = Chain::default();
    chain.rpc(
        "anvil_setStorageAt",
        json!([FRIEND, "0x7", B256::with_last_byte(9)]),
    );
    let proof = chain.rpc(
        "eth_getProof",
        json!([FRIEND, ["0x7", B256::ZERO], "latest"]),
    );
    let slots = &proof["storageProof"];
    assert_eq!(
        (&slots[0]["key"], &slots[0]["value"]),
        (&json!("0x7"), &json!("0x9"))
    );
    let root = keccak256(bytes(&slots[0]["proof"][0]));
    assert_eq!(proof["storageHash"], json!(root));
    let account = chain.rpc("eth_getAccount", json!([FRIEND, "latest"]));
    assert_eq!(account["storageRoot"], json!(root));
    assert!(!proof["accountProof"].as_array().unwrap().is_empty());
    let info = chain.rpc("eth_getAccountInfo", json!([DEV, "latest"]));
    assert_eq!(info["code"], "0x");
    let values = chain.rpc(
        "eth_getStorageValues",
        json!([{ FRIEND.to_string(): ["0x7"] }, "latest"]),
    );
    assert_eq!(
        values[format!("{FRIEND:#x}")],
        json!([B256::with_last_byte(9)])
    );
}
