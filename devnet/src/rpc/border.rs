//! Requests to a fork about the blocks before it begins: the forked chain's node answers them.
//!
//! Lives here: which requests these are, and lists that cross the border. Not here: what the fork answers itself, and how the node is
//! queried (`fork`).

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U64};
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::fork::{Forked, PastError};
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;

/// The most characters of what is wrong with an answer.
const MOST_TEXT: usize = 200;

/// What a request is about, with the index of the parameter that names the block.
#[derive(Clone, Copy)]
enum About {
    /// The state after a block: the fork has it for its first block, too, unless it was read from a file, which holds the newest alone.
    State(usize),
    /// A block and its content, or a proof in it: the fork has neither for its first block.
    Content(usize),
    /// A transaction.
    Transaction,
}

/// What a method's requests are about, if they can concern the forked chain.
fn about(method: &str) -> Option<About> {
    Some(match method {
        "eth_call"
        | "eth_createAccessList"
        | "eth_estimateGas"
        | "eth_getAccountInfo"
        | "eth_getBalance"
        | "eth_getCode"
        | "eth_getStorageValues"
        | "eth_getTransactionCount"
        | "eth_simulateV1"
        | "debug_traceCall"
        | "ots_hasCode" => About::State(1),
        "eth_getStorageAt" => About::State(2),
        "eth_getAccount" => About::Content(1),
        "eth_getProof" => About::Content(2),
        "eth_getBlockByHash"
        | "eth_getBlockByNumber"
        | "eth_getBlockReceipts"
        | "eth_getBlockTransactionCountByHash"
        | "eth_getBlockTransactionCountByNumber"
        | "eth_getHeaderByHash"
        | "eth_getHeaderByNumber"
        | "erigon_getHeaderByNumber"
        | "eth_getRawTransactionByBlockHashAndIndex"
        | "eth_getRawTransactionByBlockNumberAndIndex"
        | "eth_getTransactionByBlockHashAndIndex"
        | "eth_getTransactionByBlockNumberAndIndex"
        | "eth_getUncleCountByBlockHash"
        | "eth_getUncleCountByBlockNumber"
        | "debug_getRawBlock"
        | "debug_getRawHeader"
        | "debug_getRawReceipts"
        | "debug_traceBlockByHash"
        | "debug_traceBlockByNumber"
        | "trace_block"
        | "ots_getBlockDetails"
        | "ots_getBlockDetailsByHash"
        | "ots_getBlockTransactions" => About::Content(0),
        "eth_getTransactionByHash"
        | "eth_getTransactionReceipt"
        | "eth_getRawTransactionByHash"
        | "debug_getRawTransaction"
        | "debug_traceTransaction"
        | "trace_transaction"
        | "ots_getTransactionError"
        | "ots_traceTransaction"
        | "ots_getInternalOperations" => About::Transaction,
        _ => return None,
    })
}

/// Returns the forked chain's answer; `None` if this chain has to answer the request.
///
/// # Errors
/// If its node does not answer, or answers with an error.
pub(super) fn answer(
    node: &Node,
    method: &str,
    arguments: &Arguments<'_>,
) -> Result<Option<Box<RawValue>>, RpcError> {
    let (Some(forked), Some(about)) = (node.forked(), about(method)) else {
        return Ok(None);
    };
    let mut params = arguments.all();
    let is_its = match about {
        About::State(place) => match block(node, &forked, arguments, place)? {
            Some((number, _)) => {
                let (begins, is_here) = (forked.number(), node.chain().has_state(number));
                number < begins || (number == begins && !is_here)
            }
            None => false,
        },
        About::Content(place) => match block(node, &forked, arguments, place)? {
            Some((number, is_tag)) => {
                // The newest block here is not the newest block there.
                if is_tag && let Some(param) = params.get_mut(place) {
                    *param = json!(U64::from(number));
                }
                number <= forked.number()
            }
            None => false,
        },
        About::Transaction => has_transaction(node, &forked, arguments)?,
    };
    match is_its {
        true => Ok(Some(forked.past(method, params)?)),
        false => Ok(None),
    }
}

/// The number of the block that a parameter names, and whether it does so by a tag; `None` if neither chain has the block.
fn block(
    node: &Node,
    forked: &Forked,
    arguments: &Arguments<'_>,
    place: usize,
) -> Result<Option<(u64, bool)>, RpcError> {
    let id = match arguments.optional::<BlockId>(place, "block") {
        Ok(Some(id)) => id,
        // The method itself reports what is wrong with it.
        Ok(None) | Err(_) => return Ok(None),
    };
    match id {
        BlockId::Number(BlockNumberOrTag::Number(number)) => Ok(Some((number, false))),
        BlockId::Number(BlockNumberOrTag::Earliest) => Ok(Some((0, true))),
        BlockId::Number(_) => Ok(Some((node.chain().head().header.number, true))),
        BlockId::Hash(hash) => {
            let here = node.chain().block(id);
            let number = match here {
                Some(block) => Some(block.header.number),
                None => number_of(forked, hash.block_hash)?,
            };
            Ok(number.map(|number| (number, false)))
        }
    }
}

/// The number of a block of the forked chain, unless it is newer than the fork.
fn number_of(forked: &Forked, hash: B256) -> Result<Option<u64>, RpcError> {
    let found: Option<Numbered> = past(forked, "eth_getBlockByHash", json!([hash, false]))?;
    let number = found.and_then(|block| block.number).map(|it| it.to());
    Ok(number.filter(|number| *number <= forked.number()))
}

/// Whether the requested transaction is in a block of the forked chain that this chain shares.
fn has_transaction(
    node: &Node,
    forked: &Forked,
    arguments: &Arguments<'_>,
) -> Result<bool, RpcError> {
    let Ok(Some(hash)) = arguments.optional::<B256>(0, "transaction hash") else {
        return Ok(false);
    };
    let is_here = {
        let chain = node.chain();
        chain.transaction(hash).is_some() || chain.pool().find(hash).is_some()
    };
    if is_here {
        return Ok(false);
    }
    let found: Option<Placed> = past(forked, "eth_getTransactionByHash", json!([hash]))?;
    let number = found.and_then(|found| found.block_number);
    Ok(number.is_some_and(|number| number.to::<u64>() <= forked.number()))
}

/// Of a block, the number: all of it can be long.
#[derive(Deserialize)]
struct Numbered {
    number: Option<U64>,
}

/// Of a transaction, the number of its block.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Placed {
    block_number: Option<U64>,
}

fn parse<T: DeserializeOwned>(answer: &RawValue) -> Result<T, RpcError> {
    serde_json::from_str(answer.get()).map_err(|error| {
        // It quotes a text that is not what it should be, however long.
        let error: String = error.to_string().chars().take(MOST_TEXT).collect();
        RpcError::refused(format!("the forked node answers nonsense: {error}"))
    })
}

/// Returns the logs that a filter matches in the forked chain's blocks, up to where this chain begins.
///
/// # Errors
/// If its node does not answer.
pub(super) fn logs(
    node: &Node,
    filter: &Filter,
    (from, to): (u64, u64),
) -> Result<Vec<Log>, RpcError> {
    let Some(forked) = node.forked().filter(|forked| from <= forked.number()) else {
        return Ok(Vec::new());
    };
    let mut filter = filter.clone();
    filter.block_option = FilterBlockOption::Range {
        from_block: Some(from.into()),
        to_block: Some(to.min(forked.number()).into()),
    };
    parse(&forked.past("eth_getLogs", json!([filter]))?)
}

/// Returns the logs that a filter matches in one block of the forked chain; `None` if the block is not one of its.
///
/// # Errors
/// If its node does not answer.
pub(super) fn logs_of(
    node: &Node,
    filter: &Filter,
    hash: B256,
) -> Result<Option<Vec<Log>>, RpcError> {
    let Some(forked) = node.forked() else {
        return Ok(None);
    };
    let here = node.chain().block(hash.into());
    let number = match here {
        Some(block) => Some(block.header.number),
        None => number_of(&forked, hash)?,
    };
    match number.is_some_and(|number| number <= forked.number()) {
        true => Ok(Some(parse(&forked.past("eth_getLogs", json!([filter]))?)?)),
        false => Ok(None),
    }
}

/// Returns the answer of the forked chain's node to a query derived from a request.
///
/// # Errors
/// If it does not answer.
pub(super) fn past<T: DeserializeOwned>(
    forked: &Forked,
    method: &str,
    params: Value,
) -> Result<T, RpcError> {
    parse(&forked.past(method, params)?)
}

impl From<PastError> for RpcError {
    fn from(error: PastError) -> Self {
        match error {
            PastError::Told {
                code,
                message,
                data,
            } => Self::told(code, message, data),
            PastError::Source(error) => Self::refused(error),
        }
    }
}
