//! ArbOwner (0x70): what owners of the chain may set. It costs them nothing.
//!
//! Lives here: its functions. Not here: what the settings do.

use alloy_primitives::Bytes;
use alloy_sol_types::sol;
use stylus_vm::{InkPrice, Pages, StylusParams};

use crate::arbos;
use crate::precompiles::call::{Call, Mutability, Stop, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbOwner {
        function addChainOwner(address newOwner) external;
        function removeChainOwner(address ownerToRemove) external;
        function isChainOwner(address addr) external view returns (bool);
        function getAllChainOwners() external view returns (address[]);
        function getNetworkFeeAccount() external view returns (address);
        function setNetworkFeeAccount(address newNetworkFeeAccount) external;
        function scheduleArbOSUpgrade(uint64 newVersion, uint64 timestamp) external;
        function setL1PricePerUnit(uint256 pricePerUnit) external;
        function setInkPrice(uint32 price) external;
        function setWasmMaxStackDepth(uint32 depth) external;
        function setWasmFreePages(uint16 pages) external;
        function setWasmPageGas(uint16 gas) external;
        function setWasmPageLimit(uint16 limit) external;
        function setWasmMinInitGas(uint8 gas, uint16 cached) external;
        function setWasmInitCostScalar(uint64 percent) external;
        function setWasmExpiryDays(uint16 days_) external;
        function setWasmKeepaliveDays(uint16 days_) external;
        function setWasmBlockCacheSize(uint16 count) external;
        function setWasmMaxSize(uint32 size) external;
        function setMaxStylusContractFragments(uint8 count) external;
        function setWasmActivationGas(uint64 gas) external;
        function addWasmCacheManager(address manager) external;
        function removeWasmCacheManager(address manager) external;

        event OwnerActs(bytes4 indexed method, address indexed owner, bytes data);
    }
}

mod functions {
    use super::ArbOwner::*;
    use super::*;

    functions! {
        Write 30 addChainOwnerCall => |call, it| {
            arbos::add_chain_owner(call, it.newOwner);
            Ok(addChainOwnerReturn {})
        };
        Write 30 removeChainOwnerCall => |call, it| {
            match arbos::chain_owners().remove(call, it.ownerToRemove) {
                true => Ok(removeChainOwnerReturn {}),
                false => Err(Stop::Plain("tried to remove non-owner".into())),
            }
        };
        View 30 isChainOwnerCall => |call, it| Ok(arbos::chain_owners().contains(call, it.addr));
        View 30 getAllChainOwnersCall => |call, _| Ok(arbos::chain_owners().all(call));
        View 30 getNetworkFeeAccountCall => |call, _| Ok(arbos::network_fee_account(call));
        Write 30 setNetworkFeeAccountCall => |call, it| {
            arbos::set_network_fee_account(call, it.newNetworkFeeAccount);
            Ok(setNetworkFeeAccountReturn {})
        };
        Write 30 scheduleArbOSUpgradeCall => |call, it| {
            arbos::schedule_upgrade(call, it.newVersion, it.timestamp)
                .map_err(|error| Stop::Plain(error.to_string()))?;
            Ok(scheduleArbOSUpgradeReturn {})
        };
        Write 30 setL1PricePerUnitCall => |call, it| {
            arbos::set_l1_price(call, it.pricePerUnit);
            Ok(setL1PricePerUnitReturn {})
        };
        Write 30 setInkPriceCall => |call, it| {
            let price = InkPrice::new(it.price)
                .ok_or_else(|| Stop::Plain("ink price must be a positive uint24".into()))?;
            set(call, |params| params.ink_price = price);
            Ok(setInkPriceReturn {})
        };
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
        Write 30 setWasmMinInitGasCall => |call, it| {
            // Stored in units of 128 and 32 gas, rounded up, 8 bits of each.
            let units = |gas: u64, unit: u64| u8::try_from(gas.div_ceil(unit)).unwrap_or(u8::MAX);
            set(call, |params| {
                params.min_init_gas = units(it.gas.into(), 128);
                params.min_cached_init_gas = units(it.cached.into(), 32);
            });
            Ok(setWasmMinInitGasReturn {})
        };
        Write 30 setWasmInitCostScalarCall => |call, it| {
            let units = u8::try_from(it.percent.div_ceil(2)).unwrap_or(u8::MAX);
            set(call, |params| params.init_cost_scalar = units);
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
        Write 40 setWasmMaxSizeCall => |call, it| {
            set(call, |params| params.max_wasm_size = it.size);
            Ok(setWasmMaxSizeReturn {})
        };
        Write 60 setMaxStylusContractFragmentsCall => |call, it| {
            set(call, |params| params.max_fragment_count = it.count);
            Ok(setMaxStylusContractFragmentsReturn {})
        };
        Write 59 setWasmActivationGasCall => |call, it| {
            arbos::set_activation_gas(call, it.gas);
            Ok(setWasmActivationGasReturn {})
        };
        Write 30 addWasmCacheManagerCall => |call, it| {
            arbos::add_cache_manager(call, it.manager);
            Ok(addWasmCacheManagerReturn {})
        };
        Write 30 removeWasmCacheManagerCall => |call, it| {
            match arbos::cache_managers().remove(call, it.manager) {
                true => Ok(removeWasmCacheManagerReturn {}),
                false => Err(Stop::Plain("tried to remove non-manager".into())),
            }
        };
    }
}

/// Runs the function that is called, for an owner.
pub(super) fn run(call: &mut Call<'_>) -> Option<Result<Bytes, Stop>> {
    // Opening the state and looking the caller up is what everybody pays.
    let caller = call.caller;
    let is_owner = arbos::chain_owners().contains(call, caller);
    if !is_owner {
        let refused = Stop::Plain(format!(
            "unauthorized caller to access-controlled method: {caller}"
        ));
        return Some(call.pay_reads(2).and(Err(refused)));
    }
    call.is_free = true;
    let result = functions::run(call)?;
    if result.is_ok()
        && !call.is_static
        && let Some(method) = call.selector()
    {
        let data = call.input.clone();
        let event = ArbOwner::OwnerActs {
            method: method.into(),
            owner: caller,
            data,
        };
        if let Err(stop) = call.emit(&event) {
            return Some(Err(stop));
        }
    }
    Some(result)
}

fn set(call: &mut Call<'_>, change: impl FnOnce(&mut StylusParams)) {
    let mut params = arbos::params(call);
    change(&mut params);
    arbos::set_params(call, &params);
}
