//! The original and the result side by side, on the same calls.
//!
//! Lives here: running both and finding the first difference. Not here: the chain that they run on (`rehearsal::host`), how calls are
//! written and how costs are shown, which belong to the caller.
//!
//! What a contract does is what others can see of it: its outcome, its output, its logs, what it writes to storage, and whom it calls with
//! what, in order. What it costs is not compared; but a contract that returns what it costs returns something else afterwards, and that is
//! a difference.

mod host;

use std::fmt;

use alloy_primitives::{Address, Bytes, hex};
use stylus_vm::{
    Activation, Call as Invocation, CompileError, Config, Effect, Engine, EngineError, Environment,
    Fault, Gas, Ink, MemoryHost, Outcome, Program, Refusal, activate,
};

use crate::module::chain;

/// Gas that each call is given: the most that Arbitrum grants a transaction (ArbOS 50).
const GAS_LIMIT: Gas = Gas(32_000_000);

/// A call of both modules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// Its name in results and errors, such as the function's signature.
    pub name: String,
    /// The calldata.
    pub input: Bytes,
}

impl Call {
    /// A call that is named by the digits of its calldata.
    pub fn raw(input: Bytes) -> Self {
        Self {
            name: hex::encode_prefixed(&input),
            input,
        }
    }
}

/// What both did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rehearsal {
    /// Each call, in order.
    pub calls: Vec<Rehearsed>,
}

/// A call that did the same in both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rehearsed {
    /// The call's name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it cost in the original.
    pub before: Cost,
    /// What it cost in the result.
    pub after: Cost,
}

/// What the program itself cost in a call, without the transaction and the start of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Ink.
    pub ink: Ink,
    /// The same amount in gas.
    pub gas: Gas,
    /// Pages of memory at the end.
    pub pages: u32,
}

/// One of the two modules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The module as it was.
    Original,
    /// The module with the other allocator.
    Result,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Original => "the original",
            Self::Result => "the result",
        })
    }
}

/// The two do not do the same, or cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The engine cannot be started.
    #[error("the VM cannot be started: {0}")]
    Engine(#[from] EngineError),
    /// A module that no chain would accept.
    #[error("{side} is refused: {reason}")]
    Refused {
        /// Which module.
        side: Side,
        /// Why it is refused.
        reason: Refusal,
    },
    /// A module that the engine does not compile.
    #[error("{side} cannot be compiled: {reason}")]
    Compile {
        /// Which module.
        side: Side,
        /// Why it cannot be compiled.
        reason: CompileError,
    },
    /// A run without an outcome.
    #[error("{call} of {side} cannot be run: {reason}")]
    Run {
        /// The call.
        call: String,
        /// Which module.
        side: Side,
        /// Why it has no outcome.
        reason: Fault,
    },
    /// A call that does not do the same in both.
    #[error("{call} {before} in the original and {after} in the result; nothing is written")]
    Difference {
        /// The call.
        call: String,
        /// What it does in the original, beginning with a verb.
        before: String,
        /// What it does in the result, likewise.
        after: String,
    },
}

/// Runs both modules, as they would be deployed, on `calls` by `caller`, who created the contract with its first transaction: one call
/// after the other, each module on a chain of its own where nothing else exists, so that calls of other contracts fail. What an
/// unsuccessful call has written is undone.
///
/// # Errors
/// If one cannot be run, and at the first difference.
pub fn rehearse(
    original: &[u8],
    result: &[u8],
    caller: Address,
    calls: &[Call],
) -> Result<Rehearsal, RehearsalError> {
    let engine = Engine::new(&chain())?;
    let mut before = Stage::new(&engine, Side::Original, original, caller)?;
    let mut after = Stage::new(&engine, Side::Result, result, caller)?;
    let mut rehearsed = Vec::new();
    for call in calls {
        let (before, after) = (before.run(call)?, after.run(call)?);
        if let Some((before, after)) = difference(&before, &after) {
            return Err(RehearsalError::Difference {
                call: shown(call),
                before,
                after,
            });
        }
        rehearsed.push(Rehearsed {
            name: call.name.clone(),
            outcome: before.outcome,
            before: before.cost,
            after: after.cost,
        });
    }
    Ok(Rehearsal { calls: rehearsed })
}

/// One of the two modules, on its chain.
struct Stage {
    side: Side,
    config: Config,
    activation: Activation,
    program: Program,
    chain: MemoryHost,
    environment: Environment,
}

/// What a call did.
struct Performance {
    outcome: Outcome,
    output: Bytes,
    effects: Vec<Effect>,
    cost: Cost,
}

impl Stage {
    fn new(
        engine: &Engine,
        side: Side,
        wasm: &[u8],
        caller: Address,
    ) -> Result<Self, RehearsalError> {
        let config = chain();
        let activation = activate(wasm, &config, stylus_vm::Pages(0), Gas::MAX)
            .map_err(|reason| RehearsalError::Refused { side, reason })?;
        let program = engine
            .compile(wasm, &config)
            .map_err(|reason| RehearsalError::Compile { side, reason })?;
        Ok(Self {
            side,
            config,
            activation,
            program,
            chain: host::chain(),
            environment: host::environment(caller),
        })
    }

    fn run(&mut self, call: &Call) -> Result<Performance, RehearsalError> {
        let ink_price = self.config.stylus.ink_price;
        self.chain
            .begin(&self.environment, self.activation.footprint);
        let invocation = Invocation {
            calldata: call.input.clone(),
            ink: ink_price.gas_to_ink(GAS_LIMIT),
            environment: self.environment.clone(),
        };
        let report = self
            .program
            .run(&mut self.chain, invocation)
            .map_err(|reason| RehearsalError::Run {
                call: shown(call),
                side: self.side,
                reason,
            })?;
        let effects = self.chain.end(report.outcome == Outcome::Success);
        Ok(Performance {
            outcome: report.outcome,
            output: report.output.into(),
            effects: effects.into_iter().map(host::visible).collect(),
            cost: Cost {
                ink: report.ink_used,
                gas: ink_price.ink_to_gas(report.ink_used),
                pages: report.pages,
            },
        })
    }
}

/// The first difference, as what each of the two does, beginning with a verb.
fn difference(before: &Performance, after: &Performance) -> Option<(String, String)> {
    if before.outcome != after.outcome {
        return Some((
            ended(before.outcome).to_owned(),
            ended(after.outcome).to_owned(),
        ));
    }
    let length = before.effects.len().max(after.effects.len());
    let differs = |index: &usize| before.effects.get(*index) != after.effects.get(*index);
    if let Some(index) = (0..length).find(differs) {
        let did = |performance: &Performance| match performance.effects.get(index) {
            Some(effect) => host::said(effect),
            None => "does no more".to_owned(),
        };
        return Some((did(before), did(after)));
    }
    let returned =
        |performance: &Performance| format!("returns {}", host::digits(&performance.output));
    (before.output != after.output).then(|| (returned(before), returned(after)))
}

/// How a call ended, as a verb.
const fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "succeeds",
        Outcome::Revert => "reverts",
        Outcome::Failure => "traps",
        Outcome::OutOfInk => "runs out of ink",
        Outcome::OutOfStack => "runs out of stack",
    }
}

fn shown(call: &Call) -> String {
    format!("`{}`", call.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTIOS: &str = r#"
        (import "vm_hooks" "read_args" (func $read_args (param i32)))
        (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
        (import "vm_hooks" "emit_log" (func $emit_log (param i32 i32 i32)))
        (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
        (import "vm_hooks" "storage_cache_bytes32" (func $store (param i32 i32)))
        (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
        (import "vm_hooks" "transient_load_bytes32" (func $transient_load (param i32 i32)))
        (import "vm_hooks" "transient_store_bytes32" (func $transient_store (param i32 i32)))
        (import "vm_hooks" "static_call_contract"
            (func $call (param i32 i32 i32 i64 i32) (result i32)))
        (memory (export "memory") 1 1)"#;

    fn program(body: &str) -> Vec<u8> {
        let text = format!(
            r#"(module {HOSTIOS} (func (export "user_entrypoint") (param $len i32) (result i32) {body}))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn run(before: &str, after: &str, calls: &[&str]) -> Result<Rehearsal, RehearsalError> {
        let calls: Vec<Call> = calls
            .iter()
            .map(|call| Call::raw(hex::decode(call).unwrap().into()))
            .collect();
        rehearse(&program(before), &program(after), Address::ZERO, &calls)
    }

    /// Checks what is said of two programs whose second call differs.
    fn check(before: &str, after: &str, want: &str) {
        let got = run(before, after, &["0x01", "0x02"])
            .unwrap_err()
            .to_string();
        assert_eq!(got, want);
        let same = run(before, before, &["0x01", "0x02"]).unwrap();
        assert_eq!(same.calls.len(), 2);
        for call in same.calls {
            assert_eq!(call.before, call.after);
        }
    }

    /// `body` for the calldata 0x02, nothing for any other.
    fn second(body: &str) -> String {
        format!(
            "(call $read_args (i32.const 0))
             (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 2)) (then {body}))
             (i32.const 0)"
        )
    }

    #[test]
    fn differences_say_what_they_are() {
        check(
            &second(""),
            &second("(return (i32.const 1))"),
            "`0x02` succeeds in the original and reverts in the result; nothing is written",
        );
        check(
            &second("unreachable"),
            &second("(loop (br 0))"),
            "`0x02` traps in the original and runs out of ink in the result; nothing is written",
        );
        check(
            &second("(call $write_result (i32.const 0) (i32.const 2))"),
            &second("(call $write_result (i32.const 0) (i32.const 0))"),
            "`0x02` returns 0x0200 in the original and returns nothing in the result; nothing is written",
        );
        check(
            &second("(call $emit_log (i32.const 0) (i32.const 1) (i32.const 0))"),
            &second(""),
            "`0x02` logs 0x02 under 0 topics in the original and does no more in the result; nothing is written",
        );
        let write = "(call $store (i32.const 32) (i32.const 0)) (call $flush (i32.const 0))";
        check(
            &second(""),
            &second(write),
            "`0x02` does no more in the original and writes 0x0200000000000000… to slot 0x0000000000000000… in the result; nothing is \
             written",
        );
        let call = |gas: &str| {
            second(&format!(
                "(drop (call $call (i32.const 64) (i32.const 0) (i32.const 1) (i64.const 1000) (i32.const 128)))
                 (call $emit_log (i32.const 0) (i32.const {gas}) (i32.const 0))"
            ))
        };
        check(
            &call("1"),
            &second(""),
            "`0x02` calls 0x0000000000000000000000000000000000000000 with 0x02 in the original and does no more in the result; nothing \
             is written",
        );
    }

    /// Theorem: what a successful call has written is there for the next one; transient storage is not.
    #[test]
    fn state_is_kept_from_call_to_call() {
        let count = "(call $load (i32.const 32) (i32.const 64))
             (i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))
             (call $store (i32.const 32) (i32.const 64)) (call $flush (i32.const 0))
             (call $transient_load (i32.const 32) (i32.const 96))
             (i32.store8 (i32.const 96) (i32.add (i32.load8_u (i32.const 96)) (i32.const 1)))
             (call $transient_store (i32.const 32) (i32.const 96))
             (i32.store8 (i32.const 65) (i32.load8_u (i32.const 96)))";
        // A call whose first byte is 1 reverts after that.
        let body = |stop_at: u8| {
            format!(
                "(call $read_args (i32.const 0)) {count}
                 (call $write_result (i32.const 64) (i32.const 2))
                 (if (i32.eq (i32.load8_u (i32.const 64)) (i32.const {stop_at})) (then (call $write_result (i32.const 0) (i32.const 1))))
                 (i32.eq (i32.load8_u (i32.const 0)) (i32.const 1))"
            )
        };
        let calls = ["0x00", "0x01", "0x01", "0x00"];
        let done = run(&body(99), &body(99), &calls).unwrap();
        let outcomes: Vec<_> = done.calls.iter().map(|call| call.outcome).collect();
        assert_eq!(
            outcomes,
            [
                Outcome::Success,
                Outcome::Revert,
                Outcome::Revert,
                Outcome::Success
            ]
        );
        // After two calls that were undone, the fourth counts to 2, and in transient storage from zero.
        let got = run(&body(99), &body(2), &calls).unwrap_err().to_string();
        assert_eq!(
            got,
            "`0x01` returns 0x0201 in the original and returns 0x01 in the result; nothing is written"
        );
        let got = run(&body(99), &body(2), &["0x00", "0x00"])
            .unwrap_err()
            .to_string();
        assert_eq!(
            got,
            "`0x00` returns 0x0201 in the original and returns 0x00 in the result; nothing is written"
        );
    }

    #[test]
    fn what_no_chain_takes_is_not_run() {
        let good = program("(i32.const 0)");
        let bad = wat::parse_str("(module)").unwrap();
        let said = |before, after| {
            rehearse(before, after, Address::ZERO, &[])
                .unwrap_err()
                .to_string()
        };
        assert!(said(&bad, &good).starts_with("the original is refused: "));
        assert!(said(&good, &bad).starts_with("the result is refused: "));
    }
}
