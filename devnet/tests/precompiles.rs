//! Arbitrum's precompiles and the contracts of a new chain.
//!
//! Lives here: activation, the cache, a transaction's context. One file each for: which functions exist (`interfaces`), what they
//! cost (`gas`), what owners may do (`owners`, `prices`, `features`), messages to L1 (`sends`), tables and retryables (`tables`).

mod features;
mod gas;
mod interfaces;
mod owners;
mod prices;
mod sends;
mod tables;

use alloy_primitives::{Address, U256, address, hex, keccak256};
use serde_json::json;

use crate::contracts::echo;
use crate::support::{
    ARB_OWNER, ARB_WASM, Chain, DEV, Mined, Refusal, config, config_at, intrinsic, quantity,
};
use stylus_devnet::Config;

const ARB_SYS: Address = address!("0x0000000000000000000000000000000000000064");
const OWNER_PUBLIC: Address = address!("0x000000000000000000000000000000000000006b");
const ARB_DEBUG: Address = address!("0x00000000000000000000000000000000000000ff");
const DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");
const MANAGER: Address = address!("0x5374796C757300000000000000000000CAC4E000");

/// A call's data: a function and words.
fn data(signature: &str, words: &[U256]) -> Vec<u8> {
    let mut data = keccak256(signature)[..4].to_vec();
    words
        .iter()
        .for_each(|word| data.extend(word.to_be_bytes::<32>()));
    data
}

/// The same with bytes as the last argument.
fn data_and_bytes(signature: &str, words: &[U256], bytes: &[u8]) -> Vec<u8> {
    let head = 32 * (words.len() + 1);
    let mut words = words.to_vec();
    words.extend([U256::from(head), U256::from(bytes.len())]);
    let mut data = data(signature, &words);
    data.extend(bytes);
    data.resize(4 + head + 32 + bytes.len().div_ceil(32) * 32, 0);
    data
}

fn word(address: Address) -> U256 {
    address.into_word().into()
}

/// The words of a result.
fn words(output: &[u8]) -> Vec<U256> {
    output.chunks(32).map(U256::from_be_slice).collect()
}

/// Sends a call of a precompile from the dev account, which owns the chain. It must succeed.
fn act(chain: &Chain, to: Address, call: &[u8]) -> Mined {
    let mined = chain.send(json!({ "to": to, "data": hex::encode_prefixed(call) }));
    assert!(mined.is_success(), "{:?}", mined.receipt);
    mined
}

/// Why a call of the dev account fails.
fn refusal(chain: &Chain, to: Address, call: &[u8]) -> Refusal {
    let request = json!([{ "from": DEV, "to": to, "data": hex::encode_prefixed(call) }, "latest"]);
    chain.ask("eth_call", request).unwrap_err()
}

/// Why a call from an account without any rights fails.
fn strangers_refusal(chain: &Chain, to: Address, call: &[u8]) -> Refusal {
    let from = Address::repeat_byte(0x99);
    let request = json!([{ "from": from, "to": to, "data": hex::encode_prefixed(call) }, "latest"]);
    chain.ask("eth_call", request).unwrap_err()
}

/// Sends a call with an explicit gas limit, so that it is mined although it fails, and returns the gas used inside the precompile.
fn gas_of_failure(chain: &Chain, to: Address, call: &[u8], gas: u64) -> u64 {
    let gas = U256::from(gas);
    let mined = chain.send(json!({ "to": to, "data": hex::encode_prefixed(call), "gas": gas }));
    assert!(!mined.is_success(), "{:?}", mined.receipt);
    mined.gas() - intrinsic(call)
}

/// A contract that calls an address with its input and returns a word of the result.
fn forwarder(chain: &Chain, to: Address) -> Address {
    let code = [
        &hex!("365f5f3760205f365f5f73")[..],
        to.as_slice(),
        &hex!("5af15060205ff3"),
    ];
    chain.deploy(&code.concat())
}

#[test]
fn a_stranger_sets_nothing() {
    let chain = Chain::start(Config {
        bare: true,
        ..config_at(51)
    });
    let call = data("setL1PricePerUnit(uint256)", &[U256::ZERO]);
    let error = chain
        .try_send(json!({ "to": ARB_OWNER, "data": hex::encode_prefixed(&call) }))
        .unwrap_err();
    assert_eq!(error.code, -32_000);
    let words = "unauthorized caller to access-controlled method";
    assert!(error.message.starts_with(words), "{}", error.message);
    // All gas is lost, as on chain.
    assert_eq!(
        gas_of_failure(&chain, ARB_OWNER, &call, 2_000_000),
        2_000_000 - intrinsic(&call)
    );
    // The steps of nitro-devnode's script.
    for (to, call) in [
        (ARB_DEBUG, data("becomeChainOwner()", &[])),
        (ARB_OWNER, call),
        (
            ARB_OWNER,
            data(
                "scheduleArbOSUpgrade(uint64,uint64)",
                &[U256::from(61), U256::ZERO],
            ),
        ),
    ] {
        let mined = chain.send(json!({ "to": to, "data": hex::encode_prefixed(call) }));
        assert!(mined.is_success(), "{:?}", mined.receipt);
    }
    let output = chain
        .call(OWNER_PUBLIC, &data("getAllChainOwners()", &[]))
        .unwrap();
    let owners: Vec<Address> = output[64..]
        .chunks(32)
        .map(Address::from_slice_padded)
        .collect();
    assert_eq!(owners, [Address::ZERO, DEV]);
    // The upgrade happens in the next block.
    chain.rpc("evm_mine", json!([]));
    assert_eq!(
        chain.word(ARB_SYS, &data("arbOSVersion()", &[])),
        U256::from(55 + 61)
    );
    assert_eq!(
        chain.word(OWNER_PUBLIC, &data("getMaxStylusContractFragments()", &[])),
        U256::from(4)
    );
}

/// An address from a word.
trait Padded {
    fn from_slice_padded(word: &[u8]) -> Address;
}

impl Padded for Address {
    fn from_slice_padded(word: &[u8]) -> Address {
        Address::from_slice(&word[12..])
    }
}

#[test]
fn errors_of_precompiles_in_words() {
    let chain = Chain::default();
    let program = chain.program(&echo());
    let stranger = chain.deploy(&hex!("00"));
    let check = |to: Address, call: Vec<u8>, code: i64, message: &str| {
        let error = chain.call(to, &call).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (code, message));
    };
    let active = data("activateProgram(address)", &[word(program)]);
    check(
        ARB_WASM,
        active,
        3,
        "execution reverted: error ProgramUpToDate()",
    );
    let unknown = data("codehashVersion(bytes32)", &[U256::ONE]);
    check(
        ARB_WASM,
        unknown,
        3,
        "execution reverted: error ProgramNotActivated()",
    );
    let evm = data("activateProgram(address)", &[word(stranger)]);
    check(
        ARB_WASM,
        evm,
        3,
        "execution reverted: error ProgramNotWasm()",
    );
    let hash = keccak256(
        serde_json::from_value::<alloy_primitives::Bytes>(
            chain.rpc("eth_getCode", json!([program, "latest"])),
        )
        .unwrap(),
    );
    let soon = data("codehashKeepalive(bytes32)", &[hash.into()]);
    let error = chain.call(ARB_WASM, &soon).unwrap_err();
    assert!(
        error
            .message
            .starts_with("execution reverted: error ProgramKeepaliveTooSoon("),
        "{error:?}"
    );
    let panic = data("panic()", &[]);
    check(
        ARB_DEBUG,
        panic,
        3,
        "execution reverted: ArbDebug.panic is not available on this devnet: it would halt the chain",
    );
    let error = chain.call(ARB_SYS, &hex!("12345678")).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32_000, "ArbSys has no function 0x12345678")
    );
}

/// The client learns why a module is refused and what its author can do; only if the entry point is missing may the text name the
/// host call that `cargo stylus` takes for that.
#[test]
fn a_refusal_says_what_to_change() {
    let chain = Chain::default();
    let check = |wat: &str, part: &str| {
        let program = chain.deploy(&stylus_vm::code::encode(&wat::parse_str(wat).unwrap()));
        let error = chain.activate(program).unwrap_err();
        assert_eq!(error.code, -32_000);
        assert!(
            error.message.starts_with("program activation failed: "),
            "{}",
            error.message
        );
        assert!(
            error.message.contains(part),
            "{} lacks {part:?}",
            error.message
        );
        assert!(
            !error.message.contains("pay_for_memory_grow"),
            "{}",
            error.message
        );
    };
    check("(module (memory (export \"memory\") 1 1))", "#[entrypoint]");
    check(
        "(module (memory (export \"memory\") 1) (func (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0)))",
        "nothing pays for it",
    );
    check(
        "(module (memory (export \"memory\") 1 1) (func (export \"user_entrypoint\") (param i32) (result i32)
            (drop (f32.add (f32.const 1) (f32.const 2))) (i32.const 0)))",
        "fixed point",
    );
    check(
        "(module (memory (export \"memory\") 200 200) (func (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0)))",
        "zstack-size",
    );
}

#[test]
fn an_activation_ends_and_can_be_kept_alive() {
    let chain = Chain::default();
    let program = chain.program(&echo());
    let code: alloy_primitives::Bytes =
        serde_json::from_value(chain.rpc("eth_getCode", json!([program, "latest"]))).unwrap();
    let keep = data("codehashKeepalive(bytes32)", &[keccak256(&code).into()]);
    let later = |days: u64| {
        chain.rpc("evm_increaseTime", json!([days * 86_400]));
        chain.rpc("evm_mine", json!([]));
    };
    later(40);
    let value = json!("0xde0b6b3a7640000");
    let mined =
        chain.send(json!({ "to": ARB_WASM, "data": hex::encode_prefixed(&keep), "value": value }));
    assert!(mined.is_success());
    later(360);
    assert!(chain.call(program, &[1]).is_ok());
    later(10);
    let error = chain.call(program, &[1]).unwrap_err();
    assert!(
        error.message.starts_with("program expired"),
        "{}",
        error.message
    );
    assert!(chain.activate(program).unwrap().is_success());
    assert!(chain.call(program, &[1]).is_ok());
}

#[test]
fn the_deployer_deploys_activates_and_initialises() {
    let chain = Chain::default();
    // Fails unless it receives the value that its input ends with.
    let body = "(call $value (i32.const 0)) (call $cache (i32.const 64) (i32.const 1024)) (call $flush (i32.const 0))
        (i32.load8_u (i32.const 1055)) (i32.load8_u (i32.const 31)) (i32.ne)";
    let wasm = wat::parse_str(crate::contracts::program(body)).unwrap();
    let init = stylus_vm::code::init_code(&stylus_vm::code::encode(&wasm));
    let call = |value: u64, salt: u64| {
        let init_data = U256::from(value).to_be_bytes::<32>();
        let padded = init.len().div_ceil(32) * 32;
        let mut call = data(
            "deploy(bytes,bytes,uint256,bytes32)",
            &[
                U256::from(128),
                U256::from(128 + 32 + padded),
                U256::from(9),
                U256::from(salt),
                U256::from(init.len()),
            ],
        );
        call.extend(&init);
        call.resize(4 + 128 + 32 + padded, 0);
        call.extend(U256::from(32).to_be_bytes::<32>());
        call.extend(init_data);
        json!({ "to": DEPLOYER, "data": hex::encode_prefixed(call), "value": "0xde0b6b3a7640000" })
    };
    for salt in [0, 1] {
        let mined = chain.send(call(9, salt));
        assert!(mined.is_success(), "{:?}", mined.receipt);
        let logs = mined.receipt["logs"].as_array().unwrap();
        let deployed = logs.last().unwrap();
        assert_eq!(
            deployed["topics"][0],
            "0x8ffcdc15a283d706d38281f500270d8b5a656918f555de0913d7455e3e6bc1bf"
        );
        let bytes: alloy_primitives::Bytes =
            serde_json::from_value(deployed["data"].clone()).unwrap();
        let program = Address::from_slice(&bytes[12..]);
        assert_eq!(
            chain.rpc("eth_getBalance", json!([program, "latest"])),
            json!("0x9")
        );
        let stored = chain.rpc("eth_getStorageAt", json!([program, "0x0", "latest"]));
        assert_eq!(stored, json!(alloy_primitives::B256::with_last_byte(9)));
    }
    // Nothing stays with the deployer.
    assert_eq!(
        chain.rpc("eth_getBalance", json!([DEPLOYER, "latest"])),
        json!("0x0")
    );
    let error = chain.try_send(call(8, 2)).unwrap_err();
    assert!(
        error
            .data
            .unwrap()
            .as_str()
            .unwrap()
            .starts_with("0x88d8f57d"),
        "ContractInitializationError"
    );
}

#[test]
fn places_in_the_cache_go_to_those_who_pay() {
    let chain = Chain::default();
    let programs: Vec<Address> = (0..3_u8)
        .map(|n| {
            chain.program(&crate::contracts::program(&format!(
                "(drop (i32.const {n})) (i32.const 0)"
            )))
        })
        .collect();
    let size = |program: Address| {
        let code: alloy_primitives::Bytes =
            serde_json::from_value(chain.rpc("eth_getCode", json!([program, "latest"]))).unwrap();
        chain.word(
            ARB_WASM,
            &data("codehashAsmSize(bytes32)", &[keccak256(&code).into()]),
        )
    };
    // Room for two.
    let room = size(programs[0]) + size(programs[1]);
    chain.send(json!({ "to": MANAGER, "data": hex::encode_prefixed(data("setCacheSize(uint64)", &[room])) }));
    let bid = |program: Address, value: u64| {
        let call = data("placeBid(address)", &[word(program)]);
        chain.try_send(json!({ "to": MANAGER, "data": hex::encode_prefixed(call), "value": U256::from(value) }))
    };
    assert!(bid(programs[0], 5).unwrap().is_success());
    assert!(bid(programs[1], 3).unwrap().is_success());
    let selector =
        |error: crate::support::Refusal| error.data.unwrap().as_str().unwrap()[..10].to_owned();
    assert_eq!(
        selector(bid(programs[0], 9).unwrap_err()),
        "0xc7e2d8e5",
        "AlreadyCached"
    );
    assert_eq!(
        selector(bid(programs[2], 2).unwrap_err()),
        "0xdf370e48",
        "BidTooSmall"
    );
    let least = chain.word(MANAGER, &data("getMinBid(address)", &[word(programs[2])]));
    assert_eq!(least, U256::from(3));
    assert!(bid(programs[2], 4).unwrap().is_success());
    let gas = |program: Address| chain.send(json!({ "to": program })).gas();
    // The first is still cached, the second was evicted.
    assert!(gas(programs[0]) < 23_000 && gas(programs[1]) > 29_000 && gas(programs[2]) < 23_000);
    // The lowest bids are told, give way to whoever pays for space, and to an owner.
    let smallest = |k: u64| {
        let call = data("getSmallestEntries(uint256)", &[U256::from(k)]);
        let call = json!([{ "to": MANAGER, "data": hex::encode_prefixed(call) }]);
        let entries: alloy_primitives::Bytes =
            serde_json::from_value(chain.rpc("eth_call", call)).unwrap();
        let words = entries[64..].chunks(96);
        words
            .map(|entry| U256::from_be_slice(&entry[64..]))
            .collect::<Vec<_>>()
    };
    let change = |function: &str, arguments: &[U256], value: u64| {
        let call = data(function, arguments);
        chain.try_send(json!({ "to": MANAGER, "data": hex::encode_prefixed(call), "value": U256::from(value) }))
    };
    let bids = |of: &[u64]| of.iter().map(|bid| U256::from(*bid)).collect::<Vec<_>>();
    assert_eq!((smallest(1), smallest(9)), (bids(&[4]), bids(&[4, 5])));
    for (space, value, refusal) in [
        (room, 4, "0xdf370e48"),
        (U256::from(6 << 20), 9, "0xe6b801f3"),
    ] {
        let refused = change("makeSpace(uint64)", &[space], value).unwrap_err();
        assert_eq!(selector(refused), refusal);
    }
    assert!(
        change("makeSpace(uint64)", &[U256::ONE], 4)
            .unwrap()
            .is_success()
    );
    assert_eq!(smallest(9), bids(&[5]));
    assert!(bid(programs[2], 4).unwrap().is_success());
    assert!(
        change("evictPrograms(uint256)", &[U256::ONE], 0)
            .unwrap()
            .is_success()
    );
    assert_eq!(smallest(9), bids(&[5]));
    assert!(change("evictAll()", &[], 0).unwrap().is_success());
    assert!(smallest(9).is_empty() && gas(programs[0]) > 29_000);
    chain.send(json!({ "to": MANAGER, "data": hex::encode_prefixed(data("setPaused(bool)", &[U256::ONE])) }));
    assert_eq!(
        selector(bid(programs[1], 9).unwrap_err()),
        "0x8f55c96c",
        "BidsArePaused"
    );
}

#[test]
fn a_program_over_several_accounts() {
    let check = |arbos: u16, works: bool| {
        let chain = Chain::start(config_at(arbos));
        let wasm = wat::parse_str(echo()).unwrap();
        let code = stylus_vm::code::encode(&wasm);
        let (first, second) = code[4..].split_at(code.len() / 2);
        let fragment = |part: &[u8]| {
            let code = [&hex!("eff001")[..], part].concat();
            let mined = chain
                .send(json!({ "data": hex::encode_prefixed(stylus_vm::code::init_code(&code)), "gas": "0x200000" }));
            (mined.is_success(), mined.contract())
        };
        let (fragments, addresses): (Vec<bool>, Vec<Address>) =
            [first, second].into_iter().map(fragment).unzip();
        assert_eq!(fragments, [works, works], "ArbOS {arbos}");
        if works {
            let size = u32::try_from(wasm.len()).unwrap().to_be_bytes();
            let root = [
                &hex!("eff00200")[..],
                &size,
                addresses[0].as_slice(),
                addresses[1].as_slice(),
            ]
            .concat();
            let root = chain.deploy(&root);
            assert!(chain.activate(root).unwrap().is_success());
            assert_eq!(&chain.call(root, b"whole").unwrap()[..], &b"whole"[..]);
        }
    };
    check(60, true);
    check(51, false);
}

#[test]
fn where_a_transaction_is() {
    let chain = Chain::start(config());
    chain.rpc("anvil_mine", json!(["0x5"]));
    assert_eq!(
        chain.word(ARB_SYS, &data("arbBlockNumber()", &[])),
        U256::from(5)
    );
    assert_eq!(
        chain.word(ARB_SYS, &data("arbChainID()", &[])),
        U256::from(412_346)
    );
    let block = chain.rpc("eth_getBlockByNumber", json!(["0x3", false]));
    let hash = chain.word(ARB_SYS, &data("arbBlockHash(uint256)", &[U256::from(3)]));
    assert_eq!(block["hash"], json!(alloy_primitives::B256::from(hash)));
    assert_eq!(quantity(&block["l1BlockNumber"]), 3);
}

#[test]
fn estimates_by_components() {
    let chain = Chain::default();
    let node = address!("0x00000000000000000000000000000000000000c8");
    let mut call = data(
        "gasEstimateComponents(address,bool,bytes)",
        &[word(DEPLOYER), U256::ZERO, U256::from(96), U256::ZERO],
    );
    // A transfer to an arbitrary address.
    call[16..36].copy_from_slice(Address::repeat_byte(0xaa).as_slice());
    let components = || {
        let output = chain.call(node, &call).unwrap();
        let words: Vec<u64> = output
            .chunks(32)
            .map(|word| U256::from_be_slice(word).to())
            .collect();
        words
    };
    assert_eq!(components(), [21_000, 0, 100_000_000, 0]);
    let price = data("setL1PricePerUnit(uint256)", &[U256::from(1_000_000_000)]);
    chain.send(json!({ "to": ARB_OWNER, "data": hex::encode_prefixed(price) }));
    let with_l1 = components();
    assert!(with_l1[1] > 0, "{with_l1:?}");
    assert_eq!(with_l1[0], 21_000 + with_l1[1]);
    // On chain that address is empty.
    let mined =
        chain.send(json!({ "to": node, "data": hex::encode_prefixed(&call), "gas": "0x100000" }));
    assert!(mined.is_success() && mined.receipt["logs"] == json!([]));
}
