//! What has changed between two reports, contract by contract and call by call.
//!
//! Lives here: the comparison as data, in integers. Not here: how much is too much (`regression`), ratios and words for
//! readers (`content`).
//!
//! Theorem: whatever failed, before or after, is in none of [`Change::Better`], [`Change::Same`] and [`Change::Worse`]; nor is a call
//! whose function, runs, arguments or reverts differ.

use std::fmt;

use serde::Serialize;
use stylus_vm::{Gas, Ink};

use crate::figures::{Bytes, Call, Contract, Deployment, MadeWith, Report, Run};

/// What has changed from one report to the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Diff {
    /// How their circumstances differ, a sentence each: readers need these before any figure.
    pub notes: Vec<String>,
    /// The contracts in the order of the later report, then those missing from it.
    pub contracts: Vec<ContractDiff>,
}

/// What has changed about one contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ContractDiff {
    /// The name of its package.
    pub name: String,
    /// What has become of the contract as a whole.
    pub standing: Standing,
    /// Its compressed code; `None` if neither report has it.
    pub code: Option<Change<Bytes>>,
    /// Gas of its activation; `None` if neither report has it.
    pub activation_gas: Option<Change<Gas>>,
    /// Its calls in the order of the later report, then those missing from it.
    pub calls: Vec<CallDiff>,
}

/// What has become of a contract as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Standing {
    /// It is in both reports and failed in neither.
    Kept,
    /// Only the later report has it.
    Added,
    /// Only the earlier report has it.
    Removed,
    /// It fails now and did not before.
    Broken {
        /// Why: one sentence.
        reason: String,
    },
    /// It fails now, and either failed before or is new.
    Failing {
        /// Why: one sentence.
        reason: String,
    },
    /// It failed before and no longer does.
    Fixed,
}

/// What has changed about one line of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CallDiff {
    /// The call's name in the plan.
    pub name: String,
    /// What has become of its cost.
    pub cost: Change<Cost>,
}

/// What all runs of a call cost together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Cost {
    /// How many runs.
    pub runs: u64,
    /// Gas of their receipts, which decides which report is better.
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
        /// The cost before.
        before: C,
        /// The cost after.
        after: C,
    },
    /// It costs the same.
    Same {
        /// The cost before.
        before: C,
        /// The cost after.
        after: C,
    },
    /// It costs more.
    Worse {
        /// The cost before.
        before: C,
        /// The cost after.
        after: C,
    },
    /// The costs are not comparable: neither better nor worse.
    Changed {
        /// The cost before.
        before: C,
        /// The cost after.
        after: C,
        /// What makes them incomparable.
        because: Incomparable,
    },
    /// Only the later report has it.
    Added {
        /// The cost after.
        after: C,
    },
    /// Only the earlier report has it.
    Removed {
        /// The cost before; `None` if it failed.
        before: Option<C>,
    },
    /// It fails now and did not before.
    Broken {
        /// The cost before.
        before: C,
        /// Why: one sentence.
        reason: String,
    },
    /// It fails now, and either failed before or is new.
    Failing {
        /// Why: one sentence.
        reason: String,
    },
    /// It failed before and no longer does, which is not a win.
    Fixed {
        /// The cost after.
        after: C,
    },
}

/// Why two costs of a call cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Incomparable {
    /// The name stands for a different function.
    Function,
    /// The number of runs differs: only the cost per run can be compared.
    Runs,
    /// The arguments differ.
    Arguments,
    /// Different runs revert, and a call that stops half-way is cheap.
    Reverts {
        /// Runs that revert now and did not before.
        newly: u64,
        /// Runs that reverted before and no longer do.
        no_longer: u64,
    },
}

impl fmt::Display for Incomparable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function => f.write_str("it now calls a different function"),
            Self::Runs => f.write_str("the number of runs has changed"),
            Self::Arguments => f.write_str("its arguments have changed"),
            Self::Reverts { newly, no_longer } => write!(
                f,
                "{newly} of its runs newly revert, {no_longer} no longer do"
            ),
        }
    }
}

impl<C: Copy> Change<C> {
    /// Both costs, if they can be compared.
    pub fn compared(&self) -> Option<(C, C)> {
        match *self {
            Self::Better { before, after }
            | Self::Same { before, after }
            | Self::Worse { before, after } => Some((before, after)),
            _ => None,
        }
    }

    /// The costs before and after, as far as they are known.
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

    /// How `after` compares with `before`, by the amount that decides.
    fn between<A: Ord>(before: C, after: C, amount: impl Fn(&C) -> A) -> Self {
        match amount(&after).cmp(&amount(&before)) {
            std::cmp::Ordering::Less => Self::Better { before, after },
            std::cmp::Ordering::Equal => Self::Same { before, after },
            std::cmp::Ordering::Greater => Self::Worse { before, after },
        }
    }
}

impl Diff {
    /// What has changed about the contract `name`, if either report has it.
    pub fn contract(&self, name: &str) -> Option<&ContractDiff> {
        self.contracts.iter().find(|contract| contract.name == name)
    }

    /// Leaves out those contracts missing from the later report that it was not asked for, and says so.
    pub fn leave_out(&mut self, unwanted: impl Fn(&str) -> bool) {
        let is_out = |contract: &mut ContractDiff| {
            contract.standing == Standing::Removed && unwanted(&contract.name)
        };
        let left_out = self.contracts.extract_if(.., is_out);
        let names: Vec<_> = left_out.map(|contract| contract.name).collect();
        if !names.is_empty() {
            let names = names.join(", ");
            self.notes.push(format!(
                "Not selected, so not compared with the baseline: {names}."
            ));
        }
    }

    /// Whether no call is in both reports, so that no change could show.
    pub fn compares_nothing(&self) -> bool {
        let mut calls = self.contracts.iter().flat_map(|contract| &contract.calls);
        calls.all(|call| matches!(call.cost, Change::Added { .. } | Change::Removed { .. }))
    }

    /// The contracts missing from the later report.
    pub fn removed(&self) -> impl Iterator<Item = &ContractDiff> {
        let is_removed = |contract: &&ContractDiff| contract.standing == Standing::Removed;
        self.contracts.iter().filter(is_removed)
    }
}

/// What one report says about an item.
enum State<'a, T> {
    Absent,
    Failed(&'a str),
    Has(T),
}

impl<'a, T> State<'a, T> {
    /// `thing`, or why its contract does not have it.
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

/// What has become of an item with these states in the two reports; `cost` and `compare` are called for what has figures.
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

/// Pairs items of equal name, in the order of `after`, then those that only `before` has.
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

/// What has become of one amount of the deployment; `None` if neither report has it.
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

/// How the circumstances differ. Those that change the wasm come first, since they change everything.
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
            "A different toolchain makes different wasm",
            &before.toolchain,
            &after.toolchain,
        ),
        note(
            "Source paths are part of a module",
            &paths(before),
            &paths(after),
        ),
        note(
            "A different ArbOS has different prices",
            &arbos(before),
            &arbos(after),
        ),
        note(
            "At a different price of ink the same work costs different gas",
            &price(before),
            &price(after),
        ),
        note(
            "Another chain may charge otherwise",
            &before.chain,
            &after.chain,
        ),
        note(
            "Another version of this program may measure differently",
            &version(before),
            &version(after),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
