//! Where the next block goes, as pure functions of addresses and sizes. No pointer, no `unsafe`, no memory and no
//! `cfg`: the host tests run what a contract runs.
//!
//! The heap's whole state is the address of the last byte handed out. One invariant ties it to the memory:
//!
//! > **The page of the last byte is the heap's, and so is everything after that byte on that page.**
//!
//! So a block that ends on the same page needs no look at any bound. [`is_settled`] tells whether it does; for one that leaves the page,
//! [`place`] says where it goes.

use core::alloc::Layout;

use crate::units::{Addr, Align, Bytes, Pages, PAGE_SIZE};

/// A request: a size and an alignment whose sum is at most 2^31.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    size: Bytes,
    align: Align,
}

impl Request {
    /// The request that a layout makes; `None` if no 32-bit target could express it.
    #[inline(always)]
    pub(crate) const fn new(layout: Layout) -> Option<Self> {
        // Where `isize` is 32 bits wide, `Layout` itself promises this. The compiler must see that nothing is left to check, since a check
        // would cost a branch on the fast path.
        if usize::BITS > u32::BITS && layout.size() + (layout.align() - 1) > i32::MAX as usize {
            return None;
        }
        Some(Self {
            size: Bytes(layout.size() as u32),
            align: Align(layout.align() as u32),
        })
    }

    /// The request for a size and an alignment that together make at most 2^31 bytes.
    #[cfg(all(target_arch = "wasm32", not(feature = "in-place")))]
    #[inline(always)]
    pub(crate) const fn sized(size: Bytes, align: Align) -> Self {
        Self { size, align }
    }

    /// Its size.
    #[inline(always)]
    pub(crate) const fn size(self) -> Bytes {
        self.size
    }

    /// Its alignment.
    #[inline(always)]
    pub(crate) const fn align(self) -> Align {
        self.align
    }
}

/// A block, by its first and last byte. An empty one ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) first: Addr,
    /// The last byte handed out, once this block is.
    pub(crate) last: Addr,
}

/// The block right after `from`, with wrapping arithmetic: valid only if [`is_settled`] says so.
#[inline(always)]
pub(crate) const fn next(from: Addr, request: Request) -> Block {
    Block::after(from, request.align, request.size.0.wrapping_sub(1))
}

impl Block {
    /// The block of `reach` + 1 bytes right after `from`.
    #[inline(always)]
    const fn after(from: Addr, align: Align, reach: u32) -> Self {
        let floor = from.0 & align.0.wrapping_neg();
        let first = floor.wrapping_add(align.0);
        Self {
            first: Addr(first),
            last: Addr(first.wrapping_add(reach)),
        }
    }
}

/// Whether `block` may be handed out as it is, because it ends on the page of `last`. It is `next(last, request)`, or a block that ends at
/// `last` and is to grow.
///
/// No overflow passes. A block that wraps around begins at most an alignment after `last`, so it ends at least 2^32 − (size + alignment) ≥
/// 2^31 bytes below it, on another page. One that does not wrap ends after `last`; if it ends on the same page, all that is new of it is on
/// that page. Nor is the first byte of a settled block null.
///
/// An empty block ends where the padding before it ends.
#[inline(always)]
pub(crate) const fn is_settled(last: Addr, block: Block) -> bool {
    last.0 ^ block.last.0 < PAGE_SIZE
}

/// What the heap can know about its memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// The last byte of the memory the heap was given at the start.
    pub(crate) initial_last: Addr,
    /// How large the memory is now, whoever grew it.
    pub(crate) size: Pages,
}

/// A block that left the page of the last byte, and what must be added to the memory for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) block: Block,
    /// How many pages the memory must grow by; none if there is no room.
    pub(crate) grow: Pages,
    /// Whether there is no room for the block in the address space.
    pub(crate) no_room: bool,
}

/// The place of a block that is not settled. `block` is where it would be if the heap's memory went on after `last`.
///
/// It does in two cases: if the memory ends with the page of `last`, because the heap only ever grows to the last page of a block; or if
/// nobody has grown it yet. Otherwise somebody else has, and the pages after that of `last` may be theirs: the block then goes after all of
/// them, onto pages of its own.
///
/// Nothing here is decided by a branch, since each would end a metered block (2,450 ink).
#[inline(always)]
pub(crate) fn place(last: Addr, block: Block, align: Align, memory: Memory) -> Placement {
    let end = memory.size.last();
    let goes_on = (last.page_last().0 == end.0) | (end.0 == memory.initial_last.0);
    // Counted from the byte before an aligned block, the next aligned block is that block itself.
    let before = Addr(block.first.0.wrapping_sub(1));
    let from = if goes_on { before } else { end };
    let block = Block::after(from, align, block.last.0.wrapping_sub(block.first.0));
    // Seen from a page further on, blocks that wrap around or end on the last page of the address space are below the memory's end, and so
    // are those for which the initial memory has room.
    let beyond = block.last.0.wrapping_add(PAGE_SIZE) > end.0.wrapping_add(PAGE_SIZE);
    let grow = block.last.page().wrapping_sub(end.page()) & (beyond as u32).wrapping_neg();
    Placement {
        block,
        grow: Pages(grow),
        no_room: is_out_of_range(from, block),
    }
}

/// Whether `block`, which begins after `from`, wraps around or ends on the last page of the address space.
///
/// That page is left out because no Rust object may end at its end, where the address after the object would be null; leaving out the whole
/// page rather than that one byte keeps the question out of the fast path.
///
/// A page further on, a block that ends there has wrapped around as well, and both are below `from`: since size and alignment make at most
/// 2^31 bytes, a block that wraps ends at least 2^31 bytes below, and one that ends on the last page begins in the upper half. If the first
/// byte is already null, `from` is the last byte of the address space.
const fn is_out_of_range(from: Addr, block: Block) -> bool {
    block.last.0.wrapping_add(PAGE_SIZE) < from.0
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;

    use super::*;

    /// The last byte before the last page of the address space.
    const LAST_USABLE: u32 = u32::MAX - PAGE_SIZE;

    /// Numbers at and around every bound of the arithmetic.
    fn edges() -> impl Iterator<Item = u32> + Clone {
        let bounds = [
            0u64,
            8,
            1 << 15,
            1 << 16,
            1 << 17,
            1 << 30,
            1 << 31,
            (1 << 32) - (1 << 16),
            1 << 32,
        ];
        bounds.into_iter().flat_map(|bound| {
            (-2i64..=2).filter_map(move |near| u32::try_from(bound as i64 + near).ok())
        })
    }

    /// Every request a 32-bit `Layout` can make with a size at an edge.
    fn requests() -> impl Iterator<Item = Request> + Clone {
        let aligns = (0..32).map(|bit| 1u32 << bit);
        aligns.flat_map(|align| {
            edges()
                .filter(move |size| size.checked_add(align).is_some_and(|sum| sum <= 1 << 31))
                .map(move |size| Request {
                    size: Bytes(size),
                    align: Align(align),
                })
        })
    }

    /// Theorem: for every state below the last page and every request, a settled block is the next aligned one as
    /// plain arithmetic has it, on the page of the last byte; and every request whose block is there is settled.
    #[test]
    #[cfg_attr(miri, ignore = "safe arithmetic, in which Miri could find nothing")]
    fn settled_means_that_the_next_block_ends_on_the_page() {
        for last in edges().filter(|&last| last <= LAST_USABLE) {
            for request in requests() {
                let block = next(Addr(last), request);
                let settled = is_settled(Addr(last), block);

                let (size, align) = (u64::from(request.size.0), u64::from(request.align.0));
                let first = (u64::from(last) + 1).next_multiple_of(align);
                let end = first + size;
                let on_the_page = end - 1 <= u64::from(last) | 0xFFFF;
                assert_eq!(settled, on_the_page, "{last:#x} {request:?}");
                if settled {
                    assert_eq!(u64::from(block.first.0), first, "{last:#x} {request:?}");
                    assert_eq!(u64::from(block.last.0), end - 1, "{last:#x} {request:?}");
                }
            }
        }
    }

    /// Theorem: a placed block is the next aligned one, after the last byte or after somebody else's pages; once the memory has grown as
    /// asked, it lies inside and on none of their pages; no block is refused that has a place, and no refused one grows the memory.
    #[test]
    #[cfg_attr(miri, ignore = "safe arithmetic, in which Miri could find nothing")]
    fn placed_means_on_pages_of_the_heap() {
        for last in edges().filter(|&last| last <= LAST_USABLE) {
            for request in requests() {
                for (initial, foreign) in [(0, 0), (0, 1), (0, 100), (2, 0), (2, 1)] {
                    check_place(last, request, initial, foreign);
                }
            }
        }
    }

    fn check_place(last: u32, request: Request, initial: u32, foreign: u32) {
        let own = (Addr(last).page() + 1 + initial).min(1 << 16);
        let size = (own + foreign).min(1 << 16);
        let memory = Memory {
            initial_last: Pages(own).last(),
            size: Pages(size),
        };
        let (bytes, align) = (u64::from(request.size.0), u64::from(request.align.0));
        let after = |last: Addr| {
            let first = (u64::from(last.0) + 1).next_multiple_of(align);
            (first + bytes <= u64::from(LAST_USABLE) + 1).then_some(first)
        };
        let what = format!("{last:#x} {request:?} {memory:?}");

        let here = after(Addr(last));
        // What is left of the initial memory is the heap's only as long as nobody has grown it.
        let stay = here.filter(|_| own == size);
        let want = stay.or_else(|| here.and(after(memory.size.last())));
        let next = next(Addr(last), request);
        if is_settled(Addr(last), next) {
            return;
        }
        let got = place(Addr(last), next, request.align, memory);
        // If memory fills the address space there are no pages to request, whatever their number.
        let is_full = size == 1 << 16;
        assert_eq!(
            (!(got.no_room || is_full && got.grow > Pages(0))).then_some(got.block.first.0.into()),
            want,
            "{what}"
        );
        if let Some(first) = want {
            let end = first + bytes;
            assert_eq!(u64::from(got.block.last.0), end - 1, "{what}");
            assert_eq!(
                u64::from(got.grow.0),
                end.div_ceil(1 << 16).saturating_sub(size.into()),
                "{what}"
            );
        } else if !is_full {
            assert_eq!(got.grow, Pages(0), "{what}");
        }
    }
}
