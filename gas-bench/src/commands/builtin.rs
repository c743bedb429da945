//! `cargo gas-bench` by itself, and `cargo gas-bench league`: what is measured with this repository's own contracts.

use std::process::ExitCode;

use gas_bench::artifact::Workspace;
use gas_bench::content::{AllocatorsContent, LeagueContent};
use gas_bench::document::Content as _;
use gas_bench::league::{
    self,
    calls::{self, Calls},
};
use gas_bench::picture::league_chart;
use gas_bench::project::Project;
use gas_bench::suite::{Allocator, Conditions, OptLevel};

use super::{begin, colour, complain, publish};
use crate::arguments::{Arguments, LeagueArguments};
use crate::progress::{Progress, Steps};

/// `cargo gas-bench league`.
pub(crate) fn league(arguments: &LeagueArguments) -> anyhow::Result<ExitCode> {
    let file = begin(arguments.out.as_deref())?;
    let picture = begin(arguments.chart.as_deref())?;
    let workspace = Workspace::find(arguments.contracts.as_deref())?;
    let (allocators, levels) = (arguments.allocators(), arguments.levels());
    let progress = Steps::new((1 + allocators.len()) * levels.len());
    let league = league::run(&workspace, &allocators, &levels, &|allocator, level| {
        progress.next(format!("{allocator} at opt-level {level}"));
    })?;
    drop(progress);
    let calls = arguments
        .calls
        .then(|| whole_calls(&workspace, &allocators, &levels))
        .transpose()?;
    if let Some(picture) = picture {
        picture.finish(league_chart(&league))?;
    }
    let content = LeagueContent {
        league: &league,
        calls: calls.as_ref(),
    };
    let report = content.write(arguments.format.0, colour(file.is_some()));
    publish(file, &report)?;
    Ok(ExitCode::SUCCESS)
}

/// Every contract beside the workloads with every allocator.
fn whole_calls(
    workspace: &Workspace,
    allocators: &[Allocator],
    levels: &[OptLevel],
) -> anyhow::Result<Calls> {
    let project = Project::find(Some(&workspace.manifest()), &[])?;
    let allocators = calls::known(allocators);
    let progress = Steps::new(project.contracts.len() * (1 + allocators.len()) * levels.len());
    let calls = calls::measure(&project, &allocators, levels, &[], &|contract, variant| {
        progress.next(format!("{contract}: {variant}"));
    })?;
    Ok(calls)
}

/// `cargo gas-bench` without a subcommand.
pub(crate) fn edge_cases(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = begin(arguments.out.as_deref())?;
    let workspace = Workspace::find(arguments.contracts.as_deref())?;
    let target = arguments.target()?;
    let allocators = arguments.allocators();
    let progress = Progress::new(allocators.len(), Conditions::ALL.len());
    let results = gas_bench::run(&workspace, &target, &allocators, Conditions::ALL, &progress)?;
    drop(progress);
    let content = AllocatorsContent { results: &results };
    let report = content.write(arguments.format.0, colour(file.is_some()));
    publish(file, &report)?;
    let mut code = ExitCode::SUCCESS;
    for failure in results.failures() {
        complain(&failure.to_string());
        code = ExitCode::FAILURE;
    }
    Ok(code)
}
