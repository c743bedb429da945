//! Methods about waiting transactions.
//!
//! Lives here: forms. Not here: which transactions wait, and in what order (`chain`).

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_eips::BlockId;
use alloy_primitives::{Address, U64};
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::bounded::{to_json, to_json_until};
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
pub(super) fn content(node: &Node, _: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    shown(node, None, interrupt, json::waiting)
}

/// Waiting transactions, summarised in one line each.
pub(super) fn inspect(node: &Node, _: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    shown(node, None, interrupt, |transaction| {
        let tx = &transaction.envelope;
        let to = tx
            .to()
            .map_or("contract creation".into(), |to| to.to_string());
        let (value, gas, price) = (tx.value(), tx.gas_limit(), tx.max_fee_per_gas());
        format!("{to}: {value} wei + {gas} gas × {price} wei")
    })
}

/// One sender's waiting transactions, by nonce.
pub(super) fn content_from(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let sender = arguments.required(0, "address")?;
    shown(node, Some(sender), interrupt, json::waiting)
}

fn shown<S: Serialize>(
    node: &Node,
    of: Option<Address>,
    interrupt: &Interrupt,
    show: fn(&Transaction) -> S,
) -> Text {
    let view = node.view(BlockId::latest())?;
    let pool = node.chain().pool();
    let [mut pending, mut queued] = [BTreeMap::new(), BTreeMap::new()];
    for (transaction, is_ready) in pool.all(|address| view.state().nonce(address)) {
        interrupt.check()?;
        if of.is_some_and(|of| transaction.sender != of) {
            continue;
        }
        let part = if is_ready { &mut pending } else { &mut queued };
        let nonces: &mut Vec<_> = part.entry(transaction.sender).or_default();
        nonces.push(transaction);
    }
    let [pending, queued] = [pending, queued].map(|senders| Part { senders, of, show });
    Ok(to_json_until(interrupt, &Shown { pending, queued })?)
}

#[derive(Serialize)]
struct Shown<P> {
    pending: P,
    queued: P,
}

/// Waiting transactions by sender and nonce, or one sender's by nonce.
struct Part<'a, S> {
    senders: BTreeMap<Address, Vec<&'a Arc<Transaction>>>,
    of: Option<Address>,
    show: fn(&Transaction) -> S,
}

/// A sender's transactions by nonce; each is made when it is written.
struct Nonces<'a, S> {
    all: &'a [&'a Arc<Transaction>],
    show: fn(&Transaction) -> S,
}

impl<S: Serialize> Serialize for Part<'_, S> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        let nonces = |all| Nonces {
            all,
            show: self.show,
        };
        match self.of {
            Some(of) => {
                let all = self.senders.get(&of).map(Vec::as_slice);
                nonces(all.unwrap_or_default()).serialize(serializer)
            }
            None => {
                let senders = self.senders.iter();
                serializer
                    .collect_map(senders.map(|(sender, all)| (sender.to_string(), nonces(all))))
            }
        }
    }
}

impl<S: Serialize> Serialize for Nonces<'_, S> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        let nonce = |transaction: &Transaction| transaction.envelope.nonce().to_string();
        serializer.collect_map(self.all.iter().map(|it| (nonce(it), (self.show)(it))))
    }
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
