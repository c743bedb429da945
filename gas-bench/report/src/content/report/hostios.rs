//! Host calls by kind.
//!
//! Lives here: the sums over all runs of all calls of a contract. Not here: the host calls of each run (`csv`, `figures`).

use crate::document::{Cell, Row, Table, Tone};
use crate::figures::{Call, Hostio, hostios};

/// A row for each kind, the most expensive first; then their total.
pub(super) fn table(calls: &[Call]) -> Table {
    let runs = || calls.iter().flat_map(Call::runs);
    let kinds = hostios(runs());
    let of_programs: u64 = runs().fold(0, |sum, run| sum.saturating_add(run.parts.program_ink().0));
    let all = kinds
        .iter()
        .fold(Hostio::default(), |all, (_, kind)| Hostio {
            calls: all.calls.saturating_add(kind.calls),
            ink: all.ink.saturating_add(kind.ink),
        });
    let row = |tone, name, Hostio { calls, ink }| {
        let each = ink.0.checked_div(calls);
        let share = |whole| Cell::Share { part: ink.0, whole };
        let cells = [
            name,
            Cell::figure(calls),
            Cell::figure(ink.0),
            each.map_or(Cell::Nothing, Cell::figure),
            share(all.ink.0),
            share(of_programs),
        ];
        Row::new(tone, cells)
    };
    let several = kinds.len() > 1;
    let rows = kinds
        .iter()
        .map(|(name, kind)| row(Tone::Plain, Cell::name(name), *kind));
    let total = several.then(|| row(Tone::Total, Cell::words("all"), all));
    let titles = [
        "calls",
        "ink",
        "ink each",
        "of all host calls",
        "of the programs' ink",
    ];
    Table::of_figures("host calls", "host call", titles, rows.chain(total))
}
