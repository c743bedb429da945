//! A report that belongs to no format yet.
//!
//! Lives here: headings, sentences and tables in their order, and how figures are written in them. Not here: what they say
//! (`content`, `changes`, `summary`), alignment, escapes.

use crate::figures::Bytes;
use crate::render::NOTHING;
use crate::words::{grouped, share};

/// A part of a report.
pub(super) enum Block {
    /// What all of it is about.
    Heading(String),
    /// What is said about everything.
    Sentence(String),
    /// Why there are no figures for a contract.
    Failure { name: String, reason: String },
    /// What follows is about one contract.
    Contract { name: String, says: &'static str },
    /// Figures.
    Grid(Grid),
    /// What a reader has to know about them, a sentence each.
    Notes(Vec<String>),
}

/// A table: figures, and at the end of each row whose they are.
pub(super) struct Grid {
    pub(super) detail: Detail,
    /// Of the columns with figures, and of the one with names.
    pub(super) titles: Vec<&'static str>,
    pub(super) rows: Vec<Row>,
}

/// How soon a table is left out where there is no room for all: the last ones first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Detail {
    Steps,
    Crates,
    Sections,
    Functions,
}

pub(super) struct Row {
    pub(super) figures: Vec<String>,
    pub(super) about: About,
    pub(super) tone: Tone,
}

/// Whose figures they are.
pub(super) enum About {
    /// A name that is somebody else's, and our own words behind it.
    Name { text: String, words: String },
    /// Our own words.
    Words(String),
}

/// How a row is told from others, where there is colour; its words say the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tone {
    Plain,
    Better,
    Worse,
    Total,
}

impl About {
    pub(super) fn name(text: &str) -> Self {
        Self::Name {
            text: text.to_owned(),
            words: String::new(),
        }
    }

    pub(super) fn words(words: impl Into<String>) -> Self {
        Self::Words(words.into())
    }
}

impl Row {
    pub(super) fn new(tone: Tone, figures: impl Into<Vec<String>>, about: About) -> Self {
        Self {
            figures: figures.into(),
            about,
            tone,
        }
    }
}

pub(super) fn figure(bytes: Bytes) -> String {
    grouped(bytes.0)
}

/// What of `whole` is `part`.
pub(super) fn share_of(part: Bytes, whole: Bytes) -> String {
    share(part.0, whole.0).unwrap_or_else(nothing)
}

pub(super) fn nothing() -> String {
    NOTHING.to_owned()
}

/// `count` of something, in words.
pub(super) fn counted(count: u64, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {what}{ending}", grouped(count))
}
