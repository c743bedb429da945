//! The VM from outside, in one program.
//!
//! Lives here: one file per subject, and the record of Nitro's own runs (`vectors`) that several of them
//! read. `cargo test --workspace --test vm hostio::` runs one of them.

#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]

mod cli;
mod code;
mod conformance;
mod engine;
mod explain;
mod hostio;
mod profile;
mod theorems;
mod vectors;
