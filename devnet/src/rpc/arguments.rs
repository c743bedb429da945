//! A request's parameters: values by position.
//!
//! Lives here: taking them apart, with an error that names the one that is wrong. Not here: what they mean.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::U256;
use jsonrpsee::types::Params;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::rpc::error::RpcError;

/// Parameters. None at all, `[]` and `null` are the same.
pub(crate) struct Arguments<'a>(Vec<&'a RawValue>);

impl<'a> Arguments<'a> {
    /// Takes a request's parameters apart.
    ///
    /// # Errors
    /// Where they are no array.
    pub(super) fn parse(params: &'a Params<'_>) -> Result<Self, RpcError> {
        let text = params.as_str().unwrap_or("null");
        let values: Option<Vec<&RawValue>> = serde_json::from_str(text)
            .map_err(|_| RpcError::parameters("the parameters have to be an array"))?;
        Ok(Self(values.unwrap_or_default()))
    }

    /// The parameter at `place`, which has to be there.
    ///
    /// # Errors
    /// Where it is not, or is not a `T`.
    pub(super) fn required<T: DeserializeOwned>(
        &self,
        place: usize,
        name: &str,
    ) -> Result<T, RpcError> {
        let missing = || RpcError::parameters(format!("missing parameter {}: {name}", place + 1));
        self.optional(place, name)?.ok_or_else(missing)
    }

    /// The parameter at `place`, where there is one that is not null.
    ///
    /// # Errors
    /// Where it is there and is not a `T`.
    pub(super) fn optional<T: DeserializeOwned>(
        &self,
        place: usize,
        name: &str,
    ) -> Result<Option<T>, RpcError> {
        let Some(value) = self.0.get(place) else {
            return Ok(None);
        };
        serde_json::from_str(value.get()).map_err(|error| {
            RpcError::parameters(format!("invalid parameter {}, {name}: {error}", place + 1))
        })
    }

    /// A block: a number, a name, or a hash; the newest where there is none.
    ///
    /// # Errors
    /// Where it is something else.
    pub(super) fn block(&self, place: usize) -> Result<BlockId, RpcError> {
        let block = self.optional(place, "block")?;
        Ok(block.unwrap_or(BlockId::Number(BlockNumberOrTag::Latest)))
    }

    /// A number: hexadecimal, or plain as tools for tests send it.
    ///
    /// # Errors
    /// Where it is there and is none, or is too large.
    pub(super) fn number(&self, place: usize, name: &str) -> Result<Option<u64>, RpcError> {
        let invalid = || {
            RpcError::parameters(format!(
                "invalid parameter {}, {name}: not a number of 64 bits",
                place + 1
            ))
        };
        match self.optional(place, name)? {
            None => Ok(None),
            Some(Value::Number(number)) => number.as_u64().map(Some).ok_or_else(invalid),
            Some(Value::String(text)) => {
                let number: U256 = text.parse().map_err(|_| invalid())?;
                u64::try_from(number).map(Some).map_err(|_| invalid())
            }
            Some(_) => Err(invalid()),
        }
    }
}
