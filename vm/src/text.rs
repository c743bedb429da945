//! Text that people write: its encoding, and WebAssembly text.
//!
//! Lives here: recognising, decoding and assembling it. Not here: where it comes from, nor what a module must be.

use std::borrow::Cow;

/// Text that cannot be assembled.
#[cfg(feature = "text")]
#[derive(Debug, thiserror::Error)]
#[error("not WebAssembly text: {0}")]
pub struct NotText(Box<str>);

/// The mark that editors put in front of text, and that shells put there with UTF-16.
const MARK: char = '\u{feff}';

/// Decodes UTF-8, or UTF-16 behind a mark, and drops the mark. `None` if the bytes are neither.
pub fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = rest.as_chunks();
        let units: Vec<_> = units.iter().copied().map(unit).collect();
        let text = String::from_utf16(&units).ok()?;
        rest.is_empty().then_some(Cow::Owned(text))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => {
            let text = str::from_utf8(bytes).ok()?;
            Some(text.strip_prefix(MARK).unwrap_or(text).into())
        }
    }
}

/// The text that `bytes` are, if they are nothing else: more than an error's selector, which can spell a word, and no control characters.
pub fn said(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    (bytes.len() > 4 && !text.contains(char::is_control)).then_some(text)
}

/// `module` as binary: assembles text. Anything else is returned unchanged, however broken, so that a refusal can say what is
/// wrong.
///
/// # Errors
/// If the text cannot be assembled.
#[cfg(feature = "text")]
pub fn binary(module: &[u8]) -> Result<Cow<'_, [u8]>, NotText> {
    // A binary begins with a zero byte.
    let text = Some(module)
        .filter(|module| !module.starts_with(b"\0"))
        .and_then(decoded)
        .filter(|text| is_wat(text));
    match text {
        Some(text) => match wat::parse_str(&text) {
            Ok(binary) => Ok(binary.into()),
            Err(error) => Err(NotText(sentence(&error).into())),
        },
        None => Ok(module.into()),
    }
}

/// Whether text is that of a module, which begins with a parenthesis or a comment.
#[cfg(feature = "text")]
fn is_wat(text: &str) -> bool {
    let start = text.trim_ascii_start();
    start.starts_with('(') || start.starts_with(";;")
}

/// The assembler's message, without the source line that it quotes.
#[cfg(feature = "text")]
fn sentence(error: &wat::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim);
    let what = lines.next().unwrap_or_default().to_owned();
    match lines.find_map(|line| line.strip_prefix("--> <anon>:")) {
        Some(place) => format!("{what} (at {place})"),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_the_encoding_and_are_no_text() {
        #[track_caller]
        fn check(bytes: &[u8], expected: Option<&str>) {
            assert_eq!(decoded(bytes).as_deref(), expected, "{bytes:x?}");
        }
        check(b"", Some(""));
        check("ä".as_bytes(), Some("ä"));
        check(b"\xef\xbb\xbf{}", Some("{}"));
        check(b"\xff\xfe{\0}\0", Some("{}"));
        check(b"\xfe\xff\0{\0}", Some("{}"));
        check(b"\xff\xfe{\0}", None);
        check(b"\xff\xfe\0\xd8", None);
        check(b"\xe4", None);
    }

    #[test]
    fn a_selector_and_an_encoding_are_no_text() {
        for (bytes, text) in [
            (&b"not the owner"[..], Some("not the owner")),
            ("größer".as_bytes(), Some("größer")),
            (b"NotO", None),
            (b"", None),
            (b"two\nlines", None),
            (b"NH{q\0\0\0\x01", None),
            (b"\xff\xfe\xfd\xfc\xfb", None),
        ] {
            assert_eq!(said(bytes), text, "{bytes:x?}");
        }
    }

    #[cfg(feature = "text")]
    #[test]
    fn text_is_assembled_and_the_rest_is_left() {
        for text in [
            "(module)",
            " \n(module)",
            ";; a comment\n(module)",
            "(; one ;)(module)",
            "\u{feff}(module)",
        ] {
            assert_eq!(*binary(text.as_bytes()).unwrap(), *b"\0asm\x01\0\0\0");
        }
        let utf16: Vec<u8> = "\u{feff}(module)"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(*binary(&utf16).unwrap(), *b"\0asm\x01\0\0\0");
        for bytes in [&b""[..], b"hello", b"\0asm", b"\0asm\x01\0\0\0"] {
            assert_eq!(*binary(bytes).unwrap(), *bytes);
        }
        let error = binary(b"(modul").unwrap_err();
        assert_eq!(
            error.to_string(),
            "not WebAssembly text: expected valid module field (at 1:2)"
        );
    }
}
