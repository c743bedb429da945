//! Measures what Stylus contracts cost, yours and those of this repository: deploys them to a chain, calls them, and tells what each call
//! paid for.
//!
//! Lives here: the folders below, in the order in which one can use another. Not here: building contracts (`stylus-cargo`), what to call in
//! them (`stylus-plan`), figures and how they are shown (`stylus-report`), and the command line, which belongs to the binary.
//!
//! - [`chain`]: a chain, over JSON-RPC.
//! - [`measure`]: how figures are measured.

pub mod chain;
pub mod measure;
mod parallel;
