//! Finding logs.
//!
//! Lives here: which logs a filter means. Not here: filters that a client keeps (`filters`).

use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};
use serde_json::json;

use crate::chain::{Block, Chain};
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::json;
use crate::rpc::methods::Answer;

/// The most logs that one answer holds.
const MOST_LOGS: usize = 100_000;

pub(super) fn logs(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let filter: Filter = arguments.required(0, "filter")?;
    Ok(json!(find(&node.chain(), &filter)?))
}

/// The logs of the blocks that a filter names.
///
/// # Errors
/// Where a block is not there, or there are too many logs.
pub(super) fn find(chain: &Chain, filter: &Filter) -> Result<Vec<Log>, RpcError> {
    let unknown = || RpcError::refused("unknown block");
    let blocks = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => vec![chain.block(hash.into()).ok_or_else(unknown)?],
        FilterBlockOption::Range {
            from_block,
            to_block,
        } => {
            let head = chain.head().header.number;
            let number = |tag: Option<alloy_eips::BlockNumberOrTag>| match tag {
                None => head,
                Some(alloy_eips::BlockNumberOrTag::Number(number)) => number,
                Some(alloy_eips::BlockNumberOrTag::Earliest) => 0,
                Some(_) => head,
            };
            let (from, to) = (number(from_block), number(to_block));
            if from > to {
                return Err(RpcError::parameters(
                    "invalid block range: 'fromBlock' is after 'toBlock'",
                ));
            }
            chain.blocks(from, to)
        }
    };
    let mut found = Vec::new();
    for block in blocks {
        found.extend(of_block(&block, filter));
        if found.len() > MOST_LOGS {
            return Err(RpcError::refused(format!(
                "the answer would hold more than {MOST_LOGS} logs: ask for fewer blocks"
            )));
        }
    }
    Ok(found)
}

/// The logs of a block that a filter's addresses and topics let through.
pub(super) fn of_block(block: &Block, filter: &Filter) -> Vec<Log> {
    if !filter.matches_bloom(block.header.logs_bloom) {
        return Vec::new();
    }
    (0..block.receipts.len())
        .flat_map(|index| json::logs(block, index))
        .filter(|log| filter.matches(&log.inner))
        .collect()
}
