//! The floor: the least work of any bump allocator, without anything that makes one safe. It is not for use, but the baseline from
//! which the others' overhead is counted.
//!
//! Not here: bounds checks or refusals; memory grows only once. A program with it needs its memory from the beginning, from
//! `workloads/build.rs`, or from the program itself if that is more than a program may start with.

#![allow(
    unsafe_code,
    reason = "implements `GlobalAlloc` and takes the address of a linker symbol"
)]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::addr_of;

unsafe extern "C" {
    static __heap_base: u8;
}

/// The address of the next block, before it is aligned.
pub(crate) struct Floor(Cell<*mut u8>);

impl Floor {
    pub(crate) const INIT: Self = Self(Cell::new(addr_of!(__heap_base).cast_mut()));
}

/// Grows memory, once and for all.
pub(crate) fn provide(pages: usize) {
    core::arch::wasm32::memory_grow(0, pages);
}

// SAFETY: a module without atomics has one thread.
unsafe impl Sync for Floor {}

// SAFETY: blocks follow each other, aligned, so none overlaps another. Nothing checks that they lie inside memory, which is why
// this is not for use: the programs that it is linked into are known to need less than they get.
unsafe impl GlobalAlloc for Floor {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let mask = layout.align() - 1;
        let next = self.0.get();
        let first = next.wrapping_add(mask).map_addr(|address| address & !mask);
        self.0.set(first.wrapping_add(layout.size()));
        first
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the same promises. The bytes are zero because none was handed out before.
        unsafe { self.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}
}
