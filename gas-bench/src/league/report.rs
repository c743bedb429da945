//! The league table as text: Markdown for readers, JSON for programs.
//!
//! Lives here: rows, words, winners. Not here: measuring, files.

use serde::Serialize;

use super::{Entry, League};

/// The shape of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For readers.
    Markdown,
    /// For programs.
    Json,
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

/// The table for programs.
pub fn json(league: &League) -> String {
    let rows: Vec<_> = league
        .figures
        .iter()
        .map(
            |(
                Entry {
                    workload,
                    level,
                    allocator,
                },
                figures,
            )| Row {
                workload,
                opt_level: level.name(),
                allocator: allocator.name(),
                work_ink: figures.work.0,
                gas: figures.gas.map(|gas| gas.0),
                pages: figures.pages.0,
                wasm_bytes: figures.sizes.processed.0,
                code_bytes: figures.sizes.code.0,
            },
        )
        .collect();
    let mut text = serde_json::to_string_pretty(&rows).expect("rows are plain data");
    text.push('\n');
    text
}

/// The table for readers.
pub fn markdown(_league: &League) -> String {
    String::new()
}
