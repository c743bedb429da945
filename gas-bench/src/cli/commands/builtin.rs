//! `cargo gas-bench` without a subcommand, and `cargo gas-bench league`: measurements of this repository's own contracts.

use std::process::ExitCode;

use gas_bench::measure::own_contracts;
use gas_bench::measure::{self, Doing};
use stylus_cargo::{Allocator, OptLevel, Project};
use stylus_report::content::{AllocatorsContent, LeagueContent};
use stylus_report::document::Content as _;
use stylus_report::figures::edge_cases::{Conditions, Function};
use stylus_report::figures::league::Calls;
use stylus_report::picture::league_chart;

use super::inputs::Inputs;
use super::{colour, complain, publish};
use crate::cli::arguments::{Arguments, LeagueArguments};
use crate::cli::progress::Steps;

/// `cargo gas-bench league`.
pub(crate) fn league(arguments: &LeagueArguments) -> anyhow::Result<ExitCode> {
    let mut inputs = Inputs::default();
    let file = inputs.begin(arguments.out.as_deref())?;
    let picture = inputs.begin(arguments.chart.as_deref())?;
    let own = own_contracts(arguments.contracts.as_deref())?;
    let (allocators, levels) = (arguments.allocators(), arguments.levels());
    let progress = Steps::new((1 + allocators.len()) * levels.len());
    let league = measure::league(&own, &allocators, &levels, &|allocator, level| {
        progress.next(format!("{allocator} at opt-level {level}"));
    })?;
    drop(progress);
    let calls = arguments
        .calls
        .then(|| whole_calls(&own, &arguments.in_contracts(), &levels))
        .transpose()?;
    let content = LeagueContent {
        league: &league,
        calls: calls.as_ref(),
    };
    let report = content.write(arguments.format.0, colour(file.is_some()));
    // First, so that a chart that cannot be written does not take half an hour's figures with it.
    publish(file, &report)?;
    if let Some(picture) = picture {
        picture.finish(league_chart(&league))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures every contract other than the workloads with every allocator.
fn whole_calls(
    own: &Project,
    allocators: &[Allocator],
    levels: &[OptLevel],
) -> anyhow::Result<Calls> {
    let progress = Steps::new(own.contracts.len() * (1 + allocators.len()) * levels.len());
    let calls = measure::whole_calls(own, allocators, levels, &[], &|contract, variant| {
        progress.next(format!("{contract}: {variant}"));
    })?;
    Ok(calls)
}

/// `cargo gas-bench` without a subcommand.
pub(crate) fn edge_cases(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut inputs = Inputs::default().and(arguments.chain.key_file());
    let file = inputs.begin(arguments.report.out.as_deref())?;
    let own = own_contracts(arguments.contracts.as_deref())?;
    let target = arguments.chain.target()?;
    let allocators = arguments.allocators();
    let cases = Conditions::ALL.len() * Function::ALL.len();
    let progress = Steps::new(allocators.len() * (1 + cases));
    let told = |allocator: Allocator, doing: Doing<'_>| match doing {
        Doing::Building => progress.say(format!("building with {allocator}")),
        // As lines, these would number a hundred, mostly about crates seen before.
        Doing::Compiled(name) => progress.whisper(format!("building with {allocator}: {name}")),
        Doing::Built => progress.done(format!("measuring {allocator}")),
        Doing::Calling(case) => progress.whisper(format!("measuring {allocator}: {case}")),
        Doing::Called(case) => progress.advance(format!("measuring {allocator}: {case}")),
    };
    let results = measure::edge_cases(&own, &target, &allocators, Conditions::ALL, &told)?;
    drop(progress);
    let content = AllocatorsContent { results: &results };
    let report = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &report)?;
    let mut code = ExitCode::SUCCESS;
    for failure in results.failures() {
        complain(&failure.to_string());
        code = ExitCode::FAILURE;
    }
    Ok(code)
}
