//! Forks: chains that continue another chain, from a node or from a recording.
//!
//! Lives here: what a fork answers, what it does on top, how it is kept. In the folder: a history to fork (`history`), nodes that fail
//! (`faults`), blocks without them (`outages`), recordings (`recordings`), messages from L1 (`messages`), transactions that are executed
//! again (`replays`).

mod faults;
pub(crate) mod history;
mod messages;
mod outages;
mod recordings;
mod replays;

use std::time::Duration;

use alloy_primitives::{Address, B256, U256, address};
use serde_json::{Value, json};
use stylus_devnet::{Config, Devnet, Fork, StartError};

use crate::fork::history::History;
use crate::support::{Chain, config, quantity};

/// Settings for a fork of a node at a block. Nothing is cached on this machine.
pub(crate) fn forking(url: &str, block: u64) -> Config {
    Config {
        fork: Some(Fork {
            cache: None,
            retries: 0,
            timeout: Duration::from_secs(20),
            ..Fork::url(url).at(block)
        }),
        ..config()
    }
}

/// A fork of a chain at a block.
pub(crate) fn fork(origin: &Chain, block: u64) -> Chain {
    Chain::start(forking(&origin.handle.url(), block))
}

/// Sends a request to both, which have to answer the same.
fn same(origin: &Chain, fork: &Chain, method: &'static str, params: Value) -> Value {
    let (there, here) = (
        origin.ask(method, params.clone()),
        fork.ask(method, params.clone()),
    );
    assert_eq!(here, there, "{method} {params}");
    there.unwrap_or_default()
}

/// Theorem: about blocks up to where it begins, a fork answers every request as the original does.
#[test]
fn the_past_is_the_originals() {
    let history = History::new(66);
    let origin = &history.chain;
    let head = history.head();
    let at = head * 2 / 3;
    let fork = fork(origin, at);
    assert_eq!(quantity(&fork.rpc("eth_blockNumber", json!([]))), at);
    let same = |method, params| same(origin, &fork, method, params);

    for number in [0, at / 2, at - 1, at] {
        let tag = format!("{number:#x}");
        for account in history.accounts() {
            same("eth_getBalance", json!([account, tag]));
            same("eth_getTransactionCount", json!([account, tag]));
            same("eth_getCode", json!([account, tag]));
            for slot in 0..2 {
                same(
                    "eth_getStorageAt",
                    json!([account, format!("{slot:#x}"), tag]),
                );
            }
        }
        for contract in history.contracts() {
            let call = json!({ "to": contract, "input": B256::with_last_byte(9) });
            same("eth_call", json!([call, tag]));
            same("eth_estimateGas", json!([call, tag]));
            same("eth_createAccessList", json!([call, tag]));
        }
    }
    let mut transactions = Vec::new();
    for number in 0..=at {
        let tag = format!("{number:#x}");
        let block = same("eth_getBlockByNumber", json!([tag, true]));
        same("eth_getBlockByHash", json!([block["hash"], false]));
        same("eth_getBlockReceipts", json!([tag]));
        same("eth_getHeaderByNumber", json!([tag]));
        same("eth_getBlockTransactionCountByHash", json!([block["hash"]]));
        let hashes = block["transactions"].as_array().unwrap();
        transactions.extend(hashes.iter().map(|transaction| transaction["hash"].clone()));
    }
    for hash in &transactions {
        same("eth_getTransactionByHash", json!([hash]));
        same("eth_getTransactionReceipt", json!([hash]));
        same("eth_getRawTransactionByHash", json!([hash]));
    }
    for hash in transactions.iter().rev().take(12) {
        let tracer = json!({ "tracer": "callTracer" });
        same("debug_traceTransaction", json!([hash, tracer]));
        same("trace_transaction", json!([hash]));
    }
    let at = format!("{at:#x}");
    for (from, to) in [
        ("0x0", at.as_str()),
        ("0x5", "0x20"),
        ("earliest", "0x9"),
        (&at, &at),
    ] {
        let logs = json!({ "fromBlock": from, "toBlock": to });
        same("eth_getLogs", json!([logs]));
    }
    let named = json!({ "fromBlock": "0x0", "toBlock": at, "address": history.contracts()[0] });
    assert!(
        !same("eth_getLogs", json!([named]))
            .as_array()
            .unwrap()
            .is_empty()
    );
    same("eth_feeHistory", json!(["0x8", at, [10.0]]));
    same("eth_getProof", json!([history.contracts()[0], ["0x0"], at]));
    let traces = same(
        "trace_filter",
        json!([{ "fromBlock": "0x1", "toBlock": at }]),
    );
    // Nothing is on top yet, so these end where the fork begins, too, and not where the original is now.
    for range in [
        json!({ "fromBlock": "0x1" }),
        json!({ "fromBlock": "0x1", "toBlock": "latest" }),
    ] {
        assert_eq!(fork.rpc("trace_filter", json!([range])), traces, "{range}");
    }

    // What happened there later has not happened here.
    let later = origin.rpc("eth_getBlockByNumber", json!([format!("{head:#x}"), false]));
    let transaction = &later["transactions"][0];
    for (method, params) in [
        ("eth_getBlockByHash", json!([later["hash"], false])),
        ("eth_getBlockByNumber", json!([later["number"], false])),
        ("eth_getTransactionByHash", json!([transaction])),
        ("eth_getTransactionReceipt", json!([transaction])),
    ] {
        assert_eq!(fork.rpc(method, params), Value::Null, "{method}");
    }
}

/// Theorem: a fork that gets the same transactions as the original makes the same blocks, down to the hash, and so the same receipts.
#[test]
fn the_future_is_the_originals_if_the_same_happens() {
    let history = History::new(220);
    let origin = &history.chain;
    for at in [history.begun(), history.head() / 2] {
        let fork = fork(origin, at);
        let mut kinds = 0;
        for number in at + 1..=history.head() {
            let tag = format!("{number:#x}");
            let there = origin.rpc("eth_getBlockByNumber", json!([tag, false]));
            let raw = origin.rpc(
                "eth_getRawTransactionByBlockNumberAndIndex",
                json!([tag, "0x0"]),
            );
            fork.rpc("eth_sendRawTransaction", json!([raw]));
            let here = fork.rpc("eth_getBlockByNumber", json!([tag, false]));
            let receipts = |chain: &Chain| chain.rpc("eth_getBlockReceipts", json!([tag]));
            assert_eq!(receipts(&fork), receipts(origin), "block {number}");
            assert_eq!(here, there, "block {number}");
            kinds += 1;
        }
        assert!(kinds >= 100);
        // Across the border, everything is a single list.
        let whole = json!([{ "fromBlock": "0x0", "toBlock": "latest" }]);
        same(origin, &fork, "eth_getLogs", whole);
        let fees = json!([format!("{:#x}", history.head() - at + 5), "latest", [50.0]]);
        same(origin, &fork, "eth_feeHistory", fees);
        for account in history.accounts() {
            same(origin, &fork, "eth_getBalance", json!([account, "latest"]));
        }
    }
}

const SOMEBODY: Address = address!("0x00000000000000000000000000000000005eb0d7");

/// What happens on a fork affects only the fork, and can be undone.
#[test]
fn a_fork_is_a_chain_of_its_own() {
    let history = History::new(22);
    let origin = &history.chain;
    let counter = history.counter();
    let fork = fork(origin, history.head());
    let count = |chain: &Chain| chain.word(counter, &[]);
    let (before, there) = (count(&fork), count(origin));
    assert_eq!(before, there);

    let snapshot = fork.rpc("evm_snapshot", json!([]));
    fork.rpc("anvil_impersonateAccount", json!([SOMEBODY]));
    fork.rpc("anvil_setBalance", json!([SOMEBODY, "0xde0b6b3a7640000"]));
    let sent = fork.send(json!({ "from": SOMEBODY, "to": counter }));
    assert!(sent.is_success());
    fork.rpc(
        "anvil_setStorageAt",
        json!([counter, "0x7", B256::repeat_byte(1)]),
    );
    fork.rpc("anvil_setCode", json!([history.contracts()[2], "0x00"]));
    assert_eq!((count(&fork), count(origin)), (before + U256::ONE, there));
    assert_eq!(fork.rpc("evm_revert", json!([snapshot])), json!(true));
    assert_eq!(count(&fork), before);
    let slot = |chain: &Chain| chain.rpc("eth_getStorageAt", json!([counter, "0x7", "latest"]));
    assert_eq!(slot(&fork), slot(origin));
    let code = |chain: &Chain| chain.rpc("eth_getCode", json!([history.contracts()[2], "latest"]));
    assert_eq!(code(&fork), code(origin));

    // An override changes one slot and keeps the others beneath, or hides all of them.
    let overridden = |with: Value| {
        let request = json!([{ "to": counter }, "latest", { counter.to_string(): with }]);
        let output: U256 = serde_json::from_value(fork.rpc("eth_call", request)).unwrap();
        output
    };
    let word = |value: u64| B256::from(U256::from(value));
    assert_eq!(
        overridden(json!({ "stateDiff": { word(0).to_string(): word(40) } })),
        U256::from(41)
    );
    assert_eq!(
        overridden(json!({ "stateDiff": { word(5).to_string(): word(40) } })),
        before
    );
    assert_eq!(
        overridden(json!({ "state": { word(5).to_string(): word(40) } })),
        U256::ONE
    );

    // A rollback goes back to where the fork begins, and no further.
    fork.rpc("evm_mine", json!([]));
    fork.rpc("anvil_rollback", json!(["0x1"]));
    assert_eq!(
        quantity(&fork.rpc("eth_blockNumber", json!([]))),
        history.head()
    );
    let refusal = fork.ask("anvil_rollback", json!(["0x1"])).unwrap_err();
    assert!(
        refusal.message.contains("belongs to the forked chain"),
        "{}",
        refusal.message
    );
    let refusal = fork.ask("eth_getProof", json!([counter, [], "latest"]));
    fork.rpc("evm_mine", json!([]));
    assert!(
        refusal.is_ok(),
        "the block that it begins at is proven by its node"
    );
    let refusal = fork
        .ask("eth_getProof", json!([counter, [], "latest"]))
        .unwrap_err();
    assert!(
        refusal.message.contains("does not have the whole state"),
        "{}",
        refusal.message
    );
    let info = fork.rpc("anvil_nodeInfo", json!([]));
    assert_eq!(info["forkConfig"]["forkBlockNumber"], json!(history.head()));
}

/// A new program interacts with live contracts: it is deployed and activated on a fork, and calls them.
#[test]
fn a_new_program_calls_what_is_deployed() {
    let history = History::new(11);
    let fork = fork(&history.chain, history.head());
    let forward = fork.program(&crate::contracts::forward("call"));
    let input = crate::contracts::path(&[history.counter()], &[]);
    let before = history.chain.word(history.counter(), &[]);
    assert_eq!(fork.word(forward, &input), before);
    assert!(
        fork.send(json!({ "to": forward, "data": alloy_primitives::hex::encode_prefixed(&input) }))
            .is_success()
    );
    assert_eq!(fork.word(history.counter(), &[]), before + U256::ONE);
}

#[test]
fn anvil_reset_begins_another_fork_or_none() {
    let history = History::new(22);
    let origin = &history.chain;
    let (url, head) = (origin.handle.url(), history.head());
    let chain = Chain::start(config());
    let number = || quantity(&chain.rpc("eth_blockNumber", json!([])));
    let fork = |options: Value| chain.ask("anvil_reset", json!([{ "forking": options }]));

    let refusal = fork(json!({ "blockNumber": 3 })).unwrap_err();
    assert!(
        refusal.message.contains("name the node"),
        "{}",
        refusal.message
    );
    fork(json!({ "jsonRpcUrl": url })).unwrap();
    assert_eq!(number(), head);
    same(
        origin,
        &chain,
        "eth_getBlockByNumber",
        json!(["latest", true]),
    );
    fork(json!({ "blockNumber": 3 })).unwrap();
    assert_eq!(number(), 3);
    chain.rpc("evm_mine", json!([]));
    // A failed reset leaves the chain as it is.
    let refusal = fork(json!({ "blockNumber": head + 100 })).unwrap_err();
    assert!(
        refusal.message.contains("has no block"),
        "{}",
        refusal.message
    );
    assert_eq!(number(), 4);
    chain.rpc("anvil_reset", json!([]));
    assert_eq!(number(), 0);
    assert_eq!(
        chain.rpc("eth_getCode", json!([history.counter(), "latest"])),
        json!("0x")
    );
}

/// What is on top of a fork is kept in a file; what is beneath is fetched again.
#[test]
fn a_fork_is_kept() {
    let history = History::new(22);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fork.state");
    let url = history.chain.handle.url();
    let kept = |fork: Option<Fork>| Config {
        fork: fork.map(|fork| Fork {
            cache: None,
            ..fork
        }),
        state: Some(file.clone()),
        ..config()
    };
    let counter = history.counter();
    let at = history.head() - 5;
    let before = {
        let chain = Chain::start(kept(Some(Fork::url(&url).at(at))));
        let snapshot = chain.rpc("evm_snapshot", json!([]));
        chain.rpc("anvil_setStorageAt", json!([counter, "0x0", B256::ZERO]));
        chain.rpc("anvil_setStorageAt", json!([counter, "0x9", B256::ZERO]));
        chain.rpc("evm_revert", json!([snapshot]));
        chain.send(json!({ "to": counter }));
        let deployed = chain.deploy(&[0x5f, 0x5f, 0xf3]);
        // Cleared here, and set beneath.
        chain.rpc(
            "anvil_setStorageAt",
            json!([history.contracts()[0], "0x0", B256::ZERO]),
        );
        let head = chain.rpc("eth_getBlockByNumber", json!(["latest", true]));
        (chain.word(counter, &[]), head, deployed)
    };
    // The block need not be named again.
    let chain = Chain::start(kept(Some(Fork::url(&url))));
    assert_eq!(chain.word(counter, &[]), before.0);
    assert_eq!(
        chain.rpc("eth_getBlockByNumber", json!(["latest", true])),
        before.1
    );
    assert_eq!(
        chain.rpc("eth_getCode", json!([before.2, "latest"])),
        json!("0x5f5ff3")
    );
    let cleared = json!([history.contracts()[0], "0x0", "latest"]);
    assert_eq!(chain.rpc("eth_getStorageAt", cleared), json!(B256::ZERO));
    same(
        &history.chain,
        &chain,
        "eth_getBlockByNumber",
        json!(["0x2", true]),
    );
    drop(chain);

    let check = |fork: Option<Fork>, expected: &str| {
        let error = Devnet::start(kept(fork)).unwrap_err();
        assert!(matches!(error, StartError::State { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(None, &format!("it belongs to a fork of block {at}"));
    check(
        Some(Fork::url(&url).at(at - 1)),
        &format!("it belongs to a fork of block {at}"),
    );
}

/// An account becomes an owner on request; otherwise the chain's own owners stay the only ones.
#[test]
fn an_owner_is_made_on_request() {
    let history = History::new(1);
    let url = history.chain.handle.url();
    let owner = |chain: &Chain| {
        let input = [
            &alloy_primitives::hex!("26ef7f68")[..],
            SOMEBODY.into_word().as_slice(),
        ]
        .concat();
        chain.word(
            address!("0x000000000000000000000000000000000000006b"),
            &input,
        )
    };
    let plain = Chain::start(forking(&url, history.head()));
    let owned = Chain::start(Config {
        chain_owner: Some(SOMEBODY),
        ..forking(&url, history.head())
    });
    assert_eq!((owner(&plain), owner(&owned)), (U256::ZERO, U256::ONE));
}

/// A chain that keeps hashes of L1 blocks, as Nitro's do, keeps doing so on a fork, and its contracts see them.
#[test]
fn hashes_of_l1_blocks_go_on() {
    let origin = Chain::start(config());
    let arbos = address!("0xA4B05FffffFffFFFFfFFfffFfffFFfffFfFfFFFF");
    let number = "0x3c79da47f96b0f39664f73c0a1f350580be90742947dddfa21ba64d578dfe600";
    // BLOCKHASH of the block before NUMBER.
    let last = origin.deploy(&alloy_primitives::hex!("60014303405f5260205ff3"));
    let l1 =
        quantity(&origin.rpc("eth_getBlockByNumber", json!(["latest", false]))["l1BlockNumber"]);
    origin.rpc(
        "anvil_setStorageAt",
        json!([arbos, number, B256::from(U256::from(l1))]),
    );
    origin.rpc("evm_mine", json!([]));
    let check = |chain: &Chain| {
        chain.rpc("evm_mine", json!([]));
        let head = chain.rpc("eth_getBlockByNumber", json!(["latest", false]));
        let seen = chain.call(last, &[]).unwrap();
        assert_eq!(
            json!(alloy_primitives::hex::encode_prefixed(seen)),
            head["parentHash"]
        );
    };
    check(&origin);
    let fork = fork(&origin, quantity(&origin.rpc("eth_blockNumber", json!([]))));
    check(&fork);
    check(&origin);
    let latest = |chain: &Chain| chain.rpc("eth_getBlockByNumber", json!(["latest", false]));
    assert_eq!(latest(&fork), latest(&origin));
}

/// A chain whose rules are not supported is refused, and the error says so.
#[test]
fn a_chain_of_unknown_rules_is_refused() {
    let origin = Chain::start(config());
    let version = "0x15fed0451499512d95f3ec5a41c878b9de55f21878b5b4e190d4667ec709b400";
    let arbos = address!("0xA4B05FffffFffFFFFfFFfffFfffFFfffFfFfFFFF");
    for wrong in [20_u64, 62, 1 << 40] {
        origin.rpc(
            "anvil_setStorageAt",
            json!([arbos, version, B256::from(U256::from(wrong))]),
        );
        let error = Devnet::start(forking(&origin.handle.url(), 0)).unwrap_err();
        let expected =
            format!("is of ArbOS {wrong}, and this devnet knows the rules of 51 to 61 alone");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}
