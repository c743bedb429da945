//! JSON of bounded length: writing stops as soon as an answer gets too long, or nobody waits for it.
//!
//! Lives here: the limit, writing within it, and what a written byte counts as. Not here: what is written.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::evm::{Interrupt, Interrupted};

/// How many written bytes count as one check of the flag that ends a run. A request that is tried has checks for a quarter of a MiB.
const LOOK: usize = 1 << 10;

/// The most bytes in an answer. The longest one that clients ask for is a state dump.
pub(crate) const MOST_ANSWER: usize = 256 << 20;

/// Why an answer is not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritable {
    /// It is too long.
    #[error("the answer is longer than {most} MiB, the limit: ask for less", most = MOST_ANSWER >> 20)]
    TooLong,
    /// Its time is up, or nobody waits for it.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// It cannot be represented in JSON.
    #[error("the answer cannot be put into JSON: {0}")]
    Shape(serde_json::Error),
}

/// Serializes a `value` that is short, or was made under a flag of its own.
///
/// # Errors
/// If the text is longer than an answer can be.
pub(crate) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>, Unwritable> {
    to_json_until(&Interrupt::default(), value)
}

/// Serializes `value`, which may be long, unless `interrupt` is raised.
///
/// # Errors
/// If it is, or the text is longer than an answer can be.
pub(crate) fn to_json_until(
    interrupt: &Interrupt,
    value: &(impl Serialize + ?Sized),
) -> Result<Box<RawValue>, Unwritable> {
    to_json_within(MOST_ANSWER, interrupt, value)
}

fn to_json_within(
    most: usize,
    interrupt: &Interrupt,
    value: &(impl Serialize + ?Sized),
) -> Result<Box<RawValue>, Unwritable> {
    let mut bounded = Bounded {
        text: Vec::new(),
        most,
        interrupt,
        weighed: 0,
    };
    serde_json::to_writer(&mut bounded, value).map_err(|error| {
        match (error.is_io(), interrupt.reason()) {
            (true, Some(why)) => why.into(),
            (true, None) => Unwritable::TooLong,
            (false, _) => Unwritable::Shape(error),
        }
    })?;
    from_text(bounded.text)
}

/// Counts `bytes` of an answer that are made at once, before they are.
///
/// # Errors
/// If `interrupt` is raised.
pub(crate) fn weigh(interrupt: &Interrupt, bytes: usize) -> Result<(), Interrupted> {
    interrupt.spend(u32::try_from(bytes / LOOK).unwrap_or(u32::MAX));
    interrupt.reason().map_or(Ok(()), Err)
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

struct Bounded<'a> {
    text: Vec<u8>,
    most: usize,
    interrupt: &'a Interrupt,
    /// How many bytes have been counted.
    weighed: usize,
}

impl io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > self.most {
            return Err(io::Error::other("longer than an answer may be"));
        }
        self.text.extend_from_slice(bytes);
        let more = self.text.len() - self.weighed;
        if more >= LOOK {
            weigh(self.interrupt, more).map_err(io::Error::other)?;
            self.weighed += more / LOOK * LOOK;
        }
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
            let written = to_json_within(1_000, &Interrupt::default(), &"x".repeat(length));
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

    /// Theorem: an answer is written as far as its flag has checks, and no farther.
    #[test]
    fn an_answer_is_given_up_when_its_time_is_up() {
        let check = |looks: u32, items: usize, is_written: bool| {
            let interrupt = Interrupt::after(looks);
            let written = to_json_until(&interrupt, &vec!["x".repeat(LOOK); items]);
            assert_eq!(written.is_ok(), is_written, "{looks} checks, {items} items");
            if let Err(error) = written {
                let is_it = matches!(error, Unwritable::Interrupted(Interrupted::Long));
                assert!(is_it, "{error}");
            }
        };
        check(0, 0, true);
        check(8, 8, true);
        check(8, 9, false);
        check(8, 1_000, false);
    }
}
