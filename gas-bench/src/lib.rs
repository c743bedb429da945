//! Builds a contract under several allocators, deploys it to a chain, and compares what it used there.
//!
//! Lives here: the order of a run, as [`run`] spells it out. Not here: arguments, terminals and exit codes, which belong
//! to the binary.
//!
//! A suite (`suite`) names the cases; `artifact` makes a wasm of each allocator; `measure`
//! runs it on a `node`; `measurement` holds
//! the integers that come out; `render` turns them into text. Measuring never formats and rendering never measures.

pub mod artifact;
pub mod baseline;
pub mod compare;
pub mod dispatch;
pub mod failure;
pub mod figures;
pub mod input;
pub mod league;
pub mod lto;
pub mod measure;
pub mod measurement;
pub mod node;
pub mod output;
mod parallel;
pub mod plan;
pub mod profile;
pub mod project;
pub mod published;
pub mod render;
pub mod report;
pub mod size;
pub mod suite;

use std::collections::BTreeMap;

use artifact::{Artifact, Workspace, WorkspaceError};
use failure::{Cause, Failure};
use measure::Contract;
use measurement::{Provenance, Results, Variant};
use node::{Node, NodeError, Target};
use suite::{Allocator, Case, Conditions, Function};

/// What ends a run before there is anything to report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder of contracts is not usable.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// There is no chain to measure on.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// What a run is doing, for whoever shows progress.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// A build begins.
    Building(Allocator),
    /// A crate of that build is done.
    Compiled(Allocator, &'a str),
    /// The build ended well.
    Built(Allocator),
    /// A case begins.
    Running(Allocator, Case),
    /// The case ended, well or not.
    Ran(Allocator, Case),
}

/// Watches a run. Called from several threads.
pub trait Observer: Sync {
    /// `event` just happened.
    fn on(&self, event: Event<'_>);
}

/// Builds the contract in `workspace` with each of `allocators`, deploys it to `target` and measures it under each of
/// `conditions`. What fails for one allocator or case is part of the results.
///
/// # Errors
/// Where nothing at all can be measured.
pub fn run(
    workspace: &Workspace,
    target: &Target,
    allocators: &[Allocator],
    conditions: &[Conditions],
    observer: &dyn Observer,
) -> Result<Results, RunError> {
    let provenance = provenance(workspace, target)?;
    let measured = |allocator| {
        let variant = build(workspace, allocator, observer).and_then(|artifact| {
            measure_variant(target, allocator, &artifact, conditions, observer)
        });
        (allocator, variant)
    };
    // Whoever sets page costs sets them for everybody on the chain: only chains of their own are used at once.
    let variants = match target {
        Target::Embedded(_) => parallel::map(allocators.to_vec(), measured),
        Target::Endpoint { .. } => allocators.iter().copied().map(measured).collect(),
    };
    let variants = variants.into_iter().collect();
    Ok(Results {
        provenance,
        conditions: conditions.to_vec(),
        variants,
    })
}

fn provenance(workspace: &Workspace, target: &Target) -> Result<Provenance, RunError> {
    let toolchain = workspace.toolchain()?;
    let node = Node::connect(target)?;
    Ok(Provenance {
        toolchain,
        arbos: node.arbos()?,
        ink_price: node.config()?.stylus.ink_price,
    })
}

fn build(
    workspace: &Workspace,
    allocator: Allocator,
    observer: &dyn Observer,
) -> Result<Artifact, Failure> {
    observer.on(Event::Building(allocator));
    let artifact = workspace
        .build(allocator, &mut |name| {
            observer.on(Event::Compiled(allocator, name))
        })
        .map_err(Cause::from)
        .and_then(|wasm| Artifact::new(&wasm).map_err(Cause::from))
        .map_err(|cause| Failure {
            allocator,
            case: None,
            cause,
        })?;
    observer.on(Event::Built(allocator));
    Ok(artifact)
}

fn measure_variant(
    target: &Target,
    allocator: Allocator,
    artifact: &Artifact,
    conditions: &[Conditions],
    observer: &dyn Observer,
) -> Result<Variant, Failure> {
    let failure = |case, cause| Failure {
        allocator,
        case,
        cause,
    };
    let node = Node::connect(target).map_err(|error| failure(None, error.into()))?;
    let mut contract =
        Contract::deploy(&node, &artifact.code).map_err(|cause| failure(None, cause))?;
    let mut cases = BTreeMap::new();
    for &conditions in conditions {
        let case = |function| Case {
            conditions,
            function,
        };
        let each = |function, measurement: Result<_, Cause>| {
            let case = case(function);
            cases.insert(
                case,
                measurement.map_err(|cause| failure(Some(case), cause)),
            );
            observer.on(Event::Ran(allocator, case));
        };
        let before = |function| observer.on(Event::Running(allocator, case(function)));
        if let Err(cause) = contract.measure(conditions, each, before) {
            // The first function stands for all: none could be measured.
            let case = case(Function::ALL[0]);
            cases.insert(case, Err(failure(Some(case), cause)));
        }
    }
    Ok(Variant {
        sizes: artifact.sizes,
        cases,
    })
}
