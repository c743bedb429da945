//! Programs and EVM contracts that call each other, however deep.

use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, B256, U256, hex};
use alloy_signer::SignerSync as _;
use serde_json::{Value, json};

use crate::contracts::{echo, evm_forward, forward, looks_after_call, path, program};
use crate::costly::activate;
use crate::process::Process;
use crate::support::{ARB_OWNER, ARB_WASM, Chain, DEV, config_at};

/// Sends a message along a path of contracts and expects it back.
fn check(chain: &Chain, along: &[Address]) {
    let message = b"there and back";
    let (first, rest) = along.split_first().unwrap();
    let output = chain.call(*first, &path(rest, message)).unwrap();
    assert_eq!(&output[..], &message[..], "along {along:?}");
    let mined =
        chain.send(json!({ "to": first, "data": hex::encode_prefixed(path(rest, message)) }));
    assert!(mined.is_success(), "along {along:?}");
}

#[test]
fn either_kind_calls_either() {
    let chain = Chain::default();
    let (echo, evm) = (chain.program(&echo()), chain.deploy(&evm_forward()));
    let [call, delegate, fixed] =
        ["call", "delegate", "static"].map(|kind| chain.program(&forward(kind)));
    for along in [
        vec![echo],
        vec![call, echo],
        vec![evm, echo],
        vec![call, evm, call, evm, echo],
        vec![evm, call, delegate, echo],
        vec![fixed, call, evm, fixed, echo],
        vec![call, call, call, echo],
    ] {
        check(&chain, &along);
    }
}

/// As deep as 50 million gas reach; the limit of 1,024 frames is tested with more gas (`chain::view`).
#[test]
fn hundreds_of_frames_deep() {
    let chain = Chain::start(config_at(51));
    // At normal page prices programs would never get this deep: make pages free.
    let set = |signature: &str, value: u64| {
        let selector = &alloy_primitives::keccak256(signature)[..4];
        let input = [selector, &U256::from(value).to_be_bytes::<32>()].concat();
        let mined = chain.send(json!({ "to": ARB_OWNER, "data": hex::encode_prefixed(input) }));
        assert!(mined.is_success(), "{signature}");
    };
    set("setWasmFreePages(uint16)", 60_000);
    let program = chain.program(&forward("call"));
    let evm = chain.deploy(&evm_forward());
    for pair in [[program, evm], [program, program]] {
        let deep: Vec<Address> = pair.into_iter().cycle().take(200).collect();
        let mut along = deep.clone();
        along.push(Address::with_last_byte(4)); // the identity precompile
        let (first, rest) = along.split_first().unwrap();
        // Each call passes on 63/64 of the gas: 200 frames leave a twentieth.
        let request =
            json!({ "from": DEV, "to": first, "input": hex::encode_prefixed(path(rest, b"deep")) });
        let output = chain.rpc("eth_call", json!([request, "latest"]));
        assert_eq!(output, json!(hex::encode_prefixed(b"deep")));
    }
}

#[test]
fn a_program_knows_that_it_was_entered_before() {
    let chain = Chain::default();
    // With an address and more in its input it calls on; otherwise it returns whether it was entered before.
    let body = r#"
        (if (i32.ge_u (local.get $len) (i32.const 20)) (then
            (drop (call $call (i32.const 1024) (i32.const 1044) (i32.sub (local.get $len) (i32.const 20)) (i32.const 512)
                (i64.const -1) (i32.const 260)))
            (call $write_result (i32.const 2048) (call $read_return_data (i32.const 2048) (i32.const 0) (i32.const 32))))
        (else
            (i32.store8 (i32.const 0) (call $reentrant))
            (call $write_result (i32.const 0) (i32.const 1))))
        (i32.const 0)"#;
    let (a, b) = (
        chain.program(&program(body)),
        chain.program(&program(&format!("{body} (drop (i32.const 1))").replace(
            "(i32.const 0) (drop (i32.const 1))",
            "(drop (i32.const 1)) (i32.const 0)",
        ))),
    );
    let evm = chain.deploy(&evm_forward());
    let delegate = chain.program(&forward("delegate"));
    for (along, entered) in [
        (vec![a], 0),
        (vec![a, b], 0),
        (vec![a, a], 1),
        (vec![a, b, a], 1),
        (vec![evm, a], 0),
        (vec![a, evm, a], 1),
        // A delegate call runs another's code on behalf of the caller, which was entered once.
        (vec![delegate, a], 0),
    ] {
        let (first, rest) = along.split_first().unwrap();
        let output = chain.call(*first, &path(rest, &[])).unwrap();
        assert_eq!(&output[..], &[entered][..], "along {along:?}");
    }
}

#[test]
fn what_a_failed_call_wrote_is_gone() {
    let chain = Chain::default();
    // Stores the input after its first byte and returns that byte as its status.
    let store = program(
        "(call $cache (i32.const 0) (i32.const 1025)) (call $flush (i32.const 0)) (i32.load8_u (i32.const 1024))",
    );
    let (store, caller) = (chain.program(&store), chain.program(&forward("call")));
    let word = |byte: u8| U256::from(byte).to_be_bytes::<32>();
    for (status, value, stored) in [(0, 7, 7), (1, 8, 7), (0, 9, 9)] {
        let input = path(&[store], &[&[status], &word(value)[..]].concat());
        let mined = chain
            .send(json!({ "to": caller, "data": hex::encode_prefixed(input), "gas": "0x100000" }));
        assert_eq!(mined.is_success(), status == 0);
        let slot = chain.rpc("eth_getStorageAt", json!([store, "0x0", "latest"]));
        assert_eq!(
            slot,
            json!(alloy_primitives::B256::from(U256::from(stored)))
        );
    }
}

#[test]
fn a_static_call_forbids_writing() {
    let chain = Chain::default();
    let log = chain.program(&program(
        "(call $log (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 0)",
    ));
    let (fixed, call) = (
        chain.program(&forward("static")),
        chain.program(&forward("call")),
    );
    assert!(chain.call(call, &path(&[log], &[])).is_ok());
    let error = chain.call(fixed, &path(&[log], &[])).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (3, "execution reverted")
    );
}

#[test]
fn value_travels_along() {
    let chain = Chain::default();
    let (evm, call, echo) = (
        chain.deploy(&evm_forward()),
        chain.program(&forward("call")),
        chain.program(&echo()),
    );
    let data = hex::encode_prefixed(path(&[call, echo], b"paid"));
    let mined = chain.send(json!({ "to": evm, "data": data, "value": "0x64" }));
    assert!(mined.is_success());
    let balance = |address: Address| chain.rpc("eth_getBalance", json!([address, "latest"]));
    assert_eq!(
        [evm, call, echo].map(balance),
        [json!("0x0"), json!("0x0"), json!("0x64")]
    );
}

#[test]
fn code_that_only_programs_may_have() {
    let chain = Chain::default();
    // Neither a lone prefix nor any other code that begins with 0xEF can be deployed (EIP-3541).
    for (code, lives) in [
        (&hex!("ef")[..], false),
        (&hex!("eff100"), false),
        (&hex!("eff00000"), true),
        (&hex!("00"), true),
    ] {
        let data = hex::encode_prefixed(stylus_vm::code::init_code(code));
        let mined = chain.send(json!({ "data": data, "gas": "0x100000" }));
        assert_eq!(mined.is_success(), lives, "{}", hex::encode(code));
    }
    // A fragment cannot be called.
    let fragment = chain.deploy(&hex!("eff001aabb"));
    let error = chain.call(fragment, &[]).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32_000, "invalid opcode")
    );
}

/// An account, and its authorization to run the code of `to` (EIP-7702).
fn delegation(chain: &Chain, to: Address) -> (Address, SignedAuthorization) {
    let (account, key) = chain.handle.accounts()[1];
    let signer = alloy_signer_local::PrivateKeySigner::from_bytes(&key).unwrap();
    let authorization = Authorization {
        chain_id: U256::from(412_346),
        address: to,
        nonce: 0,
    };
    let hash = authorization.signature_hash();
    let signature = signer.sign_hash_sync(&hash).unwrap();
    (account, authorization.into_signed(signature))
}

/// An account that delegates to a program (EIP-7702) runs it on its own storage.
#[test]
fn an_account_delegates_to_a_program() {
    let chain = Chain::default();
    let store = chain.program(&program(
        "(call $cache (i32.const 0) (i32.const 1024)) (call $flush (i32.const 0)) (i32.const 0)",
    ));
    let (account, signed) = delegation(&chain, store);
    let word = U256::from(7).to_be_bytes::<32>();
    let mined = chain.send(json!({
        "to": account, "data": hex::encode_prefixed(word), "gas": "0x100000", "authorizationList": [signed],
    }));
    assert!(mined.is_success(), "{:?}", mined.receipt);
    assert_eq!(mined.receipt["type"], "0x4");
    let slot = |address: Address| chain.rpc("eth_getStorageAt", json!([address, "0x0", "latest"]));
    let stored = alloy_primitives::B256::from(U256::from(7));
    assert_eq!(slot(account), json!(stored));
    assert_eq!(slot(store), json!(alloy_primitives::B256::ZERO));
    let code = chain.rpc("eth_getCode", json!([account, "latest"]));
    let designator = [&hex!("ef0100")[..], store.as_slice()].concat();
    assert_eq!(code, json!(hex::encode_prefixed(designator)));
}

/// A program's call of an account that delegates costs no more for that, and so leaves the delegate cold; an instruction's makes it warm.
#[test]
fn a_program_leaves_a_delegate_cold() {
    let chain = Chain::default();
    let delegate = chain.program(&echo());
    let (account, signed) = delegation(&chain, delegate);
    let request = json!({ "to": DEV, "gas": "0x100000", "authorizationList": [signed] });
    assert!(chain.send(request).is_success());
    for (caller, cost) in [
        (chain.program(&forward("call")), 2_607),
        (chain.deploy(&evm_forward()), 107),
    ] {
        let looks = looks_after_call(caller, &path(&[account], b"hi"), delegate);
        let looks = chain.deploy(&looks);
        assert_eq!(chain.word(looks, &[]), U256::from(cost));
    }
}

/// Theorem: as in geth, an access list names nobody who is warm without it: neither who authorizes, nor what the target delegates to.
#[test]
fn delegation_is_in_no_access_list() {
    let chain = Chain::default();
    // Reads slot 0.
    let reader = chain.deploy(&hex!("5f5400"));
    let (account, signed) = delegation(&chain, reader);
    let check = |request: Value, expected: Value| {
        let answer = chain.rpc("eth_createAccessList", json!([request, "latest"]));
        assert_eq!(answer["accessList"], expected, "{request}");
    };
    let read = json!([{ "address": account, "storageKeys": [B256::ZERO] }]);
    let with = json!({ "from": DEV, "to": account, "authorizationList": [signed] });
    check(with.clone(), read.clone());
    let elsewhere = json!({ "from": DEV, "to": ARB_WASM, "authorizationList": [signed] });
    check(elsewhere, json!([]));
    assert!(chain.send(with).is_success());
    check(json!({ "from": DEV, "to": account }), read.clone());
    // Who is called by the target is not the target: the account and its delegate are touched and listed.
    let caller = chain.deploy(&evm_forward());
    let input = hex::encode_prefixed(path(&[account], &[]));
    let answer = chain.rpc(
        "eth_createAccessList",
        json!([{ "from": DEV, "to": caller, "data": input }, "latest"]),
    );
    let listed = answer["accessList"].as_array().unwrap();
    let named = |it: Address| listed.iter().any(|item| item["address"] == json!(it));
    assert_eq!(
        (named(account), named(reader), named(caller)),
        (true, true, false)
    );
}

/// A program that recurses as deep as its input says, in frames that hide 32 KB each from the depth checker, calls itself from there, and
/// returns how often that succeeded.
fn deep_and_again() -> String {
    let products: String = (1..=4_000)
        .map(|odd| format!("local.get 0 i64.const {} i64.mul i64.xor ", 2 * odd + 1))
        .collect();
    format!(
        r#"(module
            (import "vm_hooks" "read_args" (func $read_args (param i32)))
            (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
            (import "vm_hooks" "contract_address" (func $address (param i32)))
            (import "vm_hooks" "exit_early" (func $exit (param i32)))
            (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
            (import "vm_hooks" "read_return_data" (func $read_return_data (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1 1)
            (func $bottom
                (if (i32.load8_u (i32.const 0)) (then
                    (i32.store8 (i32.const 0) (i32.sub (i32.load8_u (i32.const 0)) (i32.const 1)))
                    (call $address (i32.const 64))
                    (if (i32.eqz (call $call (i32.const 64) (i32.const 0) (i32.const 3) (i32.const 128) (i64.const -1) (i32.const 160)))
                        (then
                            (drop (call $read_return_data (i32.const 200) (i32.const 0) (i32.const 1)))
                            (i32.store8 (i32.const 200) (i32.add (i32.load8_u (i32.const 200)) (i32.const 1)))))))
                (call $write_result (i32.const 200) (i32.const 1))
                (call $exit (i32.const 0)))
            (func $deep (param i64) (result i64) (local i64)
                (if (i64.eqz (local.get 0)) (then (call $bottom)))
                loop
                    (local.set 1 (call $deep (i64.sub (local.get 0) (i64.const 1))))
                    local.get 1 {products} local.set 1
                    (br_if 0 (i64.eqz (local.get 1)))
                end
                local.get 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (call $read_args (i32.const 0))
                (i64.eqz (call $deep (i64.load16_u (i32.const 1))))))"#
    )
}

/// Theorem: programs that wait for one another together hold no more native stack than a single one may; one that would exceed it runs out
/// of stack.
#[test]
fn deep_programs_that_call_each_other() {
    let devnet = Process::start(&[]);
    let mut connection = devnet.connect();
    let program = "0x00000000000000000000000000000000000000f5";
    let code = stylus_vm::code::encode(&wat::parse_str(deep_and_again()).unwrap());
    let code = json!([program, hex::encode_prefixed(code)]);
    connection.rpc("anvil_setCode", &code);
    activate(&mut connection, program);
    let mut call = |levels: u8, deep: u16| {
        let input = [&[levels][..], &deep.to_le_bytes()].concat();
        let request = json!([{ "to": program, "input": hex::encode_prefixed(input) }, "latest"]);
        connection.rpc("eth_call", &request)
    };
    assert_eq!(call(12, 0), json!("0x0c"));
    assert_eq!(call(12, 50), json!("0x0c"));
    let (before, _) = devnet.memory();
    devnet.forget_peak();
    assert_eq!(call(12, 1_200), json!("0x01"));
    assert_eq!(call(12, 2_000), json!("0x00"));
    let (after, peak) = devnet.memory();
    assert!(peak < before + (256 << 20), "{before} {peak}");
    assert!(after < before + (32 << 20), "{before} {after}");
}
