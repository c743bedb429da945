//! The command `cargo gas-bench`.
//!
//! Lives here: the process. Not here: what it does (`cli`).

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
