//! The changes of one contract as tables.
//!
//! Lives here: which rows there are, their order and their sums. Not here: what has changed (`crate::figures::size::diff`), figures
//! without a difference (`content`).

use crate::document::{Cell, Column, Rank, Row, Table, Tone};
use crate::figures::size::{Amount, Change, Changes, ContractDiff};
use crate::figures::{Bytes, Sizes};
use crate::words::{counted, grouped, share};

/// The tables of `diff`, with the `top` changes of each kind by name. Only the sizes are always included.
pub(super) fn tables(diff: &ContractDiff, top: usize) -> Vec<(Rank, Table)> {
    let kinds = [
        (&diff.sections, Rank::Detail, ["section", "sections"]),
        (&diff.crates, Rank::Main, ["crate", "crates"]),
        (&diff.functions, Rank::Fine, ["function", "functions"]),
        (&diff.data, Rank::Fine, ["data segment", "data segments"]),
    ];
    let kinds = kinds
        .into_iter()
        .filter(|(changes, ..)| !changes.is_empty());
    let tables = kinds.map(|(changes, rank, names)| (rank, of_kind(changes, rank, names, top)));
    [(Rank::Vital, steps(diff))]
        .into_iter()
        .chain(tables)
        .collect()
}

fn steps(diff: &ContractDiff) -> Table {
    let step = |of: fn(&Sizes) -> Bytes, name: String| {
        let (before, after) = (of(&diff.before).0, of(&diff.after).0);
        row([Some(before), Some(after)], "", Cell::words(name))
    };
    let limited = |of: fn(&Sizes) -> Bytes, limit: Bytes, name| {
        let share = share(of(&diff.after).0, limit.0).unwrap_or_default();
        step(of, format!("{name}, {share} of {}", grouped(limit.0)))
    };
    let sizes = diff.after;
    let code_limit = match sizes.accounts {
        1 => sizes.account_limit,
        _ => sizes.fragments_limit,
    };
    let rows = [
        step(|it| it.built, "built".to_owned()),
        limited(|it| it.processed, sizes.processed_limit, "post-processed"),
        limited(|it| it.code, code_limit, "compressed"),
        step(
            |it| Bytes(it.accounts.into()),
            "accounts that hold it".to_owned(),
        ),
    ];
    Table::new("steps", titles("step"), rows)
}

fn titles(what: &str) -> Vec<Column> {
    let figures = ["before", "after", "change", "%"].map(Column::figure);
    let names = [Column::words(""), Column::name(what)];
    figures.into_iter().chain(names).collect()
}

fn of_kind(changes: &Changes, rank: Rank, [what, all]: [&'static str; 2], top: usize) -> Table {
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
            let about = Cell::name_and(&change.name, instances(change, rank));
            rows.push(row(
                [there(change.before), there(change.after)],
                kind,
                about,
            ));
        }
        if !others.is_empty() {
            let total = |of: fn(&Change) -> Amount| {
                let all = others.iter().map(of);
                there(all.fold(Amount::default(), Amount::and))
            };
            let about = Cell::counted(others.len() as u64, &format!("more {what}"));
            let amounts = [total(|it| it.before), total(|it| it.after)];
            rows.push(row(amounts, kind, about));
        }
    }
    let same = there(changes.unchanged);
    if same.is_some() {
        rows.push(row([same, same], "same", Cell::words("all others")));
    }
    let (before, after) = changes.total();
    let about = Cell::words(format!("all {all}"));
    rows.push(Row {
        tone: Tone::Total,
        ..row([there(before), there(after)], "", about)
    });
    Table::new(all, titles(what), rows)
}

/// How many parts have this name, unless it is one before and after; for a crate, how many functions it has, if that has changed.
fn instances(change: &Change, rank: Rank) -> String {
    let (before, after) = (change.before.count, change.after.count);
    let was_or_is = match (before, after) {
        (before, 0) => before,
        (_, after) => after,
    };
    let is_both = before > 0 && after > 0 && before != after;
    match rank {
        Rank::Main if is_both => {
            format!("({} → {})", grouped(before), counted(after, "function"))
        }
        Rank::Main if before == after => String::new(),
        Rank::Main => format!("({})", counted(was_or_is, "function")),
        _ if before.max(after) <= 1 => String::new(),
        _ if is_both => format!("×{} → ×{}", grouped(before), grouped(after)),
        _ => format!("×{}", grouped(was_or_is)),
    }
}

/// The bytes, if there is anything.
fn there(amount: Amount) -> Option<u64> {
    (amount.count > 0).then_some(amount.bytes.0)
}

fn row(amounts: [Option<u64>; 2], kind: &str, about: Cell) -> Row {
    let [before, after] = amounts.map(Option::unwrap_or_default);
    let amounts = amounts.map(|amount| amount.map_or(Cell::Nothing, Cell::figure));
    let figures = amounts.into_iter().chain(Cell::compared(before, after));
    let rest = [Cell::words(kind), about];
    Row::new(Tone::of_change(before, after), figures.chain(rest))
}
