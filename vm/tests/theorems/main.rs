//! scratch
#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]
mod scratch;
