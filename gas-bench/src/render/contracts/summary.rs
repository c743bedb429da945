//! What is said before and after the tables.
//!
//! Lives here: headings, counts, the mean of all ratios, the meaning of the figures. Not here: the figures of any one
//! contract.

use super::grid::Remark;
use crate::figures::baseline::{Change, Cost, Diff};
use crate::figures::{Call, Contract, Report};
use crate::render::lto;
use crate::words::{grouped, printable, shortened};

/// The longest name of a chain or toolchain in a heading, in characters.
const CIRCUMSTANCE_MAX: usize = 40;

/// What was measured, where and with what.
pub(super) fn heading(report: &Report) -> String {
    let made = &report.made_with;
    format!(
        "Gas of {}: {}, ArbOS {}, {} ink = 1 gas, {}",
        counted(report.contracts.len(), "contract"),
        circumstance(&made.chain),
        made.arbos,
        grouped(made.ink_per_gas.into()),
        // The commit and its date would only widen the line.
        circumstance(made.toolchain.split(" (").next().unwrap_or_default()),
    ) + match made.reproducible {
        true => ", source paths forgotten",
        false => "",
    }
}

/// What a contract loses without the link-time optimisation that it asks for.
pub(super) fn missed_lto(report: &Report, contract: &Contract) -> Vec<Remark> {
    let remark = |text| Remark {
        about: contract.name.clone(),
        text,
    };
    lto::in_report(report, contract)
        .map(remark)
        .into_iter()
        .collect()
}

fn circumstance(text: &str) -> String {
    shortened(&printable(text), CIRCUMSTANCE_MAX)
}

/// How much there is, and how much of it failed.
pub(super) fn totals(report: &Report) -> String {
    let calls = || report.contracts.iter().flat_map(|contract| &contract.calls);
    let runs = calls().map(|call| call.runs().len()).sum();
    let failed = match report.failures().count() {
        0 => "nothing failed".to_owned(),
        failures => format!("{} FAILED", grouped(failures as u64)),
    };
    format!(
        "{}, {}, {}; {failed}.",
        counted(report.contracts.len(), "contract"),
        counted(calls().count(), "call"),
        counted(runs, "run"),
    )
}

fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {what}{ending}", grouped(count as u64))
}

/// What has changed since the baseline, in a line for the calls, one for the mean where there is any, and one for the
/// deployments.
pub(super) fn comparison(diff: &Diff) -> Vec<String> {
    let calls = || diff.contracts.iter().flat_map(|contract| &contract.calls);
    let tally = calls().fold(Tally::default(), |tally, call| tally.and(&call.cost));
    let mut lines = vec![format!("Calls against the baseline: {}.", tally.words())];
    let costs: Vec<_> = calls().filter_map(|call| call.cost.compared()).collect();
    let mean = |of: fn(Cost) -> u64| mean_change(costs.iter().map(|&(b, a)| (of(b), of(a))));
    if let (Some(gas), ink) = (mean(|cost| cost.gas.0), mean(|cost| cost.ink.0)) {
        let ink = ink.map_or_else(String::new, |ink| format!(", ink {ink}"));
        lines.push(format!(
            "Geometric mean of {} in both: gas {gas}{ink}.",
            counted(costs.len(), "call")
        ));
    }
    let deployments = diff.contracts.iter().fold(Tally::default(), |tally, it| {
        let tally = it.code.iter().fold(tally, Tally::and);
        it.activation_gas.iter().fold(tally, Tally::and)
    });
    lines.push(format!(
        "Bytes of code and gas of activation: {}.",
        deployments.words()
    ));
    lines
}

/// How many changes there are of each kind.
#[derive(Clone, Copy, Default)]
struct Tally {
    better: u64,
    worse: u64,
    same: u64,
    changed: u64,
    added: u64,
    removed: u64,
    broken: u64,
    failing: u64,
    fixed: u64,
}

impl Tally {
    fn and<C>(mut self, change: &Change<C>) -> Self {
        let count = match change {
            Change::Better { .. } => &mut self.better,
            Change::Same { .. } => &mut self.same,
            Change::Worse { .. } => &mut self.worse,
            Change::Changed { .. } => &mut self.changed,
            Change::Added { .. } => &mut self.added,
            Change::Removed { .. } => &mut self.removed,
            Change::Broken { .. } => &mut self.broken,
            Change::Failing { .. } => &mut self.failing,
            Change::Fixed { .. } => &mut self.fixed,
        };
        *count += 1;
        self
    }

    /// Better, worse and same always, the rest where there is any.
    fn words(self) -> String {
        let always = [
            (self.better, "better"),
            (self.worse, "worse"),
            (self.same, "same"),
        ];
        let sometimes = [
            (self.changed, "not comparable"),
            (self.added, "added"),
            (self.removed, "removed"),
            (self.broken, "newly FAILED"),
            (self.failing, "FAILED"),
            (self.fixed, "fixed"),
        ];
        let sometimes = sometimes.into_iter().filter(|(count, _)| *count > 0);
        let words = always.into_iter().chain(sometimes);
        let words: Vec<_> = words
            .map(|(count, word)| format!("{} {word}", grouped(count)))
            .collect();
        words.join(", ")
    }
}

/// The geometric mean of what each pair has become of, in per cent with its sign; pairs with a nothing have no ratio. None
/// where no pair has one.
#[expect(
    clippy::cast_precision_loss,
    reason = "a mean is shown to a hundredth of one per cent"
)]
fn mean_change(pairs: impl Iterator<Item = (u64, u64)>) -> Option<String> {
    let ratios = pairs.filter(|(before, after)| *before > 0 && *after > 0);
    let logarithms: Vec<_> = ratios
        .map(|(before, after)| (after as f64 / before as f64).ln())
        .collect();
    if logarithms.is_empty() {
        return None;
    }
    let mean = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
    let percent = (mean.exp() - 1.0) * 100.0;
    let size = format!("{:.2}%", percent.abs());
    Some(match percent {
        // Neither sign for what is shown as nothing.
        _ if size == "0.00%" => size,
        percent if percent < 0.0 => format!("−{size}"),
        _ => format!("+{size}"),
    })
}

/// Where the calls of a contract come from.
pub(super) fn source(contract: &Contract) -> String {
    match &contract.plan {
        Some(plan) => format!("calls from {}", printable(plan)),
        None => "calls from its ABI".to_owned(),
    }
}

/// Everything without a figure.
pub(super) fn failures(report: &Report) -> Vec<Remark> {
    let remark = |about: String, reason: &str| Remark {
        about,
        text: reason.to_owned(),
    };
    let of_contract = |contract: &Contract| {
        let own = contract.failures.iter();
        let own: Vec<_> = own
            .map(|reason| remark(contract.name.clone(), reason))
            .collect();
        let of_call = |call: &Call| {
            let about = format!("{}, {}", contract.name, call.name);
            Some(remark(about, call.failure()?))
        };
        let calls: Vec<_> = contract.calls.iter().filter_map(of_call).collect();
        own.into_iter().chain(calls)
    };
    report.contracts.iter().flat_map(of_contract).collect()
}

/// What a reader has to know about the figures, a paragraph each.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let calls = || report.contracts.iter().flat_map(|contract| &contract.calls);
    let mut notes = vec![
        "gas: of the whole transaction, as in its receipt. ink: what the program itself spent of it. pages: 64 KiB each, at the \
         start and at most."
            .to_owned(),
        "transaction: 21,000 and the calldata. start: what the chain asks to start the program. wasm: instructions. pages: \
         those that it starts with and those that it grows. other: rounding to whole gas, what calldata costs at least, what \
         was forfeited and what is not told apart, less the refund. Parts are rounded so that they add up to the total."
            .to_owned(),
    ];
    let generated = calls().any(|call| call.generated);
    let reverts = calls().any(|call| call.reverts() > 0);
    let marks = [
        generated.then_some("*: arguments that were made up to fit the types."),
        reverts.then_some(
            "reverts: so many runs reverted, as was allowed, and cost this much until then.",
        ),
    ];
    let marks: Vec<_> = marks.into_iter().flatten().collect();
    if !marks.is_empty() {
        notes.push(marks.join(" "));
    }
    notes.extend(report.made_with.unseen.iter().map(|note| printable(note)));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_of_ratios() {
        for (pairs, mean) in [
            (&[][..], None),
            (&[(0, 5)], None),
            (&[(5, 0)], None),
            (&[(0, 0)], None),
            (&[(100, 100)], Some("0.00%")),
            (&[(100, 200), (200, 100)], Some("0.00%")),
            (&[(100, 50)], Some("−50.00%")),
            (&[(100, 150), (0, 7)], Some("+50.00%")),
            (&[(1_000_000, 1_000_001)], Some("0.00%")),
        ] {
            assert_eq!(
                mean_change(pairs.iter().copied()).as_deref(),
                mean,
                "{pairs:?}"
            );
        }
    }
}
