//! [`MiniAlloc`] and [`ReclaimAlloc`], the names that contracts use. They are empty and decide nothing: every call goes to the target's
//! heap.

use core::alloc::{GlobalAlloc, Layout};

#[cfg(not(target_arch = "wasm32"))]
use crate::host::{heap, reclaiming};
use crate::units::PAGE_SIZE;
#[cfg(target_arch = "wasm32")]
use crate::wasm::{heap, reclaiming};

/// An allocator that never frees, to be installed as the module's `#[global_allocator]`. On wasm32 all values of this type stand for
/// the same heap; on any other target they stand for the system allocator, or for WeeAlloc with the feature `wee_alloc`.
///
/// Beyond what [`GlobalAlloc`] requires, empty requests are allowed on wasm32: they return the address where the next block of that
/// alignment would begin, and cost at most the padding up to there. (The exception is memory that somebody else has grown to all of its
/// 65,536 pages, which no chain allows.)
#[derive(Clone, Copy, Debug, Default)]
pub struct MiniAlloc;

impl MiniAlloc {
    /// The allocator, for the initialiser of the `static`.
    pub const INIT: Self = MiniAlloc;

    /// The size of a WebAssembly page: 65,536 bytes.
    pub const PAGE_SIZE: usize = PAGE_SIZE as usize;
}

// SAFETY: every method passes its arguments on unchanged to one and the same allocator, so the promises of that one are
// this one's, as are its demands on the caller.
unsafe impl GlobalAlloc for MiniAlloc {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { heap().alloc(layout) }
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { heap().alloc_zeroed(layout) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { heap().dealloc(block, layout) }
    }

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { heap().realloc(block, layout, new_size) }
    }
}

/// An allocator for contracts that allocate far more than they keep alive at a time: it reuses freed memory. On wasm32 all values of this
/// type stand for the same heap; on any other target they stand for what [`MiniAlloc`] does there.
///
/// Sizes are rounded up to a power of two from 16 bytes to 32 KiB, and to whole pages beyond that. Each size has a list of free blocks; if
/// it is empty, a larger block is cut; only if there is none does memory grow. So memory is bounded by a function of the most that was
/// alive, whatever the order of requests. `alloc_zeroed` clears only memory that was used before, at 100 ink a byte.
///
/// A module must not install both allocators: each takes the module's whole heap for its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReclaimAlloc;

impl ReclaimAlloc {
    /// The allocator, for the initialiser of the `static`.
    pub const INIT: Self = ReclaimAlloc;
}

// SAFETY: every method passes its arguments on unchanged to one and the same allocator, so the promises of that one are
// this one's, as are its demands on the caller.
unsafe impl GlobalAlloc for ReclaimAlloc {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { reclaiming().alloc(layout) }
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { reclaiming().alloc_zeroed(layout) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { reclaiming().dealloc(block, layout) }
    }

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { reclaiming().realloc(block, layout, new_size) }
    }
}
