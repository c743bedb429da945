//! What a report says, before it has a form: headings, sentences, lists, tables of typed cells, folds, notes, pictures.
//!
//! Lives here: the model, and the formats by name. Not here: what is said (`content`), how pictures are drawn (`picture`). A format is
//! written once, in a file of its own: `terminal`, `markdown` and `html` write a [`Document`]; `csv` writes rows, and JSON is the figures
//! themselves.
//!
//! All text may hold words of other people's: a format makes it fit to be shown, and nobody before does.

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

/// The form of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For a terminal, at most 100 columns wide.
    Table,
    /// For a pull request's comment or a job's summary: no more than GitHub takes.
    Markdown,
    /// For programs: stable keys and a schema version.
    Json,
    /// For spreadsheets and scripts.
    Csv,
    /// One page, which asks nobody for anything.
    Html,
}

/// Whether a table is coloured. The other formats never are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// With ANSI escape sequences.
    Ansi,
    /// Plain text.
    Never,
}

/// What a command has to say, in whatever format: pure, so that the same figures are the same bytes.
pub trait Content {
    /// For readers; with what only a page shows where it is one, since pictures take their time.
    fn document(&self, is_page: bool) -> Document;

    /// For programs.
    fn json(&self) -> String;

    /// For spreadsheets: a row for each thing that has figures, or a reason why it has none.
    fn csv(&self) -> String;

    /// In `format`, ending in a line feed.
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

/// What a cell says where there is no figure; the reason stands in a list of failures.
const FAILED: &str = "FAILED";

/// What a cell says where there is nothing to say.
const NOTHING: &str = "–";

/// What notes stand below where they are folded.
const MEANING: &str = "What the figures mean";

/// A report.
pub struct Document {
    title: Text,
    parts: Vec<(Rank, Block)>,
    /// What there is of each rank, in words, for a format that leaves it out.
    details: &'static [(Rank, &'static str)],
    /// Whether its Markdown is a file of its own: as long as it is, with nothing folded.
    is_file: bool,
}

/// How soon something is left out where there is no room for all of it: the last of these first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rank {
    /// What is told always.
    Vital,
    /// What most readers look for.
    Main,
    /// What explains it.
    Detail,
    /// What explains that.
    Fine,
    /// What only a page has, which is not read from its beginning to its end.
    Page,
    /// What stands in a comment in the place of all that is not vital.
    Instead,
}

/// A part of a report.
pub(crate) enum Block {
    /// What follows is about this.
    Heading(Text),
    Sentence(Text),
    /// What it comes to in the end.
    Verdict(Text),
    List(List),
    Table(Table),
    /// What is opened by those who want to know; a terminal shows it.
    Fold(Text, Vec<Block>),
    /// What a reader has to know about the figures, a paragraph each.
    Notes(Vec<Text>),
    Picture(Picture),
}

/// Things to know, each of its own.
pub(crate) struct List {
    /// Worse where each is a failure.
    pub(crate) tone: Tone,
    pub(crate) items: Vec<Item>,
}

/// One of them.
pub(crate) struct Item {
    /// Whom it is about; may be empty.
    pub(crate) about: Text,
    pub(crate) text: String,
}

/// What is drawn, which only a page shows.
pub(crate) struct Picture {
    pub(crate) title: String,
    /// How to read it.
    pub(crate) caption: String,
    pub(crate) drawing: Drawing,
}

pub(crate) enum Drawing {
    /// Elements of a page, with the classes of `picture`.
    Inline(String),
    /// An SVG document that may have scripts and identifiers of its own.
    Framed(String),
    /// The same, which lies beside a file of Markdown under this name.
    Filed(&'static str, String),
}

/// Words on one line, with names of somebody else's among them.
#[derive(Clone, Default)]
pub(crate) struct Text(Vec<Span>);

#[derive(Clone)]
enum Span {
    Words(String),
    /// A name, which is shown as one.
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

    /// A document whose Markdown is a file.
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

    /// Things to know; without any there is no list.
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

    /// Our own words, among them code in backticks.
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
