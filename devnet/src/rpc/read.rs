//! Methods that read the chain.
//!
//! Lives here: blocks, transactions, receipts, accounts, prices. Not here: running anything (`run`), logs (`logs`).

use alloy_consensus::Transaction as _;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use serde_json::{Value, json};

use crate::addresses::SEQUENCER;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::json;
use crate::rpc::methods::Answer;

/// The most blocks that a fee history covers, as in geth.
const MOST_HISTORY: u64 = 1_024;

pub(super) fn chain_id(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.chain().config().chain_id)))
}

pub(super) fn network(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(node.chain().config().chain_id.to_string()))
}

pub(super) fn block_number(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.chain().head().header.number)))
}

pub(super) fn gas_price(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.chain().gas_price())))
}

/// Nobody collects tips.
pub(super) fn tip(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::ZERO))
}

pub(super) fn coinbase(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(SEQUENCER))
}

pub(super) fn no(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(false))
}

pub(super) fn yes(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(true))
}

pub(super) fn peer_count(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::ZERO))
}

/// That of Ethereum nodes since 2020; nobody speaks it here.
pub(super) fn protocol_version(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(65)))
}

pub(super) fn client_version(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(concat!("stylus-devnet/v", env!("CARGO_PKG_VERSION"))))
}

pub(super) fn modules(_: &Node, _: &Arguments<'_>) -> Answer {
    let names = [
        "anvil", "debug", "eth", "evm", "hardhat", "net", "rpc", "txpool", "web3",
    ];
    Ok(names
        .into_iter()
        .map(|name| (name.to_owned(), json!("1.0")))
        .collect())
}

pub(super) fn sha3(_: &Node, arguments: &Arguments<'_>) -> Answer {
    let data: Bytes = arguments.required(0, "data")?;
    Ok(json!(keccak256(data)))
}

pub(super) fn no_blobs(_: &Node, _: &Arguments<'_>) -> Answer {
    Err(RpcError::not_supported("Arbitrum has no blobs"))
}

pub(super) fn no_proofs(_: &Node, _: &Arguments<'_>) -> Answer {
    Err(RpcError::not_supported(
        "eth_getProof is not supported: the devnet keeps no Merkle tree of its state",
    ))
}

pub(super) fn balance(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let view = node.view(arguments.block(1)?)?;
    Ok(json!(view.state().account(address).balance))
}

pub(super) fn code(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let view = node.view(arguments.block(1)?)?;
    Ok(json!(view.state().code(address)))
}

pub(super) fn storage(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let slot: U256 = arguments.required(1, "slot")?;
    let view = node.view(arguments.block(2)?)?;
    Ok(json!(B256::from(view.state().slot(address, slot))))
}

pub(super) fn nonce(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let block = arguments.block(1)?;
    let nonce = match block.is_pending() {
        true => node.chain().pending_nonce(address),
        false => node.view(block)?.state().account(address).nonce,
    };
    Ok(json!(U64::from(nonce)))
}

pub(super) fn block(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let id: BlockId = arguments.required(0, "block")?;
    let is_full = arguments
        .optional(1, "whether transactions are wanted whole")?
        .unwrap_or(false);
    let block = node.chain().block(id);
    Ok(block.map_or(Value::Null, |block| json::block(&block, is_full)))
}

pub(super) fn block_receipts(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let block = node.chain().block(arguments.required(0, "block")?);
    let all = |block: &crate::chain::Block| {
        (0..block.receipts.len())
            .map(|index| json::receipt(block, index))
            .collect()
    };
    Ok(block.map_or(Value::Null, |block| all(&block)))
}

pub(super) fn transaction_count_of_block(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let block = node.chain().block(arguments.required(0, "block")?);
    Ok(json!(
        block.map(|block| U64::from(block.transactions.len()))
    ))
}

pub(super) fn uncle_count(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let block = node.chain().block(arguments.required(0, "block")?);
    Ok(json!(block.map(|_| U64::ZERO)))
}

pub(super) fn transaction_in_block(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let block = node.chain().block(arguments.required(0, "block")?);
    let index = arguments.number(1, "index")?.unwrap_or(0);
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let found = block.filter(|block| index < block.transactions.len());
    Ok(found.map_or(Value::Null, |block| json::mined(&block, index)))
}

pub(super) fn transaction(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let chain = node.chain();
    if let Some((block, index)) = chain.transaction(hash) {
        return Ok(json::mined(&block, index));
    }
    let waiting = chain
        .pending()
        .into_iter()
        .find(|transaction| transaction.hash == hash);
    Ok(waiting.map_or(Value::Null, |transaction| json::waiting(&transaction)))
}

pub(super) fn receipt(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let found = node.chain().transaction(hash);
    Ok(found.map_or(Value::Null, |(block, index)| json::receipt(&block, index)))
}

pub(super) fn fee_history(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let count = arguments
        .number(0, "block count")?
        .unwrap_or(1)
        .clamp(1, MOST_HISTORY);
    let newest: BlockNumberOrTag = arguments.required(1, "newest block")?;
    let percentiles: Option<Vec<serde_json::Number>> = arguments.optional(2, "percentiles")?;
    let chain = node.chain();
    let last = chain
        .block(newest.into())
        .ok_or_else(|| RpcError::refused("header not found"))?;
    let last = last.header.number;
    let first = (last + 1).saturating_sub(count);
    let blocks = chain.blocks(first, last);
    let fee = |block: &crate::chain::Block| U64::from(block.header.base_fee_per_gas.unwrap_or(0));
    let mut fees: Vec<U64> = blocks.iter().map(|block| fee(block)).collect();
    // The next block's, too, which is like all others.
    fees.push(U64::from(chain.gas_price()));
    // No block comes near to Arbitrum's limit.
    let mut history = json!({
        "oldestBlock": U64::from(first),
        "baseFeePerGas": fees,
        "gasUsedRatio": vec![0; blocks.len()],
    });
    if let (Some(percentiles), Some(history)) = (percentiles, history.as_object_mut()) {
        let rewards = vec![vec![U64::ZERO; percentiles.len()]; blocks.len()];
        history.insert("reward".into(), json!(rewards));
    }
    Ok(history)
}

pub(super) fn pool_status(node: &Node, _: &Arguments<'_>) -> Answer {
    let (ready, later) = split_pool(node);
    Ok(json!({ "pending": U64::from(ready.len()), "queued": U64::from(later.len()) }))
}

pub(super) fn pool(node: &Node, _: &Arguments<'_>) -> Answer {
    let (ready, later) = split_pool(node);
    Ok(json!({ "pending": by_sender(&ready), "queued": by_sender(&later) }))
}

type Waiting = Vec<std::sync::Arc<crate::chain::Transaction>>;

/// What waits for a block, and what waits for an earlier nonce.
fn split_pool(node: &Node) -> (Waiting, Waiting) {
    let chain = node.chain();
    let all = chain.pending();
    all.into_iter()
        .partition(|tx| tx.envelope.nonce() < chain.pending_nonce(tx.sender))
}

fn by_sender(transactions: &Waiting) -> Value {
    let mut senders = serde_json::Map::new();
    for transaction in transactions {
        let sender = senders
            .entry(transaction.sender.to_string())
            .or_insert_with(|| json!({}));
        if let Some(nonces) = sender.as_object_mut() {
            let nonce = transaction.envelope.nonce().to_string();
            nonces.insert(nonce, json::waiting(transaction));
        }
    }
    Value::Object(senders)
}
