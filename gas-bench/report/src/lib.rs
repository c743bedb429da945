//! What Stylus contracts cost, as data, and in every form in which somebody reads it.
//!
//! Lives here: the folders below, in the order in which one can use another. Not here: obtaining figures; whoever has them, measured or
//! read from a file, gives them to this crate.
//!
//! - [`words`]: digits, and names made fit to be shown.
//! - [`output`]: a file, whole or not at all.
//! - [`figures`]: results as data, and the changes between two of them.
//! - [`picture`]: figures as pictures.
//! - [`document`]: the parts of a report, and how each format writes them.
//! - [`content`]: what a report says.
#![doc = include_str!("../README.md")]

pub mod content;
pub mod document;
pub mod figures;
pub mod output;
pub mod picture;
pub mod words;
