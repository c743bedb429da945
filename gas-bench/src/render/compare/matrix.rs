//! The one table of a comparison, before it belongs to any format.
//!
//! Lives here: what is in its rows and columns, and which cells are the best. Not here: widths, marks, escapes.

use super::summary::{Summary, signed_percent};
use crate::cargo::{Lto, Variant};
use crate::figures::comparison::{Comparison, Heat, VariantFigures};
use crate::render::lto::{self, Quantities};
use crate::render::{FAILED, NOTHING, grouped};

/// What stands in one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// What a reader should see at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tone {
    Plain,
    /// No other variant has less.
    Best,
    Failed,
}

/// One quantity under every variant.
pub(super) struct Quantity<'a> {
    pub(super) name: &'a str,
    pub(super) cells: Vec<Cell>,
}

/// The names of what variants differ in, in the order of columns. Link-time optimisation is one where it was varied.
pub(super) fn heads(comparison: &Comparison) -> Vec<&'static str> {
    let lto = is_lto_varied(comparison).then_some("lto");
    let heads = ["allocator", "opt-level"].into_iter().chain(lto);
    heads.chain(["wasm-opt"]).collect()
}

/// What a variant is in each of these.
pub(super) fn parts(comparison: &Comparison, variant: Variant) -> Vec<String> {
    /// What the author has.
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

/// What the author's own build loses without the link-time optimisation that it asks for, where that was measured.
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

/// What is measured of the contract as a whole.
pub(super) fn of_contract(summary: &Summary<'_>) -> Vec<Quantity<'static>> {
    let number = |value: fn(&VariantFigures) -> u64| {
        move |figures: &VariantFigures| Some((grouped(value(figures)), Rank::Whole(value(figures))))
    };
    let gas = |name, heat| {
        quantity(summary, name, &|figures| {
            let multiple = summary.relative_gas(figures, heat)?;
            Some((signed_percent(multiple), Rank::Multiple(multiple)))
        })
    };
    let code = quantity(summary, "code bytes", &|figures| {
        let mark = if figures.fits() { "" } else { "!" };
        let text = format!("{mark}{}", grouped(figures.code.0));
        Some((text, Rank::Whole(figures.code.0)))
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

/// The gas of each call.
pub(super) fn of_calls<'a>(summary: &Summary<'a>) -> Vec<Quantity<'a>> {
    let calls = summary.calls.iter();
    calls
        .map(|name| {
            quantity(summary, name, &|figures| {
                let gas = figures.total(name)?.gas.0;
                Some((grouped(gas), Rank::Whole(gas)))
            })
        })
        .collect()
}

/// What cells are compared by: less is better.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Rank {
    Whole(u64),
    Multiple(f64),
}

fn quantity<'a>(
    summary: &Summary<'_>,
    name: &'a str,
    of: &dyn Fn(&VariantFigures) -> Option<(String, Rank)>,
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
    // Where all are alike, none is the best.
    let has_best = ranks().any(|rank| Some(rank) != least);
    let cell = |found: &Result<Option<(String, Rank)>, _>| match found {
        Ok(Some((text, rank))) => Cell {
            text: text.clone(),
            tone: if has_best && Some(*rank) == least {
                Tone::Best
            } else {
                Tone::Plain
            },
        },
        // An average needs a call that all have; that is no variant's failure.
        Ok(None) if is_average => Cell {
            text: NOTHING.to_owned(),
            tone: Tone::Plain,
        },
        Ok(None) | Err(_) => Cell {
            text: FAILED.to_owned(),
            tone: Tone::Failed,
        },
    };
    Quantity {
        name,
        cells: found.iter().map(cell).collect(),
    }
}

/// Why there are no figures: each reason once, with whom it is about.
pub(super) fn failures(summary: &Summary<'_>) -> Vec<(String, String)> {
    let mut by_reason: Vec<(String, Vec<String>)> = Vec::new();
    for (variant, call, reason) in summary.comparison.failures() {
        let variant = variant.to_string();
        let about = call.map_or_else(|| variant.clone(), |call| format!("{call} ({variant})"));
        match by_reason.iter_mut().find(|(known, _)| known == reason) {
            Some((_, all)) => all.push(about),
            None => by_reason.push((reason.to_owned(), vec![about])),
        }
    }
    let together = |(reason, all): (String, Vec<String>)| {
        let about = match all.as_slice() {
            [first, _, ..] => format!("{first} and {} more", all.len() - 1),
            one => one.concat(),
        };
        (about, reason)
    };
    by_reason.into_iter().map(together).collect()
}

/// What a reader has to know about the figures, a paragraph each.
pub(super) fn notes(summary: &Summary<'_>) -> Vec<String> {
    let comparison = summary.comparison;
    let mut notes = comparison.left_out.clone();
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
            1 => "; one call has no figure under some variant and is in nobody's".to_owned(),
            many => format!("; {many} calls have no figure under some variant and are in nobody's"),
        };
        notes.push(format!(
            "gas of calls: the geometric mean over {} of what each uses, against {}{excluded}; and cached: the same, for a program in \
             the chain's cache.",
            match summary.common.len() {
                1 => "1 call".to_owned(),
                count => format!("{count} calls"),
            },
            if reference == Variant::TODAY {
                "today's build".to_owned()
            } else {
                format!("the first that has figures, {reference}")
            },
        ));
        notes.push(format!(
            "code bytes: compressed, of the {} that one account holds; ! is more than that.",
            grouped(figures.account_limit.0)
        ));
    }
    notes.push(format!(
        "as today: as the contract's own manifest and lockfile have it, at opt-level {}. Every other allocator stands in the place \
         of mini-alloc.",
        comparison.own_level
    ));
    notes.extend(comparison.wasm_opt.as_ref().map(|version| {
        let version = version.strip_prefix("wasm-opt ").unwrap_or(version);
        format!("wasm-opt: {version}, without the features of wasm that a chain refuses.")
    }));
    notes.extend(missed_lto(comparison));
    if is_lto_varied(comparison) {
        notes.push(
            "lto: optimised across crates when it is linked, or not, as with `lib` beside `cdylib` among the crate types."
                .to_owned(),
        );
    }
    let same = comparison.variants.iter();
    let same = same.filter(|measured| measured.same_as.is_some()).count();
    if same > 0 {
        notes.push(format!(
            "{same} of {} variants are deployed as another one is, byte for byte; JSON says which.",
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
    fn check(quantity: &Quantity<'_>, expected: &[(&str, Tone)]) {
        let found: Vec<_> = quantity
            .cells
            .iter()
            .map(|cell| (cell.text.as_str(), cell.tone))
            .collect();
        assert_eq!(found, expected, "{}", quantity.name);
    }

    #[test]
    fn the_best_are_marked_and_failures_are_seen() {
        use Tone::{Best, Failed, Plain};
        let comparison = comparison(vec![
            variant("today", 25_000, &[Some(1_000), Some(70)]),
            variant("O3", 5_000, &[Some(900), Some(70)]),
            variant("mini", 5_000, &[None, Some(70)]),
            failed("mini O3", "it does not build"),
        ]);
        let summary = Summary::new(&comparison);
        let [first, second] = &of_calls(&summary)[..] else {
            panic!("two calls")
        };
        check(
            first,
            &[
                ("1,000", Plain),
                ("900", Best),
                ("FAILED", Failed),
                ("FAILED", Failed),
            ],
        );
        check(
            second,
            &[
                ("70", Plain),
                ("70", Plain),
                ("70", Plain),
                ("FAILED", Failed),
            ],
        );
        let whole = of_contract(&summary);
        check(
            &whole[0],
            &[
                ("0.00%", Plain),
                ("0.00%", Plain),
                ("0.00%", Plain),
                ("FAILED", Failed),
            ],
        );
        check(
            &whole[2],
            &[
                ("!25,000", Plain),
                ("5,000", Best),
                ("5,000", Best),
                ("FAILED", Failed),
            ],
        );
        assert_eq!(
            failures(&summary),
            [
                (
                    "call 0 (MiniAlloc)".to_owned(),
                    "it ran out of gas".to_owned()
                ),
                (
                    "wasm-opt -O3 and MiniAlloc".to_owned(),
                    "it does not build".to_owned()
                ),
            ]
        );
        assert!(
            notes(&summary)[0].contains("one call has no figure"),
            "{:?}",
            notes(&summary)
        );
    }

    #[test]
    fn one_reason_is_told_once() {
        let variants = ["wee", "wee s", "wee z"].map(|name| failed(name, "it does not build"));
        let comparison = comparison(variants.into());
        let summary = Summary::new(&comparison);
        assert_eq!(
            failures(&summary),
            [(
                "WeeAlloc and 2 more".to_owned(),
                "it does not build".to_owned()
            )]
        );
    }
}
