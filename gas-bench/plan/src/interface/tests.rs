//! What is read of an interface, text by text.
//!
//! Lives here: texts and what they declare. Not here: arguments for that (`generate`).

use super::*;

/// The signatures that a text declares, marked if they cannot be resolved.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let interface = Interface::read(text).unwrap();
    let found: Vec<_> = interface
        .functions
        .iter()
        .map(|it| match &it.function {
            Ok(function) => function.full_signature(),
            Err(reason) => format!("function {}: {reason}", it.signature),
        })
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|it| it.trim_start_matches("function "))
        .collect();
    assert_eq!(found, expected, "{text}");
}

/// Theorem: names are names, whatever words they contain.
#[test]
fn words_of_data_locations_are_parts_of_names() {
    check(
        "interface IC {
            function storageUsed() external view returns (uint256);
            function setSlot(uint256 storage_slot) external;
            function setHash(uint256 calldata_hash, uint256 memory_limit) external;
            function calldataLen(bytes memory data) external view returns (uint256);
            function storage_used(bytes calldata calldata_, string storage memory_) external;
            function returnsMemory(uint256[] memory data) external view returns (uint256, uint8[] memory);
         }",
        &[
            "storageUsed() view returns (uint256)",
            "setSlot(uint256 storage_slot)",
            "setHash(uint256 calldata_hash, uint256 memory_limit)",
            "calldataLen(bytes data) view returns (uint256)",
            "storage_used(bytes calldata_, string memory_)",
            "returnsMemory(uint256[] data) view returns (uint256, uint8[])",
        ],
    );
}

/// Theorem: a name is Solidity's, whatever it means in Rust.
#[test]
fn words_of_rust_are_names() {
    check(
        "interface IC is loop {
            struct box { uint256 impl; self[] crate; }
            enum self { A }
            function move(box memory use, address self) external returns (uint8 Self);
            function self(uint256 mod) external;
            function Self() external;
            function super(uint256 async) external;
         }
         interface loop { function yield() external; }",
        &[
            "move(tuple(uint256 impl, uint8[] crate) use, address self) returns (uint8 Self)",
            "self(uint256 mod)",
            "Self()",
            "super(uint256 async)",
            "yield()",
        ],
    );
}

/// Theorem: what is declared is what others can call.
#[test]
fn getters_are_functions_and_internal_functions_are_none() {
    check(
        "contract C {
            uint256 public constant LIMIT = 3;
            mapping(address owner => mapping(uint8 => bytes32[])) public records;
            uint256 internal hidden;
            uint256 without;
            function open(uint256 a) public pure returns (uint256) { return a; }
            function inside(uint256 a) internal pure returns (uint256) { return a; }
            function own() private {}
         }",
        &[
            "LIMIT() view returns (uint256 LIMIT)",
            "records(address owner, uint8, uint256) view returns (bytes32)",
            "open(uint256 a) pure returns (uint256)",
        ],
    );
}

#[test]
fn what_an_interface_declares_itself_is_known() {
    check(
        "/** function of this comment; nothing */
         // SPDX-License-Identifier: MIT
         pragma solidity ^0.8.23;
         type Id is bytes32;
         interface IOther { function other() external; }
         /// says /* something */
         interface IC is IOther {
            enum Kind { A, B }
            struct Leg { address who; uint amount; }
            /// in pieces
            struct Order { Leg[2] legs; Kind kind; Id id; }
            error Refused(address);
            event Placed(Order order);
            function place(Order[] memory orders, IOther target) external payable;
            function strange(Strange memory it) external returns (bool);
            function odd() external returns (Strange memory);
            function other() external;
            /** the end */
         }",
        &[
            "other()",
            "place(tuple(tuple(address who, uint256 amount)[2] legs, uint8 kind, bytes32 id)[] orders, address target) payable",
            "strange(Strange): the exported ABI does not say what `Strange` is; call it in a plan, with structs as tuples",
            "odd()",
        ],
    );
}

/// Theorem: a function that is no Solidity is listed with its line and its text, and hides no other.
#[test]
fn functions_that_no_parser_takes_are_left_out_alone() {
    check(
        "/* first */
         interface IC {
            struct S { uint8 a; }
            function before(S memory it) external;
            function pair((uint256, bool) a,
                          (address,string)[] memory b) external view returns (address,string)[] memory;
            function self(uint8 a) external returns (bool) (;;);
            function pair((bool, uint8[] memory) a) external;
            function after() external;
            error Refused(address);
         }",
        &[
            "before(tuple(uint8 a) it)",
            "after()",
            "pair(…): the ABI declares it in line 5 as `function pair((uint256, bool) a, (address,string)[] memory b) external view returns \
             (address,string)[] memory;`, which is not Solidity: expected curly braces or `;`; call it in a plan, with structs as tuples",
            "self(…): the ABI declares it in line 7 as `function self(uint8 a) external returns (bool) (;;);`, which is not Solidity: expected \
             curly braces or `;`; call it in a plan, with structs as tuples",
            "pair(…): the ABI declares it in line 8 as `function pair((bool, uint8[] memory) a) external;`, which is not Solidity: \
             expected `,`; call it in a plan, with structs as tuples",
        ],
    );
}

#[test]
fn json_is_read_alone_and_within_an_artifact() {
    const ABI: &str = r#"[
        {"type":"constructor","inputs":[{"name":"cap","type":"uint256"}],"stateMutability":"nonpayable"},
        {"type":"function","name":"f","inputs":[{"name":"a","type":"tuple[]","components":[{"name":"b","type":"uint8"}]}],
         "outputs":[],"stateMutability":"view"},
        {"type":"receive","stateMutability":"payable"},
        {"type":"fallback","stateMutability":"payable"}]"#;
    check(ABI, &["f(tuple(uint8 b)[] a) view"]);
    check(
        &format!("{{\"abi\":{ABI}}}"),
        &["f(tuple(uint8 b)[] a) view"],
    );
    let interface = Interface::read(ABI).unwrap();
    assert!(interface.receive && interface.fallback);
    assert_eq!(
        interface.constructor.unwrap().signature,
        "stylus_constructor(uint256)"
    );
}

#[test]
fn a_constructor_is_told_apart_from_an_interface() {
    let declared =
        Interface::constructor_of("constructor(uint256 cap, string memory name) payable\n")
            .unwrap();
    assert_eq!(declared.signature, "constructor(uint256,string)");
    assert!(declared.function.is_ok());
    assert_eq!(
        Interface::constructor_of("interface I { function f(); }"),
        None
    );
    assert_eq!(Interface::constructor_of(""), None);
    let unread = Interface::constructor_of("constructor(((").unwrap();
    assert!(unread.function.is_err());
}

/// Theorem: only a declared constructor counts as one.
#[test]
fn a_function_without_a_name_is_no_constructor() {
    check(
        "interface I { function (bool) external; function f() external; }",
        &["(bool): it has no name", "f()"],
    );
}

#[test]
fn what_an_interface_builds_on_and_does_not_have_is_known() {
    let interface =
        Interface::read("interface IToken is IErc20, IOwnable {} interface IOwnable {}").unwrap();
    assert_eq!(interface.absent, ["IErc20"]);
}

/// Theorem: a text that is not an interface gives an error, and never aborts the process.
#[test]
fn garbage_is_an_error() {
    let deep = |text: &str| {
        format!(
            "interface I {{ function f(uint {}) external; }}",
            text.repeat(100_000)
        )
    };
    for text in [
        "",
        "garbage",
        "function",
        "function ;",
        "interface I {}",
        "garbage ( ;; \u{0}",
        "{}",
        "[]",
        "[1]",
        "{\"abi\": 1}",
        "interface I { function f( external; }",
        &"(".repeat(100_000),
        &"[".repeat(100_000),
        &"{\"abi\":".repeat(100_000),
        &deep("[]"),
        &deep("[1]"),
        &deep("("),
        &deep("!"),
        &deep("a."),
        &format!("interface I {{ uint x = {}1; }}", "new ".repeat(100_000)),
        &"interface I {} ".repeat(100_000),
    ] {
        let shown: String = text.chars().take(60).collect();
        assert!(Interface::read(text).is_err(), "{shown}");
    }
}

/// Theorem: nested structs count with all the parts they have in total.
#[test]
fn structs_that_double_are_left_out() {
    let mut text = "interface I { struct S0 { uint a; }".to_owned();
    for level in 1..15 {
        text += &format!("struct S{level} {{ S{} a; S{} b; }}", level - 1, level - 1);
    }
    text += "struct R { R[] again; } function f(S14 memory it) external; function g(R memory it) external; }";
    let interface = Interface::read(&text).unwrap();
    assert!(interface.functions.iter().all(|it| it.function.is_err()));
}

/// Theorem: a type name has the meaning that its own interface gives it, whatever others declare.
#[test]
fn interfaces_have_types_of_the_same_name() {
    let text = "interface A { struct Data { uint8 a; } function f(Data memory it) external; }
                interface B { struct Data { address b; bool c; } function g(Data memory it) external; }
                interface C is A { function h(Data memory it) external; }";
    let interface = Interface::read(text).unwrap();
    let signatures: Vec<_> = interface
        .functions
        .iter()
        .map(|it| it.signature.as_str())
        .collect();
    assert_eq!(signatures[..2], ["f((uint8))", "g((address,bool))"]);
}
