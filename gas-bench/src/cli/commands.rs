//! The commands: arguments become library calls, results go to standard output or files, everything else to standard error.
//!
//! Lives here: what commands have in common. Not here: options and their help (`arguments`), progress (`progress`).

mod builtin;
mod compare;
mod coverage;
mod explain;
mod inputs;
mod plan;
mod profile;
mod replay;
mod report;
mod size;
mod transplant;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use anyhow::Context;
use gas_bench::measure::ProfileFailure;
use stylus_report::document::Colour;
use stylus_report::figures::baseline::BaselineError;
use stylus_report::output::OutputFile;
use stylus_report::words::printable;

pub(crate) use builtin::{edge_cases, league};
pub(crate) use compare::compare;
pub(crate) use coverage::coverage;
pub(crate) use explain::explain;
pub(crate) use plan::plan;
pub(crate) use profile::profile;
pub(crate) use replay::replay;
pub(crate) use report::report;
pub(crate) use size::size;
pub(crate) use transplant::override_allocator;

/// The exit code if a requested check finds a regression.
const REGRESSION: u8 = 3;

/// The exit code for arguments that make no sense, as clap has it.
const MISUSE: u8 = 2;

/// The exit code of a command that ended with an error.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    let is_name = |error: &BaselineError| matches!(error, BaselineError::Name(_));
    let is_misuse = error.downcast_ref().is_some_and(is_name)
        || error
            .downcast_ref()
            .is_some_and(ProfileFailure::is_of_arguments);
    match is_misuse {
        true => ExitCode::from(MISUSE),
        false => ExitCode::FAILURE,
    }
}

/// Writes a report to its destination.
fn publish(file: Option<OutputFile>, report: &str) -> anyhow::Result<()> {
    match file {
        Some(file) => file.finish(report)?,
        None => match io::stdout().write_all(report.as_bytes()) {
            // A reader that closed the pipe has what it wanted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.context("the report cannot be printed")?,
        },
    }
    Ok(())
}

/// A folder for files, created if it is missing.
fn folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path)
        .with_context(|| format!("the folder {} cannot be made; name another", path.display()))
}

/// Writes one of several files.
fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    Ok(OutputFile::begin(path)?.finish(content)?)
}

/// Any name, made safe as part of a file name.
fn file_name(name: &str) -> PathBuf {
    let safe = name.chars().map(|letter| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
        _ => '-',
    });
    PathBuf::from(safe.take(100).collect::<String>())
}

/// Colour is for terminals, unless the environment wants it everywhere or nowhere (<https://bixense.com/clicolors>).
fn colour(is_file: bool) -> Colour {
    match AutoStream::choice(&io::stdout()) {
        ColorChoice::Never => Colour::Never,
        _ if is_file => Colour::Never,
        _ => Colour::Ansi,
    }
}

/// An error and its causes, each once: many errors include their cause already.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |said, cause| {
        let cause = cause.to_string();
        match (said.is_empty(), said.contains(&cause)) {
            (true, _) => cause,
            (false, true) => said,
            (false, false) => format!("{said}: {cause}"),
        }
    })
}

/// Prints one sentence to standard error, whatever names it contains. If even that cannot be written, the exit code must do.
pub(crate) fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "error: {}", printable(sentence));
}

/// Prints a remark to standard error.
fn remark(sentence: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(sentence));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the file cannot be read: {source}; name another")]
    struct Unreadable {
        source: io::Error,
    }

    #[test]
    fn causes_are_said_once() {
        let source = || io::Error::other("it is a folder");
        let said = |error: anyhow::Error| sentence(&error);
        assert_eq!(
            said(anyhow::Error::new(Unreadable { source: source() }).context("token.wasm")),
            "token.wasm: the file cannot be read: it is a folder; name another"
        );
        assert_eq!(
            said(anyhow::Error::new(source()).context("a")),
            "a: it is a folder"
        );
    }
}
