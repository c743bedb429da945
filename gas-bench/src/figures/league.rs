//! The league table: every allocator under every workload and, in whole calls, under every contract.
//!
//! Lives here: the figures as data, their shares and averages, and where one allocator is dearer than another. Not here: building and
//! measuring (`measure::league`), text and pictures (`render::league`).

use std::collections::BTreeMap;
use std::fmt;

use stylus_vm::{Bytes, Gas, Ink};

use super::PageCount;
use super::comparison::{Comparison, Heat, VariantFigures};
use crate::cargo::{Allocator, Lto, OptLevel, Variant};

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
pub struct WorkloadFigures {
    /// All its ink with memory for nothing, so that it is the work alone.
    pub work: Ink,
    /// All its gas under the prices of a chain, pages included; without the start, which is alike for all. `None` where it
    /// does not come to its end.
    pub gas: Option<Gas>,
    /// Pages of memory at the end.
    pub pages: PageCount,
    /// How large it is as it is deployed, decompressed.
    pub processed: Bytes,
    /// Compressed, as accounts hold it.
    pub code: Bytes,
    /// What it returned; the same for every allocator.
    pub result: u64,
}

/// The figures of all programs.
#[derive(Debug)]
pub struct League {
    /// The compiler, as `rustc --version` names itself.
    pub toolchain: String,
    /// What each workload does, by its name.
    pub workloads: BTreeMap<String, String>,
    /// Every program's figures.
    pub figures: BTreeMap<Entry, WorkloadFigures>,
}

impl League {
    /// The figures of one program, where it is in the table.
    pub fn figures(
        &self,
        workload: &str,
        level: OptLevel,
        allocator: Allocator,
    ) -> Option<WorkloadFigures> {
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

/// Every contract under every allocator, at every level.
#[derive(Debug, Default)]
pub struct Calls {
    /// A comparison for each contract.
    pub contracts: Vec<Comparison>,
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

impl Calls {
    /// The figures of a contract's build with an allocator, where it was measured.
    pub fn figures(
        contract: &Comparison,
        build: Build,
        allocator: Allocator,
    ) -> Option<&VariantFigures> {
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
                        let gas = |figures: &VariantFigures| {
                            Some(figures.total(&call.name)?.gas_when(heat))
                        };
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
pub fn average(figures: &VariantFigures, heat: Heat) -> Option<u64> {
    let totals: Result<Vec<_>, _> = figures.calls.iter().map(|it| it.total.as_ref()).collect();
    let totals = totals.ok()?;
    let gas: u64 = totals.iter().map(|total| total.gas_when(heat).0).sum();
    gas.checked_div(totals.iter().map(|total| total.runs).sum())
}
