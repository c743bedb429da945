//! Why a transaction failed, as data.
//!
//! Lives here: its shape. Not here: how it is found (`cargo-gas-bench`), and its text (`content`).

use alloy_primitives::{Address, Bytes};
use serde::Serialize;
use stylus_vm::Ink;

/// The version of the JSON shape.
pub const FAILURE_SCHEMA: u32 = 1;

/// A failed transaction.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Failure {
    /// [`FAILURE_SCHEMA`] at the time of writing.
    pub schema: u32,
    /// The request: a call, by its contract and name, or a transaction, by its hash.
    pub what: String,
    /// The chain of calls that failed because of one another, the transaction's own first.
    pub calls: Vec<FailedFrame>,
}

/// One failed call.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct FailedFrame {
    /// The address it acted for.
    pub address: Address,
    /// The function, or its selector if the function is unknown; empty if there is no selector.
    pub function: String,
    /// Why it failed.
    pub reason: String,
    /// What it returned, the first 4,096 bytes: the reason shortens data that nothing can decode.
    pub output: Bytes,
    /// The line at fault.
    pub place: Option<SourceLine>,
    /// Whether `place` is the line that ran last, because the failing code has no known line.
    pub is_nearby: bool,
    /// The contract's own lines that ran last, if that is so: latest first, and each once.
    pub recent: Vec<SourceLine>,
    /// Where a panic says it happened, if that is a different line.
    pub panicked_at: Option<SourceLine>,
    /// The frames and those inlined into them, innermost first.
    pub frames: Vec<Frame>,
    /// How many frames are left out in the middle of a recursion.
    pub omitted_frames: usize,
    /// The last host calls, in order.
    pub hostios: Vec<LastHostio>,
    /// How many host calls came before these.
    pub omitted_hostios: u64,
    /// Why there are no lines, if there are none.
    pub without_lines: Option<String>,
}

/// A line of a source.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct SourceLine {
    /// The file, relative to the working directory.
    pub file: String,
    /// The line number, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: Option<u32>,
    /// The line's text, if the file exists.
    pub text: Option<String>,
}

/// A function that was running.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Frame {
    /// Its name.
    pub function: Option<String>,
    /// The file, if it is known.
    pub file: Option<String>,
    /// The line number, from 1.
    pub line: Option<u32>,
    /// Whether the file is the contract's own.
    pub own: bool,
}

/// One host call.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct LastHostio {
    /// Its name.
    pub name: String,
    /// The ink it took.
    pub ink: Ink,
    /// Whether the program continued after it, or ended as intended.
    pub completed: bool,
}

impl Failure {
    /// The failure in one sentence, for a report that has other things to say: why the innermost call failed, and where.
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
        // A panic's message can span several lines.
        let reason: Vec<_> = last.reason.lines().map(str::trim).collect();
        Some(format!("{within}{}{at}", reason.join(", ")))
    }
}
