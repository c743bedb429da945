//! The report for programs.
//!
//! Lives here: the keys of the JSON report; renaming or dropping one raises `SCHEMA`. Not here: the results themselves
//! (`measurement`), which stay free of any format.

use serde::Serialize;
use stylus_cargo::Allocator;

use super::ratio;
use crate::document::json;
use crate::figures::Sizes;
use crate::figures::edge_cases::{
    self, CONTRACT, Case, Failure, Measurement, Results, SCHEMA, Variant,
};

#[derive(Serialize)]
struct Report {
    schema: u32,
    contract: &'static str,
    toolchain: String,
    arbos: u64,
    ink_per_gas: u32,
    allocators: Vec<AllocatorReport>,
    results: Vec<ResultReport>,
}

#[derive(Serialize)]
struct AllocatorReport {
    allocator: &'static str,
    title: &'static str,
    #[serde(flatten)]
    outcome: Outcome<SizesReport>,
}

/// A case that was run. Allocators that could not be built have no cases.
#[derive(Serialize)]
struct ResultReport {
    allocator: &'static str,
    function: &'static str,
    conditions: &'static str,
    page_costs: bool,
    page_limit: u32,
    #[serde(flatten)]
    outcome: Outcome<MeasurementReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<PublishedReport>,
}

/// Figures, each under its own key, or why there are none.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<Figures> {
    Figures(Figures),
    Failed { failure: String },
}

#[derive(Serialize)]
struct SizesReport {
    wasm_built_bytes: u64,
    wasm_raw_bytes: u64,
    wasm_brotli_bytes: u64,
}

#[derive(Serialize)]
struct MeasurementReport {
    gas: u64,
    page_gas: u64,
    ink: u64,
    pages: u32,
    /// To four decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

/// A published figure, not measured in this run.
#[derive(Serialize)]
struct PublishedReport {
    gas: u64,
    source: &'static str,
}

pub(super) fn told(results: &Results) -> String {
    let from = &results.provenance;
    let report = Report {
        schema: SCHEMA,
        contract: CONTRACT,
        toolchain: from.toolchain.clone(),
        arbos: from.arbos,
        ink_per_gas: from.ink_price.ink_per_gas(),
        allocators: results
            .variants
            .iter()
            .map(|(&a, variant)| allocator(a, variant))
            .collect(),
        results: results
            .variants
            .iter()
            .filter_map(|(&allocator, variant)| Some((allocator, variant.as_ref().ok()?)))
            .flat_map(|(allocator, variant)| {
                variant
                    .cases
                    .iter()
                    .map(move |(&case, outcome)| result(results, allocator, case, outcome))
            })
            .collect(),
    };
    json(&report)
}

fn allocator(allocator: Allocator, variant: &Result<Variant, Failure>) -> AllocatorReport {
    let outcome = match variant {
        Ok(Variant {
            sizes:
                Sizes {
                    built,
                    processed,
                    code,
                    ..
                },
            ..
        }) => Outcome::Figures(SizesReport {
            wasm_built_bytes: built.0,
            wasm_raw_bytes: processed.0,
            wasm_brotli_bytes: code.0,
        }),
        Err(failure) => Outcome::Failed {
            failure: failure.to_string(),
        },
    };
    AllocatorReport {
        allocator: allocator.name(),
        title: allocator.title(),
        outcome,
    }
}

fn result(
    results: &Results,
    allocator: Allocator,
    case: Case,
    outcome: &Result<Measurement, Failure>,
) -> ResultReport {
    let outcome = match outcome {
        Ok(measurement) => Outcome::Figures(MeasurementReport {
            gas: measurement.gas.0,
            page_gas: measurement.page_gas.0,
            ink: measurement.ink.0,
            pages: measurement.pages.0,
            ratio: ratio(results, allocator, case)
                .map(|ratio| (ratio * 10_000.0).round() / 10_000.0),
        }),
        Err(failure) => Outcome::Failed {
            failure: failure.to_string(),
        },
    };
    ResultReport {
        allocator: allocator.name(),
        function: case.function.name(),
        conditions: case.conditions.name(),
        page_costs: case.conditions.page_costs(),
        page_limit: case.conditions.page_limit().0,
        outcome,
        published: edge_cases::published(allocator, case).map(|gas| PublishedReport {
            gas: gas.0,
            source: edge_cases::SOURCE,
        }),
    }
}
