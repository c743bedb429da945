//! Methods that run something on a state and leave the chain as it is.
//!
//! Lives here: calls, estimates, access lists and traces. Not here: how they are run (`chain`).

use alloy_primitives::{Address, B256, U64};
use alloy_rpc_types_eth::state::StateOverride;
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest};
use serde_json::json;

use crate::chain::{Ending, Request, View};
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::methods::Answer;
use crate::trace::Tracer;

pub(super) fn call(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let request = request(arguments.required(0, "call")?)?;
    let view = view(node, arguments)?;
    // Two questions to NodeInterface take more than a call sees.
    let proof = node.chain().outbox_proof(&request);
    let executed = match proof {
        Some(answer) => answer,
        None => match view.components(&request)? {
            Some(answer) => answer,
            None => view.call(&request)?,
        },
    };
    match executed.ending {
        Ending::Success => Ok(json!(executed.output)),
        _ => Err(RpcError::failed(&executed)),
    }
}

pub(super) fn estimate(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let request = request(arguments.required(0, "call")?)?;
    Ok(json!(U64::from(view(node, arguments)?.estimate(&request)?)))
}

pub(super) fn access_list(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let mut request = request(arguments.required(0, "call")?)?;
    let view = view(node, arguments)?;
    let (list, executed) = view.access_list(&request)?;
    // With the list given, everything on it is paid for up front and warm.
    request.access_list = list.clone();
    let (_, warm) = view.access_list(&request)?;
    let mut answer = json!({ "accessList": list, "gasUsed": U64::from(warm.gas_used) });
    if let (Some(answer), false) = (answer.as_object_mut(), executed.ending == Ending::Success) {
        answer.insert("error".into(), json!(RpcError::failed(&executed).message()));
    }
    Ok(answer)
}

pub(super) fn trace_call(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let request = request(arguments.required(0, "call")?)?;
    let mut options: Option<serde_json::Value> = arguments.optional(2, "tracer options")?;
    let mut view = node.view(arguments.block(1)?)?;
    // geth takes overrides among the tracer's options.
    let mut taken = |key: &str| {
        options
            .as_mut()
            .and_then(|it| it.as_object_mut()?.remove(key))
    };
    let invalid =
        |error: serde_json::Error| RpcError::parameters(format!("invalid overrides: {error}"));
    if let Some(accounts) = taken("stateOverrides") {
        view.override_state(&serde_json::from_value::<StateOverride>(accounts).map_err(invalid)?)?;
    }
    if let Some(block) = taken("blockOverrides") {
        view.override_block(&serde_json::from_value::<BlockOverrides>(block).map_err(invalid)?);
    }
    Ok(view.trace_call(&request, &Tracer::parse(options)?)?)
}

pub(super) fn trace_transaction(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let tracer = Tracer::parse(arguments.optional(1, "tracer options")?)?;
    let replay = node.chain().replay(hash)?;
    Ok(replay.trace(&tracer)?)
}

/// The chain at the block that is asked for, changed as is asked for.
fn view(node: &Node, arguments: &Arguments<'_>) -> Result<View, RpcError> {
    let mut view = node.view(arguments.block(1)?)?;
    if let Some(accounts) = arguments.optional::<StateOverride>(2, "state overrides")? {
        view.override_state(&accounts)?;
    }
    if let Some(block) = arguments.optional::<BlockOverrides>(3, "block overrides")? {
        view.override_block(&block);
    }
    Ok(view)
}

/// The chain's own form of a request.
pub(super) fn request(request: TransactionRequest) -> Result<Request, RpcError> {
    let input = request
        .input
        .try_into_unique_input()
        .map_err(|_| RpcError::parameters("'data' and 'input' are both given and differ"))?;
    if request.blob_versioned_hashes.is_some() || request.max_fee_per_blob_gas.is_some() {
        return Err(RpcError::parameters("Arbitrum has no blobs"));
    }
    if request.gas_price.is_some() && request.max_fee_per_gas.is_some() {
        return Err(RpcError::parameters(
            "'gasPrice' and 'maxFeePerGas' cannot both be given",
        ));
    }
    Ok(Request {
        from: request.from.unwrap_or(Address::ZERO),
        to: request.to.unwrap_or_default(),
        gas: request.gas,
        gas_price: request.gas_price,
        max_fee_per_gas: request.max_fee_per_gas,
        max_priority_fee_per_gas: request.max_priority_fee_per_gas,
        value: request.value.unwrap_or_default(),
        input: input.unwrap_or_default(),
        nonce: request.nonce,
        access_list: request.access_list.unwrap_or_default(),
        authorization_list: request.authorization_list.unwrap_or_default(),
    })
}
