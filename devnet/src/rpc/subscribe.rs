//! Subscriptions over WebSocket: new blocks, logs and transactions as they come.
//!
//! Lives here: what is sent. Not here: finding logs (`logs`).

use alloy_rpc_types_eth::Filter;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{PendingSubscriptionSink, RpcModule, SubscriptionMessage};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::chain::Block;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::json;
use crate::rpc::logs::of_block;

enum Kind {
    Heads,
    Logs(Box<Filter>),
    Transactions,
    /// A node that never syncs has nothing to say of it.
    Syncing,
}

/// Adds the methods to the table.
pub(super) fn register(module: &mut RpcModule<Node>) {
    let register = module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending: PendingSubscriptionSink, node, _| async move {
            let kind = Arguments::parse(&params).and_then(|arguments| kind(&arguments));
            node.report("eth_subscribe", kind.as_ref().err());
            match kind {
                Ok(kind) => serve(pending, &node, kind).await,
                Err(error) => pending.reject(ErrorObjectOwned::from(error)).await,
            }
        },
    );
    register.expect("no name stands twice in the table");
}

fn kind(arguments: &Arguments<'_>) -> Result<Kind, RpcError> {
    let name: String = arguments.required(0, "subscription")?;
    match name.as_str() {
        "newHeads" => Ok(Kind::Heads),
        "newPendingTransactions" => Ok(Kind::Transactions),
        "syncing" => Ok(Kind::Syncing),
        "logs" => {
            let filter: Option<Filter> = arguments.optional(1, "filter")?;
            Ok(Kind::Logs(Box::new(filter.unwrap_or_default())))
        }
        other => Err(RpcError::parameters(format!(
            "no subscription {other:?}: there are newHeads, logs, newPendingTransactions and syncing"
        ))),
    }
}

async fn serve(pending: PendingSubscriptionSink, node: &Node, kind: Kind) {
    let mut blocks = node.blocks();
    let Ok(sink) = pending.accept().await else {
        return;
    };
    loop {
        let block = tokio::select! {
            () = sink.closed() => return,
            block = blocks.recv() => block,
        };
        let block = match block {
            Ok(block) => block,
            // A client that does not keep up misses blocks, as with any node.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        for event in events(&kind, &block) {
            let Ok(event) = serde_json::value::to_raw_value(&event) else {
                return;
            };
            if sink.send(SubscriptionMessage::from(event)).await.is_err() {
                return;
            }
        }
    }
}

fn events(kind: &Kind, block: &Block) -> Vec<Value> {
    match kind {
        Kind::Heads => vec![json::header(block)],
        Kind::Logs(filter) => of_block(block, filter)
            .into_iter()
            .map(|log| json!(log))
            .collect(),
        Kind::Transactions => block.transactions.iter().map(|tx| json!(tx.hash)).collect(),
        Kind::Syncing => Vec::new(),
    }
}
