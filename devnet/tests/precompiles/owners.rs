//! What owners set for programs, and answers about lists of any claimed length.
//!
//! Lives here: Stylus parameters, owners and cache managers, refusals. Not here: prices (`prices`), further features
//! (`features`).

use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use serde_json::{Value, json};
use stylus_devnet::Config;

use crate::precompiles::tables::{ARBOS_STATE, slot};
use crate::precompiles::{
    ARB_DEBUG, OWNER_PUBLIC, act, data, data_and_bytes, refusal, word, words,
};
use crate::support::{ARB_OWNER, ARB_WASM, ARB_WASM_CACHE, Chain, DEV, START, config, config_at};

const GAS_INFO: Address = address!("0x000000000000000000000000000000000000006c");

#[test]
fn settings_that_owners_make() {
    let chain = Chain::default();
    for (setter, words, getter, expected) in [
        (
            "setInkPrice(uint32)",
            vec![20_000],
            "inkPrice()",
            vec![20_000],
        ),
        (
            "setWasmMaxStackDepth(uint32)",
            vec![1_000],
            "maxStackDepth()",
            vec![1_000],
        ),
        (
            "setWasmMaxStackDepth(uint32)",
            vec![300_000],
            "maxStackDepth()",
            vec![300_000],
        ),
        ("setWasmFreePages(uint16)", vec![5], "freePages()", vec![5]),
        ("setWasmPageGas(uint16)", vec![7], "pageGas()", vec![7]),
        (
            "setWasmPageLimit(uint16)",
            vec![99],
            "pageLimit()",
            vec![99],
        ),
        (
            "setWasmMinInitGas(uint8,uint16)",
            vec![129, 33],
            "minInitGas()",
            vec![256, 64],
        ),
        (
            "setWasmInitCostScalar(uint64)",
            vec![75],
            "initCostScalar()",
            vec![76],
        ),
        (
            "setWasmExpiryDays(uint16)",
            vec![9],
            "expiryDays()",
            vec![9],
        ),
        (
            "setWasmKeepaliveDays(uint16)",
            vec![3],
            "keepaliveDays()",
            vec![3],
        ),
        (
            "setWasmBlockCacheSize(uint16)",
            vec![4],
            "blockCacheSize()",
            vec![4],
        ),
        (
            "setWasmActivationGas(uint64)",
            vec![123],
            "activationGas()",
            vec![123],
        ),
    ] {
        let words: Vec<U256> = words.into_iter().map(U256::from).collect();
        let mined = chain
            .send(json!({ "to": ARB_OWNER, "data": hex::encode_prefixed(data(setter, &words)) }));
        assert!(mined.is_success(), "{setter}");
        let output = chain.call(ARB_WASM, &data(getter, &[])).unwrap();
        let got: Vec<u64> = output
            .chunks(32)
            .map(|word| U256::from_be_slice(word).to())
            .collect();
        assert_eq!(got, expected, "{getter} after {setter}");
    }
    let topic = mined_topic(&chain);
    assert_eq!(
        topic,
        json!("0x3c9e6a772755407311e3b35b3ee56799df8f87395941b3a658eee9e08a67ebda")
    );
}

/// The event that every act of an owner emits.
fn mined_topic(chain: &Chain) -> Value {
    let call = data("setWasmPageGas(uint16)", &[U256::from(1)]);
    let mined = chain.send(json!({ "to": ARB_OWNER, "data": hex::encode_prefixed(call) }));
    mined.receipt["logs"][0]["topics"][0].clone()
}

/// A contract that is an owner: it sets a parameter and reads it back in one call.
fn setter_and_getter(chain: &Chain) -> Address {
    let owner = chain.deploy(&hex!(
        "60245f5f37" // the setter and its argument
        "5f5f60245f5f60705af150"
        "600460245f37" // the getter
        "60205f60045f5f60715af150"
        "60205ff3"
    ));
    act(
        chain,
        ARB_OWNER,
        &data("addChainOwner(address)", &[word(owner)]),
    );
    owner
}

/// A call or an estimate cannot change a parameter; only blocks can. The additional gas of an activation is not a parameter, and
/// does change within the call.
#[test]
fn parameters_that_a_call_sets_are_not_kept() {
    let chain = Chain::default();
    let owner = setter_and_getter(&chain);
    let input = |setter: &str, value: u64, getter: &str| {
        [data(setter, &[U256::from(value)]), data(getter, &[])].concat()
    };
    let check = |setter: &str, getter: &str, new: u64, kept: bool| {
        let old = chain.word(ARB_WASM, &data(getter, &[]));
        assert_ne!(old, U256::from(new));
        let input = input(setter, new, getter);
        let within = if kept { U256::from(new) } else { old };
        assert_eq!(chain.word(owner, &input), within, "{getter} in a call");
        assert_eq!(
            chain.word(ARB_WASM, &data(getter, &[])),
            old,
            "{getter} after the call"
        );
        act(&chain, owner, &input);
        assert_eq!(
            chain.word(ARB_WASM, &data(getter, &[])),
            U256::from(new),
            "{getter} after a block"
        );
    };
    check("setInkPrice(uint32)", "inkPrice()", 20_000, false);
    check("setWasmMaxStackDepth(uint32)", "maxStackDepth()", 77, false);
    check("setWasmPageGas(uint16)", "pageGas()", 5, false);
    check("setWasmExpiryDays(uint16)", "expiryDays()", 9, false);
    check("setWasmActivationGas(uint64)", "activationGas()", 55, true);
}

/// An impossible setting is refused in a sentence, and changes nothing.
#[test]
fn what_owners_cannot_set() {
    let chain = Chain::default();
    let getters = [
        (ARB_WASM, "inkPrice()"),
        (ARB_WASM, "pageGas()"),
        (ARB_WASM, "maxStackDepth()"),
        (GAS_INFO, "getGasAccountingParams()"),
        (GAS_INFO, "getPricingInertia()"),
        (GAS_INFO, "getMinimumGasPrice()"),
        (GAS_INFO, "getGasPricingConstraints()"),
        (GAS_INFO, "getMultiGasPricingConstraints()"),
        (OWNER_PUBLIC, "getBrotliCompressionLevel()"),
        (OWNER_PUBLIC, "getAllChainOwners()"),
        (OWNER_PUBLIC, "getAllNativeTokenOwners()"),
        (OWNER_PUBLIC, "getNativeTokenManagementFrom()"),
        (OWNER_PUBLIC, "getTransactionFilteringFrom()"),
        (OWNER_PUBLIC, "getScheduledUpgrade()"),
    ];
    let state = || getters.map(|(to, getter)| chain.call(to, &data(getter, &[])).unwrap());
    let before = state();
    let check = |signature: &str, arguments: &[u64], part: &str| {
        let arguments: Vec<U256> = arguments.iter().map(|word| U256::from(*word)).collect();
        let call = data(signature, &arguments);
        let message = refusal(&chain, ARB_OWNER, &call).message;
        assert!(message.contains(part), "{signature}: {message}");
        crate::precompiles::gas_of_failure(&chain, ARB_OWNER, &call, 100_000);
        assert_eq!(state(), before, "after {signature}");
    };
    let now = START + 2;
    check(
        "setInkPrice(uint32)",
        &[0],
        "ink price must be a positive uint24",
    );
    check(
        "setInkPrice(uint32)",
        &[1 << 24],
        "ink price must be a positive uint24, and 16777216 is not one",
    );
    check(
        "setInkPrice(uint32)",
        &[1 << 32],
        "ArbOwner.setInkPrice was called with arguments that are not of its types",
    );
    check(
        "setWasmPageGas(uint16)",
        &[65_536],
        "not of its types: setWasmPageGas(uint16)",
    );
    check("setWasmMaxStackDepth(uint32)", &[], "not of its types");
    check("setSpeedLimit(uint64)", &[0], "speed limit must be nonzero");
    check(
        "setL2GasPricingInertia(uint64)",
        &[0],
        "price inertia must be nonzero",
    );
    check(
        "setBrotliCompressionLevel(uint64)",
        &[12],
        "invalid brotli compression level",
    );
    check(
        "removeChainOwner(address)",
        &[5],
        "tried to remove non-owner",
    );
    check(
        "removeNativeTokenOwner(address)",
        &[5],
        "tried to remove non native token owner",
    );
    check(
        "removeTransactionFilterer(address)",
        &[5],
        "tried to remove non existing transaction filterer",
    );
    check(
        "removeWasmCacheManager(address)",
        &[5],
        "tried to remove non-manager",
    );
    check(
        "addNativeTokenOwner(address)",
        &[5],
        "native token feature is not enabled yet",
    );
    check(
        "addTransactionFilterer(address)",
        &[5],
        "transaction filtering feature is not enabled yet",
    );
    check(
        "setNativeTokenManagementFrom(uint64)",
        &[now],
        "at least 7 days in the future",
    );
    check(
        "setTransactionFilteringFrom(uint64)",
        &[now],
        "at least 7 days in the future",
    );
    check(
        "setGasPricingConstraints(uint64[3][])",
        &[32, 1, 0, 1, 1],
        "invalid constraint with target 0",
    );
    check(
        "setGasPricingConstraints(uint64[3][])",
        &[32, 1, 1, 0, 1],
        "adjustment window 0",
    );
    let resources = &[32, 1, 32, 128, 1, 1, 1, 1, 0, 1];
    let multi = "setMultiGasPricingConstraints(((uint8,uint64)[],uint32,uint64,uint64)[])";
    check(
        multi,
        resources,
        "ArbOwner.setMultiGasPricingConstraints is not available on this devnet",
    );
    check("releaseAll()", &[], "ArbOwner has no function");
}

#[test]
fn owners_come_and_go() {
    let other = Address::repeat_byte(0x12);
    let check = |arbos: u16, events: usize| {
        let chain = Chain::start(config_at(arbos));
        let owners = || {
            words(
                &chain
                    .call(OWNER_PUBLIC, &data("getAllChainOwners()", &[]))
                    .unwrap(),
            )[2..]
                .to_vec()
        };
        let before = owners();
        let logs = |signature: &str, event: &str| {
            let mined = act(&chain, ARB_OWNER, &data(signature, &[word(other)]));
            let logs = mined.receipt["logs"].as_array().unwrap().clone();
            let acts = &logs.last().unwrap()["topics"][0];
            assert_eq!(
                *acts,
                json!("0x3c9e6a772755407311e3b35b3ee56799df8f87395941b3a658eee9e08a67ebda")
            );
            let is_it =
                |log: &&Value| log["topics"] == json!([keccak256(event), other.into_word()]);
            logs.iter().filter(is_it).count()
        };
        assert_eq!(
            logs("addChainOwner(address)", "ChainOwnerAdded(address)"),
            events
        );
        assert_eq!(owners(), [&before[..], &[word(other)]].concat());
        let is_owner = |to: Address, who: Address| {
            let call = data("isChainOwner(address)", &[word(who)]);
            let request =
                json!([{ "from": other, "to": to, "data": hex::encode_prefixed(call) }, "latest"]);
            chain.rpc("eth_call", request) == json!(B256::with_last_byte(1))
        };
        assert!(is_owner(OWNER_PUBLIC, other) && is_owner(ARB_OWNER, DEV));
        let error = refusal(
            &chain,
            OWNER_PUBLIC,
            &data("rectifyChainOwner(address)", &[word(other)]),
        );
        assert!(
            error.message.contains("correctly mapped"),
            "{}",
            error.message
        );
        assert_eq!(
            logs("removeChainOwner(address)", "ChainOwnerRemoved(address)"),
            events
        );
        assert_eq!(owners(), before);
    };
    check(59, 0);
    check(60, 1);
}

#[test]
fn managers_of_the_cache_come_and_go() {
    let chain = Chain::start(Config {
        bare: true,
        ..config()
    });
    act(&chain, ARB_DEBUG, &data("becomeChainOwner()", &[]));
    let managers = || {
        words(
            &chain
                .call(ARB_WASM_CACHE, &data("allCacheManagers()", &[]))
                .unwrap(),
        )[2..]
            .to_vec()
    };
    assert!(managers().is_empty());
    act(
        &chain,
        ARB_OWNER,
        &data("addWasmCacheManager(address)", &[word(DEV)]),
    );
    assert_eq!(managers(), [word(DEV)]);
    act(
        &chain,
        ARB_OWNER,
        &data("removeWasmCacheManager(address)", &[word(DEV)]),
    );
    assert!(managers().is_empty());
}

/// A claimed length alone costs no memory or time: members are read one by one, and paid for, or limited if they are free.
#[test]
fn a_length_that_anybody_wrote_is_not_believed() {
    // However slow the machine.
    let chain = Chain::start(Config {
        request_timeout: None,
        ..config()
    });
    let lists: [(&[&[u8]], u8, Address, &str); 8] = [
        (&[&[4]], 0, ARB_OWNER, "getAllChainOwners()"),
        (&[&[4]], 0, OWNER_PUBLIC, "getAllChainOwners()"),
        (&[&[8], &[4]], 0, ARB_WASM_CACHE, "allCacheManagers()"),
        (
            &[&[0], &[0], &[0]],
            0,
            address!("0x000000000000000000000000000000000000006d"),
            "getBatchPosters()",
        ),
        (&[&[1], &[0]], 0, GAS_INFO, "getGasPricingConstraints()"),
        (
            &[&[1], &[1]],
            0,
            GAS_INFO,
            "getMultiGasPricingConstraints()",
        ),
        (
            &[&[5]],
            0,
            address!("0x0000000000000000000000000000000000000064"),
            "sendMerkleTreeState()",
        ),
        (
            &[&[3]],
            0,
            address!("0x0000000000000000000000000000000000000066"),
            "size()",
        ),
    ];
    let counts = [1_u64 << 40, 1 << 62].into_iter().cycle();
    for ((path, offset, to, getter), count) in lists.into_iter().zip(counts) {
        let count = B256::from(U256::from(count));
        let state = json!({ ARBOS_STATE.to_string(): { "stateDiff": { slot(path, offset).to_string(): count } } });
        // The zero address may read the accumulator, and becomes an owner here.
        let owner = slot(&[&[4], &[0]], 0);
        let mut state = state;
        state[ARBOS_STATE.to_string()]["stateDiff"][owner.to_string()] =
            json!(B256::with_last_byte(1));
        let request =
            json!([{ "to": to, "data": hex::encode_prefixed(data(getter, &[])) }, "latest", state]);
        match chain.ask("eth_call", request) {
            Ok(output) => assert!(
                output.as_str().unwrap().len() <= 2 + 2 * 32 * 65_538,
                "{getter}"
            ),
            Err(error) => assert!(
                error.message.contains("out of gas"),
                "{getter}: {}",
                error.message
            ),
        }
    }
    // A configuration's first word gives its length, which is cleared when it is replaced.
    let config = slot(&[&[7]], 0);
    let state = json!({ ARBOS_STATE.to_string(): { "stateDiff": { config.to_string(): B256::from(U256::from(1_u64 << 40)) } } });
    let set = data_and_bytes("setChainConfig(string)", &[], br#"{"chainId":412346}"#);
    let request = json!([{ "from": DEV, "to": ARB_OWNER, "data": hex::encode_prefixed(set) }, "latest", state]);
    let error = chain.ask("eth_call", request).unwrap_err();
    assert!(
        error.message.contains("more than 131072 words"),
        "{}",
        error.message
    );
}
