//! Where the bytes of contracts are.
//!
//! Lives here: headings, the order of everything, the meaning of the figures. Not here: the tables of one contract (`figures`, `changes`),
//! rows (`csv`), measuring and comparing (`figures::size`).

mod changes;
mod csv;
mod figures;

use super::lto;
use crate::document::{
    Block, Cell, Content, Document, Drawing, Item, Picture, Rank, Table, Text, Tone, json_with,
};
use crate::figures::size::{ContractDiff, SizeDiff, SizeReport, UNNAMED};
use crate::figures::{Bytes, Sizes};
use crate::picture::treemap;
use crate::words::{compilers, counted, grouped, percent, printable, share};

/// What each rank contains.
const DETAILS: &[(Rank, &str)] = &[
    (Rank::Main, "crates"),
    (Rank::Detail, "sections"),
    (Rank::Fine, "functions and data segments"),
];

/// The output of `size`.
#[derive(Clone, Copy, Debug)]
pub struct SizeContent<'a> {
    /// The figures.
    pub report: &'a SizeReport,
    /// What has changed since a baseline.
    pub diff: Option<&'a SizeDiff>,
    /// How many functions of each contract are listed by name. The rest share one row, so that every column adds up.
    pub top: usize,
}

impl Content for SizeContent<'_> {
    fn document(&self, is_page: bool) -> Document {
        let Self { report, diff, top } = *self;
        let mut document = Document::new(heading(report), DETAILS);
        document.sentences(Rank::Vital, diff.map(comparison).unwrap_or_default());
        let failures = report.failures.iter();
        let failures = failures.map(|(name, reason)| Item::new(Text::name(name), reason));
        document.list(Rank::Vital, Tone::Worse, failures);
        for (name, contract) in &report.contracts {
            let changed = diff.and_then(|diff| diff.contracts.get(name));
            let says = match (diff, changed) {
                (None, _) => "",
                (Some(_), None) => ": added",
                (Some(_), Some(changed)) if is_same(changed) => ": no change",
                (Some(_), Some(_)) => ": against the baseline",
            };
            document.heading(Rank::Vital, Text::name(name).and(says));
            let missed = report.missed_lto.get(name);
            let missed = missed.map(|missed| lto::sentence(missed, contract.sizes.code, None));
            document.sentences(Rank::Vital, missed.map(|sentence| format!("{sentence}.")));
            let tables = match changed {
                None => figures::tables(contract, top),
                Some(changed) => changes::tables(changed, top),
            };
            for (rank, table) in tables {
                document.push(rank, folded(rank, table));
            }
            if is_page {
                let treemap = Picture {
                    title: "Treemap".to_owned(),
                    caption: "A larger rectangle has more bytes.".to_owned(),
                    drawing: Drawing::Framed(treemap(name, contract)),
                };
                document.push(Rank::Page, treemap);
            }
        }
        for name in diff.iter().flat_map(|diff| diff.removed.keys()) {
            document.heading(Rank::Vital, Text::name(name).and(": removed"));
        }
        document.notes(notes(report, diff));
        document
    }

    fn json(&self) -> String {
        json_with(self.report, self.diff)
    }

    /// A row for each step, section, crate, function and data segment; with a diff, for each that has changed. The column `kind` says
    /// which.
    fn csv(&self) -> String {
        match self.diff {
            None => csv::figures(self.report),
            Some(diff) => csv::differences(diff),
        }
    }
}

/// Folds tables other than steps and crates, which few readers need.
fn folded(rank: Rank, table: Table) -> Block {
    if rank < Rank::Detail {
        return table.into();
    }
    let what = table
        .columns
        .last()
        .map_or("", |column| column.title.as_str());
    let title = format!("By {what}");
    match table.rows.is_empty() {
        true => table.into(),
        false => Block::Fold(title.into(), vec![table.into()]),
    }
}

fn figure(bytes: Bytes) -> Cell {
    Cell::figure(bytes.0)
}

/// The share of `whole` that `part` takes.
const fn share_of(part: Bytes, whole: Bytes) -> Cell {
    Cell::Share {
        part: part.0,
        whole: whole.0,
    }
}

fn heading(report: &SizeReport) -> String {
    format!(
        "Size of {}, {}",
        counted(report.contracts.len() as u64, "contract"),
        printable(&compilers(&report.made_with.toolchain)),
    )
}

fn is_same(diff: &ContractDiff) -> bool {
    let kinds = [&diff.sections, &diff.crates, &diff.functions, &diff.data];
    diff.before == diff.after
        && kinds
            .into_iter()
            .all(crate::figures::size::Changes::is_empty)
}

/// The totals of what both reports have, and other possible causes of a difference.
fn comparison(diff: &SizeDiff) -> Vec<String> {
    let step = |of: fn(&Sizes) -> u64, name: &str| {
        let contracts = || diff.contracts.values();
        let add = |sum: u64, bytes: u64| sum.saturating_add(bytes);
        let before = contracts().map(|it| of(&it.before)).fold(0, add);
        let after = contracts().map(|it| of(&it.after)).fold(0, add);
        let change = percent(before, after).map_or_else(String::new, |it| format!(" ({it})"));
        format!("{name} {} → {}{change}", grouped(before), grouped(after))
    };
    let mut sentences = vec![format!(
        "Bytes of {} against the baseline: {}, {}, {}.",
        counted(diff.contracts.len() as u64, "contract"),
        step(|sizes| sizes.built.0, "built"),
        step(|sizes| sizes.processed.0, "post-processed"),
        step(|sizes| sizes.code.0, "compressed"),
    )];
    let (before, after) = (&diff.before.toolchain, &diff.after.toolchain);
    if before != after {
        sentences.push(format!(
            "The baseline was made with {}, this with {}: the compilers may be why sizes differ.",
            printable(before),
            printable(after),
        ));
    }
    sentences
}

fn notes(report: &SizeReport, diff: Option<&SizeDiff>) -> Vec<String> {
    let mut notes = vec![
        "built: as cargo wrote it. post-processed: as cargo stylus prepares it, and what the VM decompresses to. compressed: with brotli, \
         including a program's prefix, as accounts hold it."
            .to_owned(),
        "Sections, crates and functions are those of the post-processed module. It is compressed as a whole, so none of them has a \
         compressed size of its own."
            .to_owned(),
        "Inlined code counts for the function it was inlined into. A method counts for the crate of its type or, if the type is a \
         reference, a primitive or generic, for the crate of the trait."
            .to_owned(),
    ];
    if diff.is_some() {
        notes.push(
            "×2: two functions of this name, such as instances of a generic one, added together. same: as many bytes as before."
                .to_owned(),
        );
    }
    for (name, contract) in &report.contracts {
        let all = contract.code();
        let unnamed = contract.crates.iter().find(|it| it.name == UNNAMED);
        if let Some(unnamed) = unnamed {
            notes.push(format!(
                "{} of the code of {} has no names: it was built without a name section.",
                share(unnamed.bytes.0, all.0).unwrap_or_default(),
                printable(name),
            ));
        }
    }
    notes
}
