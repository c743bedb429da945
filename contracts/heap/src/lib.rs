//! Installs the global allocator of a contract: the one that a feature of this crate chooses.
//!
//! A contract depends on this crate, forwards its features and refers to it once (`use heap as _;` is enough), so that any
//! allocator can be put under any contract without touching the contract. This is the only crate that names an allocator.
//!
//! | feature | allocator |
//! |---|---|
//! | `mini` | `mini-alloc` of this project |
//! | `mini-upstream` | `mini-alloc` 1.0.0 from the registry, which the SDK's default features install |
//! | `wee` | `wee_alloc` |
//! | `std` | none of ours: the standard library's, which is dlmalloc |
//! | `talc` | `talc`, in the dynamic form that its WebAssembly guide advises |
//! | `lol` | `lol_alloc`'s free list |
//!
//! On wasm32 exactly one must be chosen. Elsewhere nothing is installed, whatever is chosen, and tests run on the host's heap.
//!
//! Every one of these answers a request of size zero, which the trait `GlobalAlloc` leaves open: the bump allocators with the
//! place of the next block, `wee_alloc` with a dangling address, the others with a block of their least size. `talc` does so
//! only without debug assertions.
//!
//! Not here: contracts, measuring, or any allocator's code.

#![no_std]

#[cfg(all(
    target_arch = "wasm32",
    not(any(
        feature = "mini",
        feature = "mini-upstream",
        feature = "wee",
        feature = "std",
        feature = "talc",
        feature = "lol",
    ))
))]
compile_error!(
    "choose an allocator: one feature of `mini`, `mini-upstream`, `wee`, `std`, `talc`, `lol`"
);

#[cfg(all(
    target_arch = "wasm32",
    any(
        all(
            feature = "mini",
            any(
                feature = "mini-upstream",
                feature = "wee",
                feature = "std",
                feature = "talc",
                feature = "lol"
            )
        ),
        all(
            feature = "mini-upstream",
            any(feature = "wee", feature = "std", feature = "talc", feature = "lol")
        ),
        all(
            feature = "wee",
            any(feature = "std", feature = "talc", feature = "lol")
        ),
        all(feature = "std", any(feature = "talc", feature = "lol")),
        all(feature = "talc", feature = "lol"),
    )
))]
compile_error!(
    "a program has one allocator: choose only one feature of `mini`, `mini-upstream`, `wee`, `std`, `talc`, `lol` \
     (with `--no-default-features` if the contract's default is not the one)"
);

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
compile_error!("these allocators are chosen for contracts, which have a single thread");

/// Whether the chosen allocator is a bump allocator, which promises more than `GlobalAlloc` asks for: blocks follow each other
/// as tightly as alignment permits, upwards, and memory grows by exactly the pages they need.
pub const IS_BUMP: bool = cfg!(any(feature = "mini", feature = "mini-upstream"));

#[cfg(all(target_arch = "wasm32", feature = "mini"))]
#[global_allocator]
static HEAP: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

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
    // SAFETY: the allocator must never be used from two threads. Wasm without the atomics feature, which this crate refuses
    // to be built with, has no means to start a second one.
    unsafe { lol_alloc::AssumeSingleThreaded::new(list) }
};
