//! `cargo gas-bench replay`.

use std::process::ExitCode;

use gas_bench::content::ReplayContent;
use gas_bench::document::Content as _;
use gas_bench::measure::{self, ReplayCommand};

use super::{begin, colour, complain, publish};
use crate::cli::arguments::ReplayArguments;

/// Replays transactions and compares them with their receipts.
pub(crate) fn replay(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let fork = arguments.fork()?;
    let file = begin(arguments.report.out.as_deref())?;
    let command = ReplayCommand {
        transactions: arguments.transactions.clone(),
        fork,
        alone: arguments.alone,
        programs: arguments.programs.clone(),
    };
    let replays = measure::replay(&command)?;
    let content = ReplayContent { replays: &replays };
    let text = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &text)?;
    for (hash, why) in &replays.failures {
        complain(&format!("{hash}: {why}"));
    }
    Ok(match replays.is_exact() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
