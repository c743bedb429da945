//! Who spent the program's ink: functions and host calls in one list.
//!
//! Lives here: their order, the rest in one row, the sum. Not here: what is paid outside the program (`outside`).
//!
//! Theorem: the rows' own ink adds up to the total, however many are shown.

use stylus_vm::Ink;
use stylus_vm::profile::Profile;

use super::grid::{About, Grid, Row, share_of};
use super::names;
use crate::render::NOTHING;
use crate::words::grouped;

struct Spender {
    name: String,
    own: Ink,
    total: Ink,
    calls: u64,
}

/// The `top` spenders by what they spent themselves, and the others together.
pub(super) fn grid(profile: &Profile, top: usize) -> Grid {
    let spenders = spenders(profile);
    let spent = spent(profile);
    let (shown, others) = spenders.split_at(top.min(spenders.len()));
    let row = |own: Ink, total: Option<Ink>, calls: Option<u64>, about| Row {
        figures: vec![
            grouped(own.0),
            share_of(own, spent),
            total.map_or_else(|| NOTHING.to_owned(), |total| grouped(total.0)),
            calls.map_or_else(|| NOTHING.to_owned(), grouped),
        ],
        about,
    };
    let mut rows: Vec<_> = shown
        .iter()
        .map(|it| {
            let about = About::Name(it.name.clone());
            row(it.own, Some(it.total), Some(it.calls), about)
        })
        .collect();
    if !others.is_empty() {
        let own = others.iter().map(|it| it.own).sum();
        let calls = others
            .iter()
            .map(|it| it.calls)
            .fold(0, u64::saturating_add);
        rows.push(row(own, None, Some(calls), others_in_words(others.len())));
    }
    if profile.forfeited > Ink::ZERO {
        let about = About::Words("forfeited: too little for what came next".to_owned());
        rows.push(row(profile.forfeited, None, None, about));
    }
    let about = About::Words("all that the program used".to_owned());
    Grid {
        titles: &["self ink", "share", "total ink", "calls"],
        names: "function or host call",
        rows,
        total: row(spent, None, None, about),
    }
}

pub(super) fn others_in_words(count: usize) -> About {
    let ending = if count == 1 { "" } else { "s" };
    About::Words(format!("{} other{ending}", grouped(count as u64)))
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
