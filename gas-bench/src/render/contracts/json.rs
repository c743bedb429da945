//! The report for programs.
//!
//! Lives here: where the diff stands beside the report. Not here: their keys (`figures`, `baseline`).

use serde::Serialize;

use crate::figures::Report;
use crate::figures::baseline::Diff;

#[derive(Serialize)]
struct WithDiff<'a> {
    #[serde(flatten)]
    report: &'a Report,
    diff: &'a Diff,
}

pub(super) fn render(report: &Report, diff: Option<&Diff>) -> String {
    let Some(diff) = diff else {
        return report.to_json();
    };
    let mut text = serde_json::to_string_pretty(&WithDiff { report, diff })
        .expect("maps have string keys and no value fails to serialise");
    text.push('\n');
    text
}
