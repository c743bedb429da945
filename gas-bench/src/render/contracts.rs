//! Reports on anybody's contracts as text for people and programs.
//!
//! Lives here: the formats by name. Not here: measuring, comparing (`baseline`), files, terminals. Every function is pure:
//! the same report, the same bytes.
//!
//! What the formats share is made once, as grids of cells: `deployment`, `calls`, `split`, `hostios` and `changes` fill them,
//! `summary` has the words around. A failure is in every format, where its figure would be and once more as a sentence.

mod calls;
mod changes;
mod csv;
mod deployment;
mod grid;
mod hostios;
mod json;
mod markdown;
mod overview;
mod split;
mod summary;
mod table;

use super::Colour;
use crate::figures::Report;
use crate::figures::baseline::Diff;

/// The report for a terminal, at most 100 columns wide, ending in a line feed; `diff` is what has changed since a baseline.
pub fn table(report: &Report, diff: Option<&Diff>, colour: Colour) -> String {
    table::render(report, diff, colour)
}

/// The report for a pull request's comment or a job's summary, ending in a line feed. It fits a comment on GitHub: where it
/// would not, less is told, and that it is less.
pub fn markdown(report: &Report, diff: Option<&Diff>) -> String {
    markdown::render(report, diff)
}

/// The report for spreadsheets and scripts: a row for each run, each kind of its host calls, each deployment, each failure,
/// each function that was not called, each contract without the link-time optimisation that it asks for and each thing that the
/// chain does not tell; which of these, the column `kind` says.
pub fn csv(report: &Report) -> String {
    csv::render(report)
}

/// The report for programs; with a diff, what a baseline's file holds and besides it, under `diff`, what has changed.
pub fn json(report: &Report, diff: Option<&Diff>) -> String {
    json::render(report, diff)
}

/// A line a contract as a Markdown table, for a README that says by which command it was made.
pub fn overview(report: &Report) -> String {
    overview::render(report)
}
