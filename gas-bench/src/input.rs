//! Text files as people hand them over: editors put a mark in front, and some shells redirect into UTF-16.
//!
//! Lives here: from a file to its text. Not here: what it has to say.

use std::fs;
use std::io;
use std::path::Path;

/// The mark in front of text, which says how that is encoded.
const MARK: char = '\u{feff}';

/// All of a text file, without the mark in front.
///
/// # Errors
/// Where the file cannot be read, or is no text.
pub fn text(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    };
    let text = text.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "it is no text, neither in UTF-8 nor in UTF-16",
        )
    })?;
    Ok(match text.strip_prefix(MARK) {
        Some(unmarked) => unmarked.to_owned(),
        None => text,
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, rest) = bytes.as_chunks();
    let units: Vec<_> = units.iter().copied().map(unit).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, bytes).unwrap();
        assert_eq!(text(&path).ok().as_deref(), expected, "{bytes:x?}");
    }

    #[test]
    fn marks_say_the_encoding_and_are_no_text() {
        check(b"", Some(""));
        check("ä".as_bytes(), Some("ä"));
        check(b"\xef\xbb\xbf{}", Some("{}"));
        check(b"\xff\xfe{\0}\0", Some("{}"));
        check(b"\xfe\xff\0{\0}", Some("{}"));
        check(b"\xff\xfe{\0}", None);
        check(b"\xff\xfe\0\xd8", None);
        check(b"\xe4", None);
    }
}
