//! JSON of bounded length: writing stops as soon as an answer gets too long.
//!
//! Lives here: the limit, and writing within it. Not here: what is written.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The most bytes in an answer. The longest one that clients ask for is a state dump.
pub(crate) const MOST_ANSWER: usize = 256 << 20;

/// Why an answer is not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritable {
    /// It is too long.
    #[error("the answer is longer than {most} MiB, the most that is sent: ask for less", most = MOST_ANSWER >> 20)]
    TooLong,
    /// It cannot be represented in JSON.
    #[error("the answer cannot be put into JSON: {0}")]
    Shape(serde_json::Error),
}

/// Serializes `value`.
///
/// # Errors
/// If the text is longer than an answer can be.
pub(crate) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>, Unwritable> {
    to_json_within(MOST_ANSWER, value)
}

fn to_json_within(
    most: usize,
    value: &(impl Serialize + ?Sized),
) -> Result<Box<RawValue>, Unwritable> {
    let text = Vec::new();
    let mut bounded = Bounded { text, most };
    serde_json::to_writer(&mut bounded, value).map_err(|error| match error.is_io() {
        true => Unwritable::TooLong,
        false => Unwritable::Shape(error),
    })?;
    from_text(bounded.text)
}

/// Wraps text that is already JSON.
///
/// # Errors
/// If it is too long, or not JSON.
pub(crate) fn from_text(text: Vec<u8>) -> Result<Box<RawValue>, Unwritable> {
    if text.len() > MOST_ANSWER {
        return Err(Unwritable::TooLong);
    }
    let text = String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    RawValue::from_string(text).map_err(Unwritable::Shape)
}

/// A list that makes its items one at a time, so that only one is in memory besides the text.
pub(crate) struct Each<I>(pub(crate) I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

struct Bounded {
    text: Vec<u8>,
    most: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > self.most {
            return Err(io::Error::other("longer than an answer may be"));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_up_when_it_is_too_long() {
        let check = |length: usize, is_written: bool| {
            let written = to_json_within(1_000, &"x".repeat(length));
            assert_eq!(written.is_ok(), is_written, "{length} letters");
            if let Err(error) = written {
                assert!(matches!(error, Unwritable::TooLong), "{error}");
            }
        };
        check(0, true);
        check(998, true);
        check(999, false);
        check(100_000, false);
    }
}
