//! `cargo gas-bench profile`.

use std::process::ExitCode;

use gas_bench::measure;
use stylus_report::content::{LinesContent, ProfileContent};
use stylus_report::document::Content as _;
use stylus_report::picture;

use super::inputs::Inputs;
use super::{colour, publish, remark};
use crate::cli::arguments::ProfileArguments;
use crate::cli::progress::Steps;

/// Measures one call and profiles it function by function.
pub(crate) fn profile(arguments: &ProfileArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    let target = arguments.chain.target()?;
    let mut inputs = Inputs::of(&project).and(arguments.chain.key_file());
    let file = inputs.begin(arguments.report.out.as_deref())?;
    let flame = inputs.begin(arguments.flame.as_deref())?;
    let speedscope = inputs.begin(arguments.speedscope.as_deref())?;
    let command = arguments.run.of(&arguments.call);
    let progress = Steps::new(project.contracts.len());
    let settings = arguments.project.settings();
    if arguments.lines {
        let annotate = arguments.annotate.as_deref();
        let told =
            measure::profile_lines(&project, &target, &settings, &command, annotate, &|event| {
                progress.of_report(event)
            });
        let told = told?;
        drop(progress);
        warn(&told.warnings);
        let (profile, sources) = told.what;
        if let Some(flame) = flame {
            flame.finish(&picture::flame_graph_of_lines(&profile)?)?;
        }
        if let Some(speedscope) = speedscope {
            speedscope.finish(picture::speedscope_of_lines(&profile))?;
        }
        let content = LinesContent {
            profile: &profile,
            sources: &sources,
            top: arguments.top,
        };
        let text = content.write(arguments.report.format.0, colour(file.is_some()));
        publish(file, &text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let told = measure::profile(&project, &target, &settings, &command, &|event| {
        progress.of_report(event);
    })?;
    drop(progress);
    warn(&told.warnings);
    let told = told.what;
    if let Some(flame) = flame {
        flame.finish(&picture::flame_graph(&told)?)?;
    }
    if let Some(speedscope) = speedscope {
        speedscope.finish(picture::speedscope(&told))?;
    }
    let content = ProfileContent {
        profile: &told,
        top: arguments.top,
    };
    let text = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &text)?;
    Ok(ExitCode::SUCCESS)
}

/// Warns that the profile might not be of the requested function.
fn warn(warnings: &[String]) {
    for warning in warnings {
        remark(warning);
    }
}
