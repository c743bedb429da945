//! Tables that belong to no format yet: figures, and at the end of each row whose they are.
//!
//! Lives here: columns, rows and cells. Not here: what fills them (`spending`, `allocations`), alignment, escapes.

use stylus_vm::Ink;

use crate::render::NOTHING;
use crate::words::{grouped, share};

/// A table, whose last row is the sum of all others.
pub(super) struct Grid {
    /// Of the columns with figures.
    pub(super) titles: &'static [&'static str],
    /// Of the one with names.
    pub(super) names: &'static str,
    pub(super) rows: Vec<Row>,
    pub(super) total: Row,
}

/// As many figures as there are columns for them.
pub(super) struct Row {
    pub(super) figures: Vec<String>,
    pub(super) about: About,
}

/// Whose figures they are.
pub(super) enum About {
    /// A name that is somebody else's.
    Name(String),
    /// Our own words.
    Words(String),
}

/// A figure, or nothing where it is zero.
pub(super) fn unless_zero(value: u64) -> String {
    if value == 0 {
        NOTHING.to_owned()
    } else {
        grouped(value)
    }
}

/// What of `whole` is `part`.
pub(super) fn share_of(part: Ink, whole: Ink) -> String {
    share(part.0, whole.0).unwrap_or_else(|| NOTHING.to_owned())
}

/// `count` of something, in words.
pub(super) fn counted(count: u64, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {what}{ending}", grouped(count))
}
