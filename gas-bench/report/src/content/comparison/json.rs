//! The comparison for programs.
//!
//! Lives here: the keys; renaming or dropping one raises `SCHEMA`. Not here: the figures (`compare`), which stay free of any format.

use std::collections::BTreeSet;

use serde::Serialize;
use stylus_cargo::{Hindrance, Lto, Variant};

use super::advice;
use super::summary::Summary;
use crate::document::json;
use crate::figures::comparison::{CallFigures, Comparison, Heat, Measured, SCHEMA};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    contract: &'a str,
    own_opt_level: &'a str,
    /// Why the author's own build lacks the link-time optimisation it asks for.
    lto_hindrance: Option<&'a Hindrance>,
    wasm_opt: Option<&'a str>,
    /// The calls over which `relative_gas` averages.
    compared_calls: &'a [&'a str],
    variants: Vec<VariantReport<'a>>,
    left_out: &'a [String],
    advice: &'a BTreeSet<String>,
    recommendation: String,
}

/// How it was built; null stands for the author's own setting.
#[derive(Serialize)]
struct Name {
    allocator: Option<&'static str>,
    opt_level: Option<&'static str>,
    lto: Option<&'static str>,
    wasm_opt: &'static str,
}

#[derive(Serialize)]
struct VariantReport<'a> {
    #[serde(flatten)]
    name: Name,
    /// The first variant with the same module.
    same_as: Option<Name>,
    #[serde(flatten)]
    outcome: Outcome<'a, FiguresReport<'a>>,
}

/// Figures, each under its own key, or why there are none.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a, Figures> {
    Figures(Figures),
    Failed { failure: &'a str },
}

#[derive(Serialize)]
struct FiguresReport<'a> {
    code_bytes: u64,
    account_limit_bytes: u64,
    accounts: u32,
    deploy_gas: u64,
    activation_gas: u64,
    /// The geometric mean against today's build, to six decimals.
    relative_gas: Option<f64>,
    /// The same mean with the program in the chain's cache.
    relative_cached_gas: Option<f64>,
    calls: Vec<CallReport<'a>>,
}

#[derive(Serialize)]
struct CallReport<'a> {
    call: &'a str,
    #[serde(flatten)]
    outcome: Outcome<'a, TotalReport>,
}

#[derive(Serialize)]
struct TotalReport {
    runs: u64,
    gas: u64,
    cached_gas: u64,
    ink: u64,
}

pub(super) fn told(comparison: &Comparison) -> String {
    let summary = Summary::new(comparison);
    let variants = comparison.variants.iter();
    let document = Document {
        schema: SCHEMA,
        contract: &comparison.contract,
        own_opt_level: &comparison.own_level,
        lto_hindrance: comparison.lto_hindrance.as_ref(),
        wasm_opt: comparison.wasm_opt.as_deref(),
        compared_calls: &summary.common,
        variants: variants
            .map(|measured| report(&summary, measured))
            .collect(),
        left_out: &comparison.left_out,
        advice: &comparison.advice,
        recommendation: advice::sentence(&summary),
    };
    json(&document)
}

fn report<'a>(summary: &Summary<'_>, measured: &'a Measured) -> VariantReport<'a> {
    let outcome = match &measured.outcome {
        Ok(figures) => Outcome::Figures(FiguresReport {
            code_bytes: figures.code.0,
            account_limit_bytes: figures.account_limit.0,
            accounts: figures.accounts,
            deploy_gas: figures.deploy_gas.0,
            activation_gas: figures.activation_gas.0,
            relative_gas: six_decimals(summary.relative_gas(figures, Heat::Uncached)),
            relative_cached_gas: six_decimals(summary.relative_gas(figures, Heat::Cached)),
            calls: figures.calls.iter().map(call).collect(),
        }),
        Err(failure) => Outcome::Failed { failure },
    };
    VariantReport {
        name: name(measured.variant),
        same_as: measured.same_as.map(name),
        outcome,
    }
}

fn six_decimals(multiple: Option<f64>) -> Option<f64> {
    multiple.map(|multiple| (multiple * 1e6).round() / 1e6)
}

fn call(call: &CallFigures) -> CallReport<'_> {
    let outcome = match &call.total {
        Ok(total) => Outcome::Figures(TotalReport {
            runs: total.runs,
            gas: total.gas.0,
            cached_gas: total.cached_gas.0,
            ink: total.ink.0,
        }),
        Err(failure) => Outcome::Failed { failure },
    };
    CallReport {
        call: &call.name,
        outcome,
    }
}

fn name(variant: Variant) -> Name {
    Name {
        allocator: allocator(variant),
        opt_level: level(variant),
        lto: lto(variant),
        wasm_opt: variant.wasm_opt.name(),
    }
}

/// The allocator's name on the command line; `None` for the author's own.
pub(super) fn allocator(variant: Variant) -> Option<&'static str> {
    variant.allocator.map(|allocator| allocator.name())
}

/// The level's name in a profile; `None` for the author's own.
pub(super) fn level(variant: Variant) -> Option<&'static str> {
    variant.level.map(|level| level.name())
}

/// Whether link-time optimisation is on; `None` for the author's own setting.
pub(super) fn lto(variant: Variant) -> Option<&'static str> {
    variant.lto.map(Lto::name)
}
