//! Results as text for people and programs.
//!
//! Lives here: the rows, words and ratios that the formats share. Not here: measuring, files, terminals. Every function
//! is pure; no other part of the crate computes a ratio or formats a figure.

pub mod compare;
pub mod contracts;
mod csv;
mod json;
pub mod league;
mod lto;
mod markdown;
pub mod page;
pub mod plot;
pub mod profile;
pub mod rehearsal;
pub mod size;
mod table;
mod terminal;
pub mod transplant;

use crate::cargo::{Allocator, CONTRACT};
use crate::figures::edge_cases::{self, Case, Conditions, Function, Measurement, Results};
use crate::figures::{Bytes, PageCount};
use crate::words::grouped;

/// The shape of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For a terminal, at most 100 columns wide.
    Table,
    /// For a pull request's comment or a job's summary.
    Markdown,
    /// For programs: stable keys and a schema version.
    Json,
}

/// Whether a table is coloured. The other formats never are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// With ANSI escape sequences.
    Ansi,
    /// Plain text.
    Never,
}

/// The report on `results`, ending in a line feed.
pub fn render(results: &Results, format: Format, colour: Colour) -> String {
    match format {
        Format::Table => table::render(results, colour),
        Format::Markdown => markdown::render(results),
        Format::Json => json::render(results),
    }
}

/// What a cell says where there is no figure; the reason is listed below the tables.
const FAILED: &str = "FAILED";

/// What a cell says where there is nothing to say.
const NOTHING: &str = "–";

/// One table of the report: a column per allocator.
struct Section {
    title: String,
    groups: Vec<Group>,
}

/// Consecutive rows about one thing.
struct Group {
    name: &'static str,
    rows: Vec<Row>,
}

/// One quantity under every allocator.
struct Row {
    name: &'static str,
    cells: Vec<String>,
}

/// How large figures are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// In full.
    All,
    /// In billions from one billion on, so that six columns fit a terminal.
    Few,
}

fn heading(results: &Results) -> String {
    let from = &results.provenance;
    format!(
        "Gas of {CONTRACT} in the Stylus VM: ArbOS {}, {} ink = 1 gas, {}",
        from.arbos,
        grouped(from.ink_price.ink_per_gas().into()),
        // The commit and its date would only widen the line.
        from.toolchain.split(" (").next().unwrap_or_default(),
    )
}

fn allocators(results: &Results) -> impl Iterator<Item = Allocator> {
    results.variants.keys().copied()
}

fn sections(results: &Results, digits: Digits) -> Vec<Section> {
    let measured = results.conditions.iter().map(|&conditions| Section {
        title: conditions_title(conditions),
        groups: Function::ALL
            .iter()
            .map(|&function| {
                group(
                    results,
                    Case {
                        conditions,
                        function,
                    },
                    digits,
                )
            })
            .collect(),
    });
    measured.chain([sizes(results)]).collect()
}

fn conditions_title(conditions: Conditions) -> String {
    let costs = if conditions.page_costs() { "on" } else { "off" };
    let PageCount(limit) = conditions.page_limit();
    let mut title = conditions.title().to_owned();
    title[..1].make_ascii_uppercase();
    format!(
        "{title}: page costs {costs}, limit {} pages",
        grouped(limit.into())
    )
}

fn group(results: &Results, case: Case, digits: Digits) -> Group {
    let row = |name, cell: &dyn Fn(Allocator) -> Option<String>| Row {
        name,
        cells: allocators(results)
            .map(|allocator| cell(allocator).unwrap_or_else(|| FAILED.to_owned()))
            .collect(),
    };
    let measured = |allocator| results.measurement(allocator, case);
    let mut rows = vec![
        row("gas", &|allocator| {
            Some(figure(measured(allocator)?.gas.0, digits))
        }),
        row("ink", &|allocator| {
            Some(figure(measured(allocator)?.ink.0, digits))
        }),
        row("ratio", &|allocator| {
            measured(allocator)?;
            Some(ratio(results, allocator, case).map_or_else(|| NOTHING.to_owned(), times))
        }),
        row("pages", &|allocator| {
            Some(grouped(measured(allocator)?.pages.0.into()))
        }),
    ];
    if case.conditions.page_costs() {
        let page_gas = row("for pages", &|allocator| {
            Some(grouped(measured(allocator)?.page_gas.0))
        });
        let work = row("for work", &|allocator| {
            let Measurement { gas, page_gas, .. } = measured(allocator)?;
            Some(grouped(gas.saturating_sub(page_gas).0))
        });
        rows.splice(1..1, [page_gas, work]);
    }
    if case.conditions == Conditions::Published {
        rows.push(row("published", &|allocator| {
            let gas = edge_cases::published(allocator, case);
            Some(gas.map_or_else(|| NOTHING.to_owned(), |gas| rounded(gas.0)))
        }));
    }
    Group {
        name: case.function.name(),
        rows,
    }
}

fn sizes(results: &Results) -> Section {
    let row = |name, of: fn(crate::figures::Sizes) -> Bytes| Row {
        name,
        cells: allocators(results)
            .map(|allocator| match results.sizes(allocator) {
                Some(sizes) => grouped(of(sizes).0),
                None => FAILED.to_owned(),
            })
            .collect(),
    };
    let rows = vec![
        row("built", |sizes| sizes.built),
        row("raw", |sizes| sizes.processed),
        row("brotli", |sizes| sizes.code),
    ];
    Section {
        title: "Size of the wasm in bytes".to_owned(),
        groups: vec![Group { name: "wasm", rows }],
    }
}

/// What a reader has to know about the figures, a paragraph each.
fn notes(results: &Results, digits: Digits) -> Vec<String> {
    let mut notes = vec![
        "gas, ink: the allocations alone, read off the VM's meter by the contract itself before and after them. Starting \
         the call and checking the blocks is not in it."
            .to_owned(),
        "ratio: ink relative to MiniAlloc's. pages: 64 KiB each, at the end of the sequence.".to_owned(),
    ];
    if digits == Digits::Few {
        notes.push("bn: billion. --format json has every digit.".to_owned());
    }
    if results.conditions.contains(&Conditions::Published) {
        notes.push(format!(
            "published: gas as in mini-alloc 1.0.0's README, measured elsewhere; no figure of this run. Ours differ \
             because the ink schedule and the compilers have moved on since, so compare ratios. As there, page costs \
             are off, or the larger heaps could not be paid for at all. Source: {}",
            edge_cases::SOURCE
        ));
    }
    if results
        .conditions
        .iter()
        .any(|conditions| conditions.page_costs())
    {
        notes.push(
            "for pages: what of the gas was for memory. All allocators get the same requests, those that the sequence makes \
             of a bump allocator; how many pages that takes is theirs. for work: the rest, which is what the allocator itself \
             spends."
                .to_owned(),
        );
    }
    notes.push(
        "wasm: as built; raw as cargo stylus prepares it for deployment; brotli as the chain stores it, 4-byte prefix \
         included."
            .to_owned(),
    );
    notes
}

fn figure(value: u64, digits: Digits) -> String {
    const BILLION: u64 = 1_000_000_000;
    match digits {
        Digits::Few if value >= BILLION => {
            let hundredths = value / (BILLION / 100);
            format!("{}.{:02} bn", grouped(hundredths / 100), hundredths % 100)
        }
        Digits::All | Digits::Few => grouped(value),
    }
}

/// A figure that its source gives in millions where it has that many.
fn rounded(value: u64) -> String {
    const MILLION: u64 = 1_000_000;
    if value >= MILLION && value.is_multiple_of(MILLION) {
        format!("{} million", grouped(value / MILLION))
    } else {
        grouped(value)
    }
}

/// The ink of `case` under `allocator` as a multiple of what the reference allocator used, where both were measured.
#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio is shown to a few digits"
)]
fn ratio(results: &Results, allocator: Allocator, case: Case) -> Option<f64> {
    let ink = results.measurement(allocator, case)?.ink.0;
    let reference = results.measurement(Allocator::REFERENCE, case)?.ink.0;
    (reference > 0).then(|| ink as f64 / reference as f64)
}

/// A multiple, to two decimals while it is small.
fn times(ratio: f64) -> String {
    let digits = format!("{ratio:.0}");
    match digits.parse() {
        Ok(whole) if ratio >= 100.0 => format!("{}×", grouped(whole)),
        _ => format!("{ratio:.2}×"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_readers() {
        for (value, text) in [
            (999_999_999, "999,999,999"),
            (1_000_000_000, "1.00 bn"),
            (243_079_000_000, "243.07 bn"),
            (1_000_950_000_000, "1,000.95 bn"),
        ] {
            assert_eq!(figure(value, Digits::Few), text);
            assert_eq!(figure(value, Digits::All), grouped(value));
        }
        for (value, text) in [
            (721, "721"),
            (95_000_000, "95 million"),
            (95_000_001, "95,000,001"),
        ] {
            assert_eq!(rounded(value), text);
        }
        for (ratio, text) in [
            (1.0, "1.00×"),
            (2.394_52, "2.39×"),
            (99.999, "100.00×"),
            (118_389.4, "118,389×"),
        ] {
            assert_eq!(times(ratio), text);
        }
    }
}
