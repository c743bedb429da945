//! Host calls by kind.
//!
//! Lives here: the sums over all runs of all calls of a contract. Not here: what each run has of them (`csv`, `figures`).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::grid::{Cell, Column, Grid, Row, Tone};
use crate::figures::{Call, Hostio};
use crate::words::share;

/// A row for each kind, the dearest first; then all of them.
pub(super) fn grid(calls: &[Call]) -> Grid {
    let runs = || calls.iter().flat_map(Call::runs);
    let mut kinds = BTreeMap::<&str, Hostio>::new();
    for (name, hostio) in runs().flat_map(|run| &run.parts.hostios) {
        let kind = kinds.entry(name).or_default();
        kind.calls = kind.calls.saturating_add(hostio.calls);
        kind.ink = kind.ink.saturating_add(hostio.ink);
    }
    let of_programs: u64 = runs().fold(0, |sum, run| sum.saturating_add(run.parts.program_ink().0));
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, hostio)| Reverse(hostio.ink));
    let all = kinds
        .iter()
        .fold(Hostio::default(), |all, (_, hostio)| Hostio {
            calls: all.calls.saturating_add(hostio.calls),
            ink: all.ink.saturating_add(hostio.ink),
        });
    let row = |name, hostio: Hostio| {
        let of_ink = share(hostio.ink.0, of_programs).map_or(Cell::Nothing, Cell::Own);
        Row::new(
            Tone::Plain,
            [
                name,
                Cell::figure(hostio.calls),
                Cell::figure(hostio.ink.0),
                of_ink,
            ],
        )
    };
    let several = kinds.len() > 1;
    let kinds = kinds
        .into_iter()
        .map(|(name, hostio)| row(Cell::foreign(name), hostio));
    let all = several.then(|| row(Cell::own("all"), all));
    Grid {
        columns: vec![
            Column::left("host call"),
            Column::right("calls"),
            Column::right("ink"),
            Column::right("of the programs' ink"),
        ],
        rows: kinds.chain(all).collect(),
    }
}
