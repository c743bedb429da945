//! What the chain answers where it cannot do what it is asked: in geth's words where clients compare with them.
//!
//! Lives here: the errors. Not here: numbers and shapes that JSON-RPC gives them.

use alloy_primitives::{Address, B256, U256};
use revm::context::result::{EVMError, InvalidTransaction};

use crate::evm::{Interrupt, Interrupted, TransactionError};

/// A question about something that is not there.
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
    #[error("the timestamp {asked} is before that of the last block, {last}")]
    TimeNotLater { asked: u64, last: u64 },
    #[error("{depth} blocks cannot be taken off a chain whose newest is block {head}")]
    Depth { depth: u64, head: u64 },
}

/// A transaction that the chain does not take.
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

/// Why something cannot be run at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Invalid {
    #[error("nonce too low: address {address}, tx: {tx} state: {state}")]
    NonceTooLow {
        address: Address,
        tx: u64,
        state: u64,
    },
    #[error("nonce too high: address {address}, tx: {tx} state: {state}")]
    NonceTooHigh {
        address: Address,
        tx: u64,
        state: u64,
    },
    #[error(
        "insufficient funds for gas * price + value: address {address} have {have} want {want}"
    )]
    Funds {
        address: Address,
        have: U256,
        want: U256,
    },
    #[error("intrinsic gas too low: have {have}, want {want}")]
    IntrinsicGas { have: u64, want: u64 },
    #[error(
        "max fee per gas less than block base fee: address {address}, maxFeePerGas: {offered}, baseFee: {base_fee}"
    )]
    BaseFee {
        address: Address,
        offered: u128,
        base_fee: u64,
    },
    #[error(
        "max priority fee per gas higher than max fee per gas: address {address}, maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
    )]
    Tip {
        address: Address,
        tip: u128,
        cap: u128,
    },
    #[error("exceeds block gas limit (gas limit reached)")]
    BlockGas,
    #[error("sender not an eoa: address {0}")]
    NotEoa(Address),
    #[error("max initcode size exceeded")]
    InitcodeSize,
    #[error("EIP-7702 transaction with empty auth list")]
    NoAuthorizations,
    #[error("invalid transaction: {0}")]
    Other(String),
    /// It was ended from outside.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// Not the request's doing.
    #[error("internal error: {0}")]
    Machine(String),
}

impl Invalid {
    /// What the machine's refusal of a transaction from `address`, offering `offered` wei per gas, means.
    pub(crate) fn of(
        error: TransactionError,
        interrupt: &Interrupt,
        address: Address,
        offered: u128,
        base_fee: u64,
    ) -> Self {
        let error = match (error, interrupt.check()) {
            (EVMError::Transaction(error), _) => error,
            (_, Err(why)) => return Self::Interrupted(why),
            (other, Ok(())) => return Self::Machine(other.to_string()),
        };
        match error {
            InvalidTransaction::NonceTooLow { tx, state } => {
                Self::NonceTooLow { address, tx, state }
            }
            InvalidTransaction::NonceTooHigh { tx, state } => {
                Self::NonceTooHigh { address, tx, state }
            }
            InvalidTransaction::LackOfFundForMaxFee { fee, balance } => Self::Funds {
                address,
                have: *balance,
                want: *fee,
            },
            InvalidTransaction::CallGasCostMoreThanGasLimit {
                initial_gas,
                gas_limit,
            }
            | InvalidTransaction::GasFloorMoreThanGasLimit {
                gas_floor: initial_gas,
                gas_limit,
            } => Self::IntrinsicGas {
                have: gas_limit,
                want: initial_gas,
            },
            InvalidTransaction::GasPriceLessThanBasefee => Self::BaseFee {
                address,
                offered,
                base_fee,
            },
            InvalidTransaction::CallerGasLimitMoreThanBlock => Self::BlockGas,
            InvalidTransaction::CreateInitCodeSizeLimit => Self::InitcodeSize,
            InvalidTransaction::EmptyAuthorizationList => Self::NoAuthorizations,
            other => Self::Other(other.to_string()),
        }
    }
}

/// An estimate that has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum EstimateError {
    /// It fails however much gas there is.
    #[error("execution fails")]
    Failed(Box<crate::chain::Executed>),
    #[error("gas required exceeds allowance ({0})")]
    Allowance(u64),
    #[error(transparent)]
    Invalid(#[from] Invalid),
}
