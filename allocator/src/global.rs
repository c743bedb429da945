//! [`MiniAlloc`], the name contracts use. It holds nothing and decides nothing: every call goes to the target's heap.

use core::alloc::{GlobalAlloc, Layout};

#[cfg(not(target_arch = "wasm32"))]
use crate::host::heap;
use crate::units::PAGE_SIZE;
#[cfg(target_arch = "wasm32")]
use crate::wasm::heap;

/// The allocator of the module, to be named as its `#[global_allocator]`. On wasm32 all values of this type are the
/// same heap; on any other target they are the system allocator, or WeeAlloc with the feature `wee_alloc`.
///
/// Beyond what [`GlobalAlloc`] asks, on wasm32 empty requests are allowed: they are answered with the address where the
/// next block of that alignment would begin, and reserve nothing.
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
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { heap().alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { heap().alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { heap().dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { heap().realloc(block, layout, new_size) }
    }
}
