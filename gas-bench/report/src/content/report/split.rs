//! Where the gas of calls went, in whole gas.
//!
//! Lives here: the causes, which are fewer than the parts that are drawn. Not here: what the parts are and how they become whole numbers
//! (`figures`), how they are shown.

use crate::document::{Cell, Column, Item, Row, Table, Text, Tone};
use crate::figures::{Call, ROUNDING, Report, Segment, Split, apportion};
use crate::words::{grouped, grouped_wide};

/// What gas was spent on, in the order of a transaction.
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
    const ALL: [Self; 7] = [
        Self::Transaction,
        Self::L1,
        Self::Start,
        Self::Wasm,
        Self::Hostios,
        Self::Pages,
        Self::Other,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::L1 => "L1",
            Self::Start => "start",
            Self::Wasm => "wasm",
            Self::Hostios => "host calls",
            Self::Pages => "pages",
            Self::Other => "other",
        }
    }

    /// The square that represents it where shares are drawn.
    const fn square(self) -> char {
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

    /// The cause of `segment`.
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

    /// The gas it took. Only [`Self::Other`] can be negative, by the refund.
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

/// Ten squares in the proportions of the causes; the refund has none.
fn squares(split: &Split) -> String {
    const SQUARES: u64 = 10;
    let weights = Cause::ALL.map(|cause| u128::try_from(cause.gas(split)).unwrap_or_default());
    let squares = Cause::ALL.into_iter().zip(apportion(SQUARES, &weights));
    squares
        .flat_map(|(cause, count)| (0..count).map(move |_| cause.square()))
        .collect()
}

/// The causes that get a column: posting on the parent chain gets none if no transaction of the report pays for it.
pub(super) fn causes(report: &Report) -> Vec<Cause> {
    let calls = || report.contracts.iter().flat_map(|contract| &contract.calls);
    let mut runs = calls().flat_map(Call::runs);
    let on_parent = runs.any(|run| run.parts.l1.0 > 0);
    let shown = |cause: &Cause| *cause != Cause::L1 || on_parent;
    Cause::ALL.into_iter().filter(shown).collect()
}

/// A row for each call with figures, a column for each of `causes`, and another that draws them.
pub(super) fn table(calls: &[Call], causes: &[Cause], ink_per_gas: u32) -> Table {
    let titles = causes.iter().map(|cause| cause.title()).chain(["total"]);
    let columns = [Column::name("gas, average")].into_iter();
    let columns = columns.chain(titles.map(Column::figure));
    let row = |call: &Call| {
        let split = Split::of(call, ink_per_gas)?;
        let figures = causes.iter().map(|cause| cause.gas(&split));
        let figures = figures.chain([i128::from(split.total.0)]);
        let name = Cell::starred(&call.name, call.generated);
        let cells = [name].into_iter().chain(figures.map(Cell::Figure));
        Some(Row::plain(cells.chain([Cell::words(squares(&split))])))
    };
    let legend = causes
        .iter()
        .map(|cause| format!("{} {}", cause.square(), cause.title()));
    let legend: Vec<_> = legend.collect();
    let drawing = Column::drawing(format!("a square is a tenth: {}", legend.join(", ")));
    Table::new(
        "calls",
        columns.chain([drawing]),
        calls.iter().filter_map(row),
    )
}

/// A row for each part of a call's gas.
pub(super) fn parts(split: &Split) -> Table {
    let share = |part| Cell::Share {
        part,
        whole: split.paid().0,
    };
    let parts = split.parts.iter().map(|part| {
        let name = match part.times {
            Some(_) => Cell::name(&part.name),
            None => Cell::words(part.name.clone()),
        };
        Row::plain([
            name,
            Cell::words(part.segment.title()),
            Cell::figure(part.gas.0),
            share(part.gas.0),
            part.ink.map_or(Cell::words(""), |ink| Cell::figure(ink.0)),
            Cell::words(part.times.map(tenths).unwrap_or_default()),
        ])
    });
    let sum = |tone, name, gas, share| {
        let nothing = || Cell::words("");
        Row::new(
            tone,
            [
                Cell::words(name),
                Cell::words(name),
                gas,
                share,
                nothing(),
                nothing(),
            ],
        )
    };
    let refund = split.refund.0;
    let back = Cell::Figure(-i128::from(refund));
    let refund = (refund > 0).then(|| sum(Tone::Plain, "Refund", back, Cell::words("")));
    let total = sum(
        Tone::Total,
        "Total",
        Cell::figure(split.total.0),
        Cell::words(""),
    );
    let columns = [
        Column::name("part, on average"),
        Column::words("for"),
        Column::figure("gas"),
        Column::figure("share"),
        Column::figure("ink"),
        Column::figure("times"),
    ];
    Table::new("parts", columns, parts.chain(refund).chain([total]))
}

/// A number of tenths; the decimal is left out if it is zero.
fn tenths(tenths: u128) -> String {
    match tenths % 10 {
        0 => grouped_wide(tenths / 10),
        tenth => format!("{}.{tenth}", grouped_wide(tenths / 10)),
    }
}

/// What "other" consists of, for each call in which it is more than rounding: averages over the runs, in gas.
pub(super) fn other(calls: &[Call], ink_per_gas: u32) -> impl Iterator<Item = Item> {
    let remark = move |call: &Call| {
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
        let text = format!("of \"other\", {}", words.join(", "));
        (!words.is_empty()).then(|| Item::new(Text::name(&call.name), text))
    };
    calls.iter().filter_map(remark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_tenths() {
        for (number, text) in [(0, "0"), (20, "2"), (25, "2.5"), (12_345, "1,234.5")] {
            assert_eq!(tenths(number), text);
        }
    }
}
