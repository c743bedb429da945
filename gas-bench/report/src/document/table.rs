//! Tables of typed cells.
//!
//! Lives here: columns, rows, cells, and what a cell says before escaping. Not here: alignment, marks, escapes.

use std::borrow::Cow;

use super::{FAILED, NOTHING, Text};
use crate::words::{counted, grouped_wide, percent, share, sign};

/// A table. Without rows it is left out.
#[derive(Clone)]
pub(crate) struct Table {
    /// What its rows are, such as `calls`.
    pub(crate) about: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    /// Whether it can be transposed, and is split if it is too wide: every digit of its figures matters.
    pub(crate) is_matrix: bool,
}

#[derive(Clone)]
pub(crate) struct Column {
    pub(crate) title: String,
    pub(crate) kind: Kind,
}

/// What a column holds, which determines its alignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The subject of a row's figures: the column that is shortened if space is tight.
    Name,
    /// A line of source, after its figures: shortened like a name, except on a page, which shows it verbatim.
    Source,
    Words,
    Figure,
    /// What the figures say, drawn with characters: only a comment lacks a better picture.
    Drawing,
}

/// A line of a table.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    pub(crate) tone: Tone,
    /// Whether it starts a group.
    pub(crate) is_parted: bool,
}

/// How something is highlighted; its words say the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    Plain,
    Better,
    Worse,
    /// The total of the rows above.
    Total,
}

/// The content of one cell.
#[derive(Clone)]
pub(crate) enum Cell {
    Figure(i128),
    /// The increase over before.
    Difference {
        before: u64,
        after: u64,
    },
    /// The increase in per cent.
    Change {
        before: u64,
        after: u64,
    },
    /// A share of a whole, in per cent.
    Share {
        part: u64,
        whole: u64,
    },
    /// A foreign name, optionally with a star that a note explains, followed by our own words.
    Name {
        text: String,
        is_starred: bool,
        words: String,
    },
    /// Foreign values, which can be long.
    Values(Vec<String>),
    /// Our own words.
    Words(String),
    /// Our own words, including code.
    Said(Text),
    /// The best of its kind.
    Best(Box<Cell>),
    /// A missing figure; a list of failures says why.
    Failed,
    /// An empty cell.
    Nothing,
}

impl Table {
    pub(crate) fn new(
        about: &'static str,
        columns: impl IntoIterator<Item = Column>,
        rows: impl IntoIterator<Item = Row>,
    ) -> Self {
        Self {
            about,
            columns: columns.into_iter().collect(),
            rows: rows.into_iter().collect(),
            is_matrix: false,
        }
    }

    /// A table of names, and figures about them.
    pub(crate) fn of_figures<T: Into<String>>(
        about: &'static str,
        names: &str,
        figures: impl IntoIterator<Item = T>,
        rows: impl IntoIterator<Item = Row>,
    ) -> Self {
        let names = [Column::name(names)].into_iter();
        Self::new(
            about,
            names.chain(figures.into_iter().map(Column::figure)),
            rows,
        )
    }

    /// A table with the names after the figures, where long names read best.
    pub(crate) fn named_last(
        about: &'static str,
        figures: &[&str],
        names: &str,
        rows: impl IntoIterator<Item = Row>,
    ) -> Self {
        let figures = figures.iter().map(|title| Column::figure(*title));
        Self::new(about, figures.chain([Column::name(names)]), rows)
    }

    /// The same kind of table with other columns and rows.
    pub(super) fn with(&self, columns: Vec<Column>, rows: Vec<Row>) -> Self {
        Self {
            columns,
            rows,
            ..*self
        }
    }

    /// The table transposed: its row heads become column heads.
    pub(super) fn turned(&self) -> Self {
        let heads = self.heads();
        let head = |of: &dyn Fn(usize) -> String| (0..heads).map(of).collect::<Vec<_>>().join("\n");
        let names = Column::name(head(&|index| self.columns[index].title.clone()));
        let columns = self.rows.iter().map(|row| {
            Column::figure(head(&|index| {
                row.cells.get(index).map(Cell::plain).unwrap_or_default()
            }))
        });
        let rows = self.columns.iter().enumerate().skip(heads);
        let rows = rows.map(|(index, column)| {
            let cells = self
                .rows
                .iter()
                .filter_map(|row| row.cells.get(index).cloned());
            Row::new(
                Tone::Plain,
                [Cell::name(&column.title)].into_iter().chain(cells),
            )
        });
        self.with([names].into_iter().chain(columns).collect(), rows.collect())
    }

    /// The table without its drawn columns.
    pub(super) fn undrawn(&self) -> Cow<'_, Self> {
        let is_drawn = |index: usize| {
            self.columns
                .get(index)
                .is_some_and(|it| it.kind == Kind::Drawing)
        };
        let Some(drawn) = (0..self.columns.len()).find(|&index| is_drawn(index)) else {
            return Cow::Borrowed(self);
        };
        let mut table = self.clone();
        table.columns.remove(drawn);
        for row in &mut table.rows {
            row.cells.remove(drawn);
        }
        Cow::Owned(table)
    }

    /// A name shared by several rows of a group appears only in the first.
    pub(super) fn once(&self) -> Self {
        let mut rows = self.rows.clone();
        if self.heads() > 1 {
            for (row, before) in rows.iter_mut().skip(1).zip(&self.rows) {
                let name = |row: &Row| row.cells.first().map(Cell::plain);
                if !row.is_parted && name(row) == name(before) {
                    row.cells[0] = Cell::words("");
                }
            }
        }
        self.with(self.columns.clone(), rows)
    }

    /// How many columns precede the figures.
    pub(super) fn heads(&self) -> usize {
        let is_head = |column: &&Column| column.kind != Kind::Figure;
        self.columns.iter().take_while(is_head).count()
    }

    /// The column that is shortened if space is tight.
    pub(super) fn names(&self) -> usize {
        let is_name = |column: &Column| matches!(column.kind, Kind::Name | Kind::Source);
        self.columns.iter().position(is_name).unwrap_or(0)
    }
}

impl Column {
    pub(crate) fn name(title: impl Into<String>) -> Self {
        Self::new(title, Kind::Name)
    }

    pub(crate) fn source(title: impl Into<String>) -> Self {
        Self::new(title, Kind::Source)
    }

    pub(crate) fn words(title: impl Into<String>) -> Self {
        Self::new(title, Kind::Words)
    }

    pub(crate) fn figure(title: impl Into<String>) -> Self {
        Self::new(title, Kind::Figure)
    }

    pub(crate) fn drawing(title: impl Into<String>) -> Self {
        Self::new(title, Kind::Drawing)
    }

    fn new(title: impl Into<String>, kind: Kind) -> Self {
        Self {
            title: title.into(),
            kind,
        }
    }
}

impl Row {
    pub(crate) fn new(tone: Tone, cells: impl IntoIterator<Item = Cell>) -> Self {
        Self {
            cells: cells.into_iter().collect(),
            tone,
            is_parted: false,
        }
    }

    pub(crate) fn plain(cells: impl IntoIterator<Item = Cell>) -> Self {
        Self::new(Tone::Plain, cells)
    }

    /// Makes it start a group.
    pub(crate) fn parted(self) -> Self {
        Self {
            is_parted: true,
            ..self
        }
    }
}

impl Tone {
    /// The tone for an amount of which less is better.
    pub(crate) const fn of_change(before: u64, after: u64) -> Self {
        if after < before {
            Self::Better
        } else if after > before {
            Self::Worse
        } else {
            Self::Plain
        }
    }
}

impl Cell {
    pub(crate) fn figure(value: impl Into<i128>) -> Self {
        Self::Figure(value.into())
    }

    /// An average or median of 64-bit values.
    pub(crate) fn wide(value: u128) -> Self {
        i128::try_from(value).map_or(Self::Nothing, Self::Figure)
    }

    /// A figure, or an empty cell if it is zero.
    pub(crate) fn unless_zero(value: u64) -> Self {
        if value == 0 {
            Self::Nothing
        } else {
            Self::figure(value)
        }
    }

    pub(crate) fn words(words: impl Into<String>) -> Self {
        Self::Words(words.into())
    }

    /// `count` items.
    pub(crate) fn counted(count: u64, what: &str) -> Self {
        Self::Words(counted(count, what))
    }

    pub(crate) fn name(text: &str) -> Self {
        Self::name_and(text, "")
    }

    pub(crate) fn name_and(text: &str, words: impl Into<String>) -> Self {
        Self::Name {
            text: text.to_owned(),
            is_starred: false,
            words: words.into(),
        }
    }

    pub(crate) fn starred(text: &str, is_starred: bool) -> Self {
        Self::Name {
            text: text.to_owned(),
            is_starred,
            words: String::new(),
        }
    }

    pub(crate) fn best_if(self, is_best: bool) -> Self {
        if is_best {
            Self::Best(Box::new(self))
        } else {
            self
        }
    }

    /// A difference, absolute and in per cent.
    pub(crate) const fn compared(before: u64, after: u64) -> [Self; 2] {
        [
            Self::Difference { before, after },
            Self::Change { before, after },
        ]
    }

    /// Its text, with all digits and without marks.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Figure(value) => signed(if *value < 0 { "−" } else { "" }, *value),
            Self::Difference { before, after } => {
                let difference = i128::from(*after) - i128::from(*before);
                signed(sign(difference), difference)
            }
            Self::Change { before, after } => or_nothing(percent(*before, *after)),
            Self::Share { part, whole } => or_nothing(share(*part, *whole)),
            Self::Name { text, words, .. } => format!("{text} {words}").trim_end().to_owned(),
            Self::Values(values) => values.join(", "),
            Self::Words(words) => words.clone(),
            Self::Said(text) => text.to_string(),
            Self::Best(cell) => cell.plain(),
            Self::Failed => FAILED.to_owned(),
            Self::Nothing => NOTHING.to_owned(),
        }
    }
}

fn signed(sign: &str, value: i128) -> String {
    format!("{sign}{}", grouped_wide(value.unsigned_abs()))
}

fn or_nothing(text: Option<String>) -> String {
    text.unwrap_or_else(|| NOTHING.to_owned())
}
