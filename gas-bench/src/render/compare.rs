//! Comparisons of one contract's builds as text for people and programs.
//!
//! Lives here: the formats by name. Not here: building and measuring, files, terminals. Every function is pure: the same comparison,
//! the same bytes.
//!
//! What the formats share is made once: `summary` has the averages, `advice` what to do, `matrix` the cells.

mod advice;
mod csv;
mod json;
mod markdown;
mod matrix;
mod summary;
mod table;
#[cfg(test)]
mod testing;

use super::Colour;
use crate::figures::comparison::Comparison;

/// The comparison for a terminal, at most 100 columns wide, ending in a line feed.
pub fn table(comparison: &Comparison, colour: Colour) -> String {
    table::render(comparison, colour)
}

/// The comparison for a pull request's comment or a job's summary, ending in a line feed. It fits a comment on GitHub: where it would
/// not, single calls are left out, and that is said.
pub fn markdown(comparison: &Comparison) -> String {
    markdown::render(comparison)
}

/// The comparison for spreadsheets and scripts: a row for each call of each variant, or for a variant that has none.
pub fn csv(comparison: &Comparison) -> String {
    csv::render(comparison)
}

/// The comparison for programs: stable keys and a schema version.
pub fn json(comparison: &Comparison) -> String {
    json::render(comparison)
}

/// What to do, in one sentence with the figures that carry it.
pub fn advice(comparison: &Comparison) -> String {
    advice::sentence(&summary::Summary::new(comparison))
}
