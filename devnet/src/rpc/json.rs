//! Blocks, transactions, receipts and logs in the form that clients expect, with Arbitrum's
//! additions.
//!
//! Lives here: forms. Not here: finding what is shown.

use alloy_consensus::transaction::Recovered;
use alloy_consensus::{Sealed, Transaction as _, Typed2718 as _};
use alloy_primitives::{Address, B256, Bloom, U64, U256};
use alloy_rpc_types_eth::{Header, Log, Transaction as RpcTransaction};
use serde::{Serialize, Serializer};

use crate::bounded::Each;
use crate::chain::{Block, Transaction};

#[derive(Serialize)]
struct ShownBlock<'a> {
    #[serde(flatten)]
    header: ShownHeader,
    transactions: Transactions<'a>,
    uncles: [B256; 0],
}

/// A block without its transactions.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownHeader {
    #[serde(flatten)]
    header: Header,
    total_difficulty: U64,
    l1_block_number: U64,
    send_root: B256,
    send_count: U64,
}

/// A block's transactions, each made when it is written.
struct Transactions<'a> {
    block: &'a Block,
    is_full: bool,
}

impl Serialize for Transactions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = &self.block.transactions;
        match self.is_full {
            true => serializer.collect_seq((0..all.len()).map(|index| mined(self.block, index))),
            false => serializer.collect_seq(all.iter().map(|transaction| transaction.hash)),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", bound = "")]
struct ShownReceipt<'a, L: Iterator<Item = Log> + Clone> {
    #[serde(rename = "type")]
    kind: U64,
    status: U64,
    cumulative_gas_used: U64,
    logs_bloom: &'a Bloom,
    logs: Each<L>,
    transaction_hash: B256,
    transaction_index: U64,
    block_hash: B256,
    block_number: U64,
    gas_used: U64,
    effective_gas_price: U64,
    from: Address,
    to: Option<Address>,
    contract_address: Option<Address>,
    gas_used_for_l1: U64,
    l1_block_number: U64,
    timeboosted: bool,
}

/// A block, with its transactions or their hashes.
pub(super) fn block(block: &Block, is_full: bool) -> impl Serialize {
    ShownBlock {
        header: header(block),
        transactions: Transactions { block, is_full },
        uncles: [],
    }
}

/// A block without its transactions.
pub(super) fn header(block: &Block) -> ShownHeader {
    let sealed = Sealed::new_unchecked(block.header.clone(), block.hash);
    ShownHeader {
        header: Header::from_consensus(sealed, None, Some(U256::from(block.size))),
        total_difficulty: U64::from(block.header.number + 1),
        l1_block_number: U64::from(block.l1_number),
        send_root: block.send_root(),
        send_count: U64::from(block.send_count()),
    }
}

/// A transaction of a block.
pub(super) fn mined(block: &Block, index: usize) -> RpcTransaction {
    let transaction = &block.transactions[index];
    let price = block.receipts[index].effective_gas_price;
    RpcTransaction {
        inner: Recovered::new_unchecked(transaction.envelope.clone(), transaction.sender),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(price.0),
        block_timestamp: Some(block.header.timestamp),
    }
}

/// A waiting transaction.
pub(super) fn waiting(transaction: &Transaction) -> RpcTransaction {
    RpcTransaction {
        inner: Recovered::new_unchecked(transaction.envelope.clone(), transaction.sender),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: Some(transaction.envelope.max_fee_per_gas()),
        block_timestamp: None,
    }
}

/// The receipt of a block's transaction.
pub(super) fn receipt(block: &Block, index: usize) -> impl Serialize {
    let (transaction, receipt) = (&block.transactions[index], &block.receipts[index]);
    ShownReceipt {
        kind: U64::from(transaction.envelope.ty()),
        status: U64::from(receipt.status),
        cumulative_gas_used: U64::from(receipt.cumulative_gas_used.0),
        logs_bloom: &receipt.logs_bloom,
        logs: Each(logs(block, index)),
        transaction_hash: transaction.hash,
        transaction_index: U64::from(index),
        block_hash: block.hash,
        block_number: U64::from(block.header.number),
        gas_used: U64::from(receipt.gas_used.0),
        effective_gas_price: U64::from(receipt.effective_gas_price.in_header()),
        from: transaction.sender,
        to: transaction.envelope.to(),
        contract_address: receipt.contract,
        gas_used_for_l1: U64::from(receipt.poster_gas.0),
        l1_block_number: U64::from(block.l1_number),
        timeboosted: false,
    }
}

/// The logs of a block's transaction.
pub(super) fn logs(block: &Block, index: usize) -> impl Iterator<Item = Log> + Clone {
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
