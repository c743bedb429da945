//! Finding logs.
//!
//! Lives here: matching logs against a filter. Not here: filters that a client installs
//! (`filters`).

use std::sync::Arc;

use alloy_eips::BlockNumberOrTag;
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};

use crate::bounded::to_json_until;
use crate::chain::Block;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::methods::Text;
use crate::rpc::{border, json};

/// The most logs that one answer holds.
const MOST_LOGS: usize = 100_000;

/// The most addresses in a filter, and the most topics per position, as in geth.
const MOST_NAMED: usize = 1_000;

pub(super) fn logs(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let filter = filter(arguments, 0)?;
    Ok(to_json_until(interrupt, &find(node, &filter, interrupt)?)?)
}

/// The filter in the parameter at `place`.
///
/// # Errors
/// If it is missing, or names too many addresses or topics.
pub(super) fn filter(arguments: &Arguments<'_>, place: usize) -> Result<Filter, RpcError> {
    limited(arguments.required(place, "filter")?)
}

/// The filter, if it names no more than it may.
///
/// # Errors
/// If it names too many addresses or topics.
pub(super) fn limited(filter: Filter) -> Result<Filter, RpcError> {
    if named(&filter).any(|named| named > MOST_NAMED) {
        return Err(RpcError::parameters(format!(
            "exceed max addresses or topics per search position: {MOST_NAMED}"
        )));
    }
    Ok(filter)
}

/// How many topics a filter names in each position, and how many addresses.
pub(super) fn named(filter: &Filter) -> impl Iterator<Item = usize> + '_ {
    let topics = filter.topics.iter().map(|topics| topics.len());
    topics.chain([filter.address.len()])
}

/// The logs of a filter's blocks.
///
/// # Errors
/// If a block does not exist, there are too many logs, or nobody is waiting any more.
pub(super) fn find(
    node: &Node,
    filter: &Filter,
    interrupt: &Interrupt,
) -> Result<Vec<Log>, RpcError> {
    if let FilterBlockOption::AtBlockHash(hash) = filter.block_option
        && let Some(found) = border::logs_of(node, filter, hash)?
    {
        return Ok(found);
    }
    let mut found = match filter.block_option {
        FilterBlockOption::Range { .. } => {
            let head = node.chain().head().header.number;
            border::logs(node, filter, range(head, filter)?)?
        }
        FilterBlockOption::AtBlockHash(_) => Vec::new(),
    };
    for block in blocks(node, filter)? {
        interrupt.check()?;
        if filter.matches_bloom(block.header.logs_bloom) {
            found.extend(of_block(&block, filter));
        }
        if found.len() > MOST_LOGS {
            return Err(RpcError::refused(format!(
                "the answer would hold more than {MOST_LOGS} logs: ask for fewer blocks"
            )));
        }
    }
    Ok(found)
}

/// A filter's blocks.
fn blocks(node: &Node, filter: &Filter) -> Result<Vec<Arc<Block>>, RpcError> {
    let unknown = || RpcError::refused("unknown block");
    let chain = node.chain();
    Ok(match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => vec![chain.block(hash.into()).ok_or_else(unknown)?],
        FilterBlockOption::Range { .. } => {
            let (from, to) = range(chain.head().header.number, filter)?;
            chain.blocks(from, to)
        }
    })
}

/// The numbers of a filter's first and last block; `head` is the newest.
///
/// # Errors
/// If the last is before the first.
pub(super) fn range(head: u64, filter: &Filter) -> Result<(u64, u64), RpcError> {
    let FilterBlockOption::Range {
        from_block,
        to_block,
    } = filter.block_option
    else {
        return Ok((head, head));
    };
    let number = |tag: Option<BlockNumberOrTag>| match tag {
        Some(BlockNumberOrTag::Number(number)) => number,
        Some(BlockNumberOrTag::Earliest) => 0,
        None | Some(_) => head,
    };
    let (from, to) = (number(from_block), number(to_block));
    // A range up to the newest block may begin with one that is not made yet.
    let has_end = matches!(
        to_block,
        Some(BlockNumberOrTag::Number(_) | BlockNumberOrTag::Earliest)
    );
    if from > to && has_end {
        return Err(RpcError::parameters("invalid block range params"));
    }
    Ok((from, to))
}

/// The logs of a block that match a filter's addresses and topics.
fn of_block(block: &Block, filter: &Filter) -> Vec<Log> {
    let receipts = block.receipts.iter().enumerate();
    receipts
        .filter(|(_, receipt)| receipt.logs.iter().any(|log| filter.matches(log)))
        .flat_map(|(index, _)| json::logs(block, index))
        .filter(|log| filter.matches(&log.inner))
        .collect()
}

/// The logs of a new block that a filter's client is told of: names of blocks, such as `latest`, exclude none, as in geth.
///
/// It does not look at the block's bloom filter: a filter would keep 256 bytes for each of its addresses and topics.
pub(super) fn of_new_block(block: &Block, filter: &Filter) -> Vec<Log> {
    match filter.matches_block_range(block.header.number) {
        true => of_block(block, filter),
        false => Vec::new(),
    }
}
