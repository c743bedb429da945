//! A request's parameters: values by position.
//!
//! Lives here: parsing them, with errors that name the wrong one. Not here: what they mean.

use std::fmt;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::U256;
use jsonrpsee::types::Params;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::rpc::error::RpcError;

/// The most parameters that are read. No method has more than four; others are ignored, as by other nodes.
const MOST: usize = 16;

/// The most bytes of a parameter's text. Parsed, a text of many small pieces takes some thirty times its length.
pub(super) const SMALL: usize = 1 << 20;

/// The most bytes of a transaction's or call's text, whose input may be long.
pub(super) const CALL: usize = 8 << 20;

/// For a text that is one piece, or whose pieces take no more than the text: the request's limit suffices.
pub(super) const WHOLE: usize = usize::MAX;

/// Parameters. Absent ones, `[]` and `null` are the same.
pub(crate) struct Arguments<'a>(Vec<&'a RawValue>);

/// The first parameters of an array.
#[derive(Default)]
struct First<'a>(Vec<&'a RawValue>);

impl<'de> serde::Deserialize<'de> for First<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parameters;
        impl<'de> Visitor<'de> for Parameters {
            type Value = First<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<First<'de>, A::Error> {
                let mut first = Vec::new();
                while first.len() < MOST {
                    match all.next_element()? {
                        Some(value) => first.push(value),
                        None => return Ok(First(first)),
                    }
                }
                while all.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_seq(Parameters)
    }
}

impl<'a> Arguments<'a> {
    /// Splits a request's parameters.
    ///
    /// # Errors
    /// If they are not an array.
    pub(super) fn parse(params: &'a Params<'_>) -> Result<Self, RpcError> {
        let text = params.as_str().unwrap_or("null");
        let values: Option<First<'_>> = serde_json::from_str(text)
            .map_err(|_| RpcError::parameters("the parameters have to be an array"))?;
        Ok(Self(values.unwrap_or_default().0))
    }

    /// The parameter at `place`, which is required.
    ///
    /// # Errors
    /// If it is missing, or not a `T`.
    pub(super) fn required<T: DeserializeOwned>(
        &self,
        place: usize,
        name: &str,
    ) -> Result<T, RpcError> {
        self.required_up_to(SMALL, place, name)
    }

    /// Like [`Self::required`], for a text of at most `most` bytes.
    ///
    /// # Errors
    /// As for [`Self::required`].
    pub(super) fn required_up_to<T: DeserializeOwned>(
        &self,
        most: usize,
        place: usize,
        name: &str,
    ) -> Result<T, RpcError> {
        self.optional_up_to(most, place, name)?
            .ok_or_else(|| missing(place, name))
    }

    /// The parameter at `place`, unless it is missing or null.
    ///
    /// # Errors
    /// If it is present and not a `T`.
    pub(super) fn optional<T: DeserializeOwned>(
        &self,
        place: usize,
        name: &str,
    ) -> Result<Option<T>, RpcError> {
        self.optional_up_to(SMALL, place, name)
    }

    /// Like [`Self::optional`], for a text of at most `most` bytes.
    ///
    /// # Errors
    /// As for [`Self::optional`].
    pub(super) fn optional_up_to<T: DeserializeOwned>(
        &self,
        most: usize,
        place: usize,
        name: &str,
    ) -> Result<Option<T>, RpcError> {
        let Some(value) = self.0.get(place) else {
            return Ok(None);
        };
        let have = value.get().len();
        if have > most {
            return Err(RpcError::parameters(format!(
                "invalid parameter {}, {name}: it has {have} bytes; the limit is {most}",
                place + 1
            )));
        }
        serde_json::from_str(value.get()).map_err(|error| {
            RpcError::parameters(format!("invalid parameter {}, {name}: {error}", place + 1))
        })
    }

    /// A block, by number, name or hash; the newest by default.
    ///
    /// # Errors
    /// If it is anything else.
    pub(super) fn block(&self, place: usize) -> Result<BlockId, RpcError> {
        let block = self.optional(place, "block")?;
        Ok(block.unwrap_or(BlockId::Number(BlockNumberOrTag::Latest)))
    }

    /// A number: hexadecimal, or plain, as test tools send it.
    ///
    /// # Errors
    /// If it is present but not a number, or too large.
    pub(super) fn number(&self, place: usize, name: &str) -> Result<Option<u64>, RpcError> {
        number_of(self.optional(place, name)?, place, name)
    }

    /// All of them, as they came.
    pub(super) fn all(&self) -> Value {
        let parsed = |text: &&RawValue| -> Value {
            // The whole request has been parsed before.
            serde_json::from_str(text.get()).unwrap_or_default()
        };
        self.0.iter().map(parsed).collect()
    }

    /// A required number.
    ///
    /// # Errors
    /// If it is missing, not a number, or too large.
    pub(super) fn required_number(&self, place: usize, name: &str) -> Result<u64, RpcError> {
        self.number(place, name)?
            .ok_or_else(|| missing(place, name))
    }
}

fn missing(place: usize, name: &str) -> RpcError {
    RpcError::parameters(format!("missing parameter {}: {name}", place + 1))
}

/// The parameter at `place` as a number.
///
/// # Errors
/// If it is present but not a number, or too large.
pub(super) fn number_of(
    value: Option<Value>,
    place: usize,
    name: &str,
) -> Result<Option<u64>, RpcError> {
    let invalid = || {
        RpcError::parameters(format!(
            "invalid parameter {}, {name}: not a number of 64 bits",
            place + 1
        ))
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_u64().map(Some).ok_or_else(invalid),
        Some(Value::String(text)) => {
            let number: U256 = text.parse().map_err(|_| invalid())?;
            u64::try_from(number).map(Some).map_err(|_| invalid())
        }
        Some(_) => Err(invalid()),
    }
}
