//! Who spent the program's ink: functions and host calls in one list.
//!
//! Lives here: their order, one row for the rest, the sum. Not here: what is paid outside the program (`outside`).
//!
//! Theorem: the rows' own ink adds up to the total, however many are shown.

use stylus_vm::Ink;
use stylus_vm::profile::Profile;

use crate::document::{Cell, Row, Table, Tone};
use crate::picture::names;

struct Spender {
    name: String,
    own: Ink,
    total: Ink,
    calls: u64,
}

/// The `top` spenders by their own ink, and the others together.
pub(super) fn table(profile: &Profile, top: usize) -> Table {
    let spenders = spenders(profile);
    let spent = spent(profile);
    let (shown, others) = spenders.split_at(top.min(spenders.len()));
    let row = |tone, own: Ink, total: Option<Ink>, calls: Option<u64>, about| {
        let share = Cell::Share {
            part: own.0,
            whole: spent.0,
        };
        let total = total.map_or(Cell::Nothing, |total| Cell::figure(total.0));
        let calls = calls.map_or(Cell::Nothing, Cell::figure);
        Row::new(tone, [Cell::figure(own.0), share, total, calls, about])
    };
    let shown = shown.iter().map(|it| {
        let (total, calls) = (Some(it.total), Some(it.calls));
        row(Tone::Plain, it.own, total, calls, Cell::name(&it.name))
    });
    let mut rows: Vec<_> = shown.collect();
    if !others.is_empty() {
        let own = others.iter().map(|it| it.own).sum();
        let calls = others.iter().map(|it| it.calls);
        let calls = calls.fold(0, u64::saturating_add);
        let about = Cell::counted(others.len() as u64, "other");
        rows.push(row(Tone::Plain, own, None, Some(calls), about));
    }
    if profile.forfeited > Ink::ZERO {
        let about = Cell::words("forfeited: too little to pay for the next step");
        rows.push(row(Tone::Plain, profile.forfeited, None, None, about));
    }
    let about = Cell::words("all that the program used");
    rows.push(row(Tone::Total, spent, None, None, about));
    let titles = ["self ink", "share", "total ink", "calls"];
    Table::named_last(
        "functions and host calls",
        &titles,
        "function or host call",
        rows,
    )
}

/// Ink spent in functions.
pub(super) fn by_functions(profile: &Profile) -> Ink {
    profile.functions.iter().map(|it| it.self_ink).sum()
}

/// Ink spent in host calls.
pub(super) fn by_hostios(profile: &Profile) -> Ink {
    profile.hostios.iter().map(|it| it.ink).sum()
}

/// All ink of the program.
pub(super) fn spent(profile: &Profile) -> Ink {
    let parts = [
        by_functions(profile),
        by_hostios(profile),
        profile.forfeited,
    ];
    parts.into_iter().sum()
}

fn spenders(profile: &Profile) -> Vec<Spender> {
    let functions =
        profile
            .functions
            .iter()
            .zip(names::functions(profile))
            .map(|(function, name)| Spender {
                name,
                own: function.self_ink,
                total: function.total_ink,
                calls: function.calls,
            });
    let hostios = profile.hostios.iter().map(|hostio| Spender {
        name: names::host(&hostio.name),
        own: hostio.ink,
        total: hostio.ink,
        calls: hostio.calls,
    });
    let mut spenders: Vec<_> = functions.chain(hostios).collect();
    spenders.sort_by(|one, other| {
        let ink = (other.own, other.total).cmp(&(one.own, one.total));
        ink.then_with(|| one.name.cmp(&other.name))
    });
    spenders
}
