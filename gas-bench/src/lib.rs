//! What Stylus contracts cost, anybody's and those of this repository: builds them, deploys them to a chain and calls them, and tells
//! what each call was paid for.
//!
//! Lives here: the folders, in the order in which one may use another. Not here: the command line, which is the binary's.
//!
//! - [`cargo`]: packages and builds; what comes out is a module that is ready to be deployed.
//! - [`plan`]: what to call in it, from a file, an interface or the module itself.
//! - [`chain`]: a chain, over JSON-RPC.
//! - [`figures`]: results as data, and what has changed between two of them.
//! - [`measure`]: how figures come about.
//! - [`document`]: what a report consists of, and how each format writes that.
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
