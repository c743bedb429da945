//! A chain's life: blocks, time, going back.

use alloy_primitives::{Address, address};
use serde_json::{Value, json};
use stylus_devnet::{Config, Devnet};

use crate::contracts::echo;
use crate::process::HANG;
use crate::support::{Chain, DEV, START, config, quantity};

const FRIEND: Address = address!("0x00000000000000000000000000000000000000aa");

fn balance(chain: &Chain, address: Address) -> Value {
    chain.rpc("eth_getBalance", json!([address, "latest"]))
}

fn pay(chain: &Chain) {
    assert!(
        chain
            .send(json!({ "to": FRIEND, "value": "0x1" }))
            .is_success()
    );
}

/// Theorem: the same requests give the same blocks.
#[test]
fn the_same_requests_give_the_same_hashes() {
    let live = || {
        let chain = Chain::default();
        let program = chain.program(&echo());
        pay(&chain);
        let mined = chain.send(json!({ "to": program, "data": "0x0102" }));
        let block = chain.rpc("eth_getBlockByNumber", json!(["latest", true]));
        (mined.hash, mined.gas(), block)
    };
    assert_eq!(live(), live());
}

#[test]
fn time_goes_on_and_can_be_set() {
    let chain = Chain::default();
    let time =
        || quantity(&chain.rpc("eth_getBlockByNumber", json!(["latest", false]))["timestamp"]);
    assert_eq!(time(), START);
    pay(&chain);
    assert_eq!(time(), START + 1);
    chain.rpc("evm_increaseTime", json!([1_000]));
    chain.rpc("evm_mine", json!([]));
    assert_eq!(time(), START + 1_002);
    chain.rpc("evm_setNextBlockTimestamp", json!([START + 5_000]));
    pay(&chain);
    assert_eq!(time(), START + 5_000);
    let error = chain
        .ask("evm_setNextBlockTimestamp", json!([START]))
        .unwrap_err();
    assert!(
        error.message.contains("is before that of the last block"),
        "{}",
        error.message
    );
}

#[test]
fn a_snapshot_is_gone_back_to() {
    let chain = Chain::default();
    pay(&chain);
    let snapshot = chain.rpc("evm_snapshot", json!([]));
    pay(&chain);
    chain.rpc("anvil_setBalance", json!([FRIEND, "0x64"]));
    assert_eq!(balance(&chain, FRIEND), json!("0x64"));
    assert_eq!(chain.rpc("evm_revert", json!([snapshot])), true);
    assert_eq!(balance(&chain, FRIEND), json!("0x1"));
    assert_eq!(chain.rpc("eth_blockNumber", json!([])), json!("0x1"));
    // A snapshot can be used only once.
    assert_eq!(chain.rpc("evm_revert", json!([snapshot])), false);
    pay(&chain);
    assert_eq!(balance(&chain, FRIEND), json!("0x2"));
}

#[test]
fn transactions_wait_for_a_block_or_for_a_nonce() {
    let chain = Chain::default();
    let send = |nonce: &str| {
        let request =
            json!({ "from": DEV, "to": FRIEND, "value": "0x1", "nonce": nonce, "gas": "0x5208" });
        chain.ask("eth_sendTransaction", json!([request]))
    };
    // The second arrives first and waits for the first.
    let second = send("0x1").unwrap();
    assert_eq!(
        chain.rpc("eth_getTransactionReceipt", json!([second])),
        Value::Null
    );
    assert_eq!(
        chain.rpc("eth_getTransactionByHash", json!([second]))["blockHash"],
        Value::Null
    );
    assert_eq!(
        chain.rpc("txpool_status", json!([])),
        json!({ "pending": "0x0", "queued": "0x1" })
    );
    send("0x0").unwrap();
    assert_eq!(
        chain.rpc("eth_getTransactionReceipt", json!([second]))["blockNumber"],
        "0x2"
    );
    let error = send("0x0").unwrap_err();
    assert!(
        error.message.starts_with("nonce too low") || error.message == "already known",
        "{}",
        error.message
    );

    chain.rpc("evm_setAutomine", json!([false]));
    (2..5).for_each(|nonce| drop(send(&format!("{nonce:#x}")).unwrap()));
    assert_eq!(
        chain.rpc("eth_getTransactionCount", json!([DEV, "pending"])),
        json!("0x5")
    );
    assert_eq!(
        chain.rpc("eth_getTransactionCount", json!([DEV, "latest"])),
        json!("0x2")
    );
    chain.rpc("evm_mine", json!([]));
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false]));
    assert_eq!(block["transactions"].as_array().unwrap().len(), 3);
}

/// Theorem: everything that waits for a nonce is mined after it, in order and each in its own block; what has become impossible is dropped.
#[test]
fn a_nonce_brings_all_that_wait_for_it() {
    const WAITING: u64 = 300;
    let chain = Chain::default();
    let accounts = chain.rpc("eth_accounts", json!([]));
    let poor = &accounts[1];
    let send = |from: &Value, nonce: u64| {
        let nonce = format!("{nonce:#x}");
        let request =
            json!({ "from": from, "to": FRIEND, "value": "0x1", "nonce": nonce, "gas": "0x5208" });
        chain.rpc("eth_sendTransaction", json!([request]))
    };
    (1..=WAITING).for_each(|nonce| drop(send(&json!(DEV), nonce)));
    chain.rpc("evm_setAutomine", json!([false]));
    (0..2).for_each(|nonce| drop(send(poor, nonce)));
    chain.rpc("anvil_setBalance", json!([poor, "0x0"]));
    chain.rpc("evm_setAutomine", json!([true]));
    let first = send(&json!(DEV), 0);
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([first]));
    assert_eq!(receipt["blockNumber"], "0x1");
    // Only the first second is waited for before the answer.
    let began = std::time::Instant::now();
    while chain.rpc("txpool_status", json!([])) != json!({ "pending": "0x0", "queued": "0x1" }) {
        assert!(began.elapsed() < HANG, "they still wait");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(
        chain.rpc("eth_blockNumber", json!([])),
        json!(format!("{:#x}", WAITING + 1))
    );
    for nonce in 0..=WAITING {
        let block = json!([format!("{:#x}", nonce + 1), true]);
        let block = chain.rpc("eth_getBlockByNumber", block);
        let transactions = block["transactions"].as_array().unwrap();
        assert_eq!(transactions.len(), 1);
        assert_eq!(quantity(&transactions[0]["nonce"]), nonce);
    }
}

/// Going back changes the chain, and not how its blocks are made; a reset begins as the settings say.
#[test]
fn mining_outlasts_the_chain() {
    let chain = Chain::default();
    let modes = || {
        let of = |method| chain.rpc(method, json!([]));
        (of("anvil_getAutomine"), of("anvil_getIntervalMining"))
    };
    let check = |(method, param): (_, Value), back, expected: (bool, Value)| {
        chain.rpc("evm_setAutomine", json!([true]));
        let snapshot = chain.rpc("evm_snapshot", json!([]));
        chain.rpc(method, json!([param]));
        match back {
            "anvil_reset" => chain.rpc(back, json!([])),
            _ => chain.rpc(back, json!([snapshot])),
        };
        assert_eq!(modes(), (json!(expected.0), expected.1), "{method}, {back}");
    };
    let hourly = ("evm_setIntervalMining", json!(3_600));
    let asked = ("evm_setAutomine", json!(false));
    check(hourly.clone(), "evm_revert", (false, json!(3_600)));
    check(asked.clone(), "evm_revert", (false, Value::Null));
    check(hourly, "anvil_reset", (true, Value::Null));
    check(asked, "anvil_reset", (true, Value::Null));
}

#[test]
fn accounts_are_impersonated_and_changed() {
    let chain = Chain::default();
    let send = || chain.try_send(json!({ "from": FRIEND, "to": DEV, "value": "0x1" }));
    assert!(send().unwrap_err().message.contains("unknown account"));
    let accounts = || {
        chain
            .rpc("eth_accounts", json!([]))
            .as_array()
            .unwrap()
            .clone()
    };
    let keyed = accounts();
    for account in [FRIEND, DEV] {
        chain.rpc("anvil_impersonateAccount", json!([account]));
    }
    assert_eq!(accounts(), [keyed, vec![json!(FRIEND)]].concat());
    assert!(send().unwrap_err().message.contains("insufficient funds"));
    chain.rpc("anvil_setBalance", json!([FRIEND, "0xde0b6b3a7640000"]));
    assert!(send().unwrap().is_success());
    chain.rpc("anvil_setCode", json!([FRIEND, "0x602a60005260206000f3"]));
    assert_eq!(chain.word(FRIEND, &[]), alloy_primitives::U256::from(42));
    chain.rpc(
        "anvil_setStorageAt",
        json!([FRIEND, "0x1", alloy_primitives::B256::with_last_byte(7)]),
    );
    let stored = chain.rpc("eth_getStorageAt", json!([FRIEND, "0x1", "latest"]));
    assert_eq!(stored, json!(alloy_primitives::B256::with_last_byte(7)));
}

#[test]
fn old_states_go_after_a_while() {
    let chain = Chain::start(Config {
        history: 3,
        ..config()
    });
    (0..5).for_each(|_| pay(&chain));
    let at = |block: &str| chain.ask("eth_getBalance", json!([FRIEND, block]));
    assert_eq!(at("0x5").unwrap(), json!("0x5"));
    assert_eq!(at("0x3").unwrap(), json!("0x3"));
    let error = at("0x2").unwrap_err();
    assert!(error.message.contains("--history"), "{}", error.message);
    assert_eq!(at("0x9").unwrap_err().message, "header not found");
}

#[test]
fn a_devnet_starts_only_where_it_may() {
    let all = "0.0.0.0".parse().unwrap();
    let error = Devnet::start(Config {
        host: all,
        ..config()
    })
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("the keys of the funded accounts are public"),
        "{error}"
    );
    assert!(
        Devnet::start(Config {
            host: all,
            allow_public: true,
            ..config()
        })
        .is_ok()
    );
    let taken = Chain::default();
    let port = taken.handle.port();
    let error = Devnet::start(Config { port, ..config() })
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(&format!("cannot listen at 127.0.0.1:{port}")),
        "{error}"
    );
    let error = Devnet::start(Config {
        accounts: 1_001,
        ..config()
    })
    .unwrap_err()
    .to_string();
    assert_eq!(error, "1001 accounts are asked for; the limit is 1000");
}

/// A test on tokio starts a devnet in the same way.
#[test]
fn a_devnet_starts_and_stops_within_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let devnet = Devnet::start(config()).unwrap();
        assert_ne!(devnet.port(), 0);
        devnet.stop().unwrap();
    });
}
