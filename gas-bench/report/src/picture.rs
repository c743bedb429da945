//! Figures as pictures: SVG that works as a file of its own and as part of a page.
//!
//! Lives here: what all pictures share, namely their look and their frame. Not here: what is drawn (the other files), how gas is divided
//! (`figures`), the page around it (`document`).
//!
//! A plot has integer coordinates, no identifiers and no scripts, so the same figures give the same bytes and any number of plots fit on
//! one page. It works in light and dark mode. What a colour says, an order and a tooltip say, too.

mod bars;
mod flame;
mod history;
mod league;
pub(crate) mod names;
pub(crate) mod outside;
mod parts;
mod speedscope;
mod squarify;
mod stacks;
mod treemap;

use maud::{Markup, PreEscaped, html};

use crate::figures::{Contract, Report};
use crate::words::{printable, shortened};

pub(crate) use bars::Bars;
pub use flame::{FlameError, flame_graph, flame_graph_of_lines};
pub(crate) use history::History;
pub use league::league_chart;
pub use speedscope::{speedscope, speedscope_of_lines};
pub use treemap::treemap;

/// The width of a plot as a file, and the margin around it.
const WIDTH: usize = 720;
const MARGIN: usize = 16;

/// The most characters of a contract's name in a title.
const TITLE_MAX: usize = 48;

/// The look of every plot, in light and dark mode. A page has it once; each file includes it. The colours of [`Segment`]s are
/// distinguishable with red-green colour blindness, and contrast with either background as WCAG 2 requires of graphics.
pub(crate) const STYLE: &str = include_str!("picture/style.css");

/// One bar for each call of `contract`, divided into what its gas was spent on, on a common scale; `None` if there are no calls. Gas is
/// the average over a call's runs; ink is converted to gas at `ink_per_gas`.
pub fn split_bars(contract: &Contract, ink_per_gas: u32) -> Option<String> {
    Some(Bars::of(contract, ink_per_gas)?.document())
}

/// The gas of each call of `contract` in `baselines`, the oldest first, and in `report`, to which it belongs: a small panel for each call
/// that has figures in two of them; `None` if no call does.
pub fn history(
    report: &Report,
    contract: &Contract,
    baselines: &[(String, Report)],
) -> Option<String> {
    Some(History::of(report, contract, baselines)?.document())
}

/// A plot as a file.
fn document(height: usize, label: &str, content: &Markup) -> String {
    let outer = (WIDTH + 2 * MARGIN, height + 2 * MARGIN);
    let svg = html! {
        svg.plot xmlns="http://www.w3.org/2000/svg" width=(outer.0) height=(outer.1)
            viewBox={ "0 0 " (outer.0) " " (outer.1) } role="img" aria-label=(label) {
            style { (PreEscaped(STYLE)) }
            // Percentages in a plot refer to this element, which has no margin.
            svg x=(MARGIN) y=(MARGIN) width=(WIDTH) height=(height) { (content) }
        }
    };
    let mut text = svg.into_string();
    text.push('\n');
    text
}

/// Foreign text, on one line and no longer than there is room for.
fn label(text: &str, characters: usize) -> String {
    shortened(&sound(text), characters)
}

/// Foreign text without what XML forbids, which includes two characters that are not control characters.
pub(crate) fn sound(text: &str) -> String {
    printable(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
