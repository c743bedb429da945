//! Which lines of contracts ran.
//!
//! Lives here: files, code that never ran, and sources beside their counts. Not here: tracefiles (`lcov`), adding up
//! (`figures::coverage`).

mod lcov;

use serde::Serialize;

use crate::document::{
    Block, Cell, Column, Content, Document, Item, Rank, Row, Table, Text, Tone, csv, json,
};
use crate::figures::coverage::{
    BranchCoverage, ContractCoverage, CoverageReport, FileCoverage, LineCoverage, Part, Ran,
};
use crate::words::{counted, grouped, share};

pub use lcov::tracefile;

/// The output of `coverage`.
#[derive(Clone, Copy, Debug)]
pub struct CoverageContent<'a> {
    /// The figures.
    pub report: &'a CoverageReport,
    /// Whether libraries are listed file by file, like the contracts' own sources.
    pub libraries: bool,
}

/// A line for programs and spreadsheets.
#[derive(Serialize)]
struct LineRow<'a> {
    contract: &'a str,
    kind: &'static str,
    file: &'a str,
    line: u32,
    times: u64,
    copies: u32,
    copies_run: u32,
    branches: u64,
    branches_run: u64,
}

impl Content for CoverageContent<'_> {
    fn document(&self, is_page: bool) -> Document {
        let report = self.report;
        let title = match &report.contracts[..] {
            [one] => Text::from("Coverage of ").and_name(&one.name),
            _ => Text::from("Coverage"),
        };
        let mut document = Document::new(title, &[]);
        let ran = match report.ran {
            Ran::Plans => "What ran: the calls of the plan, including constructor and setup.",
            Ran::Requests => "What ran: all transactions, calls and estimates sent to a devnet.",
        };
        document.sentences(Rank::Vital, [ran]);
        let failures = report.failures.iter();
        let failures = failures.map(|(name, why)| Item::new(Text::name(name), why));
        document.list(Rank::Vital, Tone::Worse, failures);
        for contract in &report.contracts {
            if report.contracts.len() > 1 {
                document.heading(Rank::Vital, Text::name(&contract.name));
            }
            self.tell(&mut document, contract, is_page);
        }
        document.notes([
            "Only lines that have code in the deployed module count: a line that the compiler removed was not missed. A line ran if any of \
             its code ran, inlined or not. Its times are the sum over all copies of the line; in each copy, the code that ran most often \
             counts.",
            "A branch is one of the two outcomes of a conditional branch or an `if` in the module, including bounds checks. A `match` that \
             became a jump table is left out, since counting blocks does not tell which arm was taken.",
        ]);
        document
    }

    fn json(&self) -> String {
        json(self.report)
    }

    fn csv(&self) -> String {
        let files = self.report.contracts.iter();
        let files = files.flat_map(|it| it.files.iter().map(|file| (it.name.as_str(), file)));
        csv(files.flat_map(|(contract, file)| {
            file.lines.iter().map(move |line| {
                let branches = branches_of(file, line.line);
                LineRow {
                    contract,
                    kind: if file.own { "own" } else { "library" },
                    file: &file.shown,
                    line: line.line,
                    times: line.times,
                    copies: line.copies,
                    copies_run: line.copies_run,
                    branches: branches.all,
                    branches_run: branches.run,
                }
            })
        }))
    }
}

impl CoverageContent<'_> {
    fn tell(&self, document: &mut Document, contract: &ContractCoverage, is_page: bool) {
        let sum = |of: fn(&FileCoverage) -> Part| {
            let own = contract.files(true).map(of);
            own.fold(Part::default(), Part::and)
        };
        let (lines, functions) = (
            sum(FileCoverage::lines_run),
            sum(FileCoverage::functions_run),
        );
        document.sentences(
            Rank::Vital,
            [format!(
                "{} of {} own lines ran ({}), and {} of {} functions.",
                grouped(lines.run),
                grouped(lines.all),
                share(lines.run, lines.all).unwrap_or_else(|| "none".to_owned()),
                grouped(functions.run),
                grouped(functions.all),
            )],
        );
        document.push(Rank::Vital, self.files(contract));
        document.push(Rank::Main, self.missed(contract));
        if is_page {
            for file in contract.files(true).filter(|file| !file.text.is_empty()) {
                let source = Block::from(source(file));
                let name = Text::name(&file.shown);
                document.push(Rank::Page, Block::Fold(name, vec![source]));
            }
        }
    }

    /// The files; libraries share one row unless they are requested.
    fn files(&self, contract: &ContractCoverage) -> Table {
        let row = |tone: Tone, parts: [Part; 3], name: Cell| {
            let [lines, functions, branches] = parts;
            let share = Cell::Share {
                part: lines.run,
                whole: lines.all,
            };
            let figure = |count: u64| Cell::figure(count);
            let cells = [
                figure(lines.run),
                figure(lines.all),
                share,
                figure(functions.run),
                figure(functions.all),
                figure(branches.run),
                figure(branches.all),
                name,
            ];
            Row::new(tone, cells)
        };
        let of =
            |file: &FileCoverage| [file.lines_run(), file.functions_run(), file.branches_run()];
        let all = |own: bool| {
            let files = contract.files(own).map(of);
            files.fold([Part::default(); 3], |[a, b, c], [x, y, z]| {
                [a.and(x), b.and(y), c.and(z)]
            })
        };
        let named = |file: &FileCoverage| row(Tone::Plain, of(file), Cell::name(&file.shown));
        let mut rows: Vec<Row> = contract.files(true).map(named).collect();
        rows.push(row(Tone::Total, all(true), Cell::words("all of its own")));
        let count = contract.files(false).count();
        if self.libraries {
            rows.extend(contract.files(false).map(named));
        }
        if count > 0 {
            let what = Cell::words(format!("{} of libraries", counted(count as u64, "file")));
            rows.push(row(Tone::Plain, all(false), what));
        }
        let titles = [
            "lines run",
            "of",
            "share",
            "functions",
            "of",
            "branches",
            "of",
        ];
        Table::named_last("files", &titles, "file", rows)
    }

    /// The contract's own lines and functions that never ran.
    fn missed(&self, contract: &ContractCoverage) -> Table {
        let files = contract.files(true);
        let missed = files.filter_map(|file| {
            let lines = file.lines.iter().filter(|line| line.times == 0);
            let lines: Vec<u32> = lines.map(|line| line.line).collect();
            let there: Vec<u32> = file.lines.iter().map(|line| line.line).collect();
            let ranges = ranges(&lines, &there);
            let name = &file.shown;
            (!ranges.is_empty()).then(|| Row::plain([Cell::name(name), Cell::Values(ranges)]))
        });
        let columns = [Column::name("file"), Column::words("lines that never ran")];
        Table::new("lines that never ran", columns, missed)
    }
}

/// The branches of a line.
fn branches_of(file: &FileCoverage, line: u32) -> Part {
    let of_line = |branch: &&BranchCoverage| branch.line == line;
    let branches = file.branches.iter().filter(of_line);
    branches.fold(Part::default(), |part, branch| part.and(branch.ways()))
}

/// Groups lines into ranges; lines without code do not interrupt a range.
fn ranges(lines: &[u32], there: &[u32]) -> Vec<String> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        let before = there.iter().rev().find(|it| *it < line);
        match ranges.last_mut() {
            Some((_, last)) if Some(&*last) == before => *last = *line,
            _ => ranges.push((*line, *line)),
        }
    }
    let text = |(first, last): (u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}–{last}"),
    };
    ranges.into_iter().map(text).collect()
}

/// A source with the counts of its lines.
fn source(file: &FileCoverage) -> Table {
    let mut lines = file.lines.iter().peekable();
    let rows = (1..).zip(&file.text).map(|(number, text)| {
        while lines.next_if(|line| line.line < number).is_some() {}
        let line = lines.next_if(|line| line.line == number);
        let tone = match line {
            Some(line) if line.times == 0 => Tone::Worse,
            Some(_) => Tone::Better,
            None => Tone::Plain,
        };
        let branches = branches_of(file, number);
        let part = |run: u64, all: u64, least: u64| match all > least {
            true => Cell::words(format!("{run} of {all}")),
            false => Cell::Nothing,
        };
        let copies = |line: &LineCoverage| part(line.copies_run.into(), line.copies.into(), 1);
        Row::new(
            tone,
            [
                Cell::figure(number),
                line.map_or(Cell::Nothing, |line| Cell::figure(line.times)),
                line.map_or(Cell::Nothing, copies),
                part(branches.run, branches.all, 0),
                Cell::name(text),
            ],
        )
    });
    let columns = [
        Column::figure("line"),
        Column::figure("times"),
        Column::figure("copies run"),
        Column::figure("branches run"),
        Column::source("source"),
    ];
    Table::new("source", columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_code_do_not_part_a_range() {
        let there = [3, 5, 9, 10, 20];
        let ranges = |lines: &[u32]| ranges(lines, &there).join(", ");
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[3]), "3");
        assert_eq!(ranges(&[3, 5, 10]), "3–5, 10");
        assert_eq!(ranges(&[5, 9, 10, 20]), "5–20");
    }
}
