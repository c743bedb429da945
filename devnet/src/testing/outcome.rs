//! The result of a transaction or a call.
//!
//! Lives here: receipts, return values, and failures in words. Not here: how an error's data is decoded (`errors`), and sending (`sender`).

use std::fmt;
use std::ops::Deref;

use alloy_primitives::{Address, B256, Bytes, Log};
use alloy_sol_types::{SolError, SolEvent};
use stylus_vm::Gas;

use crate::chain::{self, Ending};

/// A transaction in a block.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Receipt {
    /// Its hash.
    pub hash: B256,
    /// The number of its block.
    pub block: u64,
    /// The gas it used in total: what `cast send` shows, and `gasUsed` in a node's receipt.
    pub gas: Gas,
    /// The part of that for its bytes on L1; zero, unless an owner of the chain sets a price for them.
    pub poster_gas: Gas,
    /// The account that it created, or would have created, if it is a creation.
    pub contract: Option<Address>,
    /// Its logs, in order, from all contracts.
    pub logs: Vec<Log>,
}

/// A transaction that succeeded, and what the function returned.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Sent<T> {
    /// What it returned.
    pub returned: T,
    /// Its receipt, whose fields are also accessible directly.
    pub receipt: Receipt,
}

/// How a transaction or a call failed: by a revert, a trap, or lack of gas. It displays as a sentence that says why.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What it reverted with.
    pub data: Bytes,
    /// Why it failed, if there is no data that says so.
    pub reason: Option<String>,
    /// The receipt, for a transaction; a call has none.
    pub receipt: Option<Receipt>,
    /// The data in words.
    pub(super) words: Option<String>,
}

/// Why a call has no return value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// It ran, and failed.
    #[error("{0}")]
    Failed(Box<Failure>),
    /// The chain does not run it at all, because the sender cannot pay for it, for example.
    #[error("the chain rejects it: {0}")]
    Refused(String),
    /// It succeeded without doing anything, since there is no contract.
    #[error("nothing ran, since there is no contract at {address} for `{signature}`")]
    NoContract {
        /// The function.
        signature: &'static str,
        /// The account that was called.
        address: Address,
    },
    /// It succeeded, but its output does not match the declared return type.
    #[error(
        "it returned {output}, which is not what `{signature}` is declared to return: correct the interface in `sol!`"
    )]
    Undecodable {
        /// The function.
        signature: &'static str,
        /// What it returned.
        output: Bytes,
    },
    /// The transaction is waiting, because making a block for each transaction at once was turned off.
    #[error(
        "the transaction waits for a block, since the chain makes none by itself: `Chain::mine` makes one, `Mining::Automatic` and \
         `evm_setAutomine` one for each transaction"
    )]
    Waiting,
}

/// Anything that has used gas; what `assert_gas!` takes.
pub trait GasUsed {
    /// How much gas it used.
    fn gas_used(&self) -> Gas;
}

impl GasUsed for Gas {
    fn gas_used(&self) -> Gas {
        *self
    }
}

impl GasUsed for Receipt {
    fn gas_used(&self) -> Gas {
        self.gas
    }
}

impl<T> GasUsed for Sent<T> {
    fn gas_used(&self) -> Gas {
        self.receipt.gas
    }
}

impl GasUsed for Failure {
    /// # Panics
    /// For a call, which is in no block and which nobody pays for.
    #[track_caller]
    fn gas_used(&self) -> Gas {
        let receipt = self.receipt.as_ref();
        receipt
            .expect("a call has no receipt: send a transaction to see its gas")
            .gas
    }
}

impl<T: GasUsed> GasUsed for &T {
    fn gas_used(&self) -> Gas {
        (*self).gas_used()
    }
}

impl Receipt {
    /// The events of one type, in order, from all contracts.
    pub fn events<E: SolEvent>(&self) -> Vec<E> {
        decoded(self.logs.iter())
    }

    /// The events of one type from one contract: for two tokens that log alike, for example.
    pub fn events_of<E: SolEvent>(&self, contract: Address) -> Vec<E> {
        decoded(self.logs.iter().filter(|log| log.address == contract))
    }

    /// The only event of a type.
    ///
    /// # Panics
    /// If there are none, or more than one.
    #[track_caller]
    pub fn event<E: SolEvent>(&self) -> E {
        let mut events = self.events();
        match (events.pop(), events.len()) {
            (Some(event), 0) => event,
            (_, more) => panic!(
                "{} was logged {} times instead of once, among {} logs",
                E::SIGNATURE,
                more + usize::from(more > 0),
                self.logs.len()
            ),
        }
    }
}

/// Decodes the logs that are events of one type.
fn decoded<'a, E: SolEvent>(logs: impl Iterator<Item = &'a Log>) -> Vec<E> {
    let decoded = logs.map(E::decode_log);
    decoded.filter_map(|log| Some(log.ok()?.data)).collect()
}

impl<T> Deref for Sent<T> {
    type Target = Receipt;

    fn deref(&self) -> &Receipt {
        &self.receipt
    }
}

impl Failure {
    /// Decodes the data as an error of this type, if it is one.
    pub fn error<E: SolError>(&self) -> Option<E> {
        E::abi_decode(&self.data).ok()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.words, &self.reason) {
            (Some(words), _) => write!(f, "it reverted with {words}"),
            (None, _) if !self.data.is_empty() => write!(
                f,
                "it reverted with {}, an error that is unknown here: name the interface's with `with_errors`",
                self.data
            ),
            (None, Some(reason)) => write!(f, "it failed: {reason}"),
            (None, None) => f.write_str(
                "it reverted without data, as a contract on stylus-sdk does where it has no such function or takes no ether",
            ),
        }
    }
}

/// A finished run whose output has not been decoded.
pub(super) struct Executed {
    is_success: bool,
    output: Bytes,
    reason: Option<String>,
    receipt: Option<Receipt>,
}

impl Executed {
    pub(super) fn of_call(executed: chain::Executed) -> Self {
        let reason = executed.reason.map(|reason| reason.to_string());
        Self {
            is_success: executed.ending == Ending::Success,
            reason: match executed.ending {
                Ending::Halt(words) => Some(words),
                Ending::Success | Ending::Revert => reason,
            },
            output: executed.output,
            receipt: None,
        }
    }

    pub(super) fn of_receipt(of: &chain::Receipt, receipt: Receipt) -> Self {
        Self {
            is_success: of.status,
            output: of.output.clone(),
            reason: of.reason.clone(),
            receipt: Some(receipt),
        }
    }

    /// Returns the output, and the receipt of a transaction.
    ///
    /// # Errors
    /// If it failed; `words` describes the data.
    pub(super) fn output(
        self,
        words: impl FnOnce(&[u8]) -> Option<String>,
    ) -> Result<(Bytes, Option<Receipt>), CallError> {
        if self.is_success {
            return Ok((self.output, self.receipt));
        }
        Err(CallError::Failed(Box::new(Failure {
            words: words(&self.output),
            data: self.output,
            reason: self.reason,
            receipt: self.receipt,
        })))
    }
}
