//! What `override` does: to programs of every kind, and to the example contracts.
//!
//! Lives here: the theorems (`theorems`), each refusal (`refusals`), the contracts (`contracts`), the command (`command`), and what they
//! are stated with. The bodies of the theorems take any bytes, and run here on seeded ones; under cargo-fuzz a target declares these
//! modules at its root and consists of `fuzz_target!(|bytes: &[u8]| theorems::behaves_the_same(bytes));`.

mod command;
mod contracts;
#[path = "../../vm/tests/theorems/entropy.rs"]
#[allow(dead_code, reason = "the VM's tests make other choices, too")]
mod entropy;
#[path = "../../vm/tests/theorems/mutate.rs"]
mod mutate;
mod programs;
mod refusals;
mod theorems;
