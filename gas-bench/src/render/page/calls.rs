//! What calls cost, one row each.
//!
//! Lives here: least, average, median and most, and what has changed. Not here: where the gas goes (`details`).

use maud::{Markup, html};
use stylus_vm::Gas;

use super::Since;
use super::change::of_call;
use super::words::{figure, label, name, scroll, signature};
use crate::figures::baseline::{CallDiff, ContractDiff};
use crate::figures::{Call, Contract, Run, divided, median};
use crate::words::grouped_wide;

/// The table of the calls of `contract`, those that are gone since the newest baseline at its end.
pub(super) fn table(
    contract: &Contract,
    since: Option<&Since<'_>>,
    diff: Option<&ContractDiff>,
) -> Markup {
    let changes = diff.map_or(&[][..], |diff| &diff.calls);
    let change = |call: &Call| changes.iter().find(|change| change.name == call.name);
    let gone = |change: &&CallDiff| contract.calls.iter().all(|call| call.name != change.name);
    let gone: Vec<_> = changes.iter().filter(gone).collect();
    scroll(
        "Calls",
        &html! {
            table.calls data-sort {
                thead {
                    tr {
                        th scope="col" { "Call" }
                        th.number scope="col" { "Runs" }
                        th.number scope="col" { "Min gas" }
                        th.number scope="col" { "Average" }
                        th.number scope="col" { "Median" }
                        th.number scope="col" { "Max" }
                        th.number scope="col" { "Average ink" }
                        th.number scope="col" { "Pages" }
                        @if let Some(since) = since {
                            th.number scope="col" { "Since " (name(since.name)) }
                        }
                    }
                }
                tbody {
                    @for call in &contract.calls { (row(call, since.is_some(), change(call))) }
                    @for change in gone {
                        tr.gone {
                            th scope="row" { (name(&change.name)) }
                            td.none colspan="7" { "not called any more" }
                            td.number { (of_call(&change.cost)) }
                        }
                    }
                }
            }
        },
    )
}

fn row(call: &Call, compared: bool, change: Option<&CallDiff>) -> Markup {
    html! {
        tr {
            th scope="row" {
                div.call-name { (name(&call.name)) (marks(call)) }
                @if call.signature != call.name { div.signature { (signature(&call.signature)) } }
            }
            @match Figures::of(call) {
                Some(figures) => (figures.cells()),
                None => td.failed colspan="7" {
                    div.reason { strong { "FAILED" } " " (label(call.failure().unwrap_or_default())) }
                },
            }
            @if compared {
                td.number { @if let Some(change) = change { (of_call(&change.cost)) } }
            }
        }
    }
}

/// What a reader has to know about a call before its figures.
fn marks(call: &Call) -> Markup {
    let runs = call.runs();
    let reverted = runs.iter().filter(|run| run.reverted).count();
    html! {
        @if call.generated {
            " " span.mark title="Nobody chose the arguments: they were made up to fit the types." { "generated" }
        }
        @if reverted > 0 {
            " " span.mark.reverts {
                @if reverted == runs.len() { "reverts" } @else { (reverted) " of " (runs.len()) " revert" }
            }
        }
    }
}

/// The figures of a call that has any.
struct Figures {
    runs: usize,
    min: Gas,
    average: u128,
    median: u128,
    max: Gas,
    ink: u128,
    pages: String,
}

impl Figures {
    fn of(call: &Call) -> Option<Self> {
        let (runs, gas) = (call.runs(), call.sorted_gas());
        let average =
            |amounts: &mut dyn Iterator<Item = u128>| divided(amounts.sum(), runs.len() as u128);
        let ink = runs.iter().map(|run| run.parts.program_ink().0.into());
        Some(Self {
            runs: runs.len(),
            min: *gas.first()?,
            average: average(&mut gas.iter().map(|gas| gas.0.into()))?,
            median: median(&gas)?,
            max: *gas.last()?,
            ink: average(&mut ink.into_iter())?,
            pages: pages(runs)?,
        })
    }

    fn cells(&self) -> Markup {
        html! {
            td.number { (self.runs) }
            td.number { (figure(self.min.0)) }
            td.number { strong { (grouped_wide(self.average)) } }
            td.number { (grouped_wide(self.median)) }
            td.number { (figure(self.max.0)) }
            td.number { (grouped_wide(self.ink)) }
            td.number { (self.pages) }
        }
    }
}

/// The fewest pages that a run began with, and the most that any had.
fn pages(runs: &[Run]) -> Option<String> {
    let start = runs.iter().map(|run| run.start_pages).min()?;
    let peak = runs.iter().map(|run| run.peak_pages).max()?;
    Some(format!("{} → {}", start.0, peak.0))
}
