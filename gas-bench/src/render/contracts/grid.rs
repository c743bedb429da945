//! Tables that belong to no format yet.
//!
//! Lives here: columns, rows and cells, and remarks on somebody. Not here: what fills them, alignment, escapes.

use crate::words::{percent, printable, shortened};

/// The longest text of somebody else's in a cell, in characters.
const FOREIGN_MAX: usize = 120;

/// A table.
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// What a column is called, and to which side it is aligned. A title may have two lines.
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) right: bool,
}

/// A line of a table.
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) tone: Tone,
}

/// How a row is coloured, where there is colour; its words say the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tone {
    Plain,
    Better,
    Worse,
}

/// What stands in one place.
pub(super) enum Cell {
    /// Somebody else's words, with or without a star that the legend explains.
    Foreign { text: String, starred: bool },
    /// Our own.
    Own(String),
    /// A whole number.
    Figure(i128),
    /// The difference of two whole numbers.
    Difference(i128),
    /// No figure; the reason is below the table.
    Failed,
    /// Nothing to say.
    Nothing,
}

/// What there is to say about somebody.
pub(super) struct Remark {
    /// Who, in somebody else's words.
    pub(super) about: String,
    /// What; may be somebody else's words, too.
    pub(super) text: String,
}

impl Column {
    pub(super) const fn left(title: &'static str) -> Self {
        Self {
            title,
            right: false,
        }
    }

    pub(super) const fn right(title: &'static str) -> Self {
        Self { title, right: true }
    }
}

impl Row {
    pub(super) fn new(tone: Tone, cells: impl IntoIterator<Item = Cell>) -> Self {
        Self {
            cells: cells.into_iter().collect(),
            tone,
        }
    }
}

impl Cell {
    pub(super) fn foreign(text: &str) -> Self {
        Self::name(text, false)
    }

    pub(super) fn name(text: &str, starred: bool) -> Self {
        let text = shortened(&printable(text), FOREIGN_MAX);
        if text.is_empty() {
            Self::Nothing
        } else {
            Self::Foreign { text, starred }
        }
    }

    pub(super) fn own(text: impl Into<String>) -> Self {
        Self::Own(text.into())
    }

    pub(super) fn figure(value: impl Into<i128>) -> Self {
        Self::Figure(value.into())
    }

    /// How much more `after` is than `before`.
    pub(super) fn difference(before: u64, after: u64) -> Self {
        Self::Difference(i128::from(after) - i128::from(before))
    }

    /// The same in per cent; nothing has none.
    pub(super) fn percent(before: u64, after: u64) -> Self {
        percent(before, after).map_or(Self::Nothing, Self::Own)
    }
}
