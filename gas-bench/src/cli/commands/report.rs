//! `cargo gas-bench report`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use gas_bench::measure::{self, Details, Event, Reported};
use stylus_report::content::{Pictures, ReportContent, overview};
use stylus_report::document::{Content as _, Format};
use stylus_report::figures::Report;
use stylus_report::figures::baseline::{self, Diff};
use stylus_report::picture;

use super::inputs::Inputs;
use super::{REGRESSION, colour, complain, file_name, folder, publish, remark, write};
use crate::cli::arguments::{ReportArguments, ReportFormat};
use crate::cli::progress::Steps;

/// Measures, compares, writes.
pub(crate) fn report(arguments: &ReportArguments) -> anyhow::Result<ExitCode> {
    // Unreadable and unwritable files are reported before anything is built.
    let module = arguments.module();
    let project = match &module {
        Some(_) => None,
        None => Some(arguments.project.project()?),
    };
    // Baselines lie in the project, or, for a module, in the current folder.
    let root = project
        .as_ref()
        .map_or(Path::new("."), |project| &project.root);
    let target = arguments.chain.target()?;
    let baselines = arguments
        .baselines
        .iter()
        .map(|name| Ok((name.clone(), baseline::path_of(name, root)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut inputs = Inputs::of(project.as_ref())
        .and(arguments.files())
        .with_plan(arguments.plan());
    let draft = match &arguments.save {
        Some(name) => {
            let path = baseline::path_of(name, root)?;
            // It may be the baseline that is compared with, and nothing else that is read.
            inputs.spare(&path)?;
            Some(baseline::Draft::begin(&path)?)
        }
        None => None,
    };
    let file = inputs
        .and(baselines.iter().map(|(_, path)| path.as_path()))
        .begin(arguments.out.as_deref())?;
    let baselines = baselines
        .into_iter()
        .map(|(name, path)| Ok((name, baseline::load(&path)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(path) = &arguments.svg {
        folder(path)?;
    }

    let contracts = project
        .as_ref()
        .map_or(1, |project| project.contracts.len());
    let progress = Steps::new(2 * contracts);
    let detailed = arguments.format == ReportFormat::Told(Format::Html) || arguments.svg.is_some();
    let settings = arguments.project.settings();
    let observer = |event: Event<'_>| progress.of_report(event);
    let reported = match (&project, &module) {
        (Some(project), _) => measure::run(project, &target, &settings, detailed, &observer)?,
        (None, Some(module)) => measure::run_module(module, &target, detailed, &observer)?,
        (None, None) => anyhow::bail!("there is nothing to report on"),
    };
    drop(progress);

    let Reported { report, details } = reported;
    let pictures = pictures(&report, &details);
    let mut diff = baselines
        .last()
        .map(|(_, before)| baseline::diff(before, &report));
    if let (Some(diff), Some(project)) = (&mut diff, &project) {
        // What is not in the report, because it was not chosen, is still in the workspace.
        diff.leave_out(|name| project.members.iter().any(|member| member.name == name));
    }
    let content = ReportContent {
        report: &report,
        diff: diff.as_ref(),
        baselines: &baselines,
        pictures: &pictures,
    };
    let text = match arguments.format {
        ReportFormat::Overview => overview(&report),
        ReportFormat::Told(format) => content.write(format, colour(file.is_some())),
    };
    publish(file, &text)?;
    // Compared with figures that are missing, nothing would ever be worse.
    let unknown = report.contracts.iter().find(|it| !it.failures.is_empty());
    match (draft, unknown) {
        (Some(draft), None) => draft.save(&report)?,
        (Some(_), Some(contract)) => complain(&format!(
            "no baseline was saved because {} has no figures; fix it, then save again",
            contract.name
        )),
        (None, _) => {}
    }
    // Last, so that a plot that cannot be written does not take the figures with it.
    if let Some(path) = &arguments.svg {
        plots(path, &report, &baselines, &pictures)?;
    }
    Ok(verdict(arguments, &report, diff.as_ref()))
}

/// The exit code; prints why it is not zero.
fn verdict(arguments: &ReportArguments, report: &Report, diff: Option<&Diff>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for failure in report.failures() {
        complain(&failure);
        code = ExitCode::FAILURE;
    }
    let checked = diff.filter(|_| arguments.check);
    if let (Some(name), true) = (
        arguments.baselines.last(),
        checked.is_some_and(Diff::compares_nothing),
    ) {
        complain(&format!(
            "--check compared nothing, because the baseline {name} has none of this report's calls; save it again with --save"
        ));
        code = ExitCode::FAILURE;
    }
    let regressions = checked.map_or_else(Vec::new, |diff| diff.regressions(arguments.tolerance));
    for regression in &regressions {
        complain(&regression.to_string());
        code = ExitCode::from(REGRESSION);
    }
    code
}

/// The pictures that need more than figures.
fn pictures(report: &Report, details: &BTreeMap<String, Details>) -> BTreeMap<String, Pictures> {
    let of_contract = |name: &String, details: &Details| {
        let contract = report.contracts.iter().find(|it| it.name == *name);
        let sizes = contract
            .and_then(|it| it.deployment.as_ref())
            .map(|it| it.sizes);
        let measured =
            sizes.map(|sizes| measure::size::measure(&details.named, &details.deployed, sizes));
        let treemap = match measured {
            Some(Ok(size)) => Some(picture::treemap(name, &size)),
            Some(Err(error)) => {
                remark(&format!("{name} has no treemap: {error}"));
                None
            }
            None => None,
        };
        let flame_graphs =
            details
                .profiles
                .iter()
                .filter_map(|it| match picture::flame_graph(it) {
                    Ok(svg) => Some((it.call.clone(), svg)),
                    Err(error) => {
                        remark(&format!("{name}, {} has no flame graph: {error}", it.call));
                        None
                    }
                });
        Pictures {
            flame_graphs: flame_graphs.collect(),
            treemap,
        }
    };
    details
        .iter()
        .map(|(name, details)| (name.clone(), of_contract(name, details)))
        .collect()
}

/// Writes every picture to a file.
fn plots(
    path: &Path,
    report: &Report,
    baselines: &[(String, Report)],
    pictures: &BTreeMap<String, Pictures>,
) -> anyhow::Result<()> {
    let save = |contract: &str, what: &str, svg: &str| {
        let file = format!(
            "{}-{}.svg",
            file_name(contract).display(),
            file_name(what).display()
        );
        write(&path.join(file), svg)
    };
    for contract in &report.contracts {
        let name = &contract.name;
        if let Some(svg) = picture::split_bars(contract, report.made_with.ink_per_gas) {
            save(name, "split", &svg)?;
        }
        if let Some(svg) = picture::history(report, contract, baselines) {
            save(name, "history", &svg)?;
        }
        let Some(extras) = pictures.get(name) else {
            continue;
        };
        if let Some(svg) = &extras.treemap {
            save(name, "size", svg)?;
        }
        for (number, (call, svg)) in (1..).zip(&extras.flame_graphs) {
            save(name, &format!("flame-{number}-{call}"), svg)?;
        }
    }
    Ok(())
}

impl Steps {
    /// Shows the progress of a report.
    pub(super) fn of_report(&self, event: Event<'_>) {
        match event {
            Event::Building(contract) => self.say(format!("building {contract}")),
            Event::Optimising(contract) => {
                self.say(format!("building {contract} with link-time optimisation"));
            }
            // As lines, these would number a hundred per contract.
            Event::Compiled(contract, name) => self.whisper(format!("building {contract}: {name}")),
            Event::NoAbi(contract, reason) => self.beside(|| {
                remark(&format!(
                    "{contract}: reverts are shown as data, because the ABI that would name them cannot be printed: {reason}"
                ));
            }),
            Event::Built(contract) => self.done(format!("measuring {contract}")),
            Event::Measured(contract) => self.done(format!("measured {contract}")),
        }
    }
}
