//! The gas tracer: where the gas of a transaction went, down to the functions of the program that it calls.
//!
//! Lives here: the breakdown of one transaction as JSON, all its amounts plain numbers. Not here: counting (`stylus_vm`), and
//! what a program's start costs (`evm`).

use std::collections::BTreeMap;

use alloy_primitives::{Address, hex};
use revm::Inspector;
use revm::context::result::ExecutionResult;
use revm::interpreter::interpreter::EthInterpreter;
use serde::Deserialize;
use serde_json::{Value, json};
use stylus_vm::profile::{Names, Profile};
use stylus_vm::{Gas, Ink, Outcome, Pages};

use crate::evm::Context;

/// A client's options.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GasOptions {
    /// Ink by function, and allocations.
    functions: bool,
    /// Function names, by program address and index: the module on the chain has no names.
    names: BTreeMap<Address, BTreeMap<u32, String>>,
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
#[derive(Clone, Debug)]
pub(crate) struct ProgramRun {
    pub(crate) address: Address,
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
    /// Gas that the frame returned.
    pub(crate) gas_back: Gas,
    /// Pages at the end.
    pub(crate) pages: u32,
    pub(crate) outcome: Outcome,
    pub(crate) output: Vec<u8>,
    pub(crate) profile: Option<Profile>,
}

/// The breakdown so far of one transaction.
pub(super) struct GasAccount {
    options: GasOptions,
    /// The transaction's own frame, if it ran a program.
    run: Option<ProgramRun>,
}

impl GasAccount {
    pub(super) fn new(options: GasOptions) -> Self {
        Self { options, run: None }
    }

    /// The names under which to record the functions of a program, if they are to be recorded.
    pub(super) fn names(&self, depth: usize, address: Address) -> Option<Names> {
        if depth > 0 || !self.options.functions {
            return None;
        }
        let names = self.options.names.get(&address);
        let names = names.into_iter().flatten();
        Some(names.map(|(index, name)| (*index, name)).collect())
    }

    /// A program's run has ended, `depth` frames below the transaction's own.
    pub(super) fn program(&mut self, depth: usize, run: ProgramRun) {
        if depth == 0 {
            self.run = Some(run);
        }
    }

    /// The breakdown of a transaction that ended with `result`.
    pub(super) fn finish(self, result: &ExecutionResult) -> Value {
        let gas = result.gas();
        json!({
            "gasUsed": result.tx_gas_used(),
            "gasSpent": gas.total_gas_spent(),
            "refund": gas.inner_refunded(),
            "floorGas": gas.floor_gas(),
            "program": self.run.map(program),
        })
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
        "given": run.given,
        "nearness": nearness,
        "startGas": run.start_gas,
        "startPageGas": run.start_page_gas,
        "startPages": run.footprint,
        "inkBought": run.ink_bought,
        "inkUsed": run.ink_used,
        "gasBack": run.gas_back,
        "pages": run.pages,
        "outcome": outcome,
        "output": hex::encode_prefixed(run.output),
        "profile": run.profile,
    })
}

impl Inspector<Context, EthInterpreter> for GasAccount {}
