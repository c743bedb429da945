//! Host calls against an in-memory chain: what each costs to the last ink, and what it does.
//!
//! Lives here: one case per boundary, by family, with figures from Nitro's system tests where it has them
//! (`program_ink_test`), and from the protocol's formulas elsewhere. Not here: calls that need no chain, which
//! `conformance` covers.

mod account;
mod case;
mod frames;
mod memory;
mod rules;
mod storage;
mod trace;
