//! Sorts, counts and merges with the standard collections.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::{collections::BTreeMap, vec::Vec};

#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::{alloy_primitives::U256, prelude::*};

sol_storage! {
    /// A contract without state.
    #[entrypoint]
    pub struct SortAndMap {}
}

#[public]
impl SortAndMap {
    /// Sorts upwards and stably, which needs a buffer.
    pub fn sort(&self, mut numbers: Vec<U256>) -> Vec<U256> {
        numbers.sort();
        numbers
    }

    /// The same without a buffer.
    pub fn sort_in_place(&self, mut numbers: Vec<U256>) -> Vec<U256> {
        numbers.sort_unstable();
        numbers
    }

    /// Each distinct value, and how often it occurs.
    pub fn histogram(&self, numbers: Vec<u32>) -> (Vec<u32>, Vec<u32>) {
        let mut counts = BTreeMap::<u32, u32>::new();
        for number in numbers {
            *counts.entry(number).or_default() += 1;
        }
        counts.into_iter().unzip()
    }

    /// The median of `count` pseudo-random numbers, by sorting.
    pub fn median(&self, count: u16) -> u32 {
        let mut numbers: Vec<u32> = random().take(usize::from(count)).collect();
        numbers.sort_unstable();
        numbers.get(numbers.len() / 2).copied().unwrap_or(0)
    }

    /// Inserts `count` pseudo-random numbers into a map and removes half of them; returns how many are left.
    pub fn thin_out(&self, count: u16) -> u32 {
        let numbers = || random().take(usize::from(count));
        let mut map: BTreeMap<u32, u32> = numbers().zip(0..).collect();
        for number in numbers().step_by(2) {
            map.remove(&number);
        }
        map.len() as u32
    }
}

/// Pseudo-random numbers, always the same (xorshift).
fn random() -> impl Iterator<Item = u32> {
    let next = |last: &u32| {
        let mut number = *last;
        number ^= number << 13;
        number ^= number >> 17;
        number ^= number << 5;
        Some(number)
    };
    core::iter::successors(Some(2_463_534_242), next)
}

#[cfg(test)]
mod tests {
    use stylus_sdk::testing::TestVM;

    use super::*;

    #[test]
    fn sorted_is_sorted() {
        let contract = SortAndMap::from(&TestVM::default());
        let numbers: Vec<U256> = [3u64, 1, 2, 3].map(U256::from).into();
        let sorted: Vec<U256> = [1u64, 2, 3, 3].map(U256::from).into();
        assert_eq!(contract.sort(numbers.clone()), sorted);
        assert_eq!(contract.sort_in_place(numbers), sorted);
    }

    #[test]
    fn counted_is_counted() {
        let contract = SortAndMap::from(&TestVM::default());
        let counts = contract.histogram(vec![7, 5, 7]);
        assert_eq!(counts, (vec![5, 7], vec![1, 2]));
        assert_eq!(contract.thin_out(101), 50);
        assert_eq!(contract.median(1), 2_463_534_242);
        assert_eq!(contract.median(0), 0);
    }
}
