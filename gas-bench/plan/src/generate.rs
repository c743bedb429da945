//! Generates a plan for a contract without one: each function once, with generated arguments.
//!
//! Lives here: values that fit types, and the order of the calls. Not here: the interface (`interface`).

use alloy_dyn_abi::DynSolType;
use alloy_json_abi::Function;
use alloy_primitives::Bytes;

use super::interface::{Declared, Interface};
use super::value::Argument;
use super::{LeftOut, Plan, PlannedCall, Reverts, Sends, Step, types};

/// Creates a plan that calls every function of an interface once, in the order of declaration, and the entry points for other calldata.
///
/// Functions that share a name are called by their whole signature.
pub fn from_interface(interface: &Interface) -> Plan {
    let mut plan = Plan {
        constructor: interface.constructor.as_ref().and_then(constructor),
        errors: interface.errors.clone(),
        ..Plan::default()
    };
    for declared in &interface.functions {
        let function = declared.function.clone();
        match function.and_then(sends) {
            Ok(sends) => plan.calls.push(call(sends)),
            Err(reason) => plan.left_out.push(LeftOut {
                signature: declared.signature.clone(),
                reason,
            }),
        }
    }
    if interface.receive {
        plan.calls.push(call(Sends::Receive));
    }
    if interface.fallback {
        plan.calls.push(call(Sends::fallback()));
    }
    plan.give_names();
    plan
}

impl Plan {
    /// Adds a call of a function that the interface does not have.
    pub fn call_besides(&mut self, function: &Function) {
        match sends(function.clone()) {
            Ok(sends) => self.calls.push(call(sends)),
            Err(reason) => self.left_out.push(LeftOut {
                signature: function.signature(),
                reason,
            }),
        }
    }

    /// Adds calls without a function: with empty calldata, and with calldata that matches no function.
    pub fn call_entries(&mut self, nothing: bool, anything: bool) {
        if nothing {
            // A module does not show whether that is `receive` or `fallback`.
            let mut empty = call(Sends::Raw(Bytes::new()));
            empty.name = "no calldata".to_owned();
            self.calls.push(empty);
        }
        if anything {
            self.calls.push(call(Sends::fallback()));
        }
    }

    /// Renames functions that share a name to their signatures.
    pub fn give_names(&mut self) {
        let names: Vec<_> = self.calls.iter().map(|call| call.name.clone()).collect();
        for call in &mut self.calls {
            if names.iter().filter(|name| **name == call.name).count() > 1 {
                call.name = call.step.signature();
            }
        }
    }
}

/// Runs a constructor without arguments; for others, arguments are not generated, since everything depends on them.
fn constructor(declared: &Declared) -> Option<Step> {
    let function = declared.function.as_ref().ok()?;
    let is_bare = function.inputs.is_empty();
    is_bare.then(|| Step::new(Sends::Function(Box::new(function.clone()), Vec::new())))
}

/// Calls the constructor with generated arguments, to be edited afterwards.
pub fn constructor_with_made_up_arguments(declared: &Declared) -> Option<Step> {
    let function = declared.function.clone().ok()?;
    Some(Step::new(sends(function).ok()?))
}

/// A function with arguments that fit its parameters.
fn sends(mut function: Function) -> Result<Sends, String> {
    let arguments = function
        .inputs
        .iter()
        .map(|input| match types::resolve(input) {
            Ok(ty) => Ok(made_up(&ty)),
            Err(error) => Err(format!("{error}; call it in a plan")),
        })
        .collect::<Result<Vec<_>, String>>()?;
    // The output is shown in hexadecimal if its type is unknown.
    if !function.outputs.iter().all(|it| types::resolve(it).is_ok()) {
        function.outputs.clear();
    }
    Ok(Sends::Function(Box::new(function), arguments))
}

fn call(sends: Sends) -> PlannedCall {
    let step = Step::new(sends);
    PlannedCall {
        name: step.name(),
        generated: matches!(&step.sends, Sends::Function(_, arguments) if !arguments.is_empty()),
        reverts: Reverts::Perhaps,
        step,
        variables: Vec::new(),
        repeat: 1,
        setup: Vec::new(),
    }
}

/// A small value of a type; two elements wherever there can be several.
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
        DynSolType::Tuple(types) | DynSolType::CustomStruct { tuple: types, .. } => {
            Argument::List(types.iter().map(made_up).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERFACE: &str = "
        interface IToken is IOther {
            function total() external view returns (uint256);
            function transfer(address to, uint256 value) external returns (bool);
            function many(bytes32[2] memory a, (uint8,string)[] calldata b, bytes memory c, int16 d) external;
            function total(uint8 of) external view returns (Strange memory);
            function strange(Order[] memory orders) external;
            function huge(uint8[1000][1000][1000] memory it) external;
            function returnsHuge() external returns (uint256[100000000] memory);
            error Refused(address);
            fallback() external;
        }";

    #[test]
    fn every_function_is_called_once_with_values_that_fit() {
        let plan = from_interface(&Interface::read(INTERFACE).unwrap());
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
                ("returnsHuge", false),
                ("fallback", false),
            ]
        );
        assert_eq!(plan.accounts(None), ["alice"]);
        let left_out: Vec<_> = plan.left_out.iter().map(|left| &left.reason).collect();
        assert_eq!(left_out.len(), 2);
        assert!(left_out[0].contains("`Order`"), "{left_out:?}");
        assert!(left_out[1].contains("words"), "{left_out:?}");
    }

    /// A constructor's arguments decide everything, so none are generated.
    #[test]
    fn a_constructor_is_run_where_it_takes_nothing() {
        for (text, is_run) in [("constructor()", true), ("constructor(uint256 cap)", false)] {
            let interface = Interface {
                constructor: Interface::constructor_of(text),
                ..Interface::default()
            };
            assert_eq!(from_interface(&interface).constructor.is_some(), is_run);
        }
    }
}
