//! The free pages of the reclaiming allocator, and how it gets more. It does not know blocks smaller than a page.

use core::cell::Cell;

use crate::{
    pages::PageSource,
    units::{Addr, Align, Bytes, Pages},
};

/// How many pages an address space has. The last one is never handed out: a Rust object must not end where the address space does.
const ADDRESS_SPACE: u32 = 1 << 16;

/// The end of a list.
pub(crate) const NONE: Addr = Addr(0);

/// The beginning of a free run of pages, or of any other free block.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Run {
    pub(crate) next: Addr,
    /// In bytes; only runs have a size.
    pub(crate) size: Bytes,
}

/// Runs of free pages, no two of which touch, and the source of more.
#[derive(Debug)]
pub(crate) struct Runs<P> {
    pages: P,
    /// The first run.
    first: Cell<Addr>,
}

impl<P: PageSource> Runs<P> {
    pub(crate) const fn new(pages: P) -> Self {
        Self {
            pages,
            first: Cell::new(NONE),
        }
    }

    #[inline(always)]
    pub(crate) fn pages(&self) -> &P {
        &self.pages
    }

    /// Reads the beginning of a free block.
    #[inline(always)]
    pub(crate) fn read(&self, at: Addr) -> Run {
        // SAFETY: only addresses from lists are passed. They are those of free blocks, which nobody else uses, which have at least 16 bytes
        // and begin at multiples of 16, and which were written to when they were filed.
        unsafe { self.pages.pointer(at).cast::<Run>().read() }
    }

    /// The block after a free block in its list.
    #[inline(always)]
    pub(crate) fn next(&self, at: Addr) -> Addr {
        // SAFETY: as for `read`; a block in a list of one size begins with this, too.
        unsafe { self.pages.pointer(at).cast::<Addr>().read() }
    }

    /// The same, as a single load in this place: the compiler would rather load on each of the paths that meet here, and end each in a
    /// jump.
    #[inline(always)]
    pub(crate) fn next_once(&self, at: Addr) -> Addr {
        // SAFETY: as for `next`.
        unsafe { self.pages.pointer(at).cast::<Addr>().read_volatile() }
    }

    /// Writes the beginning of a block that is about to be filed.
    #[inline(always)]
    pub(crate) fn write(&self, at: Addr, run: Run) {
        // SAFETY: the block was freed, so nobody else uses it; as above, it is large enough and aligned.
        unsafe { self.pages.pointer(at).cast::<Run>().write(run) }
    }

    /// The same for a block in a list of one size.
    #[inline(always)]
    pub(crate) fn write_next(&self, at: Addr, next: Addr) {
        // SAFETY: as for `write`.
        unsafe { self.pages.pointer(at).cast::<Addr>().write(next) }
    }

    /// Makes `next` follow `link` in the list, or begin the list.
    fn relink(&self, link: Addr, next: Addr) {
        if link == NONE {
            self.first.set(next);
        } else {
            let run = self.read(link);
            self.write(link, Run { next, ..run });
        }
    }

    /// Files a run that touches no free one; does nothing if it is empty.
    fn file(&self, at: Addr, size: Bytes) {
        if size.0 != 0 {
            let next = self.first.get();
            self.write(at, Run { next, size });
            self.first.set(at);
        }
    }

    /// Frees a run of pages, joining it with its free neighbours.
    pub(crate) fn free(&self, mut at: Addr, mut size: Bytes) {
        let mut link = NONE;
        let mut other = self.first.get();
        while other != NONE {
            let run = self.read(other);
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
        self.file(at, size);
    }

    /// The first free run with enough room; the rest of it stays free.
    pub(crate) fn first_fit(&self, size: Bytes, align: Align) -> Addr {
        let mut link = NONE;
        let mut at = self.first.get();
        while at != NONE {
            let run = self.read(at);
            let front = align.padding(at);
            if let Some(rest) = run.size.0.checked_sub(front.0.saturating_add(size.0)) {
                self.relink(link, run.next);
                self.file(at, front);
                let found = Addr(at.0 + front.0);
                self.file(Addr(found.0 + size.0), Bytes(rest));
                return found;
            }
            link = at;
            at = run.next;
        }
        NONE
    }

    /// Removes the free run that begins or ends at an address; no run is empty.
    fn take(&self, is_it: impl Fn(Addr, Run) -> bool) -> Option<(Addr, Bytes)> {
        let mut link = NONE;
        let mut at = self.first.get();
        while at != NONE {
            let run = self.read(at);
            if is_it(at, run) {
                self.relink(link, run.next);
                return Some((at, run.size));
            }
            link = at;
            at = run.next;
        }
        None
    }

    /// Gives a run another number of pages in place; returns whether that worked.
    pub(crate) fn resize(&self, at: Addr, size: Bytes, new_size: Bytes) -> bool {
        let end = Addr(at.0.wrapping_add(size.0));
        if new_size.0 <= size.0 {
            if new_size.0 < size.0 {
                self.free(Addr(at.0 + new_size.0), Bytes(size.0 - new_size.0));
            }
            return true;
        }
        let wanted = new_size.0 - size.0;
        let (_, after) = self.take(|run, _| run == end).unwrap_or((end, Bytes(0)));
        let goes = after.0 >= wanted;
        if goes {
            self.file(Addr(end.0 + wanted), Bytes(after.0 - wanted));
        } else {
            self.file(end, after);
        }
        goes
    }

    /// Grows a run at the end of memory, using what is free after it as [`resize`](Self::resize) does; returns whether that worked.
    pub(crate) fn extend(&self, at: Addr, size: Bytes, new_size: Bytes) -> bool {
        let end = Addr(at.0.wrapping_add(size.0));
        let (_, after) = self.take(|run, _| run == end).unwrap_or((end, Bytes(0)));
        let pages = self.pages.size().0;
        let wanted = at.page() + new_size.pages();
        let goes = (end.page() + after.pages() == pages) & (wanted < ADDRESS_SPACE)
            && self.pages.grow(Pages(wanted.wrapping_sub(pages))).is_some();
        if !goes {
            self.file(end, after);
        }
        goes
    }

    /// Fresh pages, including free ones right before them, and whether all of them are zero.
    pub(crate) fn grow(&self, size: Bytes, align: Align) -> (Addr, bool) {
        let end = self.pages.size().0;
        let in_front = self.take(|run, Run { size, .. }| run.page() + size.pages() == end);
        let (start, free) = in_front.unwrap_or((Pages(end).first(), Bytes(0)));
        let front = align.padding(start);
        let first = start.page() + front.pages();
        let wanted = first + size.pages();
        // If memory fills the address space, everything wanted is beyond it.
        let goes = (start != NONE) & (wanted < ADDRESS_SPACE)
            && self.pages.grow(Pages(wanted - end)).is_some();
        if goes {
            self.file(start, front);
            (Pages(first).first(), free.0 == 0)
        } else {
            self.file(start, free);
            (NONE, true)
        }
    }
}
