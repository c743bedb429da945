//! Installs a contract's global allocator: the one that a feature of this crate selects.
//!
//! A contract depends on this crate, forwards its features and refers to it once (`use heap as _;` suffices), so that any contract
//! can use any allocator without a change to its source. This is the only crate that names an allocator.
//!
//! | feature | allocator |
//! |---|---|
//! | `mini` | `MiniAlloc` of this project |
//! | `mini-in-place` | the same with its feature `in-place` |
//! | `mini-outlined` | the same with its feature `outlined` |
//! | `mini-trap` | the same with its feature `trap-on-oom` |
//! | `reclaim` | `ReclaimAlloc` of this project |
//! | `mini-upstream` | `mini-alloc` 1.0.0 from the registry, which the SDK's default features install |
//! | `wee` | `wee_alloc` |
//! | `std` | none of ours: the standard library's, which is dlmalloc |
//! | `talc` | `talc`, in the dynamic form that its WebAssembly guide advises |
//! | `lol` | `lol_alloc`'s free list |
//! | `lol-leaking` | `lol_alloc`'s bump allocator |
//! | `rlsf` | `rlsf`, in its small form |
//! | `wasmalloc` | `wasmalloc` |
//! | `picoalloc` | `picoalloc`, with an address space of a gibibyte as its own global allocator has |
//! | `floor` | a bump without any check, in `floor.rs`: never for use |
//!
//! On wasm32 exactly one must be selected. Elsewhere, nothing is installed in any case, and tests use the host's heap.
//!
//! Those that edge-cases is built with answer a request of size zero, which the trait `GlobalAlloc` does not require: the bump
//! allocators with the position of the next block, `wee_alloc` with a dangling address, the others with a block of their minimum
//! size. `talc` does so only without debug assertions.
//!
//! Not here: contracts, measuring, or any allocator's code but the floor's.

#![no_std]

#[cfg(all(target_arch = "wasm32", feature = "floor"))]
mod floor;

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
compile_error!("these allocators are chosen for contracts, which have a single thread");

/// How many allocators are chosen.
const CHOSEN: usize = cfg!(feature = "mini") as usize
    + cfg!(feature = "mini-in-place") as usize
    + cfg!(feature = "mini-outlined") as usize
    + cfg!(feature = "mini-trap") as usize
    + cfg!(feature = "reclaim") as usize
    + cfg!(feature = "mini-upstream") as usize
    + cfg!(feature = "wee") as usize
    + cfg!(feature = "std") as usize
    + cfg!(feature = "talc") as usize
    + cfg!(feature = "lol") as usize
    + cfg!(feature = "lol-leaking") as usize
    + cfg!(feature = "rlsf") as usize
    + cfg!(feature = "wasmalloc") as usize
    + cfg!(feature = "picoalloc") as usize
    + cfg!(feature = "floor") as usize;

const _: () = assert!(
    CHOSEN == 1 || cfg!(not(target_arch = "wasm32")),
    "a program has one allocator: choose exactly one feature of `heap` (with `--no-default-features` if the contract's \
     default is not the one)"
);

/// Gives a program with the floor this many pages more than it starts with. The other allocators grow memory themselves.
#[inline(always)]
pub fn provide(pages: usize) {
    #[cfg(all(target_arch = "wasm32", feature = "floor"))]
    floor::provide(pages);
    #[cfg(not(all(target_arch = "wasm32", feature = "floor")))]
    let _ = pages;
}

/// Whether the chosen allocator is a bump allocator, which guarantees more than `GlobalAlloc`: blocks follow each other upwards, as
/// tightly as alignment permits, and memory grows by exactly the pages they need.
pub const IS_BUMP: bool = cfg!(any(
    feature = "mini",
    feature = "mini-in-place",
    feature = "mini-outlined",
    feature = "mini-trap",
    feature = "mini-upstream"
));

#[cfg(all(
    target_arch = "wasm32",
    any(
        feature = "mini",
        feature = "mini-in-place",
        feature = "mini-outlined",
        feature = "mini-trap"
    )
))]
#[global_allocator]
static HEAP: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

#[cfg(all(target_arch = "wasm32", feature = "reclaim"))]
#[global_allocator]
static HEAP: mini_alloc::ReclaimAlloc = mini_alloc::ReclaimAlloc::INIT;

#[cfg(all(target_arch = "wasm32", feature = "mini-upstream"))]
#[global_allocator]
static HEAP: mini_alloc_upstream::MiniAlloc = mini_alloc_upstream::MiniAlloc::INIT;

#[cfg(all(target_arch = "wasm32", feature = "wee"))]
#[global_allocator]
static HEAP: wee_alloc::WeeAlloc = wee_alloc::WeeAlloc::INIT;

#[cfg(all(target_arch = "wasm32", feature = "talc"))]
#[global_allocator]
static HEAP: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[cfg(all(target_arch = "wasm32", feature = "lol"))]
#[global_allocator]
#[allow(
    unsafe_code,
    reason = "lol_alloc has its users assume that there is one thread"
)]
static HEAP: lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator> = {
    let list = lol_alloc::FreeListAllocator::new();
    // SAFETY: the allocator must never be used from two threads. Wasm without the atomics feature, which this crate refuses to
    // build with, cannot start a second one.
    unsafe { lol_alloc::AssumeSingleThreaded::new(list) }
};

#[cfg(all(target_arch = "wasm32", feature = "lol-leaking"))]
#[global_allocator]
#[allow(
    unsafe_code,
    reason = "lol_alloc has its users assume that there is one thread"
)]
static HEAP: lol_alloc::AssumeSingleThreaded<lol_alloc::LeakingAllocator> = {
    let bump = lol_alloc::LeakingAllocator::new();
    // SAFETY: as above, there is one thread.
    unsafe { lol_alloc::AssumeSingleThreaded::new(bump) }
};

#[cfg(all(target_arch = "wasm32", feature = "rlsf"))]
#[global_allocator]
static HEAP: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

#[cfg(all(target_arch = "wasm32", feature = "wasmalloc"))]
#[global_allocator]
static HEAP: wasmalloc::WasmAlloc = wasmalloc::WasmAlloc::new();

#[cfg(all(target_arch = "wasm32", feature = "picoalloc"))]
#[global_allocator]
static HEAP: picoalloc::Mutex<picoalloc::Allocator<picoalloc::UnsafeSystem<{ 1 << 30 }>>> =
    picoalloc::Mutex::new(picoalloc::Allocator::new(picoalloc::UnsafeSystem));

#[cfg(all(target_arch = "wasm32", feature = "floor"))]
#[global_allocator]
static HEAP: floor::Floor = floor::Floor::INIT;
