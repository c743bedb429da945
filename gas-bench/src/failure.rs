//! Why there is no figure: one sentence per cause, naming contract, allocator, cause and what to do.
//!
//! Lives here: the failures that belong to one allocator or one case; the rest of a run goes on without it. Not here:
//! what ends a whole run (`RunError`), nor how a report shows a failure (`content`).

use std::fmt;

use stylus_vm::Gas;

use crate::artifact::{BuildError, PostprocessError};
use crate::node::NodeError;
use crate::suite::{Allocator, CONTRACT, Case};

/// One allocator, or one case under it, that has no figure.
#[derive(Debug, thiserror::Error)]
#[error("{CONTRACT} with {allocator}{}: {cause}", Where(*case))]
pub struct Failure {
    /// The allocator it happened under.
    pub allocator: Allocator,
    /// The case it happened in; `None` where it keeps every case from running.
    pub case: Option<Case>,
    /// What happened.
    pub cause: Cause,
}

struct Where(Option<Case>);

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |case| write!(f, ", {case}"))
    }
}

/// What kept a figure from being measured.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// Cargo produced no wasm.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The wasm cannot be prepared for deployment.
    #[error(transparent)]
    Postprocess(#[from] PostprocessError),
    /// The chain would not activate the wasm.
    #[error("the Stylus VM refuses the wasm: {0}")]
    Refused(String),
    /// The node did not do what nodes do.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// Page costs cannot be switched off on a chain of somebody else's.
    #[error(
        "page costs cannot be switched off: {0} does not own the chain; only the figures as on chain can be measured there"
    )]
    NotOwner(alloy_primitives::Address),
    /// The contract answered with an error.
    #[error("the call reverted; its answer should be (ink, pages, failed), never an error")]
    Reverted,
    /// The program hit a trap: a panic, an access out of bounds, an unreachable instruction.
    #[error("the call trapped ({0}); look for a panic or an allocation that was refused")]
    Trapped(String),
    /// The program used up its gas.
    #[error("the call ran out of its {0}; allocate less or under a lower page limit")]
    OutOfGas(Gas),
    /// The program ended in another way that is none of its interface's.
    #[error("the call failed: {0}")]
    Failed(String),
    /// The answer is not what the contract's interface promises.
    #[error(
        "the answer has {bytes} bytes, not three words that fit (uint64, uint32, uint32); rebuild the contract"
    )]
    Answer {
        /// How long the answer is.
        bytes: usize,
    },
    /// The allocator broke a promise while it was measured.
    #[error("the allocator failed its checks ({0}); a figure for it would mean nothing")]
    Checks(FailedChecks),
}

/// The checks that did not hold, as the contract reports them: a set of bits, never empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FailedChecks(u32);

impl FailedChecks {
    const NAMES: [(u32, &str); 7] = [
        (1, "null returned"),
        (2, "misaligned block"),
        (4, "block not zeroed"),
        (8, "blocks overlap"),
        (16, "address other than a bump allocator's"),
        (32, "sequence not finished"),
        (64, "block outside the memory"),
    ];

    /// The checks in `bits`, or `None` where all held.
    pub const fn new(bits: u32) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }
}

impl fmt::Display for FailedChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut unnamed = self.0;
        let mut separator = "";
        for (bit, name) in Self::NAMES {
            if self.0 & bit != 0 {
                write!(f, "{separator}{name}")?;
                separator = ", ";
                unnamed &= !bit;
            }
        }
        if unnamed != 0 {
            write!(f, "{separator}unknown check {unnamed:#x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Conditions, Function};

    #[test]
    fn checks_are_named() {
        assert_eq!(FailedChecks::new(0), None);
        for (bits, text) in [
            (1, "null returned"),
            (6, "misaligned block, block not zeroed"),
            (0x48, "blocks overlap, block outside the memory"),
            (0x88, "blocks overlap, unknown check 0x80"),
            (0x80, "unknown check 0x80"),
        ] {
            assert_eq!(FailedChecks::new(bits).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_failure_is_one_sentence_with_its_place() {
        let case = Case {
            conditions: Conditions::OnChain,
            function: Function::AllocZeroed,
        };
        for (case, cause, text) in [
            (
                Some(case),
                Cause::OutOfGas(Gas(70_000)),
                "edge-cases with WeeAlloc, alloc_zeroed as on chain: the call ran out of its 70000 gas; \
                 allocate less or under a lower page limit",
            ),
            (
                None,
                Cause::Checks(FailedChecks(8)),
                "edge-cases with WeeAlloc: the allocator failed its checks (blocks overlap); a figure for it \
                 would mean nothing",
            ),
        ] {
            assert_eq!(
                Failure {
                    allocator: Allocator::Wee,
                    case,
                    cause
                }
                .to_string(),
                text
            );
        }
    }
}
