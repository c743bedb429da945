//! A devnet as clients find it, over real HTTP: what things cost, who calls whom, what goes wrong and how that is said.
//!
//! Lives here: one file a subject. Programs from outside that speak to it are in `clients`; everything else makes its requests itself.

#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]

mod clients;
mod contracts;
mod costly;
mod exactness;
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
mod support;
mod testing;
mod upgrades;
