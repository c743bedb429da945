//! Sets of addresses: who owns the chain, who may cache programs.
//!
//! Lives here: a set as Nitro stores it: its size, its members from 1 on, and each member's place. Not here: what members
//! may do (`precompiles`).

use alloy_primitives::{Address, U256};

use crate::arbos::Words;
use crate::arbos::slots::{self, Slot, Space};

/// A stored set of addresses, in the order in which they came; removing one puts the last in its place.
#[derive(Clone, Copy)]
pub(crate) struct AddressSet(Space);

/// The chain's owners.
pub(crate) fn chain_owners() -> AddressSet {
    AddressSet(slots::chain_owners())
}

/// The cache managers.
pub(crate) fn cache_managers() -> AddressSet {
    AddressSet(slots::cache_managers())
}

/// Makes an account an owner of the chain.
pub(crate) fn add_chain_owner(words: &mut impl Words, owner: Address) {
    chain_owners().add(words, owner);
}

/// Makes an account a cache manager.
pub(crate) fn add_cache_manager(words: &mut impl Words, manager: Address) {
    cache_managers().add(words, manager);
}

impl AddressSet {
    /// How many there are.
    pub(crate) fn len(self, words: &mut impl Words) -> u64 {
        words.word(self.0.at(0)).saturating_to()
    }

    /// Whether an address is among them.
    pub(crate) fn contains(self, words: &mut impl Words, address: Address) -> bool {
        !words.word(self.place(address)).is_zero()
    }

    /// All of them.
    pub(crate) fn all(self, words: &mut impl Words) -> Vec<Address> {
        let len = self.len(words);
        (1..=len)
            .map(|place| address(words.word(self.0.at(place))))
            .collect()
    }

    /// Adds one, if it is not there.
    pub(crate) fn add(self, words: &mut impl Words, address: Address) {
        if self.contains(words, address) {
            return;
        }
        let len = self.len(words) + 1;
        words.set_word(self.place(address), U256::from(len));
        words.set_word(self.0.at(len), address.into_word().into());
        words.set_word(self.0.at(0), U256::from(len));
    }

    /// Removes one, and returns whether it was there.
    pub(crate) fn remove(self, words: &mut impl Words, gone: Address) -> bool {
        let place: u64 = words.word(self.place(gone)).saturating_to();
        if place == 0 {
            return false;
        }
        let len = self.len(words);
        let last = words.word(self.0.at(len));
        if place != len {
            words.set_word(self.0.at(place), last);
            words.set_word(self.place(address(last)), U256::from(place));
        }
        words.set_word(self.0.at(len), U256::ZERO);
        words.set_word(self.place(gone), U256::ZERO);
        words.set_word(self.0.at(0), U256::from(len - 1));
        true
    }

    fn place(self, address: Address) -> Slot {
        self.0.space(0).slot(address.into_word())
    }
}

fn address(word: U256) -> Address {
    Address::from_word(word.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    /// Theorem: the stored set and a list agree after any sequence of additions and removals.
    #[test]
    fn a_set_is_what_a_list_says() {
        let (mut state, mut model) = (State::default(), Vec::<Address>::new());
        let set = chain_owners();
        let mut random = 0x9e37_79b9_u32;
        for step in 0..2_000 {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            let who = Address::with_last_byte((random >> 8) as u8 % 12);
            if random.is_multiple_of(3) {
                let there = model.iter().position(|member| *member == who);
                assert_eq!(set.remove(&mut state, who), there.is_some(), "step {step}");
                if let Some(place) = there {
                    model.swap_remove(place);
                }
            } else {
                set.add(&mut state, who);
                if !model.contains(&who) {
                    model.push(who);
                }
            }
            assert_eq!(set.all(&mut state), model, "step {step}");
            assert_eq!(
                set.contains(&mut state, who),
                model.contains(&who),
                "step {step}"
            );
        }
    }

    #[test]
    fn an_empty_set_leaves_no_word_behind() {
        let mut state = State::default();
        for byte in 0..5 {
            chain_owners().add(&mut state, Address::repeat_byte(byte));
        }
        for byte in 0..5 {
            assert!(chain_owners().remove(&mut state, Address::repeat_byte(byte)));
        }
        assert_eq!(state.accounts().count(), 0);
    }
}
