//! Text files as people hand them over: editors put a mark in front, some shells redirect into UTF-16, and there can be more brackets than
//! a reader has room for.
//!
//! Lives here: from a file to its bytes and its text, and to the tables in it. Not here: what it has to say.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use stylus_vm::text::decoded;
use stylus_vm::with_room;

/// The most bytes of a file: many times what a program, a plan or a report has.
pub const MOST_BYTES: u64 = 256 << 20;

/// The most opening brackets of a text with tables.
pub const MOST_BRACKETS: usize = 10_000;

/// Bytes of stack for each bracket: a few times what the reader takes.
const ROOM: usize = 16 << 10;

/// A text has no tables in TOML, or not the expected ones.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TableError {
    /// More brackets than any reader has room for.
    #[error("it has more than {MOST_BRACKETS} opening brackets")]
    Brackets {
        /// The offset of the first one too many, in bytes.
        at: usize,
    },
    /// The text is not TOML, or not what is expected.
    #[error("{message}")]
    Wrong {
        /// Where the mistake is, in bytes.
        place: Range<usize>,
        /// What the mistake is, in one line.
        message: String,
    },
}

/// Reads the tables of a text in TOML. The reader recovers from one mistake after another on its own stack, a level for each bracket, so it
/// gets a stack as large as the brackets can need.
///
/// # Errors
/// If the text is not TOML, or does not have what is expected.
pub fn tables<T: DeserializeOwned>(text: &str) -> Result<T, TableError> {
    let brackets = text.match_indices(['[', '{']);
    if let Some((at, _)) = brackets.clone().nth(MOST_BRACKETS) {
        return Err(TableError::Brackets { at });
    }
    let room = ROOM * (1 + brackets.count());
    let wrong = |place, message: &str| TableError::Wrong {
        place,
        message: message.lines().collect::<Vec<_>>().join(" "),
    };
    let read = with_room(room, || toml::from_str(text));
    let read = read.map_err(|error| wrong(0..0, &error.to_string()))?;
    read.map_err(|error| wrong(error.span().unwrap_or_default(), error.message()))
}

/// Reads all of a file. One without an end, such as a device, has too many bytes.
///
/// # Errors
/// If the file cannot be read, or has more than [`MOST_BYTES`].
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST_BYTES {
        true => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it has more than {MOST_BYTES} bytes"),
        )),
        false => Ok(bytes),
    }
}

/// Reads all of a text file, without the mark in front.
///
/// # Errors
/// If the file cannot be read, has more than [`MOST_BYTES`], or is not text.
pub fn text(path: &Path) -> io::Result<String> {
    let bytes = bytes(path)?;
    let text = decoded(&bytes).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "it is not text, neither in UTF-8 nor in UTF-16",
        )
    })?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_file_without_an_end_is_too_long() {
        let error = bytes(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(error, "it has more than 268435456 bytes");
    }

    #[test]
    fn a_file_is_text_or_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (bytes, expected) in [(&b"\xff\xfe{\0}\0"[..], Some("{}")), (b"\xe4", None)] {
            fs::write(file.path(), bytes).unwrap();
            assert_eq!(text(file.path()).ok().as_deref(), expected, "{bytes:x?}");
        }
    }

    /// Theorem: however many brackets there are, they are read or refused.
    #[test]
    fn brackets_have_room_or_are_too_many() {
        let thread = std::thread::Builder::new().stack_size(256 * 1024);
        let on_little_stack = || {
            for (count, is_refused) in [(1, false), (MOST_BRACKETS, false), (100_000, true)] {
                for bracket in ["[", "{", "a = [", "[a", "a = {b"] {
                    let read = tables::<toml::Table>(&bracket.repeat(count)).unwrap_err();
                    let is_many = matches!(read, TableError::Brackets { .. });
                    assert_eq!(is_many, is_refused, "{count} of {bracket}");
                }
            }
        };
        thread.spawn(on_little_stack).unwrap().join().unwrap();
    }
}
