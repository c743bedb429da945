//! One call told function by function, as text and as pictures.
//!
//! Lives here: the formats there are. Not here: the data and its sums (`crate::profile`), files.

mod allocations;
mod csv;
mod flame;
mod grid;
mod markdown;
mod names;
mod outside;
mod speedscope;
mod spending;
mod stacks;
mod summary;
mod table;

pub use flame::FlameError;

use super::Colour;
use crate::figures::profile::CallProfile;

/// The profile for a terminal, at most 100 columns wide: who spent the ink, then who allocated. Of each the first `top`; the rest
/// is one row, so that every column adds up.
pub fn table(profile: &CallProfile, top: usize, colour: Colour) -> String {
    table::render(profile, top, colour)
}

/// The same for a pull request's comment or a job's summary.
pub fn markdown(profile: &CallProfile, top: usize) -> String {
    markdown::render(profile, top)
}

/// The whole profile for programs: the keys are those of [`CallProfile`].
pub fn json(profile: &CallProfile) -> String {
    let mut text = serde_json::to_string_pretty(profile)
        .expect("maps have string keys and no value fails to serialise");
    text.push('\n');
    text
}

/// A row for each function and host call, for spreadsheets and scripts.
pub fn csv(profile: &CallProfile) -> String {
    csv::render(profile)
}

/// A flame graph as SVG, with what the transaction pays besides beside the program: all of it is the receipt's gas in ink, before
/// a refund.
///
/// # Errors
/// Where the profile is empty, or adds up to more than a graph counts.
pub fn flame_graph(profile: &CallProfile) -> Result<String, FlameError> {
    flame::render(profile)
}

/// The same as a file for speedscope.
pub fn speedscope(profile: &CallProfile) -> String {
    speedscope::render(profile)
}
