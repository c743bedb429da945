//! Why the machine does not run something: in geth's words, which clients compare.
//!
//! Lives here: the refusals, and which of revm's each stands for. Not here: what the chain refuses earlier (`chain::error`).

use alloy_primitives::{Address, U256};
use revm::context::result::{EVMError, InvalidTransaction};
use stylus_vm::Gas;

use crate::evm::{Interrupt, Interrupted, TransactionError};
use crate::state::source::has_failed;
use crate::units::Price;

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
    #[error("intrinsic gas too low: have {}, want {}", .have.0, .want.0)]
    IntrinsicGas { have: Gas, want: Gas },
    #[error(
        "max fee per gas less than block base fee: address {address}, maxFeePerGas: {}, baseFee: {}",
        .offered.0,
        .base_fee.0
    )]
    BaseFee {
        address: Address,
        offered: Price,
        base_fee: Price,
    },
    #[error(
        "max priority fee per gas higher than max fee per gas: address {address}, maxPriorityFeePerGas: {}, maxFeePerGas: {}",
        .tip.0,
        .cap.0
    )]
    Tip {
        address: Address,
        tip: Price,
        cap: Price,
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
    /// The run was interrupted.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The request did not cause it.
    #[error("internal error: {0}")]
    Machine(String),
}

impl Invalid {
    /// Converts the machine's refusal of a transaction from `address` that offers `offered`.
    pub(crate) fn of(
        error: TransactionError,
        interrupt: &Interrupt,
        address: Address,
        offered: Price,
        base_fee: Price,
    ) -> Self {
        let error = match (error, interrupt.reason()) {
            (EVMError::Transaction(error), _) => error,
            (_, Some(why)) => return Self::Interrupted(why),
            (_, None) if has_failed() => return Self::Interrupted(Interrupted::Forked),
            (other, None) => return Self::Machine(other.to_string()),
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
                have: Gas(gas_limit),
                want: Gas(initial_gas),
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
