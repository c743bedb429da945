//! The number of the L1 block that the chain knows, and the L1 block hashes that contracts can see: the newest 256.
//!
//! Lives here: Nitro's ring of hashes, and how the start of a block changes it. Not here: chains without such hashes, which all chains
//! created here are; on those, every block has its own L1 block and L1 block hash.

use alloy_primitives::{B256, U256};

use crate::arbos::field::fields;
use crate::arbos::slots::{self, Slot};
use crate::arbos::{Words, keccak};

fields! {
    slots::block_hashes();
    0 l1_number: u64, "The L1 block that comes after the newest whose hash is kept; zero on a chain that keeps none.";
}

/// How many hashes are kept.
const KEPT: u64 = 256;

fn ring(number: u64) -> Slot {
    slots::block_hashes().at(1 + number % KEPT)
}

/// Returns the hash of an L1 block as contracts see it; zero if it is not among the newest. `None` on a chain that keeps no hashes.
pub(crate) fn block_hash(words: &mut impl Words, number: U256) -> Option<B256> {
    let Ok(next) = l1_number().get(words);
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    let is_kept = number < next && number.saturating_add(KEPT) >= next;
    match (next, is_kept) {
        (0, _) => None,
        (_, false) => Some(B256::ZERO),
        (_, true) => Some(words.word(ring(number)).into()),
    }
}

/// Begins a block that knows the L1 block `number`, on top of a block with the hash `parent`, which stands for the L1 blocks in between.
/// Returns whether the chain keeps hashes at all.
pub(crate) fn begin_block(words: &mut impl Words, number: u64, parent: B256) -> bool {
    let Ok(next) = l1_number().get(words);
    if next > 0 && number > next {
        record(words, number - 1, parent);
    }
    next > 0
}

/// Records the hash of an L1 block, and derives hashes from it for those that were skipped.
fn record(words: &mut impl Words, number: u64, hash: B256) {
    let Ok(next) = l1_number().get(words);
    if number < next {
        return;
    }
    // As in Nitro, the first skipped block keeps what the ring held.
    let first = match next.saturating_add(KEPT) < number {
        true => number - KEPT,
        false => next,
    };
    for skipped in first + 1..number {
        let made = keccak(&[hash.as_slice(), &skipped.to_le_bytes()]);
        words.set_word(ring(skipped), made.into());
    }
    words.set_word(ring(number), hash.into());
    let Ok(()) = l1_number().set(words, number.saturating_add(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    /// Nitro's own test: the hashes known after a jump of thousands of blocks.
    #[test]
    fn the_newest_256_are_known() {
        let mut state = State::default();
        assert_eq!(block_hash(&mut state, U256::ZERO), None);
        record(&mut state, 0, B256::repeat_byte(1));
        assert_eq!(
            block_hash(&mut state, U256::ZERO),
            Some(B256::repeat_byte(1))
        );
        record(&mut state, 4_242, B256::repeat_byte(2));
        let Ok(next) = l1_number().get(&mut state);
        assert_eq!(next, 4_243);
        let mut known = |number: u64| block_hash(&mut state, U256::from(number)).unwrap();
        assert_eq!(known(4_242), B256::repeat_byte(2));
        let hashes = [4_242, 4_241, 4_240, 4_242 - 255].map(&mut known);
        for (place, hash) in hashes.iter().enumerate() {
            assert!(
                *hash != B256::ZERO && !hashes[..place].contains(hash),
                "{place}"
            );
        }
        assert_eq!([4_243, 4_242 - 256, 0].map(known), [B256::ZERO; 3]);
    }

    #[test]
    fn a_block_records_what_was_before_it() {
        let mut state = State::default();
        begin_block(&mut state, 9, B256::repeat_byte(1));
        assert_eq!(block_hash(&mut state, U256::from(8)), None);
        let Ok(()) = l1_number().set(&mut state, 10);
        begin_block(&mut state, 10, B256::repeat_byte(2));
        assert_eq!(block_hash(&mut state, U256::from(9)), Some(B256::ZERO));
        begin_block(&mut state, 11, B256::repeat_byte(3));
        assert_eq!(
            block_hash(&mut state, U256::from(10)),
            Some(B256::repeat_byte(3))
        );
        let Ok(next) = l1_number().get(&mut state);
        assert_eq!(next, 11);
    }
}
