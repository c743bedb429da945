//! `cargo gas-bench compare`.

use std::process::ExitCode;

use anyhow::Context as _;
use gas_bench::compare::{self, Event, Subject, WasmOpt};
use gas_bench::content::ComparisonContent;
use gas_bench::document::Content as _;
use gas_bench::node::Target;
use gas_bench::report;
use stylus_vm::ArbOs;

use super::{begin, colour, complain, publish};
use crate::arguments::CompareArguments;
use crate::progress::Steps;

/// Builds every variant of the contracts, measures them and says which is best.
pub(crate) fn compare(arguments: &CompareArguments) -> anyhow::Result<ExitCode> {
    let project = arguments.project.project()?;
    let file = begin(arguments.out.as_deref())?;
    let build = arguments.project.settings();
    let target = Target::Embedded(arguments.arbos.unwrap_or(ArbOs::ARBITRUM_ONE));
    let mut comparisons = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for contract in &project.contracts {
        let plan =
            report::plan_of(&project, contract, &build).with_context(|| contract.name.clone())?;
        let subject = Subject::of(&project, contract, &build);
        let variations = arguments.variations(subject.lto_hindrance.as_ref());
        let progress = Steps::new(variations.variants());
        let measure =
            |module: &[u8]| report::measure_module(&target, &contract.name, module, &plan);
        let comparison = compare::compare(
            &subject,
            &variations,
            || WasmOpt::find(arguments.wasm_opt_path.as_deref()),
            &measure,
            &|event| match event {
                Event::Planned(variants) => progress.of(variants),
                Event::Building(variant) => {
                    progress.say(format!("{}: building {variant}", contract.name));
                }
                Event::Measuring(variant) => {
                    progress.whisper(format!("{}: measuring {variant}", contract.name));
                }
                Event::Done(variant) => {
                    progress.advance(format!("{}: measured {variant}", contract.name));
                }
            },
        )
        .with_context(|| contract.name.clone())?;
        drop(progress);
        for (variant, call, reason) in comparison.failures() {
            let call = call.map(|call| format!(", {call}")).unwrap_or_default();
            complain(&format!("{} with {variant}{call}: {reason}", contract.name));
            code = ExitCode::FAILURE;
        }
        comparisons.push(comparison);
    }
    let comparisons = &comparisons;
    let content = ComparisonContent { comparisons };
    let text = content.write(arguments.format.0, colour(file.is_some()));
    publish(file, &text)?;
    Ok(code)
}
