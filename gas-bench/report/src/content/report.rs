//! What contracts cost.
//!
//! Lives here: the order of everything, headings, counts, the meaning of the figures. Not here: the tables of a contract (the other
//! files), rows (`csv`), comparing (`baseline`).
//!
//! A failure appears where its figure would be, and once more as a sentence.

mod calls;
mod changes;
mod csv;
mod deployment;
mod hostios;
mod overview;
mod split;

use std::collections::BTreeMap;

use super::lto;
use crate::document::{
    Block, Cell, Content, Document, Drawing, Item, List, Picture, Rank, Row, Table, Text, Tone,
    json_with,
};
use crate::figures::baseline::{ContractDiff, Diff};
use crate::figures::{Call, Contract, Report, Split};
use crate::picture::{Bars, History};
use crate::words::{compilers, counted, grouped, printable, shortened};

pub use overview::overview;

/// What each rank contains.
const DETAILS: &[(Rank, &str)] = &[
    (Rank::Main, "most calls"),
    (
        Rank::Detail,
        "where the gas goes, host calls, deployments and what was returned",
    ),
];

/// The output of `report`.
#[derive(Clone, Copy, Debug)]
pub struct ReportContent<'a> {
    /// The figures.
    pub report: &'a Report,
    /// What has changed since the newest baseline.
    pub diff: Option<&'a Diff>,
    /// Earlier reports by name, the oldest first.
    pub baselines: &'a [(String, Report)],
    /// Pictures of contracts, by the contract's name.
    pub pictures: &'a BTreeMap<String, Pictures>,
}

/// Pictures of a contract that need more than its figures. Each is a whole SVG document, which can have its own scripts and identifiers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pictures {
    /// Where calls spend their ink, by the name of the call.
    pub flame_graphs: Vec<(String, String)>,
    /// What the contract's code consists of.
    pub treemap: Option<String>,
}

impl Content for ReportContent<'_> {
    fn document(&self, is_page: bool) -> Document {
        let Self { report, diff, .. } = *self;
        let mut document = Document::new(heading(report), DETAILS);
        let notes = diff.iter().flat_map(|diff| &diff.notes);
        let notes = notes.map(|note| Item::new(Text::default(), note));
        document.list(Rank::Vital, Tone::Plain, notes);
        let since = self
            .baselines
            .last()
            .map_or("the baseline", |(name, _)| name);
        let comparison = diff.map(|diff| changes::comparison(diff, since));
        document.sentences(Rank::Vital, comparison.unwrap_or_default());
        document.sentences(Rank::Vital, [totals(report)]);
        document.sentences(Rank::Page, [circumstances(report)]);
        document.list(Rank::Vital, Tone::Worse, failures(report));
        if let Some(diff) = diff {
            document.push(
                Rank::Instead,
                Block::Sentence("Worse or better than the baseline:".into()),
            );
            document.push(Rank::Instead, changes::worse_or_better(diff));
        }
        if report.contracts.len() > 1 {
            document.push(Rank::Page, contracts(report));
        }
        let causes = split::causes(report);
        for contract in &report.contracts {
            let diff = diff.and_then(|diff| diff.contract(&contract.name));
            self.contract(&mut document, contract, diff, &causes);
            if is_page {
                self.page(&mut document, contract);
            }
        }
        for contract in diff.iter().flat_map(|diff| diff.removed()) {
            document.heading(Rank::Main, Text::name(&contract.name).and(": removed"));
            document.push(Rank::Main, changes::table(&contract.calls));
        }
        document.notes(meaning(report));
        document
    }

    fn json(&self) -> String {
        json_with(self.report, self.diff)
    }

    /// A row for each run, each kind of host call in it, each deployment, each failure, each function that was not called, each contract
    /// without the link-time optimisation it asks for, and each thing the chain does not report; the column `kind` says which.
    fn csv(&self) -> String {
        csv::rows(self.report)
    }
}

impl ReportContent<'_> {
    fn contract(
        &self,
        document: &mut Document,
        contract: &Contract,
        diff: Option<&ContractDiff>,
        causes: &[split::Cause],
    ) {
        let (calls, ink_per_gas) = (&contract.calls, self.report.made_with.ink_per_gas);
        let name = Text::name(&contract.name);
        document.heading(Rank::Main, name.clone().and(source(contract)));
        if let Some(diff) = diff {
            document.push(Rank::Main, changes::table(&diff.calls));
            document.list(Rank::Main, Tone::Plain, changes::reasons(&diff.calls));
        }
        document.push(Rank::Main, calls::table(calls));
        let missed_lto = lto::in_report(self.report, contract);
        let missed_lto = missed_lto.map(|sentence| Item::new(name, sentence));
        let remarks = missed_lto.into_iter().chain(calls::remarks(contract));
        document.list(Rank::Main, Tone::Plain, remarks);
        if let Some(deployment) = &contract.deployment {
            let title = deployment::title(deployment, diff);
            let table = deployment::table(deployment, diff);
            document.push(Rank::Detail, Block::Fold(title.into(), vec![table.into()]));
        }
        if calls.iter().any(|call| !call.runs().is_empty()) {
            let blocks = vec![
                split::table(calls, causes, ink_per_gas).into(),
                List::new(Tone::Plain, split::other(calls, ink_per_gas)).into(),
                hostios::table(calls).into(),
                calls::returned(calls).into(),
            ];
            let title = "Where the gas goes, host calls, what was returned";
            document.push(Rank::Detail, Block::Fold(title.into(), blocks));
        }
    }

    /// What only a page shows: pictures, and each call down to its last part.
    fn page(&self, document: &mut Document, contract: &Contract) {
        let ink_per_gas = self.report.made_with.ink_per_gas;
        if let Some(bars) = Bars::of(contract, ink_per_gas) {
            document.push(Rank::Page, Picture {
                title: "Where the gas goes".to_owned(),
                caption: "Average gas of each call over its runs. For the parts, point at a bar or open the call below.".to_owned(),
                drawing: Drawing::Inline(bars.inline()),
            });
        }
        for call in &contract.calls {
            if let Some(split) = Split::of(call, ink_per_gas) {
                let runs = counted(call.runs().len() as u64, "run");
                let title =
                    Text::name(&call.name).and(format!(": {runs}, {} gas", grouped(split.total.0)));
                let tables = [split::parts(&split), calls::runs(call.runs())];
                document.push(
                    Rank::Page,
                    Block::Fold(title, tables.map(Block::Table).into()),
                );
            }
        }
        if let Some(history) = History::of(self.report, contract, self.baselines) {
            document.push(
                Rank::Page,
                Picture {
                    title: "History".to_owned(),
                    caption: history.legend().to_owned(),
                    drawing: Drawing::Inline(history.inline()),
                },
            );
        }
        let Some(pictures) = self.pictures.get(&contract.name) else {
            return;
        };
        let graphs = pictures.flame_graphs.iter().map(|(call, svg)| Picture {
            title: format!("Flame graph of {call}"),
            caption: "The wider a frame, the more ink it took, including everything it called."
                .to_owned(),
            drawing: Drawing::Framed(svg.clone()),
        });
        let treemap = pictures.treemap.iter().map(|svg| Picture {
            title: "Treemap of the code".to_owned(),
            caption: "A larger rectangle has more bytes.".to_owned(),
            drawing: Drawing::Framed(svg.clone()),
        });
        for picture in graphs.chain(treemap) {
            document.push(Rank::Page, picture);
        }
    }
}

/// A row for each contract.
fn contracts(report: &Report) -> Table {
    let row = |contract: &Contract| {
        let deployed = match &contract.deployment {
            Some(deployment) => {
                let sizes = &deployment.sizes;
                let limit = match sizes.accounts {
                    ..=1 => sizes.account_limit,
                    _ => sizes.fragments_limit,
                };
                [
                    Cell::figure(sizes.code.0),
                    Cell::Share {
                        part: sizes.code.0,
                        whole: limit.0,
                    },
                    Cell::figure(deployment.deploy_gas.0),
                    Cell::figure(deployment.activation_gas.0),
                ]
            }
            None => [Cell::Failed, Cell::Nothing, Cell::Nothing, Cell::Nothing],
        };
        let counts = [contract.calls.len(), contract.failures().count()];
        let counts = counts.map(|count| Cell::figure(count as u64));
        let name = [Cell::name(&contract.name)].into_iter();
        Row::plain(name.chain(deployed).chain(counts))
    };
    let titles = [
        "bytes of code",
        "of limit",
        "gas to deploy",
        "gas to activate",
        "calls",
        "failed",
    ];
    let rows = report.contracts.iter().map(row);
    Table::of_figures("contracts", "contract", titles, rows)
}

/// The longest name of a chain or toolchain in a heading, in characters.
const CIRCUMSTANCE_MAX: usize = 40;

/// What was measured, where and with which tools.
fn heading(report: &Report) -> String {
    let made = &report.made_with;
    format!(
        "Gas of {}: {}, ArbOS {}, {} ink = 1 gas, {}",
        counted(report.contracts.len() as u64, "contract"),
        circumstance(&made.chain),
        made.arbos,
        grouped(made.ink_per_gas.into()),
        circumstance(&compilers(&made.toolchain)),
    ) + match made.reproducible {
        true => ", source paths forgotten",
        false => "",
    }
}

/// The circumstances in full.
fn circumstances(report: &Report) -> String {
    let made = &report.made_with;
    format!(
        "Made with gas-bench {} and {}.",
        made.gas_bench, made.toolchain
    )
}

fn circumstance(text: &str) -> String {
    shortened(&printable(text), CIRCUMSTANCE_MAX)
}

/// How much was measured, and how much of it failed.
fn totals(report: &Report) -> String {
    let calls = || report.contracts.iter().flat_map(|contract| &contract.calls);
    let runs: usize = calls().map(|call| call.runs().len()).sum();
    let failed = match report.failures().count() {
        0 => "nothing failed".to_owned(),
        failures => format!("{} FAILED", grouped(failures as u64)),
    };
    format!(
        "{}, {}, {}; {failed}.",
        counted(report.contracts.len() as u64, "contract"),
        counted(calls().count() as u64, "call"),
        counted(runs as u64, "run"),
    )
}

/// Where the calls of a contract come from, in words that follow its name.
fn source(contract: &Contract) -> String {
    match &contract.plan {
        Some(plan) => format!(": calls from {}", printable(plan)),
        // Without a call, there may be no ABI either: its failure is told above.
        None if contract.calls.is_empty() => String::new(),
        None if contract.by_standards => ": calls that standards have names for".to_owned(),
        None => ": calls from its ABI".to_owned(),
    }
}

/// Everything without a figure.
fn failures(report: &Report) -> impl Iterator<Item = Item> {
    let of_call = |contract: &Contract, call: &Call| {
        let about = Text::name(&contract.name).and(", ").and_name(&call.name);
        Some(Item::new(about, call.failure()?))
    };
    report.contracts.iter().flat_map(move |contract| {
        let own = contract.failures.iter();
        let own = own.map(|reason| Item::new(Text::name(&contract.name), reason));
        let calls = contract.calls.iter();
        own.chain(calls.filter_map(move |call| of_call(contract, call)))
    })
}

/// What the figures of every call mean.
const FIGURES: [&str; 2] = [
    "gas: of the whole transaction, as in its receipt. ink: what the program itself spent of it. pages: 64 KiB each, at the start and at \
     the peak.",
    "transaction: 21,000 and the calldata. start: what the chain charges to start the program. wasm: instructions. pages: those that it \
     starts with and those that it grows by. other: rounding to whole gas, the floor for calldata, forfeited gas and whatever the node \
     does not tell apart, less the refund. Parts are rounded so that they add up to the total.",
];

/// What a reader must know about the figures, a paragraph each.
fn meaning(report: &Report) -> Vec<String> {
    let calls = || report.contracts.iter().flat_map(|contract| &contract.calls);
    let mut notes = Vec::new();
    if calls().any(|call| !call.runs().is_empty()) {
        notes.extend(FIGURES.map(str::to_owned));
    }
    let generated = calls().any(|call| call.generated);
    let reverts = calls().any(|call| call.reverts() > 0);
    let marks = [
        generated.then_some("*: arguments made up to fit the types."),
        reverts.then_some(
            "reverts: this many runs reverted, as the plan allows; their gas counts up to the revert.",
        ),
    ];
    let marks: Vec<_> = marks.into_iter().flatten().collect();
    if !marks.is_empty() {
        notes.push(marks.join(" "));
    }
    notes.extend(report.made_with.unseen.iter().map(|note| printable(note)));
    notes
}
