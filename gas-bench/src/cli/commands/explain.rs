//! `cargo gas-bench explain`.

use std::process::ExitCode;

use alloy_primitives::B256;
use anyhow::bail;
use gas_bench::measure;
use stylus_report::content::ExplainContent;
use stylus_report::document::Content as _;

use super::inputs::Inputs;
use super::{colour, publish, remark, sentence};
use crate::cli::arguments::ExplainArguments;
use crate::cli::progress::Steps;

/// Explains why a call or a transaction fails.
pub(crate) fn explain(arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    let transaction = match (arguments.what.parse::<B256>(), &arguments.endpoint) {
        (Ok(hash), Some(url)) => Some((hash, url)),
        (Ok(hash), None) => bail!("{hash} is on some chain; name its node with --endpoint URL"),
        (Err(_), Some(_)) => bail!(
            "--endpoint is for a transaction on that node, but `{}` is not a hash; calls are made on an embedded devnet",
            arguments.what
        ),
        (Err(_), None) => None,
    };
    let found = arguments.project.project();
    let settings = arguments.project.settings();
    let (told, file) = match transaction {
        Some((hash, url)) => {
            let project = match found {
                // The reason is known without sources.
                Err(error) if !arguments.project.is_named() => {
                    remark(&format!(
                        "lines and names come from the project in this folder, but there is none: {}",
                        sentence(&error)
                    ));
                    None
                }
                found => Some(found?),
            };
            let file = Inputs::of(project.as_ref()).begin(arguments.report.out.as_deref())?;
            let told = measure::explain_transaction(project.as_ref(), &settings, url, hash)?;
            (told, file)
        }
        None => {
            let project = found?;
            let file = Inputs::of(&project).begin(arguments.report.out.as_deref())?;
            let command = arguments.run.of(&arguments.what);
            let progress = Steps::new(project.contracts.len());
            let target = arguments.target();
            let told = measure::explain_call(&project, &target, &settings, &command, &|event| {
                progress.of_report(event);
            })?;
            (told, file)
        }
    };
    let content = ExplainContent { failure: &told };
    let text = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &text)?;
    Ok(ExitCode::SUCCESS)
}
