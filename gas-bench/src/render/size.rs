//! Where the bytes of contracts went, as text and as a picture.
//!
//! Lives here: the formats by name. Not here: measuring and comparing (`crate::size`), files, terminals. Every function is
//! pure: the same report, the same bytes.
//!
//! What the formats for readers share is made once, as blocks: `content` fills them with figures, `changes` with differences,
//! `summary` has the words around and their order.

mod blocks;
mod changes;
mod content;
mod csv;
mod markdown;
mod squarify;
mod summary;
mod table;
mod treemap;

use serde::Serialize;

use super::Colour;
use crate::figures::size::{ContractSize, SizeDiff, SizeReport};

/// The report for a terminal, at most 100 columns wide, ending in a line feed; `diff` is what has changed since a baseline.
/// Of the functions of each contract it lists the first `top`; the rest is one row, so that every column adds up.
pub fn table(report: &SizeReport, diff: Option<&SizeDiff>, top: usize, colour: Colour) -> String {
    table::render(&summary::blocks(report, diff, top), colour)
}

/// The same for a pull request's comment or a job's summary. It fits a comment on GitHub: where it would not, less is told,
/// and that it is less.
pub fn markdown(report: &SizeReport, diff: Option<&SizeDiff>, top: usize) -> String {
    markdown::render(&summary::blocks(report, diff, top))
}

/// The report for spreadsheets and scripts: a row for each step, section, crate, function and data segment; with a diff, for
/// each that has changed. Which of these, the column `kind` says.
pub fn csv(report: &SizeReport, diff: Option<&SizeDiff>) -> String {
    match diff {
        None => csv::figures(report),
        Some(diff) => csv::differences(diff),
    }
}

/// The report for programs; with a diff, what a baseline's file holds and besides it, under `diff`, what has changed.
pub fn json(report: &SizeReport, diff: Option<&SizeDiff>) -> String {
    #[derive(Serialize)]
    struct WithDiff<'a> {
        #[serde(flatten)]
        report: &'a SizeReport,
        diff: &'a SizeDiff,
    }
    let Some(diff) = diff else {
        return report.to_json();
    };
    let mut text = serde_json::to_string_pretty(&WithDiff { report, diff })
        .expect("maps have string keys and no value fails to serialise");
    text.push('\n');
    text
}

/// The deployed module of the contract `name` as a picture (SVG): rectangles as large as their bytes, the crates outside and
/// their functions inside.
pub fn treemap(name: &str, contract: &ContractSize) -> String {
    treemap::render(name, contract)
}
