//! Features that owners enable a week ahead: the chain's native token, and filtered transactions.
//!
//! Lives here: ArbNativeTokenManager, ArbFilteredTransactionsManager, and the chain's configuration.

use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use serde_json::json;

use crate::precompiles::{
    ARB_SYS, OWNER_PUBLIC, act, data, data_and_bytes, gas_of_failure, refusal, word, words,
};
use crate::support::{ARB_OWNER, Chain, DEV, START, intrinsic, quantity};

const NATIVE: Address = address!("0x0000000000000000000000000000000000000073");
const FILTERED: Address = address!("0x0000000000000000000000000000000000000074");
const PAYEE: Address = address!("0x0000000000000000000000000000000000005a5a");
const WEEK: u64 = 7 * 24 * 60 * 60;

fn balance(chain: &Chain, of: Address) -> U256 {
    serde_json::from_value(chain.rpc("eth_getBalance", json!([of, "latest"]))).unwrap()
}

/// Enables a feature and lets a week pass.
fn turn_on(chain: &Chain, setter: &str, getter: &str) {
    let start = U256::from(START + WEEK + 1_000);
    act(chain, ARB_OWNER, &data(setter, &[start]));
    assert_eq!(chain.word(OWNER_PUBLIC, &data(getter, &[])), start);
    chain.rpc("evm_increaseTime", json!([WEEK + 2_000]));
    chain.rpc("evm_mine", json!([]));
}

#[test]
fn coins_are_made_and_destroyed() {
    let chain = Chain::default();
    turn_on(
        &chain,
        "setNativeTokenManagementFrom(uint64)",
        "getNativeTokenManagementFrom()",
    );
    let amount = U256::from(10).pow(U256::from(30));
    let mint = data("mintNativeToken(uint256)", &[amount]);
    let burn = data("burnNativeToken(uint256)", &[amount]);
    // Nobody can yet, not even a chain owner.
    let message = refusal(&chain, NATIVE, &mint).message;
    assert!(message.contains("is not a native token owner"), "{message}");
    assert_eq!(
        gas_of_failure(&chain, NATIVE, &mint, 100_000),
        100_000 - intrinsic(&mint)
    );
    act(
        &chain,
        ARB_OWNER,
        &data("addNativeTokenOwner(address)", &[word(DEV)]),
    );
    let owners = words(
        &chain
            .call(OWNER_PUBLIC, &data("getAllNativeTokenOwners()", &[]))
            .unwrap(),
    );
    assert_eq!(owners[2..], [word(DEV)]);
    let act_and_compare = |call: &[u8], event: &str| {
        let before = balance(&chain, DEV);
        let mined = act(&chain, NATIVE, call);
        let log = &mined.receipt["logs"][0];
        assert_eq!(log["topics"], json!([keccak256(event), DEV.into_word()]));
        assert_eq!(log["data"], json!(B256::from(amount)));
        // The words it reads, the cost of changing a balance, and an event of two topics and a word.
        assert_eq!(
            mined.gas() - intrinsic(call),
            1_603 + 9_100 + 375 * 3 + 8 * 32
        );
        let paid = U256::from(mined.gas() * quantity(&mined.receipt["effectiveGasPrice"]));
        (before - paid, balance(&chain, DEV))
    };
    let (before, after) = act_and_compare(&mint, "NativeTokenMinted(address,uint256)");
    assert_eq!(after, before + amount);
    // Minted tokens cannot be sent to L1, where they do not exist.
    let withdraw = data("withdrawEth(address)", &[word(DEV)]);
    let request = json!([{ "from": DEV, "to": ARB_SYS, "data": hex::encode_prefixed(&withdraw), "value": "0x1" }, "latest"]);
    let error = chain.ask("eth_call", request).unwrap_err();
    assert!(
        error.message.contains("native token owners exist"),
        "{}",
        error.message
    );
    act(&chain, ARB_SYS, &withdraw);
    let (before, after) = act_and_compare(&burn, "NativeTokenBurned(address,uint256)");
    assert_eq!(after + amount, before);
    let message = refusal(&chain, NATIVE, &burn).message;
    assert!(message.contains("burn amount exceeds balance"), "{message}");
    let message = refusal(
        &chain,
        NATIVE,
        &data("mintNativeToken(uint256)", &[U256::MAX]),
    )
    .message;
    assert!(message.contains("cannot hold"), "{message}");
}

#[test]
fn a_filtered_transaction_does_nothing() {
    let chain = Chain::default();
    turn_on(
        &chain,
        "setTransactionFilteringFrom(uint64)",
        "getTransactionFilteringFrom()",
    );
    act(
        &chain,
        ARB_OWNER,
        &data("addTransactionFilterer(address)", &[word(DEV)]),
    );
    let nonce = || quantity(&chain.rpc("eth_getTransactionCount", json!([DEV, "latest"])));
    let check = |fields: serde_json::Value| {
        // Filtering one takes a transaction of its own.
        let mut request = json!({
            "from": DEV, "gas": "0x20000", "value": "0x5", "nonce": U256::from(nonce() + 1),
            "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x0",
        });
        request
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let signed = chain.rpc("eth_signTransaction", json!([request]));
        let raw: Bytes = serde_json::from_value(signed["raw"].clone()).unwrap();
        let hash = keccak256(&raw);
        let filter = data("addFilteredTransaction(bytes32)", &[hash.into()]);
        let mined = act(&chain, FILTERED, &filter);
        assert_eq!(mined.gas(), intrinsic(&filter), "filterers pay for nothing");
        let topics = json!([keccak256("FilteredTransactionAdded(bytes32)"), hash]);
        assert_eq!(mined.receipt["logs"][0]["topics"], topics);
        let is_filtered = || {
            chain.word(
                FILTERED,
                &data("isTransactionFiltered(bytes32)", &[hash.into()]),
            )
        };
        assert_eq!(is_filtered(), U256::ONE);
        let (before, paid_to) = (nonce(), balance(&chain, PAYEE));
        chain.rpc("eth_sendRawTransaction", json!([raw]));
        let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash]));
        assert_eq!(receipt["status"], "0x0");
        assert_eq!(quantity(&receipt["gasUsed"]), 0x20000);
        assert_eq!((nonce(), balance(&chain, PAYEE)), (before + 1, paid_to));
        act(
            &chain,
            FILTERED,
            &data("deleteFilteredTransaction(bytes32)", &[hash.into()]),
        );
        assert_eq!(is_filtered(), U256::ZERO);
    };
    check(json!({ "to": PAYEE }));
    check(json!({ "data": hex::encode_prefixed(stylus_vm::code::init_code(&hex!("00"))) }));
    act(
        &chain,
        ARB_OWNER,
        &data("removeTransactionFilterer(address)", &[word(DEV)]),
    );
    let message = refusal(
        &chain,
        FILTERED,
        &data("addFilteredTransaction(bytes32)", &[U256::ONE]),
    )
    .message;
    assert!(
        message.contains("is not a transaction filterer"),
        "{message}"
    );
}

/// A scheduled feature cannot start sooner than allowed, and is off once disabled.
#[test]
fn users_have_a_week() {
    let chain = Chain::default();
    let setter = "setTransactionFilteringFrom(uint64)";
    let call = |start: u64| data(setter, &[U256::from(start)]);
    let first = START + WEEK + 10_000;
    act(&chain, ARB_OWNER, &call(first));
    // Still more than a week ahead: sooner is allowed, down to a week from now.
    act(&chain, ARB_OWNER, &call(first - 5_000));
    chain.rpc("evm_increaseTime", json!([50_000]));
    chain.rpc("evm_mine", json!([]));
    let message = refusal(&chain, ARB_OWNER, &call(first - 6_000)).message;
    assert!(
        message.contains("earlier than the current scheduled enable time"),
        "{message}"
    );
    act(&chain, ARB_OWNER, &call(0));
    let from = chain.word(OWNER_PUBLIC, &data("getTransactionFilteringFrom()", &[]));
    assert_eq!(from, U256::ZERO);
}

#[test]
fn the_chains_configuration() {
    let chain = Chain::default();
    let call = |config: &str| data_and_bytes("setChainConfig(string)", &[], config.as_bytes());
    let check = |config: &str, part: &str| {
        let message = refusal(&chain, ARB_OWNER, &call(config)).message;
        assert!(message.contains(part), "{message}");
    };
    check("{", "can't deserialize");
    check("{}", "missing chain id");
    check(
        r#"{"chainId":5}"#,
        "chain id mismatch, want: 412346, have: 5",
    );
    let good = r#"{"chainId":412346,"arbitrum":{"EnableArbOS":true,"AllowDebugPrecompiles":true}}"#;
    act(&chain, ARB_OWNER, &call(good));
    check(good, "same as old one");
    act(&chain, ARB_OWNER, &call(r#"{"chainId":412346}"#));
    act(&chain, ARB_OWNER, &call(good));
}
