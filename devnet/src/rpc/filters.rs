//! Filters that a client installs and polls.
//!
//! Lives here: the filters, and what each has reported. Not here: finding logs (`logs`).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use alloy_primitives::{B256, U64};
use alloy_rpc_types_eth::Filter;
use serde_json::json;

use crate::bounded::{Each, to_json, to_json_until};
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::logs::{filter, find, of_new_block, range};
use crate::rpc::methods::{Answer, Text};

/// The most filters; a new one replaces the oldest, because clients forget theirs.
const CAPACITY: usize = 1_024;

/// The most transactions kept for filters that have not been polled yet.
const ARRIVALS: usize = 32_768;

/// All filters, by number.
#[derive(Default)]
pub(crate) struct Filters {
    filters: BTreeMap<u64, Installed>,
    next: u64,
    /// The newest transactions that became eligible for a block.
    arrivals: VecDeque<B256>,
    /// Their total number so far.
    arrived: u64,
}

/// A filter, and the first block and transaction that it has not reported.
#[derive(Clone)]
struct Installed {
    kind: Kind,
    next_block: u64,
    next_arrival: u64,
}

#[derive(Clone)]
enum Kind {
    Blocks,
    Transactions,
    Logs(Arc<Filter>),
}

impl Filters {
    fn install(&mut self, kind: Kind, next_block: u64) -> u64 {
        if self.filters.len() >= CAPACITY {
            self.filters.pop_first();
        }
        self.next += 1;
        let installed = Installed {
            kind,
            next_block,
            next_arrival: self.arrived,
        };
        self.filters.insert(self.next, installed);
        self.next
    }

    /// Records a transaction that became eligible for a block.
    pub(crate) fn arrived(&mut self, hash: B256) {
        if self.arrivals.len() >= ARRIVALS {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(hash);
        self.arrived += 1;
    }

    /// The transactions from number `first` on, as far as they are kept.
    fn arrivals(&self, first: u64) -> Vec<B256> {
        let new = self.arrived.saturating_sub(first);
        let new = usize::try_from(new).unwrap_or(usize::MAX);
        let known = self.arrivals.len().saturating_sub(new);
        self.arrivals.range(known..).copied().collect()
    }

    /// Makes filters report everything after block `head`, which is the newest again.
    pub(crate) fn go_back(&mut self, head: u64) {
        for filter in self.filters.values_mut() {
            filter.next_block = filter.next_block.min(head + 1);
        }
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
    let filter = filter(arguments, 0)?;
    range(node.chain().head().header.number, &filter)?;
    install(node, Kind::Logs(Arc::new(filter)))
}

pub(super) fn uninstall(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let id = arguments.number(0, "filter")?.unwrap_or(0);
    Ok(json!(node.filters().filters.remove(&id).is_some()))
}

fn unknown() -> RpcError {
    RpcError::refused("filter not found")
}

/// What has happened since the last poll. The filter moves on when the answer is whole: one that was given up can be asked for again.
pub(super) fn changes(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let id = arguments.number(0, "filter")?.unwrap_or(0);
    let (filter, arrivals, blocks, next) = {
        let chain = node.chain();
        let head = chain.head().header.number;
        let filters = node.filters();
        let filter = filters.filters.get(&id).cloned().ok_or_else(unknown)?;
        let arrivals = match filter.kind {
            Kind::Transactions => filters.arrivals(filter.next_arrival),
            Kind::Blocks | Kind::Logs(_) => Vec::new(),
        };
        let blocks = chain.blocks(filter.next_block, head);
        (filter, arrivals, blocks, (head + 1, filters.arrived))
    };
    let text = match &filter.kind {
        Kind::Blocks => to_json_until(interrupt, &Each(blocks.iter().map(|block| block.hash))),
        Kind::Transactions => to_json_until(interrupt, &arrivals),
        Kind::Logs(wanted) => {
            let logs = blocks.iter().flat_map(|block| of_new_block(block, wanted));
            to_json_until(interrupt, &Each(logs))
        }
    }?;
    let mut filters = node.filters();
    let installed = filters.filters.get_mut(&id).ok_or_else(unknown)?;
    // Another poll may have told the same meanwhile, or the chain may have gone back.
    if (installed.next_block, installed.next_arrival) != (filter.next_block, filter.next_arrival) {
        return Ok(to_json(&[(); 0])?);
    }
    (installed.next_block, installed.next_arrival) = next;
    Ok(text)
}

/// All logs that match a log filter.
pub(super) fn logs(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let id = arguments.number(0, "filter")?.unwrap_or(0);
    let filter = node
        .filters()
        .filters
        .get(&id)
        .cloned()
        .ok_or_else(unknown)?;
    match filter.kind {
        Kind::Logs(filter) => {
            // A search lets a filter keep its bloom filters: the copy's go with it.
            let filter = Filter::clone(&filter);
            Ok(to_json_until(interrupt, &find(node, &filter, interrupt)?)?)
        }
        Kind::Blocks | Kind::Transactions => {
            Err(RpcError::refused("the filter is not one over logs"))
        }
    }
}
