//! `flatCallTracer`: frames in a flat list, as geth writes it.
//!
//! Lives here: the list, made of the call tracer's nested frames, as in geth. Not here: those frames (revm-inspectors), and OpenEthereum's
//! own traces, whose gas and errors differ.

use std::collections::HashSet;

use alloy_primitives::{Address, U256};
use alloy_rpc_types_eth::TransactionInfo;
use alloy_rpc_types_trace::geth::CallFrame;
use alloy_rpc_types_trace::parity::{
    Action, CallAction, CallOutput, CallType, CreateAction, CreateOutput, CreationMethod,
    LocalizedTransactionTrace, SelfdestructAction, TraceOutput, TransactionTrace,
};

const REVERTED: &str = "execution reverted";

/// Returns `frame` and all frames in it in the order in which they began, each with its transaction's place on the chain. Errors are in
/// OpenEthereum's words if `converts_errors`. Calls of `left_out` that carry no value are left out.
pub(super) fn flat(
    frame: CallFrame,
    place: TransactionInfo,
    converts_errors: bool,
    left_out: &HashSet<Address>,
) -> Vec<LocalizedTransactionTrace> {
    let mut all = Vec::new();
    let mut waiting = vec![(frame, Vec::new())];
    while let Some((mut frame, address)) = waiting.pop() {
        let mut calls = std::mem::take(&mut frame.calls);
        calls.retain(|call| {
            let is_call = matches!(call.typ.as_str(), "CALL" | "STATICCALL");
            let has_value = call.value.is_some_and(|value| !value.is_zero());
            !is_call || has_value || call.to.is_none_or(|to| !left_out.contains(&to))
        });
        let subtraces = calls.len();
        for (index, call) in calls.into_iter().enumerate().rev() {
            let mut address = address.clone();
            address.push(index);
            waiting.push((call, address));
        }
        let error = frame.error.clone();
        // What a revert returned is shown; other failures return nothing.
        let returned = error.as_deref().is_none_or(|error| error == REVERTED);
        let (action, result) = parts(frame);
        all.push(LocalizedTransactionTrace {
            trace: TransactionTrace {
                action,
                error: error.map(|error| match converts_errors {
                    true => in_parity(&error).map_or(error, Into::into),
                    false => error,
                }),
                result: result.filter(|_| returned),
                subtraces,
                trace_address: address,
            },
            block_hash: place.block_hash,
            block_number: place.block_number,
            transaction_hash: place.hash,
            transaction_position: place.index,
        });
    }
    all
}

/// What a frame did, and what it returned.
fn parts(frame: CallFrame) -> (Action, Option<TraceOutput>) {
    let gas = |gas: U256| gas.saturating_to();
    let value = frame.value.unwrap_or_default();
    let output = frame.output.unwrap_or_default();
    let (from, to) = (frame.from, frame.to.unwrap_or_default());
    let (given, gas_used) = (gas(frame.gas), gas(frame.gas_used));
    match frame.typ.as_str() {
        kind @ ("CREATE" | "CREATE2") => {
            let action = Action::Create(CreateAction {
                from,
                value,
                gas: given,
                init: frame.input,
                creation_method: match kind {
                    "CREATE" => CreationMethod::Create,
                    _ => CreationMethod::Create2,
                },
            });
            // Where nothing was created, there is no address.
            let result = match frame.to {
                Some(address) => TraceOutput::Create(CreateOutput {
                    gas_used,
                    code: output,
                    address,
                }),
                None => TraceOutput::Call(CallOutput { gas_used, output }),
            };
            (action, Some(result))
        }
        "SELFDESTRUCT" => {
            let action = SelfdestructAction {
                address: from,
                balance: value,
                refund_address: to,
            };
            (Action::Selfdestruct(action), None)
        }
        kind => {
            let action = Action::Call(CallAction {
                from,
                to,
                value,
                gas: given,
                input: frame.input,
                call_type: match kind {
                    "CALLCODE" => CallType::CallCode,
                    "DELEGATECALL" => CallType::DelegateCall,
                    "STATICCALL" => CallType::StaticCall,
                    _ => CallType::Call,
                },
            });
            let result = TraceOutput::Call(CallOutput { gas_used, output });
            (action, Some(result))
        }
    }
}

/// One of geth's errors in OpenEthereum's words, if it has any for it.
fn in_parity(error: &str) -> Option<&'static str> {
    Some(match error {
        "out of gas" | "gas uint64 overflow" | "max code size exceeded" => "Out of gas",
        "invalid jump destination" => "Bad jump destination",
        REVERTED => "Reverted",
        "return data out of bounds" => "Out of bounds",
        "precompiled failed" => "Built-in failed",
        _ if error.starts_with("stack limit reached") => "Out of stack",
        _ if error.starts_with("stack underflow") => "Stack underflow",
        _ if error.starts_with("invalid opcode") => "Bad instruction",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Bytes;
    use serde_json::{Value, json};

    use super::*;

    const PRECOMPILE: Address = Address::with_last_byte(4);

    fn frame(kind: &str, error: Option<&str>, calls: Vec<CallFrame>) -> CallFrame {
        CallFrame {
            typ: kind.into(),
            to: error.is_none().then(|| Address::with_last_byte(2)),
            output: Some(Bytes::from_static(&[7])),
            error: error.map(Into::into),
            calls,
            ..CallFrame::default()
        }
    }

    /// Frames as type, place, error, and whether there is a result.
    fn check(whole: CallFrame, converts_errors: bool, expected: &[Value]) {
        let left_out = HashSet::from([PRECOMPILE]);
        let frames = flat(
            whole,
            TransactionInfo::default(),
            converts_errors,
            &left_out,
        );
        let shown: Vec<Value> = frames
            .iter()
            .map(|frame| {
                let frame = json!(frame);
                let (kind, place) = (&frame["type"], &frame["traceAddress"]);
                json!([kind, place, frame["error"], !frame["result"].is_null()])
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn frames_stand_in_the_order_in_which_they_began() {
        let precompile = |value| CallFrame {
            to: Some(PRECOMPILE),
            value: Some(U256::from(value)),
            ..frame("CALL", None, vec![])
        };
        let inside = vec![
            precompile(0),
            frame("SELFDESTRUCT", None, vec![]),
            precompile(1),
        ];
        let inner = frame("CALL", None, inside);
        let whole = frame("CREATE", None, vec![inner, frame("CREATE2", None, vec![])]);
        check(
            whole,
            false,
            &[
                json!(["create", [], null, true]),
                json!(["call", [0], null, true]),
                json!(["suicide", [0, 0], null, false]),
                json!(["call", [0, 1], null, true]),
                json!(["create", [1], null, true]),
            ],
        );
    }

    #[test]
    fn errors_are_geths_unless_others_are_asked_for() {
        for (error, converted, has_result) in [
            ("execution reverted", "Reverted", true),
            ("out of gas", "Out of gas", false),
            ("invalid opcode: INVALID", "Bad instruction", false),
            ("stack underflow (0 <=> 2)", "Stack underflow", false),
            ("write protection", "write protection", false),
        ] {
            for (converts, shown) in [(false, error), (true, converted)] {
                let frame = frame("CALL", Some(error), vec![]);
                check(frame, converts, &[json!(["call", [], shown, has_result])]);
            }
        }
    }
}
