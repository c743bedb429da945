//! The bump allocator in as few bytes as possible, since a short call pays more for the size of its program than for the instructions that
//! it runs. No block grows in place; `heap.rs` is for programs that allocate much. The page source says what memory is, and `wasm.rs`
//! decides what is inlined.
//!
//! The state is the number of bytes handed out so far, negated. It starts at zero, which needs no data segment, so even the first block
//! takes the fast path. The address of the next byte is negated, too: it is the distance to the end of the address space. In these terms
//!
//! * one `and` aligns a block and one `sub` takes it off, with no overflow to check for;
//! * two addresses are on one page if they differ in the lower 16 bits alone, just as with the address of the last byte, which is the
//!   complement of that of the next one, negated.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    hint::unreachable_unchecked,
    ptr,
};

use crate::{
    bump::Request,
    pages::PageSource,
    units::{Addr, Pages, PAGE_SIZE},
};

/// A heap that only grows, for programs whose size matters.
///
/// The invariant is that of `bump.rs`: the page of the last byte handed out is the heap's from there on.
#[derive(Debug)]
pub struct Compact<P> {
    /// The bytes handed out so far, including the gaps that alignment leaves, negated.
    taken: Cell<u32>,
    pages: P,
}

impl<P: PageSource> Compact<P> {
    /// A heap that begins at the source's first byte.
    ///
    /// # Safety
    ///
    /// * What [`PageSource`] promises holds for `pages` and its [`first`](PageSource::first) byte, which is not null and lies in the
    ///   initial memory or right after it, but not on the last page of the address space, which the initial memory leaves out, too.
    /// * No other heap uses these pages, and all calls come from one thread.
    pub const unsafe fn new(pages: P) -> Self {
        Self {
            taken: Cell::new(0),
            pages,
        }
    }

    /// The first byte of a block; null, and the state is what it was, where there is no room.
    ///
    /// If somebody else's memory fills the address space, no request may be empty: the answer would be null, as if there were room.
    #[inline(always)]
    pub(crate) fn take(&self, request: Request) -> Addr {
        let (size, align) = (request.size().0, request.align().0);
        let place = |next: u32| {
            let first = next & align.wrapping_neg();
            (first, first.wrapping_sub(size))
        };
        let base = self.pages.first().0;
        let mut next = self.taken.get().wrapping_sub(base);
        let (mut first, mut after) = place(next);
        // As in `bump::is_settled`: what wraps around ends on another page.
        if next ^ after >= PAGE_SIZE {
            let end = self.pages.size().first().0;
            let is_grown = end != self.pages.initial_last().0.wrapping_add(1);
            // Memory continues after the page of the last byte although it did not begin that way: somebody else has grown it, so the block
            // goes after all of it.
            if is_grown && next.wrapping_add(end) >= PAGE_SIZE {
                next = end.wrapping_neg();
            }
            // Either way, placing it again takes fewer bytes than choosing between two places.
            (first, after) = place(next);
            let spare = after.wrapping_add(end) as i32;
            if spare < 0 && self.pages.grow(lacking(spare, after)).is_none() {
                return Addr(0);
            }
        }
        self.taken.set(after.wrapping_add(base));
        if first == 0 {
            // SAFETY: a block that begins at null has wrapped around, and no memory has pages for that. (Where this is inlined, callers no
            // longer have to test for null.)
            unsafe { unreachable_unchecked() }
        }
        Addr(first.wrapping_neg())
    }
}

/// The pages to ask for where so many bytes are to spare, fewer than none, and the block ends at `after`, negated.
///
/// No block may end on the last page of the address space: for one that would, this asks for 65,536 more pages, which no memory can have.
/// Refusing it here would take a branch and a `return`, and so add more to each activation than the rest of the slow path. A block that
/// wraps around asks for too much anyway.
#[inline(always)]
const fn lacking(spare: i32, after: u32) -> Pages {
    let beyond = ((after < PAGE_SIZE) as u32) << PAGE_SIZE.trailing_zeros();
    Pages(((spare >> PAGE_SIZE.trailing_zeros()) as u32).wrapping_neg() | beyond)
}

// SAFETY: a block lies after all that was handed out, so it overlaps no other; `take` aligns it and keeps it on pages that are the
// heap's, which by `PageSource` can be read and written and are zero; null is returned, and the state kept, where there is no such
// block. Nothing here unwinds.
unsafe impl<P: PageSource> GlobalAlloc for Compact<P> {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match Request::new(layout) {
            Some(request) => self.pages.pointer(self.take(request)),
            None => ptr::null_mut(),
        }
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on. The bytes are zero because none has been handed out before.
        unsafe { self.alloc(layout) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { relocate(self, block, layout, new_size) }
    }
}

/// `realloc` by copying to another block. This is the trait's own, except that it is inlined: as a function it adds some 13 gas to every
/// uncached start.
///
/// # Safety
///
/// As for [`GlobalAlloc::realloc`] of `heap`, which gives nothing back.
#[inline(always)]
pub(crate) unsafe fn relocate(
    heap: &impl GlobalAlloc,
    block: *mut u8,
    layout: Layout,
    new_size: usize,
) -> *mut u8 {
    // SAFETY: by the caller's promise `new_size`, rounded up to the alignment, does not overflow `isize`.
    let wanted = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
    // SAFETY: the caller's promise is passed on.
    let new = unsafe { heap.alloc(wanted) };
    if !new.is_null() {
        let kept = layout.size().min(new_size);
        // SAFETY: both blocks are alive, and at least `kept` bytes long; no block overlaps another.
        unsafe { ptr::copy_nonoverlapping(block, new, kept) };
    }
    new
}
