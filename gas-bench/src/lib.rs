//! Builds a contract under several allocators, runs it in the Stylus VM and compares what it used.
//!
//! Lives here: the order of a run, as [`run`] spells it out. Not here: arguments, terminals and exit codes, which belong
//! to the binary.
//!
//! A suite (`suite`) names the cases; `artifact` makes a wasm of each allocator; `measure` runs it; `measurement` holds
//! the integers that come out; `render` turns them into text. Measuring never formats and rendering never measures.

pub mod artifact;
pub mod failure;
pub mod measure;
pub mod measurement;
pub mod output;
mod parallel;
pub mod published;
pub mod render;
pub mod suite;

use std::collections::BTreeMap;

use stylus_vm::{Engine, EngineError};

use artifact::{Artifact, Workspace, WorkspaceError};
use failure::{Cause, Failure};
use measure::Contract;
use measurement::{Provenance, Results, Variant};
use suite::{Allocator, Case, Conditions, Function};

/// What ends a run before there is anything to report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder of contracts is not usable.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The VM does not start.
    #[error("the Stylus VM does not start: {0}; free some memory or address space")]
    Engine(#[from] EngineError),
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

/// Builds the contract in `workspace` with each of `allocators` and measures it under each of `conditions`. What fails
/// for one allocator or case is part of the results.
///
/// # Errors
/// Where nothing at all can be measured.
pub fn run(
    workspace: &Workspace,
    allocators: &[Allocator],
    conditions: &[Conditions],
    observer: &dyn Observer,
) -> Result<Results, RunError> {
    let engine = measure::engine()?;
    let provenance = provenance(workspace)?;
    let variants = parallel::map(allocators.to_vec(), |allocator| {
        let variant = build(workspace, allocator, observer).and_then(|artifact| {
            measure_variant(&engine, allocator, &artifact, conditions, observer)
        });
        (allocator, variant)
    });
    let variants = variants.into_iter().collect();
    Ok(Results {
        provenance,
        conditions: conditions.to_vec(),
        variants,
    })
}

fn provenance(workspace: &Workspace) -> Result<Provenance, WorkspaceError> {
    // Conditions differ in nothing that provenance states.
    let config = measure::config(Conditions::OnChain);
    Ok(Provenance {
        toolchain: workspace.toolchain()?,
        arbos: config.arbos,
        ink_price: config.stylus.ink_price,
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
    engine: &Engine,
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
    let mut cases = BTreeMap::new();
    for &conditions in conditions {
        let contract = Contract::load(engine, &artifact.wasm, conditions)
            .map_err(|cause| failure(None, cause))?;
        for &function in Function::ALL {
            let case = Case {
                conditions,
                function,
            };
            observer.on(Event::Running(allocator, case));
            let measurement = contract.measure(function);
            cases.insert(
                case,
                measurement.map_err(|cause| failure(Some(case), cause)),
            );
            observer.on(Event::Ran(allocator, case));
        }
    }
    Ok(Variant {
        sizes: artifact.sizes,
        cases,
    })
}
