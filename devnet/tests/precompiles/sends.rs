//! Messages to L1, and a call's context.
//!
//! Lives here: ArbSys. The accumulator is compared with the tree over all messages by its definition.

use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use serde_json::{Value, json};

use crate::precompiles::{ARB_SYS, act, data, data_and_bytes, forwarder, refusal, word, words};
use crate::support::{Chain, DEV, Mined, quantity};

const NODE: Address = address!("0x00000000000000000000000000000000000000c8");
const L2_TO_L1: &str =
    "L2ToL1Tx(address,address,uint256,uint256,uint256,uint256,uint256,uint256,bytes)";
const UPDATE: &str = "SendMerkleUpdate(uint256,bytes32,uint256)";

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn topics(log: &Value) -> Vec<B256> {
    serde_json::from_value(log["topics"].clone()).unwrap()
}

/// The logs of one event.
fn logs(mined: &Mined, event: &str) -> Vec<Value> {
    let all = mined.receipt["logs"].as_array().unwrap();
    let is_it =
        |log: &&Value| topics(log)[0] == keccak256(event) && log["address"] == json!(ARB_SYS);
    all.iter().filter(is_it).cloned().collect()
}

/// The root of the tree over `leaves`, by its definition: halves, the left one as large as possible, and zero for missing
/// leaves.
fn root(leaves: &[B256]) -> B256 {
    match leaves {
        [] => B256::ZERO,
        [leaf] => keccak256(leaf),
        more => subtree(more, more.len().next_power_of_two()),
    }
}

fn subtree(leaves: &[B256], width: usize) -> B256 {
    match (leaves, width) {
        ([], _) => B256::ZERO,
        ([leaf], 1) => keccak256(leaf),
        (leaves, width) => {
            let (left, right) = leaves.split_at(leaves.len().min(width / 2));
            let both = [subtree(left, width / 2), subtree(right, width / 2)];
            keccak256(both.concat())
        }
    }
}

/// Theorem: events, accumulator, headers and proofs show the same messages, and the value that they carry has left the chain.
#[test]
fn messages_to_l1() {
    let chain = Chain::default();
    let mut sent: Vec<B256> = Vec::new();
    for number in 0..11_u64 {
        let payload = vec![7; number as usize * 9];
        let value = U256::from(number % 3);
        let call = match number {
            0 => data("withdrawEth(address)", &[word(DEV)]),
            _ => data_and_bytes("sendTxToL1(address,bytes)", &[word(DEV)], &payload),
        };
        let payload = if number == 0 { Vec::new() } else { payload };
        let mined = chain
            .send(json!({ "to": ARB_SYS, "data": hex::encode_prefixed(call), "value": value }));
        assert!(mined.is_success(), "{:?}", mined.receipt);
        let block = chain.rpc(
            "eth_getBlockByHash",
            json!([mined.receipt["blockHash"], false]),
        );
        let at = |field: &str| U256::from(quantity(&block[field]));
        let place = [at("number"), at("l1BlockNumber"), at("timestamp"), value];

        let sends = logs(&mined, L2_TO_L1);
        let [send] = &sends[..] else {
            panic!("{sends:?}")
        };
        let [_, destination, hash, position] = topics(send)[..] else {
            panic!("{send}")
        };
        assert_eq!(
            (destination, position),
            (DEV.into_word(), B256::from(U256::from(number)))
        );
        // The hash covers the contents of the event.
        let mut message = [DEV.as_slice(), DEV.as_slice()].concat();
        place
            .iter()
            .for_each(|word| message.extend(word.to_be_bytes::<32>()));
        message.extend(&payload);
        assert_eq!(hash, keccak256(message), "message {number}");
        let mut expected = vec![word(DEV)];
        expected.extend(place);
        expected.extend([U256::from(192), U256::from(payload.len())]);
        let body = bytes(&send["data"]);
        assert_eq!(words(&body)[..7], expected);
        assert_eq!(body[224..][..payload.len()], payload);

        sent.push(hash);
        // Each completed tree has an event: level and last leaf, and its root.
        let updates = logs(&mined, UPDATE);
        assert_eq!(updates.len() as u32, (number + 1).trailing_zeros());
        for (level, update) in (1_u64..).zip(&updates) {
            let first = sent.len() - (1 << level);
            let position: U256 = (U256::from(level) << 192_usize) + U256::from(number);
            let expected = [
                keccak256(UPDATE),
                B256::ZERO,
                root(&sent[first..]),
                position.into(),
            ];
            assert_eq!(
                topics(update),
                expected,
                "level {level} of message {number}"
            );
        }
        let root = root(&sent);
        let state = words(
            &chain
                .call(ARB_SYS, &data("sendMerkleTreeState()", &[]))
                .unwrap(),
        );
        assert_eq!(state[0], U256::from(sent.len()));
        assert_eq!(B256::from(state[1]), root);
        assert_eq!(state[3], U256::from(64 - (number + 1).leading_zeros()));
        assert_eq!(block["sendRoot"], json!(root));
        assert_eq!(quantity(&block["sendCount"]), number + 1);
        assert_eq!(block["extraData"], json!(root));
    }
    let left = chain.rpc("eth_getBalance", json!([ARB_SYS, "latest"]));
    assert_eq!(left, json!("0x0"), "what is sent is gone");
    proofs(&chain, &sent);
    let error = refusal(&chain, ARB_SYS, &data("sendMerkleTreeState()", &[]));
    assert!(error.message.contains("zero address"), "{}", error.message);
}

/// Checks that each message's proof leads to the root.
fn proofs(chain: &Chain, sent: &[B256]) {
    for size in 1..=sent.len() {
        for leaf in 0..size {
            let call = data(
                "constructOutboxProof(uint64,uint64)",
                &[U256::from(size), U256::from(leaf)],
            );
            let output = words(&chain.call(NODE, &call).unwrap());
            assert_eq!(B256::from(output[0]), sent[leaf]);
            assert_eq!(B256::from(output[1]), root(&sent[..size]));
            let mut hash = keccak256(sent[leaf]);
            for (level, sibling) in output[4..].iter().enumerate() {
                let sibling = B256::from(*sibling);
                let both = match leaf >> level & 1 {
                    0 => [hash, sibling],
                    _ => [sibling, hash],
                };
                hash = keccak256(both.concat());
            }
            assert_eq!(hash, root(&sent[..size]), "leaf {leaf} of {size}");
        }
    }
    let none = data(
        "constructOutboxProof(uint64,uint64)",
        &[U256::from(50), U256::ZERO],
    );
    let error = chain.call(NODE, &none).unwrap_err();
    assert!(
        error.message.contains("leaf does not exist"),
        "{}",
        error.message
    );
}

/// A failed transaction sends nothing.
#[test]
fn a_message_of_a_call_that_reverts_is_not_sent() {
    let chain = Chain::default();
    let call = data("withdrawEth(address)", &[word(DEV)]);
    // Too little for the event.
    let mined = chain.send(json!({ "to": ARB_SYS, "data": hex::encode_prefixed(&call), "gas": "0xf000", "value": "0x5" }));
    assert!(!mined.is_success());
    let state = words(
        &chain
            .call(ARB_SYS, &data("sendMerkleTreeState()", &[]))
            .unwrap(),
    );
    assert_eq!(state[..2], [U256::ZERO; 2]);
    // A call gets an answer, and changes nothing.
    assert_eq!(chain.word(ARB_SYS, &call), U256::ZERO);
    assert_eq!(chain.word(ARB_SYS, &call), U256::ZERO);
    act(&chain, ARB_SYS, &call);
    assert_eq!(chain.word(ARB_SYS, &call), U256::ONE);
}

/// Only a signer's call and a call by a contract that a signer calls are top level.
#[test]
fn where_a_call_comes_from() {
    let chain = Chain::default();
    let inner = forwarder(&chain, ARB_SYS);
    let outer = forwarder(&chain, inner);
    let ask = |to: Address, getter: &str| {
        let request = json!([{ "from": DEV, "to": to, "data": hex::encode_prefixed(data(getter, &[])) }, "latest"]);
        let output = bytes(&chain.rpc("eth_call", request));
        U256::from_be_slice(&output)
    };
    let is_top = |to: Address| ask(to, "isTopLevelCall()") == U256::ONE;
    assert_eq!([ARB_SYS, inner, outer].map(is_top), [true, true, false]);
    let caller = |to: Address| ask(to, "myCallersAddressWithoutAliasing()");
    assert_eq!(
        [ARB_SYS, inner, outer].map(caller),
        [U256::ZERO, word(DEV), word(outer)]
    );
    let aliased = |to: Address| ask(to, "wasMyCallersAddressAliased()");
    assert_eq!([ARB_SYS, inner, outer].map(aliased), [U256::ZERO; 3]);
    let alias = data(
        "mapL1SenderContractAddressToL2Alias(address,address)",
        &[word(Address::repeat_byte(0xff)), U256::ZERO],
    );
    let expected = address!("0x1111000000000000000000000000000000001110");
    assert_eq!(chain.word(ARB_SYS, &alias), word(expected));
    let version = |arbos: u16| {
        let chain = Chain::start(crate::support::config_at(arbos));
        chain.word(ARB_SYS, &data("arbOSVersion()", &[]))
    };
    assert_eq!([51, 61].map(version), [U256::from(106), U256::from(116)]);
}
