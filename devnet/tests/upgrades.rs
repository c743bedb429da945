//! Upgrades of a chain: every ArbOS version from 51 to 61, the changes of each, and paused activations.

use std::sync::{Arc, Mutex};

use alloy_primitives::{Address, U256, address, hex, keccak256};
use serde_json::{Value, json};
use stylus_devnet::{ArbOs, Config, Event, Gas};

use crate::contracts::{echo, forward, path, program};
use crate::support::{
    ARB_OWNER, ARB_WASM, Chain, DEV, Mined, Refusal, config, config_at, intrinsic,
};

const ARB_SYS: Address = address!("0x0000000000000000000000000000000000000064");
const OWNER_PUBLIC: Address = address!("0x000000000000000000000000000000000000006b");

/// Gas that an activation costs before any check.
const ACTIVATION: u64 = 1_659_168;

fn data(signature: &str, words: &[u64]) -> Vec<u8> {
    let mut data = keccak256(signature)[..4].to_vec();
    let words = words
        .iter()
        .map(|word| U256::from(*word).to_be_bytes::<32>());
    words.for_each(|word| data.extend(word));
    data
}

fn own(chain: &Chain, signature: &str, words: &[u64]) -> Result<Mined, Refusal> {
    let call = data(signature, words);
    chain.try_send(json!({ "to": ARB_OWNER, "data": hex::encode_prefixed(call) }))
}

/// Schedules an upgrade for now, and mines the block that performs it.
fn upgrade(chain: &Chain, version: u64) {
    let scheduled = own(chain, "scheduleArbOSUpgrade(uint64,uint64)", &[version, 0]);
    assert!(scheduled.unwrap().is_success());
    chain.rpc("evm_mine", json!([]));
}

fn number(chain: &Chain, to: Address, getter: &str) -> u64 {
    chain.word(to, &data(getter, &[])).to()
}

/// Two results, which Stylus version 3 refuses, whether or not anything calls the function.
fn multi_value() -> Vec<u8> {
    let text = program("(i32.const 0)");
    let end = text.rfind(')').unwrap();
    wat::parse_str(format!(
        "{} (func (result i32 i32) (i32.const 1) (i32.const 2)))",
        &text[..end]
    ))
    .unwrap()
}

/// As upstream: the step to 59 makes every program fail until it is activated again, and no other step does.
#[test]
fn a_live_contract_on_the_way_from_51_to_61() {
    let chain = Chain::start(config_at(51));
    let live = chain.program(&echo());
    let multi_value = chain.wasm(&multi_value());
    for version in 51..=61_u64 {
        if version > 51 {
            upgrade(&chain, version);
        }
        assert_eq!(number(&chain, ARB_SYS, "arbOSVersion()"), 55 + version);
        let stylus = if version < 59 { 2 } else { 3 };
        assert_eq!(number(&chain, ARB_WASM, "stylusVersion()"), stylus);
        if version == 59 {
            let error = chain.call(live, &[7]).unwrap_err();
            let reason = "program needs upgrade: it was activated for Stylus version 2 and the chain is at 3; \
                          activate it again";
            assert!(error.message.contains(reason), "{}", error.message);
            let mined = chain.send(json!({ "to": live, "data": "0x07", "gas": "0x100000" }));
            assert!(!mined.is_success());
            assert_eq!(mined.gas(), 0x0010_0000, "all of it is gone");
            assert!(chain.activate(live).unwrap().is_success());
        }
        assert_eq!(
            chain.call(live, &[7]).unwrap().as_ref(),
            [7],
            "ArbOS {version}"
        );
        let mined = chain.send(json!({ "to": live, "data": "0x07" }));
        assert!(mined.is_success(), "ArbOS {version}");
        if version < 59 {
            assert!(chain.call(multi_value, &[]).is_ok(), "ArbOS {version}");
        }
    }
    let refused = chain.activate(multi_value).unwrap_err();
    assert!(
        refused.message.contains("multi-value"),
        "{}",
        refused.message
    );
    assert_eq!(
        number(&chain, OWNER_PUBLIC, "getMaxStylusContractFragments()"),
        4
    );
}

/// The command in authors' scripts works from every version, and has no effect at the version itself.
#[test]
fn every_version_goes_to_61_in_one_step() {
    for born in [51, 58, 59, 60, 61] {
        let chain = Chain::start(config_at(born));
        upgrade(&chain, 61);
        assert_eq!(
            number(&chain, ARB_SYS, "arbOSVersion()"),
            116,
            "from {born}"
        );
        assert_eq!(
            number(&chain, ARB_WASM, "stylusVersion()"),
            3,
            "from {born}"
        );
    }
}

/// An unknown version is refused in a sentence, and nothing changes.
#[test]
fn an_upgrade_to_what_nobody_knows_is_refused() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let told = log.clone();
    let chain = Chain::start_with(config(), move |event| {
        if let Event::Refused(reason) = event {
            told.lock().unwrap().push(reason);
        }
    });
    for version in [62, 70, u64::MAX] {
        let refused = own(&chain, "scheduleArbOSUpgrade(uint64,uint64)", &[version, 0]);
        assert_eq!(
            refused.unwrap_err().message,
            format!(
                "execution reverted: this devnet does not know ArbOS {version}, and the chain keeps its version: \
                 the newest is 61"
            )
        );
        let logged = log.lock().unwrap().pop().unwrap();
        assert!(
            logged.contains(&format!("does not know ArbOS {version}")),
            "{logged}"
        );
        chain.rpc("evm_mine", json!([]));
        assert_eq!(number(&chain, ARB_SYS, "arbOSVersion()"), 116);
        let scheduled = data("getScheduledUpgrade()", &[]);
        assert!(
            chain
                .call(OWNER_PUBLIC, &scheduled)
                .unwrap()
                .iter()
                .all(|byte| *byte == 0)
        );
    }
    let old = Config {
        arbos: ArbOs::new(50).unwrap(),
        ..config()
    };
    let error = stylus_devnet::Devnet::start(old).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a chain cannot start at ArbOS 50: choose version 51 or a later one"
    );
}

/// The current state of a `nitro --dev` chain.
#[test]
fn a_bare_chain_begins_at_59_where_the_command_says_so() {
    assert_eq!(ArbOs::NITRO_DEV.number(), 59);
    assert_eq!(Config::default().arbos, ArbOs::ARBITRUM_ONE);
    assert_eq!(ArbOs::ARBITRUM_ONE.number(), 61);
}

fn paused(activation_gas: Gas) -> Chain {
    Chain::start(Config {
        activation_gas,
        ..config()
    })
}

/// Deploys a program and sends its activation with 20 million gas.
fn activate(chain: &Chain) -> Mined {
    let program = chain.deploy(&stylus_vm::code::encode(&wat::parse_str(echo()).unwrap()));
    let input = [&hex!("58c780c2")[..], program.into_word().as_slice()].concat();
    let value = U256::from(1_000_000_000_000_000_000_u64);
    let input = hex::encode_prefixed(input);
    chain.send(json!({ "to": ARB_WASM, "data": input, "value": value, "gas": "0x1312d00" }))
}

/// Activation gas is burnt first of all; the maximum pauses activations, for every caller and every way of calling.
#[test]
fn activations_that_are_paused() {
    let free = activate(&paused(Gas::ZERO)).gas();
    let dear = paused(Gas(1_000_000));
    let mined = activate(&dear);
    assert!(mined.is_success());
    assert_eq!(mined.gas(), free + 1_000_000);
    assert!(mined.gas() - intrinsic(&[0; 36]) >= 1_000_000 + ACTIVATION);

    let chain = paused(Gas::MAX);
    assert_eq!(number(&chain, ARB_WASM, "activationGas()"), u64::MAX);
    let mined = activate(&chain);
    assert!(!mined.is_success());
    assert_eq!(mined.gas(), 20_000_000, "all of it is gone");
    assert_eq!(mined.receipt["logs"], json!([]));
    let program = chain.deploy(&stylus_vm::code::encode(&wat::parse_str(echo()).unwrap()));
    let input = [&hex!("58c780c2")[..], program.into_word().as_slice()].concat();
    let request = json!([{ "from": DEV, "to": ARB_WASM, "input": hex::encode_prefixed(input), "value": "0xde0b6b3a7640000" }, "latest"]);
    let error = chain.ask("eth_call", request).unwrap_err();
    assert_eq!((&*error.message, error.data), ("out of gas", None::<Value>));

    // An owner lifts it.
    assert!(
        own(&chain, "setWasmActivationGas(uint64)", &[0])
            .unwrap()
            .is_success()
    );
    assert!(activate(&chain).is_success());
}

/// From 59 on, all open programs of a transaction together hold at most the page limit, both at a start and while they run;
/// the frame that exceeds it loses all its gas.
#[test]
fn the_page_limit_holds_over_all_open_programs() {
    let two_pages = |body: &str| {
        program(body).replace(
            "(memory (export \"memory\") 1 1)",
            "(memory (export \"memory\") 2)",
        )
    };
    for (arbos, limit, starts, grows) in [
        (58, 3, true, true),
        (59, 3, false, false),
        (61, 3, false, false),
        (61, 4, true, false),
        (61, 5, true, true),
        (61, 0, true, true),
    ] {
        let chain = Chain::start(config_at(arbos));
        let caller = chain.wasm(
            &wat::parse_str(forward("call").replace(
                "(memory (export \"memory\") 1 1)",
                "(memory (export \"memory\") 2)",
            ))
            .unwrap(),
        );
        let still = chain.program(&two_pages("(i32.const 0)"));
        let growing = chain.program(&two_pages(
            "(drop (memory.grow (i32.const 1))) (i32.const 0)",
        ));
        assert!(
            own(&chain, "setWasmPageLimit(uint16)", &[limit])
                .unwrap()
                .is_success()
        );
        for (callee, works) in [(still, starts), (growing, grows)] {
            let data = hex::encode_prefixed(path(&[callee], &[]));
            let mined = chain.send(json!({ "to": caller, "data": data, "gas": "0x1e8480" }));
            assert_eq!(mined.is_success(), works, "ArbOS {arbos}, limit {limit}");
            // The caller keeps a 64th, and spends some of it.
            assert_eq!(mined.gas() > 1_900_000, !works, "{}", mined.gas());
        }
        // Alone each has room.
        if limit == 3 {
            assert!(chain.call(growing, &[]).is_ok(), "ArbOS {arbos}");
        }
    }
}

/// An owner may give programs more stack than on any chain, and earlier compiled programs get it too.
#[test]
fn stack_beyond_what_chains_begin_with() {
    let chain = Chain::default();
    // Each frame takes eight words: six, a parameter's copy and a result.
    let deep = chain.program(
        &program("(drop (call $down (i32.const 5000))) (i32.const 0)").replace(
            "(func (export \"user_entrypoint\")",
            "(func $down (param $n i32) (result i32)
                (if (result i32) (local.get $n)
                    (then (i32.add (i32.const 1) (call $down (i32.sub (local.get $n) (i32.const 1)))))
                    (else (i32.const 0))))
             (func (export \"user_entrypoint\")",
        ),
    );
    for (words, works) in [(22_000, false), (300_000, true), (22_000, false)] {
        let set = own(&chain, "setWasmMaxStackDepth(uint32)", &[words]);
        assert!(set.unwrap().is_success());
        assert_eq!(chain.call(deep, &[]).is_ok(), works, "{words} words");
    }
}

/// A program can request more than 65,535 pages, but from 59 on cannot pay for them.
#[test]
fn pages_beyond_what_is_counted() {
    let pay = program("(call $pay_for_memory_grow (i32.const 65536)) (i32.const 0)");
    for (arbos, works) in [(58, true), (59, false), (61, false)] {
        let chain = Chain::start(config_at(arbos));
        let program = chain.program(&pay);
        let mined = chain.send(json!({ "to": program, "gas": "0x100000" }));
        assert_eq!(mined.is_success(), works, "ArbOS {arbos}");
        assert_eq!(mined.gas() == 0x0010_0000, !works, "ArbOS {arbos}");
    }
}

/// A chain with One's sizes: a module beyond 131,072 bytes, and one over three fragments.
#[test]
fn large_programs_of_arbos_60() {
    let nops = format!("(func {})", "nop ".repeat(35_000));
    let text = program("(i32.const 0)");
    let end = text.rfind(')').unwrap();
    let long = wat::parse_str(format!("{}{})", &text[..end], nops.repeat(4))).unwrap();
    assert!((140_000..142_000).contains(&long.len()), "{}", long.len());
    for (arbos, works) in [(59, false), (60, true), (61, true)] {
        let chain = Chain::start(config_at(arbos));
        let program = chain.deploy(&stylus_vm::code::encode(&long));
        let activated = chain.activate(program);
        assert_eq!(activated.is_ok(), works, "ArbOS {arbos}: {activated:?}");
    }

    // Bytes that do not compress.
    let noise: String = (0..60_000_u32 / 32)
        .flat_map(|block| keccak256(block.to_be_bytes()).0)
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let wide = wat::parse_str(format!(
        "{} (data (i32.const 2048) \"{noise}\"))",
        &text[..end]
    ))
    .unwrap();
    let code = stylus_vm::code::encode(&wide);
    let parts = stylus_vm::code::split(&code, 24_576).unwrap();
    assert_eq!(parts.len(), 3);
    for (arbos, works) in [(60, true), (61, true)] {
        let chain = Chain::start(config_at(arbos));
        let addresses: Vec<Address> = parts.iter().map(|part| chain.deploy(part)).collect();
        let root = chain.deploy(&stylus_vm::code::root(wide.len() as u32, &addresses));
        assert_eq!(chain.activate(root).is_ok(), works, "ArbOS {arbos}");
        assert_eq!(chain.call(root, &[]).is_ok(), works, "ArbOS {arbos}");
    }
}

/// The limit of a module's size is for activations alone: an owner may lower it under a program that was never called, and raise it beyond
/// what any chain has.
#[test]
fn another_limit_of_sizes_is_for_activations() {
    let chain = Chain::default();
    let limit = |bytes| {
        let set = own(&chain, "setWasmMaxSize(uint32)", &[bytes]);
        assert!(set.unwrap().is_success());
    };
    let text = program("(i32.const 0)");
    let nops = format!("(func {})", "nop ".repeat(35_000));
    let end = text.rfind(')').unwrap();
    let long = wat::parse_str(format!("{}{})", &text[..end], nops.repeat(9))).unwrap();
    assert!(long.len() > 300_000);
    let early = chain.program(&text);
    limit(20);
    assert!(chain.call(early, &[]).is_ok());
    let late = chain.deploy(&stylus_vm::code::encode(&long));
    assert!(chain.activate(late).is_err());
    limit(400_000);
    chain.activate(late).unwrap();
    limit(20);
    assert!(chain.call(late, &[]).is_ok());
}
