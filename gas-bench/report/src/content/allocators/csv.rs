//! The allocators for spreadsheets and scripts.
//!
//! Lives here: the columns, and which of them each kind of row fills. Not here: what the figures are (`measurement`).

use serde::Serialize;
use stylus_cargo::Allocator;

use super::ratio;
use crate::document::csv;
use crate::figures::Sizes;
use crate::figures::edge_cases::{self, Case, Measurement, Results};

/// A row of any kind; columns that do not apply stay empty.
#[derive(Clone, Default, Serialize)]
struct Row {
    kind: &'static str,
    allocator: &'static str,
    function: &'static str,
    conditions: &'static str,
    gas: Option<u64>,
    page_gas: Option<u64>,
    ink: Option<u64>,
    pages: Option<u32>,
    /// To four decimals.
    ratio: Option<f64>,
    published_gas: Option<u64>,
    wasm_built_bytes: Option<u64>,
    wasm_raw_bytes: Option<u64>,
    wasm_brotli_bytes: Option<u64>,
    /// Why there are no figures.
    message: String,
}

pub(super) fn rows(results: &Results) -> String {
    let variants = results.variants.iter();
    csv(variants.flat_map(|(&allocator, variant)| match variant {
        Err(failure) => vec![Row {
            kind: "failure",
            allocator: allocator.name(),
            message: failure.to_string(),
            ..Row::default()
        }],
        Ok(variant) => {
            let cases = variant.cases.iter().map(|(&case, outcome)| match outcome {
                Ok(measurement) => measured(results, allocator, case, measurement),
                Err(failure) => Row {
                    message: failure.to_string(),
                    ..of_case("failure", allocator, case)
                },
            });
            [sizes(allocator, variant.sizes)]
                .into_iter()
                .chain(cases)
                .collect()
        }
    }))
}

fn sizes(allocator: Allocator, sizes: Sizes) -> Row {
    Row {
        kind: "sizes",
        allocator: allocator.name(),
        wasm_built_bytes: Some(sizes.built.0),
        wasm_raw_bytes: Some(sizes.processed.0),
        wasm_brotli_bytes: Some(sizes.code.0),
        ..Row::default()
    }
}

fn of_case(kind: &'static str, allocator: Allocator, case: Case) -> Row {
    Row {
        kind,
        allocator: allocator.name(),
        function: case.function.name(),
        conditions: case.conditions.name(),
        published_gas: edge_cases::published(allocator, case).map(|gas| gas.0),
        ..Row::default()
    }
}

fn measured(results: &Results, allocator: Allocator, case: Case, it: &Measurement) -> Row {
    let ratio = ratio(results, allocator, case);
    Row {
        gas: Some(it.gas.0),
        page_gas: Some(it.page_gas.0),
        ink: Some(it.ink.0),
        pages: Some(it.pages.0),
        ratio: ratio.map(|ratio| (ratio * 10_000.0).round() / 10_000.0),
        ..of_case("case", allocator, case)
    }
}
