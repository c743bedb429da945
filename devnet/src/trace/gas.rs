//! The gas tracer: where the gas of a transaction went, down to the functions of the program that it calls.
//!
//! Lives here: the breakdown of one transaction as JSON, with all amounts as plain numbers. Not here: counting (`stylus_vm`), and what a
//! program's start costs (`evm`).

use std::cell::Cell;
use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, hex};
use revm::Inspector;
use revm::context::result::ExecutionResult;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome};
use serde::Deserialize;
use serde_json::{Value, json};
use stylus_vm::explain::{Counts, Explanation};
use stylus_vm::profile::{Names, Profile};
use stylus_vm::{Gas, Ink, InkPrice, Outcome, Pages};

use crate::evm::Context;
use crate::explain::{Artifacts, Diagnosis, FailedCall, Place};
use crate::trace::failures::Failures;

/// A client's options.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GasOptions {
    /// Ink by function, and allocations.
    functions: bool,
    /// The same for up to [`MOST_INNER`] programs called further down.
    inner: bool,
    /// Function names, by program address and index: the module on the chain has no names. Programs not listed here use those of the
    /// chain's artifacts.
    names: BTreeMap<Address, BTreeMap<u32, String>>,
    /// Every call that failed, and why; instead of ink by function.
    failures: bool,
    /// How often each block of the program ran; instead of ink by function.
    counts: bool,
}

/// The most programs below the transaction's own frame that are broken down by function.
const MOST_INNER: usize = 16;

impl GasOptions {
    /// Breaks down all programs by function.
    pub(super) fn functions() -> Self {
        Self {
            functions: true,
            inner: true,
            ..Self::default()
        }
    }
}

/// How the chain had cached a called program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Nearness {
    /// Not at all.
    Uncached,
    /// In the cache that takes bids.
    Cached,
    /// Called earlier in the same block.
    Recent,
}

/// The result of a program's run.
pub(crate) struct ProgramRun {
    pub(crate) address: Address,
    /// The first four bytes of its input.
    pub(crate) selector: Option<[u8; 4]>,
    /// All gas of the frame.
    pub(crate) given: Gas,
    pub(crate) nearness: Nearness,
    /// Gas for its start, without pages.
    pub(crate) start_gas: Gas,
    /// Gas for its initial pages.
    pub(crate) start_page_gas: Gas,
    pub(crate) footprint: Pages,
    pub(crate) ink_used: Ink,
    /// Ink bought with the gas left after the start.
    pub(crate) ink_bought: Ink,
    pub(crate) ink_price: InkPrice,
    /// Gas that the frame returned.
    pub(crate) gas_back: Gas,
    /// Pages at the end.
    pub(crate) pages: u32,
    pub(crate) outcome: Outcome,
    pub(crate) output: Vec<u8>,
    pub(crate) profile: Option<Profile>,
    /// The hash that identifies the module's code, for a run with a profile.
    pub(crate) module_code: Option<B256>,
    pub(crate) explained: Option<Explained>,
}

/// The report of a program that was run for an explanation.
pub(crate) struct Explained {
    pub(crate) explanation: Explanation,
    /// The hash that identifies its module's code.
    pub(crate) code: B256,
    /// Where its lines can be found.
    pub(crate) artifacts: Artifacts,
}

/// What to record of a program.
pub(crate) enum Watching {
    Nothing,
    /// Its functions, under these names or those that the chain finds.
    Functions(Option<Names>),
    /// Why it fails; its panics are identified by these names or those that the chain finds.
    Failure(Option<Names>),
}

/// The breakdown of one transaction so far.
pub(super) struct GasAccount {
    options: GasOptions,
    /// The transaction's own frame, if it ran a program.
    run: Option<ProgramRun>,
    /// Programs further down, with their depths, in the order in which they ended; then how many more there were.
    inner: Vec<(usize, ProgramRun)>,
    more_inner: u64,
    /// How many programs further down have begun.
    begun_inner: Cell<usize>,
    failures: Failures,
    /// What its program did, block by block.
    counts: Counts,
}

impl GasAccount {
    pub(super) fn new(options: GasOptions) -> Self {
        Self {
            options,
            run: None,
            inner: Vec::new(),
            more_inner: 0,
            begun_inner: Cell::new(0),
            failures: Failures::default(),
            counts: Counts::default(),
        }
    }

    /// What to record of the program of the account `code`, which acts for `address`.
    pub(super) fn watching(&self, depth: usize, address: Address, code: Address) -> Watching {
        let GasOptions {
            functions,
            inner,
            failures,
            counts,
            ..
        } = self.options;
        let names = |address| {
            let names = self.options.names.get(&address)?;
            Some(names.iter().map(|(index, name)| (*index, name)).collect())
        };
        if failures || counts && depth == 0 {
            Watching::Failure(names(code))
        } else if functions && (depth == 0 || inner && self.begin_inner()) {
            Watching::Functions(names(address))
        } else {
            Watching::Nothing
        }
    }

    /// Whether to report one more program further down: the first to begin are chosen, since compiling each of them takes time.
    fn begin_inner(&self) -> bool {
        let begun = self.begun_inner.get();
        self.begun_inner.set(begun.saturating_add(1));
        begun < MOST_INNER
    }

    /// Records why the program of the innermost call does not start.
    pub(super) fn refused(&mut self, reason: &str) {
        self.failures.refused(reason);
    }

    /// Records the end of a program's run, `depth` frames below the transaction's own.
    pub(super) fn program(&mut self, depth: usize, mut run: ProgramRun) {
        let explained = run.explained.take();
        if depth == 0 {
            if let Some(explained) = explained.as_ref().filter(|_| self.options.counts) {
                self.counts = explained.explanation.counts.clone();
            }
            self.run = Some(run);
        } else if self.options.inner {
            let is_told = match self.options.functions {
                true => run.profile.is_some(),
                false => self.inner.len() < MOST_INNER,
            };
            match is_told {
                true => self.inner.push((depth, run)),
                false => self.more_inner += 1,
            }
        }
        if let Some(explained) = explained.filter(|_| self.options.failures) {
            self.failures.program(explained);
        }
    }

    /// Returns the breakdown of a transaction that ended with `result`.
    pub(super) fn finish(self, result: &ExecutionResult) -> Value {
        let gas = result.gas();
        let told = json!({
            "gasUsed": result.tx_gas_used(),
            "gasSpent": gas.total_gas_spent(),
            "refund": gas.inner_refunded(),
            "floorGas": gas.floor_gas(),
            "program": self.run.map(program),
        });
        let Value::Object(mut told) = told else {
            return told;
        };
        if self.options.inner {
            let inner = self.inner.into_iter().map(|(depth, run)| {
                let mut told = program(run);
                told["depth"] = json!(depth);
                told
            });
            told.insert("inner".to_owned(), inner.collect());
            told.insert("moreInner".to_owned(), json!(self.more_inner));
        }
        if self.options.failures {
            let failures = self.failures.finish();
            told.insert(
                "failures".to_owned(),
                failures.into_iter().map(failed).collect(),
            );
        }
        if self.options.counts {
            told.insert("counts".to_owned(), json!(self.counts));
        }
        Value::Object(told)
    }
}

fn program(run: ProgramRun) -> Value {
    let nearness = match run.nearness {
        Nearness::Uncached => "uncached",
        Nearness::Cached => "cached",
        Nearness::Recent => "recent",
    };
    let outcome = match run.outcome {
        Outcome::Success => "success",
        Outcome::Revert => "revert",
        Outcome::Failure => "failure",
        Outcome::OutOfInk => "outOfInk",
        Outcome::OutOfStack => "outOfStack",
    };
    json!({
        "address": run.address,
        "selector": run.selector.map(hex::encode_prefixed),
        "given": run.given,
        "nearness": nearness,
        "startGas": run.start_gas,
        "startPageGas": run.start_page_gas,
        "startPages": run.footprint,
        "inkBought": run.ink_bought,
        "inkPerGas": run.ink_price.ink_per_gas(),
        "inkUsed": run.ink_used,
        "gasBack": run.gas_back,
        "pages": run.pages,
        "outcome": outcome,
        "output": hex::encode_prefixed(run.output),
        "profile": run.profile,
        "codeHash": run.module_code,
    })
}

/// A failed call with its diagnosis.
fn failed((call, diagnosis): (FailedCall, Diagnosis)) -> Value {
    let place = |place: &Place| {
        json!({
            "file": place.file,
            "line": place.line,
            "column": place.column,
            "function": place.function,
        })
    };
    let mut told = json!(call);
    if let Value::Object(told) = &mut told {
        told.insert("reason".to_owned(), json!(diagnosis.reason));
        told.insert(
            "place".to_owned(),
            json!(diagnosis.place.as_ref().map(place)),
        );
        let own: Vec<Value> = diagnosis.own_frames().map(|frame| place(&frame)).collect();
        told.insert("ownFrames".to_owned(), json!(own));
    }
    told
}

impl Inspector<Context, EthInterpreter> for GasAccount {
    fn call(&mut self, context: &mut Context, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.failures.call(context, inputs)
    }

    fn call_end(&mut self, context: &mut Context, inputs: &CallInputs, outcome: &mut CallOutcome) {
        self.failures.call_end(context, inputs, outcome);
    }

    fn create(
        &mut self,
        context: &mut Context,
        inputs: &mut CreateInputs,
    ) -> Option<CreateOutcome> {
        self.failures.create(context, inputs)
    }

    fn create_end(
        &mut self,
        context: &mut Context,
        inputs: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        self.failures.create_end(context, inputs, outcome);
    }
}
