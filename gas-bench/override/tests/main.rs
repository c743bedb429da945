//! What becomes of programs of every kind, in one program.
//!
//! Lives here: the theorems (`theorems`), each refusal (`refusals`), and the programs that they are stated with (`programs`). Not here:
//! the command, and contracts as they are measured, which are tested with `gas-bench`.
//!
//! The bodies of the theorems take any bytes, and run here on seeded ones; under cargo-fuzz a target declares these modules at its root
//! and consists of `fuzz_target!(|bytes: &[u8]| theorems::behaves_the_same(bytes));`.

#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]

#[path = "../../../vm/tests/theorems/entropy.rs"]
#[allow(dead_code, reason = "the VM's tests make other choices, too")]
mod entropy;
#[path = "../../../vm/tests/theorems/mutate.rs"]
mod mutate;
mod programs;
mod refusals;
mod theorems;
