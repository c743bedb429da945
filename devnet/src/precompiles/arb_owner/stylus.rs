//! ArbOwner: how programs are metered.
//!
//! Lives here: setters of the Stylus parameters, activation gas and cache managers. Not here: the parameters' effects
//! (`stylus_vm`).

use stylus_vm::{Gas, InkPrice, Pages, StylusParams};

use super::ArbOwner::*;
use crate::arbos::{self, cache_managers};
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

/// Gas per unit of the two stored minimum costs of a start.
const INIT_UNIT: Gas = Gas(128);
const CACHED_INIT_UNIT: Gas = Gas(32);
/// Percent per unit of the scalar.
const SCALAR_UNIT: u64 = 2;

pub(in crate::precompiles) const FUNCTIONS: &[Function] = functions! {
    Write 30 setInkPriceCall => |call, it| {
        let price = InkPrice::new(it.price)
            .ok_or_else(|| Stop::plain(format!("ink price must be a positive uint24, and {} is not one", it.price)))?;
        set(call, |params| params.ink_price = price);
        Ok(setInkPriceReturn {})
    };
    // It stores any value; ArbOS 50's limit of 22,000 words applies only to the upgrade.
    Write 30 setWasmMaxStackDepthCall => |call, it| {
        set(call, |params| params.max_stack_depth = it.depth);
        Ok(setWasmMaxStackDepthReturn {})
    };
    Write 30 setWasmFreePagesCall => |call, it| {
        set(call, |params| params.free_pages = Pages(it.pages));
        Ok(setWasmFreePagesReturn {})
    };
    Write 30 setWasmPageGasCall => |call, it| {
        set(call, |params| params.page_gas = it.gas);
        Ok(setWasmPageGasReturn {})
    };
    Write 30 setWasmPageLimitCall => |call, it| {
        set(call, |params| params.page_limit = Pages(it.limit));
        Ok(setWasmPageLimitReturn {})
    };
    Write 40 setWasmMaxSizeCall => |call, it| {
        set(call, |params| params.max_wasm_size = it.size);
        Ok(setWasmMaxSizeReturn {})
    };
    Write 30 setWasmMinInitGasCall => |call, it| {
        set(call, |params| {
            params.min_init_gas = units(it.gas.into(), INIT_UNIT.0);
            params.min_cached_init_gas = units(it.cached.into(), CACHED_INIT_UNIT.0);
        });
        Ok(setWasmMinInitGasReturn {})
    };
    Write 30 setWasmInitCostScalarCall => |call, it| {
        set(call, |params| params.init_cost_scalar = units(it.percent, SCALAR_UNIT));
        Ok(setWasmInitCostScalarReturn {})
    };
    Write 30 setWasmExpiryDaysCall => |call, it| {
        set(call, |params| params.expiry_days = it.days_);
        Ok(setWasmExpiryDaysReturn {})
    };
    Write 30 setWasmKeepaliveDaysCall => |call, it| {
        set(call, |params| params.keepalive_days = it.days_);
        Ok(setWasmKeepaliveDaysReturn {})
    };
    Write 30 setWasmBlockCacheSizeCall => |call, it| {
        set(call, |params| params.block_cache_size = it.count);
        Ok(setWasmBlockCacheSizeReturn {})
    };
    Write 60 setMaxStylusContractFragmentsCall => |call, it| {
        set(call, |params| params.max_fragment_count = it.maxFragments);
        Ok(setMaxStylusContractFragmentsReturn {})
    };
    // Not a parameter but a word of its own, whose change persists in every kind of run.
    Write 59 setWasmActivationGasCall => |call, it| {
        arbos::activation_gas().set(call, it.gas)?;
        Ok(setWasmActivationGasReturn {})
    };
    Write 30 addWasmCacheManagerCall => |call, it| {
        cache_managers().add(call, it.manager)?;
        Ok(addWasmCacheManagerReturn {})
    };
    Write 30 removeWasmCacheManagerCall => |call, it| match cache_managers().remove(call, it.manager)? {
        true => Ok(removeWasmCacheManagerReturn {}),
        false => Err(Stop::plain("tried to remove non-manager")),
    };
};

/// A figure as stored: in units, rounded up, in 8 bits.
fn units(figure: u64, unit: u64) -> u8 {
    u8::try_from(figure.div_ceil(unit)).unwrap_or(u8::MAX)
}

/// Changes the parameters. In Nitro only a block sees the change: a call that sets one and reads it back gets the old value.
fn set(call: &mut Call<'_>, change: impl FnOnce(&mut StylusParams)) {
    let mut params = arbos::params(&mut call.free());
    change(&mut params);
    if call.context.chain.is_onchain {
        arbos::set_params(&mut call.free(), &params);
    }
}
