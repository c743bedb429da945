//! Where the gas of a call went, in whole gas that adds up.
//!
//! Lives here: the parts shown to a reader, their order and their groups, the same in every format. Not here: the parts of a single run
//! (`figures`), what they are called and how they are drawn (`content`, `picture`).
//!
//! Theorem: a format adds parts up and never divides, so all formats show the same, and in each the parts add up to the total.

use std::collections::BTreeMap;

use stylus_vm::{Gas, Ink};

use super::{Call, Hostio, Run};
use crate::words::divided;

/// The name of the part that is lost when ink is converted to whole gas.
pub(crate) const ROUNDING: &str = "Rounding of ink to gas";

/// What gas was spent on: parts drawn in one colour, in the order of a bar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Segment {
    /// The fixed price of a transaction, and its calldata.
    Transaction,
    /// Posting it on the parent chain.
    L1,
    /// Starting the program.
    Start,
    /// WebAssembly instructions.
    Wasm,
    /// Host calls that read or write storage.
    Storage,
    /// Host calls that call or create contracts.
    Calls,
    /// Host calls that emit logs.
    Logs,
    /// All other host calls.
    Hostios,
    /// Pages of memory, both initial and grown.
    Pages,
    /// Everything else.
    Other,
}

impl Segment {
    /// The segment of the host call `name`.
    pub(crate) fn of_hostio(name: &str) -> Self {
        if name.starts_with("storage_") || name.starts_with("transient_") {
            Self::Storage
        } else if name.ends_with("call_contract") || name.starts_with("create") {
            Self::Calls
        } else if name == "emit_log" {
            Self::Logs
        } else {
            Self::Hostios
        }
    }
}

/// One thing on which gas was spent, on average over the runs of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    /// The segment it is drawn as.
    pub(crate) segment: Segment,
    /// Its name, in words or that of the host call.
    pub(crate) name: String,
    /// How many host calls, in tenths.
    pub(crate) times: Option<u128>,
    /// Its ink, if it is paid for in ink.
    pub(crate) ink: Option<Ink>,
    /// Its gas; the parts of a call add up.
    pub(crate) gas: Gas,
}

/// Where the gas of a call went, on average over its runs.
///
/// Theorem: the parts add up to the total and the refund.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Split {
    /// What was paid for, in the order of segments; parts that cost nothing are left out.
    pub(crate) parts: Vec<Part>,
    /// The refund.
    pub(crate) refund: Gas,
    /// The average gas of a receipt.
    pub(crate) total: Gas,
}

/// Sums over all runs, before anything is divided.
struct Sum {
    segment: Segment,
    name: String,
    times: Option<u128>,
    ink: Option<u128>,
    /// Its worth in ink.
    weight: u128,
}

impl Split {
    /// The split of `call`; `None` if it has no runs.
    pub(crate) fn of(call: &Call, ink_per_gas: u32) -> Option<Self> {
        let runs = call.runs();
        let count = runs.len() as u128;
        let average = |sum: u128| divided(sum, count);
        let gas = |sum: u128| Some(Gas(u64::try_from(average(sum)?).unwrap_or(u64::MAX)));
        let total = gas(runs.iter().map(|run| u128::from(run.gas.0)).sum())?;
        let refund = gas(runs.iter().map(|run| u128::from(run.parts.refund.0)).sum())?;
        let sums = sums(runs, ink_per_gas);
        let weights: Vec<_> = sums.iter().map(|sum| sum.weight).collect();
        let shares = apportion(total.saturating_add(refund).0, &weights);
        let parts = sums.into_iter().zip(shares).map(|(sum, gas)| Part {
            segment: sum.segment,
            name: sum.name,
            times: sum
                .times
                .and_then(|times| average(times.saturating_mul(10))),
            ink: sum.ink.and_then(|ink| {
                let ink = u64::try_from(average(ink)?);
                Some(Ink(ink.unwrap_or(u64::MAX)))
            }),
            gas: Gas(gas),
        });
        Some(Self {
            parts: parts.collect(),
            refund,
            total,
        })
    }

    /// The total before the refund.
    pub(crate) fn paid(&self) -> Gas {
        self.total.saturating_add(self.refund)
    }

    /// The segments on which gas was spent, in order, with their gas.
    pub(crate) fn segments(&self) -> BTreeMap<Segment, Gas> {
        let mut segments = BTreeMap::<_, Gas>::new();
        for part in &self.parts {
            let gas = segments.entry(part.segment).or_default();
            *gas = gas.saturating_add(part.gas);
        }
        segments
    }
}

/// The middle of sorted amounts, or the mean of the two middle ones, rounding half up.
pub(crate) fn median(gas: &[Gas]) -> Option<u128> {
    let upper = gas.get(gas.len() / 2)?;
    let lower = gas.get(gas.len().saturating_sub(1) / 2)?;
    divided(u128::from(lower.0) + u128::from(upper.0), 2)
}

/// Everything that `runs` paid for. Within a segment, the most expensive host call comes first.
fn sums(runs: &[Run], ink_per_gas: u32) -> Vec<Sum> {
    let price = u128::from(ink_per_gas.max(1));
    let gas = |segment, name: &str, of: fn(&Run) -> Gas| {
        let gas = runs.iter().map(|run| u128::from(of(run).0)).sum::<u128>();
        Sum {
            segment,
            name: name.to_owned(),
            times: None,
            ink: None,
            weight: gas.saturating_mul(price),
        }
    };
    let ink = |segment, name: &str, of: fn(&Run) -> Ink| {
        let ink = runs.iter().map(|run| u128::from(of(run).0)).sum();
        Sum {
            segment,
            name: name.to_owned(),
            times: None,
            ink: Some(ink),
            weight: ink,
        }
    };
    let mut sums = vec![
        gas(Segment::Transaction, "Transaction and calldata", |run| {
            run.parts.transaction
        }),
        gas(Segment::L1, "Posting on the parent chain", |run| {
            run.parts.l1
        }),
        gas(Segment::Start, "Start of the program", |run| {
            run.parts.start
        }),
        ink(Segment::Wasm, "WASM instructions", |run| run.parts.wasm),
        gas(Segment::Pages, "Pages at the start", |run| {
            run.parts.start_pages
        }),
        ink(Segment::Pages, "Pages grown", |run| run.parts.pages),
        ink(Segment::Other, "Forfeited", |run| run.parts.forfeited),
        ink(Segment::Other, ROUNDING, |run| run.parts.rounding),
        gas(Segment::Other, "To reach the floor", |run| run.parts.floor),
        gas(Segment::Other, "Not told apart by the chain", |run| {
            run.parts.unseen
        }),
    ];
    sums.extend(hostios(runs).into_iter().map(|(name, hostio)| Sum {
        segment: Segment::of_hostio(name),
        name: name.to_owned(),
        times: Some(hostio.calls.into()),
        ink: Some(hostio.ink.0.into()),
        weight: hostio.ink.0.into(),
    }));
    // A host call that was free but happened is shown; one that did not happen is not.
    sums.retain(|sum| sum.weight > 0 || sum.times.is_some_and(|times| times > 0));
    // A stable sort: the host calls of a segment keep their order.
    sums.sort_by_key(|sum| sum.segment);
    sums
}

/// All host calls of `runs` by kind, the most expensive first.
pub(crate) fn hostios<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<(&'a str, Hostio)> {
    let mut kinds = BTreeMap::<&str, Hostio>::new();
    for (name, hostio) in runs.into_iter().flat_map(|run| &run.parts.hostios) {
        let kind = kinds.entry(name).or_default();
        kind.calls = kind.calls.saturating_add(hostio.calls);
        kind.ink = kind.ink.saturating_add(hostio.ink);
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, hostio)| std::cmp::Reverse(hostio.ink));
    kinds
}

/// Divides `total` into whole numbers in the ratio of `weights`, by largest remainder; of equal remainders the earlier is rounded up.
///
/// Theorem: if any weight is more than zero, the shares add up to the total, and each is less than a whole unit away from its exact
/// value.
pub(crate) fn apportion(total: u64, weights: &[u128]) -> Vec<u64> {
    let sum = |weights: &[u128]| weights.iter().fold(0_u128, |sum, &w| sum.saturating_add(w));
    // Once all weights together fit into 64 bits, no product below overflows. Real weights fit already.
    let excess = u64::BITS.saturating_sub(sum(weights).leading_zeros());
    let weights: Vec<_> = weights.iter().map(|weight| weight >> excess).collect();
    let whole = sum(&weights).max(1);
    let exact = weights.iter().map(|weight| u128::from(total) * weight);
    let (mut shares, remainders): (Vec<_>, Vec<_>) = exact
        .map(|exact| {
            let share = u64::try_from(exact / whole).unwrap_or(u64::MAX);
            (share, exact % whole)
        })
        .unzip();
    let mut order: Vec<_> = (0..shares.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(remainders[index]));
    let left: u128 = remainders.iter().sum::<u128>() / whole;
    for (_, index) in (0..left).zip(order) {
        shares[index] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Outcome, Parts};
    use stylus_vm::Pages;

    #[test]
    fn halves_are_rounded_up() {
        for (amount, by, quotient) in [
            (4, 2, Some(2)),
            (5, 2, Some(3)),
            (4, 3, Some(1)),
            (5, 3, Some(2)),
            (u128::MAX, 2, Some(1 << 127)),
            (1, 0, None),
        ] {
            assert_eq!(divided(amount, by), quotient, "{amount} by {by}");
        }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (amounts, expected) in [
            (&[][..], None),
            (&[7], Some(7)),
            (&[1, 2], Some(2)),
            (&[1, 5], Some(3)),
            (&[1, 2, 9], Some(2)),
            (&[1, 2, 4, 9], Some(3)),
            (&[1, 2, 5, 9], Some(4)),
            (&[u64::MAX, u64::MAX], Some(u64::MAX.into())),
        ] {
            let gas: Vec<_> = amounts.iter().copied().map(Gas).collect();
            assert_eq!(median(&gas), expected, "{amounts:?}");
        }
    }

    #[test]
    fn the_largest_remainders_are_rounded_up() {
        for (total, weights, shares) in [
            (10, &[1, 1, 1][..], &[4, 3, 3][..]),
            (3, &[14, 17, 19], &[1, 1, 1]),
            (5, &[14, 17, 19], &[1, 2, 2]),
            (1, &[0, 7, 7, 0], &[0, 1, 0, 0]),
            (7, &[0, 0], &[0, 0]),
            (7, &[], &[]),
            (0, &[3, 4], &[0, 0]),
            (u64::MAX, &[u128::MAX], &[u64::MAX]),
            (u64::MAX, &[u128::MAX, u128::MAX], &[1 << 63, (1 << 63) - 1]),
        ] {
            assert_eq!(apportion(total, weights), shares, "{total} by {weights:?}");
        }
    }

    /// Theorem: the shares add up to the total, and each is less than a whole unit away from its exact value.
    #[test]
    fn shares_add_up() {
        let mut state = 1_u64;
        let mut draw = |below: u64| {
            // Knuth's constants: any sequence without a short period will do.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..10_000 {
            let total = draw(100_000);
            let weights: Vec<_> = (0..=draw(12)).map(|_| u128::from(draw(50))).collect();
            let sum: u128 = weights.iter().sum();
            if sum == 0 {
                continue;
            }
            let shares = apportion(total, &weights);
            assert_eq!(shares.iter().sum::<u64>(), total, "{weights:?}");
            for (&share, weight) in shares.iter().zip(&weights) {
                let error = (u128::from(share) * sum).abs_diff(u128::from(total) * weight);
                assert!(error < sum, "{total} by {weights:?}: {shares:?}");
            }
        }
    }

    fn run(gas: u64, parts: Parts) -> Run {
        Run {
            arguments: Vec::new(),
            gas: Gas(gas),
            parts,
            start_pages: Pages(1),
            peak_pages: Pages(1),
            reverted: false,
            output: String::new(),
        }
    }

    fn split(runs: Vec<Run>) -> Option<Split> {
        let call = Call {
            name: "f".to_owned(),
            signature: "f()".to_owned(),
            generated: false,
            outcome: Outcome::Runs(runs),
        };
        Split::of(&call, 10_000)
    }

    #[test]
    fn parts_add_up_to_the_total_and_the_refund() {
        let hostio = |calls, ink| Hostio {
            calls,
            ink: Ink(ink),
        };
        let parts = |wasm, refund| Parts {
            transaction: Gas(21_064),
            wasm: Ink(wasm),
            hostios: BTreeMap::from([
                ("emit_log".to_owned(), hostio(1, 8_000)),
                ("msg_value".to_owned(), hostio(3, 0)),
                ("storage_load_bytes32".to_owned(), hostio(2, 12_000)),
            ]),
            refund: Gas(refund),
            ..Parts::default()
        };
        let split = split(vec![
            run(21_067, parts(10_000, 0)),
            run(21_068, parts(20_000, 1)),
        ])
        .unwrap();
        assert_eq!((split.total, split.refund), (Gas(21_068), Gas(1)));
        let parts = split.parts.iter();
        let parts: Vec<_> = parts
            .map(|part| (&*part.name, part.times, part.gas.0))
            .collect();
        assert_eq!(
            parts,
            [
                ("Transaction and calldata", None, 21_065),
                ("WASM instructions", None, 2),
                ("storage_load_bytes32", Some(20), 1),
                ("emit_log", Some(10), 1),
                ("msg_value", Some(30), 0),
            ]
        );
        let segments: u64 = split.segments().values().map(|gas| gas.0).sum();
        assert_eq!(segments, split.paid().0);
    }

    #[test]
    fn without_runs_there_is_no_split() {
        assert_eq!(split(Vec::new()), None);
    }

    #[test]
    fn host_calls_are_told_apart() {
        for (name, segment) in [
            ("storage_load_bytes32", Segment::Storage),
            ("transient_store_bytes32", Segment::Storage),
            ("call_contract", Segment::Calls),
            ("static_call_contract", Segment::Calls),
            ("create2", Segment::Calls),
            ("emit_log", Segment::Logs),
            ("read_args", Segment::Hostios),
            ("read_return_data", Segment::Hostios),
        ] {
            assert_eq!(Segment::of_hostio(name), segment, "{name}");
        }
    }
}
