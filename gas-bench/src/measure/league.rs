//! The league table: every allocator under every workload at every optimisation level.
//!
//! Lives here: the order of a run. Not here: its figures as data (`stylus_report::figures`), building (`stylus-cargo`), whole calls of
//! contracts (`calls`), text and pictures (`stylus-report`).
//!
//! A workload makes no host call except the one that returns its result, so it runs in the VM without any chain, and all differences
//! between two allocators are their own.

mod calls;

use std::collections::BTreeMap;
use std::{fs, io};

use stylus_cargo::{
    Allocator, Artifact, BuildError, BuildSettings, CargoError, OptLevel, PostprocessError, Project,
};
use stylus_report::figures::PageCount;
use stylus_report::figures::league::{Entry, League, WorkloadFigures};
use stylus_vm::{
    Bytes, Cause, CompileError, Config, EmptyHost, Engine, EngineError, Fault, Gas, Outcome, Pages,
    Refusal, Report, activate,
};

use crate::chain::GAS_LIMIT;
use crate::parallel;

pub use calls::{CallsError, whole_calls};

/// The package whose examples are the workloads.
const WORKLOADS: &str = "workloads";

/// Why a program has no figures.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The VM refuses it.
    #[error("the VM refuses it: {0}")]
    Refused(#[from] Refusal),
    /// It cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It is not a module.
    #[error(transparent)]
    Postprocess(#[from] PostprocessError),
    /// The run has no outcome.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It did not run to completion, even with free memory.
    #[error("it ended in {0:?} although memory was free{why}", why = .1.map_or_else(String::new, |cause| format!(": {cause}")))]
    Ended(Outcome, Option<Cause>),
    /// It did not return eight bytes.
    #[error("it returned {0} bytes instead of the 8 of a u64")]
    Output(usize),
}

/// Why no league table can be made.
#[derive(Debug, thiserror::Error)]
pub enum LeagueError {
    /// The toolchain does not identify itself.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The engine cannot be started.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The workloads do not build with this allocator.
    #[error("the workloads with {allocator} at opt-level {level}")]
    Build {
        /// The allocator.
        allocator: Allocator,
        /// The optimisation level.
        level: OptLevel,
        /// Why the build failed.
        source: BuildError,
    },
    /// A program has no figures.
    #[error("{entry}")]
    Entry {
        /// The program.
        entry: Entry,
        /// Why it has none.
        source: EntryError,
    },
    /// A workload has different results with two allocators.
    #[error("{entry} returned {got:#x}, but {want:#x} with the floor: an allocator is broken")]
    Disagreement {
        /// The program that differs.
        entry: Entry,
        /// What it returned.
        got: u64,
        /// What was expected.
        want: u64,
    },
    /// A workload's source is missing or unreadable.
    #[error("the source of workload {0} cannot be read: {1}; build it again")]
    Source(String, io::Error),
}

/// Builds and runs every workload of `own`, this repository's contracts, with the floor and with each of `allocators`, at each of
/// `levels`; calls `progress` before each build.
///
/// # Errors
/// If any program has no figures.
pub fn league(
    own: &Project,
    allocators: &[Allocator],
    levels: &[OptLevel],
    progress: &(dyn Fn(Allocator, OptLevel) + Sync),
) -> Result<League, LeagueError> {
    let config = Config::default();
    let engine = Engine::with_user_cache(&config)?;
    let variants: Vec<_> = levels
        .iter()
        .flat_map(|&level| {
            let with = move |&allocator| (allocator, level);
            [Allocator::Floor].iter().chain(allocators).map(with)
        })
        .collect();
    // While one variant runs, cargo builds the next.
    let measured = parallel::map(variants, |(allocator, level)| {
        progress(allocator, level);
        variant(own, &engine, &config, allocator, level)
    });
    let mut figures = BTreeMap::new();
    for variant in measured {
        figures.append(&mut variant?);
    }
    check_agreement(&figures)?;
    Ok(League {
        toolchain: own.compiler()?,
        workloads: describe(own, &figures)?,
        figures,
    })
}

fn variant(
    own: &Project,
    engine: &Engine,
    config: &Config,
    allocator: Allocator,
    level: OptLevel,
) -> Result<BTreeMap<Entry, WorkloadFigures>, LeagueError> {
    let settings = BuildSettings {
        features: vec![allocator.name().to_owned()],
        no_default_features: true,
        level: Some(level),
        // The location of crates must not show in a program: panics name their source files.
        reproducible: true,
        without_variables: true,
        ..BuildSettings::default()
    };
    let programs =
        own.build_examples(WORKLOADS, &settings)
            .map_err(|source| LeagueError::Build {
                allocator,
                level,
                source,
            })?;
    let mut figures = BTreeMap::new();
    for (workload, wasm) in programs {
        let entry = Entry {
            workload,
            level,
            allocator,
        };
        match measure(engine, config, &wasm) {
            Ok(measured) => figures.insert(entry, measured),
            Err(source) => return Err(LeagueError::Entry { entry, source }),
        };
    }
    Ok(figures)
}

/// Runs a program twice: with free memory, and at a chain's prices.
fn measure(engine: &Engine, config: &Config, built: &[u8]) -> Result<WorkloadFigures, EntryError> {
    let artifact = Artifact::of_named(built)?;
    let mut free = *config;
    (free.stylus.free_pages, free.stylus.page_limit) = (Pages(u16::MAX), Pages(u16::MAX));
    let work = call(engine, &free, &artifact.wasm)?;
    if work.outcome != Outcome::Success {
        return Err(EntryError::Ended(work.outcome, work.cause));
    }
    let Ok(result) = work.output.as_slice().try_into() else {
        return Err(EntryError::Output(work.output.len()));
    };
    let paid = call(engine, config, &artifact.wasm)?;
    let left = config.stylus.ink_price.ink_to_gas(paid.ink_left);
    Ok(WorkloadFigures {
        work: work.ink_used,
        gas: (paid.outcome == Outcome::Success).then(|| GAS_LIMIT.saturating_sub(left)),
        pages: PageCount(work.pages),
        processed: Bytes::of(&artifact.wasm),
        code: Bytes::of(&artifact.code),
        result: u64::from_be_bytes(result),
    })
}

fn call(engine: &Engine, config: &Config, wasm: &[u8]) -> Result<Report, EntryError> {
    let activation = activate(wasm, config, Pages(0), Gas::MAX)?;
    let program = engine.compile(wasm, config)?;
    let mut host = EmptyHost::with_footprint(activation.footprint);
    let call = stylus_vm::Call {
        ink: config.stylus.ink_price.gas_to_ink(GAS_LIMIT),
        ..stylus_vm::Call::default()
    };
    Ok(program.run(&mut host, call)?)
}

fn check_agreement(figures: &BTreeMap<Entry, WorkloadFigures>) -> Result<(), LeagueError> {
    for (entry, measured) in figures {
        let floor = Entry {
            allocator: Allocator::Floor,
            ..entry.clone()
        };
        let want = figures
            .get(&floor)
            .map_or(measured.result, |floor| floor.result);
        if measured.result != want {
            return Err(LeagueError::Disagreement {
                entry: entry.clone(),
                got: measured.result,
                want,
            });
        }
    }
    Ok(())
}

fn describe(
    own: &Project,
    figures: &BTreeMap<Entry, WorkloadFigures>,
) -> Result<BTreeMap<String, String>, LeagueError> {
    let mut workloads = BTreeMap::new();
    for Entry { workload, .. } in figures.keys() {
        if !workloads.contains_key(workload) {
            let path = own.root.join(WORKLOADS).join("examples").join(workload);
            let source = fs::read_to_string(path.with_extension("rs"))
                .map_err(|error| LeagueError::Source(workload.clone(), error))?;
            // The workload's description is its leading comment.
            let lines = source.lines().map_while(|line| line.strip_prefix("//! "));
            workloads.insert(workload.clone(), lines.collect::<Vec<_>>().join(" "));
        }
    }
    Ok(workloads)
}
