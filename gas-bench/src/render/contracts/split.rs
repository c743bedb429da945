//! Where the gas of calls went, in whole gas.
//!
//! Lives here: the causes, and how their exact shares become whole numbers. Not here: what the shares are (`figures`), how
//! they are shown.

use super::grid::{Cell, Column, Grid, Remark, Row, Tone};
use crate::figures::{Call, Parts, Report, Run};
use crate::render::plot::parts::{Segment, Split};
use crate::render::text::{divided, grouped_wide};

/// What gas was spent for, in the order of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    Transaction,
    L1,
    Start,
    Wasm,
    Hostios,
    Pages,
    Other,
}

impl Cause {
    pub(super) const ALL: [Self; 7] = [
        Self::Transaction,
        Self::L1,
        Self::Start,
        Self::Wasm,
        Self::Hostios,
        Self::Pages,
        Self::Other,
    ];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::L1 => "L1",
            Self::Start => "start",
            Self::Wasm => "wasm",
            Self::Hostios => "host\ncalls",
            Self::Pages => "pages",
            Self::Other => "other",
        }
    }

    /// The square that stands for it where shares are drawn.
    pub(super) const fn square(self) -> char {
        match self {
            Self::Transaction => '🟦',
            Self::L1 => '🟫',
            Self::Start => '🟪',
            Self::Wasm => '🟩',
            Self::Hostios => '🟧',
            Self::Pages => '🟥',
            Self::Other => '⬜',
        }
    }

    /// Whether it is what the page draws as `segment`.
    const fn has(self, segment: Segment) -> bool {
        let of_segment = match segment {
            Segment::Transaction => Self::Transaction,
            Segment::L1 => Self::L1,
            Segment::Start => Self::Start,
            Segment::Wasm => Self::Wasm,
            Segment::Storage | Segment::Calls | Segment::Logs | Segment::Hostios => Self::Hostios,
            Segment::Pages => Self::Pages,
            Segment::Other => Self::Other,
        };
        self as u8 == of_segment as u8
    }

    /// Ink that `parts` has for it, exactly. Only [`Self::Other`] may be less than nothing, by what was refunded.
    fn ink(self, parts: &Parts, ink_per_gas: i128) -> i128 {
        let of_gas = |gas: u64| i128::from(gas) * ink_per_gas;
        match self {
            Self::Transaction => of_gas(parts.transaction.0),
            Self::L1 => of_gas(parts.l1.0),
            Self::Start => of_gas(parts.start.0),
            Self::Wasm => parts.wasm.0.into(),
            Self::Hostios => parts.hostio_ink().0.into(),
            Self::Pages => of_gas(parts.start_pages.0) + i128::from(parts.pages.0),
            Self::Other => {
                let ink = i128::from(parts.forfeited.0) + i128::from(parts.rounding.0);
                let gas = of_gas(parts.floor.0) + of_gas(parts.unseen.0);
                ink + gas - of_gas(parts.refund.0)
            }
        }
    }
}

/// A sum and its parts in whole numbers.
#[derive(PartialEq, Eq, Debug)]
struct Shares {
    parts: Vec<i128>,
    total: i128,
}

/// Divides `parts` by `divisor`, by largest remainder; of equal ones the earlier is rounded up first.
///
/// Theorem: the parts add up to the total; the total is the exact sum, a half rounded up; no part is a whole unit or more away
/// from its exact value, and what is whole stays as it is.
fn apportioned(parts: &[i128], divisor: i128) -> Shares {
    let divisor = divisor.max(1);
    let sum: i128 = parts.iter().sum();
    let total = sum.div_euclid(divisor) + i128::from(2 * sum.rem_euclid(divisor) >= divisor);
    let mut shares: Vec<_> = parts.iter().map(|part| part.div_euclid(divisor)).collect();
    let mut order: Vec<_> = (0..parts.len()).collect();
    // A stable sort, so that the order of the parts decides between equal remainders.
    order.sort_by_key(|&index| std::cmp::Reverse(parts[index].rem_euclid(divisor)));
    let mut missing = total - shares.iter().sum::<i128>();
    for index in order {
        if missing > 0 {
            shares[index] += 1;
            missing -= 1;
        }
    }
    Shares {
        parts: shares,
        total,
    }
}

/// Where the gas of `call` went, on average over its runs, by [`Cause::ALL`]: what the page draws in more parts, added up.
fn average(call: &Call, ink_per_gas: u32) -> Shares {
    let Some(split) = Split::of(call, ink_per_gas) else {
        return apportioned(&[0; Cause::ALL.len()], 1);
    };
    let segments = split.segments();
    let gas = |cause: Cause| {
        let of_cause = segments.iter().filter(|(segment, _)| cause.has(**segment));
        let gas: i128 = of_cause.map(|(_, gas)| i128::from(gas.0)).sum();
        match cause {
            Cause::Other => gas - i128::from(split.refund.0),
            _ => gas,
        }
    };
    Shares {
        parts: Cause::ALL.map(gas).to_vec(),
        total: split.total.0.into(),
    }
}

fn sums(runs: &[Run], price: i128) -> Vec<i128> {
    let sum = |cause: Cause| runs.iter().map(|run| cause.ink(&run.parts, price)).sum();
    Cause::ALL.map(sum).to_vec()
}

/// Ten squares in the proportions of the causes of `call`; what was refunded has none.
fn squares(call: &Call, ink_per_gas: u32) -> String {
    const SQUARES: i128 = 10;
    let sums = sums(call.runs(), i128::from(ink_per_gas));
    let parts: Vec<_> = sums.into_iter().map(|part| part.max(0)).collect();
    let whole: i128 = parts.iter().sum();
    let parts: Vec<_> = parts.into_iter().map(|part| part * SQUARES).collect();
    let shares = apportioned(&parts, whole).parts;
    let squares = Cause::ALL.into_iter().zip(shares);
    squares
        .flat_map(|(cause, count)| (0..count).map(move |_| cause.square()))
        .collect()
}

/// Which causes have a column: what no transaction of the report pays for has none.
pub(super) fn causes(report: &Report) -> Vec<Cause> {
    let calls = || report.contracts.iter().flat_map(|contract| &contract.calls);
    let mut runs = calls().flat_map(Call::runs);
    let on_parent = runs.any(|run| run.parts.l1.0 > 0);
    let shown = |cause: &Cause| *cause != Cause::L1 || on_parent;
    Cause::ALL.into_iter().filter(shown).collect()
}

/// A row for each call that has figures, a column for each of `causes`, and another where they are to be drawn.
pub(super) fn grid(calls: &[Call], causes: &[Cause], ink_per_gas: u32, drawn: bool) -> Grid {
    let titles = causes.iter().map(|cause| cause.title()).chain(["total"]);
    let columns = [Column::left("gas, average")].into_iter();
    let columns = columns.chain(titles.map(Column::right));
    let row = |call: &Call| {
        let shares = average(call, ink_per_gas);
        let parts = Cause::ALL.into_iter().zip(shares.parts);
        let shown = parts.filter(|(cause, _)| causes.contains(cause));
        let figures = shown.map(|(_, gas)| gas).chain([shares.total]);
        let name = Cell::name(&call.name, call.generated);
        let cells = [name].into_iter().chain(figures.map(Cell::Figure));
        let squares = drawn.then(|| Cell::own(squares(call, ink_per_gas)));
        Row::new(Tone::Plain, cells.chain(squares))
    };
    let calls = calls.iter().filter(|call| !call.runs().is_empty());
    Grid {
        columns: columns.chain(drawn.then(|| Column::left(""))).collect(),
        rows: calls.map(row).collect(),
    }
}

/// What "other" is made of, for each call in which it is more than rounding: averages of the runs in gas.
pub(super) fn other(calls: &[Call], ink_per_gas: u32) -> Vec<Remark> {
    let remark = |call: &Call| {
        let average = |of: fn(&Parts) -> u64, price: u32| {
            let amounts = call.runs().iter().map(|run| u128::from(of(&run.parts)));
            let runs = call.runs().len() as u128;
            divided(amounts.sum(), u128::from(price) * runs).filter(|gas| *gas > 0)
        };
        let parts = [
            (average(|parts| parts.floor.0, 1), "to reach the floor"),
            (average(|parts| parts.forfeited.0, ink_per_gas), "forfeited"),
            (average(|parts| parts.unseen.0, 1), "not told apart"),
            (average(|parts| parts.refund.0, 1), "refunded"),
        ];
        let words = parts
            .into_iter()
            .filter_map(|(gas, what)| Some(format!("{} {what}", grouped_wide(gas?))));
        let words: Vec<_> = words.collect();
        (!words.is_empty()).then(|| Remark {
            about: call.name.clone(),
            text: format!("of \"other\", {}", words.join(", ")),
        })
    };
    calls.iter().filter_map(remark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parts: &[i128], divisor: i128, whole: &[i128], total: i128) {
        let expected = Shares {
            parts: whole.to_vec(),
            total,
        };
        assert_eq!(
            apportioned(parts, divisor),
            expected,
            "{parts:?} by {divisor}"
        );
    }

    #[test]
    fn the_largest_remainders_are_rounded_up() {
        check(&[10, 20], 10, &[1, 2], 3);
        check(&[14, 17, 19], 10, &[1, 2, 2], 5);
        check(&[5, 5], 10, &[1, 0], 1);
        check(&[5], 10, &[1], 1);
        check(&[4], 10, &[0], 0);
        check(&[3, 3, 3], 10, &[1, 0, 0], 1);
        check(&[9, 9, 9], 10, &[1, 1, 1], 3);
        check(&[25, 0, -5], 10, &[3, 0, -1], 2);
        check(&[36, -14], 10, &[4, -2], 2);
        check(&[], 10, &[], 0);
        check(&[7, 8], 0, &[7, 8], 15);
    }

    /// Theorem: for any parts and divisor the shares add up to the total, the total is the exact sum with a half rounded up,
    /// and no share is a whole unit away from its exact value.
    #[test]
    fn shares_add_up() {
        let mut state = 1_u64;
        let mut draw = |below: u64| {
            // Knuth's constants: any sequence without a short period will do.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i128::from((state >> 33) % below)
        };
        for _ in 0..10_000 {
            let divisor = 1 + draw(30);
            let parts: Vec<_> = (0..draw(8)).map(|_| draw(200) - 50).collect();
            let shares = apportioned(&parts, divisor);
            let sum: i128 = parts.iter().sum();
            let what = format!("{parts:?} by {divisor}: {shares:?}");
            assert_eq!(shares.parts.iter().sum::<i128>(), shares.total, "{what}");
            let error = 2 * (shares.total * divisor - sum);
            assert!(-divisor < error && error <= divisor, "{what}");
            for (share, part) in shares.parts.iter().zip(&parts) {
                assert!((share * divisor - part).abs() < divisor, "{what}");
            }
        }
    }
}
