//! A plan for a contract that has none: each function once, with arguments that are made up.
//!
//! Lives here: reading an exported interface, and values that fit types. Not here: exporting it (`project`).

use alloy_dyn_abi::{DynSolType, Specifier as _};
use alloy_json_abi::Function;
use alloy_primitives::U256;

use super::value::Argument;
use super::{LeftOut, Plan, PlannedCall, Reverts, Sender, Step};

/// A plan that calls every function of an interface once, in the order in which they stand.
///
/// `interface` is Solidity, as the SDK exports it. Of functions with the same name each is called under its whole signature.
pub fn from_abi(interface: &str) -> Plan {
    let mut plan = Plan::default();
    for text in functions(interface) {
        match call(&text) {
            Ok(call) => plan.calls.push(call),
            Err(reason) => plan.left_out.push(LeftOut {
                signature: text,
                reason,
            }),
        }
    }
    let names: Vec<_> = plan.calls.iter().map(|call| call.name.clone()).collect();
    for call in &mut plan.calls {
        if names.iter().filter(|name| **name == call.name).count() > 1 {
            call.name = call.step.function.signature();
        }
    }
    // An interface that inherits one may list a function again.
    let mut seen = std::collections::BTreeSet::new();
    plan.calls
        .retain(|call| seen.insert(call.step.function.signature()));
    plan
}

/// The declarations of functions in an interface, without what is between them.
fn functions(interface: &str) -> Vec<String> {
    without_comments(interface)
        .split(';')
        .filter_map(|statement| {
            let at = statement.rfind("function ")?;
            let words: Vec<_> = statement[at..].split_whitespace().collect();
            Some(words.join(" "))
        })
        .collect()
}

fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("/*").into_iter().chain(rest.find("//")).min() {
        let (before, comment) = rest.split_at(at);
        kept.push_str(before);
        kept.push(' ');
        let end = if comment.starts_with("/*") {
            "*/"
        } else {
            "\n"
        };
        rest = comment.split_once(end).map_or("", |(_, behind)| behind);
    }
    kept + rest
}

fn call(text: &str) -> Result<PlannedCall, String> {
    // Where data lies matters to a compiler alone.
    let bare = text
        .replace(" memory", "")
        .replace(" calldata", "")
        .replace(" storage", "");
    let function = Function::parse(&bare).map_err(|_| {
        "it cannot be read; call it in gas-bench.toml, structs written as tuples".to_owned()
    })?;
    let arguments = function
        .inputs
        .iter()
        .map(|input| {
            let ty = input.resolve().map_err(|_| {
                format!(
                    "the exported ABI does not say what `{}` is; call it in gas-bench.toml, structs written as tuples",
                    input.ty
                )
            })?;
            Ok(made_up(&ty))
        })
        .collect::<Result<Vec<_>, String>>()?;
    // What is returned is shown in digits where its type is not known.
    let is_known = function
        .outputs
        .iter()
        .all(|output| output.resolve().is_ok());
    let mut function = function;
    if !is_known {
        function.outputs.clear();
    }
    Ok(PlannedCall {
        name: function.name.clone(),
        generated: !arguments.is_empty(),
        reverts: Reverts::Perhaps,
        step: Step {
            function,
            arguments,
            from: Sender::Deployer,
            value: U256::ZERO,
            line: 0,
        },
        variables: Vec::new(),
        repeat: 1,
        setup: Vec::new(),
    })
}

/// A small value of a type; two of everything that there can be several of.
fn made_up(ty: &DynSolType) -> Argument {
    let text = |text: &str| Argument::Text(text.to_owned());
    match ty {
        DynSolType::Bool => text("true"),
        DynSolType::Int(_) | DynSolType::Uint(_) => text("1"),
        DynSolType::Address => text("{alice}"),
        DynSolType::FixedBytes(size) => Argument::Text(format!("0x{}", "01".repeat(*size))),
        DynSolType::Bytes => text("0x01020304"),
        DynSolType::String => text("gas-bench"),
        DynSolType::Function => Argument::Text(format!("0x{}", "01".repeat(24))),
        DynSolType::Array(inner) => Argument::List(vec![made_up(inner); 2]),
        DynSolType::FixedArray(inner, size) => Argument::List(vec![made_up(inner); *size]),
        DynSolType::Tuple(types) => Argument::List(types.iter().map(made_up).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERFACE: &str = "
        /** function of this comment; nothing */
        interface IToken is IOther {
            function total() external view returns (uint256);

            function transfer(address to, uint256 value) external returns (bool);
            function many(bytes32[2] memory a, (uint8,string)[] calldata b, bytes memory c, int16 d) external;
            function total(uint8 of) external view returns (Strange memory);
            function strange(Order[] memory orders) external;

            error Refused(address);
        }";

    #[test]
    fn every_function_is_called_once_with_values_that_fit() {
        let plan = from_abi(INTERFACE);
        plan.check().unwrap();
        let calls: Vec<_> = plan
            .calls
            .iter()
            .map(|call| (call.name.as_str(), call.generated))
            .collect();
        assert_eq!(
            calls,
            [
                ("total()", false),
                ("transfer", true),
                ("many", true),
                ("total(uint8)", true),
            ]
        );
        assert_eq!(plan.accounts(None), ["alice"]);
        let left_out: Vec<_> = plan.left_out.iter().map(|left| &left.reason).collect();
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].contains("`Order[]`"), "{left_out:?}");
    }

    #[test]
    fn nothing_is_planned_where_nothing_is_exported() {
        for interface in [
            "",
            "function",
            "function ;",
            "interface I {}",
            "garbage ( ;; \u{0}",
        ] {
            assert!(from_abi(interface).calls.is_empty(), "{interface:?}");
        }
    }
}
