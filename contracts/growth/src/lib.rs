//! Grows vectors step by step: what `realloc` costs, both where a block can grow in place and where it cannot.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::vec::Vec;

#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::prelude::*;

sol_storage! {
    /// A contract without state.
    #[entrypoint]
    pub struct Growth {}
}

#[public]
impl Growth {
    /// Pushes `count` bytes; their sum.
    pub fn one(&self, count: u32) -> u32 {
        let mut bytes = Vec::new();
        for number in 0..count {
            bytes.push(number as u8);
        }
        sum(&bytes)
    }

    /// The same with the capacity known beforehand.
    pub fn one_with_capacity(&self, count: u32) -> u32 {
        let mut bytes = Vec::with_capacity(count as usize);
        for number in 0..count {
            bytes.push(number as u8);
        }
        sum(&bytes)
    }

    /// Pushes `count` bytes to each of two vectors in turn, so that each blocks the other's growth.
    pub fn two(&self, count: u32) -> u32 {
        let (mut these, mut those) = (Vec::new(), Vec::new());
        for number in 0..count {
            these.push(number as u8);
            those.push(!number as u8);
        }
        sum(&these).wrapping_add(sum(&those))
    }

    /// The sum of all cells of a table of `rows` rows, each one longer than the one before.
    pub fn rows(&self, rows: u32) -> u32 {
        let mut table: Vec<Vec<u8>> = Vec::new();
        for row in 0..rows {
            let mut cells = Vec::new();
            cells.extend((0..=row).map(|cell| cell as u8));
            table.push(cells);
        }
        table
            .iter()
            .map(|cells| sum(cells))
            .fold(0, u32::wrapping_add)
    }
}

fn sum(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |sum, &byte| sum.wrapping_add(byte.into()))
}

#[cfg(test)]
mod tests {
    use stylus_sdk::testing::TestVM;

    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way() {
        let growth = Growth::from(&TestVM::default());
        for count in [0, 1, 255, 256, 1000] {
            assert_eq!(growth.one(count), growth.one_with_capacity(count));
            assert_eq!(growth.two(count), count * 255);
        }
        assert_eq!(growth.one(256), 255 * 128);
        assert_eq!(growth.rows(3), 1 + (1 + 2));
    }
}
