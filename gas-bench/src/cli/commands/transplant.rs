//! `cargo gas-bench override`.

use std::io;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use gas_bench::chain;
use stylus_cargo::input;
use stylus_override::rehearsal::rehearse;
use stylus_override::{Donor, inspect, transplant};
use stylus_plan::DEPLOYER;
use stylus_report::content::{RehearsalContent, transplant as words};
use stylus_report::document::{Content as _, Format};
use stylus_report::output::OutputFile;
use stylus_vm::text;

use super::inputs::Inputs;
use super::{colour, publish, remark};
use crate::cli::arguments::OverrideArguments;

/// Gives a compiled contract another allocator.
pub(crate) fn override_allocator(arguments: &OverrideArguments) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    let shown = file.display().to_string();
    let read = input::bytes(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            anyhow::anyhow!("there is no file {shown}: name a compiled contract")
        }
        _ => anyhow::anyhow!(
            "{shown} cannot be read: {error}; name a compiled contract that you may read"
        ),
    })?;
    let wasm = text::binary(&read).map_err(|error| anyhow::anyhow!("{shown} is {error}"))?;
    if arguments.list {
        let inspection = inspect(&wasm).with_context(|| shown.clone())?;
        publish(
            None,
            &words::inspection(&shown, &inspection, arguments.verbose),
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let out = arguments.out();
    if !arguments.inplace && !arguments.force && out.exists() {
        bail!(
            "{} already exists; use --force to overwrite it, or --postfix",
            out.display()
        );
    }
    let shown_out = out.display().to_string();
    let backup = arguments.backup();
    if arguments.inplace && backup.exists() {
        bail!(
            "{} already exists and may be the original: move it away first",
            backup.display()
        );
    }
    // An unwritable file is reported before anything is done.
    let read_only = (!arguments.inplace).then_some(file.as_path());
    let target = Inputs::default().and(read_only).begin_at(&out)?;
    let donor = Donor::compile(arguments.allocator)?;
    let done = transplant(&wasm, &donor).with_context(|| shown.clone())?;
    let mut text = String::new();
    if !arguments.calls.is_empty() {
        let caller = chain::address_of(DEPLOYER);
        let rehearsal = rehearse(&done.original, &done.wasm, caller, &arguments.calls)
            .with_context(|| shown.clone())?;
        let rehearsal = &rehearsal;
        text = RehearsalContent { rehearsal }.write(arguments.format.0, colour(false));
    }
    if arguments.inplace {
        OutputFile::begin(&backup)?.finish(&read)?;
    }
    target.finish(&done.wasm)?;
    let mut told = words::transplant(&shown_out, &done, arguments.allocator.title());
    if arguments.verbose {
        told.push_str(&words::details(&done));
    }
    match arguments.format.0 {
        Format::Table => publish(None, &(text + &told))?,
        // A program must read only the report.
        _ => {
            publish(None, &text)?;
            told.lines().for_each(remark);
        }
    }
    Ok(ExitCode::SUCCESS)
}
