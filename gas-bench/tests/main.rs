//! Tests of gas-bench from outside, in one program: linking the VM and the chain once takes less time than running most of these tests.
//!
//! Lives here: one file per subject. `cargo test --workspace --test gas_bench report::` runs one of them.

#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]

mod command;
mod compare;
mod contracts;
mod coverage;
mod expected;
mod explain;
mod fork;
mod league;
mod one_line;
mod page;
mod profile;
mod render;
mod replay;
mod report;
mod size;
mod suite;
mod support;
mod transplant;
mod wasm_opt;
