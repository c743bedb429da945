//! Figures for programs.
//!
//! Lives here: how JSON is laid out. Not here: its keys, which are those of the figures.

use serde::Serialize;

/// `value`, indented, so that a change of one figure is a change of one line.
pub(crate) fn json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value)
        .expect("maps have string keys and no value fails to serialise");
    text.push('\n');
    text
}

/// `report`, which is also what a baseline's file holds, and besides it, under `diff`, what has changed since one.
pub(crate) fn json_with(report: &impl Serialize, diff: Option<&impl Serialize>) -> String {
    #[derive(Serialize)]
    struct WithDiff<R, D> {
        #[serde(flatten)]
        report: R,
        diff: D,
    }
    match diff {
        None => json(report),
        Some(diff) => json(&WithDiff { report, diff }),
    }
}
