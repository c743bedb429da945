//! Test methods, under anvil's and Hardhat's names.
//!
//! Lives here: accounts, and the chain as a whole. Not here: blocks and time (`mining`), tokens (`tokens`), what they do
//! (`chain`).

use alloy_primitives::{Address, B256, Bytes, U64, U256, hex, keccak256};
use serde_json::{Value, json};

use crate::bounded::{MOST_ANSWER, to_json};
use crate::config::Order;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::{Arguments, WHOLE};
use crate::rpc::error::RpcError;
use crate::rpc::methods::{Answer, Text};
use crate::rpc::read::CLIENT_VERSION;
use crate::store;

/// The most bytes of text for an account's code: the chain keeps it for good.
const MOST_CODE: usize = 8 << 20;

pub(super) fn set_balance(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, balance): (Address, U256) = (
        arguments.required(0, "address")?,
        arguments.required(1, "balance")?,
    );
    node.change_account(address, |chain| chain.set_balance(address, balance));
    Ok(Value::Null)
}

pub(super) fn add_balance(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, wei): (Address, U256) = (
        arguments.required(0, "address")?,
        arguments.required(1, "balance")?,
    );
    node.change_account(address, |chain| chain.add_balance(address, wei));
    Ok(Value::Null)
}

pub(super) fn set_nonce(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let nonce = arguments.required_number(1, "nonce")?;
    node.change_account(address, |chain| chain.set_nonce(address, nonce));
    Ok(Value::Null)
}

pub(super) fn set_code(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, code): (Address, Bytes) = (
        arguments.required(0, "address")?,
        arguments.required_up_to(MOST_CODE, 1, "code")?,
    );
    node.change_account(address, |chain| chain.set_code(address, code));
    Ok(Value::Null)
}

pub(super) fn set_storage(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let slot: U256 = arguments.required(1, "slot")?;
    let value: B256 = arguments.required(2, "value")?;
    node.change_account(address, |chain| chain.set_storage(address, slot, value));
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

/// Turns the log of requests on or off.
pub(super) fn set_logging(node: &Node, arguments: &Arguments<'_>) -> Answer {
    node.set_logging(arguments.required(0, "whether")?);
    Ok(Value::Null)
}

pub(super) fn set_chain_id(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let id = arguments.required_number(0, "chain id")?;
    node.change(|chain| chain.set_chain_id(id));
    Ok(Value::Null)
}

/// The known blocks and states would be another node's.
pub(super) fn no_other_node(_: &Node, _: &Arguments<'_>) -> Answer {
    Err(RpcError::not_supported(
        "the node of a fork is not changed under it: begin anew with anvil_reset and its jsonRpcUrl",
    ))
}

pub(super) fn node_info(node: &Node, _: &Arguments<'_>) -> Answer {
    let forked = node.forked();
    let chain = node.chain();
    let (head, config) = (chain.head(), chain.config());
    let order = match config.order {
        Order::Arrival => "fifo",
        Order::Fees => "fees",
    };
    Ok(json!({
        "currentBlockNumber": U64::from(head.header.number),
        "currentBlockTimestamp": head.header.timestamp,
        "currentBlockHash": head.hash,
        "hardFork": "prague",
        "transactionOrder": order,
        "arbOSVersion": chain.arbos().number(),
        "automine": chain.automine(),
        "environment": {
            "baseFee": U64::from(chain.gas_price().in_header()),
            "chainId": config.chain_id,
            "gasLimit": U64::from(head.header.gas_limit),
            "gasPrice": U64::from(chain.gas_price().in_header()),
        },
        "forkConfig": {
            // Not the URL, which may hold a key.
            "forkUrl": forked.as_ref().map(|forked| forked.from()),
            "forkBlockNumber": forked.as_ref().map(|forked| forked.number()),
            "forkRetryBackoff": null,
        },
        "networkConfig": null,
    }))
}

/// Lets tools tell two chains apart.
pub(super) fn metadata(node: &Node, _: &Arguments<'_>) -> Answer {
    let chain = node.chain();
    let head = chain.head();
    let first = chain.block(chain.first().into()).map(|block| block.hash);
    let resets = B256::from(U256::from(chain.resets()));
    let instance = keccak256([first.unwrap_or_default(), resets].concat());
    let snapshots: serde_json::Map<String, Value> = chain
        .snapshots()
        .map(|(id, number, hash)| (format!("{id:#x}"), json!([number, hash])))
        .collect();
    Ok(json!({
        "clientVersion": CLIENT_VERSION,
        "clientSemver": env!("CARGO_PKG_VERSION"),
        "chainId": chain.config().chain_id,
        "instanceId": instance,
        "latestBlockNumber": head.header.number,
        "latestBlockHash": head.hash,
        "forkedNetwork": chain.origin().map(|origin| json!({
            "chainId": origin.chain_id,
            "forkBlockNumber": origin.block.header.number,
            "forkBlockHash": origin.block.hash,
        })),
        "snapshots": snapshots,
    }))
}

/// The chain as bytes, as in anvil.
pub(super) fn dump_state(node: &Node, _: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let whole = node.chain().whole();
    let may_go_on = || interrupt.check().is_ok();
    let bytes = store::dump(&whole, MOST_ANSWER / 2 - 64, may_go_on);
    interrupt.check()?;
    let bytes = bytes.map_err(|_| {
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
    written.read_ahead(node.newest().beneath());
    node.go_back(|chain| chain.restore(written))
        .map_err(|error| refused(&error))?;
    Ok(json!(true))
}
