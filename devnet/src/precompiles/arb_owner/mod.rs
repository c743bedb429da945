//! ArbOwner (0x70): settings of the chain's owners, who call it free of gas.
//!
//! Lives here: the interface, and who may call it. Not here: its functions (one file per kind), the settings' effects.

pub(super) mod accounts;
pub(super) mod chain;
pub(super) mod prices;
pub(super) mod stylus;

use alloy_primitives::Bytes;
use alloy_sol_types::sol;

use crate::arbos::chain_owners;
use crate::precompiles::call::{Call, Stop};

sol! {
    #![sol(all_derives)]
    struct WeightedResource { uint8 resource; uint64 weight; }
    struct ResourceConstraint { WeightedResource[] resources; uint32 adjustmentWindowSecs; uint64 targetPerSec; uint64 backlog; }

    /// Nitro's interface.
    interface ArbOwner {
        function addChainOwner(address newOwner) external;
        function removeChainOwner(address ownerToRemove) external;
        function isChainOwner(address addr) external view returns (bool);
        function getAllChainOwners() external view returns (address[]);
        function setNativeTokenManagementFrom(uint64 timestamp) external;
        function setTransactionFilteringFrom(uint64 timestamp) external;
        function addNativeTokenOwner(address newOwner) external;
        function removeNativeTokenOwner(address ownerToRemove) external;
        function isNativeTokenOwner(address addr) external view returns (bool);
        function getAllNativeTokenOwners() external view returns (address[]);
        function addTransactionFilterer(address filterer) external;
        function removeTransactionFilterer(address filterer) external;
        function isTransactionFilterer(address filterer) external view returns (bool);
        function getAllTransactionFilterers() external view returns (address[]);
        function setFilteredFundsRecipient(address newRecipient) external;
        function getFilteredFundsRecipient() external view returns (address);
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function setNetworkFeeAccount(address newNetworkFeeAccount) external;
        function setInfraFeeAccount(address newInfraFeeAccount) external;

        function setL1BaseFeeEstimateInertia(uint64 inertia) external;
        function setL2BaseFee(uint256 priceInWei) external;
        function setMinimumL2BaseFee(uint256 priceInWei) external;
        function setSpeedLimit(uint64 limit) external;
        function setMaxTxGasLimit(uint64 limit) external;
        function setMaxBlockGasLimit(uint64 limit) external;
        function setL2GasPricingInertia(uint64 sec) external;
        function setL2GasBacklogTolerance(uint64 sec) external;
        function setGasBacklog(uint64 backlog) external;
        function setGasPricingConstraints(uint64[3][] constraints) external;
        function setMultiGasPricingConstraints(ResourceConstraint[] constraints) external;
        function setL1PricingEquilibrationUnits(uint256 equilibrationUnits) external;
        function setL1PricingInertia(uint64 inertia) external;
        function setL1PricingRewardRecipient(address recipient) external;
        function setL1PricingRewardRate(uint64 weiPerUnit) external;
        function setL1PricePerUnit(uint256 pricePerUnit) external;
        function setParentGasFloorPerToken(uint64 floorPerToken) external;
        function setPerBatchGasCharge(int64 cost) external;
        function setAmortizedCostCapBips(uint64 cap) external;
        function releaseL1PricerSurplusFunds(uint256 maxWeiToRelease) external returns (uint256);

        function setInkPrice(uint32 price) external;
        function setWasmMaxStackDepth(uint32 depth) external;
        function setWasmFreePages(uint16 pages) external;
        function setWasmPageGas(uint16 gas) external;
        function setWasmPageLimit(uint16 limit) external;
        function setWasmMaxSize(uint32 size) external;
        function setWasmMinInitGas(uint8 gas, uint16 cached) external;
        function setWasmInitCostScalar(uint64 percent) external;
        function setWasmExpiryDays(uint16 days_) external;
        function setWasmKeepaliveDays(uint16 days_) external;
        function setWasmBlockCacheSize(uint16 count) external;
        function setMaxStylusContractFragments(uint8 maxFragments) external;
        function setWasmActivationGas(uint64 gas) external;
        function addWasmCacheManager(address manager) external;
        function removeWasmCacheManager(address manager) external;

        function scheduleArbOSUpgrade(uint64 newVersion, uint64 timestamp) external;
        function setBrotliCompressionLevel(uint64 level) external;
        function setChainConfig(string chainConfig) external;
        function setCalldataPriceIncrease(bool enable) external;
        function setCollectTips(bool collectTips) external;

        event OwnerActs(bytes4 indexed method, address indexed owner, bytes data);
        event ChainOwnerAdded(address indexed owner);
        event ChainOwnerRemoved(address indexed owner);
        event NativeTokenOwnerAdded(address indexed owner);
        event NativeTokenOwnerRemoved(address indexed owner);
        event TransactionFiltererAdded(address indexed filterer);
        event TransactionFiltererRemoved(address indexed filterer);
        event FilteredFundsRecipientSet(address indexed newRecipient);
    }
}

/// Runs the called function, for an owner.
pub(super) fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let caller = call.caller;
    let Ok(is_owner) = chain_owners().contains(&mut call.free(), caller);
    if !is_owner {
        return Err(Stop::burn(format!(
            "unauthorized caller to access-controlled method: {caller}"
        )));
    }
    call.is_free = true;
    let output = call.dispatch().map_err(|stop| match stop {
        // An owner's gas is returned however the call ends.
        Stop::Burn(reason) => Stop::Plain(reason),
        other => other,
    })?;
    if !call.is_static
        && let Some(method) = call.selector()
    {
        let event = ArbOwner::OwnerActs {
            method: method.into(),
            owner: caller,
            data: call.input.clone(),
        };
        call.log(&event)?;
    }
    Ok(output)
}
