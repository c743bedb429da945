//! Why calls failed: what a traced run records of each, and what that means.
//!
//! Lives here: the data. Not here: collecting it (`trace::failures`), modules with debug information (`explain::artifacts`), working out an
//! explanation (`explain::diagnosis`), the log's text (`explain::text`), and what programs that did not fail did (`explain::coverage`).

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
    /// How many calls deep it was below the transaction's own.
    pub depth: usize,
    /// The address it acted for.
    pub address: Address,
    /// The address whose code ran: another one in a delegate call.
    pub code: Address,
    /// The wei sent with it.
    pub value: U256,
    /// Its input, the first 4,096 bytes.
    pub input: Bytes,
    /// The length of the whole input, in bytes.
    pub input_length: usize,
    /// What it returned, the first 4,096 bytes.
    pub output: Bytes,
    /// How it ended, in revm's words.
    pub ending: String,
    /// Why its Stylus program did not start, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Why it failed, if a Stylus program ran.
    pub explanation: Option<Explanation>,
}

/// Returns the failed calls of a transaction that caused one another: the transaction's own first, then the last failure directly below it,
/// and so on. `failures` are in the order in which they ended; `depth` returns the depth of one.
pub fn chain_of<T>(failures: &[T], depth: impl Fn(&T) -> usize) -> Vec<&T> {
    let mut chain: Vec<&T> = Vec::new();
    for failure in failures.iter().rev() {
        if depth(failure) == chain.len() {
            chain.push(failure);
        } else if depth(failure) < chain.len() {
            // It ended before the failures already found, inside a call that went on.
            break;
        }
    }
    chain
}
