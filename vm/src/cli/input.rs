//! What the command line reads: modules and hex.
//!
//! Lives here: files, standard input and text formats. Not here: what a module must be.

use std::io::Read;
use std::path::Path;

use alloy_primitives::Bytes;
use anyhow::Context;

/// No program is longer; a module a few times that is read to be told so.
const MOST_BYTES: u64 = 64 << 20;

/// The module in `file`, as binary; text is assembled. `-` is standard input.
pub(crate) fn module(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let shown = file.display();
    let read = match is_stdin(file) {
        true => std::io::stdin()
            .lock()
            .take(MOST_BYTES)
            .read_to_end(&mut bytes),
        false => {
            std::fs::File::open(file).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes))
        }
    };
    read.with_context(|| format!("{shown} cannot be read"))?;
    // What is not text is judged as a module, however broken: the refusal says in what way.
    if !is_text(&bytes) {
        return Ok(bytes);
    }
    match wat::parse_bytes(&bytes) {
        Ok(binary) => Ok(binary.into_owned()),
        Err(error) => anyhow::bail!("{shown} is not WebAssembly text: {}", sentence(&error)),
    }
}

/// Whether a file is WebAssembly text, which begins with a parenthesis or a comment.
fn is_text(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"(") || start.starts_with(b";;")
}

/// The message of an assembler that likes to show the line it stumbled over, without that.
fn sentence(error: &wat::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim);
    let what = lines.next().unwrap_or_default().to_owned();
    match lines.find_map(|line| line.strip_prefix("--> <anon>:")) {
        Some(place) => format!("{what} (at {place})"),
        None => what,
    }
}

/// The name a file has in reports.
pub(crate) fn name(file: &Path) -> String {
    match file.file_name() {
        Some(name) if !is_stdin(file) => name.to_string_lossy().into_owned(),
        _ => "-".to_owned(),
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Bytes from hex, with or without `0x`.
pub(crate) fn hex(text: &str) -> Result<Bytes, String> {
    match alloy_primitives::hex::decode(text) {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(format!("not hex: {error}")),
    }
}
