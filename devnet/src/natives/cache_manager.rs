//! CacheManager: sells places in the program cache, as `cargo stylus cache` expects.
//!
//! Lives here: the part of the interface of Offchain Labs' contract that clients use, and the auction behind it: while there is room a
//! place costs nothing; after that, the lowest bids give way. Bids do not decay.

use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolInterface as _, sol};

use crate::addresses::{ARB_WASM, ARB_WASM_CACHE};
use crate::arbos::{self, Journal};
use crate::evm::{Fault, NativeCall, NativeMachine, NativeReply};
use crate::natives::meter::{Meter, Stop};
use crate::precompiles::{ArbWasm, ArbWasmCache};

sol! {
    #![sol(all_derives)]
    interface CacheManager {
        struct Entry { bytes32 code; uint64 size; uint192 bid; }

        function isPaused() external view returns (bool);
        function cacheSize() external view returns (uint64);
        function queueSize() external view returns (uint64);
        function decay() external view returns (uint64);
        function getEntries() external view returns (Entry[] entries);
        function getSmallestEntries(uint256 k) external view returns (Entry[] result);
        function getMinBid(uint64 size) external view returns (uint192 min);
        function getMinBid(address program) external view returns (uint192 min);
        function placeBid(address program) external payable;
        function makeSpace(uint64 size) external payable returns (uint64 space);
        function evictPrograms(uint256 count) external;
        function evictAll() external;
        function setPaused(bool paused) external;
        function setCacheSize(uint64 newSize) external;

        event InsertBid(bytes32 indexed codehash, address program, uint192 bid, uint64 size);
        event DeleteBid(bytes32 indexed codehash, uint192 bid, uint64 size);
        event Pause(bool paused);
        event SetCacheSize(uint64 size);

        error NotChainOwner(address sender);
        error AsmTooLarge(uint256 asm, uint256 queueSize, uint256 cacheSize);
        error AlreadyCached(bytes32 codehash);
        error BidTooSmall(uint192 bid, uint192 min);
        error BidsArePaused();
        error MakeSpaceTooLarge(uint64 size, uint64 limit);
    }
}

use CacheManager::*;

/// Bytes of native code that the cache holds, until an owner changes it.
const CACHE_SIZE: u64 = 512 << 20;

/// The most bytes that one call makes space for.
const MOST_SPACE: u64 = 5 << 20;

/// The fewest bytes that a program counts for.
const LEAST_SIZE: u64 = 4_096;

/// Storage: the cache's size plus one, so that zero stands for the default.
const SIZE_SLOT: U256 = U256::ZERO;
/// Storage: whether bids are paused.
const PAUSED_SLOT: U256 = U256::ONE;
/// Storage: how many entries there are; they start at [`FIRST_ENTRY`], two words each.
const COUNT_SLOT: U256 = U256::from_limbs([2, 0, 0, 0]);
const FIRST_ENTRY: u64 = 16;

/// Answers a call.
pub(super) fn run(
    machine: &mut dyn NativeMachine,
    call: &NativeCall,
) -> Result<NativeReply, Fault> {
    let mut meter = Meter::new(machine, call);
    let result = dispatch(&mut meter);
    meter.end(result)
}

fn dispatch(meter: &mut Meter<'_>) -> Result<Bytes, Stop> {
    let Ok(call) = CacheManagerCalls::abi_decode(&meter.call.input) else {
        return Err(Stop::Revert(Bytes::new()));
    };
    let takes_value = matches!(
        call,
        CacheManagerCalls::placeBid(_) | CacheManagerCalls::makeSpace(_)
    );
    if !meter.call.value.is_zero() && !takes_value {
        return Err(Stop::Revert(Bytes::new()));
    }
    let output = match call {
        CacheManagerCalls::isPaused(_) => isPausedCall::abi_encode_returns(&is_paused(meter)?),
        CacheManagerCalls::cacheSize(_) => cacheSizeCall::abi_encode_returns(&cache_size(meter)?),
        CacheManagerCalls::queueSize(_) => {
            queueSizeCall::abi_encode_returns(&used(&entries(meter)?))
        }
        CacheManagerCalls::decay(_) => decayCall::abi_encode_returns(&0),
        CacheManagerCalls::getEntries(_) => getEntriesCall::abi_encode_returns(&entries(meter)?),
        CacheManagerCalls::getSmallestEntries(it) => {
            let mut least = by_bid(meter)?;
            least.truncate(it.k.saturating_to());
            getSmallestEntriesCall::abi_encode_returns(&least)
        }
        CacheManagerCalls::getMinBid_0(it) => {
            getMinBid_0Call::abi_encode_returns(&least_bid(meter, it.size)?)
        }
        CacheManagerCalls::getMinBid_1(it) => {
            let (_, size) = program(meter, it.program)?;
            getMinBid_1Call::abi_encode_returns(&least_bid(meter, size)?)
        }
        CacheManagerCalls::placeBid(it) => {
            place_bid(meter, it.program)?;
            Vec::new()
        }
        CacheManagerCalls::makeSpace(it) => {
            makeSpaceCall::abi_encode_returns(&make_space(meter, it.size)?)
        }
        CacheManagerCalls::evictPrograms(it) => {
            evict_least(meter, it.count.saturating_to())?;
            Vec::new()
        }
        CacheManagerCalls::evictAll(_) => {
            evict_least(meter, usize::MAX)?;
            Vec::new()
        }
        CacheManagerCalls::setPaused(it) => {
            only_owners(meter)?;
            meter.store(PAUSED_SLOT, U256::from(it.paused))?;
            meter.emit(&Pause { paused: it.paused })?;
            Vec::new()
        }
        CacheManagerCalls::setCacheSize(it) => {
            only_owners(meter)?;
            meter.store(SIZE_SLOT, U256::from(it.newSize).saturating_add(U256::ONE))?;
            meter.emit(&SetCacheSize { size: it.newSize })?;
            Vec::new()
        }
    };
    Ok(output.into())
}

fn place_bid(meter: &mut Meter<'_>, address: Address) -> Result<(), Stop> {
    if is_paused(meter)? {
        return Err(Stop::error(&BidsArePaused {}));
    }
    let codehash = meter.code_hash(address)?;
    let cached = meter.ask(
        ARB_WASM_CACHE,
        U256::ZERO,
        &ArbWasmCache::codehashIsCachedCall { codehash },
    )?;
    if cached.map_err(Stop::Revert)? {
        return Err(Stop::error(&AlreadyCached { codehash }));
    }
    let (_, size) = program(meter, address)?;
    let (bid, mut kept) = outbid(meter, size)?;
    kept.push(Entry {
        code: codehash,
        size,
        bid,
    });
    write(meter, &kept)?;
    let cache = ArbWasmCache::cacheProgramCall { addr: address };
    meter
        .ask(ARB_WASM_CACHE, U256::ZERO, &cache)?
        .map_err(Stop::Revert)?;
    meter.emit(&InsertBid {
        codehash,
        program: address,
        bid,
        size,
    })
}

/// Makes room for a program of `size` bytes that may come later, and returns how much there is.
fn make_space(meter: &mut Meter<'_>, size: u64) -> Result<u64, Stop> {
    if is_paused(meter)? {
        return Err(Stop::error(&BidsArePaused {}));
    }
    if size > MOST_SPACE {
        return Err(Stop::error(&MakeSpaceTooLarge {
            size,
            limit: MOST_SPACE,
        }));
    }
    let (_, kept) = outbid(meter, size)?;
    write(meter, &kept)?;
    Ok(cache_size(meter)?.saturating_sub(used(&kept)))
}

/// The bid that the call's value is, and the entries that stay once those with the lowest bids have given way to `size` bytes.
fn outbid(meter: &mut Meter<'_>, size: u64) -> Result<(U192, Vec<Entry>), Stop> {
    let bid = U192::saturating_from(meter.call.value);
    let least = least_bid(meter, size)?;
    if bid < least {
        return Err(Stop::error(&BidTooSmall { bid, min: least }));
    }
    let room = cache_size(meter)?;
    let mut kept = by_bid(meter)?;
    while room.saturating_sub(used(&kept)) < size.max(LEAST_SIZE) {
        evict(meter, kept.remove(0))?;
    }
    Ok((bid, kept))
}

/// Evicts the `count` programs with the lowest bids, for an owner.
fn evict_least(meter: &mut Meter<'_>, count: usize) -> Result<(), Stop> {
    only_owners(meter)?;
    let mut evicted = by_bid(meter)?;
    let kept = evicted.split_off(count.min(evicted.len()));
    for entry in evicted {
        evict(meter, entry)?;
    }
    write(meter, &kept)
}

fn evict(meter: &mut Meter<'_>, entry: Entry) -> Result<(), Stop> {
    let evict = ArbWasmCache::evictCodehashCall {
        codehash: entry.code,
    };
    meter
        .ask(ARB_WASM_CACHE, U256::ZERO, &evict)?
        .map_err(Stop::Revert)?;
    meter.emit(&DeleteBid {
        codehash: entry.code,
        bid: entry.bid,
        size: entry.size,
    })
}

/// Returns the lowest bid that gets a place for a program of `size` bytes: that of the last entry that has to give way.
fn least_bid(meter: &mut Meter<'_>, size: u64) -> Result<U192, Stop> {
    let size = size.max(LEAST_SIZE);
    let room = cache_size(meter)?;
    let kept = by_bid(meter)?;
    if size > room {
        return Err(Stop::error(&AsmTooLarge {
            asm: U256::from(size),
            queueSize: U256::from(used(&kept)),
            cacheSize: U256::from(room),
        }));
    }
    let mut taken = used(&kept);
    let mut least = U192::ZERO;
    for entry in kept {
        if room.saturating_sub(taken) >= size {
            break;
        }
        taken -= entry.size;
        least = entry.bid;
    }
    Ok(least)
}

/// Returns a program's code hash and the bytes it counts for.
fn program(meter: &mut Meter<'_>, address: Address) -> Result<(B256, u64), Stop> {
    let codehash = meter.code_hash(address)?;
    let size = meter.ask(
        ARB_WASM,
        U256::ZERO,
        &ArbWasm::codehashAsmSizeCall { codehash },
    )?;
    let size = size.map_err(Stop::Revert)?;
    Ok((codehash, u64::from(size).max(LEAST_SIZE)))
}

fn is_paused(meter: &mut Meter<'_>) -> Result<bool, Stop> {
    Ok(!meter.load(PAUSED_SLOT)?.is_zero())
}

fn cache_size(meter: &mut Meter<'_>) -> Result<u64, Stop> {
    let stored: u64 = meter.load(SIZE_SLOT)?.saturating_to();
    Ok(stored.checked_sub(1).unwrap_or(CACHE_SIZE))
}

fn used(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.size).sum()
}

/// The slots of an entry's two words: the code hash, then size and bid together.
fn slots(index: u64) -> [U256; 2] {
    let first = FIRST_ENTRY + 2 * index;
    [U256::from(first), U256::from(first + 1)]
}

fn entries(meter: &mut Meter<'_>) -> Result<Vec<Entry>, Stop> {
    let count: u64 = meter.load(COUNT_SLOT)?.saturating_to();
    let mut entries = Vec::new();
    for index in 0..count {
        let [code, rest] = slots(index);
        let code = B256::from(meter.load(code)?);
        let rest = meter.load(rest)?;
        let size: u64 = (rest >> 192_usize).saturating_to();
        let bid = U192::from(rest & (U256::MAX >> 64_usize));
        entries.push(Entry { code, size, bid });
    }
    Ok(entries)
}

/// The entries, those with the lowest bids first.
fn by_bid(meter: &mut Meter<'_>) -> Result<Vec<Entry>, Stop> {
    let mut entries = entries(meter)?;
    entries.sort_by_key(|entry| entry.bid);
    Ok(entries)
}

fn write(meter: &mut Meter<'_>, entries: &[Entry]) -> Result<(), Stop> {
    for (index, entry) in (0..).zip(entries) {
        let [code, rest] = slots(index);
        meter.store(code, entry.code.into())?;
        meter.store(
            rest,
            (U256::from(entry.size) << 192_usize) | U256::from(entry.bid),
        )?;
    }
    meter.store(COUNT_SLOT, U256::from(entries.len()))
}

fn only_owners(meter: &mut Meter<'_>) -> Result<(), Stop> {
    let sender = meter.call.caller;
    let Ok(is_owner) =
        arbos::chain_owners().contains(&mut Journal(meter.machine.context()), sender);
    match is_owner {
        true => Ok(()),
        false => Err(Stop::error(&NotChainOwner { sender })),
    }
}
