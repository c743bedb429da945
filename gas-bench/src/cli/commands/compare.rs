//! `cargo gas-bench compare`.

use std::process::ExitCode;

use anyhow::Context as _;
use gas_bench::chain::Target;
use gas_bench::measure;
use gas_bench::measure::compare::{self, VariantEvent};
use stylus_cargo::{Subject, WasmOpt, sources_hash};
use stylus_report::content::ComparisonContent;
use stylus_report::document::Content as _;
use stylus_vm::ArbOs;

use super::inputs::Inputs;
use super::{colour, complain, publish};
use crate::cli::arguments::CompareArguments;
use crate::cli::progress::Steps;

/// Builds every variant of the contracts, measures them and recommends the best.
pub(crate) fn compare(arguments: &CompareArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    let mut inputs = Inputs::of(&project).and(arguments.wasm_opt_path.as_deref());
    let file = inputs.begin(arguments.report.out.as_deref())?;
    let build = arguments.project.settings();
    let target = Target::Embedded(arguments.arbos.unwrap_or(ArbOs::ARBITRUM_ONE));
    let mut comparisons = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for contract in &project.contracts {
        let plan =
            measure::plan_of(&project, contract, &build).with_context(|| contract.name.clone())?;
        let subject = Subject::of(&project, contract, &build);
        let variations = arguments.variations(subject.lto_hindrance.as_ref());
        let progress = Steps::new(variations.variants());
        // What is deployed carries a hash of its sources, in a report too; every variant bears the same one.
        let hash =
            sources_hash(&project, contract, &build).with_context(|| contract.name.clone())?;
        let measure =
            |module: &[u8]| measure::measure_sources(&target, &contract.name, module, hash, &plan);
        let mut comparison = compare::compare(
            &subject,
            &variations,
            || WasmOpt::find(arguments.wasm_opt_path.as_deref()),
            &measure,
            &|event| match event {
                VariantEvent::Planned(variants) => progress.of(variants),
                VariantEvent::Building(variant) => {
                    progress.say(format!("{}: building {variant}", contract.name));
                }
                VariantEvent::Measuring(variant) => {
                    progress.whisper(format!("{}: measuring {variant}", contract.name));
                }
                VariantEvent::Done(variant) => {
                    progress.advance(format!("{}: measured {variant}", contract.name));
                }
            },
        )
        .with_context(|| contract.name.clone())?;
        drop(progress);
        let left_out = plan
            .left_out
            .iter()
            .map(|left| format!("not called: {left}"));
        comparison.left_out.extend(left_out);
        for (about, reason) in comparison.reasons() {
            complain(&format!("{}: {about}: {reason}", contract.name));
            code = ExitCode::FAILURE;
        }
        comparisons.push(comparison);
    }
    let comparisons = &comparisons;
    let content = ComparisonContent { comparisons };
    let text = content.write(arguments.report.format.0, colour(file.is_some()));
    publish(file, &text)?;
    Ok(code)
}
