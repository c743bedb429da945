//! What whole calls of contracts cost with each allocator, which is what an author pays.
//!
//! Lives here: which builds are measured, their averages, and where one allocator is dearer than another. Not here: building and
//! measuring (`compare`), text (`content`).

use stylus_vm::{ArbOs, Gas};

use crate::compare::{
    self, Comparison, Event, Figures, Heat, Lto, PrepareError, Settings, Subject, Variant, WasmOpt,
};
use crate::node::Target;
use crate::project::{BuildSettings, Project};
use crate::report;
use crate::suite::{Allocator, OptLevel};

/// Every contract under every allocator, at every level.
#[derive(Debug, Default)]
pub struct Calls {
    /// A comparison for each contract.
    pub contracts: Vec<Comparison>,
}

/// What keeps the calls of a contract from being measured.
#[derive(Debug, thiserror::Error)]
#[error("{contract}")]
pub struct CallsError {
    /// Which contract.
    contract: String,
    source: Box<Reason>,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    Plan(#[from] report::PrepareError),
    #[error(transparent)]
    Builds(#[from] PrepareError),
}

/// A build of a contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Build {
    /// At this level.
    pub level: OptLevel,
    /// With link-time optimisation, or without; none for what its author has.
    pub lto: Option<Lto>,
}

/// Calls that cost more with one allocator than with another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dearer {
    /// The contract's and the call's name.
    pub call: String,
    /// In which build.
    pub build: Build,
    /// How the program is found.
    pub heat: Heat,
    /// By how much gas all its runs are dearer.
    pub gas: Gas,
    /// What they cost with the other one.
    pub of: Gas,
}

/// Those of `allocators` that a contract can be given.
pub fn known(allocators: &[Allocator]) -> Vec<Allocator> {
    let all = compare::allocators();
    all.into_iter()
        .filter(|allocator| allocators.contains(allocator))
        .collect()
}

/// Builds the contracts of `project` with each of `allocators` at each of `levels`, as their authors do or with each of `lto` besides,
/// and measures the calls of their plans. Contracts in which no allocator can be replaced are left out.
///
/// # Errors
/// Where a contract cannot be built anew at all. What fails under one allocator alone has no figures.
pub fn measure(
    project: &Project,
    allocators: &[Allocator],
    levels: &[OptLevel],
    lto: &[Lto],
    progress: &(dyn Fn(&str, Variant) + Sync),
) -> Result<Calls, CallsError> {
    let settings = Settings {
        allocators: known(allocators),
        levels: levels.to_vec(),
        lto: lto.to_vec(),
        modes: Vec::new(),
    };
    let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
    let mut contracts = Vec::new();
    for contract in &project.contracts {
        let error = |source| CallsError {
            contract: contract.name.clone(),
            source: Box::new(source),
        };
        let build = BuildSettings::default();
        let plan =
            report::plan_of(project, contract, &build).map_err(|source| error(source.into()))?;
        let measure =
            |module: &[u8]| report::measure_module(&target, &contract.name, module, &plan);
        let comparison = compare::compare(
            &Subject::of(project, contract, &build),
            &settings,
            || WasmOpt::find(None),
            &measure,
            &|event| {
                if let Event::Building(variant) = event {
                    progress(&contract.name, variant);
                }
            },
        )
        .map_err(|source| error(source.into()))?;
        if comparison.left_out.is_empty() {
            contracts.push(comparison);
        }
    }
    Ok(Calls { contracts })
}

impl Calls {
    /// The figures of a contract's build with an allocator, where it was measured.
    pub fn figures(contract: &Comparison, build: Build, allocator: Allocator) -> Option<&Figures> {
        contract.figures(Variant {
            allocator: Some(allocator),
            level: Some(build.level).filter(|level| level.name() != contract.own_level),
            lto: build.lto,
            ..Variant::TODAY
        })
    }

    /// Every call in every build of `builds` that is dearer with `allocator` than with `other`.
    pub fn dearer(&self, builds: &[Build], allocator: Allocator, other: Allocator) -> Vec<Dearer> {
        let mut found = Vec::new();
        for contract in &self.contracts {
            for &build in builds {
                let figures = |allocator| Self::figures(contract, build, allocator);
                let (Some(mine), Some(theirs)) = (figures(allocator), figures(other)) else {
                    continue;
                };
                for call in &theirs.calls {
                    for heat in Heat::ALL {
                        let gas =
                            |figures: &Figures| Some(figures.total(&call.name)?.gas_when(heat));
                        let both = gas(mine).zip(gas(theirs));
                        if let Some((mine, of)) = both.filter(|(mine, theirs)| mine > theirs) {
                            found.push(Dearer {
                                call: format!("{}, {}", contract.contract, call.name),
                                build,
                                heat,
                                gas: mine.saturating_sub(of),
                                of,
                            });
                        }
                    }
                }
            }
        }
        found
    }
}

/// The average gas of a call over all runs of all calls, rounded down; none where a call has no figures.
pub fn average(figures: &Figures, heat: Heat) -> Option<u64> {
    let totals: Result<Vec<_>, _> = figures.calls.iter().map(|it| it.total.as_ref()).collect();
    let totals = totals.ok()?;
    let gas: u64 = totals.iter().map(|total| total.gas_when(heat).0).sum();
    gas.checked_div(totals.iter().map(|total| total.runs).sum())
}
