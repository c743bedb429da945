//! What has changed between two reports, contract by contract and call by call.
//!
//! Lives here: the comparison as data, in integers. Not here: how much is too much (`regression`), ratios and words for
//! readers (`content`).
//!
//! Theorem: whatever failed, then or now, is in none of [`Change::Better`], [`Change::Same`] and [`Change::Worse`]; nor is
//! what was not asked the same question.

use std::fmt;

use serde::Serialize;
use stylus_vm::{Gas, Ink};

use crate::figures::{Bytes, Call, Contract, Deployment, MadeWith, Report, Run};

/// What has changed from one report to another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Diff {
    /// How their circumstances differ, a sentence each: what readers have to know before any figure.
    pub notes: Vec<String>,
    /// The contracts in the order of the later report, then those that it does not have.
    pub contracts: Vec<ContractDiff>,
}

/// What has changed about one contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ContractDiff {
    /// The name of its package.
    pub name: String,
    /// What has become of it as a whole.
    pub standing: Standing,
    /// Its compressed code; none where neither report has it.
    pub code: Option<Change<Bytes>>,
    /// Gas of its activation; none where neither report has it.
    pub activation_gas: Option<Change<Gas>>,
    /// Its calls in the order of the later report, then those that it does not have.
    pub calls: Vec<CallDiff>,
}

/// What has become of a contract as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Standing {
    /// It is in both reports, whole.
    Kept,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It fails and did not.
    Broken {
        /// Why: one sentence.
        reason: String,
    },
    /// It fails, and did or is new.
    Failing {
        /// Why: one sentence.
        reason: String,
    },
    /// It failed and does not.
    Fixed,
}

/// What has changed about one line of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CallDiff {
    /// What the plan calls it.
    pub name: String,
    /// What has become of its cost.
    pub cost: Change<Cost>,
}

/// What all runs of a call cost together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Cost {
    /// How many.
    pub runs: u64,
    /// Gas of their receipts, which decides what is better.
    pub gas: Gas,
    /// Ink that the program itself spent.
    pub ink: Ink,
}

/// What has become of something that costs `C`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Change<C> {
    /// It costs less.
    Better {
        /// What it cost.
        before: C,
        /// What it costs.
        after: C,
    },
    /// It costs as much.
    Same {
        /// What it cost.
        before: C,
        /// What it costs.
        after: C,
    },
    /// It costs more.
    Worse {
        /// What it cost.
        before: C,
        /// What it costs.
        after: C,
    },
    /// It is no longer the same question: neither better nor worse.
    Changed {
        /// What it cost.
        before: C,
        /// What it costs.
        after: C,
        /// What is not the same.
        because: Incomparable,
    },
    /// It is new.
    Added {
        /// What it costs.
        after: C,
    },
    /// It is gone.
    Removed {
        /// What it cost; none where it failed.
        before: Option<C>,
    },
    /// It fails and did not.
    Broken {
        /// What it cost.
        before: C,
        /// Why: one sentence.
        reason: String,
    },
    /// It fails, and did or is new.
    Failing {
        /// Why: one sentence.
        reason: String,
    },
    /// It failed and does not any more, which is not a win.
    Fixed {
        /// What it costs.
        after: C,
    },
}

/// Why two costs of a call cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Incomparable {
    /// The name stands for another function.
    Function,
    /// There are more runs or fewer: what can be looked at is the cost of one.
    Runs,
    /// The arguments are others.
    Arguments,
    /// Other runs revert, and a call that stops half-way is cheap.
    Reverts {
        /// How many do that did not.
        newly: u64,
        /// How many did and no longer do.
        no_longer: u64,
    },
}

impl fmt::Display for Incomparable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function => f.write_str("it calls another function than before"),
            Self::Runs => f.write_str("it has another number of runs than before"),
            Self::Arguments => f.write_str("its arguments are others than before"),
            Self::Reverts { newly, no_longer } => write!(
                f,
                "{newly} of its runs revert that did not before, {no_longer} no longer do"
            ),
        }
    }
}

impl<C: Copy> Change<C> {
    /// Both costs, where one may be compared with the other.
    pub fn compared(&self) -> Option<(C, C)> {
        match *self {
            Self::Better { before, after }
            | Self::Same { before, after }
            | Self::Worse { before, after } => Some((before, after)),
            _ => None,
        }
    }

    /// What is known of the costs before and after.
    pub fn costs(&self) -> (Option<C>, Option<C>) {
        match *self {
            Self::Better { before, after }
            | Self::Same { before, after }
            | Self::Worse { before, after }
            | Self::Changed { before, after, .. } => (Some(before), Some(after)),
            Self::Added { after } | Self::Fixed { after } => (None, Some(after)),
            Self::Removed { before } => (before, None),
            Self::Broken { before, .. } => (Some(before), None),
            Self::Failing { .. } => (None, None),
        }
    }

    /// What has become of `before`, by the amount that decides.
    fn between<A: Ord>(before: C, after: C, amount: impl Fn(&C) -> A) -> Self {
        match amount(&after).cmp(&amount(&before)) {
            std::cmp::Ordering::Less => Self::Better { before, after },
            std::cmp::Ordering::Equal => Self::Same { before, after },
            std::cmp::Ordering::Greater => Self::Worse { before, after },
        }
    }
}

impl Diff {
    /// What has changed about the contract `name`, where either report has it.
    pub fn contract(&self, name: &str) -> Option<&ContractDiff> {
        self.contracts.iter().find(|contract| contract.name == name)
    }

    /// The contracts that the later report does not have.
    pub fn removed(&self) -> impl Iterator<Item = &ContractDiff> {
        let is_removed = |contract: &&ContractDiff| contract.standing == Standing::Removed;
        self.contracts.iter().filter(is_removed)
    }
}

/// What one report has of a thing.
enum State<'a, T> {
    Absent,
    Failed(&'a str),
    Has(T),
}

impl<'a, T> State<'a, T> {
    /// `thing`, or why the contract it belongs to does not have it.
    fn of(thing: Option<T>, contract: Option<&'a Contract>) -> Self {
        match (
            thing,
            contract.and_then(|contract| contract.failures.first()),
        ) {
            (Some(thing), _) => Self::Has(thing),
            (None, Some(reason)) => Self::Failed(reason),
            (None, None) => Self::Absent,
        }
    }
}

/// What has become of a thing that the reports have in these states; `cost` and `compare` are asked about what has figures.
fn change<T, C>(
    before: State<'_, T>,
    after: State<'_, T>,
    cost: impl Fn(&T) -> C,
    compare: impl FnOnce(T, T) -> Change<C>,
) -> Change<C> {
    match (before, after) {
        (State::Has(before), State::Has(after)) => compare(before, after),
        (State::Has(before), State::Failed(reason)) => Change::Broken {
            before: cost(&before),
            reason: reason.to_owned(),
        },
        (State::Has(before), State::Absent) => Change::Removed {
            before: Some(cost(&before)),
        },
        (State::Failed(_) | State::Absent, State::Failed(reason)) => Change::Failing {
            reason: reason.to_owned(),
        },
        (State::Failed(_), State::Has(after)) => Change::Fixed {
            after: cost(&after),
        },
        (State::Absent, State::Has(after)) => Change::Added {
            after: cost(&after),
        },
        (State::Failed(_) | State::Absent, State::Absent) => Change::Removed { before: None },
    }
}

/// What has changed from `before` to `after`.
pub fn diff(before: &Report, after: &Report) -> Diff {
    let pairs = paired(&before.contracts, &after.contracts, |contract| {
        &contract.name
    });
    Diff {
        notes: notes(&before.made_with, &after.made_with),
        contracts: pairs
            .into_iter()
            .map(|(name, before, after)| contract(name, before, after))
            .collect(),
    }
}

/// The same by name, in the order of `after`, then what only `before` has.
fn paired<'a, T>(
    before: &'a [T],
    after: &'a [T],
    name: impl Fn(&T) -> &String,
) -> Vec<(&'a str, Option<&'a T>, Option<&'a T>)> {
    let find = |all: &'a [T], wanted: &str| all.iter().find(|thing| name(thing) == wanted);
    let mut pairs = Vec::new();
    for thing in after {
        pairs.push((name(thing).as_str(), find(before, name(thing)), Some(thing)));
    }
    for thing in before {
        if find(after, name(thing)).is_none() {
            pairs.push((name(thing).as_str(), Some(thing), None));
        }
    }
    pairs
}

fn contract(name: &str, before: Option<&Contract>, after: Option<&Contract>) -> ContractDiff {
    ContractDiff {
        name: name.to_owned(),
        standing: standing(before, after),
        code: deployed(before, after, |deployment| deployment.sizes.code),
        activation_gas: deployed(before, after, |deployment| deployment.activation_gas),
        calls: calls(before, after),
    }
}

fn standing(before: Option<&Contract>, after: Option<&Contract>) -> Standing {
    let reason = |contract: &Contract| contract.failures.first().cloned();
    let Some(after) = after else {
        return Standing::Removed;
    };
    let failed = before.map(|before| !before.failures.is_empty());
    match (failed, reason(after)) {
        (Some(false), Some(reason)) => Standing::Broken { reason },
        (_, Some(reason)) => Standing::Failing { reason },
        (None, None) => Standing::Added,
        (Some(false), None) => Standing::Kept,
        (Some(true), None) => Standing::Fixed,
    }
}

/// What has become of one amount of the deployment; none where no report has one.
fn deployed<A: Copy + Ord>(
    before: Option<&Contract>,
    after: Option<&Contract>,
    amount: impl Fn(&Deployment) -> A,
) -> Option<Change<A>> {
    let of = |contract: Option<&Contract>| Some(amount(contract?.deployment.as_ref()?));
    let (had, has) = (of(before), of(after));
    if had.is_none() && has.is_none() {
        return None;
    }
    Some(change(
        State::of(had, before),
        State::of(has, after),
        |amount| *amount,
        |before, after| Change::between(before, after, |amount| *amount),
    ))
}

fn calls(before: Option<&Contract>, after: Option<&Contract>) -> Vec<CallDiff> {
    let had = before.map_or(&[][..], |contract| &contract.calls);
    let has = after.map_or(&[][..], |contract| &contract.calls);
    paired(had, has, |call| &call.name)
        .into_iter()
        .map(|(name, had, has)| CallDiff {
            name: name.to_owned(),
            cost: change(
                call(had, before),
                call(has, after),
                |call| cost(call),
                compare,
            ),
        })
        .collect()
}

fn call<'a>(call: Option<&'a Call>, contract: Option<&'a Contract>) -> State<'a, &'a Call> {
    match call.and_then(Call::failure) {
        Some(reason) => State::Failed(reason),
        None => State::of(call, contract),
    }
}

fn cost(call: &Call) -> Cost {
    Cost {
        runs: call.runs().len() as u64,
        gas: call.total_gas(),
        ink: call.total_ink(),
    }
}

fn compare(before: &Call, after: &Call) -> Change<Cost> {
    let costs = (cost(before), cost(after));
    match incomparable(before, after) {
        Some(because) => Change::Changed {
            before: costs.0,
            after: costs.1,
            because,
        },
        None => Change::between(costs.0, costs.1, |cost| cost.gas),
    }
}

fn incomparable(before: &Call, after: &Call) -> Option<Incomparable> {
    let pairs = || before.runs().iter().zip(after.runs());
    if before.signature != after.signature {
        return Some(Incomparable::Function);
    }
    if before.runs().len() != after.runs().len() {
        return Some(Incomparable::Runs);
    }
    if pairs().any(|(before, after)| before.arguments != after.arguments) {
        return Some(Incomparable::Arguments);
    }
    let reverts = |was, is| {
        let like = |(before, after): &(&Run, &Run)| (before.reverted, after.reverted) == (was, is);
        pairs().filter(like).count() as u64
    };
    match (reverts(false, true), reverts(true, false)) {
        (0, 0) => None,
        (newly, no_longer) => Some(Incomparable::Reverts { newly, no_longer }),
    }
}

/// How the circumstances differ. What decides the wasm comes first, since it changes everything.
fn notes(before: &MadeWith, after: &MadeWith) -> Vec<String> {
    let note = |meaning: &str, before: &str, after: &str| {
        (before != after).then(|| {
            format!("{meaning}: the baseline was made with {before}, this report with {after}.")
        })
    };
    let arbos = |made: &MadeWith| format!("ArbOS {}", made.arbos);
    let price = |made: &MadeWith| format!("{} ink = 1 gas", made.ink_per_gas);
    let paths = |made: &MadeWith| match made.reproducible {
        true => "--reproducible".to_owned(),
        false => "the paths that are deployed".to_owned(),
    };
    let version = |made: &MadeWith| format!("gas-bench {}", made.gas_bench);
    [
        note(
            "Another toolchain makes another wasm",
            &before.toolchain,
            &after.toolchain,
        ),
        note(
            "Source paths are part of a module",
            &paths(before),
            &paths(after),
        ),
        note(
            "Another ArbOS has other prices",
            &arbos(before),
            &arbos(after),
        ),
        note(
            "At another price of ink the same work is other gas",
            &price(before),
            &price(after),
        ),
        note(
            "Another chain may charge otherwise",
            &before.chain,
            &after.chain,
        ),
        note(
            "Another version of this program may measure otherwise",
            &version(before),
            &version(after),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
