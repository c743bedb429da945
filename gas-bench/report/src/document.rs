//! A report before it has a format: headings, sentences, lists, tables of typed cells, folds, notes, pictures.
//!
//! Lives here: the model, and the list of formats. Not here: what a report says (`content`), how pictures are drawn (`picture`). A format
//! is written once, in its own file: `terminal`, `markdown` and `html` write a [`Document`]; `csv` writes rows, and JSON is the figures
//! themselves.
//!
//! All text can contain words from other people: each format makes it safe to show, and nothing before it does.

mod csv;
mod html;
mod json;
mod markdown;
mod table;
mod terminal;

use std::fmt;

pub(crate) use self::csv::csv;
pub(crate) use json::{json, json_with};
pub(crate) use markdown::markdown_table;
pub(crate) use table::{Cell, Column, Row, Table, Tone};

/// The output format of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For a terminal, at most 100 columns wide.
    Table,
    /// For a pull request comment or a job summary, within the length GitHub accepts.
    Markdown,
    /// For programs: stable keys and a schema version.
    Json,
    /// For spreadsheets and scripts.
    Csv,
    /// A single page that loads nothing external.
    Html,
}

/// Whether a table is coloured. Other formats never are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// With ANSI escape sequences.
    Ansi,
    /// Plain text.
    Never,
}

/// What a command says, in any format. Pure, so that the same figures give the same bytes.
pub trait Content {
    /// For readers. For a page it includes what only pages show, since pictures take time.
    fn document(&self, is_page: bool) -> Document;

    /// For programs.
    fn json(&self) -> String;

    /// For spreadsheets: a row for each item that has figures, or a reason for having none.
    fn csv(&self) -> String;

    /// The output in `format`, ending in a line feed.
    fn write(&self, format: Format, colour: Colour) -> String {
        match format {
            Format::Table => terminal::write(&self.document(false), colour),
            Format::Markdown => markdown::write(&self.document(false)),
            Format::Json => self.json(),
            Format::Csv => self.csv(),
            Format::Html => html::write(&self.document(true)),
        }
    }
}

/// What a cell shows in place of a missing figure; a list of failures gives the reason.
const FAILED: &str = "FAILED";

/// What an empty cell shows.
const NOTHING: &str = "–";

/// The heading under which notes are folded.
const MEANING: &str = "What the figures mean";

/// A report.
pub struct Document {
    title: Text,
    parts: Vec<(Rank, Block)>,
    /// What each rank contains, in words, for a format that leaves it out.
    details: &'static [(Rank, &'static str)],
    /// Whether its Markdown is a separate file: of any length, with nothing folded.
    is_file: bool,
}

/// How soon something is left out if there is not room for everything: the last of these first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rank {
    /// Never left out.
    Vital,
    /// What most readers want.
    Main,
    /// What explains the main part.
    Detail,
    /// What explains the details.
    Fine,
    /// What only a page has, since it is not read from start to end.
    Page,
    /// What a comment shows instead of everything that is not vital.
    Instead,
}

/// A part of a report.
pub(crate) enum Block {
    /// The subject of what follows.
    Heading(Text),
    Sentence(Text),
    /// The final result.
    Verdict(Text),
    List(List),
    Table(Table),
    /// Opened on demand; a terminal always shows it.
    Fold(Text, Vec<Block>),
    /// What a reader must know about the figures, a paragraph each.
    Notes(Vec<Text>),
    Picture(Picture),
}

/// Separate pieces of information.
pub(crate) struct List {
    /// `Tone::Worse` if each is a failure.
    pub(crate) tone: Tone,
    pub(crate) items: Vec<Item>,
}

/// One item of a list.
pub(crate) struct Item {
    /// What it is about; can be empty.
    pub(crate) about: Text,
    pub(crate) text: String,
}

/// A drawing, which only a page shows.
pub(crate) struct Picture {
    pub(crate) title: String,
    /// How to read it.
    pub(crate) caption: String,
    pub(crate) drawing: Drawing,
}

pub(crate) enum Drawing {
    /// Page elements that use the classes of `picture`.
    Inline(String),
    /// An SVG document that can have its own scripts and identifiers.
    Framed(String),
    /// An SVG document stored under this name beside a Markdown file.
    Filed(&'static str, String),
}

/// Words on one line, which can contain names chosen by others.
#[derive(Clone, Default)]
pub(crate) struct Text(Vec<Span>);

#[derive(Clone)]
enum Span {
    Words(String),
    /// A name, shown as one.
    Name(String),
    /// Our own code.
    Code(String),
}

impl Document {
    pub(crate) fn new(title: impl Into<Text>, details: &'static [(Rank, &'static str)]) -> Self {
        Self {
            title: title.into(),
            parts: Vec::new(),
            details,
            is_file: false,
        }
    }

    /// A document whose Markdown is a separate file.
    pub(crate) fn file(title: impl Into<Text>) -> Self {
        Self {
            is_file: true,
            ..Self::new(title, &[])
        }
    }

    pub(crate) fn push(&mut self, rank: Rank, block: impl Into<Block>) {
        self.parts.push((rank, block.into()));
    }

    pub(crate) fn heading(&mut self, rank: Rank, text: impl Into<Text>) {
        self.push(rank, Block::Heading(text.into()));
    }

    pub(crate) fn sentences<T: Into<Text>>(
        &mut self,
        rank: Rank,
        all: impl IntoIterator<Item = T>,
    ) {
        for text in all {
            self.push(rank, Block::Sentence(text.into()));
        }
    }

    /// A list of items; left out if it is empty.
    pub(crate) fn list(&mut self, rank: Rank, tone: Tone, items: impl IntoIterator<Item = Item>) {
        self.push(rank, List::new(tone, items));
    }

    pub(crate) fn notes<T: Into<Text>>(&mut self, notes: impl IntoIterator<Item = T>) {
        let notes = notes.into_iter().map(Into::into).collect();
        self.push(Rank::Vital, Block::Notes(notes));
    }

    /// The blocks up to a rank, in their order.
    fn up_to(&self, most: Rank) -> impl Iterator<Item = &(Rank, Block)> {
        self.parts.iter().filter(move |(rank, _)| match rank {
            Rank::Instead => most == Rank::Vital,
            rank => *rank <= most,
        })
    }
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

impl From<List> for Block {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

impl From<Picture> for Block {
    fn from(picture: Picture) -> Self {
        Self::Picture(picture)
    }
}

impl List {
    pub(crate) fn new(tone: Tone, items: impl IntoIterator<Item = Item>) -> Self {
        Self {
            tone,
            items: items.into_iter().collect(),
        }
    }
}

impl Item {
    pub(crate) fn new(about: impl Into<Text>, text: impl Into<String>) -> Self {
        Self {
            about: about.into(),
            text: text.into(),
        }
    }
}

impl Text {
    pub(crate) fn name(name: &str) -> Self {
        Self(vec![Span::Name(name.to_owned())])
    }

    pub(crate) fn and(mut self, words: impl Into<String>) -> Self {
        self.0.push(Span::Words(words.into()));
        self
    }

    pub(crate) fn and_name(mut self, name: &str) -> Self {
        self.0.push(Span::Name(name.to_owned()));
        self
    }

    /// Our own words, with code in backticks.
    pub(crate) fn coded(words: &str) -> Self {
        let spans = words.split('`').enumerate();
        let span = |(index, part): (usize, &str)| match index % 2 {
            0 => Span::Words(part.to_owned()),
            _ => Span::Code(part.to_owned()),
        };
        Self(spans.map(span).collect())
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|span| match span {
            Span::Words(words) | Span::Name(words) | Span::Code(words) => f.write_str(words),
        })
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self(vec![Span::Words(words)])
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}
