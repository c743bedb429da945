//! How large a block of the reclaiming allocator really is, as pure functions of the size asked for. No memory here.
//!
//! Up to 32 KiB sizes are rounded up to powers of two of 8 bytes at least, so that any free block of a class will do for any
//! request of that class; beyond, to whole pages.

use crate::units::{Bytes, PAGE_SIZE};

/// The power of two of the smallest block: two words, which a free block needs for itself.
pub(crate) const LEAST: u32 = 3;

/// The power of two of the largest block that is not made of pages.
pub(crate) const MOST: u32 = 15;

/// The alignment that every block has, in bytes.
pub(crate) const ALIGN: u32 = 1 << LEAST;

/// The power of two that `size` is rounded up to; from 3 to 31 for sizes of at most 2^31.
#[inline(always)]
pub(crate) const fn power(size: Bytes) -> u32 {
    // Without a branch: where blocks are given back, sizes are seldom constants.
    u32::BITS - (size.0.saturating_sub(1) | (ALIGN - 1)).leading_zeros()
}

/// The size of a block for `size` bytes, which are at most 2^31.
#[inline(always)]
pub(crate) const fn rounded(size: Bytes) -> Bytes {
    let power = power(size);
    let pages = size.0.wrapping_add(PAGE_SIZE - 1) & !(PAGE_SIZE - 1);
    Bytes(if power > MOST { pages } else { 1 << power })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    /// Theorem: a rounded size holds what was asked for, is its own rounding, is a multiple of 8, grows with the size, and is
    /// less than twice it or than a page more.
    #[test]
    #[cfg_attr(miri, ignore = "safe arithmetic, in which Miri could find nothing")]
    fn rounding_is_tight_and_idempotent() {
        let edges = (3..31).flat_map(|bit| (-2..=2).map(move |near| ((1i64 << bit) + near) as u32));
        let mut before = Bytes(0);
        for size in (0..=70_000).chain(edges.filter(|&size| size > 70_000)) {
            let block = rounded(Bytes(size));
            std::assert!(block.0 >= size && block.0 % ALIGN == 0, "{size}");
            std::assert_eq!(rounded(block), block, "{size}");
            std::assert!(block.0 >= before.0, "{size}");
            let spare = block.0 - size;
            std::assert!(
                block.0 == ALIGN || spare < size || spare < PAGE_SIZE && size > 1 << MOST,
                "{size}"
            );
            before = block;
        }
    }
}
