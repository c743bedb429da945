//! Averages over calls.
//!
//! Lives here: which calls can be compared, and the average over them. Not here: which variant is recommended (`advice`).
//!
//! Theorem: a call that fails under one variant is in no variant's average, so no failure looks like a gain.

use stylus_cargo::Variant;

use crate::figures::comparison::{Comparison, Heat, VariantFigures};

/// A comparison, with the averages over its calls.
pub(super) struct Summary<'a> {
    pub(super) comparison: &'a Comparison,
    /// The names of all calls, in the order of the plan.
    pub(super) calls: Vec<&'a str>,
    /// The calls for which every variant with figures was measured.
    pub(super) common: Vec<&'a str>,
    /// The reference of the averages: the author's own build, or else the first variant with figures.
    pub(super) reference: Option<(Variant, &'a VariantFigures)>,
}

impl<'a> Summary<'a> {
    pub(super) fn new(comparison: &'a Comparison) -> Self {
        let measured: Vec<_> = comparison
            .variants
            .iter()
            .filter_map(|measured| Some((measured.variant, measured.outcome.as_ref().ok()?)))
            .collect();
        let mut calls = Vec::new();
        for call in measured.iter().flat_map(|(_, figures)| &figures.calls) {
            if !calls.contains(&call.name.as_str()) {
                calls.push(call.name.as_str());
            }
        }
        let is_common = |call: &&str| {
            let mut totals = measured.iter().map(|(_, figures)| figures.total(call));
            totals.all(|total| total.is_some_and(|total| total.cached_gas.0 > 0))
        };
        Self {
            comparison,
            common: calls.iter().copied().filter(is_common).collect(),
            calls,
            reference: measured.first().copied(),
        }
    }

    /// The geometric mean of the gas of each common call, relative to the reference; `None` if there is no such call.
    #[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
    pub(super) fn relative_gas(&self, figures: &VariantFigures, heat: Heat) -> Option<f64> {
        let (_, reference) = self.reference?;
        let gas =
            |figures: &VariantFigures, call| Some(figures.total(call)?.gas_when(heat).0 as f64);
        let mut sum = 0.0;
        for call in &self.common {
            sum += (gas(figures, call)? / gas(reference, call)?).ln();
        }
        (!self.common.is_empty()).then(|| (sum / self.common.len() as f64).exp())
    }
}

/// A multiple as a signed difference in per cent.
pub(super) fn signed_percent(multiple: f64) -> String {
    let percent = format!("{:.2}", (multiple - 1.0).abs() * 100.0);
    let sign = match percent.as_str() {
        "0.00" => "",
        _ if multiple < 1.0 => "−",
        _ => "+",
    };
    format!("{sign}{percent}%")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{comparison, variant};
    use super::*;

    #[track_caller]
    fn check(variants: &[(&str, &[Option<u64>])], means: &[Option<&str>], common: usize) {
        let comparison = comparison(
            variants
                .iter()
                .map(|(name, gas)| variant(name, 5_000, gas))
                .collect(),
        );
        let summary = Summary::new(&comparison);
        assert_eq!(summary.common.len(), common);
        let found: Vec<_> = comparison
            .variants
            .iter()
            .map(|it| {
                Some(signed_percent(
                    summary.relative_gas(it.outcome.as_ref().ok()?, Heat::Uncached)?,
                ))
            })
            .collect();
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        assert_eq!(found, means);
    }

    #[test]
    fn averages_are_geometric_and_over_what_all_have() {
        let (a, b) = (Some(100), Some(10_000));
        check(&[("today", &[a, b])], &[Some("0.00%")], 2);
        // Halving one and doubling the other gains nothing.
        check(
            &[("today", &[a, b]), ("O3", &[Some(50), Some(20_000)])],
            &[Some("0.00%"), Some("0.00%")],
            2,
        );
        check(
            &[("today", &[a, b]), ("O3", &[Some(90), Some(9_000)])],
            &[Some("0.00%"), Some("−10.00%")],
            2,
        );
        // A call that fails somewhere is in no average.
        check(
            &[
                ("today", &[a, b]),
                ("O3", &[Some(110), None]),
                ("O4", &[Some(100), Some(1)]),
            ],
            &[Some("0.00%"), Some("+10.00%"), Some("0.00%")],
            1,
        );
        check(&[("today", &[None]), ("O3", &[a])], &[None, None], 0);
        check(&[("today", &[]), ("O3", &[])], &[None, None], 0);
        check(&[("today", &[Some(0)])], &[None], 0);
    }

    #[test]
    fn per_cents_have_a_sign() {
        for (multiple, text) in [
            (1.0, "0.00%"),
            (0.999_999, "0.00%"),
            (0.959, "−4.10%"),
            (2.5, "+150.00%"),
        ] {
            assert_eq!(signed_percent(multiple), text);
        }
    }
}
