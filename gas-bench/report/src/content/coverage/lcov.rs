//! Coverage as a tracefile, which editors, `genhtml` and services read.
//!
//! Lives here: the records of a tracefile. Not here: how a record is written (the crate `lcov`), files.

use std::fmt::Write as _;

use lcov::Record;

use crate::figures::coverage::{BranchCoverage, CoverageReport, FileCoverage};

/// A tracefile of all contracts: of their own sources, and of libraries if requested. Each contract is a test with its own name.
pub fn tracefile(report: &CoverageReport, libraries: bool) -> String {
    let mut text = String::new();
    for contract in &report.contracts {
        for file in contract.files.iter().filter(|it| it.own || libraries) {
            for record in records(&contract.name, file) {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{record}");
            }
        }
    }
    text
}

fn records(contract: &str, file: &FileCoverage) -> Vec<Record> {
    let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let (lines, functions, branches) =
        (file.lines_run(), file.functions_run(), file.branches_run());
    let mut all = vec![
        Record::TestName {
            // Only letters, digits and underscores are allowed there.
            name: contract.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"),
        },
        Record::SourceFile {
            path: one_line(&file.file).into(),
        },
    ];
    all.extend(file.functions.iter().map(|it| Record::FunctionName {
        name: one_line(&it.name),
        start_line: it.line,
    }));
    all.extend(file.functions.iter().map(|it| Record::FunctionData {
        name: one_line(&it.name),
        count: it.times,
    }));
    all.extend([
        Record::FunctionsFound {
            found: count(functions.all),
        },
        Record::FunctionsHit {
            hit: count(functions.run),
        },
    ]);
    all.extend(file.branches.iter().flat_map(branch));
    all.extend([
        Record::BranchesFound {
            found: count(branches.all),
        },
        Record::BranchesHit {
            hit: count(branches.run),
        },
    ]);
    all.extend(file.lines.iter().map(|line| Record::LineData {
        line: line.line,
        count: line.times,
        checksum: None,
    }));
    all.extend([
        Record::LinesFound {
            found: count(lines.all),
        },
        Record::LinesHit {
            hit: count(lines.run),
        },
        Record::EndOfRecord,
    ]);
    all
}

/// Both ways of a branch. One that was never reached has no counts.
fn branch(branch: &BranchCoverage) -> [Record; 2] {
    let is_reached = branch.straight > 0 || branch.aside > 0;
    let way = |number: u32, taken: u64| Record::BranchData {
        line: branch.line,
        block: branch.number,
        branch: number,
        taken: is_reached.then_some(taken),
    };
    [way(0, branch.straight), way(1, branch.aside)]
}

/// An arbitrary name, made to fit on one line.
fn one_line(name: &str) -> String {
    name.replace(char::is_control, " ")
}
