//! Traces in OpenEthereum's form, which indexers request: the frames of a transaction in a flat list.
//!
//! Lives here: `trace_*`. Not here: tracing (`trace`), and Otterscan's use of these (`otterscan`).

use std::sync::Arc;

use alloy_eips::BlockNumberOrTag;
use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::TransactionInfo;
use alloy_rpc_types_trace::filter::TraceFilter;
use alloy_rpc_types_trace::parity::{Action, LocalizedTransactionTrace, TraceOutput};
use serde::Deserialize as _;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::bounded::{MOST_ANSWER, Unwritable, to_json};
use crate::chain::Block;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::border;
use crate::rpc::error::RpcError;
use crate::rpc::methods::Text;
use crate::trace::Tracer;

/// The most frames that a filter returns.
const MOST_FOUND: usize = 10_000;

/// Bytes of a frame without its input and output.
const FRAME: usize = 512;

/// The most addresses in a filter.
const MOST_NAMED: usize = 1_000;

/// A transaction's position on the chain.
pub(super) fn place(block: &Block, index: usize) -> TransactionInfo {
    TransactionInfo {
        hash: block.transactions.get(index).map(|tx| tx.hash),
        index: Some(index as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        base_fee: block.header.base_fee_per_gas,
        block_timestamp: Some(block.header.timestamp),
    }
}

pub(super) fn transaction(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    match of_transaction(node, hash, interrupt)? {
        Some(frames) => Ok(frames),
        None => Ok(to_json(&())?),
    }
}

/// The frames of a mined transaction, as text.
pub(super) fn of_transaction(
    node: &Node,
    hash: B256,
    interrupt: &Interrupt,
) -> Result<Option<Box<RawValue>>, RpcError> {
    let (replay, info) = {
        let chain = node.chain();
        let Some((block, index)) = chain.transaction(hash) else {
            return Ok(None);
        };
        (chain.replay(hash)?, place(&block, index))
    };
    Ok(Some(replay.trace(&Tracer::Parity(info), interrupt)?))
}

pub(super) fn block(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let id = arguments.required(0, "block")?;
    let block = node.chain().known_block(id)?;
    let frames = of_block(node, &block, interrupt)?;
    Ok(to_json(&frames)?)
}

/// The frames of all transactions of a block.
fn of_block(
    node: &Node,
    block: &Arc<Block>,
    interrupt: &Interrupt,
) -> Result<Vec<LocalizedTransactionTrace>, RpcError> {
    if block.transactions.is_empty() {
        return Ok(Vec::new());
    }
    let replay = node.chain().replay_block(block, block.transactions.len())?;
    let traced = replay.trace_all(|index| Tracer::Parity(place(block, index)), interrupt)?;
    let mut all = Vec::new();
    for (_, frames) in traced {
        all.extend(frames_of(&frames)?);
    }
    Ok(all)
}

/// A transaction's frames, parsed from their text.
pub(super) fn frames_of(text: &RawValue) -> Result<Vec<LocalizedTransactionTrace>, RpcError> {
    serde_json::from_str(text.get()).map_err(RpcError::internal)
}

/// The frames in a range of blocks that go from or to an address.
pub(super) fn filter(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let mut asked: Value = arguments.required(0, "filter")?;
    let invalid = |error: serde_json::Error| {
        RpcError::parameters(format!("invalid parameter 1, filter: {error}"))
    };
    let head = node.chain().head().header.number;
    for end in ["fromBlock", "toBlock"] {
        // Other nodes take tags, too.
        if let Some(block) = asked.get_mut(end).filter(|block| block.is_string()) {
            let number = match BlockNumberOrTag::deserialize(&*block).map_err(invalid)? {
                BlockNumberOrTag::Number(number) => number,
                BlockNumberOrTag::Earliest => 0,
                _ => head,
            };
            *block = json!(format!("{number:#x}"));
        }
    }
    let filter = TraceFilter::deserialize(&asked).map_err(invalid)?;
    if filter.from_address.len().max(filter.to_address.len()) > MOST_NAMED {
        return Err(RpcError::parameters(format!(
            "a filter may name {MOST_NAMED} addresses"
        )));
    }
    let blocks = {
        let forked = node.forked();
        let chain = node.chain();
        // Without a range it is all blocks, as on other nodes.
        let (from, to) = (
            filter.from_block.unwrap_or(0),
            filter.to_block.unwrap_or(head),
        );
        if from > to {
            return Err(RpcError::parameters("invalid block range params"));
        }
        if let Some(forked) = forked.filter(|forked| from <= forked.number()) {
            let last = forked.number();
            drop(chain);
            if to <= last {
                // The newest block here is not the newest block there.
                asked["toBlock"] = json!(format!("{to:#x}"));
                return border::past(&forked, "trace_filter", json!([asked]));
            }
            return Err(RpcError::refused(format!(
                "blocks up to {last} are traced by the forked node, later ones here: ask for them separately"
            )));
        }
        chain.blocks(from, to)
    };
    let (skip, most) = (filter.after.unwrap_or(0), filter.count.unwrap_or(u64::MAX));
    let matcher = filter.matcher();
    let (mut seen, mut found) = (0, Vec::new());
    let mut bytes = 0;
    for block in &blocks {
        // Of the frames of earlier blocks, only those that were found are left.
        interrupt.keep(bytes);
        for frame in of_block(node, block, interrupt)? {
            if !matcher.matches(&frame.trace) {
                continue;
            }
            seen += 1;
            if seen <= skip {
                continue;
            }
            if found.len() as u64 >= most {
                return Ok(to_json(&found)?);
            }
            if found.len() >= MOST_FOUND {
                return Err(RpcError::refused(format!(
                    "more than {MOST_FOUND} frames are found: ask for fewer blocks, or a count"
                )));
            }
            bytes += size(&frame);
            if bytes > MOST_ANSWER {
                return Err(Unwritable::TooLong.into());
            }
            found.push(frame);
        }
    }
    Ok(to_json(&found)?)
}

/// Bytes of a frame in memory, about as many as its text takes.
fn size(frame: &LocalizedTransactionTrace) -> usize {
    let input = match &frame.trace.action {
        Action::Call(call) => call.input.len(),
        Action::Create(create) => create.init.len(),
        Action::Selfdestruct(_) | Action::Reward(_) => 0,
    };
    let output = frame
        .trace
        .result
        .as_ref()
        .map_or(0, |result| match result {
            TraceOutput::Call(call) => call.output.len(),
            TraceOutput::Create(create) => create.code.len(),
        });
    FRAME + 2 * (input + output)
}

/// The contract that a frame created, if it did.
pub(super) fn created(frame: &LocalizedTransactionTrace) -> Option<Address> {
    match &frame.trace.result {
        Some(TraceOutput::Create(output)) => Some(output.address),
        _ => None,
    }
}
