//! The league as a picture: a row for each workload, a column for each allocator, and a bar for its gas relative to the best.
//!
//! Lives here: SVG only. It works in light and dark mode, and every colour is visible in both.

use std::fmt::Write;

use stylus_cargo::{Allocator, OptLevel};

use crate::figures::league::League;

/// The level that is drawn.
const LEVEL: OptLevel = OptLevel::Three;

const LEFT: u64 = 150;
const COLUMN: u64 = 106;
const BAR: u64 = 52;
const ROW: u64 = 20;
const TOP: u64 = 64;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}.n{font-size:11px}.t{font-size:15px;font-weight:600}\
.h{font-weight:600}.b{fill:#8c959f}.w{fill:#1a7f37}.x{fill:#cf222e}.g{stroke:#d0d7de}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.b{fill:#6e7681}.w{fill:#3fb950}.x{fill:#f85149}.g{stroke:#30363d}}";

/// A bar chart of the gas at opt-level 3, as multiples of the best of each row.
pub fn league_chart(league: &League) -> String {
    let allocators = league.allocators();
    let (columns, rows) = (allocators.len() as u64, league.workloads.len() as u64);
    let (width, height) = (LEFT + columns * COLUMN + 10, TOP + rows * ROW + 16);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"Gas of each workload under each allocator, as a multiple of the best\">\n<style>{STYLE}</style>\n\
         <text class=\"t\" x=\"8\" y=\"22\">Gas at opt-level 3, as a multiple of the row's best (bars on a logarithmic scale)</text>\n"
    );
    for (column, allocator) in (0..).zip(&allocators) {
        let x = LEFT + column * COLUMN;
        let _ = writeln!(
            svg,
            "<text class=\"h n\" x=\"{x}\" y=\"50\">{allocator}</text>"
        );
        let _ = writeln!(
            svg,
            "<line class=\"g\" x1=\"{x}\" y1=\"56\" x2=\"{x}\" y2=\"{}\"/>",
            height - 10
        );
    }
    for (row, workload) in (0..).zip(league.workloads.keys()) {
        let y = TOP + row * ROW;
        let _ = writeln!(
            svg,
            "<text class=\"n\" x=\"8\" y=\"{}\">{workload}</text>",
            y + 11
        );
        let gas = |allocator: &Allocator| Some(league.figures(workload, LEVEL, *allocator)?.gas?.0);
        let Some(best) = allocators.iter().filter_map(gas).min() else {
            continue;
        };
        for (column, allocator) in (0..).zip(&allocators) {
            let x = LEFT + column * COLUMN;
            let (class, length, label) = match gas(allocator) {
                None => ("x", BAR, "dies".to_owned()),
                Some(gas) => {
                    let tenths = (gas * 10 + best / 2) / best;
                    let class = if gas == best { "w" } else { "b" };
                    (
                        class,
                        length(gas, best),
                        format!("{}.{}", tenths / 10, tenths % 10),
                    )
                }
            };
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{length}\" height=\"12\"/><text class=\"n\" x=\"{}\" \
                 y=\"{}\">{label}</text>",
                y + 1,
                x + length + 4,
                y + 11
            );
        }
    }
    svg += "</svg>\n";
    svg
}

/// A bar's length: a quarter of the maximum for the best, and a quarter more for each factor of four. In between, it is linear, so that
/// integers suffice.
const fn length(gas: u64, best: u64) -> u64 {
    let quarter = BAR / 4;
    let mut base = best;
    let mut length = quarter;
    while length < BAR {
        if gas < 4 * base {
            return length + quarter * (gas - base) / (3 * base);
        }
        base *= 4;
        length += quarter;
    }
    BAR
}
