//! `stylus-vm check`: would a chain activate it?
//!
//! Lives here: showing an activation or a refusal. Not here: activating (`stylus_vm::activate`).

use std::io::{self, Write};
use std::process::ExitCode;

use stylus_vm::{Activation, Config, Gas, Pages, Refusal, activate, code};

use super::{Check, Verdict, input, style, unusable};

/// Checks every file; fails where one is refused.
pub(crate) fn run(check: &Check) -> anyhow::Result<ExitCode> {
    let config = check.common.config()?;
    let mut verdict = Verdict::Good;
    for file in &check.common.files {
        verdict = verdict.max(match input::module(file) {
            Ok(wasm) => run_module(&input::name(file), &wasm, &config)?,
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
            Ok(Verdict::Bad)
        }
    }
}

/// What activation would say, and whether the code fits the accounts it would have to be put into.
fn show(name: &str, wasm: &[u8], config: &Config, activation: &Activation) -> io::Result<Verdict> {
    let mut out = anstream::stdout();
    let code = code::encode(wasm).len();
    let fragments = code::fragments(code, config);
    let (verdict, headline) = match fragments {
        Some(_) => (Verdict::Good, style::good("would be activated").to_string()),
        None => (
            Verdict::Bad,
            style::error("cannot be deployed, too large for a chain's accounts").to_string(),
        ),
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
        writeln!(out, "  {what:<16} {value}")?;
    }
    if verdict != Verdict::Good {
        let advice = "build with opt-level \"z\", run wasm-opt -Oz, or split the contract";
        writeln!(out, "  {} {advice}", style::hint("to mend it:"))?;
    }
    Ok(verdict)
}

/// One sentence why not, where, and what to do.
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
