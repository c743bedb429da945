//! Methods that return proofs of an account (EIP-1186).
//!
//! Lives here: forms. Not here: roots and proofs (`chain`).

use alloy_primitives::{Address, Bytes, U64, U256};
use serde_json::{Value, json};

use crate::bounded::to_json;
use crate::chain::storage_root;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::methods::Text;
use crate::rpc::read;

/// The most slots in one proof.
const MOST_SLOTS: usize = 1_024;

/// Refuses proofs on a fork, which does not have the whole state that a root covers.
fn check(node: &Node) -> Result<(), RpcError> {
    match node.forked() {
        Some(forked) => Err(RpcError::not_supported(format!(
            "a fork does not have the whole state, which a proof needs: up to block {} the forked node proves it",
            forked.number()
        ))),
        None => Ok(()),
    }
}

/// An account, with proofs of it and of its slots. The state root is not the one in the header.
pub(super) fn proof(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let address: Address = arguments.required(0, "address")?;
    // The answer repeats a key as it was requested.
    let keys: Vec<Value> = arguments.required(1, "slots")?;
    if keys.len() > MOST_SLOTS {
        return Err(RpcError::parameters(format!(
            "too many slots: {} are asked for; the limit is {MOST_SLOTS}",
            keys.len()
        )));
    }
    let slots: Vec<U256> = serde_json::from_value(json!(keys))
        .map_err(|error| RpcError::parameters(format!("invalid parameter 2, slots: {error}")))?;
    check(node)?;
    let view = node.view(arguments.block(2)?)?;
    let state = view.state();
    let account = state.account(address);
    let proof = state.prove(address, &slots, interrupt)?;
    let each = slots.iter().zip(&keys).zip(&proof.slots);
    let storage: Vec<Value> = each
        .map(|((slot, key), nodes)| slot_proof(key, state.slot(address, *slot), nodes))
        .collect();
    Ok(to_json(&json!({
        "address": address,
        "balance": account.balance,
        "nonce": U64::from(account.nonce),
        "codeHash": account.code_hash,
        "storageHash": proof.storage_root,
        "accountProof": proof.account,
        "storageProof": storage,
    }))?)
}

fn slot_proof(key: &Value, value: U256, nodes: &[Bytes]) -> Value {
    json!({ "key": key, "value": value, "proof": nodes })
}

/// An account as the trie holds it.
pub(super) fn account(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    check(node)?;
    let (address, view) = read::account_at(node, arguments)?;
    let account = view.state().account(address);
    Ok(to_json(&json!({
        "balance": account.balance,
        "nonce": U64::from(account.nonce),
        "codeHash": account.code_hash,
        "storageRoot": storage_root(&account, interrupt)?,
    }))?)
}
