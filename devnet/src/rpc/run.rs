//! Methods that run something on a state and leave the chain unchanged.
//!
//! Lives here: calls, estimates, access lists and traces. Not here: running them (`chain`).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U64};
use alloy_rpc_types_eth::state::StateOverride;
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use stylus_vm::Gas;

use crate::bounded::{Each, to_json};
use crate::chain::{Ending, Request, View};
use crate::evm::{Interrupt, Invalid};
use crate::node::Node;
use crate::rpc::arguments::{Arguments, CALL, SMALL, WHOLE};
use crate::rpc::error::RpcError;
use crate::rpc::flat::place;
use crate::rpc::methods::Text;
use crate::trace::Tracer;
use crate::units::Price;

pub(super) fn call(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let request = asked(node, arguments)?;
    let view = view(node, arguments, interrupt)?;
    // Two questions to NodeInterface need more than a call sees.
    let proof = node.chain().outbox_proof(&request);
    let executed = match proof {
        Some(answer) => answer,
        None => match view.components(&request)? {
            Some(answer) => answer,
            None => view.call(&request)?,
        },
    };
    match executed.ending {
        Ending::Success => Ok(to_json(&executed.output)?),
        _ => Err(RpcError::failed(&executed)),
    }
}

pub(super) fn estimate(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let request = asked(node, arguments)?;
    let gas = view(node, arguments, interrupt)?.estimate(&request)?;
    Ok(to_json(&U64::from(gas.0))?)
}

pub(super) fn access_list(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let mut request = asked(node, arguments)?;
    let view = view(node, arguments, interrupt)?;
    let (list, executed) = view.access_list(&request)?;
    // With the list in place, everything on it is paid for up front and warm.
    request.access_list = list.clone();
    let (_, warm) = view.access_list(&request)?;
    let mut answer = json!({ "accessList": list, "gasUsed": U64::from(warm.gas_used.0) });
    if let (Some(answer), false) = (answer.as_object_mut(), executed.ending == Ending::Success) {
        answer.insert("error".into(), json!(RpcError::failed(&executed).message()));
    }
    Ok(to_json(&answer)?)
}

pub(super) fn trace_call(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let request = asked(node, arguments)?;
    // As in geth, overrides may be among the tracer's options; they may be long, the rest may not.
    let mut options: BTreeMap<String, Box<RawValue>> = arguments
        .optional_up_to(WHOLE, 2, "tracer options")?
        .unwrap_or_default();
    let mut view = node.view(arguments.block(1)?)?.until(interrupt);
    let invalid =
        |error: serde_json::Error| RpcError::parameters(format!("invalid overrides: {error}"));
    if let Some(accounts) = options.remove("stateOverrides") {
        let accounts: Option<StateOverride> =
            serde_json::from_str(accounts.get()).map_err(invalid)?;
        view.override_state(&accounts.unwrap_or_default())?;
    }
    if let Some(block) = options.remove("blockOverrides") {
        let block: Option<BlockOverrides> = serde_json::from_str(block.get()).map_err(invalid)?;
        view.override_block(&block.unwrap_or_default())?;
    }
    let length: usize = options.values().map(|value| value.get().len()).sum();
    if length > SMALL {
        return Err(RpcError::parameters(format!(
            "the tracer's options have {length} bytes; the limit is {SMALL}"
        )));
    }
    // They were not read so far: one may have more levels than can be read, or a number that is too large.
    let options = serde_json::to_value(options).map_err(|error| {
        RpcError::parameters(format!("invalid parameter 3, tracer options: {error}"))
    })?;
    Ok(view.trace_call(&request, &Tracer::parse(Some(options))?)?)
}

pub(super) fn trace_transaction(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let tracer = Tracer::parse(arguments.optional(1, "tracer options")?)?;
    let (replay, place) = {
        let chain = node.chain();
        let found = chain.transaction(hash);
        let place = found.map(|(block, index)| place(&block, index));
        (chain.replay(hash)?, place.unwrap_or_default())
    };
    Ok(replay.trace(&tracer.at(place), interrupt)?)
}

/// Traces all transactions of a block.
pub(super) fn trace_block(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let tracer = Tracer::parse(arguments.optional(1, "tracer options")?)?;
    let id = arguments.required(0, "block")?;
    let (block, replay) = {
        let chain = node.chain();
        let block = chain.known_block(id)?;
        let replay = chain.replay_block(&block, block.transactions.len())?;
        (block, replay)
    };
    let tracer_at = |index| tracer.clone().at(place(&block, index));
    let traced = replay.trace_all(tracer_at, interrupt)?;
    let each = traced.iter().map(|(hash, result)| Traced {
        tx_hash: *hash,
        result,
    });
    Ok(to_json(&Each(each))?)
}

/// One transaction's part of a block's trace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Traced<'a> {
    tx_hash: B256,
    result: &'a RawValue,
}

/// The requested call, which must be for this chain.
fn asked(node: &Node, arguments: &Arguments<'_>) -> Result<Request, RpcError> {
    let asked: TransactionRequest = arguments.required_up_to(CALL, 0, "call")?;
    is_of_chain(node, &asked)?;
    request(asked)
}

/// Refuses requests for another chain.
pub(super) fn is_of_chain(node: &Node, asked: &TransactionRequest) -> Result<(), RpcError> {
    let want = node.chain().config().chain_id;
    match asked.chain_id.filter(|have| *have != want) {
        Some(have) => Err(RpcError::refused(format!(
            "chainId does not match node's (have={have}, want={want})"
        ))),
        None => Ok(()),
    }
}

/// The chain at the requested block, with the requested overrides.
fn view(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Result<View, RpcError> {
    let mut view = node.view(arguments.block(1)?)?.until(interrupt);
    if let Some(accounts) =
        arguments.optional_up_to::<StateOverride>(WHOLE, 2, "state overrides")?
    {
        view.override_state(&accounts)?;
    }
    if let Some(block) = arguments.optional::<BlockOverrides>(3, "block overrides")? {
        view.override_block(&block)?;
    }
    Ok(view)
}

/// A request in the chain's own form.
pub(super) fn request(request: TransactionRequest) -> Result<Request, RpcError> {
    let input = request
        .input
        .try_into_unique_input()
        .map_err(|_| RpcError::parameters("'data' and 'input' are both given and differ"))?;
    if request.blob_versioned_hashes.is_some() || request.max_fee_per_blob_gas.is_some() {
        return Err(RpcError::parameters("Arbitrum has no blobs"));
    }
    let cap = request.max_fee_per_gas.map(Price);
    let tip = request.max_priority_fee_per_gas.map(Price);
    if request.gas_price.is_some() && (cap.is_some() || tip.is_some()) {
        return Err(RpcError::refused(
            "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
        ));
    }
    if let (Some(cap), Some(tip)) = (cap, tip)
        && tip > cap
    {
        let address = request.from.unwrap_or_default();
        return Err(Invalid::Tip { address, tip, cap }.into());
    }
    Ok(Request {
        from: request.from.unwrap_or(Address::ZERO),
        to: request.to.unwrap_or_default(),
        gas: request.gas.map(Gas),
        gas_price: request.gas_price.map(Price),
        max_fee_per_gas: cap,
        max_priority_fee_per_gas: tip,
        value: request.value.unwrap_or_default(),
        input: input.unwrap_or_default(),
        nonce: request.nonce,
        access_list: request.access_list.unwrap_or_default(),
        authorization_list: request.authorization_list.unwrap_or_default(),
    })
}
