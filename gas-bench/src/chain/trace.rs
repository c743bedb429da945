//! What a node reports about a transaction in a block.
//!
//! Lives here: requesting traces, and their shapes. Not here: what they add up to (`measure`).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, Selector};
use alloy_rpc_types_eth::TransactionRequest;
use serde::Deserialize;
use serde_json::json;
use stylus_devnet::explain::FailedCall;
use stylus_vm::explain::{Counts, panic_names};
use stylus_vm::profile::{Names, Profile};
use stylus_vm::{Gas, Ink, Pages};

use super::{CallError, Node};

/// One host call of the program that a transaction calls, as Nitro's `stylusTracer` reports it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) args: Bytes,
    pub(crate) start_ink: Ink,
    pub(crate) end_ink: Ink,
}

/// Where the gas of a transaction went, as `stylus-devnet` reports it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GasTrace {
    /// Gas before the refund.
    pub(crate) gas_spent: Gas,
    pub(crate) refund: Gas,
    /// The least that a transaction of this size pays (EIP-7623).
    pub(crate) floor_gas: Gas,
    /// The program that the transaction called, if it got that far.
    pub(crate) program: Option<ProgramTrace>,
    /// Programs called further down, if requested, and how many more there were.
    #[serde(default)]
    pub(crate) inner: Vec<ProgramTrace>,
    #[serde(default)]
    pub(crate) more_inner: u64,
}

/// A gas trace with the block counts of the program.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CountsTrace {
    pub(crate) program: Option<ProgramTrace>,
    pub(crate) counts: Counts,
}

/// What the program's frame paid.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProgramTrace {
    pub(crate) address: Address,
    pub(crate) selector: Option<Selector>,
    /// Its depth below the transaction's own frame.
    #[serde(default)]
    pub(crate) depth: usize,
    pub(crate) ink_per_gas: u32,
    /// Identifies the code of its module, if there is a profile.
    pub(crate) code_hash: Option<B256>,
    /// All the gas it was given.
    pub(crate) given: Gas,
    pub(crate) start_gas: Gas,
    pub(crate) start_page_gas: Gas,
    pub(crate) start_pages: Pages,
    pub(crate) ink_used: Ink,
    pub(crate) gas_back: Gas,
    pub(crate) pages: u32,
    pub(crate) outcome: String,
    pub(crate) profile: Option<Profile>,
}

impl Node {
    /// The reason for a refused call, replaced by that in its trace if it reverted without data: `stylus-devnet` puts a program's trap
    /// there.
    pub(super) fn told(&self, request: &TransactionRequest, reason: String) -> String {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Frame {
            revert_reason: Option<String>,
        }
        if reason != "execution reverted" {
            return reason;
        }
        let options = json!({ "tracer": "callTracer" });
        let frame = self.raw::<Frame>("debug_traceCall", json!([request, "latest", options]));
        match frame.ok().and_then(|frame| frame.revert_reason) {
            Some(why) => format!("{reason}: {why}"),
            None => reason,
        }
    }

    /// The host calls of a transaction's program, in order, without those of programs it called.
    ///
    /// # Errors
    /// If the node does not trace, or does not trace programs.
    pub(crate) fn trace_hostios(&self, transaction: B256) -> Result<Vec<Step>, CallError> {
        let options = json!({ "tracer": "stylusTracer" });
        self.raw("debug_traceTransaction", json!([transaction, options]))
    }

    /// Which calls of a transaction failed, in the order in which they ended. Panics are recognised by the names of those programs.
    ///
    /// # Errors
    /// If the node is not a `stylus-devnet`.
    pub(crate) fn trace_failures(
        &self,
        transaction: B256,
        programs: &[(Address, &Names)],
    ) -> Result<Vec<FailedCall>, CallError> {
        #[derive(Deserialize)]
        struct Told {
            failures: Vec<FailedCall>,
        }
        let names: BTreeMap<_, BTreeMap<_, _>> = programs
            .iter()
            .map(|(address, names)| (address, panic_names(names)))
            .map(|(address, names)| {
                let names = names.iter().map(|(index, name)| (index, name.to_owned()));
                (address, names.collect())
            })
            .collect();
        let config = json!({ "failures": true, "names": names });
        let options = json!({ "tracer": "stylusGasTracer", "tracerConfig": config });
        let told: Told = self.raw("debug_traceTransaction", json!([transaction, options]))?;
        Ok(told.failures)
    }

    /// The block counts of a transaction's program.
    ///
    /// # Errors
    /// If the node is not a `stylus-devnet`.
    pub(crate) fn trace_counts(&self, transaction: B256) -> Result<CountsTrace, CallError> {
        let options = json!({ "tracer": "stylusGasTracer", "tracerConfig": { "counts": true } });
        self.raw("debug_traceTransaction", json!([transaction, options]))
    }

    /// Where a transaction's gas went; with `functions`, down to the functions of the program at that address, by name.
    ///
    /// # Errors
    /// If the node is not a `stylus-devnet`.
    pub(crate) fn trace_gas(
        &self,
        transaction: B256,
        functions: Option<(Address, &Names)>,
    ) -> Result<GasTrace, CallError> {
        let names: BTreeMap<_, _> = functions
            .map(|(address, names)| (address, names.iter().collect::<BTreeMap<_, _>>()))
            .into_iter()
            .collect();
        let config = json!({ "functions": functions.is_some(), "names": names });
        let options = json!({ "tracer": "stylusGasTracer", "tracerConfig": config });
        self.raw("debug_traceTransaction", json!([transaction, options]))
    }
}
