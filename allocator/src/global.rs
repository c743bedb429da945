//! [`MiniAlloc`] and [`ReclaimAlloc`], the names contracts use. They hold nothing and decide nothing: every call goes to the
//! target's heap.

use core::alloc::{GlobalAlloc, Layout};

#[cfg(not(target_arch = "wasm32"))]
use crate::host::{heap, reclaiming};
use crate::units::PAGE_SIZE;
#[cfg(target_arch = "wasm32")]
use crate::wasm::{heap, reclaiming};

/// The allocator of the module, to be named as its `#[global_allocator]`. On wasm32 all values of this type are the
/// same heap; on any other target they are the system allocator, or WeeAlloc with the feature `wee_alloc`.
///
/// Beyond what [`GlobalAlloc`] asks, on wasm32 empty requests are allowed: they are answered with the address where the
/// next block of that alignment would begin, and take no more than the padding up to there.
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

/// The allocator for contracts that allocate far more than is alive at a time: what is given back is handed out again. On wasm32
/// all values of this type are the same heap; on any other target they are what [`MiniAlloc`] is there.
///
/// Blocks are rounded up to powers of two of 16 bytes to 32 KiB, and to whole pages beyond. Free ones are kept on a list for each
/// size; if that is empty a larger block is cut up, and if there is none, memory grows. So memory never exceeds a function of what was
/// alive at most, whatever the order of requests. `alloc_zeroed` clears what was used before, at 100 ink a byte, and nothing else.
///
/// A module must not name both allocators: each takes the module's whole heap for its own.
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
