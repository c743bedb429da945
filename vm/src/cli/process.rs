//! `stylus-vm process`: a module as it would be deployed.
//!
//! Lives here: reading it, and writing the result. Not here: the processing (`stylus_vm::process`).

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use stylus_vm::process::process;

use super::{Process, input};

/// Processes one file.
pub(crate) fn run(arguments: &Process) -> anyhow::Result<ExitCode> {
    let wasm = input::module(&arguments.file)?;
    let processed = process(&wasm).with_context(|| input::name(&arguments.file))?;
    let shown = arguments.out.display();
    if arguments.out == Path::new("-") {
        io::stdout().lock().write_all(&processed)?;
    } else {
        write(&arguments.out, &processed).with_context(|| format!("{shown} cannot be written"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file whole or not at all.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut draft = OsString::from(path);
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let written = fs::write(&draft, content).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // A partial draft is useless; it may not exist at all.
        let _ = fs::remove_file(&draft);
    }
    written
}
