//! Which source lines of contracts ran, measured on the code that is deployed.
//!
//! Lives here: the data, and adding it up. Not here: counting blocks (`stylus_vm::explain`), running contracts (`cargo-gas-bench`), words
//! and rows (`content`).
//!
//! Theorem: a line counts as run only if a block ran that contains an operator of that line, up to where the run ended in that block. A
//! line for which the compiler emitted no code is not listed at all: it was not missed, it does not exist.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use stylus_vm::explain::{Counts, Position};
use stylus_vm::lines::{Lines, SourceFrame, SourceOperator};

/// The version of the JSON shape.
pub const COVERAGE_SCHEMA: u32 = 1;

/// Which lines of several contracts ran.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct CoverageReport {
    /// [`COVERAGE_SCHEMA`] at the time of writing.
    pub schema: u32,
    /// What ran them.
    pub ran: Ran,
    /// The contracts, in the order of their project.
    pub contracts: Vec<ContractCoverage>,
    /// By contract, what failed: a sentence each.
    pub failures: Vec<(String, String)>,
}

/// What made the contracts run.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Ran {
    /// The calls of their plans, including constructor and setup.
    Plans,
    /// Everything that a devnet was sent.
    Requests,
}

/// Which lines of a contract ran.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct ContractCoverage {
    /// The name of its package.
    pub name: String,
    /// Files with code in the module, in the order of their names.
    pub files: Vec<FileCoverage>,
    /// Operators without a known line.
    pub without_line: u64,
}

/// Which lines of a file ran.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct FileCoverage {
    /// The file, by the path the compiler was given.
    pub file: String,
    /// The file relative to the working directory, if it lies inside.
    #[serde(skip)]
    pub shown: String,
    /// Whether the file belongs to the contract or to a crate beside it.
    pub own: bool,
    /// Lines with code in the module.
    pub lines: Vec<LineCoverage>,
    /// Functions with code in the module, including inlined ones.
    pub functions: Vec<FunctionCoverage>,
    /// Operators where the code takes one of two ways.
    pub branches: Vec<BranchCoverage>,
    /// The file's text, line by line; empty if nobody asked for it or the file is missing.
    #[serde(skip)]
    pub text: Vec<String>,
}

/// How often a line ran.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
pub struct LineCoverage {
    /// The line number, from 1.
    pub line: u32,
    /// How often the line ran, summed over its copies: for each copy, the code that ran most often.
    pub times: u64,
    /// How many copies of its code there are: one for each module function, and chain of inlined calls in it, that contains the line.
    pub copies: u32,
    /// How many of these copies ran.
    pub copies_run: u32,
}

/// How often a function was entered.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct FunctionCoverage {
    /// Its name.
    pub name: String,
    /// Its first line with code.
    pub line: u32,
    /// How often its code was entered, over all copies: counted at its first operator, or once if only others ran.
    pub times: u64,
}

/// How often code went each way.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
pub struct BranchCoverage {
    /// The line.
    pub line: u32,
    /// Its number among the branches of the line, from 0, in the module's order.
    pub number: u32,
    /// How often it continued with the next operator.
    pub straight: u64,
    /// How often it jumped: to the end of a block, to the beginning of a loop, or to an `else`.
    pub aside: u64,
}

/// How much of something ran.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Default, Debug)]
pub struct Part {
    /// How much ran.
    pub run: u64,
    /// How much there is.
    pub all: u64,
}

/// The counts belong to a different program.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the chain counts a block at {0:?} that the module does not have; please report this with the contract"
)]
pub struct CoverageError(Position);

impl Part {
    fn of(all: impl Iterator<Item = bool>) -> Self {
        all.fold(Self::default(), |part, run| Self {
            run: part.run + u64::from(run),
            all: part.all + 1,
        })
    }

    /// Adds both.
    pub fn and(self, other: Self) -> Self {
        Self {
            run: self.run + other.run,
            all: self.all + other.all,
        }
    }
}

impl FileCoverage {
    /// How many of its lines ran.
    pub fn lines_run(&self) -> Part {
        Part::of(self.lines.iter().map(|line| line.times > 0))
    }

    /// How many of its functions were entered.
    pub fn functions_run(&self) -> Part {
        Part::of(self.functions.iter().map(|function| function.times > 0))
    }

    /// How many of the ways its branches offer were taken.
    pub fn branches_run(&self) -> Part {
        let branches = self.branches.iter().map(BranchCoverage::ways);
        branches.fold(Part::default(), Part::and)
    }
}

impl BranchCoverage {
    /// How many of its two ways were taken.
    pub fn ways(&self) -> Part {
        Part::of([self.straight > 0, self.aside > 0].into_iter())
    }
}

impl ContractCoverage {
    /// Its own files, or those of other crates.
    pub fn files(&self, own: bool) -> impl Iterator<Item = &FileCoverage> {
        self.files.iter().filter(move |file| file.own == own)
    }
}

/// Which lines of a contract's module ran, according to its block counts.
///
/// # Errors
/// If a block was counted that the module does not have.
pub fn cover(
    contract: &str,
    counts: &Counts,
    lines: &Lines,
    own: impl Fn(&str) -> bool,
) -> Result<ContractCoverage, CoverageError> {
    let runs = Runs::of(counts);
    let mut sums = Sums::default();
    let mut foreign: BTreeSet<Position> = runs.begun.keys().copied().collect();
    for function in lines.functions() {
        let operators: Vec<SourceOperator> = lines.function(function).collect();
        for block in operators.split_inclusive(|operator| operator.ends_block) {
            foreign.remove(&block[0].position);
            sums.add(block, &runs);
        }
    }
    if let Some(position) = foreign.first() {
        return Err(CoverageError(*position));
    }
    Ok(sums.finish(contract, own))
}

/// Block counts, by the position of the first operator.
struct Runs {
    begun: BTreeMap<Position, u64>,
    /// Runs that ended at an operator inside a block that had begun.
    ended: BTreeMap<Position, u64>,
    /// Runs that could not pay for the block that begins at that position.
    unpaid: BTreeMap<Position, u64>,
}

impl Runs {
    fn of(counts: &Counts) -> Self {
        let stops = |is_paid: bool| {
            let stops = counts.stops.iter().filter(|stop| stop.is_paid == is_paid);
            stops.map(|stop| (stop.at, stop.count)).collect()
        };
        Self {
            begun: counts
                .blocks
                .iter()
                .map(|it| (it.first, it.count))
                .collect(),
            ended: stops(true),
            unpaid: stops(false),
        }
    }

    fn begun(&self, block: Position) -> u64 {
        self.begun.get(&block).copied().unwrap_or(0)
    }
}

/// A copy of a line or a function: the module function that contains it, and the chain of calls inlined there.
type Place = (u32, u32);

/// The sums so far.
#[derive(Default)]
struct Sums {
    files: BTreeMap<String, FileSums>,
    chains: Chains,
    without_line: u64,
}

#[derive(Default)]
struct FileSums {
    /// By line and copy, how often the line ran.
    lines: BTreeMap<u32, BTreeMap<Place, u64>>,
    functions: BTreeMap<String, FunctionSums>,
    branches: Vec<BranchCoverage>,
    /// How many branches each line has so far.
    numbers: BTreeMap<u32, u32>,
}

#[derive(Default)]
struct FunctionSums {
    line: Option<u32>,
    /// By copy, how often its first operator ran, and whether any operator did.
    copies: BTreeMap<Place, (u64, bool)>,
}

/// Chains of inlined calls, each with its number; 0 is the empty chain.
#[derive(Default)]
struct Chains(BTreeMap<(Place, String, Option<u32>, Option<u32>), u32>);

impl Chains {
    /// The chain that extends `copy` by the call at the frame's place.
    fn with(&mut self, copy: Place, frame: &SourceFrame) -> u32 {
        let file = frame.file.clone().unwrap_or_default();
        let next = u32::try_from(self.0.len() + 1).unwrap_or(u32::MAX);
        let key = (copy, file, frame.line, frame.column);
        *self.0.entry(key).or_insert(next)
    }
}

impl Sums {
    fn add(&mut self, block: &[SourceOperator], runs: &Runs) {
        let first = block[0].position;
        let mut times = runs.begun(first);
        for operator in block {
            self.add_operator(operator, times);
            if operator.forks {
                self.add_branch(operator, times, runs);
            }
            // A run that ended at this operator had begun the block but executed nothing after it.
            let ended = runs.ended.get(&operator.position).copied().unwrap_or(0);
            times = times.saturating_sub(ended);
        }
    }

    /// Counts the lines and functions to which an operator belongs.
    fn add_operator(&mut self, operator: &SourceOperator, times: u64) {
        let mut copy = (operator.position.function, 0);
        let mut seen: Vec<(&str, u32)> = Vec::new();
        for frame in operator.frames.iter().rev() {
            if let Some(file) = &frame.file {
                let sums = self.files.entry(file.clone()).or_default();
                if let Some(line) = frame.line
                    && !seen.contains(&(file, line))
                {
                    seen.push((file, line));
                    let copies = sums.lines.entry(line).or_default();
                    let most = copies.entry(copy).or_default();
                    *most = times.max(*most);
                }
                if let Some(name) = &frame.function {
                    let function = sums.functions.entry(name.clone()).or_default();
                    function.line = [function.line, frame.line].into_iter().flatten().min();
                    let begun = function.copies.entry(copy).or_insert((times, false));
                    begun.1 |= times > 0;
                }
            }
            copy.1 = self.chains.with(copy, frame);
        }
        self.without_line += u64::from(seen.is_empty());
    }

    /// Counts the two ways of an operator that was reached `times` times.
    fn add_branch(&mut self, operator: &SourceOperator, times: u64, runs: &Runs) {
        let known = |frame: &SourceFrame| Some((frame.file.clone()?, frame.line?));
        let Some((file, line)) = operator.frames.iter().find_map(known) else {
            return;
        };
        let behind = Position {
            operator: operator.position.operator.saturating_add(1),
            ..operator.position
        };
        // Only this operator leads to the block behind it. A run that could not pay for that block went there, too.
        let straight = runs.begun(behind);
        let unpaid = runs.unpaid.get(&behind).copied().unwrap_or(0);
        let sums = self.files.entry(file).or_default();
        let number = sums.numbers.entry(line).or_default();
        sums.branches.push(BranchCoverage {
            line,
            number: *number,
            straight,
            aside: times.saturating_sub(straight.saturating_add(unpaid)),
        });
        *number += 1;
    }

    fn finish(self, contract: &str, own: impl Fn(&str) -> bool) -> ContractCoverage {
        let file = |(file, sums): (String, FileSums)| FileCoverage {
            shown: file.clone(),
            own: own(&file),
            lines: sums.lines.into_iter().map(line).collect(),
            functions: functions(sums.functions),
            branches: sorted(sums.branches),
            file,
            text: Vec::new(),
        };
        ContractCoverage {
            name: contract.to_owned(),
            files: self.files.into_iter().map(file).collect(),
            without_line: self.without_line,
        }
    }
}

fn line((line, copies): (u32, BTreeMap<Place, u64>)) -> LineCoverage {
    let count = |all: usize| u32::try_from(all).unwrap_or(u32::MAX);
    let run = copies.values().filter(|times| **times > 0);
    LineCoverage {
        line,
        times: copies.values().fold(0, |sum, it| it.saturating_add(sum)),
        copies_run: count(run.count()),
        copies: count(copies.len()),
    }
}

/// The functions whose line is known.
fn functions(sums: BTreeMap<String, FunctionSums>) -> Vec<FunctionCoverage> {
    let all = sums.into_iter().filter_map(|(name, sums)| {
        let times = |(first, any): &(u64, bool)| (*first).max(u64::from(*any));
        let times = sums.copies.values().map(times);
        Some(FunctionCoverage {
            name,
            line: sums.line?,
            times: times.fold(0, u64::saturating_add),
        })
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|function| function.line);
    all
}

fn sorted(mut branches: Vec<BranchCoverage>) -> Vec<BranchCoverage> {
    branches.sort_by_key(|branch| (branch.line, branch.number));
    branches
}
