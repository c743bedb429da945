//! Which calls of a transaction failed, and why.
//!
//! Lives here: collecting them as they end. Not here: what they mean (`explain`), explaining one program (`stylus_vm`).

use std::collections::HashMap;

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::Inspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{
    CallInputs, CallOutcome, CreateInputs, CreateOutcome, InstructionResult, InterpreterResult,
};
use stylus_vm::ArbOs;
use stylus_vm::explain::{Counts, Explanation};
use stylus_vm::lines::Lines;

use crate::evm::Context;
use crate::explain::{Diagnosis, FailedCall, Interface};
use crate::precompiles;
use crate::trace::HostioInspector;
use crate::trace::gas::{Explained, ProgramRun, Watching};

/// The most bytes kept of a call's input and output.
const MOST_BYTES: usize = 4_096;

/// The most failed calls that are kept: a program can make as many as its gas allows.
const MOST_FAILURES: usize = 256;

/// The most modules whose lines are kept, each with megabytes: then all are discarded for the next ones.
const MOST_MODULES: usize = 16;

/// The failed calls so far.
#[derive(Default)]
pub(crate) struct Failures {
    /// The lines of the modules that failed, by the hash that identifies their code.
    lines: HashMap<B256, Option<Lines>>,
    /// Calls that have not ended.
    open: Vec<Open>,
    failed: Vec<(FailedCall, Diagnosis)>,
}

/// A call that has not ended.
struct Open {
    address: Address,
    code: Address,
    value: U256,
    input: Bytes,
    input_length: usize,
    refusal: Option<String>,
    explained: Option<Explained>,
}

impl Failures {
    /// Records that the program of the innermost call has ended.
    pub(crate) fn program(&mut self, explained: Explained) {
        if let Some(open) = self.open.last_mut() {
            open.explained = Some(explained);
        }
    }

    /// Records why the program of the innermost call does not start.
    pub(crate) fn refused(&mut self, reason: &str) {
        if let Some(open) = self.open.last_mut() {
            open.refusal = Some(reason.to_owned());
        }
    }

    /// Returns all failed calls, in the order in which they ended.
    pub(crate) fn finish(self) -> Vec<(FailedCall, Diagnosis)> {
        self.failed
    }

    fn begin(&mut self, address: Address, code: Address, value: U256, input: &[u8]) {
        self.open.push(Open {
            address,
            code,
            value,
            input: cut(input),
            input_length: input.len(),
            refusal: None,
            explained: None,
        });
    }

    fn end(&mut self, result: &InterpreterResult) {
        let Some(open) = self.open.pop() else {
            return;
        };
        if result.result.is_ok() {
            return;
        }
        if self.failed.len() == MOST_FAILURES {
            // The last failures are those that may have caused the transaction's.
            self.failed.remove(0);
        }
        let explained = open.explained;
        if let Some(Explained {
            code, artifacts, ..
        }) = &explained
            && !self.lines.contains_key(code)
        {
            if self.lines.len() == MOST_MODULES {
                self.lines.clear();
            }
            let lines = artifacts.of_code(*code).and_then(|it| it.lines.ok());
            self.lines.insert(*code, lines);
        }
        let lines = explained.as_ref().and_then(|it| self.lines.get(&it.code));
        let lines = lines.and_then(Option::as_ref);
        let explanation = explained.map(|explained| Explanation {
            // A request that wants counts uses a tracer option for them.
            counts: Counts::default(),
            ..explained.explanation
        });
        let call = FailedCall {
            depth: self.open.len(),
            address: open.address,
            code: open.code,
            value: open.value,
            input: open.input,
            input_length: open.input_length,
            output: cut(&result.output),
            ending: format!("{:?}", result.result),
            refusal: open.refusal,
            explanation,
        };
        let diagnosis = Diagnosis::of(&call, lines, &Interface::default());
        self.failed.push((call, diagnosis));
    }
}

impl HostioInspector for Failures {
    fn watching(&self, _depth: usize, _address: Address, _code: Address) -> Watching {
        Watching::Failure(None)
    }

    fn refused(&mut self, reason: &str) {
        Self::refused(self, reason);
    }

    fn program(&mut self, _depth: usize, run: ProgramRun) {
        if let Some(explained) = run.explained {
            Self::program(self, explained);
        }
    }
}

fn cut(bytes: &[u8]) -> Bytes {
    bytes[..bytes.len().min(MOST_BYTES)].to_vec().into()
}

impl Inspector<Context, EthInterpreter> for Failures {
    fn call(&mut self, context: &mut Context, inputs: &mut CallInputs) -> Option<CallOutcome> {
        let input = inputs.input.bytes(context);
        let (address, code) = (inputs.target_address, inputs.bytecode_address);
        self.begin(address, code, inputs.value.get(), &input);
        None
    }

    fn call_end(&mut self, context: &mut Context, of: &CallInputs, outcome: &mut CallOutcome) {
        // A precompile of Arbitrum that fails without data has just left its reason with the transaction.
        if outcome.result.output.is_empty()
            && matches!(
                outcome.result.result,
                InstructionResult::Revert | InstructionResult::PrecompileError
            )
            && precompiles::addresses(ArbOs::LAST).any(|known| known == of.bytecode_address)
            && let Some(reason) = &context.chain.transaction.reason
        {
            self.refused(&reason.to_string());
        }
        self.end(&outcome.result);
    }

    fn create(&mut self, _: &mut Context, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        // Its address depends on a nonce; its init code is of no use to anyone.
        self.begin(Address::ZERO, Address::ZERO, inputs.value(), &[]);
        None
    }

    fn create_end(&mut self, _: &mut Context, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.end(&outcome.result);
    }
}
