//! Filters that a client installs and asks again and again.
//!
//! Lives here: the filters, and what each has told already. Not here: finding logs (`logs`).

use std::collections::BTreeMap;

use alloy_primitives::U64;
use alloy_rpc_types_eth::Filter;
use serde_json::json;

use crate::bounded::{Each, to_json};
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::logs::{filter, find, of_block};
use crate::rpc::methods::{Answer, Text};

/// The most filters there are; the oldest goes when one more comes, since clients forget theirs.
const CAPACITY: usize = 1_024;

/// All filters, by number.
#[derive(Default)]
pub(crate) struct Filters {
    filters: BTreeMap<u64, Installed>,
    next: u64,
}

/// A filter, and the number of the first block it has not told of.
#[derive(Clone)]
struct Installed {
    kind: Kind,
    next_block: u64,
}

#[derive(Clone)]
enum Kind {
    Blocks,
    Transactions,
    Logs(Box<Filter>),
}

impl Filters {
    fn install(&mut self, kind: Kind, next_block: u64) -> u64 {
        if self.filters.len() >= CAPACITY {
            self.filters.pop_first();
        }
        self.next += 1;
        self.filters
            .insert(self.next, Installed { kind, next_block });
        self.next
    }
}

fn install(node: &Node, kind: Kind) -> Answer {
    let next = node.chain().head().header.number + 1;
    Ok(json!(U64::from(node.filters().install(kind, next))))
}

pub(super) fn new_blocks(node: &Node, _: &Arguments<'_>) -> Answer {
    install(node, Kind::Blocks)
}

pub(super) fn new_transactions(node: &Node, _: &Arguments<'_>) -> Answer {
    install(node, Kind::Transactions)
}

pub(super) fn new_logs(node: &Node, arguments: &Arguments<'_>) -> Answer {
    install(node, Kind::Logs(Box::new(filter(arguments, 0)?)))
}

pub(super) fn uninstall(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let id = arguments.number(0, "filter")?.unwrap_or(0);
    Ok(json!(node.filters().filters.remove(&id).is_some()))
}

fn unknown() -> RpcError {
    RpcError::refused("filter not found")
}

/// What has happened since the filter was asked last.
pub(super) fn changes(node: &Node, arguments: &Arguments<'_>, _: &Interrupt) -> Text {
    let id = arguments.number(0, "filter")?.unwrap_or(0);
    let (kind, blocks) = {
        let chain = node.chain();
        let head = chain.head().header.number;
        let mut filters = node.filters();
        let filter = filters.filters.get_mut(&id).ok_or_else(unknown)?;
        let blocks = chain.blocks(filter.next_block, head);
        filter.next_block = head + 1;
        (filter.kind.clone(), blocks)
    };
    let text = match kind {
        Kind::Blocks => to_json(&Each(blocks.iter().map(|block| block.hash))),
        Kind::Transactions => {
            let hashes = blocks
                .iter()
                .flat_map(|block| block.transactions.iter().map(|tx| tx.hash));
            to_json(&Each(hashes))
        }
        Kind::Logs(filter) => {
            let logs = blocks.iter().flat_map(|block| of_block(block, &filter));
            to_json(&Each(logs))
        }
    };
    Ok(text?)
}

/// Everything that a filter over logs means.
pub(super) fn logs(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let id = arguments.number(0, "filter")?.unwrap_or(0);
    let filter = node
        .filters()
        .filters
        .get(&id)
        .cloned()
        .ok_or_else(unknown)?;
    match filter.kind {
        Kind::Logs(filter) => Ok(to_json(&find(node, &filter, interrupt)?)?),
        Kind::Blocks | Kind::Transactions => {
            Err(RpcError::refused("the filter is not one over logs"))
        }
    }
}
