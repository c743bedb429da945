//! Test methods about blocks and time, under anvil's and Hardhat's names.
//!
//! Lives here: names and forms. Not here: what they do (`chain`), and methods about accounts (`testing`).

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_rpc_types_eth::TransactionRequest;
use serde::Deserialize;
use serde_json::{Value, json};
use stylus_vm::Gas;

use crate::addresses::ARBOS_STATE;
use crate::chain::{Chain, Transaction};
use crate::config::{Config, Fork};
use crate::evm::Interrupt;
use crate::fork::Forked;
use crate::node::Node;
use crate::rpc::arguments::{Arguments, CALL, number_of};
use crate::rpc::error::RpcError;
use crate::rpc::json;
use crate::rpc::methods::Answer;
use crate::rpc::send::Unsigned;

/// The most blocks that one request produces.
const MOST_BLOCKS: u64 = 10_000;

/// The most transactions in a reorganisation.
const MOST_REORGANISED: usize = 1_000;

pub(super) fn snapshot(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.change(Chain::snapshot))))
}

pub(super) fn revert(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let id = arguments.number(0, "snapshot")?.unwrap_or(0);
    Ok(json!(node.go_back(|chain| chain.revert(id))))
}

/// Removes blocks.
pub(super) fn rollback(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let depth = arguments.number(0, "depth")?.unwrap_or(1);
    node.go_back(|chain| chain.rollback(depth))?;
    Ok(Value::Null)
}

/// A transaction for a block of the other branch: signed, or as a request.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reorganised {
    Signed(Bytes),
    Asked(Box<TransactionRequest>),
}

/// Removes blocks and produces as many others, with the given transactions for each.
pub(super) fn reorg(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    let depth = arguments.number(0, "depth")?.unwrap_or(1);
    let given: Option<Vec<(Reorganised, u64)>> =
        arguments.optional_up_to(CALL, 1, "transactions and their blocks")?;
    let mut given = given.unwrap_or_default();
    if depth > MOST_BLOCKS || given.len() > MOST_REORGANISED {
        return Err(RpcError::parameters(format!(
            "at most {MOST_BLOCKS} blocks and {MOST_REORGANISED} transactions can be exchanged at once"
        )));
    }
    if given.iter().any(|(_, block)| *block >= depth) {
        return Err(RpcError::parameters(format!(
            "a transaction is for a block that is not among the {depth} new ones"
        )));
    }
    node.reorganise(depth, |node| {
        for block in 0..depth {
            for (transaction, _) in given.extract_if(.., |(_, of)| *of == block) {
                match transaction {
                    Reorganised::Signed(raw) => {
                        let transaction = Transaction::decode(&raw)?;
                        node.send(interrupt, |_| Ok::<_, RpcError>(transaction))?;
                    }
                    Reorganised::Asked(asked) => {
                        let unsigned = Unsigned::of(node, *asked, interrupt)?;
                        node.send(interrupt, |chain| unsigned.sign(chain))?;
                    }
                }
            }
            node.mine_all(interrupt)?;
        }
        Ok::<_, RpcError>(())
    })?;
    Ok(Value::Null)
}

/// The options of a reset.
#[derive(Deserialize, Default)]
struct ResetOptions {
    forking: Option<Forking>,
}

/// The chain to fork: another node's, or another block of the same one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Forking {
    json_rpc_url: Option<String>,
    block_number: Option<Value>,
}

/// Restarts the chain: as a fork if the options name one, otherwise as a new chain.
pub(super) fn reset(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let options: Option<ResetOptions> = arguments.optional(0, "options")?;
    let asked = node.asked();
    let Some(forking) = options.and_then(|options| options.forking) else {
        let config = Config {
            fork: None,
            ..asked.clone()
        };
        node.reset(config, None)?;
        return Ok(Value::Null);
    };
    let block = number_of(forking.block_number, 0, "blockNumber")?;
    let before = node.chain().config().fork.clone().or(asked.fork.clone());
    let settings = match (before, forking.json_rpc_url) {
        (Some(before), None) => Fork { block, ..before },
        (Some(before), Some(url)) if before.url.as_ref() == Some(&url) => Fork { block, ..before },
        // Headers and recordings are another node's.
        (Some(before), Some(url)) => Fork {
            block,
            retries: before.retries,
            timeout: before.timeout,
            requests_per_second: before.requests_per_second,
            cache: before.cache,
            ..Fork::url(url)
        },
        (None, Some(url)) => Fork {
            block,
            ..Fork::url(url)
        },
        (None, None) => {
            return Err(RpcError::parameters(
                "there is no fork to begin anew: name the node to fork, as jsonRpcUrl",
            ));
        }
    };
    let forked = Forked::open(&settings)?;
    let config = Config {
        fork: Some(settings),
        ..asked.clone()
    };
    node.reset(config, Some(forked))?;
    Ok(Value::Null)
}

pub(super) fn increase_time(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let seconds = arguments.number(0, "seconds")?.unwrap_or(0);
    Ok(json!(node.change(|chain| chain.increase_time(seconds))))
}

pub(super) fn set_time(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let time = arguments.required_number(0, "timestamp")?;
    let now = node.now();
    Ok(json!(node.change(|chain| chain.set_time(time, now))))
}

pub(super) fn set_next_timestamp(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let time = arguments.required_number(0, "timestamp")?;
    node.change(|chain| chain.set_next_timestamp(time))?;
    Ok(Value::Null)
}

pub(super) fn set_time_step(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let seconds = arguments.required_number(0, "seconds")?;
    node.change(|chain| chain.set_time_step(Some(seconds)));
    Ok(Value::Null)
}

pub(super) fn remove_time_step(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(node.change(|chain| chain.set_time_step(None))))
}

/// What `evm_mine` accepts besides a time.
#[derive(Deserialize, Default)]
struct Options {
    timestamp: Option<Value>,
    blocks: Option<Value>,
}

/// Produces blocks, the first at a given time if any. Returns the number of the first.
fn make(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Result<u64, RpcError> {
    let options = match arguments.optional::<Value>(0, "timestamp or options")? {
        Some(options @ Value::Object(_)) => serde_json::from_value(options)
            .map_err(|error| RpcError::parameters(format!("invalid options: {error}")))?,
        timestamp => Options {
            timestamp,
            blocks: None,
        },
    };
    let count = number_of(options.blocks, 0, "blocks")?.unwrap_or(1);
    is_affordable(count)?;
    if let Some(time) = number_of(options.timestamp, 0, "timestamp")? {
        node.change(|chain| chain.set_next_timestamp(time))?;
    }
    let first = node.chain().head().header.number + 1;
    let mut outage = None;
    for _ in 0..count {
        node.mine(interrupt, &mut outage)?;
    }
    Ok(first)
}

fn is_affordable(count: u64) -> Result<(), RpcError> {
    match count > MOST_BLOCKS {
        true => Err(RpcError::parameters(format!(
            "at most {MOST_BLOCKS} blocks can be made at once"
        ))),
        false => Ok(()),
    }
}

pub(super) fn mine(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    make(node, arguments, interrupt)?;
    Ok(json!(U64::ZERO))
}

/// Like `evm_mine`, but returns the blocks.
pub(super) fn mine_detailed(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Answer {
    let first = make(node, arguments, interrupt)?;
    let blocks = node.chain().blocks(first, u64::MAX);
    Ok(blocks
        .iter()
        .map(|block| json!(json::block(block, true)))
        .collect())
}

/// Produces many blocks, at the given interval in seconds.
pub(super) fn mine_many(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    let count = arguments.number(0, "blocks")?.unwrap_or(1);
    let apart = arguments.number(1, "seconds between them")?;
    is_affordable(count)?;
    let mut outage = None;
    for block in 0..count {
        if let Some(apart) = apart.filter(|_| block > 0) {
            node.change(|chain| chain.increase_time(apart));
        }
        node.mine(interrupt, &mut outage)?;
    }
    Ok(Value::Null)
}

pub(super) fn automine(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(node.chain().automine()))
}

pub(super) fn set_automine(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let on = arguments.required(0, "whether")?;
    node.change(|chain| chain.set_automine(on));
    if on {
        node.set_interval(None);
        node.catch_up();
    }
    Ok(json!(true))
}

pub(super) fn interval(node: &Node, _: &Arguments<'_>) -> Answer {
    let period = *node.interval().borrow();
    Ok(json!(period.map(|period| period.as_secs())))
}

/// The seconds between blocks; 0 means that blocks are produced only on request.
pub(super) fn set_interval(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let seconds = arguments.number(0, "seconds")?.unwrap_or(0);
    node.change(|chain| chain.set_automine(false));
    node.set_interval((seconds > 0).then(|| Duration::from_secs(seconds)));
    Ok(Value::Null)
}

pub(super) fn set_gas_limit(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let gas = arguments.required_number(0, "gas limit")?;
    node.change(|chain| chain.set_gas_limit(Gas(gas)));
    Ok(json!(true))
}

pub(super) fn set_coinbase(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    node.change(|chain| chain.set_beneficiary(address));
    Ok(Value::Null)
}

pub(super) fn set_random(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let word: U256 = arguments.required(0, "word")?;
    node.change(|chain| chain.set_next_random(word.into()));
    Ok(Value::Null)
}

pub(super) fn set_next_base_fee(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let wei = arguments.required_number(0, "wei per gas")?;
    node.change_account(ARBOS_STATE, |chain| chain.set_next_base_fee(wei.into()));
    Ok(Value::Null)
}

pub(super) fn set_min_gas_price(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let wei = arguments.required_number(0, "wei per gas")?;
    node.change_account(ARBOS_STATE, |chain| chain.set_min_gas_price(wei.into()));
    Ok(Value::Null)
}

/// Removes a transaction; returns its hash if it was waiting.
pub(super) fn drop_transaction(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let was_there = node.change(|chain| chain.drop_transaction(hash));
    Ok(json!(was_there.then_some(hash)))
}

/// Removes a transaction; returns whether it was waiting, as Hardhat does.
pub(super) fn drops_transaction(node: &Node, arguments: &Arguments<'_>) -> Answer {
    Ok(json!(!drop_transaction(node, arguments)?.is_null()))
}

pub(super) fn drop_all(node: &Node, _: &Arguments<'_>) -> Answer {
    node.change(|chain| chain.drop_transactions(None));
    Ok(Value::Null)
}

pub(super) fn drop_of_sender(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let sender: Address = arguments.required(0, "address")?;
    node.change(|chain| chain.drop_transactions(Some(sender)));
    Ok(Value::Null)
}
