//! What precompiles cost.
//!
//! Lives here: gas inside them, pinned. Not here: the whole list, which is in the README.

use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use serde_json::json;

use crate::contracts::{echo, looks_after_call};
use crate::precompiles::{
    ARB_SYS, MANAGER, OWNER_PUBLIC, act, data, data_and_bytes, gas_of_failure, word,
};
use crate::support::{
    ARB_OWNER, ARB_WASM, ARB_WASM_CACHE, Chain, DEV, config_at, intrinsic, quantity,
};

const ARB_INFO: Address = address!("0x0000000000000000000000000000000000000065");
const ADDRESS_TABLE: Address = address!("0x0000000000000000000000000000000000000066");
const GAS_INFO: Address = address!("0x000000000000000000000000000000000000006c");
const AGGREGATOR: Address = address!("0x000000000000000000000000000000000000006d");
const RETRYABLE: Address = address!("0x000000000000000000000000000000000000006e");
const FILTERED_MANAGER: Address = address!("0x0000000000000000000000000000000000000074");

/// Calls a view in a transaction and compares the gas inside the precompile.
fn check_gas(chain: &Chain, to: Address, signature: &str, words: &[U256], expected: u64) {
    let data = data(signature, words);
    let mined =
        chain.send(json!({ "to": to, "data": hex::encode_prefixed(&data), "gas": "0x1000000" }));
    assert!(mined.is_success(), "{signature}");
    assert_eq!(
        mined.gas() - intrinsic(&data),
        expected,
        "gas of {signature}"
    );
}

#[test]
fn gas_of_precompiles() {
    let chain = Chain::default();
    let program = chain.program(&echo());
    let code: alloy_primitives::Bytes =
        serde_json::from_value(chain.rpc("eth_getCode", json!([program, "latest"]))).unwrap();
    let hash: U256 = keccak256(&code).into();
    for getter in [
        "stylusVersion()",
        "inkPrice()",
        "maxStackDepth()",
        "freePages()",
        "pageGas()",
        "pageRamp()",
        "pageLimit()",
        "initCostScalar()",
        "expiryDays()",
        "keepaliveDays()",
        "blockCacheSize()",
    ] {
        check_gas(&chain, ARB_WASM, getter, &[], 903);
    }
    check_gas(&chain, ARB_WASM, "minInitGas()", &[], 906);
    check_gas(&chain, ARB_WASM, "activationGas()", &[], 1_603);
    check_gas(&chain, ARB_WASM, "codehashVersion(bytes32)", &[hash], 1_706);
    check_gas(&chain, ARB_WASM, "codehashAsmSize(bytes32)", &[hash], 1_706);
    check_gas(
        &chain,
        ARB_WASM,
        "programVersion(address)",
        &[word(program)],
        4_306,
    );
    check_gas(
        &chain,
        ARB_WASM,
        "programMemoryFootprint(address)",
        &[word(program)],
        4_306,
    );
    check_gas(
        &chain,
        ARB_WASM,
        "programInitGas(address)",
        &[word(program)],
        4_309,
    );
    check_gas(
        &chain,
        ARB_WASM_CACHE,
        "isCacheManager(address)",
        &[word(MANAGER)],
        1_606,
    );
    check_gas(
        &chain,
        ARB_WASM_CACHE,
        "codehashIsCached(bytes32)",
        &[hash],
        1_606,
    );
    check_gas(
        &chain,
        ARB_WASM_CACHE,
        "allCacheManagers()",
        &[],
        1_600 + 800 + 9,
    );
    // Owners pay nothing.
    check_gas(
        &chain,
        ARB_OWNER,
        "setInkPrice(uint32)",
        &[U256::from(10_000)],
        0,
    );
}

#[test]
fn gas_of_an_activation() {
    let chain = Chain::start(config_at(51));
    let wasm = wat::parse_str(echo()).unwrap();
    let config = stylus_vm::Config {
        debug: true,
        ..stylus_vm::Config::at(stylus_vm::ArbOs::new(51).unwrap())
    };
    let prover = stylus_vm::activate(&wasm, &config, stylus_vm::Pages(0), stylus_vm::Gas::MAX)
        .unwrap()
        .gas
        .0;
    let program = chain.deploy(&stylus_vm::code::encode(&wasm));
    let input = data("activateProgram(address)", &[word(program)]);
    let mined = chain.activate(program).unwrap();
    assert_eq!(mined.gas() - intrinsic(&input), 1_747_826 + prover);
}

/// Opening the ArbOS state and reading a word of it are 800 gas each, and a word of arguments or of the result 3: the cost of a
/// getter shows how many words it reads.
#[test]
fn gas_of_getters() {
    let chain = Chain::start(config_at(60));
    let check = |to: Address, gas: u64, getters: &[&str]| {
        for getter in getters {
            check_gas(&chain, to, getter, &[], gas);
        }
    };
    check(
        ARB_SYS,
        803,
        &[
            "arbBlockNumber()",
            "arbChainID()",
            "arbOSVersion()",
            "getStorageGasAvailable()",
            "isTopLevelCall()",
            "wasMyCallersAddressAliased()",
            "myCallersAddressWithoutAliasing()",
        ],
    );
    check(
        GAS_INFO,
        1_603,
        &[
            "getMaxTxGasLimit()",
            "getMinimumGasPrice()",
            "getL1BaseFeeEstimate()",
            "getL1BaseFeeEstimateInertia()",
            "getL1RewardRate()",
            "getL1RewardRecipient()",
            "getL1GasPriceEstimate()",
            "getGasBacklog()",
            "getPricingInertia()",
            "getGasBacklogTolerance()",
            "getPerBatchGasCharge()",
            "getAmortizedCostCapBips()",
            "getL1FeesAvailable()",
            "getL1PricingEquilibrationUnits()",
            "getLastL1PricingUpdateTime()",
            "getL1PricingFundsDueForRewards()",
            "getL1PricingUnitsSinceUpdate()",
            "getLastL1PricingSurplus()",
            "getMaxBlockGasLimit()",
        ],
    );
    check(GAS_INFO, 2_418, &["getPricesInWei()"]);
    check(GAS_INFO, 1_609, &["getPricesInArbGas()"]);
    check(GAS_INFO, 2_409, &["getGasAccountingParams()"]);
    check(GAS_INFO, 803, &["getCurrentTxL1GasFees()"]);
    check(GAS_INFO, 3_203, &["getL1PricingSurplus()"]);
    let lists = [
        "getGasPricingConstraints()",
        "getMultiGasPricingConstraints()",
    ];
    check(GAS_INFO, 1_606, &lists);
    check(GAS_INFO, 8_833, &["getMultiGasBaseFee()"]);
    check(
        OWNER_PUBLIC,
        1_603,
        &[
            "getNativeTokenManagementFrom()",
            "getTransactionFilteringFrom()",
            "getFilteredFundsRecipient()",
            "getNetworkFeeAccount()",
            "getInfraFeeAccount()",
            "getBrotliCompressionLevel()",
            "getParentGasFloorPerToken()",
            "isCalldataPriceIncreaseEnabled()",
            "getCollectTips()",
        ],
    );
    check(OWNER_PUBLIC, 2_406, &["getScheduledUpgrade()"]);
    check(OWNER_PUBLIC, 903, &["getMaxStylusContractFragments()"]);
    let lists = ["getAllNativeTokenOwners()", "getAllTransactionFilterers()"];
    check(OWNER_PUBLIC, 1_606, &lists);
    // Two of them.
    check(OWNER_PUBLIC, 3_212, &["getAllChainOwners()"]);
    check(AGGREGATOR, 803, &["getDefaultAggregator()"]);
    check(RETRYABLE, 803, &["getLifetime()", "getCurrentRedeemer()"]);
    check(ADDRESS_TABLE, 1_603, &["size()"]);
}

#[test]
fn gas_of_functions_with_arguments() {
    let chain = Chain::default();
    let nobody = [word(Address::repeat_byte(0x77))];
    let check = |to: Address, signature: &str, words: &[U256], gas: u64| {
        check_gas(&chain, to, signature, words, gas);
    };
    check(ARB_SYS, "arbBlockHash(uint256)", &[U256::ZERO], 806);
    let alias = "mapL1SenderContractAddressToL2Alias(address,address)";
    check(ARB_SYS, alias, &[U256::ZERO; 2], 9);
    check(OWNER_PUBLIC, "isChainOwner(address)", &nobody, 1_606);
    check(OWNER_PUBLIC, "isNativeTokenOwner(address)", &nobody, 1_606);
    check(
        OWNER_PUBLIC,
        "isTransactionFilterer(address)",
        &nobody,
        1_606,
    );
    check(
        GAS_INFO,
        "getPricesInWeiWithAggregator(address)",
        &nobody,
        2_421,
    );
    check(
        GAS_INFO,
        "getPricesInArbGasWithAggregator(address)",
        &nobody,
        1_612,
    );
    check(AGGREGATOR, "getPreferredAggregator(address)", &nobody, 809);
    check(AGGREGATOR, "getTxBaseFee(address)", &nobody, 806);
    check(
        AGGREGATOR,
        "setTxBaseFee(address,uint256)",
        &[U256::ZERO; 2],
        806,
    );
    check(ADDRESS_TABLE, "addressExists(address)", &nobody, 1_606);
    // Bytes: an offset, a length, one word.
    check(ADDRESS_TABLE, "compress(address)", &nobody, 1_612);
    // A new number: three words read and three written.
    check(ADDRESS_TABLE, "register(address)", &nobody, 62_406);
    check(ADDRESS_TABLE, "register(address)", &nobody, 1_606);
    check(ADDRESS_TABLE, "lookup(address)", &nobody, 1_606);
    check(ADDRESS_TABLE, "lookupIndex(uint256)", &[U256::ZERO], 2_406);
    // The check of who calls takes 1,600 from an account that is not a filterer, and no more.
    let hash = [U256::from(5)];
    check(
        FILTERED_MANAGER,
        "isTransactionFiltered(bytes32)",
        &hash,
        1_600,
    );
}

#[test]
fn gas_of_what_fails() {
    let chain = Chain::default();
    let none = [U256::from(5)];
    let check = |to: Address, signature: &str, words: &[U256], gas: u64| {
        let call = data(signature, words);
        assert_eq!(
            gas_of_failure(&chain, to, &call, 1_000_000),
            gas,
            "{signature}"
        );
    };
    // Opening the state, looking up the word, and a word for the error's selector.
    check(RETRYABLE, "getTimeout(bytes32)", &none, 1_606);
    check(RETRYABLE, "getBeneficiary(bytes32)", &none, 1_606);
    check(RETRYABLE, "keepalive(bytes32)", &none, 1_606);
    check(RETRYABLE, "cancel(bytes32)", &none, 1_606);
    check(RETRYABLE, "redeem(bytes32)", &none, 2_406);
    check(AGGREGATOR, "getFeeCollector(address)", &none, 1_603);
    check(ADDRESS_TABLE, "lookup(address)", &none, 1_603);
    let add = "addFilteredTransaction(bytes32)";
    check(FILTERED_MANAGER, add, &none, 1_600);
    // An owner's gas is returned.
    check(ARB_OWNER, "setInkPrice(uint32)", &[U256::ZERO], 0);
}

/// A message to L1: its hash, two words of the accumulator, and an event with four topics.
#[test]
fn gas_of_a_message_to_l1() {
    let check = |call: &[u8], value: u64, gas: u64| {
        let chain = Chain::default();
        let mined = chain.send(json!({
            "to": ARB_SYS, "data": hex::encode_prefixed(call), "value": U256::from(value), "gas": "0x100000",
        }));
        assert!(mined.is_success());
        assert_eq!(mined.gas() - intrinsic(call), gas);
    };
    let withdraw = data("withdrawEth(address)", &[word(DEV)]);
    check(&withdraw, 0, 46_139);
    // It checks whether anybody can mint.
    check(&withdraw, 1, 46_939);
    let send = data_and_bytes(
        "sendTxToL1(address,bytes)",
        &[word(DEV)],
        B256::ZERO.as_slice(),
    );
    check(&send, 0, 46_410);
}

/// Theorem: what a precompile reads stays cold, since Nitro reads the state itself.
#[test]
fn precompiles_warm_nothing() {
    let chain = Chain::default();
    let program = chain.program(&echo());
    let other = crate::contracts::program("(i32.const 0)");
    let other = chain.deploy(&stylus_vm::code::encode(&wat::parse_str(other).unwrap()));
    let check = |called: Address, call: &[u8], asked: Address, cost: u64| {
        let looks = chain.deploy(&looks_after_call(called, call, asked));
        let request = json!([{ "from": DEV, "to": looks, "gas": "0x1000000" }, "latest"]);
        let answer = chain.rpc("eth_call", request);
        assert_eq!(quantity(&answer), cost, "{asked} after {called}");
    };
    let friend = Address::repeat_byte(0xaa);
    let of = |signature: &str, address: Address| data(signature, &[word(address)]);
    for (precompile, call, asked) in [
        (ARB_INFO, of("getBalance(address)", friend), friend),
        (ARB_INFO, of("getCode(address)", program), program),
        (ARB_WASM, of("programVersion(address)", program), program),
        (ARB_WASM, of("activateProgram(address)", other), other),
    ] {
        check(precompile, &call, asked, 2_607);
        check(asked, &[], asked, 107);
    }
}

/// From ArbOS 59 on, an activation first burns the gas that owners have set: the maximum pauses activations.
#[test]
fn gas_that_owners_set_for_activations() {
    for arbos in [59, 60, 61] {
        let chain = Chain::start(config_at(arbos));
        let set = |gas: u64| {
            let call = data("setWasmActivationGas(uint64)", &[U256::from(gas)]);
            act(&chain, ARB_OWNER, &call);
        };
        let deploy = |number: u8| {
            let body = format!("(drop (i32.const {number})) (i32.const 0)");
            let wasm = wat::parse_str(crate::contracts::program(&body)).unwrap();
            chain.deploy(&stylus_vm::code::encode(&wasm))
        };
        let gas_of = |program: Address| {
            let mined = chain.activate(program).unwrap();
            assert!(mined.is_success());
            mined.gas() - intrinsic(&data("activateProgram(address)", &[word(program)]))
        };
        // Two programs of the same size.
        let (first, second, third) = (deploy(1), deploy(2), deploy(3));
        let without = gas_of(first);
        set(1_000_000);
        assert_eq!(gas_of(second), without + 1_000_000, "at ArbOS {arbos}");
        set(u64::MAX);
        let error = chain.activate(third).unwrap_err();
        let all = "gas required exceeds allowance (50000000)";
        assert_eq!(error.message, all, "at ArbOS {arbos}");
        assert_eq!(error.data, None);
        let call = data("activateProgram(address)", &[word(third)]);
        let gas = gas_of_failure(&chain, ARB_WASM, &call, 5_000_000);
        assert_eq!(gas, 5_000_000 - intrinsic(&call));
        // Active programs can be called as before.
        assert!(chain.call(first, &[]).is_ok());
        set(0);
        assert!(chain.activate(third).unwrap().is_success());
    }
}
