//! `stylus-vm check`: would a chain activate it?
//!
//! Lives here: showing an activation or a refusal. Not here: activating (`stylus_vm::activate`).

use std::process::ExitCode;

use stylus_vm::{Activation, Config, Gas, Pages, Refusal, activate, code};

use super::{Check, Verdict, input, style, unusable};

/// Checks every file; fails where one is refused.
pub(crate) fn run(check: &Check) -> anyhow::Result<ExitCode> {
    let config = check.common.config()?;
    let mut verdict = Verdict::Good;
    for file in &check.common.files {
        verdict = verdict.max(match input::module(file) {
            Ok(wasm) => run_module(&input::name(file), &wasm, &config),
            Err(error) => unusable(&error),
        });
    }
    Ok(verdict.into())
}

fn run_module(name: &str, wasm: &[u8], config: &Config) -> Verdict {
    match activate(wasm, config, Pages(0), Gas::MAX) {
        Ok(activation) => {
            show(name, wasm, config, &activation);
            Verdict::Good
        }
        Err(refusal) => {
            show_refusal(name, &refusal);
            Verdict::Bad
        }
    }
}

fn show(name: &str, wasm: &[u8], config: &Config, activation: &Activation) {
    let code = code::encode(wasm).len();
    anstream::println!("{name}: {}", style::good("would be activated"));
    let rows = [
        (
            "wasm",
            format!("{} of {} bytes", wasm.len(), config.stylus.max_wasm_size),
        ),
        (
            "code on chain",
            format!("{code} of {} bytes", config.max_code_size),
        ),
        (
            "activation",
            format!("{} besides the precompile's own", activation.gas),
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
        anstream::println!("  {what:<16} {value}");
    }
}

/// One sentence why not, where, and what to do.
pub(crate) fn show_refusal(name: &str, refusal: &Refusal) {
    let place = match refusal.offset() {
        Some(offset) => format!(" (at byte {offset:#x})"),
        None => String::new(),
    };
    anstream::println!("{name}: {} {refusal}{place}", style::error("refused:"));
    if let Some(advice) = refusal.advice() {
        anstream::println!("  {} {advice}", style::hint("to mend it:"));
    }
}
