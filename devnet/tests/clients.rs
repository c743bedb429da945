//! Unmodified external programs against a devnet: `cargo stylus` and foundry's `cast`; also foundry's `anvil`, which is forked.
//!
//! Lives here: what their users do, one file per program. Ignored by default, because the programs must be installed:
//! `scripts/setup --for-tests` does so, and `scripts/test` then runs these, with `STYLUS_KIT_TOOLS` naming their folder.

mod anvil;
mod cargo_stylus;
mod cast;
pub(crate) mod tool;
