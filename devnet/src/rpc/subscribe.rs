//! Subscriptions over WebSocket: new blocks, logs and transactions as they arrive.
//!
//! Lives here: what is sent. Not here: finding logs (`logs`).

use std::sync::{Arc, OnceLock};

use alloy_rpc_types_eth::Filter;
use jsonrpsee::Extensions;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{PendingSubscriptionSink, RpcModule, SubscriptionMessage};
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::chain::{Block, Transaction};
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::json;
use crate::rpc::logs::{limited, named, of_new_block, range};

/// The most addresses and topics that the subscriptions of one WebSocket name together.
const MOST_NAMED: usize = 10_000;

/// A new block, and what subscribers are sent of it, which is written once for all of them.
pub(crate) struct News {
    pub(crate) block: Arc<Block>,
    header: OnceLock<Option<Box<RawValue>>>,
}

impl News {
    pub(crate) fn new(block: Arc<Block>) -> Arc<Self> {
        let header = OnceLock::new();
        Arc::new(Self { block, header })
    }

    fn header(&self) -> Option<Box<RawValue>> {
        let header = || written(json::header(&self.block));
        self.header.get_or_init(header).clone()
    }
}

/// How many more addresses and topics the subscriptions of a WebSocket may name.
#[derive(Clone)]
pub(super) struct Allowance(Arc<Semaphore>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_NAMED)))
    }
}

impl Allowance {
    /// Takes what a filter names, until the permit is dropped.
    ///
    /// # Errors
    /// If the WebSocket's subscriptions name too much already.
    fn take(&self, filter: &Filter) -> Result<OwnedSemaphorePermit, RpcError> {
        let named = named(filter).sum::<usize>().min(MOST_NAMED + 1);
        let taken = self.0.clone().try_acquire_many_owned(named as u32);
        taken.map_err(|_| {
            RpcError::busy(format!(
                "the subscriptions of one WebSocket may name {MOST_NAMED} addresses and topics in all: end some, or open another"
            ))
        })
    }
}

enum Kind {
    Heads,
    Logs(Box<Filter>, OwnedSemaphorePermit),
    /// Transactions that became eligible for a block: whole, or their hashes.
    Transactions(bool),
    /// Never sends anything, because this node never syncs.
    Syncing,
}

/// Adds the methods to the table.
pub(super) fn register(module: &mut RpcModule<Node>) {
    let register = module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending: PendingSubscriptionSink, node, extensions| async move {
            let kind = Arguments::parse(&params)
                .and_then(|arguments| kind(&node, &arguments, &extensions));
            node.report("eth_subscribe", kind.as_ref().err());
            match kind {
                Ok(kind) => serve(pending, &node, kind).await,
                Err(error) => pending.reject(ErrorObjectOwned::from(error)).await,
            }
        },
    );
    register.expect("no name stands twice in the table");
}

fn kind(node: &Node, arguments: &Arguments<'_>, extensions: &Extensions) -> Result<Kind, RpcError> {
    let name: String = arguments.required(0, "subscription")?;
    match name.as_str() {
        "newHeads" => Ok(Kind::Heads),
        "newPendingTransactions" => {
            let is_whole = arguments.optional(1, "whether transactions are wanted whole")?;
            Ok(Kind::Transactions(is_whole.unwrap_or(false)))
        }
        "syncing" => Ok(Kind::Syncing),
        "logs" => {
            let filter: Option<Filter> = arguments.optional(1, "filter")?;
            let filter = limited(filter.unwrap_or_default())?;
            range(node.chain().head().header.number, &filter)?;
            let allowance = extensions.get::<Allowance>().cloned().unwrap_or_default();
            let taken = allowance.take(&filter)?;
            Ok(Kind::Logs(Box::new(filter), taken))
        }
        other => Err(RpcError::parameters(format!(
            "no subscription {other:?}: there are newHeads, logs, newPendingTransactions and syncing"
        ))),
    }
}

async fn serve(pending: PendingSubscriptionSink, node: &Node, kind: Kind) {
    match kind {
        Kind::Heads => {
            let header = |news: &Arc<News>| news.header().into_iter().collect();
            forward(pending, node.blocks(), header).await;
        }
        Kind::Logs(filter, _until_the_end) => {
            let logs = |news: &Arc<News>| {
                let logs = of_new_block(&news.block, &filter).into_iter();
                logs.filter_map(written).collect()
            };
            forward(pending, node.blocks(), logs).await;
        }
        Kind::Transactions(is_whole) => {
            let shown = |transaction: &Arc<Transaction>| {
                let shown = match is_whole {
                    true => written(json::waiting(transaction)),
                    false => written(transaction.hash),
                };
                shown.into_iter().collect()
            };
            forward(pending, node.arrivals(), shown).await;
        }
        Kind::Syncing => forward(pending, node.blocks(), |_| Vec::new()).await,
    }
}

/// What is sent of something; `None` if it cannot be written.
fn written(shown: impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(&json!(shown)).ok()
}

/// Sends what `shown` makes of everything from `source`, until the client or the devnet goes.
async fn forward<T: Clone>(
    pending: PendingSubscriptionSink,
    mut source: Receiver<T>,
    shown: impl Fn(&T) -> Vec<Box<RawValue>>,
) {
    let Ok(sink) = pending.accept().await else {
        return;
    };
    loop {
        let item = tokio::select! {
            () = sink.closed() => return,
            item = source.recv() => item,
        };
        let item = match item {
            Ok(item) => item,
            // A slow client misses some, as with any node.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        for event in shown(&item) {
            if sink.send(SubscriptionMessage::from(event)).await.is_err() {
                return;
            }
        }
    }
}
