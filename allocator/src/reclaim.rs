//! The reclaiming allocator, over any page source: blocks of a few sizes, and a list of the free ones of each.
//!
//! A request takes the first free block of its size, and a fresh one if there is none. Only where that leaves the page are larger
//! free blocks cut up, and only if there are none of those does memory grow. Sizes are the business of `classes.rs`, fresh memory
//! that of `heap.rs`.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    hint::unreachable_unchecked,
    ptr,
};

use crate::{
    bump::{self, Block, Request},
    classes,
    heap::Heap,
    pages::PageSource,
    units::{Addr, Align, Bytes},
};

/// The end of a list.
const NONE: Addr = Addr(0);

/// How many lists there are: one for every power of two that fits a 32-bit size.
const LISTS: usize = 32;

/// A heap that hands out again what it was given back.
#[derive(Debug)]
pub struct ReclaimingHeap<P> {
    fresh: Heap<P>,
    /// The first free block of each power of two. Those of sizes that are made of pages stay empty, so that nobody has to ask
    /// which kind a size is before he looks.
    free: [Cell<Addr>; LISTS],
    /// The first free run of pages.
    runs: Cell<Addr>,
}

/// The beginning of a free run of pages.
#[derive(Clone, Copy)]
#[repr(C)]
struct Run {
    next: Addr,
    size: Bytes,
}

impl<P: PageSource> ReclaimingHeap<P> {
    /// A heap that begins right behind `last`.
    ///
    /// # Safety
    ///
    /// As for [`Heap::new`]; and the heap's first byte is a multiple of 8.
    pub const unsafe fn new(last: *mut u8, pages: P) -> Self {
        // The one use of this constant is to be copied into an array.
        #[allow(clippy::declare_interior_mutable_const)]
        const EMPTY: Cell<Addr> = Cell::new(NONE);
        Self {
            // SAFETY: the caller's promises are passed on.
            fresh: unsafe { Heap::new(last, pages) },
            free: [EMPTY; LISTS],
            runs: EMPTY,
        }
    }

    #[inline(always)]
    fn list(&self, power: u32) -> &Cell<Addr> {
        match self.free.get(power as usize) {
            Some(list) => list,
            // SAFETY: `classes::power` gives numbers from 3 to 31, for which there are lists.
            None => unsafe { unreachable_unchecked() },
        }
    }

    /// What follows a free block in its list.
    #[inline(always)]
    fn next(&self, at: Addr) -> Addr {
        // SAFETY: only addresses from the lists are passed. Those are free blocks, so they are memory that nobody else uses, and
        // `push` has written an address there. All blocks are multiples of 8 bytes long and begin at multiples of 8.
        unsafe { self.fresh.pointer(at).cast::<Addr>().read() }
    }

    /// Files a free block of a power of two.
    #[inline(always)]
    fn push(&self, at: Addr, power: u32) {
        let list = self.list(power);
        // SAFETY: the block was given back, so nobody else uses it; it has at least 8 bytes and begins at a multiple of 8.
        unsafe { self.fresh.pointer(at).cast::<Addr>().write(list.get()) };
        list.set(at);
    }

    /// Reads the beginning of a free run.
    fn run(&self, at: Addr) -> Run {
        // SAFETY: as in `next`, and runs are written by `set_run`.
        unsafe { self.fresh.pointer(at).cast::<Run>().read() }
    }

    /// Writes the beginning of a free run.
    fn set_run(&self, at: Addr, run: Run) {
        // SAFETY: as in `push`; a run has at least a page.
        unsafe { self.fresh.pointer(at).cast::<Run>().write(run) }
    }

    /// A block for `size` bytes; null if there is none.
    #[inline(always)]
    fn obtain(&self, size: Bytes, align: Align) -> Addr {
        let power = classes::power(size);
        let list = self.list(power);
        let at = list.get();
        // Every block is aligned to 8 bytes; one that must be more, and is not, stays.
        if at != NONE && (align.0 <= classes::ALIGN || align.fits(at)) {
            list.set(self.next(at));
            return at;
        }
        let last = self.fresh.last();
        // A size that is made of pages leaves the page in any case.
        let block = bump::next(last, Request::sized(Bytes(1 << power), align));
        self.fresh.set_last(block.last);
        if bump::is_settled(last, block) {
            if block.first == NONE {
                // SAFETY: a block that begins at null has wrapped around, and is not settled.
                unsafe { unreachable_unchecked() }
            }
            block.first
        } else {
            self.obtain_elsewhere(last, size, align)
        }
    }

    /// As [`obtain`](Self::obtain), where the page of `last`, the state before, has no room.
    #[cold]
    #[inline(never)]
    fn obtain_elsewhere(&self, last: Addr, size: Bytes, align: Align) -> Addr {
        self.fresh.set_last(last);
        let size = classes::rounded(size);
        let power = classes::power(size);
        let found = if power > classes::MOST {
            self.first_fit(size, align)
        } else {
            self.cut(power, align)
        };
        if found != NONE {
            return found;
        }
        self.fresh.bump(last, Request::sized(size, align))
    }

    /// A block of this power of two out of a larger free one.
    fn cut(&self, power: u32, align: Align) -> Addr {
        for larger in power + 1..=classes::MOST {
            let list = self.list(larger);
            let at = list.get();
            if at != NONE && align.fits(at) {
                list.set(self.next(at));
                self.give_back(at, power, larger);
                return at;
            }
        }
        NONE
    }

    /// Files what a block of one power of two has beyond another: a half, a quarter, and so on.
    fn give_back(&self, at: Addr, kept: u32, whole: u32) {
        for part in kept..whole {
            self.push(Addr(at.0 + (1 << part)), part);
        }
    }

    /// The first free run that is long enough; the rest of it stays free.
    fn first_fit(&self, size: Bytes, align: Align) -> Addr {
        let mut link = NONE;
        let mut at = self.runs.get();
        while at != NONE {
            let run = self.run(at);
            if run.size.0 >= size.0 && align.fits(at) {
                let rest = Bytes(run.size.0 - size.0);
                let mut next = run.next;
                if rest.0 != 0 {
                    next = Addr(at.0 + size.0);
                    self.set_run(next, Run { size: rest, ..run });
                }
                self.relink(link, next);
                return at;
            }
            link = at;
            at = run.next;
        }
        NONE
    }

    /// Makes `next` follow `link` in the list of runs, or begin it.
    fn relink(&self, link: Addr, next: Addr) {
        if link == NONE {
            self.runs.set(next);
        } else {
            let run = self.run(link);
            self.set_run(link, Run { next, ..run });
        }
    }

    /// Gives back a run of pages, joined with its free neighbours.
    #[cold]
    #[inline(never)]
    fn free_run(&self, mut at: Addr, mut size: Bytes) {
        let mut link = NONE;
        let mut other = self.runs.get();
        while other != NONE {
            let run = self.run(other);
            let is_behind = other.0 == at.0.wrapping_add(size.0);
            let is_before = at.0 == other.0.wrapping_add(run.size.0);
            if is_behind | is_before {
                self.relink(link, run.next);
                at = if is_before { other } else { at };
                size = Bytes(size.0 + run.size.0);
            } else {
                link = other;
            }
            other = run.next;
        }
        let next = self.runs.get();
        self.set_run(at, Run { next, size });
        self.runs.set(at);
    }

    /// Gives back the block of `size` bytes.
    #[inline(always)]
    fn release(&self, at: Addr, size: Bytes) {
        let power = classes::power(size);
        if power > classes::MOST {
            self.free_run(at, classes::rounded(size));
        } else {
            self.push(at, power);
        }
    }

    /// `realloc` from one rounded size to another.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`] from `layout` to `new_size`.
    #[inline(never)]
    unsafe fn resize(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (first, last) = (self.fresh.address(block), self.fresh.last());
        let old = classes::rounded(Bytes(layout.size() as u32));
        let new = classes::rounded(Bytes(new_size as u32));
        if new.0 < old.0 {
            let (kept, whole) = (classes::power(new), classes::power(old));
            if whole <= classes::MOST {
                self.give_back(first, kept, whole);
                return block;
            }
            if kept > classes::MOST {
                self.free_run(Addr(first.0 + new.0), Bytes(old.0 - new.0));
                return block;
            }
        } else if last.0 == first.0.wrapping_add(old.0).wrapping_sub(1) {
            // The last block of all grows where it is.
            let grown = Block {
                first,
                last: Addr(first.0.wrapping_add(new.0).wrapping_sub(1)),
            };
            self.fresh.set_last(grown.last);
            if bump::is_settled(last, grown) {
                return block;
            }
            let moved = self
                .fresh
                .reserve(last, first, Align(layout.align() as u32));
            let target = self.fresh.pointer(moved);
            if moved > first {
                // SAFETY: the new block lies behind somebody else's pages, and is larger than the old one.
                unsafe { ptr::copy_nonoverlapping(block, target, layout.size()) };
                self.release(first, old);
            }
            if moved != NONE {
                return target;
            }
            // Memory does not grow, but something may be free.
        }
        let moved = self.obtain(Bytes(new_size as u32), Align(layout.align() as u32));
        let target = self.fresh.pointer(moved);
        if moved != NONE {
            let kept = layout.size().min(new_size);
            // SAFETY: both blocks are alive, apart, and at least `kept` bytes long.
            unsafe { ptr::copy_nonoverlapping(block, target, kept) };
            self.release(first, old);
        }
        target
    }
}

/// Whether a 32-bit target could have asked for this.
#[inline(always)]
const fn is_possible(layout: Layout) -> bool {
    Request::new(layout).is_some()
}

// SAFETY: a block is fresh, which `Heap` argues for, or was given back whole or in part and has left its list, so it overlaps no
// other; those of a list have their class's size, runs are measured; each is looked at for its alignment. Null is returned where
// there is no block, and nothing has changed then but what lies in the lists. Nothing here unwinds.
unsafe impl<P: PageSource> GlobalAlloc for ReclaimingHeap<P> {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_possible(layout) {
            return ptr::null_mut();
        }
        let (size, align) = (layout.size() as u32, layout.align() as u32);
        self.fresh.pointer(self.obtain(Bytes(size), Align(align)))
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_possible(layout) {
            return ptr::null_mut();
        }
        let (size, align) = (layout.size() as u32, layout.align() as u32);
        let last = self.fresh.last();
        let first = self.obtain(Bytes(size), Align(align));
        let block = self.fresh.pointer(first);
        // What lies behind all that was ever handed out is zero. (Null, less one, is behind all.)
        if first.0.wrapping_sub(1) < last.0 {
            // SAFETY: the block is the caller's, and has `layout.size()` bytes.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.release(self.fresh.address(block), Bytes(layout.size() as u32));
    }

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if usize::BITS > u32::BITS && new_size > i32::MAX as usize {
            return ptr::null_mut();
        }
        let rounded = |size: usize| classes::rounded(Bytes(size as u32)).0;
        if rounded(layout.size()) == rounded(new_size) {
            return block;
        }
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { self.resize(block, layout, new_size) }
    }
}
