//! The two tables of a comparison: the contract as a whole, and each call.
//!
//! Lives here: their rows and columns, and which cells are the best. Not here: the orientation of a table (`document`).

use stylus_cargo::{Lto, Variant};

use super::summary::{Summary, signed_percent};
use crate::content::lto::{self, Quantities};
use crate::document::{Cell, Column, Item, Row, Table};
use crate::figures::comparison::{Comparison, Heat, VariantFigures};
use crate::words::{counted, grouped};

/// One quantity under every variant.
struct Quantity<'a> {
    name: &'a str,
    cells: Vec<Cell>,
}

/// The quantities of the contract as a whole.
pub(super) fn of_contract(summary: &Summary<'_>) -> Table {
    table(summary, "variants", &contract_quantities(summary))
}

/// The gas of each call; empty if there are no calls.
pub(super) fn of_calls(summary: &Summary<'_>) -> Table {
    let quantities = call_quantities(summary);
    let mut table = table(summary, "variants, call by call", &quantities);
    if quantities.is_empty() {
        table.rows.clear();
    }
    table
}

/// A row for each variant, grouped by allocator.
fn table(summary: &Summary<'_>, about: &'static str, quantities: &[Quantity<'_>]) -> Table {
    let comparison = summary.comparison;
    let heads = heads(comparison).into_iter().enumerate();
    let heads = heads.map(|(index, head)| match index {
        0 => Column::name(head),
        _ => Column::words(head),
    });
    let titles = quantities.iter().map(|it| Column::figure(it.name));
    let mut last = None;
    let rows = comparison
        .variants
        .iter()
        .enumerate()
        .map(|(index, measured)| {
            let variant = measured.variant;
            let parts = parts(comparison, variant).into_iter().map(Cell::words);
            let figures = quantities
                .iter()
                .filter_map(|it| it.cells.get(index).cloned());
            let row = Row::plain(parts.chain(figures));
            let is_other = last
                .replace(variant.allocator)
                .is_some_and(|last| last != variant.allocator);
            if is_other { row.parted() } else { row }
        });
    Table {
        is_matrix: true,
        ..Table::new(about, heads.chain(titles), rows)
    }
}

/// The names of the variants' dimensions, in column order. Link-time optimisation is one of them if it was varied.
fn heads(comparison: &Comparison) -> Vec<&'static str> {
    let lto = is_lto_varied(comparison).then_some("lto");
    let heads = ["allocator", "opt-level"].into_iter().chain(lto);
    heads.chain(["wasm-opt"]).collect()
}

/// A variant's value in each dimension.
fn parts(comparison: &Comparison, variant: Variant) -> Vec<String> {
    /// The author's own setting.
    const OWN: &str = "as today";
    let own = || OWN.to_owned();
    let lto = || variant.lto.map_or_else(own, |it| it.name().to_owned());
    let build = [
        variant.allocator.map_or_else(own, |it| it.to_string()),
        variant.level.map_or_else(own, |it| it.to_string()),
    ];
    let lto = is_lto_varied(comparison).then(lto);
    let parts = build.into_iter().chain(lto);
    parts.chain([variant.wasm_opt.to_string()]).collect()
}

fn is_lto_varied(comparison: &Comparison) -> bool {
    comparison
        .variants
        .iter()
        .any(|it| it.variant.lto.is_some())
}

/// What the author's own build loses without the link-time optimisation it asks for, if that was measured.
fn missed_lto(comparison: &Comparison) -> Option<String> {
    let hindrance = comparison.lto_hindrance.as_ref()?;
    let today = comparison.today()?;
    let with = comparison.figures(Variant {
        lto: Some(Lto::On),
        ..Variant::TODAY
    })?;
    let calls = today.calls.iter().filter_map(|call| {
        let without = call.total.as_ref().ok()?.gas;
        Some((without.0, with.total(&call.name)?.gas.0))
    });
    let quantities = Quantities::of_code(today.code, with.code)
        .and(
            today.activation_gas.0,
            with.activation_gas.0,
            "gas of its activation",
        )
        .and_calls(&calls.collect::<Vec<_>>());
    Some(format!("{}.", lto::weighed(hindrance, &quantities)))
}

fn contract_quantities(summary: &Summary<'_>) -> Vec<Quantity<'static>> {
    let number = |value: fn(&VariantFigures) -> u64| {
        move |figures: &VariantFigures| {
            Some((Cell::figure(value(figures)), Rank::Whole(value(figures))))
        }
    };
    let gas = |name, heat| {
        quantity(summary, name, &|figures| {
            let multiple = summary.relative_gas(figures, heat)?;
            let percent = Cell::words(signed_percent(multiple));
            Some((percent, Rank::Multiple(multiple)))
        })
    };
    let code = quantity(summary, "code bytes", &|figures| {
        let mark = if figures.fits() { "" } else { "!" };
        let text = format!("{mark}{}", grouped(figures.code.0));
        Some((Cell::words(text), Rank::Whole(figures.code.0)))
    });
    let activation = number(|figures| figures.activation_gas.0);
    let deployment = number(|figures| figures.deploy_gas.0);
    vec![
        gas("gas of calls", Heat::Uncached),
        gas("and cached", Heat::Cached),
        code,
        quantity(summary, "activation gas", &activation),
        quantity(summary, "deployment gas", &deployment),
    ]
}

fn call_quantities<'a>(summary: &Summary<'a>) -> Vec<Quantity<'a>> {
    let calls = summary.calls.iter();
    calls
        .map(|name| {
            quantity(summary, name, &|figures| {
                let gas = figures.total(name)?.gas.0;
                Some((Cell::figure(gas), Rank::Whole(gas)))
            })
        })
        .collect()
}

/// What cells are compared by; less is better.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Rank {
    Whole(u64),
    Multiple(f64),
}

fn quantity<'a>(
    summary: &Summary<'_>,
    name: &'a str,
    of: &dyn Fn(&VariantFigures) -> Option<(Cell, Rank)>,
) -> Quantity<'a> {
    let is_average = summary.calls.iter().all(|call| *call != name);
    let found: Vec<_> = summary
        .comparison
        .variants
        .iter()
        .map(|measured| measured.outcome.as_ref().map(of))
        .collect();
    let ranks = || {
        found
            .iter()
            .filter_map(|it| Some(it.as_ref().ok()?.as_ref()?.1))
    };
    let least = ranks().reduce(|one, other| if other < one { other } else { one });
    // If all are equal, none is the best.
    let has_best = ranks().any(|rank| Some(rank) != least);
    let cell = |found: &Result<Option<(Cell, Rank)>, _>| match found {
        Ok(Some((cell, rank))) => cell.clone().best_if(has_best && Some(*rank) == least),
        // An average needs a call that all variants have; lacking one is not a variant's failure.
        Ok(None) if is_average => Cell::Nothing,
        Ok(None) | Err(_) => Cell::Failed,
    };
    Quantity {
        name,
        cells: found.iter().map(cell).collect(),
    }
}

/// Why there are no figures: each reason once, with what it concerns.
pub(super) fn failures(summary: &Summary<'_>) -> Vec<Item> {
    let reasons = summary.comparison.reasons().into_iter();
    reasons
        .map(|(about, reason)| Item::new(about, reason))
        .collect()
}

/// What a reader must know about the figures, a paragraph each.
pub(super) fn notes(summary: &Summary<'_>) -> Vec<String> {
    let comparison = summary.comparison;
    let mut notes = vec!["* or bold: the best of its kind.".to_owned()];
    notes.extend(comparison.left_out.iter().cloned());
    notes.extend(
        comparison
            .advice
            .iter()
            .map(|advice| format!("cheaper: {advice}.")),
    );
    if let Some((reference, figures)) = summary.reference {
        let excluded = summary.calls.len() - summary.common.len();
        let excluded = match excluded {
            0 => String::new(),
            1 => "; one call that has no figure under some variant is left out for all".to_owned(),
            many => format!(
                "; {many} calls that have no figure under some variant are left out for all"
            ),
        };
        notes.push(format!(
            "gas of calls: the geometric mean over {} of the gas each uses, relative to {}{excluded}; and cached: the same, for a program \
             in the chain's cache.",
            counted(summary.common.len() as u64, "call"),
            if reference == Variant::TODAY {
                "today's build".to_owned()
            } else {
                format!("the first variant with figures, {reference}")
            },
        ));
        notes.push(format!(
            "code bytes: compressed. One account holds {}; ! marks more than that.",
            grouped(figures.account_limit.0)
        ));
    }
    notes.push(format!(
        "as today: as the contract's own manifest and lockfile say, at opt-level {}. Every other allocator takes the place of mini-alloc.",
        comparison.own_level
    ));
    notes.extend(comparison.wasm_opt.as_ref().map(|version| {
        let version = version.strip_prefix("wasm-opt ").unwrap_or(version);
        format!("wasm-opt: {version}, without the wasm features that chains refuse.")
    }));
    notes.extend(missed_lto(comparison));
    if is_lto_varied(comparison) {
        notes.push(
            "lto: whether the linker optimises across crates. It does not, for example, with `lib` beside `cdylib` among the crate types."
                .to_owned(),
        );
    }
    let same = comparison.variants.iter();
    let same = same.filter(|measured| measured.same_as.is_some()).count();
    if same > 0 {
        notes.push(format!(
            "{same} of {} variants are byte for byte the same as another one; the JSON says which.",
            comparison.variants.len()
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::super::testing::{comparison, failed, variant};
    use super::*;

    #[track_caller]
    fn check(quantity: &Quantity<'_>, expected: &[&str]) {
        let shown = |cell: &Cell| match cell {
            Cell::Best(cell) => format!("*{}", cell.plain()),
            cell => cell.plain(),
        };
        let found: Vec<_> = quantity.cells.iter().map(shown).collect();
        assert_eq!(found, expected, "{}", quantity.name);
    }

    #[test]
    fn the_best_are_marked_and_failures_are_seen() {
        let comparison = comparison(vec![
            variant("today", 25_000, &[Some(1_000), Some(70)]),
            variant("O3", 5_000, &[Some(900), Some(70)]),
            variant("mini", 5_000, &[None, Some(70)]),
            failed("mini O3", "it does not build"),
        ]);
        let summary = Summary::new(&comparison);
        let [first, second] = &call_quantities(&summary)[..] else {
            panic!("two calls")
        };
        check(first, &["1,000", "*900", "FAILED", "FAILED"]);
        check(second, &["70", "70", "70", "FAILED"]);
        let whole = contract_quantities(&summary);
        check(&whole[0], &["0.00%", "0.00%", "0.00%", "FAILED"]);
        check(&whole[2], &["!25,000", "*5,000", "*5,000", "FAILED"]);
        let reasons: Vec<_> = failures(&summary).into_iter().map(|it| it.text).collect();
        assert_eq!(reasons, ["it ran out of gas", "it does not build"]);
        let notes = notes(&summary);
        assert!(
            notes[1].contains("one call that has no figure"),
            "{notes:?}"
        );
    }

    #[test]
    fn one_reason_is_told_once() {
        let variants = ["wee", "wee s", "wee z"].map(|name| failed(name, "it does not build"));
        let comparison = comparison(variants.into());
        let summary = Summary::new(&comparison);
        let [failure] = &failures(&summary)[..] else {
            panic!("one reason")
        };
        assert_eq!(failure.about.to_string(), "WeeAlloc and 2 more");
        assert_eq!(failure.text, "it does not build");
    }
}
