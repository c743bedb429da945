//! Summary figures over the runs of a call.
//!
//! Lives here: minimum, average, median and maximum. Not here: where the gas went (`split`).

use stylus_vm::{Gas, Pages};

use super::{Call, divided, median};

/// The runs of a call, summarised; at least one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Summary {
    /// Least gas of a receipt.
    pub(crate) least: Gas,
    pub(crate) average: u128,
    pub(crate) median: u128,
    pub(crate) most: Gas,
    /// Ink of the program, on average.
    pub(crate) ink: u128,
    /// The fewest pages with which a run started, and the most that any had.
    pub(crate) pages: (Pages, Pages),
}

impl Summary {
    /// The summary of `call`; `None` if it has no runs.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let (runs, gas) = (call.runs(), call.sorted_gas());
        let average = |sum: u128| divided(sum, runs.len() as u128);
        let ink = runs.iter().map(|run| u128::from(run.parts.program_ink().0));
        Some(Self {
            least: *gas.first()?,
            average: average(gas.iter().map(|gas| u128::from(gas.0)).sum())?,
            median: median(&gas)?,
            most: *gas.last()?,
            ink: average(ink.sum())?,
            pages: (
                runs.iter().map(|run| run.start_pages).min()?,
                runs.iter().map(|run| run.peak_pages).max()?,
            ),
        })
    }
}
