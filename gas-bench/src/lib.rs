//! What Stylus contracts cost, yours and those of this repository: builds them, deploys them to a chain and calls them, and reports what
//! each call paid for.
//!
//! Lives here: the folders, in the order in which one can use another. Not here: the command line, which belongs to the binary.
//!
//! - [`cargo`]: packages and builds; the result is a module ready to deploy.
//! - [`plan`]: what to call in it, from a file, an interface or the module itself.
//! - [`chain`]: a chain, over JSON-RPC.
//! - [`figures`]: results as data, and the changes between two of them.
//! - [`measure`]: how figures are measured.
//! - [`document`]: the parts of a report, and how each format writes them.
//! - [`picture`]: figures as pictures.
//! - [`content`]: what a report says.
//!
//! Measuring never formats and rendering never measures.

pub mod cargo;
pub mod chain;
pub mod content;
pub mod document;
pub mod figures;
pub mod measure;
pub mod output;
mod parallel;
pub mod picture;
pub mod plan;
pub mod words;
