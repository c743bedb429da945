//! A call as a client requests it: a transaction with most of its fields left open.
//!
//! Lives here: the request, its defaults, and how a run of it ended. Not here: running it (`view`), JSON.

use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::{Address, Bytes, Log, TxKind, U256};
use alloy_rpc_types_eth::AccessList;
use revm::context::TxEnv;
use revm::context::result::{ExecutionResult, HaltReason, OutOfGasError};
use revm::context_interface::either::Either;
use revm::context_interface::transaction::TransactionType;
use stylus_vm::Gas;

use crate::evm::Reason;
use crate::trace::OUT_OF_GAS;
use crate::units::Price;

/// The most gas that a call gets, and its default: Nitro's default cap.
pub(crate) const CALL_GAS: Gas = Gas(50_000_000);

/// A call, an estimate or a trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// The caller; the zero address if the client names none.
    pub(crate) from: Address,
    /// The address to call, or a creation.
    pub(crate) to: TxKind,
    /// The gas limit; [`CALL_GAS`] by default.
    pub(crate) gas: Option<Gas>,
    pub(crate) gas_price: Option<Price>,
    pub(crate) max_fee_per_gas: Option<Price>,
    /// Paid only if tips are collected.
    pub(crate) max_priority_fee_per_gas: Option<Price>,
    /// Wei.
    pub(crate) value: U256,
    /// Calldata, or init code.
    pub(crate) input: Bytes,
    /// The sender's next nonce by default.
    pub(crate) nonce: Option<u64>,
    /// Accounts and slots that are warm (EIP-2930).
    pub(crate) access_list: AccessList,
    /// Delegations (EIP-7702).
    pub(crate) authorization_list: Vec<SignedAuthorization>,
}

impl Request {
    /// What it offers for gas: nothing by default.
    pub(crate) fn price(&self) -> Price {
        self.gas_price.or(self.max_fee_per_gas).unwrap_or_default()
    }

    /// What it pays for gas on top of the base fee if tips are collected: a plain gas price is offered in full.
    fn tip(&self) -> Price {
        self.gas_price
            .or(self.max_priority_fee_per_gas)
            .unwrap_or_default()
    }

    /// Converts the request to the machine's transaction, with `gas` as the limit.
    pub(crate) fn environment(&self, gas: Gas, nonce: u64, tips_are_collected: bool) -> TxEnv {
        let tx_type = match self.authorization_list.is_empty() {
            true => TransactionType::Eip1559,
            false => TransactionType::Eip7702,
        };
        let authorizations = self.authorization_list.iter().cloned();
        TxEnv {
            tx_type: tx_type as u8,
            caller: self.from,
            gas_limit: gas.0,
            gas_price: self.price().0,
            gas_priority_fee: Some(if tips_are_collected { self.tip().0 } else { 0 }),
            kind: self.to,
            value: self.value,
            data: self.input.clone(),
            nonce,
            chain_id: None,
            access_list: self.access_list.clone(),
            authorization_list: authorizations.map(Either::Left).collect(),
            ..TxEnv::default()
        }
    }
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// It succeeded.
    Success,
    /// It reverted; the output says why.
    Revert,
    /// It failed otherwise and lost all its gas; the reason is in geth's words.
    Halt(String),
}

/// What a run did.
#[derive(Clone, Debug)]
pub(crate) struct Executed {
    pub(crate) ending: Ending,
    /// Gas after refunds.
    pub(crate) gas_used: Gas,
    /// What it returned or reverted with.
    pub(crate) output: Bytes,
    pub(crate) logs: Vec<Log>,
    /// Why it failed, if the EVM has no words for it.
    pub(crate) reason: Option<Reason>,
}

impl Executed {
    /// Interprets the machine's result. `reason` is what the chain's own parts say about a failure.
    pub(crate) fn new(result: ExecutionResult, reason: Option<Reason>) -> Self {
        let gas_used = Gas(result.tx_gas_used());
        match result {
            ExecutionResult::Success { logs, output, .. } => Self {
                ending: Ending::Success,
                gas_used,
                output: output.into_data(),
                logs,
                reason: None,
            },
            ExecutionResult::Revert { output, .. } => Self {
                ending: Ending::Revert,
                gas_used,
                // The chain's own reason is for a failure that has no output of its own.
                reason: reason.filter(|_| output.is_empty()),
                output,
                logs: Vec::new(),
            },
            ExecutionResult::Halt { reason: halt, .. } => Self {
                ending: Ending::Halt(match &reason {
                    Some(reason) => reason.to_string(),
                    None => words(&halt),
                }),
                gas_used,
                output: Bytes::new(),
                logs: Vec::new(),
                reason,
            },
        }
    }
}

/// A halt in geth's words, which clients compare with.
fn words(halt: &HaltReason) -> String {
    match halt {
        HaltReason::OutOfGas(OutOfGasError::MemoryLimit) => "gas uint64 overflow".into(),
        HaltReason::OutOfGas(_) => OUT_OF_GAS.into(),
        HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode => "invalid opcode".into(),
        HaltReason::InvalidJump => "invalid jump destination".into(),
        HaltReason::NotActivated => "invalid opcode: not activated".into(),
        HaltReason::StackUnderflow => "stack underflow".into(),
        HaltReason::StackOverflow => "stack limit reached".into(),
        HaltReason::OutOfOffset => "return data out of bounds".into(),
        HaltReason::CreateCollision => "contract address collision".into(),
        HaltReason::NonceOverflow => "nonce uint64 overflow".into(),
        HaltReason::CreateContractSizeLimit => "max code size exceeded".into(),
        HaltReason::CreateContractStartingWithEF => "invalid code: must not begin with 0xef".into(),
        HaltReason::CreateInitCodeSizeLimit => "max initcode size exceeded".into(),
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => {
            "write protection".into()
        }
        HaltReason::OutOfFunds => "insufficient balance for transfer".into(),
        // Geth has no words for it: nobody there has that much.
        HaltReason::OverflowPayment => "the recipient's balance would exceed 2^256 - 1 wei".into(),
        HaltReason::CallTooDeep => "max call depth exceeded".into(),
        other => other.to_string(),
    }
}
