//! Where the gas of calls went, in whole gas.
//!
//! Lives here: the causes, which are fewer than the parts that are drawn. Not here: what the parts are and how they become whole
//! numbers (`figures`), how they are shown.

use super::grid::{Cell, Column, Grid, Remark, Row, Tone};
use crate::figures::{Call, ROUNDING, Report, Segment, Split, apportion};
use crate::words::grouped;

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

    /// What `segment` is for.
    const fn of(segment: Segment) -> Self {
        match segment {
            Segment::Transaction => Self::Transaction,
            Segment::L1 => Self::L1,
            Segment::Start => Self::Start,
            Segment::Wasm => Self::Wasm,
            Segment::Storage | Segment::Calls | Segment::Logs | Segment::Hostios => Self::Hostios,
            Segment::Pages => Self::Pages,
            Segment::Other => Self::Other,
        }
    }

    /// Gas for it. Only [`Self::Other`] may be less than nothing, by what was refunded.
    fn gas(self, split: &Split) -> i128 {
        let segments = split.segments().into_iter();
        let own = segments.filter(|(segment, _)| Self::of(*segment) == self);
        let gas: i128 = own.map(|(_, gas)| i128::from(gas.0)).sum();
        match self {
            Self::Other => gas - i128::from(split.refund.0),
            _ => gas,
        }
    }
}

/// Ten squares in the proportions of the causes; what was refunded has none.
fn squares(split: &Split) -> String {
    const SQUARES: u64 = 10;
    let weights = Cause::ALL.map(|cause| u128::try_from(cause.gas(split)).unwrap_or_default());
    let squares = Cause::ALL.into_iter().zip(apportion(SQUARES, &weights));
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
        let split = Split::of(call, ink_per_gas)?;
        let figures = causes.iter().map(|cause| cause.gas(&split));
        let figures = figures.chain([i128::from(split.total.0)]);
        let name = Cell::name(&call.name, call.generated);
        let cells = [name].into_iter().chain(figures.map(Cell::Figure));
        let squares = drawn.then(|| Cell::own(squares(&split)));
        Some(Row::new(Tone::Plain, cells.chain(squares)))
    };
    Grid {
        columns: columns.chain(drawn.then(|| Column::left(""))).collect(),
        rows: calls.iter().filter_map(row).collect(),
    }
}

/// What "other" is made of, for each call in which it is more than rounding: averages of the runs in gas.
pub(super) fn other(calls: &[Call], ink_per_gas: u32) -> Vec<Remark> {
    let remark = |call: &Call| {
        let split = Split::of(call, ink_per_gas)?;
        let others = split
            .parts
            .iter()
            .filter(|part| part.segment == Segment::Other && part.name != ROUNDING);
        let others = others.map(|part| (part.gas, part.name.to_lowercase()));
        let words = others
            .chain([(split.refund, "refunded".to_owned())])
            .filter(|(gas, _)| gas.0 > 0)
            .map(|(gas, what)| format!("{} {what}", grouped(gas.0)));
        let words: Vec<_> = words.collect();
        (!words.is_empty()).then(|| Remark {
            about: call.name.clone(),
            text: format!("of \"other\", {}", words.join(", ")),
        })
    };
    calls.iter().filter_map(remark).collect()
}
