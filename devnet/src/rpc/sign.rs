//! Methods that sign with the keys of the chain's own accounts.
//!
//! Lives here: messages and typed data. Not here: transactions (`send`).

use std::collections::HashMap;

use alloy_dyn_abi::TypedData;
use alloy_primitives::{Address, B256, Bytes};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use serde_json::{Value, json};

use crate::bounded::to_json;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::methods::{Answer, Text};

/// The most types that typed data may define, and the most fields when all types are fully expanded.
const MOST_TYPES: usize = 256;
const MOST_FIELDS: u64 = 10_000;

/// The accounts that can send: those with keys, then the impersonated ones, which clients otherwise refuse to use.
pub(super) fn accounts(node: &Node, _: &Arguments<'_>) -> Answer {
    let mut addresses: Vec<_> = node.signers().map(PrivateKeySigner::address).collect();
    let keyed = addresses.len();
    for address in node.chain().impersonated() {
        if !addresses[..keyed].contains(&address) {
            addresses.push(address);
        }
    }
    Ok(json!(addresses))
}

pub(super) fn sign(node: &Node, arguments: &Arguments<'_>) -> Answer {
    sign_message(
        node,
        arguments.required(0, "address")?,
        arguments.required(1, "message")?,
    )
}

/// Like `eth_sign`, with its parameters in the opposite order.
pub(super) fn personal_sign(node: &Node, arguments: &Arguments<'_>) -> Answer {
    sign_message(
        node,
        arguments.required(1, "address")?,
        arguments.required(0, "message")?,
    )
}

fn sign_message(node: &Node, address: Address, message: Bytes) -> Answer {
    let signature = signer(node, address)?.sign_message_sync(&message);
    let signature = signature.map_err(RpcError::refused)?;
    Ok(json!(Bytes::from(signature.as_bytes().to_vec())))
}

/// Signs typed data (EIP-712), given as an object or its text.
pub(super) fn sign_typed_data(node: &Node, arguments: &Arguments<'_>, _: &Interrupt) -> Text {
    let signer = signer(node, arguments.required(0, "address")?)?;
    let invalid = |why: &dyn std::fmt::Display| {
        RpcError::parameters(format!("invalid parameter 2, typed data: {why}"))
    };
    let data = match arguments.required(1, "typed data")? {
        Value::String(text) => serde_json::from_str(&text).map_err(|error| invalid(&error))?,
        data => data,
    };
    is_finite(&data).map_err(|why| invalid(&why))?;
    let data: TypedData = serde_json::from_value(data).map_err(|error| invalid(&error))?;
    let hash: B256 = data
        .eip712_signing_hash()
        .map_err(|error| invalid(&error))?;
    let signature = signer.sign_hash_sync(&hash).map_err(RpcError::refused)?;
    Ok(to_json(&Bytes::from(signature.as_bytes().to_vec()))?)
}

/// Checks that the types can be fully expanded, which may double in size with every two fields of one type.
fn is_finite(data: &Value) -> Result<(), String> {
    let Some(types) = data.get("types").and_then(Value::as_object) else {
        return Ok(());
    };
    if types.len() > MOST_TYPES {
        return Err(format!(
            "{} types are defined; the limit is {MOST_TYPES}",
            types.len()
        ));
    }
    let mut known = HashMap::new();
    for name in types.keys() {
        if fields(types, name, &mut known) > MOST_FIELDS {
            return Err(format!(
                "type {name} has more than {MOST_FIELDS} fields, or contains itself"
            ));
        }
    }
    Ok(())
}

/// The fields of a fully expanded type; endless if it contains itself.
fn fields<'a>(
    types: &'a serde_json::Map<String, Value>,
    name: &'a str,
    known: &mut HashMap<&'a str, u64>,
) -> u64 {
    // While being expanded it counts as endless.
    if let Some(count) = known.insert(name, u64::MAX) {
        known.insert(name, count);
        return count;
    }
    let defined = types.get(name).and_then(Value::as_array);
    let mut count = 1_u64;
    for field in defined.into_iter().flatten() {
        let ty = field
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let base = ty.split('[').next().unwrap_or(ty);
        let within = match types.contains_key(base) {
            true => fields(types, base, known),
            false => 1,
        };
        count = count.saturating_add(within);
    }
    known.insert(name, count);
    count
}

/// The key of an account.
///
/// # Errors
/// If this chain does not have it.
pub(super) fn signer(node: &Node, address: Address) -> Result<&PrivateKeySigner, RpcError> {
    node.signers()
        .find(|signer| signer.address() == address)
        .ok_or_else(|| {
            RpcError::refused(format!(
                "unknown account {address}: nobody here has its key, and it is not impersonated"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(types: &Value, is_taken: bool) {
        assert_eq!(
            is_finite(&json!({ "types": types })).is_ok(),
            is_taken,
            "{types}"
        );
    }

    #[test]
    fn types_that_grow_without_bound_are_refused() {
        let field = |ty: &str| json!({ "name": "x", "type": ty });
        check(
            &json!({ "A": [field("uint256"), field("B[]")], "B": [field("address")] }),
            true,
        );
        check(&json!({ "A": [field("A")] }), false);
        check(&json!({ "A": [field("B")], "B": [field("A[3]")] }), false);
        let doubling = |depth: usize| -> Value {
            let ty = |n: usize| {
                (
                    format!("T{n}"),
                    json!([field(&format!("T{}", n + 1)), field(&format!("T{}", n + 1))]),
                )
            };
            Value::Object((0..depth).map(ty).collect())
        };
        check(&doubling(8), true);
        check(&doubling(60), false);
        let many = |n: usize| (format!("T{n}"), json!([field("bool")]));
        check(
            &Value::Object((0..MOST_TYPES + 1).map(many).collect()),
            false,
        );
    }
}
