//! The report for a pull request's comment.
//!
//! Lives here: Markdown tables, names that stay names, and no more than a comment holds. Not here: what is said (the other
//! files of `size`).

use std::fmt::Write as _;

use super::blocks::{About, Block, Detail, Grid, Row, Tone};
use crate::render::FAILED;
use crate::render::markdown::{self, escaped};
use crate::words::{ellipsised, printable};

/// The most characters of a report. GitHub takes 65,536 in a comment, and whoever posts this may add a heading or a mark.
const CHARACTERS_MAX: usize = 60_000;

/// The longest name, in characters.
const NAME_MAX: usize = 120;

pub(super) fn render(blocks: &[Block]) -> String {
    let mut text = String::new();
    for most in [
        Detail::Functions,
        Detail::Sections,
        Detail::Crates,
        Detail::Steps,
    ] {
        text = told(blocks, most);
        if text.chars().count() <= CHARACTERS_MAX {
            break;
        }
    }
    text
}

/// The report without the tables of more detail than `most`.
fn told(blocks: &[Block], most: Detail) -> String {
    let mut text = String::new();
    for block in blocks {
        match block {
            Block::Heading(heading) => {
                let _ = writeln!(text, "## {}", escaped(heading));
                omission(&mut text, most);
            }
            Block::Sentence(sentence) => {
                let _ = write!(text, "\n{}\n", escaped(sentence));
            }
            Block::Failure { name, reason } => {
                let reason = escaped(&printable(reason));
                let _ = write!(text, "\n**{FAILED}** {}: {reason}\n", code(name));
            }
            Block::Contract { name, says } => {
                let colon = if says.is_empty() { "" } else { ": " };
                let _ = write!(text, "\n### {}{colon}{says}\n", code(name));
            }
            Block::Grid(grid) if grid.detail <= most => table(&mut text, grid),
            Block::Grid(_) => {}
            Block::Notes(notes) => {
                text.push_str("\n<details><summary>What the figures mean</summary>\n\n");
                for note in notes {
                    let _ = writeln!(text, "- {}", escaped(note));
                }
                text.push_str("\n</details>\n");
            }
        }
    }
    text
}

fn omission(text: &mut String, most: Detail) {
    let left_out = match most {
        Detail::Functions => return,
        Detail::Sections => "functions and data segments",
        Detail::Crates => "functions, data segments and sections",
        Detail::Steps => "functions, data segments, sections and crates",
    };
    let _ = write!(
        text,
        "\nA comment on GitHub holds no more than this: {left_out} are left out here, and stand in the other formats.\n"
    );
}

/// A table without rows is none; one with details is folded.
fn table(text: &mut String, grid: &Grid) {
    if grid.rows.is_empty() {
        return;
    }
    let (what, figures) = grid.titles.split_last().unwrap_or((&"", &[]));
    let is_folded = grid.detail >= Detail::Sections;
    if is_folded {
        let _ = write!(text, "\n<details><summary>By {what}</summary>\n");
    }
    let _ = write!(text, "\n| {} | {what} |\n", figures.join(" | "));
    let _ = writeln!(text, "|{}---|", "---:|".repeat(figures.len()));
    for row in &grid.rows {
        let bold = if row.tone == Tone::Total { "**" } else { "" };
        text.push('|');
        for figure in &row.figures {
            // Two pairs of stars around nothing would be stars.
            let bold = if figure.is_empty() { "" } else { bold };
            let _ = write!(text, " {bold}{figure}{bold} |");
        }
        let _ = writeln!(text, " {bold}{}{bold} |", about(row));
    }
    if is_folded {
        text.push_str("\n</details>\n");
    }
}

fn about(row: &Row) -> String {
    match &row.about {
        // Of a table the escape is the only one that counts within a code span, too.
        About::Name { text, words } => {
            let name = code(text).replace('|', "\\|");
            format!("{name} {words}").trim_end().to_owned()
        }
        About::Words(words) => words.clone(),
    }
}

/// A name, shortened.
fn code(text: &str) -> String {
    let name = ellipsised(&printable(text), NAME_MAX);
    markdown::code(&name).unwrap_or_else(|| "(no name)".to_owned())
}
