//! The league table: every allocator under every workload, and under whole calls.
//!
//! Lives here: rows, words, winners. Not here: measuring and sums (`figures::league`), the picture (`picture`).

use serde::Serialize;
use stylus_cargo::{Allocator, OptLevel, replaceable};

use crate::document::{
    Cell, Column, Content, Document, Drawing, Item, Picture, Rank, Row, Table, Text, Tone, csv,
    json,
};
use crate::figures::comparison::{Heat, VariantFigures};
use crate::figures::league::{Build, Calls, Dearer, Entry, League, WorkloadFigures, average};
use crate::picture::league_chart;
use crate::words::grouped;

/// The version of the JSON shape: raised whenever a key changes or disappears.
const SCHEMA: u32 = 1;

/// The allocators of this project.
const OURS: [Allocator; 3] = [Allocator::Mini, Allocator::MiniInPlace, Allocator::Reclaim];

/// The output of `league`. Its Markdown is a file of its own, not a comment.
#[derive(Clone, Copy, Debug)]
pub struct LeagueContent<'a> {
    /// The figures.
    pub league: &'a League,
    /// What whole calls cost, if that was measured.
    pub calls: Option<&'a Calls>,
}

#[derive(Serialize)]
struct Programs<'a> {
    schema: u32,
    toolchain: &'a str,
    programs: Vec<ProgramReport<'a>>,
}

#[derive(Serialize)]
struct ProgramReport<'a> {
    workload: &'a str,
    opt_level: &'static str,
    allocator: &'static str,
    work_ink: u64,
    gas: Option<u64>,
    pages: u32,
    wasm_bytes: u64,
    code_bytes: u64,
}

impl<'a> LeagueContent<'a> {
    fn programs(&self) -> Vec<ProgramReport<'a>> {
        let program = |(entry, figures): (&'a Entry, &WorkloadFigures)| ProgramReport {
            workload: &entry.workload,
            opt_level: entry.level.name(),
            allocator: entry.allocator.name(),
            work_ink: figures.work.0,
            gas: figures.gas.map(|gas| gas.0),
            pages: figures.pages.0,
            wasm_bytes: figures.processed.0,
            code_bytes: figures.code.0,
        };
        self.league.figures.iter().map(program).collect()
    }
}

impl Content for LeagueContent<'_> {
    fn document(&self, _: bool) -> Document {
        let league = self.league;
        let mut document = Document::file("League");
        let toolchain = &league.toolchain;
        let sentences = [
            Text::coded(
                "What each allocator costs a Stylus program, measured in this project's VM. Written by `cargo gas-bench league --calls \
                 --out gas-bench/LEAGUE.md --chart gas-bench/LEAGUE.svg`; a test fails if that command would write anything else.",
            ),
            Text::coded(&format!(
                "Compiler: {toolchain}. Every workload is a separate program, built as contracts are (`lto`, one codegen unit, `panic = \
                 \"abort\"`), at three optimisation levels. The best figure of a row is bold or has a star. The floor is a bump allocator \
                 without any checks. Nobody can use it; it shows the least that an allocator of this kind can cost."
            )),
            Text::coded(
                "Compressed sizes are in `--format json` only: they vary by some 40 bytes with the order of functions, which depends on \
                 the folder that holds the allocator. Nothing else here depends on the folder.",
            ),
        ];
        document.sentences(Rank::Vital, sentences);
        document.push(
            Rank::Vital,
            Picture {
                title: "Gas of each workload at opt-level 3, as a multiple of the best".to_owned(),
                caption: String::new(),
                drawing: Drawing::Filed("LEAGUE.svg", league_chart(league)),
            },
        );
        if let Some(calls) = self.calls {
            whole_calls(&mut document, calls);
        }
        workloads(&mut document, league);
        overhead(&mut document, league);
        losses(&mut document, league);
        for level in league.levels() {
            of_level(&mut document, league, level);
        }
        document
    }

    /// The allocators include the floor. Gas is null if the program does not run to completion.
    fn json(&self) -> String {
        json(&Programs {
            schema: SCHEMA,
            toolchain: &self.league.toolchain,
            programs: self.programs(),
        })
    }

    fn csv(&self) -> String {
        csv(self.programs())
    }
}

/// What whole calls of contracts cost.
fn whole_calls(document: &mut Document, calls: &Calls) {
    document.heading(Rank::Vital, "Whole calls");
    document.sentences(Rank::Vital, [Text::coded(
        "What an author pays: the average gas of a call, over all calls of the plans in `contracts/`, for each contract with each \
         allocator, with link-time optimisation. Uncached is what receipts say for a program outside the chain's cache; cached is what \
         they say for one inside it, or called earlier in the same block. The best figure of a row is bold or has a star.",
    )]);
    let builds = OptLevel::ALL
        .iter()
        .map(|&level| Build { level, lto: None });
    let builds: Vec<_> = builds.collect();
    for &build in &builds {
        for heat in Heat::ALL {
            let gas = |figures: &VariantFigures| average(figures, heat);
            contracts(document, calls, build, &heat.to_string(), &gas);
        }
        let activation = |figures: &VariantFigures| Some(figures.activation_gas.0);
        contracts(document, calls, build, "gas of the activation", &activation);
    }
    document.heading(
        Rank::Vital,
        "Where MiniAlloc is dearer than mini-alloc 1.0.0",
    );
    let dearer = calls.dearer(&builds, Allocator::Mini, Allocator::MiniUpstream);
    let dearer = dearer.iter().map(
        |Dearer {
             call,
             build,
             heat,
             gas,
             of,
         }| {
            format!(
                "{call}, {heat}, at opt-level {}: {} gas, of {}.",
                build.level,
                gas.0,
                grouped(of.0)
            )
        },
    );
    listed(
        document,
        "Of the calls above, these cost more with MiniAlloc:",
        dearer,
    );
    document.heading(Rank::Vital, "What has no figures");
    let missing = calls.contracts.iter().filter_map(|contract| {
        let failures: Vec<_> = contract.failures().collect();
        let (variant, call, reason) = failures.first()?;
        let call = call.map(|call| format!(", {call}")).unwrap_or_default();
        let (contract, count) = (&contract.contract, failures.len());
        Some(format!(
            "{contract}, in {count} cases, the first with {variant}{call}: {reason}."
        ))
    });
    listed(document, "Contracts, and the reason why:", missing);
}

/// A list of sentences, or "None." if there are none.
fn listed(document: &mut Document, about: &str, sentences: impl Iterator<Item = String>) {
    let mut items: Vec<_> = sentences.map(|it| Item::new(Text::default(), it)).collect();
    document.sentences(Rank::Vital, [about]);
    if items.is_empty() {
        items.push(Item::new(Text::default(), "None."));
    }
    document.list(Rank::Vital, Tone::Plain, items);
}

/// One quantity of every contract that has it, by allocator; nothing if no contract has it.
fn contracts(
    document: &mut Document,
    calls: &Calls,
    build: Build,
    title: &str,
    quantity: &dyn Fn(&VariantFigures) -> Option<u64>,
) {
    let of = |contract, allocator| quantity(Calls::figures(contract, build, allocator)?);
    let is_measured = |allocator: &Allocator| {
        let mut contracts = calls.contracts.iter();
        contracts.any(|contract| of(contract, *allocator).is_some())
    };
    let allocators = replaceable().into_iter().filter(is_measured);
    let allocators: Vec<_> = allocators.collect();
    let rows = calls.contracts.iter().filter_map(|contract| {
        let figures = allocators.iter().map(|&allocator| of(contract, allocator));
        let figures: Vec<_> = figures.collect();
        let best = figures.iter().flatten().min();
        let cell = |figure: &Option<u64>| match figure {
            Some(gas) => Cell::figure(*gas).best_if(Some(gas) == best),
            None => Cell::Nothing,
        };
        let name = [Cell::name(&contract.contract)].into_iter();
        // If there are several allocators, a row with fewer than two figures says nothing.
        let is_told = figures.iter().flatten().count() >= allocators.len().min(2);
        is_told.then(|| Row::plain(name.chain(figures.iter().map(cell))))
    });
    let rows: Vec<_> = rows.collect();
    if !allocators.is_empty() {
        document.sentences(
            Rank::Vital,
            [format!("Opt-level {}, {title}:", build.level)],
        );
        document.push(
            Rank::Vital,
            table("contracts", "contract", titles(&allocators), rows),
        );
    }
}

fn titles(allocators: &[Allocator]) -> Vec<String> {
    allocators.iter().map(Allocator::to_string).collect()
}

fn table(about: &'static str, name: &str, titles: Vec<String>, rows: Vec<Row>) -> Table {
    Table {
        is_matrix: true,
        ..Table::of_figures(about, name, titles, rows)
    }
}

fn workloads(document: &mut Document, league: &League) {
    document.heading(Rank::Vital, "Workloads");
    let rows = league.workloads.iter();
    let rows =
        rows.map(|(name, what)| Row::plain([Cell::name(name), Cell::Said(Text::coded(what))]));
    let columns = [Column::name("workload"), Column::words("what it does")];
    document.push(Rank::Vital, Table::new("workloads", columns, rows));
}

/// What this project's allocators add to the floor's ink, as a share of what mini-alloc 1.0.0 adds.
fn overhead(document: &mut Document, league: &League) {
    document.heading(Rank::Vital, "Overhead");
    document.sentences(Rank::Vital, [
        "Ink above the floor's, with memory free of charge, as a share of mini-alloc 1.0.0's ink above the floor. Below the floor counts \
         as 0.00. The last row is the average.",
    ]);
    let levels = league.levels();
    let columns = OURS
        .iter()
        .flat_map(|&allocator| levels.iter().map(move |&level| (allocator, level)));
    let columns: Vec<_> = columns.collect();
    let titles = columns
        .iter()
        .map(|(allocator, level)| format!("{allocator}, {level}"));
    let row = |tone, name, share: &dyn Fn(Allocator, OptLevel) -> Option<u64>| {
        let shares = columns
            .iter()
            .map(|&(allocator, level)| share(allocator, level));
        let shares =
            shares.map(|share| share.map_or(Cell::Nothing, |it| Cell::words(hundredths(it))));
        Row::new(tone, [name].into_iter().chain(shares))
    };
    let rows = league.workloads.keys().map(|workload| {
        let share = |allocator, level| league.overhead_share(workload, level, allocator);
        row(Tone::Plain, Cell::name(workload), &share)
    });
    let average = |allocator, level| league.average_share(&[level], allocator);
    let average = row(Tone::Total, Cell::words("average"), &average);
    let rows = rows.chain([average]).collect();
    document.push(
        Rank::Vital,
        table("shares", "workload", titles.collect(), rows),
    );
}

/// Where none of this project's allocators is the cheapest, stated plainly.
fn losses(document: &mut Document, league: &League) {
    document.heading(Rank::Vital, "Where ours lose");
    let of = |workload: &String, level: OptLevel| {
        let gas = |allocator: &Allocator| league.figures(workload, level, *allocator)?.gas;
        let mine = OURS.iter().filter_map(gas).min()?;
        let all = league.allocators();
        let best = all
            .iter()
            .filter_map(|allocator| Some((gas(allocator)?, *allocator)));
        let (best, allocator) = best.min().filter(|(best, _)| *best < mine)?;
        Some(format!(
            "{workload} at opt-level {level}: {allocator} takes {} gas, ours {}.",
            grouped(best.0),
            grouped(mine.0)
        ))
    };
    let levels = league.levels();
    let all = levels.iter().flat_map(|&level| {
        let workloads = league.workloads.keys();
        workloads.filter_map(move |workload| of(workload, level))
    });
    let about = "Programs in which another allocator takes less gas than ReclaimAlloc and both forms of MiniAlloc:";
    listed(document, about, all);
}

/// A program's cell, and what it is compared by; less is better.
type Quantity<'a> = &'a dyn Fn(WorkloadFigures) -> (Cell, u64);

fn of_level(document: &mut Document, league: &League, level: OptLevel) {
    document.heading(Rank::Vital, format!("Opt-level {level}"));
    let gas = |figures: WorkloadFigures| match figures.gas {
        Some(gas) => (
            Cell::words(format!("{} ({})", grouped(gas.0), figures.pages.0)),
            gas.0,
        ),
        None => (Cell::words("dies"), u64::MAX),
    };
    let work =
        |figures: WorkloadFigures| (Cell::figure(figures.work.0.div_ceil(1000)), figures.work.0);
    let bytes = |figures: WorkloadFigures| {
        let bytes = figures.processed.0;
        (Cell::figure(bytes), bytes)
    };
    let quantities: [(&str, bool, Quantity<'_>); 3] = [
        (
            "Gas at a chain's prices, including pages; in brackets, the pages of memory at the end. Dies: it runs out of 32 million gas.",
            false,
            &gas,
        ),
        (
            "Thousands of ink with memory free of charge: the work alone.",
            true,
            &work,
        ),
        (
            "Bytes of the whole program's wasm as deployed, before compression.",
            true,
            &bytes,
        ),
    ];
    for (about, with_floor, quantity) in quantities {
        document.sentences(Rank::Vital, [about]);
        let allocators = league.allocators();
        let floor = with_floor.then_some(Allocator::Floor);
        let rows = league.workloads.keys().map(|workload| {
            let cells = allocators.iter().filter_map(|&allocator| {
                Some(quantity(league.figures(workload, level, allocator)?))
            });
            let cells: Vec<_> = cells.collect();
            let least = cells.iter().map(|(_, rank)| *rank).min();
            let cells = cells
                .into_iter()
                .map(|(cell, rank)| cell.best_if(Some(rank) == least));
            let floor = floor
                .and_then(|floor| league.figures(workload, level, floor))
                .map(|it| quantity(it).0);
            Row::plain([Cell::name(workload)].into_iter().chain(cells).chain(floor))
        });
        let rows = rows.collect();
        let titles = titles(&allocators)
            .into_iter()
            .chain(floor.map(|_| "floor".to_owned()));
        document.push(
            Rank::Vital,
            table("workloads", "workload", titles.collect(), rows),
        );
    }
}

/// A share in ten-thousandths, with two decimals.
fn hundredths(share: u64) -> String {
    let rounded = (share + 50) / 100;
    format!("{}.{:02}", rounded / 100, rounded % 100)
}
