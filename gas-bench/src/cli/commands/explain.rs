//! `cargo gas-bench explain`.

use std::process::ExitCode;

use alloy_primitives::B256;
use anyhow::bail;
use gas_bench::measure;
use stylus_report::content::ExplainContent;
use stylus_report::document::Content as _;

use super::inputs::Inputs;
use super::{colour, publish};
use crate::cli::arguments::ExplainArguments;
use crate::cli::progress::Steps;

/// Explains why a call or a transaction fails.
pub(crate) fn explain(arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    let inputs = Inputs::of(&project);
    let file = inputs.begin(arguments.report.out.as_deref())?;
    let transaction = arguments.what.parse::<B256>();
    let told = match (transaction, &arguments.endpoint) {
        (Ok(hash), Some(url)) => measure::explain_transaction(&project, url, hash)?,
        (Ok(hash), None) => bail!("{hash} is on some chain; name its node with --endpoint URL"),
        (Err(_), Some(_)) => bail!(
            "--endpoint is for a transaction on that node, and `{}` is not a hash; a call is made on an embedded devnet",
            arguments.what
        ),
        (Err(_), None) => {
            let command = arguments.run.of(&arguments.what);
            let progress = Steps::new(project.contracts.len());
            let settings = arguments.project.settings();
            let target = arguments.target();
            measure::explain_call(&project, &target, &settings, &command, &|event| {
                progress.of_report(event);
            })?
        }
    };
    let content = ExplainContent { failure: &told };
    let text = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &text)?;
    Ok(ExitCode::SUCCESS)
}
