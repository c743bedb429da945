//! `stylus-vm run`: one call on an otherwise empty chain.
//!
//! Lives here: showing a report, for people and as JSON. Not here: running (`stylus_vm::Program`).

use std::io::{self, Write};
use std::process::ExitCode;

use alloy_primitives::hex;
use anyhow::Context;
use serde::Serialize;
use stylus_vm::{
    Activation, Call, Config, Engine, Environment, Gas, Ink, MemoryHost, Outcome, Pages, Refusal,
    Report, activate,
};

use super::check::show_refusal;
use super::{Run, Verdict, input, is_of_pipe, style, unusable};

/// Runs every file; fails if one is refused or does not succeed, unless that is reported as JSON.
pub(crate) fn run(run: &Run) -> anyhow::Result<ExitCode> {
    let mut config = run.common.chain.config()?;
    if let Some(words) = run.max_depth {
        config.stylus.max_stack_depth = words;
    }
    let engine = Engine::with_user_cache(&config)?;
    let mut verdict = Verdict::Good;
    for file in &run.common.files {
        let result = input::module(file).and_then(|wasm| {
            let name = input::name(file);
            let result = run_module(&engine, &wasm, &config, run).context(name.clone())?;
            report(name, result, &config, run)
        });
        verdict = verdict.max(match result {
            Err(error) if is_of_pipe(&error) => return Err(error),
            Err(error) => unusable(&error),
            Ok(verdict) => verdict,
        });
    }
    Ok(verdict.into())
}

fn report(
    name: String,
    result: Result<(Activation, Report), Refusal>,
    config: &Config,
    run: &Run,
) -> anyhow::Result<Verdict> {
    if run.json {
        print_line(&Line::new(name, config, run, &result))?;
        return Ok(Verdict::Good);
    }
    match result {
        Ok((_, report)) => {
            show(&name, config, &report)?;
            let good = report.outcome == Outcome::Success;
            Ok(if good { Verdict::Good } else { Verdict::Bad })
        }
        Err(refusal) => {
            show_refusal(&name, &refusal)?;
            Ok(Verdict::Bad)
        }
    }
}

fn run_module(
    engine: &Engine,
    wasm: &[u8],
    config: &Config,
    run: &Run,
) -> anyhow::Result<Result<(Activation, Report), Refusal>> {
    let activation = match activate(wasm, config, Pages(0), Gas::MAX) {
        Ok(activation) => activation,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let program = engine.compile(wasm, config)?;
    let environment = Environment {
        sender: run.sender,
        origin: run.sender,
        value: run.value,
        ..Environment::default()
    };
    let mut host = MemoryHost::default();
    host.storage.extend(run.storage.iter().copied());
    host.begin(&environment, activation.footprint);
    let call = Call {
        calldata: run.calldata.clone(),
        ink: Ink(run.ink),
        environment,
    };
    let report = program.run(&mut host, call)?;
    Ok(Ok((activation, report)))
}

fn show(name: &str, config: &Config, report: &Report) -> io::Result<()> {
    let mut out = anstream::stdout();
    let gas = config.stylus.ink_price.ink_to_gas(report.ink_used);
    let outcome = match report.outcome {
        Outcome::Success => style::good("success").to_string(),
        outcome => style::error(word(outcome).replace('_', " ")).to_string(),
    };
    let cause = report
        .cause
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    writeln!(out, "{name}: {outcome}{cause}")?;
    let output = match report.output.len() {
        0 => "none".to_owned(),
        bytes => format!("{bytes} bytes, 0x{}", hex::encode(&report.output)),
    };
    let rows = [
        ("ink used", format!("{} ({gas})", report.ink_used)),
        ("pages at the end", report.pages.to_string()),
        ("output", output),
    ];
    for (what, value) in rows {
        writeln!(out, "  {what:<18} {value}")?;
    }
    Ok(())
}

fn print_line(line: &Line) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    Ok(writeln!(out)?)
}

/// One line of the record that `tests/vectors/README.md` describes; fields in its order.
#[derive(Serialize)]
struct Line {
    file: String,
    activation: ActivationLine,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunLine>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ActivationLine {
    Figures {
        gas: u64,
        init_cost: u16,
        cached_init_cost: u16,
        asm_estimate: u32,
        footprint: u16,
    },
    Refused {
        error: String,
    },
}

#[derive(Serialize)]
struct RunLine {
    calldata: String,
    ink: u64,
    max_depth: u32,
    outcome: &'static str,
    ink_used: u64,
    pages: u32,
    output: String,
}

impl Line {
    fn new(
        file: String,
        config: &Config,
        run: &Run,
        result: &Result<(Activation, Report), Refusal>,
    ) -> Self {
        let (activation, report) = match result {
            Ok(result) => result,
            Err(refusal) => {
                let activation = ActivationLine::Refused {
                    error: refusal.to_string(),
                };
                return Self {
                    file,
                    activation,
                    run: None,
                };
            }
        };
        let run = RunLine {
            calldata: hex::encode(&run.calldata),
            ink: run.ink,
            max_depth: config.stylus.max_stack_depth,
            outcome: word(report.outcome),
            ink_used: report.ink_used.0,
            pages: report.pages,
            output: hex::encode(&report.output),
        };
        let activation = ActivationLine::Figures {
            gas: activation.gas.0,
            init_cost: activation.init_cost,
            cached_init_cost: activation.cached_init_cost,
            asm_estimate: activation.asm_estimate,
            footprint: activation.footprint.0,
        };
        Self {
            file,
            activation,
            run: Some(run),
        }
    }
}

pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Revert => "revert",
        Outcome::Failure => "failure",
        Outcome::OutOfInk => "out_of_ink",
        Outcome::OutOfStack => "out_of_stack",
    }
}
