//! The figures of one contract as tables.
//!
//! Lives here: which rows there are, their order and their sums. Not here: differences (`changes`), alignment, escapes.

use std::cmp::Reverse;

use super::blocks::{About, Detail, Grid, Row, Tone, counted, figure, nothing, share_of};
use crate::figures::size::{ContractSize, HEADER, Section};
use crate::figures::{Bytes, Sizes};

/// The tables of `contract`, with its `top` largest functions by name.
pub(super) fn grids(contract: &ContractSize, top: usize) -> Vec<Grid> {
    vec![
        steps(contract),
        sections(contract),
        crates(contract),
        functions(contract, top),
        segments(contract, top),
    ]
}

/// From compiler to chain.
fn steps(contract: &ContractSize) -> Grid {
    let sizes = contract.sizes;
    let free = |size, name: &str| {
        let figures = [figure(size), nothing(), nothing()];
        Row::new(Tone::Plain, figures, About::words(name))
    };
    let limited = |size: Bytes, limit, name: &str| {
        let figures = [figure(size), figure(limit), share_of(size, limit)];
        if size > limit {
            let words = format!("{name}: TOO LARGE");
            Row::new(Tone::Worse, figures, About::words(words))
        } else {
            Row::new(Tone::Plain, figures, About::words(name))
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
        let figures = [figure(code), figure(limit), share_of(code, limit)];
        let about = About::words("more than one account holds");
        rows.push(Row::new(Tone::Plain, figures, about));
    }
    Grid {
        detail: Detail::Steps,
        titles: vec!["bytes", "limit", "of limit", "step"],
        rows,
    }
}

/// The sections of both forms of the module, those of one name in one row.
fn sections(contract: &ContractSize) -> Grid {
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
            built.map_or_else(nothing, figure),
            deployed.map_or_else(nothing, figure),
            deployed.map_or_else(nothing, |bytes| share_of(bytes, processed)),
        ];
        Row::new(tone, figures, about)
    };
    let header = row(Tone::Plain, [Some(HEADER); 2], About::words("header"));
    let sections = rows.into_iter().map(|(section, amounts)| {
        let about = if section.custom {
            About::Name {
                text: section.name.clone(),
                words: "(custom)".to_owned(),
            }
        } else {
            About::words(&section.name)
        };
        row(Tone::Plain, amounts, about)
    });
    let totals = [Some(contract.with_names()), Some(processed)];
    let total = row(Tone::Total, totals, About::words("the module"));
    Grid {
        detail: Detail::Sections,
        titles: vec!["as built", "deployed", "of module", "section"],
        rows: [header]
            .into_iter()
            .chain(sections)
            .chain([total])
            .collect(),
    }
}

fn crates(contract: &ContractSize) -> Grid {
    let processed = contract.sizes.processed;
    let row = |tone, bytes, functions: Option<u64>, about| {
        let functions = functions.map_or_else(nothing, |count| figure(Bytes(count)));
        Row::new(
            tone,
            [figure(bytes), share_of(bytes, processed), functions],
            about,
        )
    };
    let crates = contract.crates.iter().map(|it| {
        let about = About::name(&it.name);
        row(Tone::Plain, it.bytes, Some(it.functions), about)
    });
    let segments = About::words(counted(contract.data.len() as u64, "data segment"));
    let others = [
        row(Tone::Plain, contract.segments(), None, segments),
        row(
            Tone::Plain,
            contract.rest(),
            None,
            About::words("everything else"),
        ),
        row(
            Tone::Total,
            processed,
            Some(contract.functions.len() as u64),
            About::words("the module"),
        ),
    ];
    Grid {
        detail: Detail::Crates,
        titles: vec!["bytes", "of module", "functions", "crate"],
        rows: crates.chain(others).collect(),
    }
}

fn functions(contract: &ContractSize, top: usize) -> Grid {
    let functions = contract.functions.iter();
    let items = functions.map(|it| (&*it.name, it.bytes)).collect();
    listed(contract, ["bytes", "of module", "function"], items, top)
}

fn segments(contract: &ContractSize, top: usize) -> Grid {
    let segments = contract.data.iter();
    let items = segments.map(|it| (&*it.name, it.bytes)).collect();
    listed(contract, ["bytes", "of module", "data segment"], items, top)
}

/// The `top` largest of `items`, the others together, and all of them.
fn listed(
    contract: &ContractSize,
    titles: [&'static str; 3],
    mut items: Vec<(&str, Bytes)>,
    top: usize,
) -> Grid {
    let [.., what] = titles;
    let row = |tone, bytes, about| {
        let share = share_of(bytes, contract.sizes.processed);
        Row::new(tone, [figure(bytes), share], about)
    };
    let all_of = |items: &[(&str, Bytes)]| {
        let total = |sum: u64, (_, bytes): &(&str, Bytes)| sum.saturating_add(bytes.0);
        Bytes(items.iter().fold(0, total))
    };
    items.sort_by_key(|&(_, bytes)| Reverse(bytes));
    let (shown, others) = items.split_at(top.min(items.len()));
    let shown = shown.iter();
    let shown = shown.map(|&(name, bytes)| row(Tone::Plain, bytes, About::name(name)));
    let mut rows: Vec<_> = shown.collect();
    if !others.is_empty() {
        let words = counted(others.len() as u64, &format!("more {what}"));
        rows.push(row(Tone::Plain, all_of(others), About::words(words)));
    }
    if !rows.is_empty() {
        let words = counted(items.len() as u64, what);
        rows.push(row(Tone::Total, all_of(&items), About::words(words)));
    }
    Grid {
        detail: Detail::Functions,
        titles: titles.into(),
        rows,
    }
}
