//! Why calls failed: what a traced run tells of each, and what that means.
//!
//! Lives here: the data. Not here: collecting it (`trace::failures`), modules with debug information (`explain::artifacts`), what an
//! explanation comes to (`explain::diagnosis`), the log's text (`explain::text`), and what programs did that did not fail
//! (`explain::coverage`).

mod artifacts;
mod coverage;
mod diagnosis;
mod text;

use alloy_primitives::{Address, Bytes, U256};
use serde::{Deserialize, Serialize};
use stylus_vm::explain::Explanation;

pub use artifacts::{Artifact, Artifacts, ArtifactsError};
pub use coverage::Coverage;
pub use diagnosis::{Diagnosis, Interface, Place, is_own};
pub use text::paragraph;

/// A call or a create that failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FailedCall {
    /// How many calls it was below the transaction's own.
    pub depth: usize,
    /// Whom it acted for.
    pub address: Address,
    /// Whose code ran: another's in a delegate call.
    pub code: Address,
    /// Wei that it came with.
    pub value: U256,
    /// Its input, the first 4,096 bytes.
    pub input: Bytes,
    /// How many bytes that had.
    pub input_length: usize,
    /// What it returned, the first 4,096 bytes.
    pub output: Bytes,
    /// How it ended, in revm's words.
    pub ending: String,
    /// Why, if a Stylus program ran.
    pub explanation: Option<Explanation>,
}

/// The calls of a transaction that failed because of each other: the transaction's own first, then the last one below it that failed,
/// and so on. `failures` are in the order in which they ended, and `depth` tells how deep one was.
pub fn chain_of<T>(failures: &[T], depth: impl Fn(&T) -> usize) -> Vec<&T> {
    let mut chain: Vec<&T> = Vec::new();
    for failure in failures.iter().rev() {
        if depth(failure) == chain.len() {
            chain.push(failure);
        } else if depth(failure) < chain.len() {
            // It ended before the ones that were found, in a call that went on.
            break;
        }
    }
    chain
}
