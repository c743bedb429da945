//! One line per contract, for a README: what it costs to have it, and to call it.
//!
//! The size is left to the other formats. If a path dependency lies outside the workspace, cargo hashes its absolute path, and rustc
//! orders functions by that hash, so the code compresses a few bytes better or worse from one checkout to the next. A README must not go
//! stale because of that.

use crate::document::{Cell, Row, Table, markdown_table};
use crate::figures::{Contract, Report};
use crate::words::grouped;

/// One line per contract as a Markdown table, for a README that states the command that made it.
pub fn overview(report: &Report) -> String {
    let figures = [
        "activation, gas",
        "start, gas: uncached, cached",
        "calls",
        "gas of a call: least, most",
    ];
    let rows = report.contracts.iter().map(row);
    markdown_table(&Table::of_figures("contracts", "contract", figures, rows))
}

fn row(contract: &Contract) -> Row {
    let name = Cell::name(&contract.name);
    let Some(deployment) = &contract.deployment else {
        let nothing = [(); 3].map(|()| Cell::words(""));
        return Row::plain([name, Cell::Failed].into_iter().chain(nothing));
    };
    let gas = || contract.calls.iter().flat_map(|call| call.sorted_gas());
    let calls = match contract.failures().count() {
        0 => contract.calls.len().to_string(),
        failed => format!("{}, {failed} FAILED", contract.calls.len()),
    };
    let both =
        |first: u64, second: u64| Cell::words(format!("{}, {}", grouped(first), grouped(second)));
    let range = match (gas().min(), gas().max()) {
        (Some(least), Some(most)) => both(least.0, most.0),
        _ => Cell::words(""),
    };
    let start = deployment.start;
    Row::plain([
        name,
        Cell::figure(deployment.activation_gas.0),
        both(start.uncached.0, start.cached.0),
        Cell::words(calls),
        range,
    ])
}
