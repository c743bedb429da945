//! What calls cost, what they returned, and every run of them.
//!
//! Lives here: tables of calls, and remarks about them. Not here: the figures (`figures`), where the gas went (`split`, `hostios`).

use crate::document::{Cell, Column, Item, Row, Table, Text, Tone};
use crate::figures::{Call, Contract, Run, Summary};
use crate::words::grouped;

/// A row for each call, including failed ones.
pub(super) fn table(calls: &[Call]) -> Table {
    let titles = [
        "runs",
        "least gas",
        "average",
        "median",
        "most",
        "average ink",
        "pages",
    ];
    let row = |call: &Call| {
        let name = Cell::starred(&call.name, call.generated);
        let cells = Summary::of(call).map(|summary| figures(call, &summary));
        let tone = if cells.is_some() {
            Tone::Plain
        } else {
            Tone::Worse
        };
        let cells = cells.unwrap_or_else(|| titles.map(|_| Cell::Failed));
        Row::new(tone, [name].into_iter().chain(cells))
    };
    Table::of_figures("calls", "call", titles, calls.iter().map(row))
}

fn figures(call: &Call, summary: &Summary) -> [Cell; 7] {
    let (start, peak) = summary.pages;
    [
        Cell::words(count(call)),
        Cell::figure(summary.least.0),
        Cell::wide(summary.average),
        Cell::wide(summary.median),
        Cell::figure(summary.most.0),
        Cell::wide(summary.ink),
        Cell::words(format!("{} → {}", start.0, peak.0)),
    ]
}

/// The number of runs, and how many of them reverted.
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

/// A row for each call that returned something: its function and what the first run returned.
pub(super) fn returned(calls: &[Call]) -> Table {
    let row = |call: &Call| {
        let output = call.runs().first()?.said();
        Some(Row::plain([
            Cell::starred(&call.name, call.generated),
            Cell::Values(vec![call.signature.clone()]),
            Cell::Values(vec![output.into_owned()]),
        ]))
    };
    let columns = [
        Column::name("call"),
        Column::words("function"),
        Column::words("returned by the first run"),
    ];
    Table::new("functions", columns, calls.iter().filter_map(row))
}

/// A row for each run.
pub(super) fn runs(runs: &[Run]) -> Table {
    let row = |(number, run): (u64, &Run)| {
        let reverted = if run.reverted { "reverted" } else { "" };
        Row::plain([
            Cell::figure(number),
            Cell::Values(run.arguments.clone()),
            Cell::figure(run.gas.0),
            Cell::figure(run.parts.program_ink().0),
            Cell::words(format!("{} → {}", run.start_pages.0, run.peak_pages.0)),
            Cell::words(reverted),
            Cell::Values(vec![run.said().into_owned()]),
        ])
    };
    let columns = [
        Column::name("run"),
        Column::words("arguments"),
        Column::figure("gas"),
        Column::figure("ink"),
        Column::figure("pages"),
        Column::words(""),
        Column::words("returned"),
    ];
    Table::new("runs", columns, (1..).zip(runs).map(row))
}

/// Functions that were not called, and why; and what would make all calls cheaper.
pub(super) fn remarks(contract: &Contract) -> impl Iterator<Item = Item> {
    let about = |about: &'static str| move |text: &String| Item::new(Text::from(about), text);
    let left_out = contract.left_out.iter().map(about("not called"));
    left_out.chain(contract.advice.iter().map(about("cheaper")))
}
