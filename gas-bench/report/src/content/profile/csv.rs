//! The profile for spreadsheets and scripts.
//!
//! Lives here: the columns, and what each kind of row has in them. Not here: what the figures are (`profile`).
//!
//! Theorem: the column `self_ink` adds up to the program's ink.

use serde::Serialize;

use super::allocations::{Asked, by_caller};
use crate::document::csv;
use crate::figures::profile::CallProfile;

/// A function, a host call or the forfeited ink; columns that do not apply stay empty.
#[derive(Default, Serialize)]
struct Row<'a> {
    kind: &'static str,
    name: &'a str,
    /// Its index in the module.
    index: Option<u32>,
    calls: Option<u64>,
    self_ink: u64,
    total_ink: u64,
    /// What the function itself requested from the allocator.
    alloc_calls: Option<u64>,
    alloc_zeroed_calls: Option<u64>,
    realloc_calls: Option<u64>,
    dealloc_calls: Option<u64>,
    allocated_bytes: Option<u64>,
    deallocated_bytes: Option<u64>,
}

pub(super) fn rows(profile: &CallProfile) -> String {
    let run = &profile.profile;
    let callers = by_caller(&run.allocations);
    let functions = run
        .functions
        .iter()
        .enumerate()
        .map(|(position, function)| {
            let asked = callers.get(&position).copied().unwrap_or_default();
            let Asked {
                calls: [alloc, zeroed, realloc, dealloc],
                bytes,
                returned,
            } = asked;
            Row {
                kind: "function",
                name: &function.name,
                index: Some(function.index),
                calls: Some(function.calls),
                self_ink: function.self_ink.0,
                total_ink: function.total_ink.0,
                alloc_calls: Some(alloc),
                alloc_zeroed_calls: Some(zeroed),
                realloc_calls: Some(realloc),
                dealloc_calls: Some(dealloc),
                allocated_bytes: Some(bytes),
                deallocated_bytes: Some(returned),
            }
        });
    let hostios = run.hostios.iter().map(|hostio| Row {
        kind: "hostio",
        name: &hostio.name,
        calls: Some(hostio.calls),
        self_ink: hostio.ink.0,
        total_ink: hostio.ink.0,
        ..Row::default()
    });
    let forfeited = Row {
        kind: "forfeited",
        self_ink: run.forfeited.0,
        total_ink: run.forfeited.0,
        ..Row::default()
    };
    csv(functions.chain(hostios).chain([forfeited]))
}
