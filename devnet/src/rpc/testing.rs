//! Methods for tests, under the names that anvil and Hardhat gave them.
//!
//! Lives here: names and shapes. Not here: what they do (`chain`).

use alloy_primitives::{Address, B256, Bytes, U64, U256, hex};
use serde_json::{Value, json};

use crate::chain::Dump;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::methods::Answer;

/// The most blocks that one request makes.
const MOST_BLOCKS: u64 = 10_000;

pub(super) fn snapshot(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.chain_mut().snapshot())))
}

pub(super) fn revert(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let id = arguments.number(0, "snapshot")?.unwrap_or(0);
    Ok(json!(node.chain_mut().revert(id)))
}

pub(super) fn increase_time(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let seconds = arguments.number(0, "seconds")?.unwrap_or(0);
    Ok(json!(U64::from(node.chain_mut().increase_time(seconds))))
}

pub(super) fn set_next_timestamp(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let missing = || RpcError::parameters("missing parameter 1: timestamp");
    let time = arguments.number(0, "timestamp")?.ok_or_else(missing)?;
    node.chain_mut().set_next_timestamp(time, node.now())?;
    Ok(Value::Null)
}

/// One block, at the time that may be given.
pub(super) fn mine(node: &Node, arguments: &Arguments<'_>) -> Answer {
    if let Some(time) = arguments.number(0, "timestamp")? {
        node.chain_mut().set_next_timestamp(time, node.now())?;
    }
    node.mine();
    Ok(json!(U64::ZERO))
}

/// Many blocks, so many seconds apart.
pub(super) fn mine_many(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let count = arguments.number(0, "blocks")?.unwrap_or(1);
    let apart = arguments.number(1, "seconds between them")?;
    if count > MOST_BLOCKS {
        return Err(RpcError::parameters(format!(
            "at most {MOST_BLOCKS} blocks can be made at once"
        )));
    }
    for block in 0..count {
        if let Some(apart) = apart.filter(|_| block > 0) {
            node.chain_mut().increase_time(apart);
        }
        node.mine();
    }
    Ok(Value::Null)
}

pub(super) fn set_automine(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let on = arguments.required(0, "whether")?;
    node.chain_mut().set_automine(on);
    Ok(json!(true))
}

pub(super) fn set_balance(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, balance): (Address, U256) = (
        arguments.required(0, "address")?,
        arguments.required(1, "balance")?,
    );
    node.chain_mut().set_balance(address, balance);
    Ok(Value::Null)
}

pub(super) fn set_nonce(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let missing = || RpcError::parameters("missing parameter 2: nonce");
    let nonce = arguments.number(1, "nonce")?.ok_or_else(missing)?;
    node.chain_mut().set_nonce(address, nonce);
    Ok(Value::Null)
}

pub(super) fn set_code(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, code): (Address, Bytes) = (
        arguments.required(0, "address")?,
        arguments.required(1, "code")?,
    );
    node.chain_mut().set_code(address, code);
    Ok(Value::Null)
}

pub(super) fn set_storage(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let slot: U256 = arguments.required(1, "slot")?;
    let value: B256 = arguments.required(2, "value")?;
    node.chain_mut().set_storage(address, slot, value);
    Ok(json!(true))
}

pub(super) fn impersonate(node: &Node, arguments: &Arguments<'_>) -> Answer {
    node.chain_mut()
        .impersonate(arguments.required(0, "address")?);
    Ok(Value::Null)
}

pub(super) fn stop_impersonating(node: &Node, arguments: &Arguments<'_>) -> Answer {
    node.chain_mut()
        .stop_impersonating(arguments.required(0, "address")?);
    Ok(Value::Null)
}

pub(super) fn auto_impersonate(node: &Node, arguments: &Arguments<'_>) -> Answer {
    node.chain_mut()
        .set_auto_impersonate(arguments.required(0, "whether")?);
    Ok(Value::Null)
}

pub(super) fn node_info(node: &Node, _: &Arguments<'_>) -> Answer {
    let chain = node.chain();
    let (head, config) = (chain.head(), chain.config());
    Ok(json!({
        "currentBlockNumber": U64::from(head.header.number),
        "currentBlockTimestamp": head.header.timestamp,
        "currentBlockHash": head.hash,
        "arbOSVersion": config.arbos.number(),
        "automine": chain.automine(),
        "environment": {
            "baseFee": U64::from(config.base_fee),
            "chainId": config.chain_id,
            "gasLimit": U64::from(head.header.gas_limit),
        },
    }))
}

/// The chain as text within bytes, as anvil has it.
pub(super) fn dump_state(node: &Node, _: &Arguments<'_>) -> Answer {
    let dump = node.chain().dump();
    let text = serde_json::to_vec(&dump).map_err(RpcError::refused)?;
    Ok(json!(hex::encode_prefixed(text)))
}

pub(super) fn load_state(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let text: Bytes = arguments.required(0, "state")?;
    let unreadable = |error| RpcError::parameters(format!("the state cannot be read: {error}"));
    let dump: Dump = serde_json::from_slice(&text).map_err(unreadable)?;
    let refused = |error| RpcError::parameters(format!("the state cannot be loaded: {error}"));
    node.chain_mut().load(dump).map_err(refused)?;
    Ok(json!(true))
}
