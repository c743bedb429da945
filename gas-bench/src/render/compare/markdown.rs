//! The comparison for a pull request's comment.
//!
//! Lives here: Markdown, and how much of it. Not here: what is in the cells (`matrix`).

use std::fmt::Write as _;

use super::advice;
use super::matrix::{self, Cell, Quantity, Tone};
use super::summary::Summary;
use crate::figures::comparison::Comparison;
use crate::render::markdown::escaped;
use crate::words::printable;

/// The most bytes of a comment on GitHub, with room for somebody's words around.
const MOST: usize = 60_000;

/// The most failures that are told.
const MOST_FAILURES: usize = 50;

pub(super) fn render(comparison: &Comparison) -> String {
    let summary = Summary::new(comparison);
    let whole = matrix::of_contract(&summary);
    let calls = matrix::of_calls(&summary);
    let quantities: Vec<_> = whole.iter().chain(&calls).collect();
    let text = document(&summary, &quantities, None);
    if text.len() <= MOST {
        return text;
    }
    let note = "There are too many calls for a comment: CSV and JSON have each of them.";
    document(&summary, &whole.iter().collect::<Vec<_>>(), Some(note))
}

fn document(summary: &Summary<'_>, quantities: &[&Quantity<'_>], note: Option<&str>) -> String {
    let comparison = summary.comparison;
    let mut text = format!(
        "## {} in {} variants\n\n",
        foreign(&comparison.contract),
        comparison.variants.len()
    );
    let heads = matrix::heads(comparison);
    let names = quantities.iter().map(|it| foreign(it.name));
    let _ = writeln!(
        text,
        "| {} | {} |\n|{}{}",
        heads.join(" | "),
        names.collect::<Vec<_>>().join(" | "),
        "---|".repeat(heads.len()),
        "---:|".repeat(quantities.len())
    );
    for (index, measured) in comparison.variants.iter().enumerate() {
        let cells = quantities.iter().filter_map(|it| it.cells.get(index));
        let _ = writeln!(
            text,
            "| {} | {} |",
            matrix::parts(comparison, measured.variant).join(" | "),
            cells.map(shown).collect::<Vec<_>>().join(" | ")
        );
    }
    let _ = writeln!(text, "\n**{}**", advice::sentence(summary));
    let failures = matrix::failures(summary);
    if !failures.is_empty() {
        text.push_str("\n### FAILED\n\n");
    }
    for (about, reason) in failures.iter().take(MOST_FAILURES) {
        let _ = writeln!(text, "- {}: {}", foreign(about), foreign(reason));
    }
    if let Some(more) = failures
        .len()
        .checked_sub(MOST_FAILURES)
        .filter(|&more| more > 0)
    {
        let _ = writeln!(text, "- and {more} more, which CSV and JSON have");
    }
    text.push_str("\n<details><summary>What the figures mean</summary>\n\n");
    let _ = writeln!(text, "- **Bold**: the best of its column.");
    for note in matrix::notes(summary) {
        let _ = writeln!(text, "- {}", foreign(&note));
    }
    if let Some(note) = note {
        let _ = writeln!(text, "- {note}");
    }
    text.push_str("\n</details>\n");
    text
}

/// Words that may be somebody else's.
fn foreign(text: &str) -> String {
    escaped(&printable(text))
}

fn shown(cell: &Cell) -> String {
    match cell.tone {
        Tone::Plain => cell.text.clone(),
        Tone::Best | Tone::Failed => format!("**{}**", cell.text),
    }
}
