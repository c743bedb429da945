//! The report for a pull request's comment.
//!
//! Lives here: Markdown tables. Not here: what the cells say (`render`).

use std::fmt::Write as _;

use super::{Digits, FAILED, Section, allocators, heading, notes, sections};
use crate::figures::edge_cases::Results;

pub(super) fn render(results: &Results) -> String {
    let titles: Vec<_> = allocators(results)
        .map(|allocator| allocator.title())
        .collect();
    let mut text = format!("## {}\n", heading(results));
    for section in sections(results, Digits::All) {
        let _ = write!(text, "\n### {}\n\n", section.title);
        table(&mut text, &section, &titles);
    }
    let mut failures = results.failures().peekable();
    if failures.peek().is_some() {
        text.push_str("\n### FAILED\n\n");
    }
    for failure in failures {
        let _ = writeln!(text, "- {}", escaped(&failure.to_string()));
    }
    text.push_str("\n<details><summary>What the figures mean</summary>\n\n");
    for note in notes(results, Digits::All) {
        let _ = writeln!(text, "- {note}");
    }
    text.push_str("\n</details>\n");
    text
}

fn table(text: &mut String, section: &Section, titles: &[&str]) {
    let _ = writeln!(text, "| | | {} |", titles.join(" | "));
    let _ = writeln!(text, "|---|---|{}", "---:|".repeat(titles.len()));
    for group in &section.groups {
        for (index, row) in group.rows.iter().enumerate() {
            let name = if index == 0 {
                format!("`{}`", group.name)
            } else {
                String::new()
            };
            let cells: Vec<_> = row
                .cells
                .iter()
                .map(|cell| {
                    if cell == FAILED {
                        format!("**{cell}**")
                    } else {
                        cell.clone()
                    }
                })
                .collect();
            let _ = writeln!(text, "| {name} | {} | {} |", row.name, cells.join(" | "));
        }
    }
}

/// `text` without what would begin an element, an emphasis or a line of its own.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            // Inside a code span the other escapes would show.
            '`' => escaped.push('\''),
            '*' | '_' | '|' | '\\' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Somebody else's words as they are: nothing in a code span is a link, a person or an element. None where there are no words.
pub(super) fn code(words: &str) -> Option<String> {
    (!words.is_empty()).then(|| format!("`{}`", words.replace('`', "'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stay_text() {
        for (text, markdown) in [
            ("plain", "plain"),
            (
                "expected `Vec<u8>`, found a|b",
                "expected 'Vec&lt;u8>', found a\\|b",
            ),
            (
                "two\nlines *and* __more__",
                "two lines \\*and\\* \\_\\_more\\_\\_",
            ),
        ] {
            assert_eq!(escaped(text), markdown);
        }
    }
}
