//! The profile for a pull request's comment.
//!
//! Lives here: Markdown tables, and names that stay names. Not here: what the cells say (the other files of `profile`).

use std::fmt::Write as _;

use super::grid::{About, Grid, Row};
use super::{allocations, spending, summary};
use crate::figures::profile::CallProfile;
use crate::render::markdown::{self, escaped};
use crate::words::{ellipsised, printable};

/// The longest name, in characters: a table of many stays below what a comment holds.
const NAME_MAX: usize = 120;

pub(super) fn render(profile: &CallProfile, top: usize) -> String {
    let mut text = format!("## {}\n\n", code(&summary::heading(profile)));
    list(&mut text, &summary::totals(profile));
    let run = &profile.profile;
    text.push_str("\n### Ink\n\n");
    table(&mut text, &spending::grid(run, top));
    text.push_str("\n### Memory\n\n");
    if let Some(grid) = allocations::grid(run, top) {
        table(&mut text, &grid);
        text.push('\n');
    }
    list(&mut text, &allocations::remarks(run));
    text.push_str("\n<details><summary>What the figures mean</summary>\n\n");
    list(&mut text, &summary::notes(profile));
    text.push_str("\n</details>\n");
    text
}

fn list(text: &mut String, sentences: &[String]) {
    for sentence in sentences {
        let _ = writeln!(text, "- {}", escaped(sentence));
    }
}

fn table(text: &mut String, grid: &Grid) {
    let _ = writeln!(text, "| {} | {} |", grid.titles.join(" | "), grid.names);
    let _ = writeln!(text, "|{}---|", "---:|".repeat(grid.titles.len()));
    for row in &grid.rows {
        let _ = writeln!(text, "| {} | {} |", row.figures.join(" | "), about(row));
    }
    let total = grid
        .total
        .figures
        .iter()
        .map(|figure| format!("**{figure}**"));
    let total: Vec<_> = total.collect();
    let _ = writeln!(
        text,
        "| {} | **{}** |",
        total.join(" | "),
        about(&grid.total)
    );
}

fn about(row: &Row) -> String {
    match &row.about {
        // Of a table the escape is the only one that counts within a code span, too.
        About::Name(name) => code(name).replace('|', "\\|"),
        About::Words(words) => words.clone(),
    }
}

/// A name, shortened.
fn code(text: &str) -> String {
    markdown::code(&ellipsised(&printable(text), NAME_MAX)).unwrap_or_default()
}
