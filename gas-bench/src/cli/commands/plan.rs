//! `cargo gas-bench plan`.

use std::process::ExitCode;

use anyhow::bail;
use gas_bench::measure;
use stylus_plan::FILE;
use stylus_report::output::OutputFile;

use super::inputs::Inputs;
use super::{complain, remark};
use crate::cli::arguments::PlanArguments;
use crate::cli::progress::Steps;

/// Tries contracts out and writes plans for them.
pub(crate) fn plan(arguments: &PlanArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    let target = arguments.chain.target()?;
    let settings = arguments.project.settings();
    if arguments.out.is_some() && project.contracts.len() > 1 {
        bail!("--out is one file, but there are several contracts; name one with --package");
    }
    let paths: Vec<_> = project
        .contracts
        .iter()
        .map(|contract| {
            arguments
                .out
                .clone()
                .unwrap_or_else(|| contract.folder.join(FILE))
        })
        .collect();
    // An existing plan is reported before anything is built.
    if let Some(path) = paths.iter().find(|path| path.exists() && !arguments.force) {
        bail!(
            "{} already exists; write another with --out FILE, or replace it with --force",
            path.display()
        );
    }
    let mut inputs = Inputs::of(&project).and(arguments.chain.key_file());
    let files = paths.iter().map(|path| match path.ends_with(FILE) {
        // The plan that is to be replaced.
        true => Ok(OutputFile::begin(path)?),
        false => inputs.begin_at(path),
    });
    let files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let progress = Steps::new(2 * project.contracts.len());
    let mut code = ExitCode::SUCCESS;
    let mut written = Vec::new();
    for ((contract, path), file) in project.contracts.iter().zip(&paths).zip(files) {
        let begun = measure::starter(&project, contract, &settings, &target, &|event| {
            progress.of_report(event);
        });
        match begun {
            Ok(text) => {
                file.finish(&text)?;
                written.push(path);
            }
            Err(error) => {
                complain(&format!("{}: {error}", contract.name));
                code = ExitCode::FAILURE;
            }
        }
    }
    drop(progress);
    for path in written {
        remark(&format!("{} was written", path.display()));
    }
    Ok(code)
}
