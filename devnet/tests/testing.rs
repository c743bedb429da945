//! Methods that only a test network has, as test tools call them: blocks and time, accounts, waiting transactions.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use serde_json::{Value, json};
use stylus_devnet::{Config, Mining, Order};

use crate::contracts::{echo, program};
use crate::support::{Chain, DEV, START, config, quantity};

const FRIEND: Address = address!("0x00000000000000000000000000000000000000aa");
const OTHER: Address = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

fn head(chain: &Chain) -> Value {
    chain.rpc("eth_getBlockByNumber", json!(["latest", false]))
}

/// Mines a block and returns one of its fields.
fn mined(chain: &Chain, field: &str) -> Value {
    chain.rpc("evm_mine", json!([]));
    head(chain)[field].clone()
}

/// Sends a transfer that waits; returns its hash.
fn waiting(chain: &Chain, request: Value) -> Value {
    let mut request = request;
    let fields = request.as_object_mut().unwrap();
    for (key, value) in [
        ("from", json!(DEV)),
        ("to", json!(FRIEND)),
        ("gas", json!("0x5208")),
    ] {
        fields.entry(key).or_insert(value);
    }
    chain.rpc("eth_sendTransaction", json!([request]))
}

fn is_mined(chain: &Chain, hash: &Value) -> bool {
    !chain
        .rpc("eth_getTransactionReceipt", json!([hash]))
        .is_null()
}

/// Tools refuse to work on a network that they do not recognise.
#[test]
fn tools_know_it_for_a_test_network() {
    let chain = Chain::default();
    let version = chain.rpc("web3_clientVersion", json!([]));
    let version = version.as_str().unwrap();
    assert!(
        version.starts_with("anvil/") && version.contains("stylus-devnet"),
        "{version}"
    );
    let metadata = chain.rpc("hardhat_metadata", json!([]));
    assert_eq!(metadata["clientVersion"], version);
    assert_eq!(metadata["chainId"], 412_346);
    assert_eq!(metadata["latestBlockHash"], head(&chain)["hash"]);
    assert_eq!(chain.rpc("anvil_metadata", json!([])), metadata);
    chain.rpc("hardhat_reset", json!([]));
    let after = chain.rpc("hardhat_metadata", json!([]));
    assert_ne!(after["instanceId"], metadata["instanceId"]);
}

#[test]
fn blocks_are_made_when_a_test_says_so() {
    let chain = Chain::default();
    assert_eq!(chain.rpc("hardhat_getAutomine", json!([])), true);
    chain.rpc("anvil_setAutomine", json!([false]));
    let first = waiting(&chain, json!({ "value": "0x1" }));
    assert!(!is_mined(&chain, &first));
    assert_eq!(chain.rpc("anvil_getAutomine", json!([])), false);
    let blocks = chain.rpc("anvil_mine_detailed", json!([{ "blocks": 2 }]));
    assert_eq!(blocks[0]["transactions"][0]["hash"], first);
    assert_eq!(blocks.as_array().unwrap().len(), 2);

    assert_eq!(chain.rpc("anvil_getIntervalMining", json!([])), Value::Null);
    chain.rpc("evm_setIntervalMining", json!([1]));
    assert_eq!(chain.rpc("hardhat_getIntervalMining", json!([])), 1);
    let second = waiting(&chain, json!({ "value": "0x2" }));
    let began = Instant::now();
    while !is_mined(&chain, &second) {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody mines");
        std::thread::sleep(Duration::from_millis(20));
    }
    chain.rpc("evm_setIntervalMining", json!([0]));
    assert_eq!(chain.rpc("anvil_getIntervalMining", json!([])), Value::Null);
    chain.rpc("evm_setAutomine", json!([true]));
    assert!(is_mined(
        &chain,
        &waiting(&chain, json!({ "value": "0x3" }))
    ));
}

#[test]
fn a_chain_may_begin_without_mining() {
    let chain = Chain::start(Config {
        mining: Mining::Asked,
        order: Order::Fees,
        ..config()
    });
    let fee = |gwei: u64| format!("{:#x}", gwei * 1_000_000_000);
    let cheap = waiting(&chain, json!({ "gasPrice": fee(1) }));
    let dear = waiting(&chain, json!({ "from": OTHER, "gasPrice": fee(9) }));
    chain.rpc("evm_mine", json!([]));
    assert_eq!(head(&chain)["transactions"], json!([dear, cheap]));
}

#[test]
fn time_goes_as_a_test_says() {
    let chain = Chain::default();
    let check = |method, params: Value, expected: u64| {
        chain.rpc(method, params);
        assert_eq!(quantity(&mined(&chain, "timestamp")), expected, "{method}");
    };
    check("evm_increaseTime", json!([100]), START + 101);
    check(
        "anvil_setNextBlockTimestamp",
        json!([START + 500]),
        START + 500,
    );
    check(
        "evm_mine",
        json!([{ "timestamp": START + 600 }]),
        START + 601,
    );
    check(
        "hardhat_setBlockTimestampInterval",
        json!([50]),
        START + 651,
    );
    assert_eq!(quantity(&mined(&chain, "timestamp")), START + 701);
    assert_eq!(
        chain.rpc("anvil_removeBlockTimestampInterval", json!([])),
        true
    );
    assert_eq!(quantity(&mined(&chain, "timestamp")), START + 702);
    // The next block may have the last one's time, as on Arbitrum, but no earlier.
    check(
        "evm_setNextBlockTimestamp",
        json!([START + 702]),
        START + 702,
    );
    assert_eq!(quantity(&mined(&chain, "timestamp")), START + 703);
    // A time that no block had moves nothing, and time that was set replaces time that was added.
    chain.rpc("evm_setNextBlockTimestamp", json!([START + 100_000]));
    check(
        "evm_setNextBlockTimestamp",
        json!([START + 710]),
        START + 710,
    );
    assert_eq!(quantity(&mined(&chain, "timestamp")), START + 711);
    chain.rpc("evm_increaseTime", json!([100_000]));
    check(
        "evm_setNextBlockTimestamp",
        json!([START + 750]),
        START + 750,
    );
    assert_eq!(quantity(&mined(&chain, "timestamp")), START + 751);
    let refused = chain.ask("evm_setNextBlockTimestamp", json!([START]));
    assert!(refused.unwrap_err().message.contains("is before"));
}

#[test]
fn the_next_block_is_as_a_test_says() {
    let chain = Chain::default();
    // Returns PREVRANDAO, COINBASE and GASLIMIT.
    let teller = chain.deploy(&hex!("44600052416020524560405260606000f3"));
    let words = |block: &str| {
        let output = chain.rpc("eth_call", json!([{ "to": teller }, block]));
        let bytes: alloy_primitives::Bytes = serde_json::from_value(output).unwrap();
        let word = |place: usize| U256::from_be_slice(&bytes[32 * place..32 * (place + 1)]);
        [word(0), word(1), word(2)]
    };
    chain.rpc("hardhat_setPrevRandao", json!([B256::with_last_byte(7)]));
    chain.rpc("hardhat_setCoinbase", json!([FRIEND]));
    chain.rpc("evm_setBlockGasLimit", json!(["0x989680"]));
    let expected = [
        U256::from(7),
        FRIEND.into_word().into(),
        U256::from(10_000_000),
    ];
    assert_eq!(words("pending"), expected);
    chain.rpc("hardhat_setNextBlockBaseFeePerGas", json!(["0x3b9aca00"]));
    assert_eq!(mined(&chain, "baseFeePerGas"), "0x3b9aca00");
    let block = head(&chain);
    assert_eq!(
        (&block["gasLimit"], &block["miner"]),
        (&json!("0x989680"), &json!(FRIEND))
    );
    assert_eq!(chain.rpc("eth_coinbase", json!([])), json!(FRIEND));
    // Both applied to one block.
    assert_eq!(words("pending")[0], U256::ONE);
    assert_eq!(mined(&chain, "baseFeePerGas"), "0x5f5e100");
    chain.rpc("anvil_setMinGasPrice", json!(["0x77359400"]));
    assert_eq!(mined(&chain, "baseFeePerGas"), "0x77359400");
    assert_eq!(mined(&chain, "baseFeePerGas"), "0x77359400");
}

#[test]
fn a_block_holds_no_more_than_its_gas() {
    let chain = Chain::default();
    chain.rpc("evm_setAutomine", json!([false]));
    chain.rpc("evm_setBlockGasLimit", json!([50_000]));
    let hashes: Vec<Value> = [DEV, DEV, OTHER, DEV]
        .into_iter()
        .map(|from| waiting(&chain, json!({ "from": from })))
        .collect();
    chain.rpc("evm_mine", json!([]));
    assert_eq!(head(&chain)["transactions"], json!(hashes[..2]));
    chain.rpc("evm_mine", json!([]));
    assert_eq!(head(&chain)["transactions"], json!(hashes[2..]));
    let history = chain.rpc("eth_feeHistory", json!([1, "latest", []]));
    assert_eq!(history["gasUsedRatio"], json!([0.84]));
    let refused = chain.ask(
        "eth_sendTransaction",
        json!([{ "from": DEV, "to": FRIEND, "gas": "0xf4240" }]),
    );
    assert_eq!(
        refused.unwrap_err().message,
        "exceeds block gas limit (gas limit reached)"
    );
}

#[test]
fn what_waits_can_be_dropped() {
    let chain = Chain::default();
    chain.rpc("evm_setAutomine", json!([false]));
    let hashes: Vec<Value> = [DEV, DEV, OTHER]
        .into_iter()
        .map(|from| waiting(&chain, json!({ "from": from })))
        .collect();
    let inspected = chain.rpc("txpool_inspect", json!([]));
    let line = inspected["pending"][DEV.to_string()]["0"].as_str().unwrap();
    assert!(line.starts_with(&FRIEND.to_string()), "{line}");
    let found = chain.rpc("eth_getTransactionBySenderAndNonce", json!([DEV, "0x1"]));
    assert_eq!(found["hash"], hashes[1]);
    assert_eq!(
        chain.rpc("hardhat_dropTransaction", json!([hashes[1]])),
        true
    );
    assert_eq!(
        chain.rpc("hardhat_dropTransaction", json!([hashes[1]])),
        false
    );
    assert_eq!(
        chain.rpc("anvil_dropTransaction", json!([hashes[0]])),
        hashes[0]
    );
    assert_eq!(
        chain.rpc("anvil_dropTransaction", json!([hashes[0]])),
        Value::Null
    );
    let status = |pending: &str| {
        let status = chain.rpc("txpool_status", json!([]));
        assert_eq!(status, json!({ "pending": pending, "queued": "0x0" }));
    };
    status("0x1");
    waiting(&chain, json!({}));
    chain.rpc("anvil_removePoolTransactions", json!([OTHER]));
    status("0x1");
    chain.rpc("hardhat_dropAllTransactions", json!([]));
    status("0x0");
}

#[test]
fn blocks_are_taken_back() {
    let chain = Chain::default();
    let genesis = head(&chain)["hash"].clone();
    for value in ["0x1", "0x2", "0x3"] {
        waiting(&chain, json!({ "value": value }));
    }
    let balance = || quantity(&chain.rpc("eth_getBalance", json!([FRIEND, "latest"])));
    chain.rpc("anvil_rollback", json!([2]));
    assert_eq!(
        (balance(), head(&chain)["number"].clone()),
        (1, json!("0x1"))
    );
    waiting(&chain, json!({ "value": "0x8" }));
    let other = json!([[{ "from": OTHER, "to": FRIEND, "value": "0x40" }, 1]]);
    chain.rpc("anvil_reorg", json!([2, other]));
    assert_eq!(
        (balance(), head(&chain)["number"].clone()),
        (0x40, json!("0x2"))
    );
    assert_eq!(chain.rpc("anvil_getAutomine", json!([])), true);
    let refused = chain.ask("anvil_rollback", json!([7])).unwrap_err();
    assert!(refused.message.contains("7 blocks"), "{}", refused.message);

    chain.rpc("anvil_reset", json!([]));
    assert_eq!(
        (balance(), head(&chain)["hash"].clone()),
        (0, genesis.clone())
    );
    let fork = json!([{ "forking": { "jsonRpcUrl": "http://localhost:1" } }]);
    let refused = chain.ask("hardhat_reset", fork).unwrap_err();
    let expected = "from localhost:1";
    assert!(refused.message.contains(expected), "{}", refused.message);
    assert_eq!(head(&chain)["hash"], genesis);
}

/// Theorem: a reorganisation in which a transaction is refused changes nothing.
#[test]
fn a_refused_reorganisation_changes_nothing() {
    let chain = Chain::default();
    for value in ["0x1", "0x2", "0x3"] {
        waiting(&chain, json!({ "value": value }));
    }
    let later = waiting(&chain, json!({ "nonce": "0x9" }));
    let blocks = chain.rpc("eth_newBlockFilter", json!([]));
    let told = || chain.rpc("eth_getFilterChanges", json!([blocks]));
    let before = || {
        let nonce = chain.rpc("eth_getTransactionCount", json!([DEV, "latest"]));
        let automine = chain.rpc("anvil_getAutomine", json!([]));
        let waits = chain.rpc("eth_getTransactionByHash", json!([later]));
        (head(&chain), nonce, automine, waits)
    };
    let expected = before();
    let check = |transactions: Value, words: &str| {
        let refused = chain.ask("anvil_reorg", json!([2, transactions]));
        let message = refused.unwrap_err().message;
        assert!(message.starts_with(words), "{message}");
        assert_eq!(before(), expected, "{transactions}");
        assert_eq!(told(), json!([]));
    };
    let stranger = Address::repeat_byte(0xab);
    let good = json!([{ "from": OTHER, "to": FRIEND, "value": "0x40" }, 0]);
    let unknown = json!([{ "from": stranger, "to": FRIEND }, 1]);
    check(json!([unknown]), "unknown account");
    check(json!([good, unknown]), "unknown account");
    let dear = json!([{ "from": DEV, "to": FRIEND, "value": U256::MAX >> 8, "gas": "0x5208" }, 1]);
    check(json!([good, dear]), "insufficient funds");
    check(json!([good, ["0x02", 1]]), "");
    // What is good makes as many blocks, and each is told.
    chain.rpc("anvil_reorg", json!([2, [good]]));
    let made: Vec<Value> = ["0x2", "0x3"]
        .map(|number| {
            let block = chain.rpc("eth_getBlockByNumber", json!([number, false]));
            block["hash"].clone()
        })
        .into();
    assert_eq!(told(), json!(made));
}

/// Theorem: where transactions are mined at once, nothing that can be in a block waits.
#[test]
fn what_waits_is_mined_when_automine_begins() {
    let chain = Chain::default();
    let number = || head(&chain)["number"].clone();
    chain.rpc("evm_setAutomine", json!([false]));
    let first = [DEV, DEV, OTHER].map(|from| waiting(&chain, json!({ "from": from })));
    assert_eq!(number(), "0x0");
    chain.rpc("evm_setAutomine", json!([true]));
    assert!(first.iter().all(|hash| is_mined(&chain, hash)));
    assert_eq!(number(), "0x3");
    assert!(is_mined(&chain, &waiting(&chain, json!({}))));

    // A revert brings back what waited, and its sender's next transaction follows it.
    chain.rpc("evm_setAutomine", json!([false]));
    let second = waiting(&chain, json!({}));
    let snapshot = chain.rpc("evm_snapshot", json!([]));
    chain.rpc("evm_setAutomine", json!([true]));
    chain.rpc("evm_revert", json!([snapshot]));
    assert!(!is_mined(&chain, &second));
    let receipt = chain.rpc(
        "eth_sendTransactionSync",
        json!([{ "from": DEV, "to": FRIEND }, 20_000]),
    );
    assert!(is_mined(&chain, &second));
    assert_eq!(receipt["blockNumber"], number());
}

/// A filter that has reported blocks which no longer exist reports those that replace them.
#[test]
fn filters_outlive_a_revert() {
    let chain = Chain::default();
    let logger = chain.program(&program(
        "(call $log (i32.const 992) (i32.add (local.get $len) (i32.const 32)) (i32.const 1)) (i32.const 0)",
    ));
    let snapshot = chain.rpc("evm_snapshot", json!([]));
    let logs = chain.rpc("eth_newFilter", json!([{ "address": logger }]));
    let blocks = chain.rpc("eth_newBlockFilter", json!([]));
    let told = |filter: &Value| {
        let changes = chain.rpc("eth_getFilterChanges", json!([filter]));
        changes.as_array().unwrap().len()
    };
    for data in ["0x01", "0x02", "0x03"] {
        chain.send(json!({ "to": logger, "data": data }));
    }
    assert_eq!((told(&logs), told(&blocks)), (3, 3));
    chain.rpc("evm_revert", json!([snapshot]));
    assert_eq!((told(&logs), told(&blocks)), (0, 0));
    chain.send(json!({ "to": logger, "data": "0x04" }));
    assert_eq!((told(&logs), told(&blocks)), (1, 1));
}

#[test]
fn waiting_transactions_are_told_before_their_block() {
    let chain = Chain::default();
    let filter = chain.rpc("eth_newPendingTransactionFilter", json!([]));
    let told = || chain.rpc("eth_getFilterChanges", json!([filter]));
    let at_once = waiting(&chain, json!({}));
    assert_eq!(told(), json!([at_once]));
    chain.rpc("evm_setAutomine", json!([false]));
    let ready = waiting(&chain, json!({}));
    let later = waiting(&chain, json!({ "nonce": "0x3" }));
    assert_eq!(told(), json!([ready]));
    // The transaction that closes the gap also makes the one behind it ready.
    let between = waiting(&chain, json!({}));
    assert_eq!(told(), json!([between, later]));
    chain.rpc("evm_mine", json!([]));
    assert_eq!(told(), json!([]));
}

#[test]
fn accounts_with_code_send_where_they_are_impersonated() {
    let chain = Chain::default();
    let contract = chain.program(&echo());
    chain.rpc("anvil_setBalance", json!([contract, "0xde0b6b3a7640000"]));
    let request = json!({ "from": contract, "to": FRIEND, "value": "0x5" });
    chain
        .ask("eth_sendTransaction", json!([request]))
        .unwrap_err();
    chain.rpc("hardhat_impersonateAccount", json!([contract]));
    let sent = chain.send(request.clone());
    assert!(sent.is_success());
    // Its trace runs it again.
    chain.rpc(
        "debug_traceTransaction",
        json!([sent.hash, { "tracer": "callTracer" }]),
    );
    chain.rpc("hardhat_stopImpersonatingAccount", json!([contract]));
    chain.rpc("eth_sendUnsignedTransaction", json!([request]));
    assert_eq!(
        quantity(&chain.rpc("eth_getBalance", json!([FRIEND, "latest"]))),
        10
    );
    // The key of an account with code cannot sign (EIP-3607).
    chain.rpc("anvil_setCode", json!([OTHER, "0x00"]));
    let refused = chain.ask(
        "eth_sendTransaction",
        json!([{ "from": OTHER, "to": FRIEND }]),
    );
    let message = refused.unwrap_err().message;
    assert!(message.starts_with("sender not an eoa"), "{message}");
}

#[test]
fn tokens_are_dealt() {
    let chain = Chain::default();
    // For any request: the word in the slot of the caller's first argument, plus an irrelevant slot.
    let token = chain.deploy(&hex!("60015450600435545f5260205ff3"));
    let of = |account: Address| {
        let input = [
            &keccak256("balanceOf(address)")[..4],
            account.into_word().as_slice(),
        ]
        .concat();
        chain.word(token, &input)
    };
    chain.rpc("anvil_dealERC20", json!([FRIEND, token, "0x3e8"]));
    assert_eq!(of(FRIEND), U256::from(1_000));
    chain.rpc(
        "anvil_setERC20Allowance",
        json!([OTHER, FRIEND, token, "0x7"]),
    );
    assert_eq!(of(OTHER), U256::from(7));
    let refused = chain.ask("hardhat_dealERC20", json!([FRIEND, FRIEND, "0x1"]));
    assert!(
        refused
            .unwrap_err()
            .message
            .contains("cannot find the slot")
    );
    chain.rpc("anvil_addBalance", json!([FRIEND, "0x5"]));
    chain.rpc("hardhat_addBalance", json!([FRIEND, "0x6"]));
    assert_eq!(
        quantity(&chain.rpc("eth_getBalance", json!([FRIEND, "latest"]))),
        11
    );
}

/// Fifty clients send from one account at once: each transaction has its own nonce.
#[test]
fn many_send_of_one_account_at_once() {
    let chain = Chain::default();
    let url = chain.handle.url();
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let url = url.clone();
            std::thread::spawn(move || {
                let remote = crate::support::Remote::new(&url);
                let request = json!([{ "from": DEV, "to": FRIEND, "value": "0x1" }]);
                remote.ask("eth_sendTransaction", request).unwrap()
            })
        })
        .collect();
    let mut hashes: Vec<String> = clients
        .into_iter()
        .map(|client| client.join().unwrap().to_string())
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 50);
    assert_eq!(
        quantity(&chain.rpc("eth_getBalance", json!([FRIEND, "latest"]))),
        50
    );
}
