//! The bump allocator itself, over any page source: it loads and stores the state, grows the memory and copies blocks
//! that must move. Where a block goes is `bump.rs`'s decision; what memory is, is the page source's.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    ptr,
};

use crate::{
    bump::{self, Foreign, Memory, Placement, Request},
    pages::PageSource,
    units::{Addr, Pages},
};

/// A heap that only grows: no byte is ever handed out twice, which is why all of it is zero when it is handed out.
#[derive(Debug)]
pub struct Heap<P> {
    /// The last byte handed out; its page, from there on, is the heap's. This is all the state there is.
    last: Cell<*mut u8>,
    pages: P,
}

impl<P: PageSource> Heap<P> {
    /// A heap that begins right behind `last`.
    ///
    /// # Safety
    ///
    /// * The byte behind `last` is the heap's first byte in the sense of [`PageSource`], whose promises hold for it.
    /// * `last` lies in the memory, but not on the last page of the address space.
    /// * No other heap uses these pages, and all calls come from one thread.
    pub const unsafe fn new(last: *mut u8, pages: P) -> Self {
        Self {
            last: Cell::new(last),
            pages,
        }
    }

    #[inline(always)]
    fn set_last(&self, last: Addr) {
        self.last.set(self.pages.pointer(last));
    }

    /// The floor of the next block if that ends on the page of the last one; otherwise the state to go back to,
    /// which [`reserve`](Self::reserve) does.
    #[inline(always)]
    fn bump(&self, request: Request) -> Result<Addr, Addr> {
        let last = self.pages.address(self.last.get());
        let block = bump::next(last, request);
        // Stored before it is known to be right: so the compiler lets the rare path fall through to the common one,
        // which saves a branch and a metered block.
        self.set_last(block.last);
        if bump::is_settled(last, block, request) {
            Ok(block.floor)
        } else {
            Err(last)
        }
    }

    /// The floor of a block that leaves the page of `last`, the state before it. If there is no room, that is the state
    /// again and the result is the request's `no_floor`.
    #[cold]
    #[inline(never)]
    fn reserve(&self, last: Addr, request: Request, foreign: Foreign) -> Addr {
        let block = bump::next(last, request);
        let size = self.pages.size();
        match bump::growth(last, block, request, size) {
            // The state is the block's already: `bump` has stored it.
            Some(grow) if self.pages.grow(grow) => block.floor,
            Some(_) => self.refuse(last, request),
            None => self.reserve_anywhere(last, request, size, foreign),
        }
    }

    /// As [`reserve`](Self::reserve), for all that is out of the ordinary. Apart, so that it costs nothing to have it.
    #[inline(never)]
    fn reserve_anywhere(
        &self,
        last: Addr,
        request: Request,
        size: Pages,
        foreign: Foreign,
    ) -> Addr {
        let memory = Memory {
            initial_last: self.pages.initial_last(),
            size,
        };
        match bump::place(last, request, memory, foreign) {
            // To grow by nothing is harmless, and so rare that it is cheaper than to ask each time whether it is
            // needed.
            Some(Placement { block, grow }) if self.pages.grow(grow) => {
                self.set_last(block.last);
                block.floor
            }
            _ => self.refuse(last, request),
        }
    }

    #[inline(always)]
    fn refuse(&self, last: Addr, request: Request) -> Addr {
        self.set_last(last);
        request.no_floor()
    }

    /// Copies a block to a larger new one. Null, and state and block kept, if there is no room.
    ///
    /// # Safety
    ///
    /// * `block` is alive and was handed out with `layout`.
    /// * `wanted` is at least as large as `layout`.
    unsafe fn relocate(&self, block: *mut u8, layout: Layout, wanted: Layout) -> *mut u8 {
        // SAFETY: `alloc` asks for nothing but a valid layout; it takes empty ones as well.
        let new = unsafe { self.alloc(wanted) };
        if !new.is_null() {
            // SAFETY: both blocks are alive and at least `layout.size()` bytes long, and as the new one lies behind all
            // that was ever handed out they do not overlap.
            unsafe { ptr::copy_nonoverlapping(block, new, layout.size()) };
        }
        new
    }
}

// SAFETY: a block lies behind the last byte handed out before it, so it overlaps no other; `bump` aligns it and keeps
// it on pages that are the heap's, which by `PageSource` can be read and written; null is returned, and the state kept,
// where there is no such block. Nothing here unwinds: there is no panic on any path.
unsafe impl<P: PageSource> GlobalAlloc for Heap<P> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(request) = Request::new(layout) else {
            return ptr::null_mut();
        };
        let floor = match self.bump(request) {
            Ok(floor) => floor,
            Err(last) => self.reserve(last, request, Foreign::Skip),
        };
        self.pages.pointer(request.first(floor))
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is the one `alloc` asks for. The bytes are zero because the page
        // source's are, and none of them has been handed out before.
        unsafe { self.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // The bytes cut off stay handed out: to take them back they would have to be cleared, at 100 ink each.
        if new_size <= layout.size() {
            return block;
        }
        if block.wrapping_add(layout.size()) == self.last.get().wrapping_add(1) {
            // SAFETY: 1 is a power of two, and the size is below `new_size`, which the caller promises to fit an
            // `isize`.
            let more = unsafe { Layout::from_size_align_unchecked(new_size - layout.size(), 1) };
            if let Some(more) = Request::new(more) {
                let stays = match self.bump(more) {
                    Ok(_) => true,
                    Err(last) => self.reserve(last, more, Foreign::Stop) != more.no_floor(),
                };
                if stays {
                    return block;
                }
            }
        }
        // SAFETY: by the caller's promise `new_size`, rounded up to the alignment, does not overflow `isize`.
        let wanted = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: the caller's promises about `block` and `layout`, and `wanted` is larger.
        unsafe { self.relocate(block, layout, wanted) }
    }
}
