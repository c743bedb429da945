//! `stylus-vm check`: would a chain activate it?
//!
//! Lives here: showing an activation or a refusal. Not here: activating (`stylus_vm::activate`).

use std::io::{self, Write};
use std::process::ExitCode;

use stylus_vm::advice::{NEVER_CALLED, never_called};
use stylus_vm::headroom::{Headroom, findings, headroom};
use stylus_vm::layout::{large_stack, page_of_stack};
use stylus_vm::process::{ProcessError, process};
use stylus_vm::{Activation, Config, Gas, Pages, Refusal, activate, code};

use super::{Check, Verdict, input, style, unusable};

/// Checks every file; fails if one is refused.
pub(crate) fn run(check: &Check) -> anyhow::Result<ExitCode> {
    let config = check.common.chain.config()?;
    let mut verdict = Verdict::Good;
    for file in &check.common.files {
        verdict = verdict.max(match input::module(file) {
            Ok(wasm) => {
                let verdict = run_module(&input::name(file), &wasm, &config)?;
                if check.explain {
                    explain(&wasm, &config)?;
                }
                verdict
            }
            Err(error) => unusable(&error),
        });
    }
    Ok(verdict.into())
}

fn run_module(name: &str, wasm: &[u8], config: &Config) -> io::Result<Verdict> {
    match activate(wasm, config, Pages(0), Gas::MAX) {
        Ok(activation) => show(name, wasm, config, &activation),
        Err(refusal) => {
            show_refusal(name, &refusal)?;
            show_processed(name, wasm, config, &refusal)?;
            Ok(Verdict::Bad)
        }
    }
}

/// Shows what a refused module that comes straight from a compiler would get once processed.
fn show_processed(name: &str, wasm: &[u8], config: &Config, refusal: &Refusal) -> io::Result<()> {
    let processed = match process(wasm) {
        Ok(processed) if processed != wasm => processed,
        // The section's name says more than the offset where a reader stopped.
        Err(error @ ProcessError::Custom { .. }) => {
            return writeln!(anstream::stdout(), "  {} {error}", style::hint("why:"));
        }
        _ => return Ok(()),
    };
    let name = format!("{name}, as `stylus-vm process` and `cargo stylus` make it");
    match activate(&processed, config, Pages(0), Gas::MAX) {
        Ok(activation) => show(&name, &processed, config, &activation).map(drop),
        // A further obstacle.
        Err(other) if other.to_string() != refusal.to_string() => show_refusal(&name, &other),
        Err(_) => Ok(()),
    }
}

/// Shows what activation would return, and whether the code fits the accounts that would hold it.
fn show(name: &str, wasm: &[u8], config: &Config, activation: &Activation) -> io::Result<Verdict> {
    let mut out = anstream::stdout();
    let code = code::encode(wasm).len();
    let fragments = code::fragments(code, config);
    let trouble = if fragments.is_none() {
        Some((
            "cannot be deployed, too large for a chain's accounts".to_owned(),
            "build with opt-level \"z\", run wasm-opt -Oz, or split the contract",
        ))
    } else if !activation.is_affordable() {
        let limit = Config::TRANSACTION_GAS;
        Some((
            format!("cannot be activated, which costs more than the {limit} of a transaction"),
            "make the module smaller, above all the code in it: every operator of the metered module is charged for",
        ))
    } else {
        None
    };
    let headline = match &trouble {
        None => style::good("would be activated").to_string(),
        Some((trouble, _)) => style::error(trouble).to_string(),
    };
    writeln!(out, "{name}: {headline}")?;
    let accounts = match fragments {
        Some(fragments @ 1..) => format!(", in {fragments} fragments"),
        _ => String::new(),
    };
    let rows = [
        (
            "wasm",
            format!("{} of {} bytes", wasm.len(), config.stylus.max_wasm_size),
        ),
        (
            "code on chain",
            format!("{code} of {} bytes{accounts}", config.max_code_size),
        ),
        (
            "activation",
            format!(
                "{}, and {} of the precompile's own",
                activation.gas,
                Activation::PRECOMPILE_GAS
            ),
        ),
        (
            "native code",
            format!(
                "{} bytes estimated, for the data fee",
                activation.asm_estimate
            ),
        ),
        (
            "start of a call",
            format!("{}", activation.call_gas(config, false)),
        ),
        (
            "  when cached",
            format!("{}", activation.call_gas(config, true)),
        ),
        ("memory at start", format!("{}", activation.footprint)),
    ];
    for (what, value) in rows {
        writeln!(out, "  {what:<16} {value}")?;
    }
    if let Some(stack) = large_stack(wasm, config.memory()) {
        writeln!(out, "  {} {stack}", style::hint("cheaper:"))?;
    }
    for function in never_called(wasm) {
        writeln!(
            out,
            "  {} `{function}`: {NEVER_CALLED}",
            style::hint("never called:")
        )?;
    }
    let Some((_, advice)) = trouble else {
        return Ok(Verdict::Good);
    };
    writeln!(out, "  {} {advice}", style::hint("to mend it:"))?;
    Ok(Verdict::Bad)
}

/// Shows how far a module is from every limit, nearest first, and what is unusual in it. If it is refused as given, the limits are those of
/// the module as it would be deployed; what is unusual is always that of the module as given.
fn explain(wasm: &[u8], config: &Config) -> io::Result<()> {
    let mut out = anstream::stdout();
    let processed = process(wasm).ok();
    let told = headroom(wasm, config).ok().map(|limits| (limits, wasm));
    let told = told.or_else(|| {
        let processed = processed.as_deref()?;
        Some((headroom(processed, config).ok()?, processed))
    });
    if let Some((mut limits, wasm)) = told {
        limits.sort_by_key(|it| std::cmp::Reverse(per_mille(it)));
        writeln!(out, "  {}", style::hint("of each limit, nearest first:"))?;
        for limit in &limits {
            let Headroom {
                what,
                by,
                used,
                most,
            } = limit;
            let share = per_mille(limit);
            let percent = format!("{}.{} %", share / 10, share % 10);
            writeln!(out, "    {percent:>8}  {used} of {most} {what} ({by})")?;
        }
        if let Some(stack) = page_of_stack(wasm) {
            writeln!(out, "  {} {stack}", style::hint("cheaper:"))?;
        }
    }
    let Some(findings) = findings(wasm) else {
        return Ok(());
    };
    for finding in &findings {
        writeln!(out, "  {} {finding}", style::hint("noticed:"))?;
    }
    if findings.is_empty() {
        writeln!(out, "  it holds nothing but what rustc and LLVM write")?;
    }
    Ok(())
}

/// How much of a limit is used, in thousandths.
fn per_mille(limit: &Headroom) -> u64 {
    limit.used.saturating_mul(1_000) / limit.most.max(1)
}

/// Shows in one sentence why a module is refused and where, and then what to do.
pub(crate) fn show_refusal(name: &str, refusal: &Refusal) -> io::Result<()> {
    let mut out = anstream::stdout();
    let place = match refusal.offset() {
        Some(offset) => format!(" (at byte {offset:#x})"),
        None => String::new(),
    };
    writeln!(out, "{name}: {} {refusal}{place}", style::error("refused:"))?;
    if let Some(advice) = refusal.advice() {
        writeln!(out, "  {} {advice}", style::hint("to mend it:"))?;
    }
    Ok(())
}
