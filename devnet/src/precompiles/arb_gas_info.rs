//! ArbGasInfo (0x6c): prices, and the values they derive from.
//!
//! Lives here: its functions. Not here: the words that they read (`arbos::l1_pricing`, `arbos::l2_pricing`).

use alloy_primitives::U256;
use alloy_sol_types::sol;
use stylus_vm::Gas;

use crate::arbos::{constraints, l1_pricing, l2_pricing};
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};
use crate::units::Price;

sol! {
    #![sol(all_derives)]
    struct WeightedResource { uint8 resource; uint64 weight; }
    struct ResourceConstraint { WeightedResource[] resources; uint32 adjustmentWindowSecs; uint64 targetPerSec; uint64 backlog; }

    /// Nitro's interface.
    interface ArbGasInfo {
        function getPricesInWeiWithAggregator(address aggregator) external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInWei() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInArbGasWithAggregator(address aggregator) external view returns (uint256, uint256, uint256);
        function getPricesInArbGas() external view returns (uint256, uint256, uint256);
        function getGasAccountingParams() external view returns (uint256, uint256, uint256);
        function getMaxTxGasLimit() external view returns (uint256);
        function getMinimumGasPrice() external view returns (uint256);
        function getL1BaseFeeEstimate() external view returns (uint256);
        function getL1BaseFeeEstimateInertia() external view returns (uint64);
        function getL1RewardRate() external view returns (uint64);
        function getL1RewardRecipient() external view returns (address);
        function getL1GasPriceEstimate() external view returns (uint256);
        function getCurrentTxL1GasFees() external view returns (uint256);
        function getGasBacklog() external view returns (uint64);
        function getPricingInertia() external view returns (uint64);
        function getGasBacklogTolerance() external view returns (uint64);
        function getL1PricingSurplus() external view returns (int256);
        function getPerBatchGasCharge() external view returns (int64);
        function getAmortizedCostCapBips() external view returns (uint64);
        function getL1FeesAvailable() external view returns (uint256);
        function getL1PricingEquilibrationUnits() external view returns (uint256);
        function getLastL1PricingUpdateTime() external view returns (uint64);
        function getL1PricingFundsDueForRewards() external view returns (uint256);
        function getL1PricingUnitsSinceUpdate() external view returns (uint64);
        function getLastL1PricingSurplus() external view returns (int256);
        function getMaxBlockGasLimit() external view returns (uint64);
        function getGasPricingConstraints() external view returns (uint64[3][] constraints);
        function getMultiGasPricingConstraints() external view returns (ResourceConstraint[] constraints);
        function getMultiGasBaseFee() external view returns (uint256[] baseFees);
    }
}

use ArbGasInfo::*;

/// L1 gas per byte of calldata.
const L1_GAS_PER_BYTE: u64 = 16;

/// Bytes of a simple transaction on L1 (Nitro's assumption).
const SIMPLE_TRANSACTION: u64 = 140;

/// Gas for a new storage word, priced like any other gas.
const STORAGE: Gas = Gas(20_000);

/// The ArbOS version from which on the base fee of a kind of gas defaults to the block's own and not to the stored one.
const AT_HAND: u16 = 61;

pub(super) const FUNCTIONS: &[Function] = functions! {
    View 0 getPricesInWeiWithAggregatorCall => |call, _| Ok(in_wei(call)?.into());
    View 0 getPricesInWeiCall => |call, _| Ok(in_wei(call)?.into());
    View 0 getPricesInArbGasWithAggregatorCall => |call, _| Ok(in_gas(call)?.into());
    View 0 getPricesInArbGasCall => |call, _| Ok(in_gas(call)?.into());
    View 0 getGasAccountingParamsCall => |call, _| {
        let speed = U256::from(l2_pricing::speed_limit().get(call)?);
        let block = U256::from(l2_pricing::block_gas().get(call)?);
        Ok((speed, block, block).into())
    };
    View 50 getMaxTxGasLimitCall => |call, _| Ok(U256::from(l2_pricing::transaction_gas().get(call)?));
    View 0 getMinimumGasPriceCall => |call, _| l2_pricing::min_base_fee().get(call);
    View 0 getL1BaseFeeEstimateCall => |call, _| l1_pricing::price_per_unit().get(call);
    View 0 getL1BaseFeeEstimateInertiaCall => |call, _| l1_pricing::inertia().get(call);
    View 11 getL1RewardRateCall => |call, _| l1_pricing::reward_per_unit().get(call);
    View 11 getL1RewardRecipientCall => |call, _| l1_pricing::pay_rewards_to().get(call);
    View 0 getL1GasPriceEstimateCall => |call, _| l1_pricing::price_per_unit().get(call);
    View 0 getCurrentTxL1GasFeesCall => |call, _| {
        Ok(base_fee(call).fee(call.context.chain.transaction.poster.gas))
    };
    View 0 getGasBacklogCall => |call, _| l2_pricing::backlog().get(call);
    View 0 getPricingInertiaCall => |call, _| l2_pricing::inertia().get(call);
    View 0 getGasBacklogToleranceCall => |call, _| l2_pricing::tolerance().get(call);
    View 0 getL1PricingSurplusCall => |call, _| l1_pricing::surplus(call);
    View 0 getPerBatchGasChargeCall => |call, _| l1_pricing::gas_per_batch().get(call);
    View 0 getAmortizedCostCapBipsCall => |call, _| l1_pricing::cost_cap().get(call);
    View 10 getL1FeesAvailableCall => |call, _| l1_pricing::fees_available().get(call);
    View 20 getL1PricingEquilibrationUnitsCall => |call, _| l1_pricing::equilibration_units().get(call);
    View 20 getLastL1PricingUpdateTimeCall => |call, _| l1_pricing::last_update().get(call);
    View 20 getL1PricingFundsDueForRewardsCall => |call, _| l1_pricing::due_for_rewards().get(call);
    View 20 getL1PricingUnitsSinceUpdateCall => |call, _| l1_pricing::units_since_update().get(call);
    View 20 getLastL1PricingSurplusCall => |call, _| l1_pricing::last_surplus().get(call);
    View 50 getMaxBlockGasLimitCall => |call, _| l2_pricing::block_gas().get(call);
    View 50 getGasPricingConstraintsCall => |call, _| {
        let all = constraints::all(call)?;
        Ok(all.iter().map(|it| [it.target, it.window, it.backlog.0]).collect())
    };
    // An owner cannot set any: see ArbOwner.
    View 60 getMultiGasPricingConstraintsCall => |call, _| {
        constraints::multi_gas_count().get(call)?;
        Ok(Vec::new())
    };
    View 60 getMultiGasBaseFeeCall => |call, _| {
        let base_fee = match call.is_at(AT_HAND) {
            true => base_fee(call).word(),
            false => l2_pricing::base_fee().get(call)?,
        };
        let mut fees = Vec::new();
        for kind in 0..constraints::KINDS {
            let fee = constraints::multi_gas_fee(kind).get(call)?;
            fees.push(if fee.is_zero() { base_fee } else { fee });
        }
        Ok(fees)
    };
};

/// The block's base fee.
fn base_fee(call: &Call<'_>) -> Price {
    call.context.chain.block.base_fee
}

/// Wei for a simple transaction, a byte of L1 data, a storage word, and gas: without congestion, the congestion surcharge, and
/// the total.
fn in_wei(call: &mut Call<'_>) -> Result<(U256, U256, U256, U256, U256, U256), Stop> {
    let l1 = l1_pricing::price_per_unit().get(call)?;
    let base_fee = base_fee(call);
    let gas = base_fee.word();
    let least = l2_pricing::min_base_fee().get(call)?.min(gas);
    let byte = l1.saturating_mul(U256::from(L1_GAS_PER_BYTE));
    let simple = byte.saturating_mul(U256::from(SIMPLE_TRANSACTION));
    let storage = base_fee.fee(STORAGE);
    Ok((simple, byte, storage, least, gas - least, gas))
}

/// Gas for a simple transaction, a byte of L1 data, and a storage word.
fn in_gas(call: &mut Call<'_>) -> Result<(U256, U256, U256), Stop> {
    let l1 = l1_pricing::price_per_unit().get(call)?;
    let base_fee = base_fee(call).word();
    let byte = l1.saturating_mul(U256::from(L1_GAS_PER_BYTE));
    let gas = |wei: U256| wei.checked_div(base_fee).unwrap_or_default();
    let simple = byte.saturating_mul(U256::from(SIMPLE_TRANSACTION));
    Ok((gas(simple), gas(byte), U256::from(STORAGE.0)))
}
