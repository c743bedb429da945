//! The reclaiming allocator, over any page source: blocks of a few sizes, and a list of free blocks for each.
//!
//! A request takes the first free block of its size. If there is none, a small request takes the next bytes of the current chunk. A large
//! request, or a small one that does not fit the chunk, cuts a larger free block, or takes fresh memory if there is none. `classes.rs`
//! knows the sizes, `runs.rs` the pages.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    hint::unreachable_unchecked,
    ptr,
};

use crate::{
    bump::Request,
    classes::{self, CHUNK, MOST, SMALL},
    pages::PageSource,
    runs::{Run, Runs, NONE},
    units::{Addr, Align, Bytes, PAGE_SIZE},
};

/// How many lists there are: one for every power of two that fits a 32-bit size, and a second one for each of those made of pages.
const LISTS: usize = 48;

/// The list that a block of some power of two is taken from. Freed pages go to lists of their own until somebody looks for pages; the lists
/// that pages would be taken from stay empty. So callers need not find out first which kind a size is.
#[inline(always)]
const fn source(power: u32) -> u32 {
    power + (power & classes::PAGE)
}

/// The size of a chunk, in bytes.
const CHUNK_SIZE: u32 = 1 << CHUNK;

/// Memory that large blocks are taken from, lowest address first.
#[derive(Clone, Copy, Debug)]
struct Tail {
    first: Addr,
    /// The end of it, on a page boundary.
    end: Addr,
    /// From here on, nothing has ever been handed out.
    clean: Addr,
}

/// A block that was found, and whether it is all zero: the address, with the answer in its lowest bit, which no block's address uses. Both
/// are in one word because wasm returns no two, and a stack in memory would cost more.
#[derive(Clone, Copy, Debug)]
struct Found(u32);

impl Found {
    const fn new(at: Addr, is_zero: bool) -> Self {
        Self(at.0 | is_zero as u32)
    }

    /// A block that has been used before, or none.
    const fn used(at: Addr) -> Self {
        Self::new(at, false)
    }

    const fn at(self) -> Addr {
        Addr(self.0 & !1)
    }

    const fn is_zero(self) -> bool {
        self.0 & 1 != 0
    }
}

/// A heap that reuses freed blocks.
#[derive(Debug)]
pub struct ReclaimingHeap<P> {
    /// The last byte handed out of the current chunk. The rest of the chunk is where new small blocks come from.
    last: Cell<*mut u8>,
    /// The first free block of each power of two.
    free: [Cell<Addr>; LISTS],
    /// From here to the end of the current chunk, nothing has ever been handed out.
    clean: Cell<Addr>,
    /// Where new large blocks come from. It ends at null until it is first used.
    tail: Cell<Tail>,
    runs: Runs<P>,
}

impl<P: PageSource> ReclaimingHeap<P> {
    /// A heap that begins right after `last`.
    ///
    /// # Safety
    ///
    /// * The byte after `last` is the heap's first byte in the sense of [`PageSource`], whose promises hold for it, and a multiple
    ///   of 16.
    /// * `last` lies in the memory, but not on the last page of the address space.
    /// * No other heap uses these pages, and all calls come from one thread.
    pub const unsafe fn new(last: *mut u8, pages: P) -> Self {
        // This constant is only ever copied into an array.
        #[allow(clippy::declare_interior_mutable_const)]
        const EMPTY: Cell<Addr> = Cell::new(NONE);
        Self {
            last: Cell::new(last),
            free: [EMPTY; LISTS],
            clean: Cell::new(NONE),
            tail: Cell::new(Tail {
                first: NONE,
                end: NONE,
                clean: NONE,
            }),
            runs: Runs::new(pages),
        }
    }

    #[inline(always)]
    fn last(&self) -> Addr {
        self.runs.pages().address(self.last.get())
    }

    #[inline(always)]
    fn set_last(&self, last: Addr) {
        self.last.set(self.runs.pages().pointer(last));
    }

    #[inline(always)]
    fn pointer(&self, to: Addr) -> *mut u8 {
        self.runs.pages().pointer(to)
    }

    #[inline(always)]
    fn list(&self, power: u32) -> &Cell<Addr> {
        match self.free.get(power as usize) {
            Some(list) => list,
            // SAFETY: `classes::power` returns numbers from 4 to 31, and `source` up to 47, and there are that many lists.
            None => unsafe { unreachable_unchecked() },
        }
    }

    /// Takes the first free block of a power of two, if there is one.
    #[inline(always)]
    fn pop(&self, power: u32) -> Addr {
        let list = self.list(power);
        let at = list.get();
        if at != NONE {
            list.set(self.runs.next(at));
        }
        at
    }

    /// Files a free block of a power of two.
    #[inline(always)]
    fn push(&self, at: Addr, power: u32) {
        let list = self.list(power);
        self.runs.write_next(at, list.get());
        list.set(at);
    }

    /// Frees the block of `size` bytes.
    #[inline(always)]
    fn release(&self, at: Addr, size: Bytes, align: Align) {
        let list = self.list(classes::power(size, align));
        let next = list.get();
        // Only pages need their size, but a branch costs more than writing what nobody reads.
        self.runs.write(at, Run { next, size });
        list.set(at);
    }

    /// The next small block of the current chunk; null if it has no room.
    #[inline(always)]
    fn bump(&self, power: u32) -> Addr {
        let last = self.last();
        let end = Addr(last.0.wrapping_add(1 << power));
        if (last.0 ^ end.0 < CHUNK_SIZE) & (power <= SMALL) {
            self.set_last(end);
            let first = Addr(last.0.wrapping_add(1));
            if first == NONE {
                // SAFETY: the last byte handed out is not on the last page of the address space.
                unsafe { unreachable_unchecked() }
            }
            first
        } else {
            NONE
        }
    }

    /// A block for `size` bytes; null if there is none.
    ///
    /// Wherever a block comes from, it is treated as if it came from its list: all paths meet where it is taken from there, which saves the
    /// usual path a metered block.
    #[inline(always)]
    fn obtain(&self, size: Bytes, align: Align) -> Addr {
        let power = classes::power(size, align);
        let list = self.list(source(power));
        let mut at = list.get();
        if at == NONE {
            at = self.bump(power);
            if at == NONE {
                at = self.obtain_elsewhere(size, align);
                if at == NONE {
                    return NONE;
                }
            }
            // Fresh memory stays zero: nothing follows it in the list.
            self.runs.write_next(at, list.get());
        }
        list.set(self.runs.next_once(at));
        at
    }

    /// A block for `size` bytes, if none of that size is free and the chunk has no room.
    #[inline(never)]
    fn obtain_elsewhere(&self, size: Bytes, align: Align) -> Addr {
        let power = classes::power(size, align);
        // Vectors that grow and are dropped leave one block of a larger size, so the next few sizes are the likeliest to be free.
        if (power > SMALL) & (power < MOST) {
            let (twice, fourfold) = (self.list(power + 1), self.list(source(power + 2)));
            let at = twice.get();
            if at != NONE {
                twice.set(self.runs.next(at));
                self.push(Addr(at.0 + (1 << power)), power);
                return at;
            }
            let at = fourfold.get();
            if at != NONE {
                fourfold.set(self.runs.next(at));
                self.push(Addr(at.0 + (1 << power)), power);
                self.push(Addr(at.0 + (2 << power)), power + 1);
                return at;
            }
        }
        self.find(size, align, false)
    }

    /// A block for `size` bytes, wherever it comes from; filled with zeros on request.
    #[cold]
    #[inline(never)]
    fn find(&self, size: Bytes, align: Align, zeroed: bool) -> Addr {
        let power = classes::power(size, align);
        let found = if power <= SMALL {
            self.small(power)
        } else if power <= MOST {
            self.large(power)
        } else {
            self.pages(classes::whole_pages(size), align)
        };
        let at = found.at();
        if zeroed & !found.is_zero() & (at != NONE) {
            // SAFETY: the block was just found, belongs to nobody yet, and has at least `size` bytes.
            unsafe { ptr::write_bytes(self.pointer(at), 0, size.0 as usize) };
        }
        at
    }

    /// A small block from the current chunk, a larger free block, or a new chunk.
    fn small(&self, power: u32) -> Found {
        let at = self.bump(power);
        if at != NONE {
            return Found::new(at, at >= self.clean.get());
        }
        let at = self.cut(power, CHUNK - 1);
        if at != NONE {
            return Found::used(at);
        }
        let chunk = self.large(CHUNK);
        if chunk.at() == NONE {
            // There may still be a free block that is smaller than a chunk.
            return Found::used(self.cut(power, MOST));
        }
        let rest = Addr(self.last().0.wrapping_add(1));
        self.file(
            rest,
            Addr(rest.0.wrapping_add(CHUNK_SIZE - 1) & !(CHUNK_SIZE - 1)),
        );
        self.set_last(Addr(chunk.at().0 + (1 << power) - 1));
        let clean = if chunk.is_zero() { 0 } else { CHUNK_SIZE };
        self.clean.set(Addr(chunk.at().0 + clean));
        chunk
    }

    /// A large block from a free one, the tail, or a new page.
    fn large(&self, power: u32) -> Found {
        let at = self.cut(power, MOST);
        if at != NONE {
            return Found::used(at);
        }
        self.fresh(power)
    }

    /// The same, if no large enough block is free.
    fn fresh(&self, power: u32) -> Found {
        let tail = self.tail();
        let size = 1 << power;
        let first = Addr((tail.first.0 + (size - 1)) & !(size - 1));
        if first.0 + size <= tail.end.0 {
            self.file(tail.first, first);
            self.tail.set(Tail {
                first: Addr(first.0 + size),
                ..tail
            });
            return Found::new(first, first >= tail.clean);
        }
        let page = self.pages(Bytes(PAGE_SIZE), Align(PAGE_SIZE));
        self.file(tail.first, tail.end);
        if page.at() == NONE {
            self.tail.set(Tail {
                first: tail.end,
                ..tail
            });
            // The rest of the tail may do.
            return Found::used(self.cut(power, MOST));
        }
        let end = Addr(page.at().0 + PAGE_SIZE);
        self.tail.set(Tail {
            first: Addr(page.at().0 + size),
            end,
            clean: if page.is_zero() { page.at() } else { end },
        });
        page
    }

    /// The tail; at first, what the heap was given after its first chunk.
    #[inline(always)]
    fn tail(&self) -> Tail {
        let tail = self.tail.get();
        if tail.end != NONE {
            return tail;
        }
        let first = Addr((self.last().0 | (CHUNK_SIZE - 1)).wrapping_add(1));
        let end = Addr(self.runs.pages().initial_last().0.wrapping_add(1));
        let tail = Tail {
            first,
            // A heap that begins right after the end of a page has a chunk before it that does not belong to it.
            end: end.max(first),
            clean: first,
        };
        self.tail.set(tail);
        tail
    }

    /// Whole pages: free ones, those at the end of the tail, or fresh ones.
    fn pages(&self, size: Bytes, align: Align) -> Found {
        self.collect();
        let at = self.runs.first_fit(size, align);
        if at != NONE {
            return Found::used(at);
        }
        let tail = self.tail();
        let own = (tail.end.0 - tail.first.0) & !(PAGE_SIZE - 1);
        if (own >= size.0) & (align.0 <= PAGE_SIZE) {
            let end = Addr(tail.end.0 - size.0);
            self.tail.set(Tail { end, ..tail });
            return Found::new(end, end >= tail.clean);
        }
        let (at, is_zero) = self.runs.grow(size, align);
        Found::new(at, is_zero)
    }

    /// Joins freed pages with the free runs.
    fn collect(&self) {
        for power in classes::PAGE..u32::BITS {
            let mut at = self.list(power).replace(NONE);
            while at != NONE {
                let Run { next, size } = self.runs.read(at);
                self.runs.free(at, classes::whole_pages(size));
                at = next;
            }
        }
    }

    /// The smallest free block between two powers of two, cut to the first of them.
    fn cut(&self, power: u32, most: u32) -> Addr {
        self.cut_from(power, power, most)
    }

    /// The same, if none is free of a power of two below `least`.
    fn cut_from(&self, power: u32, least: u32, most: u32) -> Addr {
        for whole in least..=most {
            let at = self.pop(whole);
            if at != NONE {
                self.give_back(at, power, whole);
                return at;
            }
        }
        NONE
    }

    /// Files what is left when a block of one power of two is cut to another: a half, a quarter, and so on.
    fn give_back(&self, at: Addr, kept: u32, whole: u32) {
        for part in kept..whole {
            self.push(Addr(at.0 + (1 << part)), part);
        }
    }

    /// Files everything between two addresses on a page as free blocks, each at a multiple of its size.
    fn file(&self, mut first: Addr, end: Addr) {
        while first.0 != end.0 {
            let part = first.0.trailing_zeros();
            self.push(first, part);
            first = Addr(first.0 + (1 << part));
        }
    }

    /// Whether a block is the last one of the current chunk.
    fn is_last(&self, at: Addr, power: u32) -> bool {
        // No large block ends inside a chunk.
        at.0.wrapping_add((1 << power) - 1) == self.last().0
    }

    /// Takes back what the chunk has handed out after `last`.
    fn rewind(&self, last: Addr) {
        let used = Addr(self.last().0 + 1);
        self.clean.set(self.clean.get().max(used));
        self.set_last(last);
    }

    /// Where a block goes when it becomes one of a larger power of two of which none is free; nowhere if there is no room. Free memory
    /// comes first, then memory that was never handed out, in the tail after the block or elsewhere.
    fn enlarge(&self, at: Addr, from: u32, to: u32, size: Bytes, align: Align) -> Addr {
        if (to <= SMALL) | (to > MOST) {
            return if self.extend_into_tail(at, from, to) {
                at
            } else {
                self.obtain(size, align)
            };
        }
        let found = self.cut_from(to, to + 1, MOST);
        if found != NONE {
            found
        } else if self.extend_into_tail(at, from, to) {
            at
        } else {
            self.fresh(to).at()
        }
    }

    /// Grows a block into the tail after it; returns whether that worked.
    fn extend_into_tail(&self, at: Addr, from: u32, to: u32) -> bool {
        let tail = self.tail.get();
        let first = Addr(at.0.wrapping_add(1 << to));
        let goes = (from > SMALL)
            & (from <= MOST)
            & (to <= classes::PAGE)
            & (tail.first.0 == at.0.wrapping_add(1 << from))
            & (at.0 & ((1 << to) - 1) == 0);
        if goes {
            self.tail.set(Tail { first, ..tail });
        }
        goes
    }

    /// `realloc` from one power of two to another, or to another number of pages.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`] from `layout` to `new_size`.
    unsafe fn resize(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let at = self.runs.pages().address(block);
        let align = Align(layout.align() as u32);
        let from = classes::power(Bytes(layout.size() as u32), align);
        let to = classes::power(Bytes(new_size as u32), align);
        // The frequent cases, one branch each. Conditions are combined into one value that must be null, since every comparison is a
        // branch.
        let list = self.list(source(to));
        let target = list.get();
        let (last, end) = (self.last(), Addr(at.0.wrapping_add((1 << to) - 1)));
        let after = Addr(at.0.wrapping_add(1 << from));
        let is_shorter = to.wrapping_sub(from) >> 31;
        // The last block of the chunk grows in place, unless a block of the new size is free: taking fresh bytes each time would need more
        // and more of them.
        let is_not_last = after.0.wrapping_sub(1) ^ last.0;
        let has_no_room = ((last.0 ^ end.0) >> CHUNK) | ((classes::NOT_SMALL >> to) & 1);
        if is_not_last | has_no_room | is_shorter | target.0 == 0 {
            self.set_last(end);
            return block;
        }
        // A large block whose other half is the first free one becomes the whole.
        let own = self.list(from & MOST);
        let other = own.get();
        let is_not_half = (other.0 ^ after.0) | (at.0 & (1 << from));
        let is_not_twice = ((from + 1) ^ to) | ((classes::NOT_LARGE >> from) & 1);
        if is_not_half | is_not_twice == 0 {
            own.set(self.runs.next(other));
            return block;
        }
        // Any other block moves to a free one. (For sizes made of pages there is none.)
        if (target != NONE) & (is_shorter == 0) {
            list.set(self.runs.next(target));
            let moved = self.pointer(target);
            // SAFETY: one block is live, the other was free, and both are at least as long as the first.
            unsafe { ptr::copy_nonoverlapping(block, moved, layout.size()) };
            if is_not_last | (at.0 & (CHUNK_SIZE - 1)).wrapping_sub(1) >> 31 == 0 {
                self.rewind(Addr(at.0 - 1));
            } else {
                self.push(at, from);
            }
            return moved;
        }
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { self.resize_elsewhere(block, layout, new_size) }
    }

    /// The same, for the cases that take more work.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`] from `layout` to `new_size`.
    #[cold]
    #[inline(never)]
    unsafe fn resize_elsewhere(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let at = self.runs.pages().address(block);
        let (old, new) = (Bytes(layout.size() as u32), Bytes(new_size as u32));
        let align = Align(layout.align() as u32);
        let (from, to) = (classes::power(old, align), classes::power(new, align));
        let (pages, new_pages) = (classes::whole_pages(old), classes::whole_pages(new));
        let moved = if to < from && to <= MOST {
            match self.cut(to, from.min(classes::PAGE) - 1) {
                NONE => {
                    self.shorten(at, from, to, pages);
                    at
                }
                moved => moved,
            }
        } else if from > MOST {
            self.resize_pages(at, pages, new_pages, align)
        } else {
            self.enlarge(at, from, to, new, align)
        };
        if moved == at {
            return block;
        }
        let target = self.pointer(moved);
        if moved != NONE {
            // SAFETY: both blocks are live, do not overlap, and are at least that long.
            unsafe { ptr::copy_nonoverlapping(block, target, layout.size().min(new_size)) };
            if self.is_last(at, from) & (at.0 & (CHUNK_SIZE - 1) != 0) {
                self.rewind(Addr(at.0 - 1));
            } else {
                self.release(at, old, align);
            }
        }
        target
    }

    /// Where a run of pages goes when its size changes: where it was, elsewhere, or nowhere.
    fn resize_pages(&self, at: Addr, size: Bytes, new_size: Bytes, align: Align) -> Addr {
        self.collect();
        if self.runs.resize(at, size, new_size) {
            return at;
        }
        let moved = self.runs.first_fit(new_size, align);
        if moved != NONE {
            return moved;
        }
        if self.runs.extend(at, size, new_size) {
            return at;
        }
        self.pages(new_size, align).at()
    }

    /// Shrinks a block to a smaller power of two in place, and files the rest.
    fn shorten(&self, at: Addr, from: u32, to: u32, pages: Bytes) {
        if self.is_last(at, from) {
            self.rewind(Addr(at.0 + ((1 << to) - 1)));
            return;
        }
        self.give_back(at, to, from.min(classes::PAGE));
        if from > MOST && pages.0 > PAGE_SIZE {
            self.runs
                .free(Addr(at.0 + PAGE_SIZE), Bytes(pages.0 - PAGE_SIZE));
        }
    }
}

/// Whether a 32-bit target could have made this request.
#[inline(always)]
const fn is_possible(layout: Layout) -> bool {
    Request::new(layout).is_some()
}

// SAFETY: a block comes from the chunk, the tail or a list, and leaves it before it is handed out, so it overlaps no other. These hold the
// heap's own memory, as argued in `Runs` and by whoever makes the heap. Blocks in a list have their class's size and alignment; runs are
// measured. If there is no block, null is returned, and nothing has changed except what is in the lists. Nothing here unwinds.
unsafe impl<P: PageSource> GlobalAlloc for ReclaimingHeap<P> {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_possible(layout) {
            return ptr::null_mut();
        }
        let (size, align) = (layout.size() as u32, layout.align() as u32);
        self.pointer(self.obtain(Bytes(size), Align(align)))
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_possible(layout) {
            return ptr::null_mut();
        }
        let (size, align) = (Bytes(layout.size() as u32), Align(layout.align() as u32));
        let at = self.pop(source(classes::power(size, align)));
        let block = self.pointer(at);
        if at == NONE {
            return self.pointer(self.find(size, align, true));
        }
        // SAFETY: the block is the caller's, and has `layout.size()` bytes.
        unsafe { ptr::write_bytes(block, 0, layout.size()) };
        block
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let at = self.runs.pages().address(block);
        self.release(
            at,
            Bytes(layout.size() as u32),
            Align(layout.align() as u32),
        );
    }

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if usize::BITS > u32::BITS && new_size + (layout.align() - 1) > i32::MAX as usize {
            return ptr::null_mut();
        }
        // No closure: at opt-level z it would be a function, and each call of it would cost 6,000 ink.
        let align = Align(layout.align() as u32);
        let from = classes::power(Bytes(layout.size() as u32), align);
        let to = classes::power(Bytes(new_size as u32), align);
        if (from == to) & (to <= MOST) {
            return block;
        }
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { self.resize(block, layout, new_size) }
    }
}
