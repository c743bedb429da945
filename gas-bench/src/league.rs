//! The league table: every allocator under every workload at every optimisation level.
//!
//! Lives here: the order of a run, and its figures as data. Not here: building (`artifact`), text (`content`) and
//! pictures (`picture`).
//!
//! A workload makes no host call but the one that returns its result, so it runs in the VM without any chain: what differs
//! between two allocators is theirs.

use std::collections::BTreeMap;
use std::fmt;

use stylus_vm::{
    Cause, CompileError, Config, EmptyHost, Engine, EngineError, Fault, Gas, Ink, Outcome, Pages,
    Refusal, Report, activate,
};

use crate::artifact::{Artifact, BuildError, PostprocessError, Workspace, WorkspaceError};
use crate::measurement::{PageCount, Sizes};
use crate::node::GAS_LIMIT;
use crate::parallel;
use crate::suite::{Allocator, OptLevel};

pub mod calls;

/// One program: a workload with an allocator, at an optimisation level.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// The workload's name, which is its example's.
    pub workload: String,
    /// The optimisation level of the whole program.
    pub level: OptLevel,
    /// What it allocates with.
    pub allocator: Allocator,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            workload,
            level,
            allocator,
        } = self;
        write!(f, "{workload} at opt-level {level} with {allocator}")
    }
}

/// What a program used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Figures {
    /// All its ink with memory for nothing, so that it is the work alone.
    pub work: Ink,
    /// All its gas under the prices of a chain, pages included; without the start, which is alike for all. `None` where it
    /// does not come to its end.
    pub gas: Option<Gas>,
    /// Pages of memory at the end.
    pub pages: PageCount,
    /// How large it is.
    pub sizes: Sizes,
    /// What it returned; the same for every allocator.
    pub result: u64,
}

/// Why a program has no figures.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The VM would not have it.
    #[error("the VM refuses it: {0}")]
    Refused(#[from] Refusal),
    /// It cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It is no module.
    #[error(transparent)]
    Postprocess(#[from] PostprocessError),
    /// The run has no outcome.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It did not come to its end, even with memory for nothing.
    #[error("it ended in {0:?} with memory for nothing{why}", why = .1.map_or_else(String::new, |cause| format!(": {cause}")))]
    Ended(Outcome, Option<Cause>),
    /// It returned something else than eight bytes.
    #[error("it returned {0} bytes instead of 8; a workload returns one u64")]
    Output(usize),
}

/// What keeps a league table from being made.
#[derive(Debug, thiserror::Error)]
pub enum LeagueError {
    /// The folder of contracts is not usable.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// There is no engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The workloads do not build with this allocator.
    #[error("the workloads with {allocator} at opt-level {level}")]
    Build {
        /// With which.
        allocator: Allocator,
        /// At which level.
        level: OptLevel,
        /// Why not.
        source: BuildError,
    },
    /// A program has no figures.
    #[error("{entry}")]
    Entry {
        /// Which.
        entry: Entry,
        /// Why not.
        source: EntryError,
    },
    /// Two allocators made one workload come out differently.
    #[error("{entry} returned {got:#x} and with the floor {want:#x}: an allocator is broken")]
    Disagreement {
        /// The program that differs.
        entry: Entry,
        /// What it returned.
        got: u64,
        /// What was expected.
        want: u64,
    },
    /// A workload's source has gone.
    #[error("the workload {0} has no readable source: {1}; build it anew")]
    Source(String, std::io::Error),
}

/// The figures of all programs.
#[derive(Debug)]
pub struct League {
    /// The compiler, as `rustc --version` names itself.
    pub toolchain: String,
    /// What each workload does, by its name.
    pub workloads: BTreeMap<String, String>,
    /// Every program's figures.
    pub figures: BTreeMap<Entry, Figures>,
}

/// Builds and runs every workload with each of `allocators` and the floor at each of `levels`, telling `progress` before each
/// build.
///
/// # Errors
/// Where anything at all has no figures.
pub fn run(
    workspace: &Workspace,
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
        variant(workspace, &engine, &config, allocator, level)
    });
    let mut figures = BTreeMap::new();
    for variant in measured {
        figures.append(&mut variant?);
    }
    check_agreement(&figures)?;
    Ok(League {
        toolchain: workspace.toolchain()?,
        workloads: describe(workspace, &figures)?,
        figures,
    })
}

fn variant(
    workspace: &Workspace,
    engine: &Engine,
    config: &Config,
    allocator: Allocator,
    level: OptLevel,
) -> Result<BTreeMap<Entry, Figures>, LeagueError> {
    let programs = workspace
        .build_workloads(allocator, level)
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

/// Runs a program twice: for its work, and under the prices of a chain.
fn measure(engine: &Engine, config: &Config, built: &[u8]) -> Result<Figures, EntryError> {
    let artifact = Artifact::new(built)?;
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
    Ok(Figures {
        work: work.ink_used,
        gas: (paid.outcome == Outcome::Success).then(|| GAS_LIMIT.saturating_sub(left)),
        pages: PageCount(work.pages),
        sizes: artifact.sizes,
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
    Ok(program.run(&mut host, config, call)?)
}

fn check_agreement(figures: &BTreeMap<Entry, Figures>) -> Result<(), LeagueError> {
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
    workspace: &Workspace,
    figures: &BTreeMap<Entry, Figures>,
) -> Result<BTreeMap<String, String>, LeagueError> {
    let mut workloads = BTreeMap::new();
    for Entry { workload, .. } in figures.keys() {
        if !workloads.contains_key(workload) {
            let text = workspace
                .describe_workload(workload)
                .map_err(|error| LeagueError::Source(workload.clone(), error))?;
            workloads.insert(workload.clone(), text);
        }
    }
    Ok(workloads)
}

impl League {
    /// The figures of one program, where it is in the table.
    pub fn figures(
        &self,
        workload: &str,
        level: OptLevel,
        allocator: Allocator,
    ) -> Option<Figures> {
        let entry = Entry {
            workload: workload.to_owned(),
            level,
            allocator,
        };
        self.figures.get(&entry).copied()
    }

    /// What an allocator adds to the floor's ink: its overhead. Below the floor it is negative.
    pub fn overhead(&self, workload: &str, level: OptLevel, allocator: Allocator) -> Option<i128> {
        let ink = |allocator| Some(i128::from(self.figures(workload, level, allocator)?.work.0));
        Some(ink(allocator)? - ink(Allocator::Floor)?)
    }

    /// The overhead as a share of mini-alloc 1.0.0's, in ten-thousandths; none below the floor. `None` where that has no overhead.
    pub fn overhead_share(
        &self,
        workload: &str,
        level: OptLevel,
        allocator: Allocator,
    ) -> Option<u64> {
        let mine = self.overhead(workload, level, allocator)?.max(0);
        let theirs = self.overhead(workload, level, Allocator::MiniUpstream)?;
        u64::try_from(10_000 * mine / Some(theirs).filter(|&ink| ink > 0)?).ok()
    }

    /// The average of the [shares](Self::overhead_share) over all workloads at some levels, in ten-thousandths.
    pub fn average_share(&self, levels: &[OptLevel], allocator: Allocator) -> Option<u64> {
        let shares: Vec<_> = levels
            .iter()
            .flat_map(|&level| self.workloads.keys().map(move |workload| (workload, level)))
            .filter_map(|(workload, level)| self.overhead_share(workload, level, allocator))
            .collect();
        shares.iter().sum::<u64>().checked_div(shares.len() as u64)
    }

    /// The allocators of the table, in the order of its columns.
    pub fn allocators(&self) -> Vec<Allocator> {
        let present = |allocator: &&Allocator| {
            self.figures
                .keys()
                .any(|entry| entry.allocator == **allocator)
        };
        Allocator::LEAGUE.iter().filter(present).copied().collect()
    }

    /// The levels of the table.
    pub fn levels(&self) -> Vec<OptLevel> {
        let present = |level: &&OptLevel| self.figures.keys().any(|entry| entry.level == **level);
        OptLevel::ALL.iter().filter(present).copied().collect()
    }
}
