//! The chain's answers when it cannot do what it is asked: in geth's words where clients compare them.
//!
//! Lives here: the errors. Not here: their JSON-RPC codes and shapes.

use alloy_primitives::B256;
use stylus_vm::Gas;

use crate::evm::Invalid;

/// A query for something that does not exist.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ChainError {
    #[error("header not found")]
    UnknownBlock,
    #[error("transaction {0} not found")]
    UnknownTransaction(B256),
    #[error(
        "the state of block {number} is not kept any more: start the devnet with a longer --history than {kept}"
    )]
    StateNotKept { number: u64, kept: usize },
    #[error(
        "the state of block {number} is not known: the chain was loaded at block {first}, and a file holds the newest state alone"
    )]
    StateNotLoaded { number: u64, first: u64 },
    #[error("block {number} is the forked chain's, and this one begins at block {first}")]
    Forked { number: u64, first: u64 },
    #[error("the timestamp {asked} is before that of the last block, {last}")]
    TimeNotLater { asked: u64, last: u64 },
    #[error("{depth} blocks cannot be taken off a chain whose newest is block {head}")]
    Depth { depth: u64, head: u64 },
}

/// Why the chain does not accept a transaction.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    #[error("already known")]
    AlreadyKnown,
    #[error("replacement transaction underpriced")]
    Underpriced,
    #[error("txpool is full: {capacity} transactions wait already")]
    PoolFull { capacity: usize },
    #[error(
        "only replay-protected (EIP-155) transactions of chain {want} are taken, and this one is for chain {have}"
    )]
    ChainId { have: u64, want: u64 },
    #[error("oversized data: the transaction has {size} bytes and may have {limit}")]
    Oversized { size: usize, limit: usize },
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// Why there is no estimate.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum EstimateError {
    /// Execution fails with any amount of gas.
    #[error("execution fails")]
    Failed(Box<crate::chain::Executed>),
    #[error("gas required exceeds allowance ({})", .0.0)]
    Allowance(Gas),
    #[error(transparent)]
    Invalid(#[from] Invalid),
}
