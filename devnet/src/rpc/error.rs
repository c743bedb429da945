//! Errors as JSON-RPC has them: a number, a sentence, and the revert's data where there is any.
//!
//! Lives here: which of the chain's failures has which number. Not here: the sentences, which come with the failures.

use std::time::Duration;

use alloy_primitives::hex;
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};

use crate::bounded::Unwritable;
use crate::chain::{
    ChainError, DecodeError, Ending, EstimateError, Executed, Invalid, OverrideError, SubmitError,
};
use crate::evm::Interrupted;
use crate::precompiles::error_text;
use crate::trace::TraceError;

/// A revert, with its data (geth).
const REVERTED: i32 = 3;
/// Anything that the chain refuses (geth).
const REFUSED: i32 = -32_000;
/// Parameters that are not what the method takes.
const INVALID_PARAMETERS: i32 = -32_602;
/// Something that this node does not do.
const NOT_SUPPORTED: i32 = -32_004;
/// More than this node does at once (EIP-1474).
const LIMIT: i32 = -32_005;
/// A fault of this node's.
const INTERNAL: i32 = -32_603;

/// What is answered in place of a result.
#[derive(Clone, Debug)]
pub(crate) struct RpcError {
    code: i32,
    message: String,
    data: Option<String>,
}

impl RpcError {
    /// Parameters that cannot be used.
    pub(super) fn parameters(message: impl Into<String>) -> Self {
        Self {
            code: INVALID_PARAMETERS,
            message: message.into(),
            data: None,
        }
    }

    /// A refusal.
    pub(super) fn refused(message: impl ToString) -> Self {
        Self {
            code: REFUSED,
            message: message.to_string(),
            data: None,
        }
    }

    /// More than is done at once.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self {
            code: LIMIT,
            message: message.into(),
            data: None,
        }
    }

    /// A request that took too long, in geth's words.
    pub(super) fn timeout(limit: Duration) -> Self {
        Self::refused(format!("execution aborted (timeout = {limit:?})"))
    }

    /// A fault of the devnet's own.
    pub(super) fn internal(fault: impl std::fmt::Display) -> Self {
        Self {
            code: INTERNAL,
            message: format!("a fault of the devnet's, please report it: {fault}"),
            data: None,
        }
    }

    /// A method that is there to say no.
    pub(super) fn not_supported(message: impl Into<String>) -> Self {
        Self {
            code: NOT_SUPPORTED,
            message: message.into(),
            data: None,
        }
    }

    /// The sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// A run that failed.
    pub(super) fn failed(executed: &Executed) -> Self {
        match &executed.ending {
            Ending::Halt(words) => Self::refused(words),
            Ending::Revert | Ending::Success => {
                let output = &executed.output;
                let words = error_text(output).or_else(|| executed.reason.clone());
                Self {
                    code: REVERTED,
                    message: match words {
                        Some(words) => format!("execution reverted: {words}"),
                        None => "execution reverted".into(),
                    },
                    data: Some(hex::encode_prefixed(output)),
                }
            }
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

refusals!(ChainError, Invalid, SubmitError, Unwritable, Interrupted);

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
