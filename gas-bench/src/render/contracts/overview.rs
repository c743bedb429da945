//! A line a contract, for a README: what it costs to have it, and what it costs to call it.
//!
//! Its size is left to the other formats. Where a path dependency lies outside the workspace, cargo puts its absolute path into the
//! hash that rustc orders functions by, and so the code compresses a few bytes better or worse from one checkout to the next. A
//! README must not be stale for that.

use std::fmt::Write as _;

use crate::figures::{Contract, Report};
use crate::render::FAILED;
use crate::render::markdown::code;
use crate::words::grouped;

pub(super) fn render(report: &Report) -> String {
    let mut text = String::from(
        "| contract | activation, gas | start, gas: uncached, cached | calls | gas of a call: least, most |\n\
         |---|---:|---:|---:|---:|\n",
    );
    for contract in &report.contracts {
        let _ = writeln!(text, "{}", line(contract));
    }
    text
}

fn line(contract: &Contract) -> String {
    let name = code(&contract.name).unwrap_or_default();
    let Some(deployment) = &contract.deployment else {
        return format!("| {name} | {FAILED} | | | | |");
    };
    let gas = || contract.calls.iter().flat_map(|call| call.sorted_gas());
    let failed = contract.failures().count();
    let calls = match failed {
        0 => contract.calls.len().to_string(),
        failed => format!("{}, {failed} {FAILED}", contract.calls.len()),
    };
    let range = match (gas().min(), gas().max()) {
        (Some(least), Some(most)) => format!("{}, {}", grouped(least.0), grouped(most.0)),
        _ => String::new(),
    };
    format!(
        "| {name} | {} | {}, {} | {calls} | {range} |",
        grouped(deployment.activation_gas.0),
        grouped(deployment.start.uncached.0),
        grouped(deployment.start.cached.0),
    )
}
