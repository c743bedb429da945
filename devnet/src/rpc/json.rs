//! Blocks, transactions, receipts and logs in the form that clients expect, with Arbitrum's
//! additions.
//!
//! Lives here: forms. Not here: finding what is shown.

use alloy_consensus::transaction::Recovered;
use alloy_consensus::{Sealed, Transaction as _, Typed2718 as _};
use alloy_primitives::{U64, U256};
use alloy_rpc_types_eth::{Header, Log, Transaction as RpcTransaction};
use serde_json::{Value, json};

use crate::chain::{Block, Transaction};

/// A block, with its transactions or their hashes.
pub(super) fn block(block: &Block, is_full: bool) -> Value {
    let mut json = header(block);
    let transactions: Vec<Value> = match is_full {
        true => (0..block.transactions.len())
            .map(|index| mined(block, index))
            .collect(),
        false => block.transactions.iter().map(|tx| json!(tx.hash)).collect(),
    };
    if let Some(json) = json.as_object_mut() {
        json.insert("transactions".into(), Value::Array(transactions));
        json.insert("uncles".into(), json!([]));
    }
    json
}

/// A block without its transactions.
pub(super) fn header(block: &Block) -> Value {
    let sealed = Sealed::new_unchecked(block.header.clone(), block.hash);
    let header = Header::from_consensus(sealed, None, Some(U256::from(block.size)));
    let mut json = json!(header);
    if let Some(json) = json.as_object_mut() {
        json.insert(
            "totalDifficulty".into(),
            json!(U64::from(block.header.number + 1)),
        );
        json.insert("l1BlockNumber".into(), json!(U64::from(block.l1_number)));
        json.insert("sendRoot".into(), json!(block.send_root()));
        json.insert("sendCount".into(), json!(U64::from(block.send_count())));
    }
    json
}

/// A transaction of a block.
pub(super) fn mined(block: &Block, index: usize) -> Value {
    let transaction = &block.transactions[index];
    let price = block.receipts[index].effective_gas_price;
    json!(RpcTransaction {
        inner: Recovered::new_unchecked(transaction.envelope.clone(), transaction.sender),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(price.into()),
        block_timestamp: Some(block.header.timestamp),
    })
}

/// A waiting transaction.
pub(super) fn waiting(transaction: &Transaction) -> Value {
    json!(RpcTransaction {
        inner: Recovered::new_unchecked(transaction.envelope.clone(), transaction.sender),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: Some(transaction.envelope.max_fee_per_gas()),
        block_timestamp: None,
    })
}

/// The receipt of a block's transaction.
pub(super) fn receipt(block: &Block, index: usize) -> Value {
    let (transaction, receipt) = (&block.transactions[index], &block.receipts[index]);
    let logs: Vec<Log> = logs(block, index).collect();
    json!({
        "type": U64::from(transaction.envelope.ty()),
        "status": U64::from(receipt.status),
        "cumulativeGasUsed": U64::from(receipt.cumulative_gas_used),
        "logsBloom": receipt.logs_bloom,
        "logs": logs,
        "transactionHash": transaction.hash,
        "transactionIndex": U64::from(index),
        "blockHash": block.hash,
        "blockNumber": U64::from(block.header.number),
        "gasUsed": U64::from(receipt.gas_used),
        "effectiveGasPrice": U64::from(receipt.effective_gas_price),
        "from": transaction.sender,
        "to": transaction.envelope.to(),
        "contractAddress": receipt.contract,
        "gasUsedForL1": U64::from(receipt.poster_gas),
        "l1BlockNumber": U64::from(block.l1_number),
        "timeboosted": false,
    })
}

/// The logs of a block's transaction.
pub(super) fn logs(block: &Block, index: usize) -> impl Iterator<Item = Log> {
    let before: usize = block.receipts[..index]
        .iter()
        .map(|receipt| receipt.logs.len())
        .sum();
    let transaction = block.transactions[index].hash;
    block.receipts[index]
        .logs
        .iter()
        .enumerate()
        .map(move |(place, log)| Log {
            inner: log.clone(),
            block_hash: Some(block.hash),
            block_number: Some(block.header.number),
            block_timestamp: Some(block.header.timestamp),
            transaction_hash: Some(transaction),
            transaction_index: Some(index as u64),
            log_index: Some((before + place) as u64),
            removed: false,
        })
}
