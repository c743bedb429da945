//! The command line: arguments, commands, progress messages, and exit codes.
//!
//! Lives here: which command was given, and its exit code. Not here: the commands (`commands`), options (`arguments`), and anything that
//! knows what is measured or how.

mod arguments;
mod commands;
mod progress;
mod signals;

use std::process::ExitCode;

use arguments::{Arguments, Command};

/// Runs the command that this process's arguments name.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::read();
    signals::watch();
    let ended = match &arguments.command {
        None => commands::edge_cases(&arguments),
        Some(Command::League(arguments)) => commands::league(arguments),
        Some(Command::Report(arguments)) => commands::report(arguments),
        Some(Command::Plan(arguments)) => commands::plan(arguments),
        Some(Command::Profile(arguments)) => commands::profile(arguments),
        Some(Command::Explain(arguments)) => commands::explain(arguments),
        Some(Command::Coverage(arguments)) => commands::coverage(arguments),
        Some(Command::Compare(arguments)) => commands::compare(arguments),
        Some(Command::Size(arguments)) => commands::size(arguments),
        Some(Command::Override(arguments)) => commands::override_allocator(arguments),
        Some(Command::Replay(arguments)) => commands::replay(arguments),
    };
    ended.unwrap_or_else(|error| {
        commands::complain(&commands::sentence(&error));
        commands::failed(&error)
    })
}
