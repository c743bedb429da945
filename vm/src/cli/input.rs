//! What the command line reads: modules, hex and numbers.
//!
//! Lives here: files, standard input and text formats. Not here: what a module must be, and modules in text (`stylus_vm::text`).

use std::io::Read;
use std::path::Path;

use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::Context;
use stylus_vm::text;

/// Longer than any program; a module a few times too large is still read, to be refused properly.
const MOST_BYTES: u64 = 64 << 20;

/// Many times as long as all vectors of a suite.
const MOST_TEXT: u64 = 256 << 20;

/// The module in `file`, as binary; text is assembled. `-` is standard input.
pub(crate) fn module(file: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = bytes(
        file,
        MOST_BYTES,
        "no program has as many: name the contract's .wasm file",
    )?;
    let shown = file.display();
    match text::binary(&bytes) {
        Ok(binary) => Ok(binary.into_owned()),
        Err(error) => anyhow::bail!("{shown} is {error}"),
    }
}

/// The whole text of a file. `-` is standard input.
pub(crate) fn text(file: &Path) -> anyhow::Result<String> {
    let bytes = bytes(file, MOST_TEXT, "that is too long: divide it")?;
    let text = text::decoded(&bytes).with_context(|| {
        format!(
            "{} is not text, neither in UTF-8 nor in UTF-16",
            file.display()
        )
    })?;
    Ok(text.into_owned())
}

/// All of a file of at most `most` bytes; `else_do` says what to do about a longer one.
fn bytes(file: &Path, most: u64, else_do: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let stop = most + 1;
    let read = match is_stdin(file) {
        true => std::io::stdin().lock().take(stop).read_to_end(&mut bytes),
        false => std::fs::File::open(file).and_then(|file| file.take(stop).read_to_end(&mut bytes)),
    };
    let shown = file.display();
    read.with_context(|| format!("{shown} cannot be read"))?;
    anyhow::ensure!(
        bytes.len() as u64 <= most,
        "{shown} has more than {most} bytes, and {else_do}"
    );
    Ok(bytes)
}

/// The name a file has in reports.
pub(crate) fn name(file: &Path) -> String {
    match file.file_name() {
        Some(name) if !is_stdin(file) => name.to_string_lossy().into_owned(),
        _ => "-".to_owned(),
    }
}

pub(crate) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Bytes from hex, with or without `0x`.
pub(crate) fn hex(text: &str) -> Result<Bytes, String> {
    match alloy_primitives::hex::decode(text) {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(format!("not hex: {error}")),
    }
}

/// A number from `0x` and up to 64 digits, or from decimal digits.
pub(crate) fn word(text: &str) -> Result<U256, &'static str> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    // The parser is lenient about signs and underscores. A leading zero may mean hex that lost its `0x`.
    let plain = digits.chars().all(|digit| digit.is_digit(radix))
        && (radix == 16 || digits.len() == 1 || !digits.starts_with('0'))
        && !digits.is_empty();
    plain
        .then(|| U256::from_str_radix(digits, radix.into()).ok())
        .flatten()
        .ok_or("not a number of at most 256 bits, in hex with 0x or in decimal")
}

/// An address from hex, with or without `0x`.
pub(crate) fn address(text: &str) -> Result<Address, &'static str> {
    let bytes = alloy_primitives::hex::decode(text).ok();
    bytes
        .and_then(|bytes| Address::try_from(bytes.as_slice()).ok())
        .ok_or("not an address of 20 bytes in hex")
}

/// A slot and its value.
pub(crate) fn slot(text: &str) -> Result<(B256, B256), String> {
    let (slot, held) = text
        .split_once('=')
        .ok_or("not a slot and a word with `=` between them")?;
    let word = |text| word(text).map_err(|what| format!("`{text}` is {what}"));
    Ok((word(slot)?.into(), word(held)?.into()))
}
