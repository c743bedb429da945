//! `cargo gas-bench coverage`.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;
use gas_bench::measure::{self, Covering};
use stylus_cargo::process;
use stylus_report::content::{CoverageContent, tracefile};
use stylus_report::document::Content as _;
use stylus_report::figures::coverage::CoverageReport;

use super::inputs::Inputs;
use super::{colour, complain, publish, remark};
use crate::cli::arguments::CoverageArguments;
use crate::cli::progress::Steps;
use crate::cli::signals;

/// The variable that gives tests their node, as in Foundry's tools.
const ENDPOINT: &str = "ETH_RPC_URL";

/// Runs contracts, or lets tests run them, and reports which lines ran.
pub(crate) fn coverage(arguments: &CoverageArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    let mut inputs = Inputs::of(&project);
    let file = inputs.begin(arguments.report.out.as_deref())?;
    let lcov = inputs.begin(arguments.lcov.as_deref())?;
    let progress = Steps::new(project.contracts.len());
    let settings = arguments.project.settings();
    let observer = |event: measure::Event<'_>| progress.of_report(event);
    let (report, is_good) = match arguments.listen() {
        None => {
            let report = measure::coverage(&project, arguments.arbos(), &settings, &observer);
            drop(progress);
            (report, true)
        }
        Some(at) => {
            let covering = Covering::begin(&project, at, arguments.arbos(), &settings, &observer)?;
            drop(progress);
            count(covering, &arguments.command)?
        }
    };
    if let Some(lcov) = lcov {
        lcov.finish(tracefile(&report, arguments.libraries))?;
    }
    let content = CoverageContent {
        report: &report,
        libraries: arguments.libraries,
    };
    let text = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &text)?;
    for (name, reason) in &report.failures {
        complain(&format!("{name}: {reason}"));
    }
    Ok(match is_good && report.failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Waits for tests, or for an interrupt; returns what ran, and whether the tests succeeded.
fn count(covering: Covering, command: &[OsString]) -> anyhow::Result<(CoverageReport, bool)> {
    let url = covering.url();
    let interrupted = signals::catch();
    let is_good = match command {
        [] => {
            remark(&format!(
                "listening at {url}; Ctrl-C stops it and shows what ran"
            ));
            // Only an interrupt ends it.
            let _ = interrupted.recv();
            true
        }
        [program, rest @ ..] => {
            let mut command = Command::new(program);
            // Standard output is reserved for the report.
            let command = command.args(rest).env(ENDPOINT, &url).stdout(io::stderr());
            // They have a process group of their own, which may not read from a terminal.
            let stdin = match io::stdin().is_terminal() {
                true => Stdio::null(),
                false => Stdio::inherit(),
            };
            let is_interrupted = &mut || interrupted.try_recv().is_ok();
            let status = process::run_until(command.stdin(stdin), is_interrupted)
                .with_context(|| format!("{} cannot be run", program.display()))?;
            if !status.success() {
                complain(&format!("the tests fail: {status}"));
            }
            status.success()
        }
    };
    Ok((covering.finish(), is_good))
}
