//! ArbWasmCache (0x72): cached programs, and who decides about them.
//!
//! Lives here: its functions. Not here: the cost of a cached start (`stylus_vm`), bids for a place (`natives`).

use alloy_primitives::B256;
use alloy_sol_types::sol;
use stylus_vm::Gas;

use crate::arbos::{self, Entry, ProgramError, cache_managers, chain_owners};
use crate::precompiles::arb_wasm::inactive;
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbWasmCache {
        function isCacheManager(address manager) external view returns (bool);
        function allCacheManagers() external view returns (address[] managers);
        function cacheCodehash(bytes32 codehash) external;
        function cacheProgram(address addr) external;
        function evictCodehash(bytes32 codehash) external;
        function codehashIsCached(bytes32 codehash) external view returns (bool);

        event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);
    }
}

use ArbWasmCache::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    View 30 isCacheManagerCall => |call, it| cache_managers().contains(call, it.manager);
    View 30 allCacheManagersCall => |call, _| cache_managers().all(call);
    // Its successor takes the address instead.
    Write 30..=30 cacheCodehashCall => |call, it| {
        set_cached(call, it.codehash, true).map(|()| cacheCodehashReturn {})
    };
    Write 31 cacheProgramCall => |call, it| {
        let codehash = call.code_hash(it.addr)?;
        set_cached(call, codehash, true).map(|()| cacheProgramReturn {})
    };
    Write 30 evictCodehashCall => |call, it| {
        set_cached(call, it.codehash, false).map(|()| evictCodehashReturn {})
    };
    View 30 codehashIsCachedCall => |call, it| {
        call.pay_reads(1)?;
        Ok(arbos::program(&mut call.free(), it.codehash).cached)
    };
};

fn set_cached(call: &mut Call<'_>, codehash: B256, cached: bool) -> Result<(), Stop> {
    authorize(call)?;
    let config = call.params()?;
    call.pay_reads(1)?;
    let now = call.now();
    let entry = arbos::program(&mut call.free(), codehash);
    if cached {
        let current = config.stylus.version;
        if entry.version != current {
            return Err(inactive(ProgramError::NeedsUpgrade {
                version: entry.version,
                current,
            }));
        }
        let age = arbos::age(&entry, now);
        if age > arbos::lifetime(&config) {
            return Err(inactive(ProgramError::Expired { age }));
        }
    }
    if entry.cached == cached {
        return Ok(());
    }
    call.emit(&UpdateProgramCache {
        manager: call.caller,
        codehash,
        cached,
    })?;
    // The stored number is used as gas directly (Nitro).
    call.burn(Gas(entry.init_cost.into()))?;
    call.pay_reads(1)?;
    call.pay_writes(1)?;
    arbos::set_program(&mut call.free(), codehash, &Entry { cached, ..entry });
    Ok(())
}

/// Admits cache managers and owners; anybody else loses all gas.
fn authorize(call: &mut Call<'_>) -> Result<(), Stop> {
    let caller = call.caller;
    if cache_managers().contains(call, caller)? || chain_owners().contains(call, caller)? {
        return Ok(());
    }
    Err(Stop::burn(format!(
        "{caller} is neither a cache manager nor an owner of the chain"
    )))
}
