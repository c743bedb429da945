//! A devnet from its clients' view, over real HTTP: what things cost, who calls whom, what goes wrong and which error says so.
//!
//! Lives here: one file per subject. External programs that connect to it are in `clients`; all other tests make their requests
//! themselves.

#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]

mod clients;
mod command;
mod contracts;
mod costly;
mod counting;
mod exactness;
mod failures;
mod fork;
mod fuzz;
mod hostile;
mod in_process;
mod keeping;
mod life;
mod methods;
mod nesting;
mod parallel;
mod precompiles;
mod process;
mod requests;
mod sockets;
mod suites;
mod support;
mod testing;
mod traces;
mod upgrades;
