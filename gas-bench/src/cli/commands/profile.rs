//! `cargo gas-bench profile`.

use std::process::ExitCode;

use gas_bench::measure::{self, ProfileCommand};
use gas_bench::render::profile;

use super::{begin, colour, publish};
use crate::cli::arguments::{ProfileArguments, TextFormat};
use crate::cli::progress::Steps;

/// Measures one call and tells it function by function.
pub(crate) fn profile(arguments: &ProfileArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    let target = arguments.chain.target()?;
    let file = begin(arguments.out.as_deref())?;
    let flame = begin(arguments.flame.as_deref())?;
    let speedscope = begin(arguments.speedscope.as_deref())?;
    let command = ProfileCommand {
        call: arguments.call.clone(),
        arguments: arguments.arguments.clone(),
        run: arguments.run,
    };
    let progress = Steps::new(project.contracts.len());
    let settings = arguments.project.settings();
    let told = measure::profile(&project, &target, &settings, &command, &|event| {
        progress.of_report(event);
    })?;
    drop(progress);
    if let Some(flame) = flame {
        flame.finish(&profile::flame_graph(&told)?)?;
    }
    if let Some(speedscope) = speedscope {
        speedscope.finish(profile::speedscope(&told))?;
    }
    let text = match arguments.format {
        TextFormat::Table => profile::table(&told, arguments.top, colour(file.is_some())),
        TextFormat::Markdown => profile::markdown(&told, arguments.top),
        TextFormat::Json => profile::json(&told),
        TextFormat::Csv => profile::csv(&told),
    };
    publish(file, &text)?;
    Ok(ExitCode::SUCCESS)
}
