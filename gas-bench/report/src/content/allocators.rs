//! What allocations cost under several allocators.
//!
//! Lives here: rows, words and ratios. Not here: the keys of JSON and CSV (`json`, `csv`), measuring.

mod csv;
mod json;

use stylus_cargo::Allocator;

use crate::document::{Cell, Column, Content, Document, Item, Rank, Row, Table, Text, Tone};
use crate::figures::edge_cases::{
    self, CONTRACT, Case, Conditions, Function, Measurement, Results,
};
use crate::figures::{Bytes, PageCount, Sizes};
use crate::words::{compilers, grouped};

/// The output of `cargo gas-bench` without a subcommand.
#[derive(Clone, Copy, Debug)]
pub struct AllocatorsContent<'a> {
    /// The figures.
    pub results: &'a Results,
}

impl Content for AllocatorsContent<'_> {
    fn document(&self, _: bool) -> Document {
        let results = self.results;
        let mut document = Document::new(heading(results), &[]);
        let failures = results.failures();
        let failures = failures.map(|failure| Item::new(Text::default(), failure.to_string()));
        document.list(Rank::Vital, Tone::Worse, failures);
        for &conditions in &results.conditions {
            document.heading(Rank::Vital, conditions_title(conditions));
            document.push(Rank::Vital, measured(results, conditions));
        }
        document.heading(Rank::Vital, "Size of the wasm in bytes");
        document.push(Rank::Vital, sizes(results));
        document.notes(notes(results));
        document
    }

    fn json(&self) -> String {
        json::told(self.results)
    }

    /// A row for each allocator's sizes and for each case, or for the reason why it has no figures; the column `kind` says which.
    fn csv(&self) -> String {
        csv::rows(self.results)
    }
}

fn heading(results: &Results) -> String {
    let from = &results.provenance;
    format!(
        "Gas of {CONTRACT} in the Stylus VM: ArbOS {}, {} ink = 1 gas, {}",
        from.arbos,
        grouped(from.ink_price.ink_per_gas().into()),
        compilers(&from.toolchain),
    )
}

fn allocators(results: &Results) -> impl Iterator<Item = Allocator> {
    results.variants.keys().copied()
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

/// A row for each quantity of each function, and a column for each allocator.
fn measured(results: &Results, conditions: Conditions) -> Table {
    let rows = Function::ALL.iter().flat_map(|&function| {
        let case = Case {
            conditions,
            function,
        };
        group(results, case)
    });
    Table::new("quantities", columns(results, "function"), rows)
}

fn columns(results: &Results, name: &str) -> Vec<Column> {
    let heads = [Column::name(name), Column::words("")].into_iter();
    let figures = allocators(results).map(|allocator| Column::figure(allocator.title()));
    heads.chain(figures).collect()
}

/// One quantity under every allocator, some of which can have failed.
fn row(results: &Results, names: [&str; 2], cell: &dyn Fn(Allocator) -> Option<Cell>) -> Row {
    let cells = allocators(results).map(|allocator| cell(allocator).unwrap_or(Cell::Failed));
    let [about, quantity] = names;
    let names = [Cell::name(about), Cell::words(quantity)].into_iter();
    Row::plain(names.chain(cells))
}

/// The quantities of one case.
fn group(results: &Results, case: Case) -> Vec<Row> {
    let measured = |allocator| results.measurement(allocator, case);
    let row = |quantity, cell: &dyn Fn(Allocator) -> Option<Cell>| {
        row(results, [case.function.name(), quantity], cell)
    };
    let figure = |quantity, of: fn(&Measurement) -> u64| {
        row(quantity, &|allocator| {
            Some(Cell::figure(of(&measured(allocator)?)))
        })
    };
    let mut rows = vec![figure("gas", |it| it.gas.0).parted()];
    if case.conditions.page_costs() {
        rows.push(figure("for pages", |it| it.page_gas.0));
        rows.push(figure("for work", |it| {
            it.gas.saturating_sub(it.page_gas).0
        }));
    }
    rows.extend([
        figure("ink", |it| it.ink.0),
        row("ratio", &|allocator| {
            measured(allocator)?;
            let ratio = ratio(results, allocator, case);
            Some(ratio.map_or(Cell::Nothing, |ratio| Cell::words(times(ratio))))
        }),
        figure("pages", |it| it.pages.0.into()),
    ]);
    if case.conditions == Conditions::Published {
        rows.push(row("published", &|allocator| {
            let gas = edge_cases::published(allocator, case);
            Some(gas.map_or(Cell::Nothing, |gas| Cell::words(rounded(gas.0))))
        }));
    }
    rows
}

fn sizes(results: &Results) -> Table {
    let row = |quantity, of: fn(Sizes) -> Bytes| {
        let size = |allocator| Some(Cell::figure(of(results.sizes(allocator)?).0));
        row(results, ["wasm", quantity], &size)
    };
    let rows = [
        row("built", |sizes| sizes.built),
        row("raw", |sizes| sizes.processed),
        row("brotli", |sizes| sizes.code),
    ];
    Table::new("sizes", columns(results, ""), rows)
}

/// What a reader must know about the figures, a paragraph each.
fn notes(results: &Results) -> Vec<String> {
    let mut notes = vec![
        "gas, ink: the allocations alone. The contract itself reads the VM's meter before and after them, so starting the call and \
         checking the blocks are not included."
            .to_owned(),
        "ratio: ink relative to MiniAlloc's. pages: 64 KiB each, at the end of the sequence.".to_owned(),
    ];
    if results.conditions.contains(&Conditions::Published) {
        notes.push(format!(
            "published: gas from mini-alloc 1.0.0's README, not measured in this run. Our figures differ because the ink schedule and the \
             compilers have changed since, so compare ratios. As in that README, page costs are off; otherwise nobody could pay for the \
             larger heaps. Source: {}",
            edge_cases::SOURCE
        ));
    }
    if results
        .conditions
        .iter()
        .any(|conditions| conditions.page_costs())
    {
        notes.push(
            "for pages: the gas that paid for memory. Every allocator gets the same requests, those that the sequence makes of a bump \
             allocator; how many pages they take depends on the allocator. for work: the rest, which the allocator itself spends."
                .to_owned(),
        );
    }
    notes.push(
        "wasm: built is the compiler's output, raw what cargo stylus prepares for deployment, brotli what the chain stores, including the \
         4-byte prefix."
            .to_owned(),
    );
    notes
}

/// A figure whose source gives it in millions, if it is that large.
fn rounded(value: u64) -> String {
    const MILLION: u64 = 1_000_000;
    if value >= MILLION && value.is_multiple_of(MILLION) {
        format!("{} million", grouped(value / MILLION))
    } else {
        grouped(value)
    }
}

/// The ink of `case` under `allocator` as a multiple of the reference allocator's, if both were measured.
#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio is shown to a few digits"
)]
fn ratio(results: &Results, allocator: Allocator, case: Case) -> Option<f64> {
    let ink = results.measurement(allocator, case)?.ink.0;
    let reference = results.measurement(Allocator::REFERENCE, case)?.ink.0;
    (reference > 0).then(|| ink as f64 / reference as f64)
}

/// A multiple, to two decimals if it is small.
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
