//! Tables that anybody may write, retryables, and precompiles for tests.
//!
//! Lives here: ArbAddressTable, ArbAggregator, ArbFunctionTable, ArbStatistics, ArbRetryableTx, ArbDebug, ArbosTest.

use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use serde_json::json;

use crate::precompiles::{
    ARB_DEBUG, act, data, data_and_bytes, gas_of_failure, refusal, strangers_refusal, word, words,
};
use crate::support::{Chain, DEV, START, intrinsic};

const ADDRESS_TABLE: Address = address!("0x0000000000000000000000000000000000000066");
const FUNCTION_TABLE: Address = address!("0x0000000000000000000000000000000000000068");
const ARBOS_TEST: Address = address!("0x0000000000000000000000000000000000000069");
const AGGREGATOR: Address = address!("0x000000000000000000000000000000000000006d");
const RETRYABLE: Address = address!("0x000000000000000000000000000000000000006e");
const STATISTICS: Address = address!("0x000000000000000000000000000000000000006f");
pub(super) const ARBOS_STATE: Address = address!("0xA4B05FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
const SEQUENCER: Address = address!("0xA4B000000000000000000073657175656e636572");
const WEEK: u64 = 7 * 24 * 60 * 60;

/// The slot of a word of the ArbOS state, by Nitro's definition: the path of its spaces, and its offset there.
pub(super) fn slot(path: &[&[u8]], offset: u8) -> B256 {
    let mut key = Vec::new();
    for name in path {
        key = keccak256([&key[..], name].concat()).to_vec();
    }
    key.extend([0; 31]);
    let mut slot = keccak256(key);
    slot[31] = offset;
    slot
}

#[test]
fn the_address_table() {
    let chain = Chain::default();
    let who = |byte: u8| Address::repeat_byte(byte);
    let ask =
        |signature: &str, argument: U256| chain.word(ADDRESS_TABLE, &data(signature, &[argument]));
    let size = || chain.word(ADDRESS_TABLE, &data("size()", &[]));
    let compress = |address: Address| {
        let output = chain
            .call(ADDRESS_TABLE, &data("compress(address)", &[word(address)]))
            .unwrap();
        let len = words(&output)[1].to::<usize>();
        output[64..][..len].to_vec()
    };
    let decompress = |short: &[u8], offset: u64| {
        let mut call = data(
            "decompress(bytes,uint256)",
            &[U256::from(64), U256::from(offset), U256::from(short.len())],
        );
        call.extend(short);
        call.resize(4 + 96 + 32 * short.len().div_ceil(32), 0);
        chain.call(ADDRESS_TABLE, &call)
    };
    assert_eq!(size(), U256::ZERO);
    for (index, byte) in (0_u64..).zip(1..=130) {
        assert_eq!(ask("addressExists(address)", word(who(byte))), U256::ZERO);
        // The full form has 21 bytes.
        assert_eq!(
            compress(who(byte)),
            [&[0x94][..], who(byte).as_slice()].concat()
        );
        let register = data("register(address)", &[word(who(byte))]);
        assert_eq!(chain.word(ADDRESS_TABLE, &register), U256::from(index));
        act(&chain, ADDRESS_TABLE, &register);
        // Registering it again returns the same number.
        act(&chain, ADDRESS_TABLE, &register);
        assert_eq!(size(), U256::from(index + 1));
        assert_eq!(ask("addressExists(address)", word(who(byte))), U256::ONE);
        assert_eq!(ask("lookup(address)", word(who(byte))), U256::from(index));
        assert_eq!(
            ask("lookupIndex(uint256)", U256::from(index)),
            word(who(byte))
        );
        // RLP: one byte up to 127, and prefixed by its length from there on; 0 is the empty string.
        let short = match index {
            0 => vec![0x80],
            1..0x80 => vec![index as u8],
            _ => vec![0x81, index as u8],
        };
        assert_eq!(compress(who(byte)), short);
        let read = U256::from(short.len());
        assert_eq!(
            words(&decompress(&short, 0).unwrap()),
            [word(who(byte)), read]
        );
    }
    let stranger = who(0xee);
    let full = compress(stranger);
    let shifted = [&[1, 2][..], &full].concat();
    assert_eq!(
        words(&decompress(&shifted, 2).unwrap()),
        [word(stranger), U256::from(21)]
    );
    let check = |call: &[u8], part: &str| {
        let message = refusal(&chain, ADDRESS_TABLE, call).message;
        assert!(message.contains(part), "{message}");
    };
    check(
        &data("lookup(address)", &[word(stranger)]),
        "does not exist in AddressTable",
    );
    check(
        &data("lookupIndex(uint256)", &[U256::from(130)]),
        "index 130 does not exist",
    );
    check(
        &data("lookupIndex(uint256)", &[U256::MAX]),
        "does not exist in AddressTable",
    );
    let message = decompress(&[0x81, 0xf0], 0).unwrap_err().message;
    assert!(message.contains("no address 240"), "{message}");
    let message = decompress(&[1], 2).unwrap_err().message;
    assert!(message.contains("beyond the 1 bytes"), "{message}");
    assert!(decompress(&[0xc0], 0).is_err() && decompress(&[], 0).is_err());
}

#[test]
fn batch_posters() {
    let chain = Chain::default();
    let all = || {
        words(
            &chain
                .call(AGGREGATOR, &data("getBatchPosters()", &[]))
                .unwrap(),
        )[2..]
            .to_vec()
    };
    assert_eq!(all(), [word(SEQUENCER)]);
    let poster = Address::repeat_byte(5);
    act(
        &chain,
        AGGREGATOR,
        &data("addBatchPoster(address)", &[word(poster)]),
    );
    act(
        &chain,
        AGGREGATOR,
        &data("addBatchPoster(address)", &[word(poster)]),
    );
    assert_eq!(all(), [word(SEQUENCER), word(poster)]);
    let collector = || {
        chain.word(
            AGGREGATOR,
            &data("getFeeCollector(address)", &[word(poster)]),
        )
    };
    assert_eq!(collector(), word(poster));
    let set = data(
        "setFeeCollector(address,address)",
        &[word(poster), word(DEV)],
    );
    act(&chain, AGGREGATOR, &set);
    assert_eq!(collector(), word(DEV));
    // Neither the poster, nor its fee collector, nor an owner.
    let check = |call: &[u8], part: &str| {
        let message = strangers_refusal(&chain, AGGREGATOR, call).message;
        assert!(message.contains(part), "{message}");
    };
    let add = data("addBatchPoster(address)", &[U256::ONE]);
    check(&add, "must be called by chain owner");
    check(&set, "may change its fee collector");
    let unknown = data("getFeeCollector(address)", &[U256::ONE]);
    check(&unknown, "is not a batch poster");
}

#[test]
fn what_was_before_nitro() {
    let chain = Chain::default();
    act(
        &chain,
        FUNCTION_TABLE,
        &data_and_bytes("upload(bytes)", &[], b"functions"),
    );
    let size = chain.word(FUNCTION_TABLE, &data("size(address)", &[word(DEV)]));
    assert_eq!(size, U256::ZERO);
    let error = refusal(
        &chain,
        FUNCTION_TABLE,
        &data("get(address,uint256)", &[word(DEV), U256::ZERO]),
    );
    assert_eq!(error.message, "execution reverted: table is empty");
    let mut expected = [U256::ZERO; 6];
    expected[0] = U256::ONE;
    let stats = words(&chain.call(STATISTICS, &data("getStats()", &[])).unwrap());
    assert_eq!(stats, expected);
}

#[test]
fn retryables_that_a_test_has_written() {
    let chain = Chain::default();
    let id = B256::repeat_byte(9);
    let ask = |signature: &str| data(signature, &[id.into()]);
    let write = |offset: u8, value: U256| {
        let slot = slot(&[&[2], id.as_slice()], offset);
        chain.rpc(
            "anvil_setStorageAt",
            json!([ARBOS_STATE, slot, B256::from(value)]),
        );
    };
    let missing = "execution reverted: error NoTicketWithID()";
    for signature in [
        "getTimeout(bytes32)",
        "getBeneficiary(bytes32)",
        "keepalive(bytes32)",
        "cancel(bytes32)",
        "redeem(bytes32)",
    ] {
        assert_eq!(
            refusal(&chain, RETRYABLE, &ask(signature)).message,
            missing,
            "{signature}"
        );
    }
    let end = START + 1_000;
    write(4, word(DEV));
    write(5, U256::from(end));
    assert_eq!(
        chain.word(RETRYABLE, &ask("getTimeout(bytes32)")),
        U256::from(end)
    );
    assert_eq!(
        chain.word(RETRYABLE, &ask("getBeneficiary(bytes32)")),
        word(DEV)
    );
    assert_eq!(
        chain.word(RETRYABLE, &data("getLifetime()", &[])),
        U256::from(WEEK)
    );
    let error = refusal(&chain, RETRYABLE, &ask("redeem(bytes32)"));
    assert!(
        error
            .message
            .contains("ArbRetryableTx.redeem is not available on this devnet"),
        "{}",
        error.message
    );
    // A week more, once.
    let mined = act(&chain, RETRYABLE, &ask("keepalive(bytes32)"));
    let log = &mined.receipt["logs"][0];
    assert_eq!(
        log["topics"][0],
        json!(keccak256("LifetimeExtended(bytes32,uint256)"))
    );
    assert_eq!(log["topics"][1], json!(id));
    assert_eq!(log["data"], json!(B256::from(U256::from(end + WEEK))));
    assert_eq!(
        chain.word(RETRYABLE, &ask("getTimeout(bytes32)")),
        U256::from(end + WEEK)
    );
    let error = refusal(&chain, RETRYABLE, &ask("keepalive(bytes32)"));
    assert!(
        error.message.contains("too far into the future"),
        "{}",
        error.message
    );
    // Only its beneficiary may cancel it.
    let error = chain.call(RETRYABLE, &ask("cancel(bytes32)")).unwrap_err();
    assert!(
        error.message.contains("only the beneficiary"),
        "{}",
        error.message
    );
    let escrow = Address::from_word(keccak256(
        [&b"retryable escrow"[..], id.as_slice()].concat(),
    ));
    chain.rpc("anvil_setBalance", json!([escrow, "0x5"]));
    let mined = act(&chain, RETRYABLE, &ask("cancel(bytes32)"));
    assert_eq!(
        mined.receipt["logs"][0]["topics"][0],
        json!(keccak256("Canceled(bytes32)"))
    );
    assert_eq!(
        chain.rpc("eth_getBalance", json!([escrow, "latest"])),
        json!("0x0")
    );
    assert_eq!(
        refusal(&chain, RETRYABLE, &ask("getTimeout(bytes32)")).message,
        missing
    );
    let submit = "submitRetryable(bytes32,uint256,uint256,uint256,uint256,uint64,uint256,address,address,address,bytes)";
    let error = refusal(&chain, RETRYABLE, &data(submit, &[U256::ZERO; 12]));
    assert_eq!(error.message, "execution reverted: error NotCallable()");
}

#[test]
fn what_is_there_for_tests() {
    let chain = Chain::default();
    let value = B256::repeat_byte(3);
    let call = data("events(bool,bytes32)", &[U256::ONE, value.into()]);
    let mined =
        chain.send(json!({ "to": ARB_DEBUG, "data": hex::encode_prefixed(call), "value": "0x7" }));
    let logs = mined.receipt["logs"].as_array().unwrap();
    let [basic, mixed] = &logs[..] else {
        panic!("{logs:?}")
    };
    assert_eq!(
        basic["topics"],
        json!([keccak256("Basic(bool,bytes32)"), value])
    );
    assert_eq!(basic["data"], json!(B256::ZERO));
    let flag = B256::with_last_byte(1);
    let topics = json!([
        keccak256("Mixed(bool,bool,bytes32,address,address)"),
        flag,
        value,
        DEV.into_word()
    ]);
    assert_eq!(mixed["topics"], topics);
    let error = refusal(&chain, ARB_DEBUG, &data("eventsView()", &[]));
    assert!(
        error.message.contains("is a view and may not log"),
        "{}",
        error.message
    );
    let error = refusal(
        &chain,
        ARB_DEBUG,
        &data("customRevert(uint64)", &[U256::from(5)]),
    );
    assert!(
        error
            .message
            .starts_with("execution reverted: error Custom(5, "),
        "{}",
        error.message
    );
    let error = refusal(&chain, ARB_DEBUG, &data("legacyError()", &[]));
    assert_eq!(error.message, "execution reverted: example legacy error");
    let stranger = Address::repeat_byte(0x31);
    let code = data_and_bytes(
        "overwriteContractCode(address,bytes)",
        &[word(stranger)],
        &hex!("6001"),
    );
    act(&chain, ARB_DEBUG, &code);
    assert_eq!(
        chain.rpc("eth_getCode", json!([stranger, "latest"])),
        json!("0x6001")
    );
    // It burns what is left, which is not a failure.
    let burn = data("burnArbGas(uint256)", &[U256::from(1_000)]);
    let gas = |gas: u64| {
        let mined = chain.send(json!({ "to": ARBOS_TEST, "data": hex::encode_prefixed(&burn), "gas": U256::from(intrinsic(&burn) + gas) }));
        assert!(mined.is_success());
        mined.gas() - intrinsic(&burn)
    };
    assert_eq!([gas(5_000), gas(500)], [1_003, 500]);
    let error = refusal(
        &chain,
        ARBOS_TEST,
        &data("burnArbGas(uint256)", &[U256::MAX]),
    );
    assert!(
        error.message.contains("is not a uint64"),
        "{}",
        error.message
    );
    // Nobody but ArbOS may call its own interface.
    let acts = address!("0x00000000000000000000000000000000000A4B05");
    let call = data("startBlock(uint256,uint64,uint64,uint64)", &[U256::ZERO; 4]);
    assert_eq!(
        refusal(&chain, acts, &call).message,
        "execution reverted: error CallerNotArbOS()"
    );
    assert!(gas_of_failure(&chain, acts, &call, 100_000) < 1_000);
}
