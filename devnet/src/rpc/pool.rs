//! Methods about waiting transactions.
//!
//! Lives here: forms. Not here: which transactions wait, and in what order (`chain`).

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_eips::BlockId;
use alloy_primitives::{Address, U64};
use serde_json::{Map, Value, json};

use crate::bounded::to_json;
use crate::chain::{Block, Transaction};
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::json;
use crate::rpc::methods::{Answer, Text};

pub(super) fn status(node: &Node, _: &Arguments<'_>) -> Answer {
    let status = node.chain().pool_status();
    Ok(json!({ "pending": U64::from(status.ready), "queued": U64::from(status.later) }))
}

/// Transactions that wait for a block, and those that wait for an earlier nonce.
pub(super) fn content(node: &Node, _: &Arguments<'_>, _: &Interrupt) -> Text {
    shown(node, None, |transaction| json!(json::waiting(transaction)))
}

/// Waiting transactions, summarised in one line each.
pub(super) fn inspect(node: &Node, _: &Arguments<'_>, _: &Interrupt) -> Text {
    shown(node, None, |transaction| {
        let tx = &transaction.envelope;
        let to = tx
            .to()
            .map_or("contract creation".into(), |to| to.to_string());
        let (value, gas, price) = (tx.value(), tx.gas_limit(), tx.max_fee_per_gas());
        json!(format!("{to}: {value} wei + {gas} gas × {price} wei"))
    })
}

/// One sender's waiting transactions, by nonce.
pub(super) fn content_from(node: &Node, arguments: &Arguments<'_>, _: &Interrupt) -> Text {
    let sender = arguments.required(0, "address")?;
    shown(node, Some(sender), |transaction| {
        json!(json::waiting(transaction))
    })
}

fn shown(node: &Node, of: Option<Address>, show: fn(&Transaction) -> Value) -> Text {
    let view = node.view(BlockId::latest())?;
    let pool = node.chain().pool();
    let part = |wanted: bool| {
        let all = pool.all(|address| view.state().nonce(address));
        let part = all.filter(|(transaction, is_ready)| {
            *is_ready == wanted && of.is_none_or(|of| transaction.sender == of)
        });
        by_sender(part, show)
    };
    let [pending, queued] = [part(true), part(false)].map(|mut part| match of {
        Some(of) => part.remove(&of.to_string()).unwrap_or_else(|| json!({})),
        None => Value::Object(part),
    });
    Ok(to_json(&json!({ "pending": pending, "queued": queued }))?)
}

fn by_sender<'a>(
    waiting: impl Iterator<Item = (&'a Arc<Transaction>, bool)>,
    show: fn(&Transaction) -> Value,
) -> Map<String, Value> {
    let mut senders = Map::new();
    for (transaction, _) in waiting {
        let sender = senders
            .entry(transaction.sender.to_string())
            .or_insert_with(|| json!({}));
        if let Some(nonces) = sender.as_object_mut() {
            let nonce = transaction.envelope.nonce().to_string();
            nonces.insert(nonce, show(transaction));
        }
    }
    senders
}

/// A sender's transaction with a given nonce, mined or not.
pub(super) fn by_sender_and_nonce(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let sender: Address = arguments.required(0, "address")?;
    let nonce = arguments.required_number(1, "nonce")?;
    let (blocks, pool) = {
        let chain = node.chain();
        (chain.blocks(0, u64::MAX), chain.pool())
    };
    if let Some((block, index)) = mined_of(&blocks, sender, nonce, interrupt)? {
        return Ok(to_json(&json::mined(block, index))?);
    }
    let waiting = pool.of(sender, nonce);
    Ok(to_json(&waiting.map(|waiting| json::waiting(waiting)))?)
}

/// The newest of some blocks with a sender's transaction of a given nonce, and its index there.
pub(super) fn mined_of<'a>(
    blocks: &'a [Arc<Block>],
    sender: Address,
    nonce: u64,
    interrupt: &Interrupt,
) -> Result<Option<(&'a Block, usize)>, RpcError> {
    let is_it = |tx: &Transaction| tx.sender == sender && tx.envelope.nonce() == nonce;
    for block in blocks.iter().rev() {
        interrupt.check()?;
        if let Some(index) = block.transactions.iter().position(|tx| is_it(tx)) {
            return Ok(Some((block, index)));
        }
    }
    Ok(None)
}
