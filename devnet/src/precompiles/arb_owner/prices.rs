//! ArbOwner: the prices of gas and L1 data.
//!
//! Lives here: setters of the words from which prices derive. Not here: the derivation (`arbos::l1_pricing`,
//! `arbos::l2_pricing`).

use alloy_primitives::U256;
use stylus_vm::Gas;

use super::ArbOwner::*;
use crate::addresses::L1_PRICER_FUNDS;
use crate::arbos::constraints::{self, Constraint};
use crate::arbos::{l1_pricing, l2_pricing};
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

/// The ArbOS version from which on a transaction's limit differs from the block's.
const OWN_LIMIT: u16 = 50;

/// The most constraints, in versions that limit them: each makes a redeem cost more.
const MOST_CONSTRAINTS: usize = 20;
const MOST_SINCE: u16 = 51;
const MOST_UNTIL: u16 = 59;

pub(in crate::precompiles) const FUNCTIONS: &[Function] = functions! {
    Write 0 setL1BaseFeeEstimateInertiaCall => |call, it| {
        l1_pricing::inertia().set(call, it.inertia)?;
        Ok(setL1BaseFeeEstimateInertiaReturn {})
    };
    Write 0 setL2BaseFeeCall => |call, it| {
        l2_pricing::base_fee().set(call, price(it.priceInWei)?)?;
        Ok(setL2BaseFeeReturn {})
    };
    Write 0 setMinimumL2BaseFeeCall => |call, it| {
        // Nitro accepts it in a block, and refuses to estimate it for clients.
        if it.priceInWei.is_zero() && !call.context.chain.is_onchain {
            return Err(Stop::plain("minimum base fee must be nonzero"));
        }
        l2_pricing::min_base_fee().set(call, price(it.priceInWei)?)?;
        Ok(setMinimumL2BaseFeeReturn {})
    };
    Write 0 setSpeedLimitCall => |call, it| {
        if it.limit == 0 {
            return Err(Stop::plain("speed limit must be nonzero"));
        }
        l2_pricing::speed_limit().set(call, it.limit)?;
        Ok(setSpeedLimitReturn {})
    };
    Write 0 setMaxTxGasLimitCall => |call, it| {
        match call.is_at(OWN_LIMIT) {
            true => l2_pricing::transaction_gas().set(call, it.limit)?,
            false => l2_pricing::block_gas().set(call, it.limit)?,
        }
        Ok(setMaxTxGasLimitReturn {})
    };
    Write 50 setMaxBlockGasLimitCall => |call, it| {
        l2_pricing::block_gas().set(call, it.limit)?;
        Ok(setMaxBlockGasLimitReturn {})
    };
    Write 0 setL2GasPricingInertiaCall => |call, it| {
        if it.sec == 0 {
            return Err(Stop::plain("price inertia must be nonzero"));
        }
        l2_pricing::inertia().set(call, it.sec)?;
        Ok(setL2GasPricingInertiaReturn {})
    };
    Write 0 setL2GasBacklogToleranceCall => |call, it| {
        l2_pricing::tolerance().set(call, it.sec)?;
        Ok(setL2GasBacklogToleranceReturn {})
    };
    Write 50 setGasBacklogCall => |call, it| {
        l2_pricing::backlog().set(call, it.backlog)?;
        Ok(setGasBacklogReturn {})
    };
    Write 50 setGasPricingConstraintsCall => |call, it| {
        set_constraints(call, &it.constraints)?;
        Ok(setGasPricingConstraintsReturn {})
    };
    Write 60 setMultiGasPricingConstraintsCall => |call, it| {
        if !it.constraints.is_empty() {
            return Err(call.unavailable("it meters all kinds of gas as one, and can only be told of none"));
        }
        constraints::multi_gas_count().set(call, 0)?;
        Ok(setMultiGasPricingConstraintsReturn {})
    };
    Write 0 setL1PricingEquilibrationUnitsCall => |call, it| {
        l1_pricing::equilibration_units().set(call, it.equilibrationUnits)?;
        Ok(setL1PricingEquilibrationUnitsReturn {})
    };
    Write 0 setL1PricingInertiaCall => |call, it| {
        l1_pricing::inertia().set(call, it.inertia)?;
        Ok(setL1PricingInertiaReturn {})
    };
    Write 0 setL1PricingRewardRecipientCall => |call, it| {
        l1_pricing::pay_rewards_to().set(call, it.recipient)?;
        Ok(setL1PricingRewardRecipientReturn {})
    };
    Write 0 setL1PricingRewardRateCall => |call, it| {
        l1_pricing::reward_per_unit().set(call, it.weiPerUnit)?;
        Ok(setL1PricingRewardRateReturn {})
    };
    Write 0 setL1PricePerUnitCall => |call, it| {
        l1_pricing::price_per_unit().set(call, it.pricePerUnit)?;
        Ok(setL1PricePerUnitReturn {})
    };
    Write 50 setParentGasFloorPerTokenCall => |call, it| {
        l1_pricing::floor_per_token().set(call, it.floorPerToken)?;
        Ok(setParentGasFloorPerTokenReturn {})
    };
    Write 0 setPerBatchGasChargeCall => |call, it| {
        l1_pricing::gas_per_batch().set(call, it.cost)?;
        Ok(setPerBatchGasChargeReturn {})
    };
    Write 0 setAmortizedCostCapBipsCall => |call, it| {
        l1_pricing::cost_cap().set(call, it.cap)?;
        Ok(setAmortizedCostCapBipsReturn {})
    };
    Write 10 releaseL1PricerSurplusFundsCall => |call, it| {
        let available = l1_pricing::fees_available().get(call)?;
        let held = call.balance(L1_PRICER_FUNDS);
        let Some(surplus) = held.checked_sub(available) else {
            return Ok(U256::ZERO);
        };
        let released = surplus.min(it.maxWeiToRelease);
        l1_pricing::fees_available().set(call, available.saturating_add(released))?;
        Ok(released)
    };
};

/// A base fee, which has 64 bits in a header.
fn price(wei: U256) -> Result<U256, Stop> {
    match u64::try_from(wei) {
        Ok(_) => Ok(wei),
        Err(_) => Err(Stop::plain(format!(
            "a base fee of {wei} wei does not fit into a block's header, which has 64 bits for it"
        ))),
    }
}

fn set_constraints(call: &mut Call<'_>, asked: &[[u64; 3]]) -> Result<(), Stop> {
    let has_most = call.is_at(MOST_SINCE) && !call.is_at(MOST_UNTIL + 1);
    let most = match has_most {
        true => MOST_CONSTRAINTS,
        false => constraints::MOST,
    };
    if asked.len() > most {
        return Err(Stop::plain(format!("too many constraints. Max: {most}")));
    }
    let mut new = Vec::new();
    for [target, window, backlog] in asked.iter().copied() {
        if target == 0 || window == 0 {
            return Err(Stop::plain(format!(
                "invalid constraint with target {target} and adjustment window {window}"
            )));
        }
        new.push(Constraint {
            target,
            window,
            backlog: Gas(backlog),
        });
    }
    constraints::replace(call, &new)
}
