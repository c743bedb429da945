//! The live blocks, by address: a table apart from the blocks, so that overwriting one misleads nobody. It does not know what is in a
//! block's header.

use core::{
    alloc::{GlobalAlloc, Layout},
    mem::size_of,
    ptr,
};

use super::Header;

/// A live block, or none.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// Its first byte; null in a free slot.
    pub(super) block: *mut u8,
    pub(super) header: *mut Header,
}

/// A hash table with open addressing, at most half full, in memory from the wrapped allocator.
pub(super) struct Index {
    places: *mut Entry,
    /// None, or a power of two.
    capacity: usize,
    count: usize,
}

/// The smallest table, in slots.
const LEAST: usize = 64;

impl Index {
    pub(super) const EMPTY: Self = Self {
        places: ptr::null_mut(),
        capacity: 0,
        count: 0,
    };

    /// How many blocks are live.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// All of them, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        (0..self.capacity)
            .map(move |place| self.at(place))
            .filter(|entry| !entry.block.is_null())
    }

    fn at(&self, place: usize) -> Entry {
        // SAFETY: the table has `capacity` slots, all written; callers stay below that.
        unsafe { self.places.wrapping_add(place).read() }
    }

    fn set(&mut self, place: usize, entry: Entry) {
        // SAFETY: as above.
        unsafe { self.places.wrapping_add(place).write(entry) }
    }

    /// Where a block belongs: in this slot, or in the next free one.
    fn home(&self, block: *mut u8) -> usize {
        // Multiplicative hashing, because the lowest bits of addresses are alike.
        let hash = (block as usize as u64 >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (hash >> 32) as usize & (self.capacity - 1)
    }

    /// The slot of a block, or the free one where it would be. The table must not be empty.
    fn place(&self, block: *mut u8) -> usize {
        let mut place = self.home(block);
        loop {
            let entry = self.at(place);
            if entry.block.is_null() || entry.block == block {
                return place;
            }
            place = (place + 1) & (self.capacity - 1);
        }
    }

    /// Makes room for one more block; returns whether there is.
    pub(super) fn reserve(&mut self, inner: &impl GlobalAlloc) -> bool {
        if 2 * (self.count + 1) <= self.capacity {
            return true;
        }
        let capacity = (2 * self.capacity).max(LEAST);
        let Some(layout) = Self::layout(capacity) else {
            return false;
        };
        // SAFETY: the layout is not empty.
        let places = unsafe { inner.alloc(layout) }.cast::<Entry>();
        if places.is_null() {
            return false;
        }
        let mut larger = Self {
            places,
            capacity,
            count: 0,
        };
        let free = Entry {
            block: ptr::null_mut(),
            header: ptr::null_mut(),
        };
        (0..capacity).for_each(|place| larger.set(place, free));
        self.iter().for_each(|entry| larger.insert(entry));
        let old = core::mem::replace(self, larger);
        if let Some(layout) = Self::layout(old.capacity).filter(|layout| layout.size() > 0) {
            // SAFETY: the wrapped allocator returned it for this layout.
            unsafe { inner.dealloc(old.places.cast(), layout) };
        }
        true
    }

    fn layout(capacity: usize) -> Option<Layout> {
        let align = core::mem::align_of::<Entry>();
        Layout::from_size_align(capacity.checked_mul(size_of::<Entry>())?, align).ok()
    }

    /// Adds a block for which there is room.
    pub(super) fn insert(&mut self, entry: Entry) {
        let place = self.place(entry.block);
        self.set(place, entry);
        self.count += 1;
    }

    /// The header of a live block.
    pub(super) fn find(&self, block: *mut u8) -> Option<*mut Header> {
        if self.capacity == 0 || block.is_null() {
            return None;
        }
        let entry = self.at(self.place(block));
        (!entry.block.is_null()).then_some(entry.header)
    }

    /// Removes a live block.
    pub(super) fn remove(&mut self, block: *mut u8) {
        let mut hole = self.place(block);
        let mut place = hole;
        self.count -= 1;
        // Blocks that would no longer be found, because the search for them crosses the hole, move into it.
        loop {
            place = (place + 1) & (self.capacity - 1);
            let entry = self.at(place);
            if entry.block.is_null() {
                break;
            }
            let way = place.wrapping_sub(self.home(entry.block)) & (self.capacity - 1);
            let back = place.wrapping_sub(hole) & (self.capacity - 1);
            if way >= back {
                self.set(hole, entry);
                hole = place;
            }
        }
        self.set(
            hole,
            Entry {
                block: ptr::null_mut(),
                header: ptr::null_mut(),
            },
        );
    }
}
