//! Methods for tests, under the names that anvil and Hardhat gave them.
//!
//! Lives here: names and shapes. Not here: what they do (`chain`).

use alloy_primitives::{Address, B256, Bytes, U64, U256, hex};
use serde_json::{Value, json};

use crate::bounded::{MOST_ANSWER, to_json};
use crate::chain::Chain;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::{Arguments, WHOLE};
use crate::rpc::error::RpcError;
use crate::rpc::methods::{Answer, Text};
use crate::store;

/// The most blocks that one request makes.
const MOST_BLOCKS: u64 = 10_000;

/// Bytes of the text of code that an account is given: the chain keeps it for good.
const MOST_CODE: usize = 8 << 20;

pub(super) fn snapshot(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.change(Chain::snapshot))))
}

pub(super) fn revert(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let id = arguments.number(0, "snapshot")?.unwrap_or(0);
    Ok(json!(node.change(|chain| chain.revert(id))))
}

pub(super) fn increase_time(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let seconds = arguments.number(0, "seconds")?.unwrap_or(0);
    let ahead = node.change(|chain| chain.increase_time(seconds));
    Ok(json!(U64::from(ahead)))
}

pub(super) fn set_next_timestamp(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let missing = || RpcError::parameters("missing parameter 1: timestamp");
    let time = arguments.number(0, "timestamp")?.ok_or_else(missing)?;
    let now = node.now();
    node.change(|chain| chain.set_next_timestamp(time, now))?;
    Ok(Value::Null)
}

/// One block, at the time that may be given.
pub(super) fn mine(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    if let Some(time) = arguments.number(0, "timestamp")? {
        let now = node.now();
        node.change(|chain| chain.set_next_timestamp(time, now))?;
    }
    node.mine(interrupt)?;
    Ok(json!(U64::ZERO))
}

/// Many blocks, so many seconds apart.
pub(super) fn mine_many(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    let count = arguments.number(0, "blocks")?.unwrap_or(1);
    let apart = arguments.number(1, "seconds between them")?;
    if count > MOST_BLOCKS {
        return Err(RpcError::parameters(format!(
            "at most {MOST_BLOCKS} blocks can be made at once"
        )));
    }
    for block in 0..count {
        if let Some(apart) = apart.filter(|_| block > 0) {
            node.change(|chain| chain.increase_time(apart));
        }
        node.mine(interrupt)?;
    }
    Ok(Value::Null)
}

pub(super) fn set_automine(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let on = arguments.required(0, "whether")?;
    node.change(|chain| chain.set_automine(on));
    Ok(json!(true))
}

pub(super) fn set_balance(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, balance): (Address, U256) = (
        arguments.required(0, "address")?,
        arguments.required(1, "balance")?,
    );
    node.change(|chain| chain.set_balance(address, balance));
    Ok(Value::Null)
}

pub(super) fn set_nonce(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let missing = || RpcError::parameters("missing parameter 2: nonce");
    let nonce = arguments.number(1, "nonce")?.ok_or_else(missing)?;
    node.change(|chain| chain.set_nonce(address, nonce));
    Ok(Value::Null)
}

pub(super) fn set_code(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, code): (Address, Bytes) = (
        arguments.required(0, "address")?,
        arguments.required_up_to(MOST_CODE, 1, "code")?,
    );
    node.change(|chain| chain.set_code(address, code));
    Ok(Value::Null)
}

pub(super) fn set_storage(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let slot: U256 = arguments.required(1, "slot")?;
    let value: B256 = arguments.required(2, "value")?;
    node.change(|chain| chain.set_storage(address, slot, value));
    Ok(json!(true))
}

pub(super) fn impersonate(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    node.change(|chain| chain.impersonate(address));
    Ok(Value::Null)
}

pub(super) fn stop_impersonating(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    node.change(|chain| chain.stop_impersonating(address));
    Ok(Value::Null)
}

pub(super) fn auto_impersonate(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let on = arguments.required(0, "whether")?;
    node.change(|chain| chain.set_auto_impersonate(on));
    Ok(Value::Null)
}

pub(super) fn node_info(node: &Node, _: &Arguments<'_>) -> Answer {
    let chain = node.chain();
    let (head, config) = (chain.head(), chain.config());
    Ok(json!({
        "currentBlockNumber": U64::from(head.header.number),
        "currentBlockTimestamp": head.header.timestamp,
        "currentBlockHash": head.hash,
        "arbOSVersion": chain.arbos().number(),
        "automine": chain.automine(),
        "environment": {
            "baseFee": U64::from(config.base_fee),
            "chainId": config.chain_id,
            "gasLimit": U64::from(head.header.gas_limit),
        },
    }))
}

/// The chain as bytes, as anvil has it.
pub(super) fn dump_state(node: &Node, _: &Arguments<'_>, _: &Interrupt) -> Text {
    let whole = node.chain().whole();
    let bytes = store::dump(&whole, MOST_ANSWER / 2 - 64).map_err(|_| {
        RpcError::refused(format!(
            "the state has more than {} MiB, the most that an answer can hold: keep it with --state FILE",
            MOST_ANSWER >> 21
        ))
    })?;
    Ok(to_json(&hex::encode_prefixed(bytes))?)
}

pub(super) fn load_state(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let bytes: Bytes = arguments.required_up_to(WHOLE, 0, "state")?;
    let chain_id = node.chain().config().chain_id;
    let refused = |error: &dyn std::fmt::Display| {
        RpcError::parameters(format!("the state cannot be loaded: {error}"))
    };
    let written = store::read_dump(&bytes, chain_id).map_err(|error| refused(&error))?;
    node.change(|chain| chain.restore(written))
        .map_err(|error| refused(&error))?;
    Ok(json!(true))
}
