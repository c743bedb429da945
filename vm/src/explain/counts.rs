//! What a run did, block by block.
//!
//! Lives here: reading the counters of a run that has ended, and what a block costs. Not here: counting (`instrument::count`).
//!
//! Theorem: the ink that the program spent is that of all blocks that ran, plus a hundred for each byte that bulk operators moved, plus
//! what host calls took. If ink ran out, the report's `ink_used` also includes what was left and did not suffice.

use wasmtime::Store;

use super::Position;
use crate::activate;
use crate::config::Config;
use crate::frame::Frame;
use crate::guest::GuestMemory;
use crate::ink::Ink;
use crate::instrument::{Block, Counters, Origin, Summing, instrument_to_explain};
use crate::pages::Pages;
use crate::prices;
use crate::profile::Names;
use crate::refusal::Refusal;

/// A block that ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BlockRuns {
    /// Its first operator.
    pub first: Position,
    /// How often it began.
    pub count: u64,
}

/// Where runs ended within a block that other runs completed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase")
)]
pub struct Stop {
    /// The last operator that was reached.
    pub at: Position,
    /// How many runs.
    pub count: u64,
    /// Whether its block was paid for, and so counts among those that began. If not, `at` is the block's first operator.
    pub is_paid: bool,
}

/// What an operator took on top of its price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Spent {
    /// The operator.
    pub position: Position,
    /// Ink, over all the times it ran.
    pub ink: Ink,
}

/// What a run did, block by block.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counts {
    /// Blocks that ran, in the module's order.
    pub blocks: Vec<BlockRuns>,
    /// Bulk operators that ran, and the ink of the bytes that they moved.
    pub bulks: Vec<Spent>,
    /// Calls of imports that ran, and the ink that host calls took.
    pub hostios: Vec<Spent>,
    /// Where runs ended without returning. What follows such an operator in its block did not run, although the block counts.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Vec::is_empty")
    )]
    pub stops: Vec<Stop>,
}

impl Counts {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Adds the counts of another run of the same program.
    pub fn add(&mut self, other: &Self) {
        let same = |stop: &Stop| (stop.at, stop.is_paid);
        merge(&mut self.stops, &other.stops, same, |sum, it| {
            sum.count = sum.count.saturating_add(it.count);
        });
        let first = |runs: &BlockRuns| runs.first;
        merge(&mut self.blocks, &other.blocks, first, |sum, it| {
            sum.count = sum.count.saturating_add(it.count);
        });
        let position = |spent: &Spent| spent.position;
        let spent = |sum: &mut Spent, it: &Spent| sum.ink += it.ink;
        merge(&mut self.bulks, &other.bulks, position, spent);
        merge(&mut self.hostios, &other.hostios, position, spent);
    }
}

/// Merges two lists, each sorted by its keys.
fn merge<T: Copy, K: Ord>(
    sums: &mut Vec<T>,
    others: &[T],
    key: impl Fn(&T) -> K,
    add: impl Fn(&mut T, &T),
) {
    let before = std::mem::take(sums);
    let mut before = before.into_iter().peekable();
    for other in others {
        while let Some(sum) = before.next_if(|it| key(it) < key(other)) {
            sums.push(sum);
        }
        let mut sum = *other;
        if let Some(before) = before.next_if(|it| key(it) == key(other)) {
            sum = before;
            add(&mut sum, other);
        }
        sums.push(sum);
    }
    sums.extend(before);
}

/// What a metered block costs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockPrices {
    /// Its first operator.
    pub first: Position,
    /// The price of each of its operators; the last one's includes that of the block itself, since that operator is what makes a block.
    pub operators: Vec<Ink>,
}

/// What each block of a module costs, in the module's order.
///
/// # Errors
/// The refusal, if a chain with `config` would not activate the module.
pub fn block_prices(wasm: &[u8], config: &Config) -> Result<Vec<BlockPrices>, Refusal> {
    let (module, _, _) = activate::check(wasm, config, Pages(0))?;
    let instrumented = instrument_to_explain(&module, config.stylus.version, &Names::default())?;
    let blocks = instrumented.chart.map(|chart| chart.counters.blocks);
    let price = |block: Block| BlockPrices {
        first: block.position(),
        operators: block.prices,
    };
    Ok(blocks.into_iter().flatten().map(price).collect())
}

/// Reads the counters of a run that ended when the meter counted `left`. If it did not return, `innermost` is the operator that it ended
/// at, with its origin.
pub(super) fn read(
    store: &Store<Frame>,
    record: GuestMemory,
    counters: &Counters,
    innermost: Option<(Position, Origin)>,
    left: u64,
) -> Counts {
    // No other inserted code begins a call.
    let in_call = |(_, origin): &(_, Origin)| matches!(origin, Origin::Module | Origin::Heap);
    let last_call = innermost.filter(in_call).map(|(position, _)| position);
    let block = |block: &Block| BlockRuns {
        first: block.position(),
        count: record.read_long(store, block.at),
    };
    let sum = |summing: &Summing| (summing.position(), record.read_long(store, summing.at));
    let hostio = |summing: &Summing| {
        let (position, mut ink) = sum(summing);
        // The call that ended the run has not subtracted what was left after it.
        if Some(position) == last_call {
            ink = ink.wrapping_sub(left);
        }
        Spent {
            position,
            ink: Ink(ink),
        }
    };
    let bulk = |summing: &Summing| {
        let (position, bytes) = sum(summing);
        Spent {
            position,
            ink: Ink(bytes.saturating_mul(prices::BULK_BYTE.0)),
        }
    };
    let spent = |spent: &Spent| spent.ink > Ink::ZERO;
    Counts {
        blocks: counters
            .blocks
            .iter()
            .map(block)
            .filter(|runs| runs.count > 0)
            .collect(),
        bulks: counters.bulks.iter().map(bulk).filter(spent).collect(),
        hostios: counters.hostios.iter().map(hostio).filter(spent).collect(),
        stops: innermost.map(stop).into_iter().collect(),
    }
}

/// Where a run ended.
fn stop((at, origin): (Position, Origin)) -> Stop {
    Stop {
        at,
        count: 1,
        // Code of these two comes before a block's counter.
        is_paid: !matches!(origin, Origin::Ink | Origin::Depth),
    }
}

impl Summing {
    fn position(&self) -> Position {
        Position {
            function: self.function,
            operator: self.ordinal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(operator: u32) -> Position {
        Position {
            function: 3,
            operator,
        }
    }

    /// Blocks by their first operators and counts, and stops by operator, whether they are paid for, and counts.
    fn counts(blocks: &[(u32, u64)], stops: &[(u32, bool, u64)]) -> Counts {
        let block = |&(first, count): &(u32, u64)| BlockRuns {
            first: at(first),
            count,
        };
        let stop = |&(operator, is_paid, count): &(u32, bool, u64)| Stop {
            at: at(operator),
            count,
            is_paid,
        };
        Counts {
            blocks: blocks.iter().map(block).collect(),
            stops: stops.iter().map(stop).collect(),
            hostios: vec![Spent {
                position: at(9),
                ink: Ink(5),
            }],
            ..Counts::default()
        }
    }

    /// Theorem: the sum of two runs has what each did, in the module's order, whichever comes first.
    #[test]
    fn runs_add_up_in_order() {
        let one = counts(&[(0, 1), (4, 7)], &[(4, true, 1)]);
        let other = counts(&[(0, 2), (2, 3), (9, 1)], &[(4, false, 1), (4, true, 2)]);
        let mut expected = counts(
            &[(0, 3), (2, 3), (4, 7), (9, 1)],
            &[(4, false, 1), (4, true, 3)],
        );
        expected.hostios[0].ink = Ink(10);
        for (first, second) in [(&one, &other), (&other, &one)] {
            let mut sum = first.clone();
            sum.add(second);
            assert_eq!(sum, expected);
        }
        let mut nothing = Counts::default();
        nothing.add(&one);
        assert_eq!(nothing, one);
    }
}
