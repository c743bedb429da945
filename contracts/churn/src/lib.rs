//! Allocates far more than it keeps at any time, so an allocator without reuse runs out of memory, or pays for more of it.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::{collections::VecDeque, string::String, vec, vec::Vec};

#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::prelude::*;

sol_storage! {
    /// A contract without state.
    #[entrypoint]
    pub struct Churn {}
}

#[public]
impl Churn {
    /// Makes `rounds` blocks of `size` bytes and keeps the latest `live`: each new block replaces the oldest. Returns a sum over
    /// the blocks that were dropped.
    pub fn ring(&self, rounds: u32, live: u32, size: u32) -> u32 {
        let mut ring = VecDeque::new();
        let mut sum = 0u32;
        for round in 0..rounds {
            if ring.len() >= live.max(1) as usize {
                sum = sum.wrapping_add(ring.pop_front().map_or(0, ends));
            }
            let mut block = vec![0u8; size as usize];
            if let Some(first) = block.first_mut() {
                *first = round as u8;
            }
            ring.push_back(block);
        }
        sum
    }

    /// The same in the opposite order: `rounds` times a stack of `live` blocks, the newest dropped first.
    pub fn stack(&self, rounds: u32, live: u32, size: u32) -> u32 {
        let mut sum = 0u32;
        for round in 0..rounds {
            let mut stack = Vec::new();
            for _ in 0..live {
                stack.push(vec![round as u8; size as usize]);
            }
            while let Some(block) = stack.pop() {
                sum = sum.wrapping_add(ends(block));
            }
        }
        sum
    }

    /// The length of a sentence that is rewritten `rounds` times.
    pub fn sentences(&self, rounds: u32) -> u32 {
        let mut length = 0;
        for round in 0..rounds {
            let words: Vec<String> = (0..8)
                .map(|word| alloc::format!("{}", round * word))
                .collect();
            length = words.join(" ").len();
        }
        length as u32
    }
}

/// A number that depends on both ends of a block.
fn ends(block: Vec<u8>) -> u32 {
    let at = |byte: Option<&u8>| u32::from(byte.copied().unwrap_or(0));
    at(block.first()) * 256 + at(block.last())
}

#[cfg(test)]
mod tests {
    use stylus_sdk::testing::TestVM;

    use super::*;

    #[test]
    fn blocks_go_in_their_order() {
        let churn = Churn::from(&TestVM::default());
        // Rounds 0 to 2 are dropped by the fifth of two.
        assert_eq!(churn.ring(5, 2, 10), (1 + 2) * 256);
        assert_eq!(churn.ring(5, 2, 0), 0);
        assert_eq!(churn.ring(0, 0, 1), 0);
        assert_eq!(churn.stack(3, 2, 4), 2 * (1 + 2) * 257);
        assert_eq!(churn.sentences(2), "0 1 2 3 4 5 6 7".len() as u32);
    }
}
