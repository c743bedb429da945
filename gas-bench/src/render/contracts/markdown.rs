//! The report for a pull request's comment.
//!
//! Lives here: Markdown that stays what it is whatever it is about, and no more of it than a comment holds. Not here: what the
//! cells say (the other files of `contracts`).

use std::fmt::Write as _;

use super::grid::{Cell, Column, Grid, Remark, Tone};
use super::split::{self, Cause};
use super::{calls, changes, deployment, hostios, summary};
use crate::figures::baseline::{ContractDiff, Diff};
use crate::figures::{Contract, Report};
use crate::render::markdown::{self, escaped};
use crate::render::{FAILED, NOTHING};
use crate::words::{grouped_wide, printable, shortened, sign};

/// The most characters of a report. GitHub takes 65,536 in a comment, and whoever posts this may add a heading or a mark.
const CHARACTERS_MAX: usize = 60_000;

/// A table with more rows is folded.
const ROWS_MAX: usize = 20;

/// The longest name or output, in characters.
const NAME_MAX: usize = 80;

/// The longest reason, in characters; and where there is little room.
const REASON_MAX: usize = 400;
const SHORT_REASON_MAX: usize = 80;

/// The longest note on what a comparison suffers from, in characters.
const NOTE_MAX: usize = 200;

/// The most failures, and the most calls that became better or worse, that are listed where there is little room.
const FAILURES_MAX: usize = 25;
const CHANGES_MAX: usize = 50;

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Everything,
    /// No more than a row for each call.
    Calls,
    /// Counts, and the first of what failed, became worse or became better. Every text in it has a greatest length, so that
    /// this fits always.
    Counts,
}

pub(super) fn render(report: &Report, diff: Option<&Diff>) -> String {
    for detail in [Detail::Everything, Detail::Calls] {
        let text = told(report, diff, detail);
        if text.chars().count() <= CHARACTERS_MAX {
            return text;
        }
    }
    told(report, diff, Detail::Counts)
}

fn told(report: &Report, diff: Option<&Diff>, detail: Detail) -> String {
    let mut page = Page {
        text: String::new(),
        detail,
    };
    for note in diff.iter().flat_map(|diff| &diff.notes) {
        let note = shortened(&printable(note), NOTE_MAX);
        page.block(&format!("> **{}**", prose(&note)));
    }
    let mut summary = diff.map(summary::comparison).unwrap_or_default();
    summary.push(summary::totals(report));
    for line in summary {
        page.block(&format!("**{}**", prose(&line)));
    }
    page.block(&format!("## {}", prose(&summary::heading(report))));
    page.omission();
    page.failures(&summary::failures(report));
    if detail == Detail::Counts {
        page.changes(diff);
        return page.text;
    }
    let causes = split::causes(report);
    for contract in &report.contracts {
        let diff = diff.and_then(|diff| diff.contract(&contract.name));
        page.contract(report, contract, diff, &causes);
    }
    for contract in diff.iter().flat_map(|diff| diff.removed()) {
        page.block(&format!("### {}: removed", code(&contract.name)));
        page.table(&changes::grid(&contract.calls), "calls");
    }
    let notes = summary::notes(report);
    let mut notes: Vec<_> = notes
        .iter()
        .map(|note| format!("- {}\n", prose(note)))
        .collect();
    if detail == Detail::Everything {
        notes.push(format!("- {}\n", legend(&causes)));
    }
    page.folded("What the figures mean", &notes.concat());
    page.text
}

/// What has been written so far: blocks with an empty line between them.
struct Page {
    text: String,
    detail: Detail,
}

impl Page {
    fn block(&mut self, block: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(block.trim_end());
        self.text.push('\n');
    }

    fn folded(&mut self, title: &str, content: &str) {
        self.block(&format!("<details><summary>{title}</summary>"));
        self.block(content);
        self.block("</details>");
    }

    fn omission(&mut self) {
        let left_out = match self.detail {
            Detail::Everything => return,
            Detail::Calls => "where the gas goes, host calls, deployments and what was returned",
            Detail::Counts => {
                "most calls, where the gas goes, host calls, deployments and what was returned"
            }
        };
        self.block(&format!(
            "A comment on GitHub would not hold all of this report. Left out, and in the other formats: {left_out}."
        ));
    }

    fn failures(&mut self, failures: &[Remark]) {
        if failures.is_empty() {
            return;
        }
        let (listed, length) = match self.detail {
            Detail::Everything | Detail::Calls => (failures.len(), REASON_MAX),
            Detail::Counts => (FAILURES_MAX.min(failures.len()), SHORT_REASON_MAX),
        };
        self.block(&format!("### {FAILED}"));
        self.block(&remarks(&failures[..listed], length));
        self.rest(failures.len() - listed);
    }

    /// The calls that became worse or fail, then those that became better, as far as there is room.
    fn changes(&mut self, diff: Option<&Diff>) {
        let mut grid = changes::grid(&[]);
        grid.columns.insert(0, Column::left("contract"));
        for tone in [Tone::Worse, Tone::Better] {
            for contract in diff.iter().flat_map(|diff| &diff.contracts) {
                let rows = changes::grid(&contract.calls).rows.into_iter();
                let rows = rows.filter(|row| row.tone == tone);
                grid.rows.extend(rows.map(|mut row| {
                    row.cells.insert(0, Cell::foreign(&contract.name));
                    row
                }));
            }
        }
        if grid.rows.is_empty() {
            return;
        }
        let rest = grid.rows.len().saturating_sub(CHANGES_MAX);
        grid.rows.truncate(CHANGES_MAX);
        self.block("### Worse or better than the baseline");
        self.block(&table(&grid));
        self.rest(rest);
    }

    /// How many more there are than were listed.
    fn rest(&mut self, count: usize) {
        if count > 0 {
            self.block(&format!("And {} more.", grouped_wide(count as u128)));
        }
    }

    fn contract(
        &mut self,
        report: &Report,
        contract: &Contract,
        diff: Option<&ContractDiff>,
        causes: &[Cause],
    ) {
        let (calls, ink_per_gas) = (&contract.calls, report.made_with.ink_per_gas);
        let source = prose(&summary::source(contract));
        self.block(&format!("### {}: {source}", code(&contract.name)));
        if let Some(diff) = diff {
            self.table(&changes::grid(&diff.calls), "calls against the baseline");
            self.remarks(&changes::reasons(&diff.calls));
        }
        self.table(&calls::grid(calls), "calls");
        self.remarks(&summary::missed_lto(report, contract));
        self.remarks(&calls::remarks(contract));
        if self.detail != Detail::Everything {
            return;
        }
        if let Some(deployment) = &contract.deployment {
            let title = deployment::title(deployment, diff);
            self.folded(&title, &table(&deployment::grid(deployment, diff)));
        }
        let mut inner = Self {
            text: String::new(),
            detail: self.detail,
        };
        inner.block(&table(&split::grid(calls, causes, ink_per_gas, true)));
        inner.remarks(&split::other(calls, ink_per_gas));
        for grid in [hostios::grid(calls), calls::returned(calls)] {
            if !grid.rows.is_empty() {
                inner.block(&table(&grid));
            }
        }
        if calls.iter().any(|call| !call.runs().is_empty()) {
            self.folded(
                "Where the gas goes, host calls, what was returned",
                &inner.text,
            );
        }
    }

    /// A table without rows is none; one with many is folded.
    fn table(&mut self, grid: &Grid, what: &str) {
        match grid.rows.len() {
            0 => {}
            1..=ROWS_MAX => self.block(&table(grid)),
            rows => self.folded(&format!("{rows} {what}"), &table(grid)),
        }
    }

    fn remarks(&mut self, all: &[Remark]) {
        if !all.is_empty() {
            self.block(&remarks(all, REASON_MAX));
        }
    }
}

fn remarks(all: &[Remark], length: usize) -> String {
    let mut text = String::new();
    for Remark { about, text: what } in all {
        let what = shortened(&printable(what), length);
        let _ = writeln!(text, "- {}: {}", code(about), prose(&what));
    }
    text
}

/// What the squares stand for.
fn legend(causes: &[Cause]) -> String {
    let causes = causes
        .iter()
        .map(|cause| format!("{} {}", cause.square(), on_one_line(cause.title())));
    let causes: Vec<_> = causes.collect();
    format!("A square is a tenth of the gas: {}.", causes.join(", "))
}

fn on_one_line(title: &str) -> String {
    title.replace('\n', " ").trim().to_owned()
}

fn table(grid: &Grid) -> String {
    let mut text = String::from("|");
    for column in &grid.columns {
        let _ = write!(text, " {} |", on_one_line(column.title));
    }
    text.push_str("\n|");
    for column in &grid.columns {
        text.push_str(if column.right { "---:|" } else { "---|" });
    }
    text.push('\n');
    for row in &grid.rows {
        text.push('|');
        for (index, cell) in row.cells.iter().enumerate() {
            let is_last = index + 1 == row.cells.len();
            let mark = match row.tone {
                Tone::Better if is_last => "🟢 ",
                Tone::Worse if is_last => "🔴 ",
                _ => "",
            };
            let _ = write!(text, " {mark}{} |", words(cell));
        }
        text.push('\n');
    }
    text
}

fn words(cell: &Cell) -> String {
    match cell {
        Cell::Foreign { text, starred } => {
            let star = if *starred { "\\* " } else { "" };
            // Of a table the escape is the only one that counts within a code span, too.
            format!("{star}{}", code(text).replace('|', "\\|"))
        }
        Cell::Own(text) => prose(text),
        Cell::Figure(value) if *value < 0 => format!("−{}", grouped_wide(value.unsigned_abs())),
        Cell::Figure(value) => grouped_wide(value.unsigned_abs()),
        Cell::Difference(value) => {
            format!("{}{}", sign(*value), grouped_wide(value.unsigned_abs()))
        }
        Cell::Failed => format!("**{FAILED}**"),
        Cell::Nothing => NOTHING.to_owned(),
    }
}

/// Words, shortened.
fn code(text: &str) -> String {
    let words = shortened(&printable(text), NAME_MAX);
    markdown::code(&words).unwrap_or_else(|| NOTHING.to_owned())
}

/// Text that stays text: it begins no element, link or formula, and calls nobody.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    for character in text.chars() {
        match character {
            '&' => prose.push_str("&amp;"),
            '$' => prose.push_str("&#36;"),
            // An empty comment behind the sign, and nobody is notified.
            '@' | '#' => prose.extend([character].into_iter().chain("<!-- -->".chars())),
            '[' | ']' | '~' => prose.extend(['\\', character]),
            _ => prose.push_str(&escaped(character.encode_utf8(&mut [0; 4]))),
        }
    }
    prose
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names() {
        for (text, markdown) in [
            ("transfer", "`transfer`"),
            ("a|b", "`a|b`"),
            ("`rm`", "`'rm'`"),
            ("two\nlines", "`two\\nlines`"),
            ("", "–"),
        ] {
            assert_eq!(code(text), markdown);
        }
        assert_eq!(words(&Cell::name("a|b", true)), "\\* `a\\|b`");
    }

    #[test]
    fn reasons_stay_text() {
        for (text, markdown) in [
            ("21,000 gas", "21,000 gas"),
            ("<b>&amp;", "&lt;b>&amp;amp;"),
            ("ask @all in #1", "ask @<!-- -->all in #<!-- -->1"),
            ("[a](b) ~~c~~ $x$", "\\[a\\](b) \\~\\~c\\~\\~ &#36;x&#36;"),
            ("a|b `c`", "a\\|b 'c'"),
        ] {
            assert_eq!(prose(text), markdown);
        }
    }
}
