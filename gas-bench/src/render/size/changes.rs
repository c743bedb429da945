//! What has changed in one contract as tables.
//!
//! Lives here: which rows there are, their order and their sums. Not here: what has changed (`crate::figures::size::diff`), figures
//! without a difference (`content`).

use super::blocks::{About, Detail, Grid, Row, Tone, counted, figure, nothing, share_of};
use crate::figures::size::{Amount, Change, Changes, ContractDiff};
use crate::figures::{Bytes, Sizes};
use crate::words::{grouped, percent, sign};

/// The tables of `diff`, with the `top` changes of each kind by name. Only the sizes are always there.
pub(super) fn grids(diff: &ContractDiff, top: usize) -> Vec<Grid> {
    let kinds = [
        (&diff.sections, Detail::Sections, "section"),
        (&diff.crates, Detail::Crates, "crate"),
        (&diff.functions, Detail::Functions, "function"),
        (&diff.data, Detail::Functions, "data segment"),
    ];
    let kinds = kinds
        .into_iter()
        .filter(|(changes, ..)| !changes.is_empty());
    let grids = kinds.map(|(changes, detail, what)| grid(changes, detail, what, top));
    [steps(diff)].into_iter().chain(grids).collect()
}

fn steps(diff: &ContractDiff) -> Grid {
    let step = |of: fn(&Sizes) -> Bytes, name: String| {
        let (before, after) = (of(&diff.before).0, of(&diff.after).0);
        let mut figures = differences(before, after);
        figures.push(String::new());
        Row::new(tone(before, after), figures, About::words(name))
    };
    let limited = |of: fn(&Sizes) -> Bytes, limit, name| {
        let share = share_of(of(&diff.after), limit);
        step(of, format!("{name}, {share} of {}", figure(limit)))
    };
    let sizes = diff.after;
    let code_limit = match sizes.accounts {
        1 => sizes.account_limit,
        _ => sizes.fragments_limit,
    };
    Grid {
        detail: Detail::Steps,
        titles: titles("step"),
        rows: vec![
            step(|it| it.built, "built".to_owned()),
            limited(|it| it.processed, sizes.processed_limit, "post-processed"),
            limited(|it| it.code, code_limit, "compressed"),
            step(
                |it| Bytes(it.accounts.into()),
                "accounts that hold it".to_owned(),
            ),
        ],
    }
}

fn titles(what: &'static str) -> Vec<&'static str> {
    vec!["before", "after", "change", "%", "", what]
}

fn grid(changes: &Changes, detail: Detail, what: &'static str, top: usize) -> Grid {
    let kinds = [
        (&changes.added, "added"),
        (&changes.removed, "removed"),
        (&changes.grown, "grown"),
        (&changes.shrunk, "shrunk"),
    ];
    let mut rows = Vec::new();
    for (list, kind) in kinds {
        let (shown, others) = list.split_at(top.min(list.len()));
        for change in shown {
            let about = About::Name {
                text: change.name.clone(),
                words: instances(change, detail),
            };
            rows.push(row(change.before, change.after, kind, about));
        }
        if !others.is_empty() {
            let total = |of: fn(&Change) -> Amount| {
                let all = others.iter().map(of);
                all.fold(Amount::default(), Amount::and)
            };
            let about = About::words(counted(others.len() as u64, &format!("more {what}")));
            rows.push(row(
                total(|it| it.before),
                total(|it| it.after),
                kind,
                about,
            ));
        }
    }
    let same = changes.unchanged;
    if same.count > 0 {
        rows.push(row(same, same, "same", About::words("all others")));
    }
    let (before, after) = changes.total();
    let mut total = row(before, after, "", About::words(format!("all {what}s")));
    total.tone = Tone::Total;
    rows.push(total);
    Grid {
        detail,
        titles: titles(what),
        rows,
    }
}

/// How many have this name, where it is not one before and after; of a crate, how many functions it has, where that has
/// changed.
fn instances(change: &Change, detail: Detail) -> String {
    let (before, after) = (change.before.count, change.after.count);
    let was_or_is = match (before, after) {
        (before, 0) => before,
        (_, after) => after,
    };
    let is_both = before > 0 && after > 0 && before != after;
    match detail {
        Detail::Crates if is_both => {
            format!("({} → {})", grouped(before), counted(after, "function"))
        }
        Detail::Crates if before == after => String::new(),
        Detail::Crates => format!("({})", counted(was_or_is, "function")),
        _ if before.max(after) <= 1 => String::new(),
        _ if is_both => format!("×{} → ×{}", grouped(before), grouped(after)),
        _ => format!("×{}", grouped(was_or_is)),
    }
}

fn row(before: Amount, after: Amount, kind: &str, about: About) -> Row {
    let mut figures = differences(before.bytes.0, after.bytes.0);
    for (side, amount) in [before, after].into_iter().enumerate() {
        if amount.count == 0 {
            figures[side] = nothing();
        }
    }
    figures.push(kind.to_owned());
    Row::new(tone(before.bytes.0, after.bytes.0), figures, about)
}

fn differences(before: u64, after: u64) -> Vec<String> {
    let sign = sign(i128::from(after) - i128::from(before));
    vec![
        figure(Bytes(before)),
        figure(Bytes(after)),
        format!("{sign}{}", grouped(before.abs_diff(after))),
        percent(before, after).unwrap_or_else(nothing),
    ]
}

/// Fewer bytes are better.
const fn tone(before: u64, after: u64) -> Tone {
    if after < before {
        Tone::Better
    } else if after > before {
        Tone::Worse
    } else {
        Tone::Plain
    }
}
