//! What an author should do.
//!
//! Lives here: which variant is the best, and the sentence that says so with its figures. Not here: the averages (`summary`).

use stylus_cargo::Variant;

use super::summary::Summary;
use crate::figures::comparison::{Heat, VariantFigures};
use crate::words::{counted, grouped};

/// Gains below this are not worth a change: a tenth of one per cent.
const WORTHWHILE: f64 = 0.001;

/// A variant that could be recommended.
struct Candidate<'a> {
    variant: Variant,
    figures: &'a VariantFigures,
    /// Gas of the calls, relative to the summary's reference.
    gas: Option<f64>,
    /// How many calls fail.
    failing: usize,
}

/// The recommendation, in one sentence.
pub(super) fn sentence(summary: &Summary<'_>) -> String {
    let Some(best) = best(summary) else {
        return "Nothing can be recommended: no variant has figures.".to_owned();
    };
    let today = summary.comparison.today();
    let others = summary.comparison.variants.len() as u64 - 1;
    let calls = counted(summary.common.len() as u64, "call");
    let code = code(best.figures);
    match (today, best.gas) {
        (Some(_), _) if others == 0 => {
            format!("Keep today's build: nothing was compared with it ({code}).")
        }
        (Some(_), Some(_)) if best.variant == Variant::TODAY => format!(
            "Keep today's build: none of {} works, fits and saves more than 0.1% of the gas of {calls} ({code}).",
            counted(others, "other variant")
        ),
        (Some(_), None) if best.variant == Variant::TODAY => {
            format!(
                "Keep today's build: no other variant has less code ({code}), and no call has gas to compare."
            )
        }
        (Some(today), Some(gas)) => format!(
            "Build with {}: {} over {calls} than today, {} ({code}){}.",
            best.variant,
            less(gas),
            bytes(today, best.figures),
            why_not_today(summary, today, &best)
        ),
        (Some(today), None) => format!(
            "Build with {}: {} than today ({code}); no call has gas to compare.",
            best.variant,
            bytes(today, best.figures)
        ),
        (None, Some(_)) => format!(
            "Build with {}, since today's build has no figures: it takes the least gas over {calls} ({code}).",
            best.variant
        ),
        (None, None) => format!(
            "Build with {}, since today's build has no figures: it has the least code ({code}).",
            best.variant
        ),
    }
}

/// The variant with the least gas or, if there are no calls to judge by, the least code. Fewer failing calls and fitting one account take
/// precedence; among about equally good variants, the one with the fewest changes wins.
fn best<'a>(summary: &Summary<'a>) -> Option<Candidate<'a>> {
    let mut candidates: Vec<_> = summary
        .comparison
        .variants
        .iter()
        .filter_map(|measured| {
            let figures = measured.outcome.as_ref().ok()?;
            Some(Candidate {
                variant: measured.variant,
                figures,
                gas: summary.relative_gas(figures, Heat::Uncached),
                failing: failing(summary, figures),
            })
        })
        .collect();
    let least_failing = candidates.iter().map(|it| it.failing).min()?;
    candidates.retain(|it| it.failing == least_failing);
    if candidates.iter().any(|it| it.figures.fits()) {
        candidates.retain(|it| it.figures.fits());
    }
    let gas = |it: &Candidate<'_>| it.gas.unwrap_or(1.0);
    let least_gas = candidates.iter().map(gas).min_by(f64::total_cmp)?;
    candidates.retain(|it| gas(it) * (1.0 - WORTHWHILE) <= least_gas);
    let with_calls = !summary.common.is_empty();
    let least_code = candidates.iter().map(|it| it.figures.code).min()?;
    candidates.retain(|it| with_calls || it.figures.code == least_code);
    candidates.into_iter().min_by(|one, other| {
        let changes = one.variant.changes().cmp(&other.variant.changes());
        let by_gas = || gas(one).total_cmp(&gas(other));
        let by_code = || one.figures.code.cmp(&other.figures.code);
        changes.then_with(by_gas).then_with(by_code)
    })
}

fn less(gas: f64) -> String {
    let percent = (gas - 1.0).abs() * 100.0;
    if gas < 1.0 {
        format!("{percent:.1}% less gas")
    } else {
        format!("{percent:.1}% more gas")
    }
}

fn bytes(today: &VariantFigures, figures: &VariantFigures) -> String {
    let difference = counted(figures.code.0.abs_diff(today.code.0), "byte");
    match figures.code.cmp(&today.code) {
        std::cmp::Ordering::Less => format!("{difference} less code"),
        std::cmp::Ordering::Equal => "as much code".to_owned(),
        std::cmp::Ordering::Greater => format!("{difference} more code"),
    }
}

/// The code size, and its limit.
fn code(figures: &VariantFigures) -> String {
    let (code, limit) = (grouped(figures.code.0), grouped(figures.account_limit.0));
    if figures.fits() {
        format!("{code} of {limit} bytes")
    } else {
        format!("{code} bytes, more than the {limit} that one account holds")
    }
}

/// The number of calls for which a variant has no figures.
fn failing(summary: &Summary<'_>, figures: &VariantFigures) -> usize {
    let calls = summary.calls.iter();
    calls.filter(|call| figures.total(call).is_none()).count()
}

/// The reason for a recommendation that might not use less gas.
fn why_not_today(summary: &Summary<'_>, today: &VariantFigures, best: &Candidate<'_>) -> String {
    let fewer = failing(summary, today).saturating_sub(best.failing);
    match fewer {
        0 if today.fits() || !best.figures.fits() => String::new(),
        0 => format!(
            ", while today's {} bytes do not fit into one account",
            grouped(today.code.0)
        ),
        1 => ", and 1 call that fails today succeeds".to_owned(),
        many => format!(", and {many} calls that fail today succeed"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{comparison, failed, variant};
    use super::*;
    use crate::figures::comparison::Measured;

    #[track_caller]
    fn check(variants: Vec<Measured>, expected: &str) {
        let comparison = comparison(variants);
        assert_eq!(sentence(&Summary::new(&comparison)), expected);
    }

    #[test]
    fn the_least_gas_is_advised_with_its_figures() {
        check(
            vec![
                variant("today", 5_500, &[Some(1_000), Some(2_000)]),
                variant("mini", 5_400, &[Some(980), Some(1_990)]),
                variant("mini 3 O3", 5_812, &[Some(959), Some(1_918)]),
            ],
            "Build with opt-level 3, wasm-opt -O3 and MiniAlloc: 4.1% less gas over 2 calls than today, 312 bytes more code \
             (5,812 of 24,576 bytes).",
        );
        check(
            vec![
                variant("today", 5_500, &[Some(1_000)]),
                variant("O3", 5_499, &[Some(900)]),
            ],
            "Build with wasm-opt -O3: 10.0% less gas over 1 call than today, 1 byte less code (5,499 of 24,576 bytes).",
        );
        check(
            vec![
                variant("today", 5_500, &[Some(1_000)]),
                variant("s", 5_500, &[Some(900)]),
            ],
            "Build with opt-level s: 10.0% less gas over 1 call than today, as much code (5,500 of 24,576 bytes).",
        );
    }

    #[test]
    fn nobody_changes_anything_for_next_to_nothing() {
        let keep = "Keep today's build: none of 1 other variant works, fits and saves more than 0.1% of the gas of 1 call (5,500 of \
                    24,576 bytes).";
        let today = || variant("today", 5_500, &[Some(100_000)]);
        check(vec![today(), variant("O3", 5_000, &[Some(99_900)])], keep);
        check(vec![today(), variant("O3", 5_000, &[Some(110_000)])], keep);
        check(
            vec![today(), variant("O3", 5_000, &[Some(99_890)])],
            "Build with wasm-opt -O3: 0.1% less gas over 1 call than today, 500 bytes less code (5,000 of 24,576 bytes).",
        );
        // Of two about equally good variants, the one with fewer changes wins.
        check(
            vec![
                today(),
                variant("O3", 5_500, &[Some(90_000)]),
                variant("mini O3", 5_500, &[Some(89_950)]),
                variant("mini s O3", 5_500, &[Some(89_940)]),
            ],
            "Build with wasm-opt -O3: 10.0% less gas over 1 call than today, as much code (5,500 of 24,576 bytes).",
        );
    }

    #[test]
    fn what_does_not_fit_or_fails_is_not_advised() {
        check(
            vec![
                variant("today", 5_500, &[Some(1_000)]),
                variant("O3", 24_577, &[Some(500)]),
                variant("O4", 24_576, &[Some(900)]),
                failed("mini", "it does not build"),
            ],
            "Build with wasm-opt -O4: 10.0% less gas over 1 call than today, 19,076 bytes more code (24,576 of 24,576 bytes).",
        );
        check(
            vec![
                variant("today", 25_000, &[Some(1_000)]),
                variant("z", 20_000, &[Some(1_020)]),
            ],
            "Build with opt-level z: 2.0% more gas over 1 call than today, 5,000 bytes less code (20,000 of 24,576 bytes), while today's 25,000 bytes do not fit into one account.",
        );
        check(
            vec![
                variant("today", 30_000, &[Some(1_000)]),
                variant("z", 25_000, &[Some(900)]),
            ],
            "Build with opt-level z: 10.0% less gas over 1 call than today, 5,000 bytes less code (25,000 bytes, more than the 24,576 that one account holds).",
        );
        check(
            vec![
                failed("today", "the chain refuses it"),
                variant("s", 20_000, &[Some(1_000)]),
                variant("z", 19_000, &[Some(2_000)]),
            ],
            "Build with opt-level s, since today's build has no figures: it takes the least gas over 1 call (20,000 of \
             24,576 bytes).",
        );
        check(
            vec![variant("today", 5_500, &[Some(1_000)])],
            "Keep today's build: nothing was compared with it (5,500 of 24,576 bytes).",
        );
        check(
            vec![failed("today", "no"), failed("s", "no")],
            "Nothing can be recommended: no variant has figures.",
        );
        check(
            vec![],
            "Nothing can be recommended: no variant has figures.",
        );
    }

    #[test]
    fn what_works_goes_before_what_fails() {
        check(
            vec![
                variant("today", 5_500, &[Some(1_000), None]),
                variant("O3", 5_500, &[Some(900), None]),
                variant("reclaim", 6_000, &[Some(1_050), Some(1)]),
            ],
            "Build with ReclaimAlloc: 5.0% more gas over 1 call than today, 500 bytes more code (6,000 of 24,576 bytes), and 1 call that fails today succeeds.",
        );
        check(
            vec![
                variant("today", 25_000, &[Some(1_000), Some(1)]),
                variant("z", 20_000, &[Some(900), None]),
            ],
            "Keep today's build: none of 1 other variant works, fits and saves more than 0.1% of the gas of 1 call (25,000 bytes, more than the 24,576 that one account holds).",
        );
    }

    #[test]
    fn without_calls_code_decides() {
        check(
            vec![variant("today", 5_500, &[]), variant("z", 5_000, &[])],
            "Build with opt-level z: 500 bytes less code than today (5,000 of 24,576 bytes); no call has gas to compare.",
        );
        check(
            vec![variant("today", 5_000, &[]), variant("z", 5_000, &[])],
            "Keep today's build: no other variant has less code (5,000 of 24,576 bytes), and no call has gas to compare.",
        );
        check(
            vec![failed("today", "no"), variant("z", 5_000, &[])],
            "Build with opt-level z, since today's build has no figures: it has the least code (5,000 of 24,576 bytes).",
        );
    }
}
