//! What has changed about calls since the baseline.
//!
//! Lives here: a row and a word for every kind of change. Not here: which kind it is (`baseline`).

use super::grid::{Cell, Column, Grid, Remark, Row, Tone};
use crate::figures::baseline::{CallDiff, Change, Cost, Incomparable};
use crate::figures::divided;

impl Tone {
    pub(super) const fn of<C>(change: &Change<C>) -> Self {
        match change {
            Change::Better { .. } => Self::Better,
            Change::Worse { .. }
            | Change::Changed {
                because: Incomparable::Reverts { newly: 1.., .. },
                ..
            }
            | Change::Broken { .. }
            | Change::Failing { .. } => Self::Worse,
            Change::Same { .. }
            | Change::Changed { .. }
            | Change::Added { .. }
            | Change::Removed { .. }
            | Change::Fixed { .. } => Self::Plain,
        }
    }
}

/// A row for each call that either report has.
pub(super) fn grid(calls: &[CallDiff]) -> Grid {
    Grid {
        columns: vec![
            Column::left("gas of all runs"),
            Column::right("baseline"),
            Column::right("now"),
            Column::right("difference"),
            Column::right("%"),
            Column::right("ink %"),
            Column::left("is"),
        ],
        rows: calls.iter().map(row).collect(),
    }
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
        (Some(before), Some(after)) => [
            Cell::difference(gas(before), gas(after)),
            Cell::percent(gas(before), gas(after)),
            if per_run {
                Cell::Nothing
            } else {
                Cell::percent(before.ink.0, after.ink.0)
            },
        ],
        _ => [Cell::Nothing, Cell::Nothing, Cell::Nothing],
    };
    let name = Cell::foreign(&call.name);
    let cells = [name, known(before), now].into_iter().chain(compared);
    Row::new(Tone::of(change), cells.chain([Cell::own(word(change))]))
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
pub(super) fn reasons(calls: &[CallDiff]) -> Vec<Remark> {
    let remark = |call: &CallDiff| match &call.cost {
        Change::Changed { because, .. } => Some(Remark {
            about: call.name.clone(),
            text: format!("not compared: {because}"),
        }),
        _ => None,
    };
    calls.iter().filter_map(remark).collect()
}
