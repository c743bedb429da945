//! Prices that owners set: getters return them, and transactions pay them.
//!
//! Lives here: L1 and L2 pricing, tips, fee accounts. Not here: Stylus parameters (`owners`).

use alloy_primitives::{Address, B256, U256, address, hex};
use serde_json::json;

use crate::precompiles::{OWNER_PUBLIC, act, data, refusal, word, words};
use crate::support::{ARB_OWNER, Chain, DEV, START, config_at, quantity};

const GAS_INFO: Address = address!("0x000000000000000000000000000000000000006c");
const L1_FUNDS: Address = address!("0xA4B00000000000000000000000000000000000f6");
const PAYEE: Address = address!("0x0000000000000000000000000000000000005a5a");
const GWEI: u64 = 1_000_000_000;

fn balance(chain: &Chain, of: Address) -> U256 {
    serde_json::from_value(chain.rpc("eth_getBalance", json!([of, "latest"]))).unwrap()
}

fn set(chain: &Chain, signature: &str, value: U256) {
    act(chain, ARB_OWNER, &data(signature, &[value]));
}

#[test]
fn getters_tell_what_owners_set() {
    let chain = Chain::start(config_at(51));
    let check = |setter: &str, value: U256, to: Address, getter: &str, expected: &[U256]| {
        set(&chain, setter, value);
        let got = words(&chain.call(to, &data(getter, &[])).unwrap());
        assert_eq!(got, expected, "{getter} after {setter}");
    };
    let one = |setter: &str, value: u64, to: Address, getter: &str| {
        check(setter, U256::from(value), to, getter, &[U256::from(value)]);
    };
    let block = U256::from(32_000_000);
    let speed = U256::from(1_000_000);
    let params = "getGasAccountingParams()";
    check(
        "setSpeedLimit(uint64)",
        speed,
        GAS_INFO,
        params,
        &[speed, block, block],
    );
    one(
        "setMaxTxGasLimit(uint64)",
        20_000_000,
        GAS_INFO,
        "getMaxTxGasLimit()",
    );
    one(
        "setMaxBlockGasLimit(uint64)",
        40_000_000,
        GAS_INFO,
        "getMaxBlockGasLimit()",
    );
    one(
        "setL2GasPricingInertia(uint64)",
        50,
        GAS_INFO,
        "getPricingInertia()",
    );
    one(
        "setL2GasBacklogTolerance(uint64)",
        5,
        GAS_INFO,
        "getGasBacklogTolerance()",
    );
    one("setGasBacklog(uint64)", 7, GAS_INFO, "getGasBacklog()");
    one(
        "setL1BaseFeeEstimateInertia(uint64)",
        11,
        GAS_INFO,
        "getL1BaseFeeEstimateInertia()",
    );
    one(
        "setL1PricingInertia(uint64)",
        12,
        GAS_INFO,
        "getL1BaseFeeEstimateInertia()",
    );
    one(
        "setL1PricingRewardRate(uint64)",
        13,
        GAS_INFO,
        "getL1RewardRate()",
    );
    one(
        "setL1PricingRewardRecipient(address)",
        14,
        GAS_INFO,
        "getL1RewardRecipient()",
    );
    one(
        "setL1PricingEquilibrationUnits(uint256)",
        15,
        GAS_INFO,
        "getL1PricingEquilibrationUnits()",
    );
    one(
        "setAmortizedCostCapBips(uint64)",
        16,
        GAS_INFO,
        "getAmortizedCostCapBips()",
    );
    one(
        "setParentGasFloorPerToken(uint64)",
        17,
        OWNER_PUBLIC,
        "getParentGasFloorPerToken()",
    );
    one(
        "setBrotliCompressionLevel(uint64)",
        5,
        OWNER_PUBLIC,
        "getBrotliCompressionLevel()",
    );
    one(
        "setInfraFeeAccount(address)",
        18,
        OWNER_PUBLIC,
        "getInfraFeeAccount()",
    );
    one(
        "setNetworkFeeAccount(address)",
        19,
        OWNER_PUBLIC,
        "getNetworkFeeAccount()",
    );
    one(
        "setCalldataPriceIncrease(bool)",
        1,
        OWNER_PUBLIC,
        "isCalldataPriceIncreaseEnabled()",
    );
    let minus = U256::MAX - U256::from(4);
    check(
        "setPerBatchGasCharge(int64)",
        minus,
        GAS_INFO,
        "getPerBatchGasCharge()",
        &[minus],
    );
    one(
        "setL1PricePerUnit(uint256)",
        20,
        GAS_INFO,
        "getL1BaseFeeEstimate()",
    );
    one(
        "setL1PricePerUnit(uint256)",
        21,
        GAS_INFO,
        "getL1GasPriceEstimate()",
    );
    let due = U256::from(START + 10_000);
    act(
        &chain,
        ARB_OWNER,
        &data(
            "scheduleArbOSUpgrade(uint64,uint64)",
            &[U256::from(60), due],
        ),
    );
    let scheduled = words(
        &chain
            .call(OWNER_PUBLIC, &data("getScheduledUpgrade()", &[]))
            .unwrap(),
    );
    assert_eq!(scheduled, [U256::from(60), due]);
    let error = refusal(
        &chain,
        ARB_OWNER,
        &data(
            "scheduleArbOSUpgrade(uint64,uint64)",
            &[U256::from(62), due],
        ),
    );
    assert!(
        error.message.contains("this devnet does not know ArbOS 62"),
        "{}",
        error.message
    );
    // From 60 on.
    let chain = Chain::default();
    let one = |setter: &str, value: u64, getter: &str| {
        set(&chain, setter, U256::from(value));
        assert_eq!(
            chain.word(OWNER_PUBLIC, &data(getter, &[])),
            U256::from(value),
            "{getter}"
        );
    };
    assert_eq!(
        chain.word(OWNER_PUBLIC, &data("getMaxStylusContractFragments()", &[])),
        U256::from(4)
    );
    one(
        "setMaxStylusContractFragments(uint8)",
        3,
        "getMaxStylusContractFragments()",
    );
    one(
        "setFilteredFundsRecipient(address)",
        22,
        "getFilteredFundsRecipient()",
    );
    one("setCollectTips(bool)", 1, "getCollectTips()");
}

/// The block after next costs at least the minimum price; the next one the price stored for it.
#[test]
fn the_base_fee_is_what_owners_set() {
    let chain = Chain::default();
    let base_fee = |number: &str| {
        quantity(&chain.rpc("eth_getBlockByNumber", json!([number, false]))["baseFeePerGas"])
    };
    let next = || {
        let price = quantity(&chain.rpc("eth_gasPrice", json!([])));
        chain.rpc("evm_mine", json!([]));
        assert_eq!(base_fee("latest"), price);
        price
    };
    let usual = base_fee("0x0");
    set(&chain, "setL2BaseFee(uint256)", U256::from(3 * usual));
    assert_eq!(base_fee("latest"), usual);
    assert_eq!([next(), next()], [3 * usual, usual]);
    set(
        &chain,
        "setMinimumL2BaseFee(uint256)",
        U256::from(2 * usual),
    );
    assert_eq!([next(), next(), next()], [usual, 2 * usual, 2 * usual]);
    // Transactions pay it.
    let before = balance(&chain, DEV);
    let mined = chain.send(json!({ "to": PAYEE }));
    assert_eq!(quantity(&mined.receipt["effectiveGasPrice"]), 2 * usual);
    assert_eq!(
        before - balance(&chain, DEV),
        U256::from(mined.gas() * 2 * usual)
    );
    set(&chain, "setMinimumL2BaseFee(uint256)", U256::from(usual));
    // A backlog raises the price until it is gone: 7,000,000 gas per second, of which 10 seconds do not count.
    set(
        &chain,
        "setGasBacklog(uint64)",
        U256::from(7_000_000 * (10 + 102 + 2)),
    );
    next();
    let dear = next();
    assert!(dear > 2 * usual && dear < 3 * usual, "e-fold: {dear}");
    chain.rpc("evm_increaseTime", json!([1_000]));
    next();
    assert_eq!(next(), usual);
    assert_eq!(
        chain.word(GAS_INFO, &data("getGasBacklog()", &[])),
        U256::ZERO
    );
    // Several target speeds at once.
    let constraints = |words: &[u64]| {
        let words: Vec<U256> = words.iter().map(|word| U256::from(*word)).collect();
        act(
            &chain,
            ARB_OWNER,
            &data("setGasPricingConstraints(uint64[3][])", &words),
        );
    };
    constraints(&[32, 2, 1_000_000, 10, 11_000_000, 500_000, 10, 500_000]);
    let stored = words(
        &chain
            .call(GAS_INFO, &data("getGasPricingConstraints()", &[]))
            .unwrap(),
    );
    let expected: Vec<U256> = [32, 2, 1_000_000, 10, 11_000_000, 500_000, 10, 500_000]
        .map(U256::from)
        .to_vec();
    assert_eq!(stored, expected);
    next();
    let dear = next();
    assert!(dear > 2 * usual && dear < 3 * usual, "e-fold: {dear}");
    constraints(&[32, 0]);
    next();
    assert_eq!(next(), usual);
    let check = |signature: &str, value: U256, part: &str| {
        let message = refusal(&chain, ARB_OWNER, &data(signature, &[value])).message;
        assert!(message.contains(part), "{message}");
    };
    check(
        "setL2BaseFee(uint256)",
        U256::MAX,
        "does not fit into a block's header",
    );
    check(
        "setMinimumL2BaseFee(uint256)",
        U256::from(1_u128 << 64),
        "does not fit into a block's header",
    );
    check(
        "setMinimumL2BaseFee(uint256)",
        U256::ZERO,
        "minimum base fee must be nonzero",
    );
}

/// Tips are paid only if the chain collects them; `tx.gasprice` is the price paid.
#[test]
fn tips_are_collected_where_owners_want_it() {
    let chain = Chain::default();
    // Stores its transaction's gas price.
    let price = chain.deploy(&hex!("3a5f5500"));
    set(&chain, "setNetworkFeeAccount(address)", word(PAYEE));
    let base = quantity(&chain.rpc("eth_gasPrice", json!([])));
    let check = |fields: serde_json::Value, expected: u64| {
        let before = balance(&chain, PAYEE);
        let mut request = json!({ "to": price });
        request
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let mined = chain.send(request);
        assert!(mined.is_success());
        assert_eq!(quantity(&mined.receipt["effectiveGasPrice"]), expected);
        let seen = chain.rpc("eth_getStorageAt", json!([price, "0x0", "latest"]));
        assert_eq!(seen, json!(B256::from(U256::from(expected))));
        assert_eq!(
            balance(&chain, PAYEE) - before,
            U256::from(mined.gas() * expected)
        );
    };
    let fees = |most: u64, tip: u64| json!({ "maxFeePerGas": U256::from(most), "maxPriorityFeePerGas": U256::from(tip) });
    let random = |chain: &Chain| {
        let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false]));
        hex::decode(block["mixHash"].as_str().unwrap()).unwrap()[25]
    };
    check(fees(base + 10 * GWEI, 5 * GWEI), base);
    assert_eq!(random(&chain), 0);
    set(&chain, "setCollectTips(bool)", U256::ONE);
    check(fees(base + 10 * GWEI, 5 * GWEI), base + 5 * GWEI);
    check(fees(base + 3 * GWEI, 3 * GWEI + base / 2), base + 3 * GWEI);
    check(fees(base, 0), base);
    check(
        json!({ "gasPrice": U256::from(base + 4 * GWEI) }),
        base + 4 * GWEI,
    );
    assert_eq!(random(&chain), 1);
    set(&chain, "setCollectTips(bool)", U256::ZERO);
    check(fees(base + 10 * GWEI, 5 * GWEI), base);
}

/// The minimum base fee goes to the infrastructure account if there is one, the rest to the network's.
#[test]
fn fees_go_where_owners_want_them() {
    let chain = Chain::default();
    let infra = address!("0x0000000000000000000000000000000000001f1f");
    let base = quantity(&chain.rpc("eth_gasPrice", json!([])));
    set(&chain, "setNetworkFeeAccount(address)", word(PAYEE));
    set(&chain, "setInfraFeeAccount(address)", word(infra));
    set(&chain, "setL2BaseFee(uint256)", U256::from(3 * base));
    let (network_before, infra_before) = (balance(&chain, PAYEE), balance(&chain, infra));
    let mined = chain.send(json!({ "to": DEV }));
    assert_eq!(
        balance(&chain, infra) - infra_before,
        U256::from(21_000 * base)
    );
    assert_eq!(
        balance(&chain, PAYEE) - network_before,
        U256::from(21_000 * 2 * base)
    );
    assert_eq!(mined.gas(), 21_000);
}

/// A byte of calldata costs at least EIP-7623's floor.
#[test]
fn calldata_has_a_least_price_where_owners_want_it() {
    let chain = Chain::default();
    let send = || {
        chain
            .send(json!({ "to": PAYEE, "data": hex::encode_prefixed([1; 1_000]) }))
            .gas()
    };
    assert_eq!(send(), 21_000 + 16 * 1_000);
    set(&chain, "setCalldataPriceIncrease(bool)", U256::ONE);
    assert_eq!(send(), 21_000 + 40 * 1_000);
    set(&chain, "setCalldataPriceIncrease(bool)", U256::ZERO);
    assert_eq!(send(), 21_000 + 16 * 1_000);
}

#[test]
fn a_transaction_has_the_gas_that_owners_allow() {
    let chain = Chain::default();
    let endless = chain.deploy(&hex!("5b5f56"));
    let gas = || {
        let mined = chain.send(json!({ "to": endless, "gas": "0x100000" }));
        assert!(!mined.is_success());
        mined.gas()
    };
    assert_eq!(gas(), 0x10_0000);
    set(&chain, "setMaxTxGasLimit(uint64)", U256::from(100_000));
    assert_eq!(gas(), 100_000);
}

/// Bytes are priced by their compressed size, the fees are kept for the posters, and whatever exceeds these is a surplus.
#[test]
fn data_is_priced_as_owners_want_it() {
    let chain = Chain::default();
    set(&chain, "setL1PricePerUnit(uint256)", U256::from(GWEI));
    let text = "the same words over and over, ".repeat(40);
    let gas_for_l1 = || {
        let mined = chain
            .send(json!({ "to": PAYEE, "data": hex::encode_prefixed(&text), "gas": "0x1000000" }));
        quantity(&mined.receipt["gasUsedForL1"])
    };
    let usual = gas_for_l1();
    set(&chain, "setBrotliCompressionLevel(uint64)", U256::from(11));
    let best = gas_for_l1();
    set(&chain, "setBrotliCompressionLevel(uint64)", U256::ZERO);
    let worst = gas_for_l1();
    assert!(
        0 < best && best <= usual && usual <= worst && best < worst,
        "{best} {usual} {worst}"
    );
    let kept = || chain.word(GAS_INFO, &data("getL1FeesAvailable()", &[]));
    let units = chain.word(GAS_INFO, &data("getL1PricingUnitsSinceUpdate()", &[]));
    assert!(units > U256::ZERO && units % U256::from(16) == U256::ZERO);
    assert_eq!(kept(), balance(&chain, L1_FUNDS));
    chain.rpc(
        "anvil_setBalance",
        json!([L1_FUNDS, kept() + U256::from(1_000)]),
    );
    let before = kept();
    let release = data("releaseL1PricerSurplusFunds(uint256)", &[U256::from(600)]);
    set(&chain, "setL1PricePerUnit(uint256)", U256::ZERO);
    let held = balance(&chain, L1_FUNDS);
    let surplus = held - kept();
    assert_eq!(surplus, U256::from(1_000));
    act(&chain, ARB_OWNER, &release);
    assert!(kept() > before && held - kept() == U256::from(400));
}
