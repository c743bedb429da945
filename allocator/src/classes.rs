//! How large a block of the reclaiming allocator really is, as pure functions of the request. Nothing here touches memory.
//!
//! Up to 32 KiB, sizes are rounded up to powers of two of at least 16 bytes, so any free block of a class serves any request of that class;
//! beyond, they are rounded up to whole pages.
//!
//! Every block is a multiple of 16 bytes and begins at one. Blocks of 512 bytes and more begin at multiples of their own size, and any
//! block that must be aligned to more than 16 bytes is one of these.

use crate::units::{Align, Bytes, PAGE_SIZE};

/// The power of two of the smallest block: a free block holds a link and a size, and `u128` is aligned to 16 bytes.
pub(crate) const LEAST: u32 = 4;

/// The power of two of the largest small block.
pub(crate) const SMALL: u32 = 8;

/// The power of two of the chunks that small blocks are taken from.
pub(crate) const CHUNK: u32 = 13;

/// The power of two of the largest block that is not made of pages.
pub(crate) const MOST: u32 = 15;

/// A bit for each power of two that is not that of a small block.
pub(crate) const NOT_SMALL: u32 = u32::MAX << (SMALL + 1);

/// A bit for each power of two that is not that of a large block.
pub(crate) const NOT_LARGE: u32 = !NOT_SMALL | (u32::MAX << (MOST + 1));

/// The power of two of a page.
pub(crate) const PAGE: u32 = PAGE_SIZE.trailing_zeros();

/// The alignment of every block, in bytes.
pub(crate) const ALIGN: u32 = 1 << LEAST;

/// The power of two that a request is rounded up to: from 4 to 31, for sizes and alignments that together make at most 2^31.
#[inline(always)]
pub(crate) const fn power(size: Bytes, align: Align) -> u32 {
    // Without a branch: where blocks are freed, sizes are seldom constants.
    let least_large = ((align.0 > ALIGN) as u32) << SMALL;
    u32::BITS
        - (size.0.saturating_sub(1) | (align.0 - 1) | (ALIGN - 1) | least_large).leading_zeros()
}

/// The whole pages that hold `size` bytes, in bytes.
#[inline(always)]
pub(crate) const fn whole_pages(size: Bytes) -> Bytes {
    Bytes(size.0.wrapping_add(PAGE_SIZE - 1) & !(PAGE_SIZE - 1))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    /// Theorem: the class of a request is the least power of two that holds it; it is a multiple of the alignment wherever blocks begin at
    /// multiples of their size; and it grows with size and alignment.
    #[test]
    #[cfg_attr(miri, ignore = "safe arithmetic, in which Miri could find nothing")]
    fn rounding_is_tight() {
        let edges = (3..31).flat_map(|bit| (-2..=2).map(move |near| ((1i64 << bit) + near) as u32));
        for size in (1..=70_000).chain(edges.filter(|&size| size > 70_000)) {
            for align in [1, 8, 16, 32, 512, 4096, 1 << 20] {
                let power = power(Bytes(size), Align(align));
                let least = if align > ALIGN {
                    2 << SMALL
                } else {
                    1 << LEAST
                };
                let block = u64::from(size.max(align).max(least)).next_power_of_two();
                std::assert_eq!(1 << power, block, "{size} bytes, aligned to {align}");
                let pages = whole_pages(Bytes(size)).0;
                std::assert!(pages >= size && pages - size < PAGE_SIZE && pages % PAGE_SIZE == 0);
            }
        }
    }

    #[test]
    fn an_empty_request_is_one_for_a_byte() {
        std::assert_eq!(power(Bytes(0), Align(1)), LEAST);
    }
}
