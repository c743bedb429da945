//! `eth_simulateV1`: the outcome of hypothetical blocks of calls.
//!
//! Lives here: parsing the request, within limits, and the answer's form. Not here: running it (`chain`).

use alloy_rpc_types_eth::state::StateOverride;
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::bounded::{Each, to_json};
use crate::chain::{AskedBlock, Ending, Executed, Options, SimulateError, SimulatedBlock};
use crate::evm::{Interrupt, Invalid};
use crate::node::Node;
use crate::rpc::arguments::{Arguments, CALL};
use crate::rpc::error::RpcError;
use crate::rpc::json;
use crate::rpc::methods::Text;
use crate::rpc::run::{is_of_chain, request};

/// The most blocks and calls in a request.
const MOST_BLOCKS: usize = 256;
const MOST_CALLS: usize = 1_000;

/// The request; its parts are parsed once their number is known.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Payload {
    block_state_calls: Vec<Box<RawValue>>,
    trace_transfers: bool,
    validation: bool,
    return_full_transactions: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Piece {
    block_overrides: Option<BlockOverrides>,
    state_overrides: Option<StateOverride>,
    calls: Vec<Box<RawValue>>,
}

pub(super) fn simulate(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let payload: Payload = arguments.required_up_to(CALL, 0, "simulation")?;
    let id = arguments.block(1)?;
    if payload.block_state_calls.is_empty() {
        return Err(RpcError::parameters("empty input"));
    }
    if payload.block_state_calls.len() > MOST_BLOCKS {
        return Err(too_many());
    }
    let (mut blocks, mut calls) = (Vec::new(), 0);
    for piece in payload.block_state_calls {
        interrupt.check()?;
        let piece: Piece = serde_json::from_str(piece.get()).map_err(|error| invalid(&error))?;
        calls += piece.calls.len();
        if calls > MOST_CALLS {
            return Err(RpcError::coded(
                LIMIT_EXCEEDED,
                format!("too many calls: {MOST_CALLS} at most"),
            ));
        }
        let asked = piece.calls.iter().map(|call| {
            let asked: TransactionRequest =
                serde_json::from_str(call.get()).map_err(|error| invalid(&error))?;
            is_of_chain(node, &asked)?;
            request(asked)
        });
        blocks.push(AskedBlock {
            block: piece.block_overrides.unwrap_or_default(),
            accounts: piece.state_overrides.unwrap_or_default(),
            calls: asked.collect::<Result<_, _>>()?,
        });
    }
    let options = Options {
        validation: payload.validation,
        transfers: payload.trace_transfers,
    };
    let parent = node.chain().known_block(id)?;
    // Here too, pending means the newest state: the first block is the next one.
    let view = node.view(parent.hash.into())?.until(interrupt);
    let made = view.simulate(parent, blocks, options)?;
    let is_full = payload.return_full_transactions;
    Ok(to_json(&Each(
        made.iter().map(|made| shown(made, is_full)),
    ))?)
}

fn shown(made: &SimulatedBlock, is_full: bool) -> Value {
    let mut block = json!(json::block(&made.block, is_full));
    let calls = made.executed.iter().enumerate();
    let calls: Vec<Value> = calls
        .map(|(index, executed)| {
            let logs: Vec<_> = json::logs(&made.block, index).collect();
            let mut call = json!({
                "returnData": executed.output,
                "logs": logs,
                "gasUsed": alloy_primitives::U64::from(executed.gas_used.0),
                "status": match executed.ending {
                    Ending::Success => "0x1",
                    Ending::Revert | Ending::Halt(_) => "0x0",
                },
            });
            if let (Some(call), Some(error)) = (call.as_object_mut(), failure(executed)) {
                call.insert("error".into(), error);
            }
            call
        })
        .collect();
    if let Some(block) = block.as_object_mut() {
        block.insert("calls".into(), Value::Array(calls));
    }
    block
}

/// Errors of a simulation, numbered by the specification.
const VM_ERROR: i32 = -32_015;
const LIMIT_EXCEEDED: i32 = -38_026;

/// How a call failed.
fn failure(executed: &Executed) -> Option<Value> {
    let error = RpcError::failed(executed);
    match &executed.ending {
        Ending::Success => None,
        Ending::Revert => Some(json!({
            "code": 3, "message": error.message(), "data": executed.output,
        })),
        Ending::Halt(_) => Some(json!({ "code": VM_ERROR, "message": error.message() })),
    }
}

fn too_many() -> RpcError {
    RpcError::coded(LIMIT_EXCEEDED, "too many blocks")
}

fn invalid(error: &serde_json::Error) -> RpcError {
    RpcError::parameters(format!("invalid parameter 1, simulation: {error}"))
}

impl From<SimulateError> for RpcError {
    fn from(error: SimulateError) -> Self {
        let code = match &error {
            SimulateError::Number { .. } => -38_020,
            SimulateError::Time { .. } => -38_021,
            SimulateError::Blocks => LIMIT_EXCEEDED,
            SimulateError::BlockGas { .. } => -38_015,
            SimulateError::Invalid(invalid) => match invalid {
                Invalid::NonceTooLow { .. } => -38_010,
                Invalid::NonceTooHigh { .. } => -38_011,
                Invalid::BaseFee { .. } => -38_012,
                Invalid::IntrinsicGas { .. } => -38_013,
                Invalid::Funds { .. } => -38_014,
                Invalid::NotEoa(_) => -38_024,
                Invalid::InitcodeSize => -38_025,
                _ => return Self::refused(error),
            },
            SimulateError::Override(error) => return Self::parameters(error.to_string()),
            SimulateError::Interrupted(_) => return Self::refused(error),
        };
        Self::coded(code, error.to_string())
    }
}
