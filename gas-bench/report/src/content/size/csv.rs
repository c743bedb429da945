//! The report for spreadsheets and scripts.
//!
//! Lives here: the columns, and which of them each kind of row fills. Not here: what the figures are (`figures::size`).
//!
//! Theorem: of one contract, the rows of the kind `section` add up to its step `processed`, those of `built_section` to its
//! step `with_names`.

use serde::Serialize;

use crate::content::lto;
use crate::document::csv;
use crate::figures::size::{Amount, Changes, ContractSize, HEADER, SizeDiff, SizeReport};
use crate::figures::{Bytes, Sizes};

/// A row of any kind; columns that do not apply stay empty.
#[derive(Clone, Default, Serialize)]
struct Row<'a> {
    kind: &'static str,
    contract: &'a str,
    name: String,
    #[serde(rename = "crate")]
    origin: &'a str,
    bytes: Option<u64>,
    limit_bytes: Option<u64>,
    /// How many functions a crate has.
    functions: Option<u64>,
    /// Why there are no figures, or what is lost without link-time optimisation.
    message: String,
    toolchain: &'a str,
    gas_bench: &'a str,
}

/// The earlier and current values under one name; the unchanged parts of a kind share one row.
#[derive(Clone, Default, Serialize)]
struct DifferenceRow<'a> {
    kind: &'static str,
    contract: &'a str,
    change: &'static str,
    name: &'a str,
    #[serde(rename = "crate")]
    origin: &'a str,
    before_bytes: Option<u64>,
    after_bytes: Option<u64>,
    difference_bytes: Option<i128>,
    /// To two decimals.
    percent: Option<f64>,
    before_count: Option<u64>,
    after_count: Option<u64>,
    /// Why there are no figures.
    message: &'a str,
    before_toolchain: &'a str,
    after_toolchain: &'a str,
}

pub(super) fn figures(report: &SizeReport) -> String {
    let common = Row {
        toolchain: &report.made_with.toolchain,
        gas_bench: &report.made_with.gas_bench,
        ..Row::default()
    };
    let failures = report.failures.iter().map(|(contract, message)| Row {
        kind: "failure",
        contract,
        message: message.clone(),
        ..common.clone()
    });
    let contracts = report.contracts.iter().flat_map(|(name, contract)| {
        let common = Row {
            contract: name,
            ..common.clone()
        };
        let missed = report.missed_lto.get(name).map(|missed| Row {
            kind: "missed_lto",
            message: lto::sentence(missed, contract.sizes.code, None),
            ..common.clone()
        });
        let mut rows = of_contract(contract, &common);
        rows.extend(missed);
        rows
    });
    written(failures.chain(contracts), &common)
}

fn of_contract<'a>(contract: &'a ContractSize, common: &Row<'a>) -> Vec<Row<'a>> {
    let row = |kind, name: &str, bytes: Bytes| Row {
        kind,
        name: name.to_owned(),
        bytes: Some(bytes.0),
        ..common.clone()
    };
    let step = |name, bytes, limit: Option<Bytes>| Row {
        limit_bytes: limit.map(|limit| limit.0),
        ..row("step", name, bytes)
    };
    let Sizes { code, .. } = contract.sizes;
    let mut rows = vec![
        step("with_names", contract.with_names(), None),
        step("built", contract.sizes.built, None),
        step(
            "processed",
            contract.sizes.processed,
            Some(contract.sizes.processed_limit),
        ),
        step("code", code, Some(contract.sizes.account_limit)),
        step("fragments", code, Some(contract.sizes.fragments_limit)),
    ];
    for (kind, sections) in [
        ("built_section", &contract.built),
        ("section", &contract.deployed),
    ] {
        rows.push(row(kind, "header", HEADER));
        rows.extend(sections.iter().map(|it| row(kind, &it.title(), it.bytes)));
    }
    rows.extend(contract.crates.iter().map(|it| Row {
        origin: &it.name,
        functions: Some(it.functions),
        ..row("crate", &it.name, it.bytes)
    }));
    rows.extend(contract.functions.iter().map(|it| Row {
        origin: &it.origin,
        ..row("function", &it.name, it.bytes)
    }));
    let data = contract.data.iter();
    rows.extend(data.map(|it| row("data", &it.name, it.bytes)));
    rows
}

pub(super) fn differences(diff: &SizeDiff) -> String {
    let common = DifferenceRow {
        before_toolchain: &diff.before.toolchain,
        after_toolchain: &diff.after.toolchain,
        ..DifferenceRow::default()
    };
    let mut rows = Vec::new();
    for (contract, message) in &diff.failures {
        rows.push(DifferenceRow {
            kind: "failure",
            contract,
            message,
            ..common.clone()
        });
    }
    for (change, contracts) in [("added", &diff.added), ("removed", &diff.removed)] {
        for (contract, sizes) in contracts {
            let common = DifferenceRow {
                contract,
                ..common.clone()
            };
            let there = Some(sizes);
            let (before, after) = match change {
                "added" => (None, there),
                _ => (there, None),
            };
            rows.extend(steps(before, after, change, &common));
        }
    }
    for (contract, changes) in &diff.contracts {
        let common = DifferenceRow {
            contract,
            ..common.clone()
        };
        rows.extend(steps(
            Some(&changes.before),
            Some(&changes.after),
            "",
            &common,
        ));
        for (kind, changes) in [
            ("section", &changes.sections),
            ("crate", &changes.crates),
            ("function", &changes.functions),
            ("data", &changes.data),
        ] {
            rows.extend(of_changes(kind, changes, &common));
        }
    }
    written(rows, &common)
}

fn steps<'a>(
    before: Option<&Sizes>,
    after: Option<&Sizes>,
    change: &'static str,
    common: &DifferenceRow<'a>,
) -> Vec<DifferenceRow<'a>> {
    let row = |name, of: fn(&Sizes) -> Bytes| {
        let amount = |sizes: Option<&Sizes>| sizes.map(|sizes| of(sizes).0);
        let row = DifferenceRow {
            kind: "step",
            change,
            name,
            ..common.clone()
        };
        compared(amount(before), amount(after), row)
    };
    vec![
        row("built", |sizes| sizes.built),
        row("processed", |sizes| sizes.processed),
        row("code", |sizes| sizes.code),
    ]
}

fn of_changes<'a>(
    kind: &'static str,
    changes: &'a Changes,
    common: &DifferenceRow<'a>,
) -> Vec<DifferenceRow<'a>> {
    let row = |change, name, origin, before: Amount, after: Amount| {
        let there = |amount: Amount| (amount.count > 0).then_some(amount.bytes.0);
        let row = DifferenceRow {
            kind,
            change,
            name,
            origin,
            before_count: Some(before.count),
            after_count: Some(after.count),
            ..common.clone()
        };
        compared(there(before), there(after), row)
    };
    let mut rows = Vec::new();
    for (change, list) in [
        ("added", &changes.added),
        ("removed", &changes.removed),
        ("grown", &changes.grown),
        ("shrunk", &changes.shrunk),
    ] {
        rows.extend(list.iter().map(|it| {
            let origin = match kind {
                "crate" => &it.name,
                _ => it.origin.as_deref().unwrap_or_default(),
            };
            row(change, &it.name, origin, it.before, it.after)
        }));
    }
    if changes.unchanged.count > 0 {
        rows.push(row(
            "unchanged",
            "",
            "",
            changes.unchanged,
            changes.unchanged,
        ));
    }
    rows
}

/// Fills the bytes into `row`; a side without any stays empty.
#[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
fn compared<'a>(
    before: Option<u64>,
    after: Option<u64>,
    row: DifferenceRow<'a>,
) -> DifferenceRow<'a> {
    let (old, new) = (before.unwrap_or(0), after.unwrap_or(0));
    let difference = i128::from(new) - i128::from(old);
    let percent = difference as f64 / old as f64 * 100.0;
    DifferenceRow {
        before_bytes: before,
        after_bytes: after,
        difference_bytes: Some(difference),
        percent: (old > 0).then(|| (percent * 100.0).round() / 100.0),
        ..row
    }
}

/// All rows below their titles. Without rows, the titles come from `default`.
fn written<R: Serialize>(rows: impl IntoIterator<Item = R>, default: &R) -> String {
    let mut rows = rows.into_iter().peekable();
    let is_empty = rows.peek().is_none();
    let text = match is_empty {
        true => csv([default]),
        false => csv(rows),
    };
    match text.split_once('\n') {
        Some((titles, _)) if is_empty => format!("{titles}\n"),
        _ => text,
    }
}
