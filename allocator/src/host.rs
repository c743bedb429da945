//! Off wasm32 there is no linear memory to bump through. `MiniAlloc` exists all the same, so that a contract's host
//! tests compile unchanged, and delegates to the allocator chosen here. Nothing of this is compiled into a contract.

use core::alloc::GlobalAlloc;

#[cfg(not(feature = "wee_alloc"))]
extern crate std;

#[cfg(not(feature = "wee_alloc"))]
static DELEGATE: std::alloc::System = std::alloc::System;

#[cfg(feature = "wee_alloc")]
static DELEGATE: wee_alloc::WeeAlloc<'static> = wee_alloc::WeeAlloc::INIT;

/// The allocator behind [`MiniAlloc`](crate::MiniAlloc).
pub(crate) fn heap() -> &'static impl GlobalAlloc {
    &DELEGATE
}

/// The allocator behind [`ReclaimAlloc`](crate::ReclaimAlloc): the same.
pub(crate) fn reclaiming() -> &'static impl GlobalAlloc {
    heap()
}
