//! Contracts that tests deploy: small programs in WebAssembly text, and hand-written EVM code.
//!
//! Lives here: their sources. Not here: their uses.

use alloy_primitives::{Address, hex};

/// Every import that a program below uses.
const IMPORTS: &str = r#"
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
    (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
    (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "delegate_call_contract" (func $delegate (param i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "static_call_contract" (func $static (param i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "read_return_data" (func $read_return_data (param i32 i32 i32) (result i32)))
    (import "vm_hooks" "return_data_size" (func $return_data_size (result i32)))
    (import "vm_hooks" "create1" (func $create1 (param i32 i32 i32 i32 i32)))
    (import "vm_hooks" "emit_log" (func $log (param i32 i32 i32)))
    (import "vm_hooks" "account_balance" (func $balance (param i32 i32)))
    (import "vm_hooks" "account_code" (func $code (param i32 i32 i32 i32) (result i32)))
    (import "vm_hooks" "account_code_size" (func $code_size (param i32) (result i32)))
    (import "vm_hooks" "account_codehash" (func $codehash (param i32 i32)))
    (import "vm_hooks" "math_pow" (func $pow (param i32 i32)))
    (import "vm_hooks" "msg_reentrant" (func $reentrant (result i32)))
    (import "vm_hooks" "msg_value" (func $value (param i32)))
    (import "vm_hooks" "msg_sender" (func $sender (param i32)))
    (import "vm_hooks" "native_keccak256" (func $keccak (param i32 i32 i32)))
    (import "vm_hooks" "pay_for_memory_grow" (func $pay_for_memory_grow (param i32)))
"#;

/// A program with entry point `body` and the input's length in `$len`. The program first reads its input to 1024.
pub(crate) fn program(body: &str) -> String {
    format!(
        r#"(module {IMPORTS} (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param $len i32) (result i32)
                (call $read_args (i32.const 1024)) {body}))"#
    )
}

/// Returns its input.
pub(crate) fn echo() -> String {
    program("(call $write_result (i32.const 1024) (local.get $len)) (i32.const 0)")
}

/// Calls the address at the start of its input, in the way of `kind` (`call`, `delegate` or `static`), with the rest of the
/// input and all gas; returns the callee's data, and ends as the callee did.
pub(crate) fn forward(kind: &str) -> String {
    let (keep_value, value) = match kind {
        "call" => ("(call $value (i32.const 512))", "(i32.const 512)"),
        _ => ("", ""),
    };
    program(&format!(
        r#"{keep_value}
        (i32.store (i32.const 256)
            (call ${kind} (i32.const 1024) (i32.const 1044) (i32.sub (local.get $len) (i32.const 20)) {value}
                (i64.const -1) (i32.const 260)))
        (call $write_result (i32.const 16384)
            (call $read_return_data (i32.const 16384) (i32.const 0) (i32.const 32768)))
        (i32.ne (i32.load (i32.const 256)) (i32.const 0))"#
    ))
}

/// EVM code that does the same with CALL, and passes on its value.
pub(crate) fn evm_forward() -> Vec<u8> {
    hex!(
        "60143603" // the rest's length
        "806014600037"
        "600060008260003460003560601c5af1" // call with all gas
        "3d600060003e"
        "6027573d6000fd5b3d6000f3" // return or revert with what came back
    )
    .to_vec()
}

/// Addresses in sequence: the path of calls that `forward` and `evm_forward` follow.
pub(crate) fn path(addresses: &[Address], input: &[u8]) -> Vec<u8> {
    let mut path: Vec<u8> = addresses
        .iter()
        .flat_map(|address| address.to_vec())
        .collect();
    path.extend(input);
    path
}

/// EVM code that calls `target` with `input` and then returns what looking at the balance of `asked` costs, which tells a cold account
/// (2,607 gas) from a warm one (107).
pub(crate) fn looks_after_call(target: Address, input: &[u8], asked: Address) -> Vec<u8> {
    let length = u16::try_from(input.len()).unwrap().to_be_bytes();
    let start = |from: [u8; 2]| {
        [
            // The input is behind the code.
            &hex!("61")[..],
            &length,
            &hex!("61"),
            &from,
            &hex!("5f39 5f5f 61"),
            &length,
            &hex!("5f5f 73"),
            target.as_slice(),
            &hex!("5af150 5a 73"),
            asked.as_slice(),
            &hex!("3150 5a 9003 5f52 60205ff3"),
        ]
        .concat()
    };
    let from = u16::try_from(start([0, 0]).len()).unwrap();
    [&start(from.to_be_bytes())[..], input].concat()
}
