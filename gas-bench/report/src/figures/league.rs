//! The league table: every allocator under every workload, and under whole calls of every contract.
//!
//! Lives here: the figures as data, their shares and averages, and where one allocator costs more than another. Not here: building and
//! measuring (`measure::league`), text and pictures (`content` and `picture`).

use std::collections::BTreeMap;
use std::fmt;

use stylus_cargo::{Allocator, Lto, OptLevel, Variant};
use stylus_vm::{Bytes, Gas, Ink};

use super::PageCount;
use super::comparison::{Comparison, Heat, VariantFigures};

/// One program: a workload with an allocator, at an optimisation level.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// The workload's name, which is that of its example.
    pub workload: String,
    /// The optimisation level of the whole program.
    pub level: OptLevel,
    /// The allocator it uses.
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
    /// All its ink with free memory, so that only the work counts.
    pub work: Ink,
    /// All its gas at a chain's prices, pages included; without the start, which is the same for all. `None` if it does not run to
    /// completion.
    pub gas: Option<Gas>,
    /// Pages of memory at the end.
    pub pages: PageCount,
    /// Size of the deployed module, decompressed.
    pub processed: Bytes,
    /// Size compressed, as stored in accounts.
    pub code: Bytes,
    /// What it returned; the same under every allocator.
    pub result: u64,
}

/// The figures of all programs.
#[derive(Debug)]
pub struct League {
    /// The compiler, as `rustc --version` prints it.
    pub toolchain: String,
    /// What each workload does, by its name.
    pub workloads: BTreeMap<String, String>,
    /// Every program's figures.
    pub figures: BTreeMap<Entry, WorkloadFigures>,
}

impl League {
    /// The figures of one program, if it is in the table.
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

    /// What an allocator adds to the floor's ink: its overhead. An allocator below the floor has a negative overhead.
    pub fn overhead(&self, workload: &str, level: OptLevel, allocator: Allocator) -> Option<i128> {
        let ink = |allocator| Some(i128::from(self.figures(workload, level, allocator)?.work.0));
        Some(ink(allocator)? - ink(Allocator::Floor)?)
    }

    /// The overhead as a share of mini-alloc 1.0.0's, in ten-thousandths; zero below the floor. `None` if mini-alloc has no overhead.
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

    /// The average of the [shares](Self::overhead_share) over all workloads at `levels`, in ten-thousandths.
    pub fn average_share(&self, levels: &[OptLevel], allocator: Allocator) -> Option<u64> {
        let shares: Vec<_> = levels
            .iter()
            .flat_map(|&level| self.workloads.keys().map(move |workload| (workload, level)))
            .filter_map(|(workload, level)| self.overhead_share(workload, level, allocator))
            .collect();
        shares.iter().sum::<u64>().checked_div(shares.len() as u64)
    }

    /// The allocators of the table, in column order.
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
    /// Its optimisation level.
    pub level: OptLevel,
    /// With or without link-time optimisation; `None` for the author's own setting.
    pub lto: Option<Lto>,
}

/// A call that costs more with one allocator than with another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dearer {
    /// The names of the contract and of the call.
    pub call: String,
    /// The build in which it costs more.
    pub build: Build,
    /// Whether the program is cached.
    pub heat: Heat,
    /// How much more gas all its runs use.
    pub gas: Gas,
    /// Gas of the same runs with the other allocator.
    pub of: Gas,
}

impl Calls {
    /// The figures of a contract's build with an allocator, if it was measured.
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

    /// Every call, in every build of `builds`, that costs more with `allocator` than with `other`.
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

/// The average gas of a call over all runs of all calls, rounded down; `None` if a call has no figures.
pub fn average(figures: &VariantFigures, heat: Heat) -> Option<u64> {
    let totals: Result<Vec<_>, _> = figures.calls.iter().map(|it| it.total.as_ref()).collect();
    let totals = totals.ok()?;
    let gas: u64 = totals.iter().map(|total| total.gas_when(heat).0).sum();
    gas.checked_div(totals.iter().map(|total| total.runs).sum())
}
