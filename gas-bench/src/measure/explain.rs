//! Explains why one call, or one transaction on a chain, fails.
//!
//! Lives here: choosing the call, and what is known of the programs it calls. Not here: querying the chain (`contract`).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use alloy_primitives::{Address, B256, Bytes};
use serde_json::json;
use stylus_cargo::{BuildSettings, Project};
use stylus_plan::Plan;
use stylus_report::figures::failure::Failure;
use stylus_vm::Config;
use stylus_vm::code::{self, Code};

use super::contract::{Explainer, failure};
use super::prepare::interface_of;
use super::profile::with_call;
use super::{Observer, ProfileCommand, ProfileFailure};
use crate::chain::{CallError, Node, NodeError, Target};

/// Why a transaction has no explanation: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The node does not explain it.
    #[error(
        "the node does not explain transaction {transaction}: {reason}; use a stylus-devnet that has it"
    )]
    Refused {
        /// Its hash.
        transaction: B256,
        /// The node's message.
        reason: String,
    },
    /// The transaction did not fail.
    #[error("transaction {0} did not fail")]
    Succeeded(B256),
    /// No chain can be reached.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Builds what is needed, makes a call, and explains why it fails.
///
/// # Errors
/// If there is no such call, or it does not fail.
pub fn explain_call(
    project: &Project,
    target: &Target,
    settings: &BuildSettings,
    command: &ProfileCommand,
    observer: Observer<'_>,
) -> Result<Failure, ProfileFailure> {
    let told = with_call(
        project,
        target,
        settings,
        command,
        observer,
        |bench, name, ready, planned| bench.explain_call(name, ready, planned, command.run),
    )?;
    // The failure itself says if the call reached no function.
    Ok(told.what)
}

/// Explains why a transaction on a node's chain failed. Lines, and the names of functions and errors, are known for contracts built in the
/// project, if there is one.
///
/// # Errors
/// If the node does not explain, or the transaction did not fail.
pub fn explain_transaction(
    project: Option<&Project>,
    settings: &BuildSettings,
    url: &str,
    transaction: B256,
) -> Result<Failure, ExplainError> {
    let target = Target::Endpoint {
        url: url.to_owned(),
        // Never used: nothing is sent.
        key: B256::with_last_byte(1),
    };
    let node = Node::connect(&target)?;
    let config = node.config()?;
    let refused = |error| match error {
        CallError::Refused(reason) => ExplainError::Refused {
            transaction,
            reason,
        },
        CallError::Node(error) => error.into(),
    };
    let failures = node.trace_failures(transaction, &[]).map_err(refused)?;
    let mut known = BTreeMap::new();
    for call in failures.iter().filter(|call| call.explanation.is_some()) {
        if let Some(project) = project
            && let Entry::Vacant(unknown) = known.entry(call.code)
            && let Some(wasm) = module(&node, call.code, &config)
            && let Some(lines) = project.lines_of(&wasm)
        {
            let declared = declared(project, settings, &lines);
            unknown.insert(Explainer::new(&wasm, Some(&lines), &declared));
        }
    }
    let what = format!("transaction {transaction}");
    let told = failure(&node, &what, transaction, &known).map_err(refused)?;
    match told.calls.is_empty() {
        true => Err(ExplainError::Succeeded(transaction)),
        false => Ok(told),
    }
}

/// The functions and errors of the contract that was kept in a file, as far as its package exports them.
fn declared(project: &Project, settings: &BuildSettings, kept: &Path) -> Plan {
    let contracts = project.contracts_in(kept).into_iter();
    let contracts = contracts.filter(|contract| contract.exports_abi);
    let mut all = Plan::default();
    for contract in contracts {
        // Without its interface the lines are still worth telling.
        if let Ok(interface) = interface_of(project, contract, settings) {
            let plan = stylus_plan::from_interface(&interface);
            all.calls.extend(plan.calls);
            all.errors.extend(plan.errors);
        }
    }
    all
}

/// The module of a program on a chain.
fn module(node: &Node, program: Address, config: &Config) -> Option<Vec<u8>> {
    let code_of = |address: &Address| {
        let code: Result<Bytes, _> = node.raw("eth_getCode", json!([address, "latest"]));
        code.ok()
    };
    let root = code_of(&program)?;
    let parsed = code::parse(&root, config).ok()?;
    let fragments: Vec<Bytes> = match &parsed {
        Code::Root { fragments, .. } => fragments.iter().map(code_of).collect::<Option<_>>()?,
        Code::Classic { .. } => Vec::new(),
    };
    let slices = fragments.iter().map(|fragment| code::fragment(fragment));
    let slices = slices.collect::<Result<Vec<_>, _>>().ok()?;
    parsed.decompress(&slices, None, config).ok()
}
