//! WebAssembly text, which people write and print.
//!
//! Lives here: recognising and assembling it. Not here: where it comes from, nor what a module must be.

use std::borrow::Cow;

/// Text that cannot be assembled.
#[derive(Debug, thiserror::Error)]
#[error("not WebAssembly text: {0}")]
pub struct NotText(Box<str>);

/// `module` as binary: assembles text. Anything else is returned unchanged, however broken, so that a refusal can say what is
/// wrong.
///
/// # Errors
/// If the text cannot be assembled.
pub fn binary(module: &[u8]) -> Result<Cow<'_, [u8]>, NotText> {
    match is_text(module) {
        true => wat::parse_bytes(module).map_err(|error| NotText(sentence(&error).into())),
        false => Ok(module.into()),
    }
}

/// Whether a file is WebAssembly text, which begins with a parenthesis or a comment.
fn is_text(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"(") || start.starts_with(b";;")
}

/// The assembler's message, without the source line that it quotes.
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
    fn text_is_assembled_and_the_rest_is_left() {
        for text in [
            "(module)",
            " \n(module)",
            ";; a comment\n(module)",
            "(; one ;)(module)",
        ] {
            assert_eq!(*binary(text.as_bytes()).unwrap(), *b"\0asm\x01\0\0\0");
        }
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
