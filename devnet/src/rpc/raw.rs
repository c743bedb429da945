//! Blocks, transactions and receipts in the encoding that hashes and roots cover.
//!
//! Lives here: encodings. Not here: the same as JSON (`read`).

use alloy_consensus::{Block as ConsensusBlock, BlockBody, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{B256, Bytes};

use crate::bounded::{Each, to_json, to_json_until, weigh};
use crate::chain::Block;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::methods::Text;

fn block_of(node: &Node, arguments: &Arguments<'_>) -> Result<std::sync::Arc<Block>, RpcError> {
    let id = arguments.required(0, "block")?;
    Ok(node.chain().known_block(id)?)
}

pub(super) fn header(node: &Node, arguments: &Arguments<'_>, _: &Interrupt) -> Text {
    let block = block_of(node, arguments)?;
    Ok(to_json(&Bytes::from(alloy_rlp::encode(&block.header)))?)
}

pub(super) fn block(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let block = block_of(node, arguments)?;
    weigh(interrupt, block.size)?;
    let transactions = block.transactions.iter().map(|tx| tx.envelope.clone());
    let whole: ConsensusBlock<TxEnvelope> = ConsensusBlock {
        header: block.header.clone(),
        body: BlockBody {
            transactions: transactions.collect(),
            ommers: Vec::new(),
            withdrawals: None,
        },
    };
    Ok(to_json_until(
        interrupt,
        &Bytes::from(alloy_rlp::encode(&whole)),
    )?)
}

pub(super) fn receipts(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let block = block_of(node, arguments)?;
    let encoded = block
        .envelopes()
        .map(|receipt| Bytes::from(receipt.encoded_2718()));
    Ok(to_json_until(interrupt, &Each(encoded))?)
}

/// A transaction's encoding, or null if it does not exist.
pub(super) fn transaction(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let found = {
        let chain = node.chain();
        match chain.transaction(hash) {
            Some((block, index)) => Some(block.transactions[index].clone()),
            None => chain.pool().find(hash).cloned(),
        }
    };
    Ok(to_json_until(
        interrupt,
        &found.map(|transaction| transaction.encoded()),
    )?)
}

pub(super) fn transaction_in_block(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let block = node.chain().block(arguments.required(0, "block")?);
    let index = arguments.number(1, "index")?.unwrap_or(0);
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let found = block.and_then(|block| Some(block.transactions.get(index)?.encoded()));
    Ok(to_json_until(interrupt, &found)?)
}
