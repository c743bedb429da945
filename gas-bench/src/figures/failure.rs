//! Why a transaction failed, as data.
//!
//! Lives here: its shape. Not here: how it comes about (`measure`), and its text (`content`).

use alloy_primitives::Address;
use serde::Serialize;
use stylus_vm::Ink;

/// The version of the JSON.
pub const FAILURE_SCHEMA: u32 = 1;

/// A failed transaction.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Failure {
    /// The version of this shape.
    pub schema: u32,
    /// What was asked for: a call by its contract and name, or a transaction by its hash.
    pub what: String,
    /// The calls that failed because of each other, the transaction's own first.
    pub calls: Vec<FailedFrame>,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct FailedFrame {
    /// Whom it acted for.
    pub address: Address,
    /// The function, or its selector where nobody knows it; empty where there is none.
    pub function: String,
    /// Why it failed.
    pub reason: String,
    /// The line that is to blame.
    pub place: Option<SourceLine>,
    /// Whether that is the line which ran last, since the failing code's own is not known.
    pub is_nearby: bool,
    /// Where a panic says that it was, if that is another line.
    pub panicked_at: Option<SourceLine>,
    /// The frames with their inlined ones, innermost first.
    pub frames: Vec<Frame>,
    /// Frames left out in the middle of a recursion.
    pub omitted_frames: usize,
    /// The last host calls, in order.
    pub hostios: Vec<LastHostio>,
    /// How many there were before.
    pub omitted_hostios: u64,
    /// Why there are no lines, where there are none.
    pub without_lines: Option<String>,
}

/// A line of a source.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct SourceLine {
    /// The file, from the folder in use.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: Option<u32>,
    /// What it says, where the file is there.
    pub text: Option<String>,
}

/// A function that was running.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Frame {
    /// Its name.
    pub function: Option<String>,
    /// The file, as far as it is known.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<u32>,
    /// Whether the file is the contract's own.
    pub own: bool,
}

/// A host call.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct LastHostio {
    /// Its name.
    pub name: String,
    /// What it took.
    pub ink: Ink,
    /// Whether the program went on behind it, or ended as it wanted to.
    pub completed: bool,
}

impl Failure {
    /// In a sentence, for a report that has other things to say: why the innermost call failed, and where.
    pub fn sentence(&self) -> Option<String> {
        let last = self.calls.last()?;
        let within = match self.calls.len() {
            1 => String::new(),
            _ => format!("in a call of {}, ", last.address),
        };
        let at = last.place.as_ref().map_or_else(String::new, |place| {
            let near = if last.is_nearby { "near" } else { "at" };
            format!(", {near} {}:{}", place.file, place.line)
        });
        // A panic's message may have several lines.
        let reason: Vec<_> = last.reason.lines().map(str::trim).collect();
        Some(format!("{within}{}{at}", reason.join(", ")))
    }
}
