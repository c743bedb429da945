//! Programs from outside, unmodified, against a devnet: `cargo stylus` and foundry's `cast`.
//!
//! Lives here: what their users do, one file a program. Ignored by default, since the programs have to be installed:
//! `scripts/setup --for-tests` does so, and `scripts/test` then runs these, with `STYLUS_KIT_TOOLS` naming where they are.

mod cargo_stylus;
mod cast;
pub(crate) mod tool;
