//! Replayed transactions: whether they match their receipts, and what they would have cost with other programs.
//!
//! Lives here: tables, sentences, rows. Not here: the figures (`figures::replay`).

use serde::Serialize;

use super::profile;
use crate::document::{
    Cell, Column, Content, Document, Item, Rank, Row, Table, Text, Tone, csv, json,
};
use crate::figures::replay::{Ended, ProgramProfile, ReplayedTransaction, Replays};
use crate::words::{counted, grouped, sign};

/// The output of `replay`.
#[derive(Clone, Copy, Debug)]
pub struct ReplayContent<'a> {
    /// The figures.
    pub replays: &'a Replays,
    /// How many functions and host calls of a program are listed by name.
    pub top: usize,
}

impl Content for ReplayContent<'_> {
    fn document(&self, is_page: bool) -> Document {
        let Self { replays, top } = *self;
        let title = Text::from("Replayed from ").and_name(&replays.chain);
        let mut document = Document::new(title, &[]);
        document.sentences(Rank::Vital, search(replays));
        document.sentences(Rank::Vital, [summary(replays)]);
        document.push(Rank::Vital, receipts(replays));
        let differing = replays
            .transactions
            .iter()
            .filter(|it| !it.is_exact())
            .map(|it| Item::new(short(it), sentence(it, replays.alone)));
        document.list(Rank::Vital, Tone::Worse, differing);
        let failures = replays.failures.iter();
        let failures = failures.map(|(hash, why)| Item::new(Text::name(&hash.to_string()), why));
        document.list(Rank::Vital, Tone::Worse, failures);
        if !replays.programs.is_empty() {
            let names: Vec<_> = replays
                .programs
                .iter()
                .map(|(address, name)| format!("{name} at {address}"))
                .collect();
            document.heading(Rank::Vital, format!("With {}", names.join(", ")));
            document.push(Rank::Vital, costs(replays));
            document.sentences(Rank::Vital, saved(replays));
            let otherwise = replays
                .transactions
                .iter()
                .filter(|it| !it.behaves_otherwise.is_empty())
                .map(|it| Item::new(short(it), it.behaves_otherwise.join("; ")));
            document.list(Rank::Vital, Tone::Worse, otherwise);
            let unused = replays.unused();
            let unused = unused.map(|sentence| Item::new(Text::default(), sentence));
            document.list(Rank::Vital, Tone::Worse, unused);
        }
        let mut notes = notes(replays);
        for transaction in &replays.transactions {
            notes.extend(profiles(&mut document, transaction, top, is_page));
        }
        let strangers = replays.strangers.iter().map(|file| {
            let why = "no program that ran has its code: build it exactly as the deployed one was built, except for `strip`";
            Item::new(Text::name(file), why)
        });
        document.list(Rank::Vital, Tone::Worse, strangers);
        document.notes(notes);
        document
    }

    fn json(&self) -> String {
        json(self.replays)
    }

    /// A row for each transaction.
    fn csv(&self) -> String {
        csv(self.replays.transactions.iter().map(CsvRow::of))
    }
}

/// Where transactions were searched for.
fn search(replays: &Replays) -> Option<String> {
    let search = replays.search.as_ref()?;
    let found = counted(search.found as u64, "transaction");
    let last = match search.found < search.wanted {
        true => format!("{found} instead of {}", grouped(search.wanted as u64)),
        false => format!("the last {found}"),
    };
    let mut text = format!(
        "Contract {}: {last}, in the {} up to number {}.",
        search.contract,
        counted(search.blocks, "block"),
        grouped(search.newest)
    );
    if search.found < search.wanted && search.blocks <= search.newest {
        text += " Look further back with `--blocks`.";
    }
    Some(text)
}

/// The programs of a transaction, each profiled function by function; returns what to know about them.
fn profiles(
    document: &mut Document,
    transaction: &ReplayedTransaction,
    top: usize,
    is_page: bool,
) -> Vec<String> {
    let mut known = Vec::new();
    for program in &transaction.profiles {
        let ProgramProfile {
            depth,
            names,
            profile,
        } = program;
        document.heading(Rank::Vital, profile::heading(profile));
        let place = (*depth > 0).then(|| {
            format!(
                "Called by another contract, {} deep; the gas is that of this call.",
                counted(*depth as u64, "frame")
            )
        });
        let names = match names {
            Some(file) => format!("Functions are named by {file}."),
            None => "Functions have no names: `--names FILE.wasm` takes them from the same build before it was stripped.".to_owned(),
        };
        document.sentences(Rank::Vital, place);
        document.sentences(Rank::Vital, [Text::coded(&names)]);
        document.sentences(Rank::Vital, profile::totals(profile));
        profile::spent(document, profile, top, is_page);
        for note in profile::notes(profile) {
            if !known.contains(&note) {
                known.push(note);
            }
        }
    }
    if transaction.more_profiles > 0 {
        known.push(format!(
            "{} deeper down also ran, not shown here.",
            counted(transaction.more_profiles, "program")
        ));
    }
    if let Some(why) = &transaction.no_profile {
        let item = Item::new(short(transaction), format!("there is no profile: {why}"));
        document.list(Rank::Vital, Tone::Worse, [item]);
    }
    known
}

/// What a sentence calls a transaction.
fn short(transaction: &ReplayedTransaction) -> Text {
    Text::name(&hash(transaction))
}

fn hash(transaction: &ReplayedTransaction) -> String {
    transaction.transaction.to_string()
}

fn summary(replays: &Replays) -> String {
    let all = replays.transactions.len() as u64;
    let exact = replays.transactions.iter().filter(|it| it.is_exact());
    let exact = exact.count() as u64;
    let mut text = match (all, exact) {
        (0, _) => String::new(),
        (1, 1) => "The transaction matches its receipt exactly: status, gas and logs.".to_owned(),
        (1, 0) => "The transaction does not match its receipt.".to_owned(),
        (all, exact) if all == exact => {
            format!("All {all} match their receipts exactly: status, gas and logs.")
        }
        (all, exact) => format!("Of {all}, {exact} match their receipts exactly."),
    };
    let failed = replays.failures.len() as u64;
    if failed > 0 {
        text += &format!(" {} cannot be replayed.", counted(failed, "transaction"));
    }
    text.trim_start().to_owned()
}

/// Receipts beside the results here.
fn receipts(replays: &Replays) -> Table {
    let columns = [
        Column::name("transaction"),
        Column::figure("block"),
        Column::figure("gas by its receipt"),
        Column::figure("gas here"),
        Column::figure("of it for L1"),
        Column::figure("logs"),
        Column::words("receipt"),
    ];
    let rows = replays.transactions.iter().map(|it| {
        let tone = if it.is_exact() {
            Tone::Plain
        } else {
            Tone::Worse
        };
        let verdict = if it.is_exact() { "exact" } else { "differs" };
        Row::new(
            tone,
            [
                Cell::name(&hash(it)),
                Cell::figure(it.block),
                Cell::figure(it.there.gas.0),
                Cell::figure(it.here.gas.0),
                Cell::unless_zero(it.here.l1_gas.0),
                Cell::figure(it.here.logs as u64),
                Cell::words(verdict),
            ],
        )
    });
    Table::new("transactions", columns, rows)
}

/// What each transaction costs as it is, and with the other programs.
fn costs(replays: &Replays) -> Table {
    let columns = [
        Column::name("transaction"),
        Column::figure("gas as it is"),
        Column::figure("with the other program"),
        Column::figure("difference"),
        Column::words("does"),
    ];
    let rows = replays.transactions.iter().filter_map(|it| {
        let with = it.with_programs.as_ref()?;
        let change = i128::from(with.gas.0) - i128::from(it.here.gas.0);
        let tone = match (change, it.behaves_otherwise.is_empty()) {
            (_, false) => Tone::Worse,
            (0, _) => Tone::Plain,
            (change, _) if change < 0 => Tone::Better,
            _ => Tone::Worse,
        };
        let does = match it.behaves_otherwise.is_empty() {
            true => "the same",
            false => "something else",
        };
        Some(Row::new(
            tone,
            [
                Cell::name(&hash(it)),
                Cell::figure(it.here.gas.0),
                Cell::figure(with.gas.0),
                Cell::words(signed(change)),
                Cell::words(does),
            ],
        ))
    });
    Table::new("transactions", columns, rows)
}

fn signed(change: i128) -> String {
    let size = u64::try_from(change.unsigned_abs()).unwrap_or(u64::MAX);
    format!("{}{}", sign(change), grouped(size))
}

/// The total over all transactions.
fn saved(replays: &Replays) -> Option<String> {
    let both = replays
        .transactions
        .iter()
        .filter_map(|it| Some((it.here.gas.0, it.with_programs.as_ref()?.gas.0)));
    let (before, after) = both.fold((0_u64, 0_u64), |(before, after), (here, with)| {
        (before.saturating_add(here), after.saturating_add(with))
    });
    (replays.transactions.len() > 1 && before > 0).then(|| {
        let change = i128::from(after) - i128::from(before);
        format!(
            "In all {} gas in place of {}: {}.",
            grouped(after),
            grouped(before),
            signed(change)
        )
    })
}

/// How a transaction differs from its receipt, and why.
fn sentence(transaction: &ReplayedTransaction, alone: bool) -> String {
    let mut text = transaction.differences.join("; ");
    if let Some(deviates) = &transaction.deviates {
        text += &format!(
            ". An earlier transaction of its block already differs, {}: {}",
            deviates.transaction,
            deviates.differences.join("; ")
        );
    } else if alone {
        text += ". The earlier transactions of its block were left out, which may be the reason";
    } else if transaction.there.l1_gas != transaction.here.l1_gas {
        text += ". Gas for L1 data depends on the length of its compressed bytes and on the L1 price in the state before its block";
    }
    if let Some(reason) = &transaction.here.reason {
        text += &format!(". Here it failed because {reason}");
    }
    text
}

fn notes(replays: &Replays) -> Vec<String> {
    let mut notes = vec![match replays.alone {
        true => {
            "Each was run on the state before its block, without that block's earlier transactions."
                .to_owned()
        }
        false => {
            "Each was run on the state before its block, after that block's earlier transactions."
                .to_owned()
        }
    }];
    if !replays.programs.is_empty() {
        notes.push(
            "The other program is active from the start, and cached wherever the one that it replaces is."
                .to_owned(),
        );
    }
    notes
}

/// A transaction for spreadsheets and scripts.
#[derive(Serialize)]
struct CsvRow {
    transaction: String,
    block: u64,
    index: u64,
    exact: bool,
    receipt_success: bool,
    receipt_gas: u64,
    receipt_l1_gas: u64,
    receipt_logs: usize,
    success: bool,
    gas: u64,
    l1_gas: u64,
    logs: usize,
    with_programs_success: Option<bool>,
    with_programs_gas: Option<u64>,
    differences: String,
}

impl CsvRow {
    fn of(transaction: &ReplayedTransaction) -> Self {
        let (there, here): (&Ended, &Ended) = (&transaction.there, &transaction.here);
        let with = transaction.with_programs.as_ref();
        Self {
            transaction: hash(transaction),
            block: transaction.block,
            index: transaction.index,
            exact: transaction.is_exact(),
            receipt_success: there.success,
            receipt_gas: there.gas.0,
            receipt_l1_gas: there.l1_gas.0,
            receipt_logs: there.logs,
            success: here.success,
            gas: here.gas.0,
            l1_gas: here.l1_gas.0,
            logs: here.logs,
            with_programs_success: with.map(|with| with.success),
            with_programs_gas: with.map(|with| with.gas.0),
            differences: transaction.differences.join("; "),
        }
    }
}
