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
        "the state of block {number} is no longer kept: start the devnet with a --history longer than {kept}"
    )]
    StateNotKept { number: u64, kept: usize },
    #[error(
        "the state of block {number} is not known: the chain was loaded at block {first}, and a file holds only the newest state"
    )]
    StateNotLoaded { number: u64, first: u64 },
    #[error("block {number} belongs to the forked chain; this one begins at block {first}")]
    Forked { number: u64, first: u64 },
    #[error("the timestamp {asked} is before that of the last block, {last}")]
    TimeNotLater { asked: u64, last: u64 },
    #[error("cannot remove {depth} blocks from a chain whose newest is block {head}")]
    Depth { depth: u64, head: u64 },
}

/// Why the chain does not accept a transaction.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    #[error("already known")]
    AlreadyKnown,
    #[error("replacement transaction underpriced")]
    Underpriced,
    #[error("txpool is full: {capacity} transactions are waiting already")]
    PoolFull { capacity: usize },
    #[error(
        "only replay-protected (EIP-155) transactions of chain {want} are accepted; this one is for chain {have}"
    )]
    ChainId { have: u64, want: u64 },
    #[error("oversized data: the transaction has {size} bytes; the limit is {limit}")]
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
