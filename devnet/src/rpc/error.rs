//! JSON-RPC errors: a number, a sentence, and the revert's data if there is any.
//!
//! Lives here: the numbers for the chain's failures. Not here: the sentences, which come with the failures.

use std::time::Duration;

use alloy_primitives::{B256, hex};
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};

use crate::bounded::Unwritable;
use crate::chain::{
    ChainError, DecodeError, Ending, EstimateError, Executed, GenesisError, OverrideError,
    SubmitError,
};
use crate::evm::{Interrupted, Invalid, Reason};
use crate::fork::ForkError;
use crate::precompiles::error_text;
use crate::state::source::SourceError;
use crate::trace::TraceError;

/// A revert, with its data (geth).
const REVERTED: i32 = 3;
/// A transaction that was not mined within its sender's time limit (geth).
const NOT_MINED: i32 = 4;
/// Anything that the chain refuses (geth).
const REFUSED: i32 = -32_000;
/// Parameters that do not fit the method.
const INVALID_PARAMETERS: i32 = -32_602;
/// Something that this node does not support.
const NOT_SUPPORTED: i32 = -32_004;
/// More than this node does at once (EIP-1474).
const LIMIT: i32 = -32_005;
/// A fault of this node.
const INTERNAL: i32 = -32_603;

/// An error returned instead of a result.
#[derive(Clone, Debug)]
pub(crate) struct RpcError {
    code: i32,
    message: String,
    data: Option<String>,
    /// Additional text for the log: clients compare the sentence.
    reason: Option<String>,
}

impl RpcError {
    /// Invalid parameters.
    pub(super) fn parameters(message: impl Into<String>) -> Self {
        Self {
            code: INVALID_PARAMETERS,
            message: message.into(),
            data: None,
            reason: None,
        }
    }

    /// A refusal.
    pub(super) fn refused(message: impl ToString) -> Self {
        Self {
            code: REFUSED,
            message: message.to_string(),
            data: None,
            reason: None,
        }
    }

    /// An error whose number a specification defines.
    pub(super) fn coded(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
            reason: None,
        }
    }

    /// An error from another node.
    pub(super) fn told(code: i32, message: String, data: Option<String>) -> Self {
        Self {
            code,
            message,
            data,
            reason: None,
        }
    }

    /// Too many requests at once.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self {
            code: LIMIT,
            message: message.into(),
            data: None,
            reason: None,
        }
    }

    /// A request that took too long, in geth's words.
    pub(super) fn timeout(limit: Duration) -> Self {
        Self::refused(format!("execution aborted (timeout = {limit:?})"))
    }

    /// A fault of the devnet itself.
    pub(super) fn internal(fault: impl std::fmt::Display) -> Self {
        Self {
            code: INTERNAL,
            message: format!("a fault of the devnet's, please report it: {fault}"),
            data: None,
            reason: None,
        }
    }

    /// A method that exists only to refuse.
    pub(super) fn not_supported(message: impl Into<String>) -> Self {
        Self {
            code: NOT_SUPPORTED,
            message: message.into(),
            data: None,
            reason: None,
        }
    }

    /// The sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// A transaction that is not in a block yet, in geth's words.
    pub(super) fn not_mined(hash: B256, limit: Duration) -> Self {
        let text = "The transaction was added to the transaction pool but wasn't processed in";
        Self {
            code: NOT_MINED,
            message: format!("{text} {limit:?}"),
            data: Some(hash.to_string()),
            reason: None,
        }
    }

    /// A transaction that is not in a block yet, and that nobody can wait for because `most` are already being waited for.
    pub(super) fn not_waited_for(hash: B256, most: usize) -> Self {
        Self {
            message: format!(
                "the transaction was added to the pool, and the devnet is busy: {most} transactions are waited for already; ask for its \
                 receipt later"
            ),
            ..Self::not_mined(hash, Duration::ZERO)
        }
    }

    /// The reason, if the sentence does not give it.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// A run that failed.
    pub(super) fn failed(executed: &Executed) -> Self {
        let logged = executed.reason.as_ref().filter(|it| it.is_logged());
        let (code, message, data) = match &executed.ending {
            Ending::Halt(words) => {
                let mut error = Self::refused(words);
                error.reason = logged.map(ToString::to_string);
                return error;
            }
            Ending::Revert | Ending::Success => {
                let output = &executed.output;
                let words = error_text(output).or_else(|| match &executed.reason {
                    Some(Reason::Failed(_)) | None => None,
                    Some(reason) => Some(reason.to_string()),
                });
                let message = match words {
                    Some(words) => format!("execution reverted: {words}"),
                    None => "execution reverted".into(),
                };
                (REVERTED, message, hex::encode_prefixed(output))
            }
        };
        let reason = logged.map(ToString::to_string);
        Self {
            code,
            message,
            data: Some(data),
            reason,
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        ErrorObject::owned(error.code, error.message, error.data)
    }
}

impl From<EstimateError> for RpcError {
    fn from(error: EstimateError) -> Self {
        match error {
            EstimateError::Failed(executed) => Self::failed(&executed),
            other => Self::refused(other),
        }
    }
}

macro_rules! refusals {
    ($($error:ty),*) => {$(
        impl From<$error> for RpcError {
            fn from(error: $error) -> Self {
                Self::refused(error)
            }
        }
    )*};
}

refusals!(
    ChainError,
    GenesisError,
    Invalid,
    SubmitError,
    Unwritable,
    Interrupted,
    SourceError,
    ForkError
);

macro_rules! invalid_parameters {
    ($($error:ty),*) => {$(
        impl From<$error> for RpcError {
            fn from(error: $error) -> Self {
                Self::parameters(error.to_string())
            }
        }
    )*};
}

invalid_parameters!(DecodeError, OverrideError);

impl From<TraceError> for RpcError {
    fn from(error: TraceError) -> Self {
        match error {
            TraceError::Invalid(invalid) => Self::refused(invalid),
            TraceError::Unwritable(unwritable) => Self::refused(unwritable),
            other => Self::parameters(other.to_string()),
        }
    }
}
