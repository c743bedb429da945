//! The output of `stylus-vm test`.
//!
//! Lives here: counts, the first differences, and lines of JSON. Not here: comparing (`cli::test`).

use std::error::Error as _;
use std::fmt;
use std::io::{self, Write};

use alloy_primitives::hex;
use serde::Serialize;
use stylus_vm::{Fault, Ink, Report};

use super::vectors::{Expected, Vector};
use super::{Difference, Ending, Tested};
use crate::cli::{run, style};

/// The most bytes of an output that are shown at once.
const MOST_BYTES: usize = 96;

/// Shows the counts, and at most `most` of the vectors that differ.
pub(super) fn show(
    file: &str,
    vectors: &[Vector],
    results: &[Tested],
    most: usize,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    let pairs = || vectors.iter().zip(results);
    let bad =
        || pairs().filter(|(_, tested)| tested.run.is_err() || !tested.differences.is_empty());
    for (vector, tested) in bad().take(most) {
        show_vector(&mut out, vector, tested)?;
    }
    let hidden = bad().count().saturating_sub(most);
    if hidden > 0 {
        let advice = format!("--show {} shows all", bad().count());
        writeln!(out, "and {hidden} more; {}\n", style::hint(advice))?;
    }
    let broken = results.iter().filter(|tested| tested.run.is_err()).count();
    let differ = bad().count() - broken;
    let agree = results.len() - broken - differ;
    let counts = format!("{agree} of {} vectors agree", results.len());
    let counts = match (differ, broken) {
        (0, 0) => style::good(counts).to_string(),
        (differ, 0) => style::error(format!("{counts}, {differ} differ")).to_string(),
        (0, broken) => style::error(format!("{counts}, {broken} have no outcome")).to_string(),
        (differ, broken) => {
            let bad = format!("{counts}, {differ} differ, {broken} have no outcome");
            style::error(bad).to_string()
        }
    };
    writeln!(out, "{file}: {counts}")?;
    let used = |tested: &Tested| tested.run.as_ref().map_or(Ink::ZERO, |run| run.ink_used);
    let runs = || pairs().filter(|(_, tested)| tested.run.is_ok());
    let least = runs().min_by_key(|(_, tested)| used(tested));
    // The first of equals, as for the least.
    let most = runs().rev().max_by_key(|(_, tested)| used(tested));
    for (what, extreme) in [("least ink", least), ("most ink", most)] {
        if let Some((vector, tested)) = extreme {
            writeln!(out, "  {what:<18} {} in {}", used(tested), place(vector))?;
        }
    }
    out.flush()
}

fn show_vector(out: &mut impl Write, vector: &Vector, tested: &Tested) -> io::Result<()> {
    writeln!(out, "{}", place(vector))?;
    let mut rows = Vec::new();
    if let Err(fault) = &tested.run {
        rows.push(("no outcome", reason(fault)));
    }
    for difference in &tested.differences {
        match difference {
            Difference::Ending { expected, got } => {
                let from = first_difference(expected, got);
                rows.push(("expected", expectation(expected, from)));
                rows.push(("got", ending(got, from)));
            }
            Difference::Ink { most, got } => {
                rows.push(("expected", format!("at most {most}")));
                rows.push(("got", got.to_string()));
            }
        }
    }
    if let Ok(Report {
        cause: Some(cause), ..
    }) = &tested.run
    {
        rows.push(("because", cause.to_string()));
    }
    for (what, value) in rows {
        writeln!(out, "  {} {value}", style::hint(format!("{what:<11}")))?;
    }
    writeln!(out)
}

/// A vector's line and its name, which comes from a file.
fn place(vector: &Vector) -> impl fmt::Display {
    let name: String = vector.name.chars().flat_map(char::escape_debug).collect();
    format!("line {}, {name}", vector.line)
}

/// Why a run has no outcome. For an in-memory chain, its own error says what it cannot answer.
fn reason(fault: &Fault) -> String {
    match (fault, fault.source()) {
        (Fault::Host(_), Some(source)) => source.to_string(),
        _ => fault.to_string(),
    }
}

/// The position of the first byte at which two outputs of the same kind differ.
fn first_difference(expected: &Expected, got: &Ending) -> Option<usize> {
    let (expected, got) = match (expected, got) {
        (Expected::Output(expected), Ending::Output(got))
        | (Expected::Revert(Some(expected)), Ending::Revert(got)) => (expected, got),
        _ => return None,
    };
    let shared = expected.iter().zip(got.iter());
    Some(shared.take_while(|(one, other)| one == other).count())
}

fn expectation(expected: &Expected, from: Option<usize>) -> String {
    match expected {
        Expected::Output(output) => format!("success with {}", bytes(output, from)),
        Expected::Revert(Some(data)) => format!("revert with {}", bytes(data, from)),
        Expected::Revert(None) => "revert".to_owned(),
    }
}

fn ending(ending: &Ending, from: Option<usize>) -> String {
    match ending {
        Ending::Output(output) => format!("success with {}", bytes(output, from)),
        Ending::Revert(data) => format!("revert with {}", bytes(data, from)),
        Ending::Spent(how) => (*how).to_owned(),
    }
}

/// Bytes in hex; if there are many, only those around the first difference.
fn bytes(bytes: &[u8], differs: Option<usize>) -> String {
    let len = bytes.len();
    if len == 0 {
        return "nothing".to_owned();
    }
    if len <= MOST_BYTES {
        return format!("0x{} ({len} bytes)", hex::encode(bytes));
    }
    // Whole words, as in the ABI, with the one that differs second.
    let word = differs.unwrap_or_default() / 32;
    let start = (word.saturating_sub(1) * 32).min(len);
    let end = (start + MOST_BYTES).min(len);
    let before = if start > 0 { "…" } else { "0x" };
    let after = if end < len { "…" } else { "" };
    let digits = hex::encode(&bytes[start..end]);
    let place = match differs {
        Some(at) => format!(", bytes {start} to {end}, the first that differs is {at}"),
        None => String::new(),
    };
    format!("{before}{digits}{after} ({len} bytes{place})")
}

/// Prints one line of JSON per vector.
pub(super) fn print_lines(vectors: &[Vector], results: &[Tested]) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (vector, tested) in vectors.iter().zip(results) {
        serde_json::to_writer(&mut out, &Line::new(vector, tested))?;
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

/// The format that README.md describes.
#[derive(Serialize)]
struct Line<'a> {
    line: usize,
    name: &'a str,
    agrees: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    run: Option<RunLine>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<DifferenceLine>,
}

#[derive(Serialize)]
struct RunLine {
    outcome: &'static str,
    ink_used: u64,
    pages: u32,
    output: String,
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum DifferenceLine {
    Output { expected: String },
    Reverts { expected: Option<String> },
    MaxInk { expected: u64 },
}

impl<'a> Line<'a> {
    fn new(vector: &'a Vector, tested: &Tested) -> Self {
        let run = tested.run.as_ref();
        Self {
            line: vector.line,
            name: &vector.name,
            agrees: run.is_ok() && tested.differences.is_empty(),
            error: run.err().map(reason),
            run: run.ok().map(|report| RunLine {
                outcome: run::word(report.outcome),
                ink_used: report.ink_used.0,
                pages: report.pages,
                output: hex::encode(&report.output),
            }),
            differences: tested.differences.iter().map(DifferenceLine::of).collect(),
        }
    }
}

impl DifferenceLine {
    fn of(difference: &Difference) -> Self {
        match difference {
            Difference::Ending {
                expected: Expected::Output(output),
                ..
            } => Self::Output {
                expected: hex::encode(output),
            },
            Difference::Ending {
                expected: Expected::Revert(data),
                ..
            } => Self::Reverts {
                expected: data.as_ref().map(hex::encode),
            },
            Difference::Ink { most, .. } => Self::MaxInk { expected: most.0 },
        }
    }
}
