//! Messages from L1, in a block that a node is made to report: no chain here has any of its own.
//!
//! Lives here: the first block of a Nitro chain with such a message, as Nitro's node would report it. Not here: what messages do to
//! accounts (`chain::rerun::messages`).

use alloy_primitives::{B256, U256, keccak256};
use serde_json::{Value, json};
use stylus_devnet::Fork;
use stylus_devnet::replay::{Options, transactions};

use crate::fork::faults::Faulty;
use crate::support::{Chain, config, quantity};

/// A retryable message, and the try that it led to (Nitro's own chain 412346).
const SUBMISSION: &str = "0xcfb3f4f75e092c28579f5b536c8919d63b823bf487c2c946ae8ad539ed2a971d";
const RETRY: &str = "0xf2df0912b3d8b8e41d4d88fae405def3a64ae0ef1a229d1b517ef2f5c07e2c15";
const FROM: &str = "0xdd6bd74674c356345db88c354491c7d3173c6806";
const TO: &str = "0x3fab184622dc19b6109349b94811493bf2a45362";
const PAYER: &str = "0x93b4c114b40ecf1fc34745400a1b9b9115c34e42";

fn word(value: u64) -> Value {
    json!(U256::from(value))
}

fn submission() -> Value {
    json!({
        "type": "0x69", "hash": SUBMISSION, "from": FROM, "to": "0x000000000000000000000000000000000000006e", "nonce": "0x0",
        "gas": "0x5208", "gasPrice": word(100_000_000), "maxFeePerGas": word(1_000_000_000), "value": "0x0", "input": "0xc9f95d32",
        "requestId": B256::with_last_byte(1), "l1BaseFee": word(39), "depositValue": word(10_021_000_000_054_600),
        "retryTo": TO, "retryValue": word(10_000_000_000_000_000), "retryData": "0x", "beneficiary": PAYER, "refundTo": PAYER,
        "maxSubmissionFee": word(54_600), "v": "0x0", "r": "0x0", "s": "0x0",
    })
}

fn retry() -> Value {
    json!({
        "type": "0x68", "hash": RETRY, "from": FROM, "to": TO, "nonce": "0x0", "gas": "0x5208", "gasPrice": word(100_000_000),
        "maxFeePerGas": word(100_000_000), "value": word(10_000_000_000_000_000), "input": "0x", "ticketId": SUBMISSION,
        "refundTo": PAYER, "maxRefund": word(2_100_000_054_600), "submissionFeeRefund": word(54_600), "v": "0x0", "r": "0x0", "s": "0x0",
    })
}

fn receipt(hash: &str, logs: Value) -> Value {
    json!({
        "transactionHash": hash, "status": "0x1", "gasUsed": "0x5208", "gasUsedForL1": "0x0", "logs": logs, "contractAddress": null,
    })
}

/// The logs of the submission.
fn logs() -> Value {
    let log = |event: &str, topics: &[&str], data: Vec<u8>| {
        let mut all = vec![keccak256(event).to_string()];
        all.extend(topics.iter().map(|topic| (*topic).to_owned()));
        json!({
            "address": "0x000000000000000000000000000000000000006e", "topics": all, "data": alloy_primitives::hex::encode_prefixed(data),
            "blockNumber": null, "blockHash": null, "transactionHash": null, "transactionIndex": null, "logIndex": null, "removed": false,
        })
    };
    let number = |value: u64| U256::from(value).to_be_bytes::<32>().to_vec();
    let payer: alloy_primitives::Address = PAYER.parse().unwrap();
    let scheduled = [
        number(21_000),
        payer.into_word().to_vec(),
        number(2_100_000_054_600),
        number(54_600),
    ];
    json!([
        log("TicketCreated(bytes32)", &[SUBMISSION], Vec::new()),
        log(
            "RedeemScheduled(bytes32,bytes32,uint64,uint64,address,uint256,uint256)",
            &[SUBMISSION, RETRY, &B256::ZERO.to_string()],
            scheduled.concat(),
        ),
    ])
}

/// A node whose newest block has both, and the block's tag.
fn node(chain: &Chain, submission: &Value) -> Faulty {
    let node = Faulty::before(chain);
    let number = quantity(&chain.rpc("eth_blockNumber", json!([]))) + 1;
    let tag = json!(format!("{number:#x}"));
    let block = json!({
        "number": tag, "timestamp": "0x7fffffff", "baseFeePerGas": word(100_000_000), "gasLimit": "0x4000000000000",
        "miner": "0x0000000000000000000000000000000000000099", "l1BlockNumber": "0x1", "transactions": [submission, retry()],
    });
    node.answer("eth_getBlockByNumber", &json!([tag, true]), block);
    let receipts = json!([receipt(SUBMISSION, logs()), receipt(RETRY, json!([]))]);
    node.answer("eth_getBlockReceipts", &json!([tag]), receipts);
    for hash in [SUBMISSION, RETRY] {
        node.answer(
            "eth_getTransactionByHash",
            &json!([hash]),
            json!({ "blockNumber": tag }),
        );
    }
    node
}

#[test]
fn a_message_and_its_try_come_to_their_receipts() {
    let chain = Chain::start(config());
    let node = node(&chain, &submission());
    let hashes = [SUBMISSION, RETRY].map(|hash| hash.parse().unwrap());
    let options = Options {
        traced: true,
        ..Options::default()
    };
    let all = transactions(&Fork::url(&node.url), &hashes, &options).unwrap();
    for (place, replayed) in all.iter().enumerate() {
        let replayed = replayed.as_ref().unwrap();
        assert_eq!(replayed.differences(), [], "{place}");
        assert_eq!(replayed.deviates, None);
        // A transaction that runs no code has no trace.
        assert_eq!(replayed.trace.is_some(), place == 1);
    }
    assert_eq!(all[1].as_ref().unwrap().to, Some(TO.parse().unwrap()));
    // Its fields have to match its hash, or it is rejected.
    let mut other = submission();
    other["maxSubmissionFee"] = word(54_601);
    let node = self::node(&chain, &other);
    let error = transactions(&Fork::url(&node.url), &hashes, &options).unwrap();
    let error = error[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("its fields have another hash"), "{error}");
}
