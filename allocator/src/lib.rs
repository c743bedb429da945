//! The crate's table of contents and its public names. No arithmetic, no `unsafe` and no platform code live here.
#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
compile_error!(
    "mini-alloc keeps its state without locks and is unsound with threads: build without `+atomics`"
);

mod bump;
// Exports functions that C calls with pointers.
#[cfg(all(feature = "c-api", target_arch = "wasm32"))]
#[allow(unsafe_code)]
mod c_api;
// Implements `GlobalAlloc` over another, and reads what lies around its blocks.
#[allow(unsafe_code)]
mod checked;
mod classes;
// Implements `GlobalAlloc` over a page source.
#[allow(unsafe_code)]
mod compact;
// `unsafe_code` is lifted file by file: this one forwards the unsafe trait of every allocator, `GlobalAlloc`.
#[allow(unsafe_code)]
mod global;
// Implements `GlobalAlloc` over a page source, and copies when a block must move.
#[allow(unsafe_code)]
mod heap;
#[cfg(not(target_arch = "wasm32"))]
mod host;
// Declares the unsafe trait of memories.
#[allow(unsafe_code)]
mod pages;
// Implements `GlobalAlloc`, and keeps lists in memory that nobody uses.
#[allow(unsafe_code)]
mod reclaim;
// Keeps the list of free pages in them.
#[allow(unsafe_code)]
mod runs;
#[cfg(feature = "sources")]
mod sources;
mod units;
// The instructions and linker symbols of wasm32.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
mod wasm;

pub use checked::{Checked, Fault, Kind};
pub use global::{MiniAlloc, ReclaimAlloc};
#[cfg(feature = "sources")]
pub use sources::SOURCES;

/// The allocator's parts, so that tests and fuzzers can run the algorithm over a memory of their own. Not covered by
/// the crate's version number, and generic: nothing of it is compiled into a contract.
#[doc(hidden)]
pub mod parts {
    pub use crate::{
        compact::Compact,
        heap::Heap,
        pages::PageSource,
        reclaim::ReclaimingHeap,
        units::{Addr, Pages},
    };
}
