//! The last host calls of a run.
//!
//! Lives here: keeping as many as an explanation shows. Not here: making them (`hostio`).

use std::borrow::Cow;
use std::collections::VecDeque;

use alloy_primitives::Bytes;

use crate::host::Step;
use crate::ink::Ink;

/// The most host calls that are kept.
const MOST_CALLS: usize = 32;

/// The most bytes of arguments or results that are kept of each.
const MOST_BYTES: usize = 128;

/// A host call.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase")
)]
pub struct HostCall {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its arguments as a tracer shows them, the first 128 bytes.
    pub args: Bytes,
    /// Its results as a tracer shows them, the first 128 bytes.
    pub outs: Bytes,
    /// Ink it took.
    pub ink: Ink,
    /// Whether the call completed: the program went on, or exited by it.
    pub completed: bool,
}

/// The host calls so far.
#[derive(Default)]
pub(crate) struct Calls {
    last: VecDeque<HostCall>,
    omitted: u64,
}

impl Calls {
    pub(crate) fn note(&mut self, step: &Step, completed: bool) {
        if self.last.len() == MOST_CALLS {
            self.last.pop_front();
            self.omitted += 1;
        }
        let cut = |bytes: &[u8]| bytes[..bytes.len().min(MOST_BYTES)].to_vec().into();
        self.last.push_back(HostCall {
            name: step.name.into(),
            args: cut(&step.args),
            outs: cut(&step.outs),
            ink: step.start_ink - step.end_ink,
            completed,
        });
    }

    /// The last ones in order, and how many there were before.
    pub(crate) fn finish(self) -> (Vec<HostCall>, u64) {
        (self.last.into(), self.omitted)
    }
}
