//! The league table as text: Markdown for readers, JSON for programs.
//!
//! Lives here: rows, words, winners, ratios. Not here: measuring, files, the picture.

mod chart;

use std::fmt::Write;

use serde::Serialize;

use crate::cargo::{Allocator, OptLevel, replaceable};
use crate::figures::comparison::{Heat, VariantFigures};
use crate::figures::league::{Build, Calls, Dearer, Entry, League, WorkloadFigures, average};
use crate::words::grouped;

pub use chart::chart;

/// The version of the shape of [`json`]: raised whenever a key changes or disappears.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    toolchain: &'a str,
    programs: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    workload: &'a str,
    opt_level: &'static str,
    allocator: &'static str,
    work_ink: u64,
    gas: Option<u64>,
    pages: u32,
    wasm_bytes: u64,
    code_bytes: u64,
}

/// The table for programs, the floor among the allocators. Gas is null where the program does not come to its end.
pub fn json(league: &League) -> String {
    let row = |(entry, figures): (&'_ Entry, &WorkloadFigures)| Row {
        workload: league
            .workloads
            .get_key_value(&entry.workload)
            .map_or("", |(name, _)| name),
        opt_level: entry.level.name(),
        allocator: entry.allocator.name(),
        work_ink: figures.work.0,
        gas: figures.gas.map(|gas| gas.0),
        pages: figures.pages.0,
        wasm_bytes: figures.processed.0,
        code_bytes: figures.code.0,
    };
    let document = Document {
        schema: SCHEMA,
        toolchain: &league.toolchain,
        programs: league.figures.iter().map(row).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document).expect("rows are plain data");
    text.push('\n');
    text
}

/// One quantity of a program, in the words of a cell, and what it is compared by: less is better.
struct Cell {
    text: String,
    rank: u64,
}

/// The table for readers, which begins with what whole calls cost where these were measured.
pub fn markdown(league: &League, calls: Option<&Calls>) -> String {
    let mut text = String::from("# League\n\n");
    text += "What each allocator costs a Stylus program, measured in this project's VM. Made by `cargo gas-bench league --calls --out \
             gas-bench/LEAGUE.md --chart gas-bench/LEAGUE.svg`; a test fails when it no longer is what that command writes.\n\n";
    let toolchain = &league.toolchain;
    let _ = writeln!(
        text,
        "Compiler: {toolchain}. Every workload is a program of its own, built as contracts are (`lto`, one codegen unit, \
         `panic = \"abort\"`), at three optimisation levels. The best of a row is **bold**. The *floor* is a bump allocator \
         without any check, which nobody can use: what no allocator of its kind can be below.\n"
    );
    text += "Compressed sizes are in `--format json` alone: they depend on the order of functions, and that on the folder in which \
             the allocator lies, by some 40 bytes. Nothing else here does.\n\n";
    text += "![Gas of each workload at opt-level 3, as a multiple of the best](LEAGUE.svg)\n\n";
    if let Some(calls) = calls {
        text += &whole_calls(calls);
        text.push('\n');
    }
    text += "## Workloads\n\n| workload | what it does |\n|---|---|\n";
    for (name, what) in &league.workloads {
        let _ = writeln!(text, "| {name} | {what} |");
    }
    overhead(&mut text, league);
    losses(&mut text, league);
    for level in league.levels() {
        let _ = writeln!(text, "\n## Opt-level {level}\n");
        text += "Gas under a chain's prices, pages included, and in brackets the pages of memory at the end. *Dies*: out of gas \
                 with 32 million.\n\n";
        table(&mut text, league, level, false, |figures| Cell {
            text: figures.gas.map_or_else(
                || "*dies*".to_owned(),
                |gas| format!("{} ({})", grouped(gas.0), figures.pages.0),
            ),
            rank: figures.gas.map_or(u64::MAX, |gas| gas.0),
        });
        text += "\nThousands of ink with memory for nothing: the work alone.\n\n";
        table(&mut text, league, level, true, |figures| Cell {
            text: grouped(figures.work.0.div_ceil(1000)),
            rank: figures.work.0,
        });
        text +=
            "\nBytes of the whole program's wasm, as it is deployed but for the compression.\n\n";
        table(&mut text, league, level, true, |figures| Cell {
            text: grouped(figures.processed.0),
            rank: figures.processed.0,
        });
    }
    text
}

/// What whole calls of contracts cost, as a section of the table for readers.
pub fn whole_calls(calls: &Calls) -> String {
    let mut text = String::from("## Whole calls\n\n");
    text += "What an author pays: average gas of a call over all calls of the plans in `contracts/`, with link-time optimisation, each \
             contract with each allocator. *Uncached* is what receipts of a program have that is not in the chain's cache; *cached* is what \
             they have of one that is, or that was called in the same block before. The best of a row is **bold**.\n";
    let builds: Vec<_> = OptLevel::ALL
        .iter()
        .map(|&level| Build { level, lto: None })
        .collect();
    for &build in &builds {
        for heat in Heat::ALL {
            let gas = |figures: &VariantFigures| average(figures, heat);
            contracts(&mut text, calls, build, &heat.to_string(), &gas);
        }
        let activation = |figures: &VariantFigures| Some(figures.activation_gas.0);
        contracts(
            &mut text,
            calls,
            build,
            "gas of the activation",
            &activation,
        );
    }
    text += "\n### Where MiniAlloc is dearer than mini-alloc 1.0.0\n\nCalls that cost more with `MiniAlloc`, of those above:\n\n";
    let dearer = calls.dearer(&builds, Allocator::Mini, Allocator::MiniUpstream);
    for Dearer {
        call,
        build,
        heat,
        gas,
        of,
    } in &dearer
    {
        let _ = writeln!(
            text,
            "- {call}, {heat}, at opt-level {}: {} gas, of {}.",
            build.level,
            gas.0,
            grouped(of.0)
        );
    }
    if dearer.is_empty() {
        text += "None.\n";
    }
    text += "\n### What has no figures\n\n";
    for contract in &calls.contracts {
        let failures: Vec<_> = contract.failures().collect();
        if let Some((variant, call, reason)) = failures.first() {
            let call = call.map(|call| format!(", {call}")).unwrap_or_default();
            let (contract, count) = (&contract.contract, failures.len());
            let _ = writeln!(
                text,
                "- {contract}, in {count} cases, the first with {variant}{call}: {reason}."
            );
        }
    }
    text
}

/// One quantity of every contract that has it, by allocators; nothing where none has.
fn contracts(
    text: &mut String,
    calls: &Calls,
    build: Build,
    title: &str,
    quantity: &dyn Fn(&VariantFigures) -> Option<u64>,
) {
    let allocators = replaceable();
    let of = |contract, allocator| quantity(Calls::figures(contract, build, allocator)?);
    let measured = |allocator: &Allocator| {
        let mut contracts = calls.contracts.iter();
        contracts.any(|contract| of(contract, *allocator).is_some())
    };
    let columns: Vec<_> = allocators.into_iter().filter(measured).collect();
    if columns.is_empty() {
        return;
    }
    let heads: Vec<_> = columns.iter().map(Allocator::to_string).collect();
    let _ = writeln!(
        text,
        "\n**Opt-level {}, {title}**\n\n| contract | {} |\n|---|{}",
        build.level,
        heads.join(" | "),
        "---:|".repeat(columns.len())
    );
    for contract in &calls.contracts {
        let cells = columns.iter().map(|&allocator| of(contract, allocator));
        let cells: Vec<_> = cells.collect();
        // Nothing is compared where there is one figure or none.
        if cells.iter().flatten().count() < 2 {
            continue;
        }
        let best = cells.iter().flatten().min();
        let _ = write!(text, "| {} |", contract.contract);
        for cell in &cells {
            let mark = if cell.as_ref() == best { "**" } else { "" };
            let value = cell.map_or_else(|| "–".to_owned(), grouped);
            let _ = write!(text, " {mark}{value}{mark} |");
        }
        text.push('\n');
    }
}

fn table(
    text: &mut String,
    league: &League,
    level: OptLevel,
    with_floor: bool,
    cell: impl Fn(WorkloadFigures) -> Cell,
) {
    let allocators = league.allocators();
    let mut head = "| workload |".to_owned();
    let mut rule = "|---|".to_owned();
    for allocator in &allocators {
        let _ = write!(head, " {allocator} |");
        rule += "---:|";
    }
    if with_floor {
        head += " floor |";
        rule += "---:|";
    }
    let _ = writeln!(text, "{head}\n{rule}");
    for workload in league.workloads.keys() {
        let cells: Vec<_> = allocators
            .iter()
            .filter_map(|&allocator| league.figures(workload, level, allocator).map(&cell))
            .collect();
        let best = cells.iter().map(|cell| cell.rank).min();
        let _ = write!(text, "| {workload} |");
        for cell in cells {
            let mark = if Some(cell.rank) == best { "**" } else { "" };
            let _ = write!(text, " {mark}{}{mark} |", cell.text);
        }
        if let Some(floor) = league
            .figures(workload, level, Allocator::Floor)
            .filter(|_| with_floor)
        {
            let _ = write!(text, " {} |", cell(floor).text);
        }
        text.push('\n');
    }
}

/// What the allocators of this project add to the floor's ink, as a share of what mini-alloc 1.0.0 adds.
fn overhead(text: &mut String, league: &League) {
    *text += "\n## Overhead\n\nInk above the floor's, with memory for nothing, as a share of what mini-alloc 1.0.0 has above it. \
              Below the floor counts as 0.00. The last row is the average.\n\n";
    let ours = [Allocator::Mini, Allocator::MiniInPlace, Allocator::Reclaim];
    let columns: Vec<_> = ours
        .iter()
        .flat_map(|&allocator| {
            league
                .levels()
                .into_iter()
                .map(move |level| (allocator, level))
        })
        .collect();
    let (mut head, mut rule) = ("| workload |".to_owned(), "|---|".to_owned());
    for (allocator, level) in &columns {
        let _ = write!(head, " {allocator}, {level} |");
        rule += "---:|";
    }
    let _ = writeln!(text, "{head}\n{rule}");
    for workload in league.workloads.keys() {
        let _ = write!(text, "| {workload} |");
        for &(allocator, level) in &columns {
            let share = league.overhead_share(workload, level, allocator);
            let _ = write!(
                text,
                " {} |",
                share.map_or_else(|| "–".to_owned(), hundredths)
            );
        }
        text.push('\n');
    }
    *text += "| **average** |";
    for &(allocator, level) in &columns {
        let average = league.average_share(&[level], allocator);
        let _ = write!(
            text,
            " **{}** |",
            average.map_or_else(|| "–".to_owned(), hundredths)
        );
    }
    text.push('\n');
}

/// Where none of this project is the cheapest, said plainly.
fn losses(text: &mut String, league: &League) {
    *text += "\n## Where ours lose\n\nPrograms in which another allocator takes less gas than the best of `MiniAlloc`, in either form, and \
              `ReclaimAlloc`:\n\n";
    let mut none = true;
    for level in league.levels() {
        for workload in league.workloads.keys() {
            let gas = |allocator: &Allocator| league.figures(workload, level, *allocator)?.gas;
            let ours = [Allocator::Mini, Allocator::MiniInPlace, Allocator::Reclaim];
            let (Some(mine), Some(best)) = (
                ours.iter().filter_map(gas).min(),
                league
                    .allocators()
                    .iter()
                    .filter_map(|allocator| Some((gas(allocator)?, *allocator)))
                    .min(),
            ) else {
                continue;
            };
            if best.0 < mine {
                none = false;
                let _ = writeln!(
                    text,
                    "- {workload} at opt-level {level}: {} takes {} gas, ours {}.",
                    best.1,
                    grouped(best.0.0),
                    grouped(mine.0)
                );
            }
        }
    }
    if none {
        *text += "None.\n";
    }
}

/// A share in ten-thousandths with two digits behind the point.
fn hundredths(share: u64) -> String {
    let rounded = (share + 50) / 100;
    format!("{}.{:02}", rounded / 100, rounded % 100)
}
