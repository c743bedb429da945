//! What has changed about calls since the baseline.
//!
//! Lives here: a row and a word for every kind of change. Not here: which kind it is (`baseline`).

use crate::document::{Cell, Column, Item, Row, Table, Text, Tone};
use crate::figures::baseline::{CallDiff, Change, Cost, Diff, Incomparable};
use crate::figures::divided;
use crate::words::{counted, grouped};

/// How a change is highlighted.
pub(super) const fn tone<C>(change: &Change<C>) -> Tone {
    match change {
        Change::Better { .. } => Tone::Better,
        Change::Worse { .. }
        | Change::Changed {
            because: Incomparable::Reverts { newly: 1.., .. },
            ..
        }
        | Change::Broken { .. }
        | Change::Failing { .. } => Tone::Worse,
        Change::Same { .. }
        | Change::Changed { .. }
        | Change::Added { .. }
        | Change::Removed { .. }
        | Change::Fixed { .. } => Tone::Plain,
    }
}

/// A row for each call that either report has.
pub(super) fn table(calls: &[CallDiff]) -> Table {
    Table::new(
        "calls against the baseline",
        columns(),
        calls.iter().map(row),
    )
}

fn columns() -> Vec<Column> {
    let figures = ["baseline", "now", "difference", "%", "ink %"].map(Column::figure);
    let names = [Column::name("gas of all runs")].into_iter();
    names.chain(figures).chain([Column::words("is")]).collect()
}

/// The calls of all contracts that got worse or fail, then those that got better.
pub(super) fn worse_or_better(diff: &Diff) -> Table {
    let of = |tone| {
        diff.contracts.iter().flat_map(move |contract| {
            let rows = contract.calls.iter().map(row);
            let rows = rows.filter(move |row| row.tone == tone);
            rows.map(|mut row| {
                row.cells.insert(0, Cell::name(&contract.name));
                row
            })
        })
    };
    let columns = [Column::words("contract")].into_iter().chain(columns());
    Table::new("calls", columns, of(Tone::Worse).chain(of(Tone::Better)))
}

fn row(call: &CallDiff) -> Row {
    let change = &call.cost;
    let per_run = matches!(
        change,
        Change::Changed {
            because: Incomparable::Runs,
            ..
        }
    );
    let gas = |cost: Cost| if per_run { average(cost) } else { cost.gas.0 };
    let failed = matches!(change, Change::Broken { .. } | Change::Failing { .. });
    let (before, after) = change.costs();
    let known = |cost: Option<Cost>| cost.map_or(Cell::Nothing, |cost| Cell::figure(gas(cost)));
    let now = if failed { Cell::Failed } else { known(after) };
    let compared = match (before, after) {
        (Some(before), Some(after)) => {
            let [difference, percent] = Cell::compared(gas(before), gas(after));
            let ink = Cell::Change {
                before: before.ink.0,
                after: after.ink.0,
            };
            [
                difference,
                percent,
                if per_run { Cell::Nothing } else { ink },
            ]
        }
        _ => [Cell::Nothing, Cell::Nothing, Cell::Nothing],
    };
    let name = Cell::name(&call.name);
    let cells = [name, known(before), now].into_iter().chain(compared);
    Row::new(tone(change), cells.chain([Cell::words(word(change))]))
}

fn average(cost: Cost) -> u64 {
    let average = divided(cost.gas.0.into(), cost.runs.into());
    average.and_then(|gas| u64::try_from(gas).ok()).unwrap_or(0)
}

const fn word(change: &Change<Cost>) -> &'static str {
    match change {
        Change::Better { .. } => "better",
        Change::Same { .. } => "same",
        Change::Worse { .. } => "worse",
        Change::Changed {
            because: Incomparable::Runs,
            ..
        } => "changed, per run",
        Change::Changed {
            because: Incomparable::Reverts { newly: 1.., .. },
            ..
        } => "newly reverts",
        Change::Changed { .. } => "changed",
        Change::Added { .. } => "added",
        Change::Removed { .. } => "removed",
        Change::Broken { .. } => "newly failed",
        Change::Failing { .. } => "failed",
        Change::Fixed { .. } => "fixed",
    }
}

/// Why some of `calls` are neither better nor worse.
pub(super) fn reasons(calls: &[CallDiff]) -> impl Iterator<Item = Item> {
    calls.iter().filter_map(|call| match &call.cost {
        Change::Changed { because, .. } => {
            let text = format!("not compared: {because}");
            Some(Item::new(Text::name(&call.name), text))
        }
        _ => None,
    })
}

/// What has changed since the baseline: one line for the calls, one for the mean if there is one, and one for the deployments.
pub(super) fn comparison(diff: &Diff, since: &str) -> Vec<String> {
    let calls = || diff.contracts.iter().flat_map(|contract| &contract.calls);
    let tally = calls().fold(Tally::default(), |tally, call| tally.and(&call.cost));
    let mut lines = vec![format!("Calls against {since}: {}.", tally.words())];
    let costs: Vec<_> = calls().filter_map(|call| call.cost.compared()).collect();
    let mean = |of: fn(Cost) -> u64| mean_change(costs.iter().map(|&(b, a)| (of(b), of(a))));
    if let (Some(gas), ink) = (mean(|cost| cost.gas.0), mean(|cost| cost.ink.0)) {
        let ink = ink.map_or_else(String::new, |ink| format!(", ink {ink}"));
        lines.push(format!(
            "Geometric mean of {} in both: gas {gas}{ink}.",
            counted(costs.len() as u64, "call")
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

/// How many changes of each kind there are.
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

    /// Better, worse and same always; the rest only if not zero.
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

/// The geometric mean of the change of each pair, in per cent with its sign; pairs with a zero have no ratio. `None` if no pair has one.
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
        // What is displayed as zero has no sign.
        _ if size == "0.00%" => size,
        percent if percent < 0.0 => format!("−{size}"),
        _ => format!("+{size}"),
    })
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
