//! What calls cost, and what they returned.
//!
//! Lives here: least, average, median and most. Not here: where the gas went (`split`, `hostios`).

use super::grid::{Cell, Column, Grid, Remark, Row, Tone};
use crate::figures::{Call, Contract, Run, divided, median};
use crate::words::grouped;

/// A row for each call, also for those that failed.
pub(super) fn grid(calls: &[Call]) -> Grid {
    let columns = [
        "runs",
        "gas\nleast",
        "\naverage",
        "\nmedian",
        "\nmost",
        "ink\naverage",
        "pages",
    ];
    let row = |call: &Call| {
        let cells = figures(call);
        let tone = if cells.is_some() {
            Tone::Plain
        } else {
            Tone::Worse
        };
        let cells = cells.unwrap_or_else(|| columns.map(|_| Cell::Failed));
        let name = Cell::name(&call.name, call.generated);
        Row::new(tone, [name].into_iter().chain(cells))
    };
    Grid {
        columns: [Column::left("call")]
            .into_iter()
            .chain(columns.map(Column::right))
            .collect(),
        rows: calls.iter().map(row).collect(),
    }
}

/// The cells of a call beside its name; none where there are no runs to tell of.
fn figures(call: &Call) -> Option<[Cell; 7]> {
    let gas = call.sorted_gas();
    let runs = gas.len() as u128;
    let ink = call.runs().iter().map(|run| run.parts.program_ink().0);
    Some([
        Cell::own(count(call)),
        Cell::figure(gas.first()?.0),
        whole(divided(sum(gas.iter().map(|gas| gas.0)), runs)?),
        whole(median(&gas)?),
        Cell::figure(gas.last()?.0),
        whole(divided(sum(ink), runs)?),
        Cell::own(pages(call.runs())?),
    ])
}

fn sum(amounts: impl Iterator<Item = u64>) -> u128 {
    amounts.map(u128::from).sum()
}

/// An average or median of what fits 64 bits, which fits them, too.
fn whole(figure: u128) -> Cell {
    i128::try_from(figure).map_or(Cell::Nothing, Cell::Figure)
}

/// How many runs, and how many of them reverted.
fn count(call: &Call) -> String {
    let runs = call.runs().len() as u64;
    let what = match call.reverts() {
        0 => return grouped(runs),
        1 if runs == 1 => "reverts".to_owned(),
        1 => "1 reverts".to_owned(),
        reverts => format!("{} revert", grouped(reverts)),
    };
    format!("{}, {what}", grouped(runs))
}

/// The fewest pages that a run began with, and the most that any had.
fn pages(runs: &[Run]) -> Option<String> {
    let start = runs.iter().map(|run| run.start_pages).min()?;
    let peak = runs.iter().map(|run| run.peak_pages).max()?;
    Some(format!("{} → {}", start.0, peak.0))
}

/// A row for each call that returned something: its function and what the first run returned.
pub(super) fn returned(calls: &[Call]) -> Grid {
    let row = |call: &Call| {
        let output = &call.runs().first()?.output;
        Some(Row::new(
            Tone::Plain,
            [
                Cell::name(&call.name, call.generated),
                Cell::foreign(&call.signature),
                Cell::foreign(output),
            ],
        ))
    };
    Grid {
        columns: vec![
            Column::left("call"),
            Column::left("function"),
            Column::left("returned by the first run"),
        ],
        rows: calls.iter().filter_map(row).collect(),
    }
}

/// Why calls have no figures.
pub(super) fn failures(calls: &[Call]) -> Vec<Remark> {
    let remark = |call: &Call| {
        Some(Remark {
            about: call.name.clone(),
            text: call.failure()?.to_owned(),
        })
    };
    calls.iter().filter_map(remark).collect()
}

/// Functions that were not called, and why; and what would make all of them cheaper.
pub(super) fn remarks(contract: &Contract) -> Vec<Remark> {
    let about = |about: &'static str| {
        move |text: &String| Remark {
            about: about.to_owned(),
            text: text.clone(),
        }
    };
    let left_out = contract.left_out.iter().map(about("not called"));
    left_out
        .chain(contract.advice.iter().map(about("cheaper")))
        .collect()
}
