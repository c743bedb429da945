//! The comparison for spreadsheets and scripts.
//!
//! Lives here: the columns. Not here: what the figures are (`compare`).

use serde::Serialize;

use super::json::{allocator, level, lto};
use crate::document::csv;
use crate::figures::comparison::{Comparison, Measured};

/// A call of a variant, or a variant without calls; columns that do not apply stay empty.
#[derive(Clone, Default, Serialize)]
struct Row<'a> {
    contract: &'a str,
    allocator: &'static str,
    opt_level: &'static str,
    lto: &'static str,
    wasm_opt: &'static str,
    code_bytes: Option<u64>,
    account_limit_bytes: Option<u64>,
    accounts: Option<u32>,
    deploy_gas: Option<u64>,
    activation_gas: Option<u64>,
    call: &'a str,
    runs: Option<u64>,
    gas: Option<u64>,
    cached_gas: Option<u64>,
    ink: Option<u64>,
    /// Why there are no figures.
    failure: &'a str,
}

pub(super) fn told(comparisons: &[Comparison]) -> String {
    csv(comparisons.iter().flat_map(|comparison| {
        let variants = comparison.variants.iter();
        variants.flat_map(|measured| rows(&comparison.contract, measured))
    }))
}

fn rows<'a>(contract: &'a str, measured: &'a Measured) -> Vec<Row<'a>> {
    let variant = Row {
        contract,
        allocator: allocator(measured.variant).unwrap_or("today"),
        opt_level: level(measured.variant).unwrap_or("today"),
        lto: lto(measured.variant).unwrap_or("today"),
        wasm_opt: measured.variant.wasm_opt.name(),
        ..Row::default()
    };
    let figures = match &measured.outcome {
        Ok(figures) => figures,
        Err(failure) => return vec![Row { failure, ..variant }],
    };
    let variant = Row {
        code_bytes: Some(figures.code.0),
        account_limit_bytes: Some(figures.account_limit.0),
        accounts: Some(figures.accounts),
        deploy_gas: Some(figures.deploy_gas.0),
        activation_gas: Some(figures.activation_gas.0),
        ..variant
    };
    let calls: Vec<_> = figures
        .calls
        .iter()
        .map(|call| {
            let total = call.total.as_ref().ok();
            Row {
                call: &call.name,
                runs: total.map(|total| total.runs),
                gas: total.map(|total| total.gas.0),
                cached_gas: total.map(|total| total.cached_gas.0),
                ink: total.map(|total| total.ink.0),
                failure: call.total.as_ref().err().map_or("", String::as_str),
                ..variant.clone()
            }
        })
        .collect();
    if calls.is_empty() {
        vec![variant]
    } else {
        calls
    }
}
