//! What `override` does to the example contracts (`contracts`), and how it works as a command (`command`).
//!
//! Not here: programs of every kind, which are tested with the library.

mod command;
mod contracts;
#[path = "../../vm/tests/theorems/entropy.rs"]
#[allow(dead_code, reason = "the VM's tests make other choices, too")]
mod entropy;
#[path = "../override/tests/programs.rs"]
#[allow(dead_code, reason = "the library's tests state more with them")]
mod programs;
