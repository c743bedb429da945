//! The figures of one contract as tables.
//!
//! Lives here: which rows there are, their order and their sums. Not here: differences (`changes`), alignment, escapes.

use std::cmp::Reverse;

use super::{figure, share_of};
use crate::document::{Cell, Rank, Row, Table, Tone};
use crate::figures::size::{ContractSize, HEADER, Section};
use crate::figures::{Bytes, Sizes};
use crate::words::counted;

/// The tables of `contract`, with its `top` largest functions by name.
pub(super) fn tables(contract: &ContractSize, top: usize) -> Vec<(Rank, Table)> {
    vec![
        (Rank::Vital, steps(contract)),
        (Rank::Detail, sections(contract)),
        (Rank::Main, crates(contract)),
        (Rank::Fine, functions(contract, top)),
        (Rank::Fine, segments(contract, top)),
    ]
}

/// The sizes from compiler to chain.
fn steps(contract: &ContractSize) -> Table {
    let sizes = contract.sizes;
    let free = |size, name: &str| {
        Row::plain([
            figure(size),
            Cell::Nothing,
            Cell::Nothing,
            Cell::words(name),
        ])
    };
    let limited = |size: Bytes, limit, name: &str| {
        let row = |tone, words: String| {
            let figures = [figure(size), figure(limit), share_of(size, limit)];
            Row::new(tone, figures.into_iter().chain([Cell::words(words)]))
        };
        if size > limit {
            row(Tone::Worse, format!("{name}: TOO LARGE"))
        } else {
            row(Tone::Plain, name.to_owned())
        }
    };
    let Sizes { code, accounts, .. } = sizes;
    let mut rows = vec![
        free(contract.with_names(), "built, with custom sections"),
        free(sizes.built, "built, without them"),
        limited(sizes.processed, sizes.processed_limit, "post-processed"),
    ];
    if accounts == 1 {
        let account = "compressed, in one account";
        rows.push(limited(code, sizes.account_limit, account));
        rows.push(limited(
            code,
            sizes.fragments_limit,
            "in fragments, if it had to be",
        ));
    } else {
        let fragments = format!("compressed, in {}", counted(accounts.into(), "fragment"));
        rows.push(limited(code, sizes.fragments_limit, &fragments));
        let limit = sizes.account_limit;
        let about = Cell::words("more than one account holds");
        rows.push(Row::plain([
            figure(code),
            figure(limit),
            share_of(code, limit),
            about,
        ]));
    }
    Table::named_last("steps", &["bytes", "limit", "of limit"], "step", rows)
}

/// The sections of both forms of the module; sections of one name share a row.
fn sections(contract: &ContractSize) -> Table {
    let mut rows = Vec::<(&Section, [Option<Bytes>; 2])>::new();
    let sides = [&contract.built, &contract.deployed];
    for (side, sections) in sides.into_iter().enumerate() {
        for section in sections {
            let same = |(other, _): &&mut (&Section, _)| {
                (other.custom, &other.name) == (section.custom, &section.name)
            };
            let amounts = match rows.iter_mut().find(same) {
                Some((_, amounts)) => amounts,
                None => {
                    rows.push((section, [None, None]));
                    let (_, amounts) = rows.last_mut().expect("a row was just added");
                    amounts
                }
            };
            let before = amounts[side].map_or(0, |bytes| bytes.0);
            amounts[side] = Some(Bytes(before.saturating_add(section.bytes.0)));
        }
    }
    let processed = contract.sizes.processed;
    let row = |tone, [built, deployed]: [Option<Bytes>; 2], about| {
        let figures = [
            built.map_or(Cell::Nothing, figure),
            deployed.map_or(Cell::Nothing, figure),
            deployed.map_or(Cell::Nothing, |bytes| share_of(bytes, processed)),
        ];
        Row::new(tone, figures.into_iter().chain([about]))
    };
    let header = row(Tone::Plain, [Some(HEADER); 2], Cell::words("header"));
    let sections = rows.into_iter().map(|(section, amounts)| {
        let about = if section.custom {
            Cell::name_and(&section.name, "(custom)")
        } else {
            Cell::words(section.name.clone())
        };
        row(Tone::Plain, amounts, about)
    });
    let totals = [Some(contract.with_names()), Some(processed)];
    let total = row(Tone::Total, totals, Cell::words("the module"));
    Table::named_last(
        "sections",
        &["as built", "deployed", "of module"],
        "section",
        [header].into_iter().chain(sections).chain([total]),
    )
}

fn crates(contract: &ContractSize) -> Table {
    let processed = contract.sizes.processed;
    let row = |tone, bytes, functions: Option<u64>, about| {
        let functions = functions.map_or(Cell::Nothing, Cell::figure);
        Row::new(
            tone,
            [figure(bytes), share_of(bytes, processed), functions, about],
        )
    };
    let crates = contract.crates.iter().map(|it| {
        let about = Cell::name(&it.name);
        row(Tone::Plain, it.bytes, Some(it.functions), about)
    });
    let segments = Cell::counted(contract.data.len() as u64, "data segment");
    let others = [
        row(Tone::Plain, contract.segments(), None, segments),
        row(
            Tone::Plain,
            contract.rest(),
            None,
            Cell::words("everything else"),
        ),
        row(
            Tone::Total,
            processed,
            Some(contract.functions.len() as u64),
            Cell::words("the module"),
        ),
    ];
    Table::named_last(
        "crates",
        &["bytes", "of module", "functions"],
        "crate",
        crates.chain(others),
    )
}

fn functions(contract: &ContractSize, top: usize) -> Table {
    let functions = contract.functions.iter();
    let items = functions.map(|it| (&*it.name, it.bytes)).collect();
    listed(contract, "functions", "function", items, top)
}

fn segments(contract: &ContractSize, top: usize) -> Table {
    let segments = contract.data.iter();
    let items = segments.map(|it| (&*it.name, it.bytes)).collect();
    listed(contract, "data segments", "data segment", items, top)
}

/// The `top` largest of `items`, the others together, and the total.
fn listed(
    contract: &ContractSize,
    about: &'static str,
    what: &str,
    mut items: Vec<(&str, Bytes)>,
    top: usize,
) -> Table {
    let row = |tone, bytes, about| {
        let share = share_of(bytes, contract.sizes.processed);
        Row::new(tone, [figure(bytes), share, about])
    };
    let all_of = |items: &[(&str, Bytes)]| {
        let total = |sum: u64, (_, bytes): &(&str, Bytes)| sum.saturating_add(bytes.0);
        Bytes(items.iter().fold(0, total))
    };
    items.sort_by_key(|&(_, bytes)| Reverse(bytes));
    let (shown, others) = items.split_at(top.min(items.len()));
    let shown = shown.iter();
    let shown = shown.map(|&(name, bytes)| row(Tone::Plain, bytes, Cell::name(name)));
    let mut rows: Vec<_> = shown.collect();
    if !others.is_empty() {
        let words = counted(others.len() as u64, &format!("more {what}"));
        rows.push(row(Tone::Plain, all_of(others), Cell::words(words)));
    }
    if !rows.is_empty() {
        let words = counted(items.len() as u64, what);
        rows.push(row(Tone::Total, all_of(&items), Cell::words(words)));
    }
    Table::named_last(about, &["bytes", "of module"], what, rows)
}
