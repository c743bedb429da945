//! `cargo gas-bench size`.

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use gas_bench::measure;
use stylus_cargo::input;
use stylus_report::content::SizeContent;
use stylus_report::document::Content as _;
use stylus_report::figures::baseline;
use stylus_report::figures::size::{SizeReport, diff};
use stylus_report::picture::treemap;
use stylus_vm::{ArbOs, Config};

use super::inputs::Inputs;
use super::{colour, complain, file_name, folder, publish, write};
use crate::cli::arguments::SizeArguments;
use crate::cli::progress::Steps;

/// Builds contracts and reports where their bytes are.
pub(crate) fn size(arguments: &SizeArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    // Beside a gas baseline of the same name.
    let place = |name: &String| -> anyhow::Result<_> {
        let path = baseline::path_of(name, &project.root)?;
        let is_named = !name.contains(std::path::is_separator) && !name.ends_with(".json");
        Ok(if is_named {
            path.with_extension("size.json")
        } else {
            path
        })
    };
    let mut inputs = Inputs::of(&project);
    let draft = match &arguments.save {
        Some(name) => {
            let path = place(name)?;
            if let Some(parent) = path.parent().filter(|it| it.ends_with(baseline::FOLDER)) {
                folder(parent)?;
            }
            // It may be the baseline that is compared with, which the report may not.
            Some(inputs.begin_at(&path)?)
        }
        None => None,
    };
    let baseline = arguments.baseline.as_ref().map(place).transpose()?;
    let mut inputs = inputs.and(baseline.as_deref());
    let file = inputs.begin(arguments.report.out.as_deref())?;
    let before = baseline.as_deref().map(load).transpose()?;
    if let Some(path) = &arguments.svg {
        folder(path)?;
    }
    let progress = Steps::new(project.contracts.len());
    let settings = arguments.project.settings();
    let chain = Config::at(ArbOs::ARBITRUM_ONE);
    let report = measure::sizes(&project, &settings, &chain, &|event| {
        progress.of_report(event)
    })?;
    drop(progress);
    let changes = before.map(|before| diff(&before, &report));
    let content = SizeContent {
        report: &report,
        diff: changes.as_ref(),
        top: arguments.top,
    };
    let text = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &text)?;
    if let Some(draft) = draft {
        draft.finish(report.to_json())?;
    }
    // Last, so that a treemap that cannot be written does not take the sizes with it.
    if let Some(path) = &arguments.svg {
        for (name, contract) in &report.contracts {
            let file = format!("{}-size.svg", file_name(name).display());
            write(&path.join(file), &treemap(name, contract))?;
        }
    }
    let mut code = ExitCode::SUCCESS;
    for (name, reason) in &report.failures {
        complain(&format!("{name}: {reason}"));
        code = ExitCode::FAILURE;
    }
    Ok(code)
}

fn load(path: &std::path::Path) -> anyhow::Result<SizeReport> {
    let shown = path.display();
    let text = input::text(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            anyhow::anyhow!("there is no baseline at {shown}: make one with --save")
        }
        _ => anyhow::anyhow!("{shown} cannot be read: {error}; name a file that can be read"),
    })?;
    SizeReport::from_json(text.as_bytes()).with_context(|| format!("{shown} cannot be used"))
}
