//! `cargo gas-bench replay`.

use std::process::ExitCode;

use anyhow::Context as _;
use gas_bench::measure::{self, ReplayCommand};
use stylus_report::content::ReplayContent;
use stylus_report::document::Content as _;
use stylus_report::picture;

use super::inputs::Inputs;
use super::{colour, complain, publish};
use crate::cli::arguments::ReplayArguments;

/// Replays transactions and compares them with their receipts.
pub(crate) fn replay(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let fork = arguments.fork()?;
    let mut inputs = Inputs::default().and(arguments.files());
    let file = inputs.begin(arguments.report.out.as_deref())?;
    let flame = inputs.begin(arguments.flame.as_deref())?;
    let speedscope = inputs.begin(arguments.speedscope.as_deref())?;
    if let Some(path) = &fork.record {
        inputs.begin_at(path)?;
    }
    let command = ReplayCommand {
        transactions: arguments.transactions.clone(),
        fork,
        alone: arguments.alone,
        programs: arguments.programs.clone(),
        last: arguments.last(),
        names: arguments.names.clone(),
    };
    let replays = measure::replay(&command)?;
    if flame.is_some() || speedscope.is_some() {
        let profile = replays.dearest().context(
            "the transaction ran no program, so there is nothing for --flame and --speedscope to draw",
        )?;
        if let Some(flame) = flame {
            flame.finish(&picture::flame_graph(profile)?)?;
        }
        if let Some(speedscope) = speedscope {
            speedscope.finish(picture::speedscope(profile))?;
        }
    }
    let content = ReplayContent {
        replays: &replays,
        top: arguments.top,
    };
    let text = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &text)?;
    for (hash, why) in &replays.failures {
        complain(&format!("{hash}: {why}"));
    }
    for sentence in replays.unused() {
        complain(&sentence);
    }
    Ok(match replays.is_exact() && replays.uncalled.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
