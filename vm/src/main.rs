//! `stylus-vm`: the command line.
//!
//! Lives here: parsing arguments and choosing an exit code. Not here: what the commands do (`cli`).

mod cli;

use std::process::ExitCode;

use clap::Parser;

use cli::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Command::Check(check) => cli::check::run(check),
        Command::Process(process) => cli::process::run(process),
        Command::Run(run) => cli::run::run(run),
        Command::Test(test) => cli::test::run(test),
    };
    result.unwrap_or_else(|error| cli::ended(&error))
}
