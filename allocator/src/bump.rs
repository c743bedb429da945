//! Where the next block goes, as pure functions of addresses and sizes. No pointer, no `unsafe`, no memory and no
//! `cfg`: the host tests run what a contract runs.
//!
//! The heap's whole state is the address of the last byte handed out. One invariant ties it to the memory:
//!
//! > **The page of the last byte is the heap's, and so is everything behind that byte on that page.**
//!
//! A block that ends on the same page therefore needs no bound to be looked up. Only one that leaves the page does,
//! which [`is_settled`] tells; [`growth`] then decides the ordinary case, and [`place`] every case.

use core::alloc::Layout;

use crate::units::{Addr, Align, Bytes, Pages, PAGE_SIZE};

/// What is asked for: a size and an alignment whose sum is at most 2^31.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    size: Bytes,
    align: Align,
}

impl Request {
    /// The request a layout makes; `None` if no 32-bit target could express it.
    #[inline(always)]
    pub(crate) const fn new(layout: Layout) -> Option<Self> {
        // Where `isize` is 32 bits wide, `Layout` itself promises this, and the compiler must see that nothing is left
        // to check: it would cost a branch on the fast path.
        if usize::BITS > u32::BITS && layout.size() + (layout.align() - 1) > i32::MAX as usize {
            return None;
        }
        Some(Self {
            size: Bytes(layout.size() as u32),
            align: Align(layout.align() as u32),
        })
    }

    /// The first byte of the block with this floor.
    ///
    /// Blocks travel by their floor because the addition done here, behind the point where the rare path joins the
    /// common one, leaves the common one nothing to do before it: that would be one more metered block (2,450 ink).
    #[inline(always)]
    pub(crate) const fn first(self, floor: Addr) -> Addr {
        Addr(floor.0.wrapping_add(self.align.0))
    }

    /// The floor that stands for "no block": its first byte is null.
    pub(crate) const fn no_floor(self) -> Addr {
        Addr(self.align.0.wrapping_neg())
    }
}

/// A block, by the two addresses that the compiler has at hand without computing another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// One alignment below the first byte; [`Request::first`] has that byte.
    pub(crate) floor: Addr,
    /// The last byte handed out once this block is.
    pub(crate) last: Addr,
}

/// The block right behind `last`, with wrapping arithmetic: right only if [`is_settled`] says so.
#[inline(always)]
pub(crate) const fn next(last: Addr, request: Request) -> Block {
    let floor = Addr(last.0 & request.align.0.wrapping_neg());
    // In this order the compiler computes `size - 1` once, for here and for `is_settled`.
    let reach = request.size.0.wrapping_sub(1);
    Block {
        floor,
        last: Addr(request.first(floor).0.wrapping_add(reach)),
    }
}

/// Whether `block`, which is `next(last, request)`, may be handed out as it is: it ends on the page of `last`.
///
/// No overflow passes. A block that wraps around begins at most an alignment behind `last`, so it ends at least
/// 2^32 − (size + alignment) ≥ 2^31 bytes below it, on another page. One that does not wrap lies behind `last`, and if
/// it ends on the same page, all of it does.
///
/// The second test is there for empty requests, of which aligned ones would move the state by the padding. They set
/// all the high bits of its left side; otherwise only sizes above a page can, and those leave the page in any case.
/// An empty request with an alignment of 1 passes, and moves nothing.
#[inline(always)]
pub(crate) const fn is_settled(last: Addr, block: Block, request: Request) -> bool {
    let left_the_page = last.0 ^ block.last.0;
    let empty_and_aligned = request.size.0.wrapping_sub(1) & 1u32.wrapping_sub(request.align.0);
    (left_the_page | empty_and_aligned) < PAGE_SIZE
}

/// What the heap can know about its memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// The last byte of the memory the heap was given at the start.
    pub(crate) initial_last: Addr,
    /// How large the memory is now, whoever grew it.
    pub(crate) size: Pages,
}

/// A block, and what must be added to the memory first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) block: Block,
    pub(crate) grow: Pages,
}

/// What to do where somebody else's pages lie behind the heap's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// Go on behind them.
    Skip,
    /// Give up, because the block must begin right behind the last one.
    Stop,
}

/// How far the memory must grow for `block`, which is `next(last, request)` and leaves the page of `last`, in the
/// ordinary case: the memory ends with that page. `None` if it does not, if the block is empty, or if it does not fit
/// into the address space; [`place`] decides those.
///
/// The three tests are joined as numbers because the compiler would make branches of conditions, and each branch ends a
/// metered block (2,450 ink).
#[inline(always)]
pub(crate) const fn growth(
    last: Addr,
    block: Block,
    request: Request,
    size: Pages,
) -> Option<Pages> {
    let goes_on = last.page_last().0 ^ size.last().0;
    let is_empty = request.size.0.wrapping_sub(1) >> 31;
    let is_ordinary = goes_on | is_empty | is_out_of_range(last, block) as u32 == 0;
    if is_ordinary {
        Some(Pages(block.last.page() - last.page()))
    } else {
        None
    }
}

/// The block for any request, or `None` if there is no room for it in the address space.
///
/// The heap ends with the page of `last`, because it only ever grows to the last page of a block, or with its initial
/// memory if that is larger. If the memory itself is larger still, somebody else has grown it, and the pages behind
/// that of `last` may be theirs: the block then goes behind all of them, onto pages of its own.
pub(crate) fn place(
    last: Addr,
    request: Request,
    memory: Memory,
    foreign: Foreign,
) -> Option<Placement> {
    if request.size.0 == 0 {
        // An empty block needs no room, only an address; where there is none, `next` wraps it to null.
        let floor = next(last, request).floor;
        return Some(Placement {
            block: Block { floor, last },
            grow: Pages(0),
        });
    }
    let memory_last = memory.size.last();
    let is_own = last.page_last().max(memory.initial_last) == memory_last;
    if !is_own && foreign == Foreign::Stop {
        return None;
    }
    let from = if is_own { last } else { memory_last };
    let block = next(from, request);
    if is_out_of_range(from, block) {
        return None;
    }
    // The initial memory may have room for the block already.
    let grow = (block.last.page() + 1).saturating_sub(memory.size.0);
    Some(Placement {
        block,
        grow: Pages(grow),
    })
}

/// Whether `block`, which is `next(from, request)`, wraps around or ends on the last page of the address space.
///
/// That page is left out because Rust's objects must not end at its end, where the address behind them would be null;
/// leaving out all of it rather than that one byte keeps the question out of the fast path.
///
/// A page further on, a block that ends there has wrapped around as well, and both are below `from`: as the size and
/// the alignment make at most 2^31 bytes, a block that wraps ends at least 2^31 bytes below, and one that ends on the
/// last page begins in the upper half.
const fn is_out_of_range(from: Addr, block: Block) -> bool {
    block.last.0.wrapping_add(PAGE_SIZE) < from.0
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;

    use super::*;

    /// The last byte in front of the last page of the address space.
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
    /// plain arithmetic has it, on the page of the last byte; an empty one leaves the state as it was; and every
    /// request whose block is there, and is not both empty and aligned, is settled.
    #[test]
    #[cfg_attr(miri, ignore = "safe arithmetic, in which Miri could find nothing")]
    fn settled_means_that_the_next_block_ends_on_the_page() {
        for last in edges().filter(|&last| last <= LAST_USABLE) {
            for request in requests() {
                let block = next(Addr(last), request);
                let settled = is_settled(Addr(last), block, request);

                let (size, align) = (u64::from(request.size.0), u64::from(request.align.0));
                let first = (u64::from(last) + 1).next_multiple_of(align);
                let end = first + size;
                let on_the_page = end - 1 <= u64::from(last) | 0xFFFF;
                assert_eq!(
                    settled,
                    on_the_page && (size > 0 || align == 1),
                    "{last:#x} {request:?}"
                );
                if settled {
                    assert_eq!(
                        u64::from(request.first(block.floor).0),
                        first,
                        "{last:#x} {request:?}"
                    );
                    assert_eq!(u64::from(block.last.0), end - 1, "{last:#x} {request:?}");
                }
            }
        }
    }

    /// Theorem: a block that is placed is the next aligned one, behind the last byte or behind somebody else's pages;
    /// once the memory has grown as asked it lies inside and on no page of theirs; none is refused that has a place.
    /// And the ordinary case is exactly the one without spare initial memory and foreign pages, and is decided as
    /// `place` does.
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
        let behind = |last: Addr| {
            let first = (u64::from(last.0) + 1).next_multiple_of(align);
            (first + bytes <= u64::from(LAST_USABLE) + 1).then_some(first)
        };
        let what = format!("{last:#x} {request:?} {memory:?}");

        let here = behind(Addr(last));
        // What is left of the initial memory is the heap's only as long as nobody has grown it.
        let stay = here.filter(|_| bytes == 0 || own == size);
        let want = stay.or_else(|| here.and(behind(memory.size.last())));
        for (foreign, want) in [(Foreign::Stop, stay), (Foreign::Skip, want)] {
            // An empty block for which there is no address is null, too.
            let got = place(Addr(last), request, memory, foreign)
                .filter(|got| request.first(got.block.floor) != Addr(0));
            assert_eq!(
                got.map(|got| request.first(got.block.floor).0.into()),
                want,
                "{what}"
            );
            let (Some(got), Some(first)) = (got, want) else {
                continue;
            };
            let end = if bytes == 0 {
                u64::from(last) + 1
            } else {
                first + bytes
            };
            assert_eq!(u64::from(got.block.last.0), end - 1, "{what}");
            let needed = if bytes == 0 { 0 } else { end.div_ceil(1 << 16) };
            assert_eq!(
                u64::from(got.grow.0),
                needed.saturating_sub(size.into()),
                "{what}"
            );
        }

        let block = next(Addr(last), request);
        let growth = growth(Addr(last), block, request, memory.size);
        assert_eq!(
            growth.is_some(),
            bytes > 0 && initial == 0 && stay.is_some(),
            "{what}"
        );
        if let Some(grow) = growth {
            let placed = place(Addr(last), request, memory, Foreign::Skip);
            assert_eq!(placed, Some(Placement { block, grow }), "{what}");
        }
    }
}
