//! The bump allocator for programs that allocate much, over any page source: it keeps the state, grows the memory and copies blocks that
//! must move. `bump.rs` decides where a block goes, and the page source what memory is.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    hint::unreachable_unchecked,
    ptr,
};

use crate::{
    bump::{self, Block, Memory, Placement, Request},
    pages::PageSource,
    units::{Addr, Align},
};

/// A heap that only grows: no byte is ever handed out twice, so every block is zero when it is handed out.
#[derive(Debug)]
pub struct Heap<P> {
    /// The last byte handed out; its page, from there on, is the heap's. This is all the state there is.
    last: Cell<*mut u8>,
    pages: P,
}

impl<P: PageSource> Heap<P> {
    /// A heap that begins right after `last`.
    ///
    /// # Safety
    ///
    /// * The byte after `last` is the heap's first byte in the sense of [`PageSource`], whose promises hold for it.
    /// * `last` lies in the memory, but not on the last page of the address space.
    /// * No other heap uses these pages, and all calls come from one thread.
    pub const unsafe fn new(last: *mut u8, pages: P) -> Self {
        Self {
            last: Cell::new(last),
            pages,
        }
    }

    #[inline(always)]
    fn last(&self) -> Addr {
        self.pages.address(self.last.get())
    }

    #[inline(always)]
    fn set_last(&self, last: Addr) {
        self.last.set(self.pages.pointer(last));
    }

    /// The first byte of a block for `request` after `last`, which is the state. If there is no room it is null, and the state is
    /// what it was.
    #[inline(always)]
    fn bump(&self, last: Addr, request: Request) -> Addr {
        let block = bump::next(last, request);
        // Stored before it is known to be right, so that the rare path does not have to return to store it.
        self.set_last(block.last);
        if bump::is_settled(last, block) {
            if block.first == Addr(0) {
                // SAFETY: a block that begins at null has wrapped around, and is not settled. (So callers test for null on the rare path
                // only; this one costs no more metered blocks than without any test.)
                unsafe { unreachable_unchecked() }
            }
            block.first
        } else {
            self.reserve(last, block.first, request.align())
        }
    }

    /// As [`bump`](Self::bump), for a block that leaves the page of `last`; it begins at `first` if the heap's memory goes on there,
    /// or is to grow from there. Where it would end is the state already: what is not passed on need not be kept by the caller.
    #[cold]
    #[inline(never)]
    fn reserve(&self, last: Addr, first: Addr, align: Align) -> Addr {
        let block = Block {
            first,
            last: self.last(),
        };
        let memory = Memory {
            initial_last: self.pages.initial_last(),
            size: self.pages.size(),
        };
        let Placement {
            block,
            grow,
            no_room,
        } = bump::place(last, block, align, memory);
        // Growing by nothing is harmless, and so rare that a test for it would cost more.
        if self.pages.grow(grow).is_none() | no_room {
            self.set_last(last);
            Addr(0)
        } else {
            self.set_last(block.last);
            block.first
        }
    }
}

// SAFETY: a block lies after the last byte handed out before it, so it overlaps no other; `bump` aligns it and keeps
// it on pages that are the heap's, which by `PageSource` can be read and written; null is returned, and the state kept,
// where there is no such block. Nothing here unwinds: there is no panic on any path.
unsafe impl<P: PageSource> GlobalAlloc for Heap<P> {
    // Everything is inlined into the functions that the compiler generates for the global allocator, so that the compiler alone decides
    // where a call of those is worth its price.
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(request) = Request::new(layout) else {
            return ptr::null_mut();
        };
        let last = self.last();
        self.pages.pointer(self.bump(last, request))
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is the one `alloc` asks for. The bytes are zero because the page
        // source's are, and none of them has been handed out before.
        unsafe { self.alloc(layout) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: by the caller's promise `new_size`, rounded up to the alignment, does not overflow `isize`.
        let wanted = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let Some(request) = Request::new(wanted) else {
            return ptr::null_mut();
        };
        let (last, first) = (self.last(), self.pages.address(block));
        let old = layout.size() as u32;
        let more = new_size.saturating_sub(layout.size()) as u32;
        let after = last
            .0
            .wrapping_sub(first.0.wrapping_sub(1).wrapping_add(old));
        // A block stays if it does not grow, or if there is none after it: one branch for both. What is cut off stays handed out, because
        // taking it back would mean clearing it, at 100 ink a byte.
        if after.min(more) == 0 {
            let grown = Block {
                first,
                last: Addr(last.0.wrapping_add(more)),
            };
            self.set_last(grown.last);
            if bump::is_settled(last, grown) {
                return block;
            }
            let new = self.reserve(last, first, request.align());
            let moved = self.pages.pointer(new);
            // Neither null nor the block itself is after the block; only one after somebody else's pages is.
            if new > first {
                // SAFETY: both blocks are alive and at least `layout.size()` bytes long, as the new one is larger; it lies
                // after all that was ever handed out, so they do not overlap.
                unsafe { ptr::copy_nonoverlapping(block, moved, layout.size()) };
            }
            return moved;
        }
        let new = self.pages.pointer(self.bump(last, request));
        if !new.is_null() {
            // SAFETY: as above: the new block is larger, and lies after all that was ever handed out.
            unsafe { ptr::copy_nonoverlapping(block, new, layout.size()) };
        }
        new
    }
}
