//! The command `cargo gas-bench`.
//!
//! Lives here: arguments to library calls, reports to standard output, everything else to standard error, and the exit
//! code: 0 when every figure was measured, 1 when one was not, 2 when the arguments make no sense. Not here: anything
//! that knows what is measured or how.

mod arguments;
mod progress;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use gas_bench::artifact::Workspace;
use gas_bench::league;
use gas_bench::output::OutputFile;
use gas_bench::render::{Colour, render};
use gas_bench::suite::Conditions;

use arguments::{Arguments, Command, LeagueArguments, LeagueFormat, ReportArguments};
use progress::{Progress, Steps};

fn main() -> ExitCode {
    let arguments = Arguments::read();
    match execute(&arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Some(Command::League(arguments)) => compare(arguments),
        Some(Command::Report(arguments)) => report(arguments),
        None => edge_cases(arguments),
    }
}

/// `cargo gas-bench league`.
fn compare(arguments: &LeagueArguments) -> anyhow::Result<ExitCode> {
    let begin = |path: &Option<PathBuf>| path.as_deref().map(OutputFile::begin).transpose();
    let (file, picture) = (begin(&arguments.out)?, begin(&arguments.chart)?);
    let workspace = Workspace::find(arguments.contracts.as_deref())?;
    let (allocators, levels) = (arguments.allocators(), arguments.levels());
    let progress = Steps::new((1 + allocators.len()) * levels.len());
    let league = league::run(&workspace, &allocators, &levels, &|allocator, level| {
        progress.next(format!("{allocator} at opt-level {level}"));
    })?;
    drop(progress);
    if let Some(picture) = picture {
        picture.finish(&league::chart(&league))?;
    }
    let report = match arguments.format {
        LeagueFormat::Markdown => league::markdown(&league),
        LeagueFormat::Json => league::json(&league),
    };
    publish(file, &report)?;
    Ok(ExitCode::SUCCESS)
}

/// `cargo gas-bench report`.
fn report(arguments: &ReportArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    let report = gas_bench::report::run(
        &project,
        &arguments.chain.target()?,
        &arguments.project.settings(),
        false,
        &|event| complain(&format!("{event:?}")),
    )?;
    publish(None, &report.report.to_json())?;
    Ok(ExitCode::SUCCESS)
}

/// `cargo gas-bench` without a subcommand.
fn edge_cases(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = arguments
        .out
        .as_deref()
        .map(OutputFile::begin)
        .transpose()?;
    let workspace = Workspace::find(arguments.contracts.as_deref())?;
    let target = arguments.target()?;
    let allocators = arguments.allocators();
    let progress = Progress::new(allocators.len(), Conditions::ALL.len());
    let results = gas_bench::run(&workspace, &target, &allocators, Conditions::ALL, &progress)?;
    drop(progress);

    let colour = if file.is_none() {
        colour()
    } else {
        Colour::Never
    };
    let report = render(&results, arguments.format(), colour);
    publish(file, &report)?;
    let mut code = ExitCode::SUCCESS;
    for failure in results.failures() {
        complain(&failure.to_string());
        code = ExitCode::FAILURE;
    }
    Ok(code)
}

/// Writes a report to where it was asked for.
fn publish(file: Option<OutputFile>, report: &str) -> anyhow::Result<()> {
    match file {
        Some(file) => file.finish(report)?,
        None => io::stdout()
            .write_all(report.as_bytes())
            .context("the report cannot be printed")?,
    }
    Ok(())
}

/// Colour is for a terminal whose owner has not asked for none (<https://no-color.org>).
fn colour() -> Colour {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stdout().is_terminal() && !unwanted {
        Colour::Ansi
    } else {
        Colour::Never
    }
}

/// One sentence to standard error. Where even that cannot be written, the exit code has to do.
fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "error: {sentence}");
}
