//! The checks of the blocks afterwards, and the bits that name the failed ones.
//!
//! Not here: reading memory or the allocator; a function supplies the bytes to check.

use core::ops::{BitOr, BitOrAssign};

use crate::{
    record::Block,
    units::{Address, Bytes, PAGE, Pages},
};

/// The set of failed checks, as a contract returns it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failed(pub u32);

impl Failed {
    /// Every check held.
    pub const NOTHING: Self = Self(0);
    /// A request was refused.
    pub const NULL: Self = Self(1);
    /// A block does not have the requested alignment.
    pub const MISALIGNED: Self = Self(2);
    /// A byte of memory that should be zeroed is not.
    pub const NOT_ZEROED: Self = Self(4);
    /// Two blocks share a byte.
    pub const OVERLAP: Self = Self(8);
    /// A bump allocator's block is in the wrong place, or memory has not grown by exactly what the blocks need.
    pub const NOT_PACKED: Self = Self(16);
    /// The record filled up before the sequence ended.
    pub const UNFINISHED: Self = Self(32);
    /// A block extends beyond memory.
    pub const OUTSIDE: Self = Self(64);

    /// Adds `check` to the set if it did not hold.
    pub fn unless(&mut self, held: bool, check: Self) {
        if !held {
            *self |= check;
        }
    }
}

impl BitOr for Failed {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Failed {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// What every allocator must guarantee: every request met, aligned to `alignment` (a power of two), inside `memory`, and no two
/// blocks overlapping.
pub fn sound(blocks: &[Block], alignment: usize, memory: Pages) -> Failed {
    let mut failed = Failed::NOTHING;
    for (index, &block) in blocks.iter().enumerate() {
        failed.unless(block.address != Address::NULL, Failed::NULL);
        failed.unless(
            block.address.0 as usize & (alignment - 1) == 0,
            Failed::MISALIGNED,
        );
        failed.unless(end(block) <= memory.end(), Failed::OUTSIDE);
        let alone = !blocks[..index]
            .iter()
            .any(|&earlier| overlap(earlier, block));
        failed.unless(alone, Failed::OVERLAP);
    }
    failed
}

/// What only a bump allocator guarantees, for the blocks of [`sequence::run`](crate::sequence::run): each block begins where the
/// previous one ends (so the two empty requests get the same answer). Memory starts with `before` pages, grows by one for the lone
/// byte and by four for the four pages, and ends exactly as large as the last block needs.
pub fn packed(blocks: &[Block], before: Pages, memory: Pages) -> Failed {
    let follows = |pair: &[Block]| end(pair[0]) == u64::from(pair[1].address.0);
    // The blocks that fill memory as it is then: the rest of the first page, the rest of the second, the four pages.
    let fills = |(index, pages): (usize, u32)| {
        blocks
            .get(index)
            .is_some_and(|&block| end(block) == Pages(before.0 + pages).end())
    };
    let needed = blocks
        .last()
        .map_or(0, |&block| end(block))
        .div_ceil(PAGE.0.into());

    let mut failed = Failed::NOTHING;
    failed.unless(blocks.windows(2).all(follows), Failed::NOT_PACKED);
    failed.unless(
        [(2, 0), (4, 1), (5, 5)].into_iter().all(fills),
        Failed::NOT_PACKED,
    );
    failed.unless(needed == u64::from(memory.0), Failed::NOT_PACKED);
    failed
}

/// Checks that the blocks are zero at both ends and at each page's distance from the beginning; `byte` reads memory.
pub fn zeroed(blocks: &[Block], byte: impl Fn(Address) -> u8) -> Failed {
    let mut failed = Failed::NOTHING;
    for &block in blocks.iter().filter(|block| has_bytes(block)) {
        let last = block.size.0 - 1;
        let mut offsets = (0..last).step_by(PAGE.0 as usize).chain([last]);
        let zero = offsets.all(|offset| byte(block.address.after(Bytes(offset))) == 0);
        failed.unless(zero, Failed::NOT_ZEROED);
    }
    failed
}

/// Where a block ends, without wrapping around the address space.
fn end(block: Block) -> u64 {
    u64::from(block.address.0) + u64::from(block.size.0)
}

/// Whether the block has bytes: it was not refused and is not empty.
fn has_bytes(block: &Block) -> bool {
    block.address != Address::NULL && block.size.0 != 0
}

/// Whether two blocks share a byte.
fn overlap(one: Block, other: Block) -> bool {
    has_bytes(&one)
        && has_bytes(&other)
        && u64::from(one.address.0) < end(other)
        && u64::from(other.address.0) < end(one)
}
