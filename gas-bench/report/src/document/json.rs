//! Figures for programs.
//!
//! Lives here: how JSON is laid out. Not here: its keys, which are those of the figures.

use serde::Serialize;

/// `value`, indented, so that changing one figure changes one line.
pub(crate) fn json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value)
        .expect("maps have string keys and no value fails to serialise");
    text.push('\n');
    text
}

/// `report`, as a baseline's file holds it, plus what has changed since a baseline, under `diff`.
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
