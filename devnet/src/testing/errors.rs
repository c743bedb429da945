//! What a revert means, in words.
//!
//! Lives here: decoding revert data with the errors that an interface declares. Not here: who sees the text (`outcome`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Selector, hex, keccak256};
use alloy_sol_types::{Panic, Revert, SolError as _};

use crate::precompiles;

/// The errors of the interfaces known to a chain: their signatures by selector.
#[derive(Clone, Default, Debug)]
pub(crate) struct KnownErrors(BTreeMap<Selector, Cow<'static, str>>);

impl KnownErrors {
    /// Adds a signature such as `Refused(address,uint256)`.
    pub(crate) fn learn(&mut self, signature: Cow<'static, str>) {
        let hash = keccak256(signature.as_bytes());
        self.0.insert(Selector::from_slice(&hash[..4]), signature);
    }

    /// Describes revert data; `None` if its error is not known.
    pub(crate) fn words(&self, data: &[u8]) -> Option<String> {
        if let Ok(revert) = Revert::abi_decode(data) {
            return Some(format!("{:?}", revert.reason));
        }
        if Panic::abi_decode(data).is_ok() {
            return precompiles::error_text(data);
        }
        let (selector, arguments) = data.split_first_chunk::<4>()?;
        let signature = self.0.get(&Selector::from(*selector));
        match signature {
            Some(signature) => decode(signature, arguments),
            None => {
                let words = precompiles::error_text(data)?;
                let words = words.trim_start_matches("error ");
                Some(match precompiles::advice(data) {
                    Some(advice) => format!("{words}: {advice}"),
                    None => words.to_owned(),
                })
            }
        }
    }
}

/// Decodes `arguments` as those of an error with this signature.
fn decode(signature: &str, arguments: &[u8]) -> Option<String> {
    let (name, types) = signature.split_at_checked(signature.find('(')?)?;
    let tuple = DynSolType::parse(types).ok()?;
    let value = tuple.abi_decode_params(arguments).ok()?;
    Some(format!("{name}{}", shown(&value)))
}

/// Formats a value as it would be written.
fn shown(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(shown).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Function(function) => hex::encode_prefixed(function),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => format!("{text:?}"),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => {
            format!("[{}]", list(values))
        }
        DynSolValue::Tuple(values) => format!("({})", list(values)),
        DynSolValue::CustomStruct { tuple, .. } => format!("({})", list(tuple)),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::{SolError, sol};

    use super::*;

    sol! {
        error Plain();
        error Many(address who, uint256[] amounts, string why, bytes4 what, (bool, int8) pair);
        error Unknown(uint256);
    }

    #[track_caller]
    fn check(data: Vec<u8>, expected: Option<&str>) {
        let mut known = KnownErrors::default();
        known.learn(Plain::SIGNATURE.into());
        known.learn(Many::SIGNATURE.into());
        assert_eq!(known.words(&data).as_deref(), expected);
    }

    #[test]
    fn reverts_are_told_by_the_errors_that_are_known() {
        check(Plain {}.abi_encode(), Some("Plain()"));
        let many = Many {
            who: Address::repeat_byte(1),
            amounts: vec![U256::from(1), U256::MAX >> 128],
            why: "it \"is\"".into(),
            what: [1, 2, 3, 4].into(),
            pair: (true, -1),
        };
        check(
            many.abi_encode(),
            Some(
                "Many(0x0101010101010101010101010101010101010101, [1, 340282366920938463463374607431768211455], \
                 \"it \\\"is\\\"\", 0x01020304, (true, -1))",
            ),
        );
        check(Revert::from("no").abi_encode(), Some("\"no\""));
        check(
            Panic::from(0x11).abi_encode(),
            Some("arithmetic underflow or overflow"),
        );
        // Errors of the chain's own parts are always known.
        check(
            hex!("cc944bf2").to_vec(),
            Some("ProgramUpToDate(): it is active, and nothing has to be done"),
        );
        check(Unknown(U256::ONE).abi_encode(), None);
        // Cut short, and empty.
        check(many.abi_encode()[..90].to_vec(), None);
        check(Vec::new(), None);
        check(vec![1, 2], None);
    }
}
