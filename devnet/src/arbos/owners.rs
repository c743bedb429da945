//! Sets of addresses, such as chain owners and cache managers.
//!
//! Lives here: Nitro's layout of a set: its size, its members from 1 on, and each member's position. Not here: what
//! members may do (`precompiles`).

use alloy_primitives::{Address, U256};

use crate::arbos::field::{Field, Word as _};
use crate::arbos::slots::{self, Slot, Space};
use crate::arbos::{Store, Words};

/// The most members that are listed (Nitro).
const MOST_LISTED: u64 = 65_536;

/// A stored set of addresses in order of insertion; removal moves the last one into the gap.
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

/// Accounts that may mint and burn the chain's native token (ArbOS 41).
pub(crate) fn native_token_owners() -> AddressSet {
    AddressSet(slots::native_token_owners())
}

/// Accounts that may filter transactions (ArbOS 60).
pub(crate) fn transaction_filterers() -> AddressSet {
    AddressSet(slots::transaction_filterers())
}

/// Makes an account a chain owner.
pub(crate) fn add_chain_owner(words: &mut impl Words, owner: Address) {
    let Ok(()) = chain_owners().add(words, owner);
}

/// Makes an account a cache manager.
pub(crate) fn add_cache_manager(words: &mut impl Words, manager: Address) {
    let Ok(()) = cache_managers().add(words, manager);
}

impl AddressSet {
    /// The set of a space.
    pub(super) fn of(space: Space) -> Self {
        Self(space)
    }

    /// The number of members.
    pub(crate) fn size(self) -> Field<u64> {
        Field::at(self.0, 0)
    }

    /// Whether an address is a member.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn contains<S: Store>(
        self,
        store: &mut S,
        address: Address,
    ) -> Result<bool, S::Refused> {
        Ok(!store.read(self.place(address))?.is_zero())
    }

    /// All members, or the first 65,536. Memory use follows the actual list, not the stored size.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn all<S: Store>(self, store: &mut S) -> Result<Vec<Address>, S::Refused> {
        let size = self.size().get(store)?.min(MOST_LISTED);
        let mut members = Vec::new();
        for place in 1..=size {
            members.push(Address::of_word(store.read(self.0.at(place))?));
        }
        Ok(members)
    }

    /// Adds an address unless it is a member.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn add<S: Store>(self, store: &mut S, address: Address) -> Result<(), S::Refused> {
        if self.contains(store, address)? {
            return Ok(());
        }
        let size = self.size().get(store)?.saturating_add(1);
        store.write(self.place(address), U256::from(size))?;
        store.write(self.0.at(size), address.word())?;
        // Nitro reads the size once more before incrementing it.
        self.size().increment(store)?;
        Ok(())
    }

    /// Removes an address; returns whether it was a member.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn remove<S: Store>(self, store: &mut S, gone: Address) -> Result<bool, S::Refused> {
        let place = u64::of_word(store.read(self.place(gone))?);
        if place == 0 {
            return Ok(false);
        }
        store.write(self.place(gone), U256::ZERO)?;
        let size = self.size().get(store)?;
        if place < size {
            let last = store.read(self.0.at(size))?;
            store.write(self.0.at(place), last)?;
            store.write(self.place(Address::of_word(last)), U256::from(place))?;
        }
        store.write(self.0.at(size), U256::ZERO)?;
        let size = self.size().get(store)?;
        self.size().set(store, size.saturating_sub(1))?;
        Ok(true)
    }

    /// Corrects a member's position if it is stored wrongly; returns whether it was.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn rectify<S: Store>(
        self,
        store: &mut S,
        member: Address,
    ) -> Result<bool, S::Refused> {
        let place = u64::of_word(store.read(self.place(member))?);
        let there = store.read(self.0.at(place))?;
        let size = self.size().get(store)?;
        if there == member.word() && place <= size {
            return Ok(false);
        }
        store.write(self.place(member), U256::ZERO)?;
        self.add(store, member)?;
        Ok(true)
    }

    fn place(self, address: Address) -> Slot {
        self.0.space(0).slot(address.into_word())
    }
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
                let Ok(removed) = set.remove(&mut state, who);
                assert_eq!(removed, there.is_some(), "step {step}");
                if let Some(place) = there {
                    model.swap_remove(place);
                }
            } else {
                let Ok(()) = set.add(&mut state, who);
                if !model.contains(&who) {
                    model.push(who);
                }
            }
            let (Ok(all), Ok(has)) = (set.all(&mut state), set.contains(&mut state, who));
            assert_eq!(all, model, "step {step}");
            assert_eq!(has, model.contains(&who), "step {step}");
        }
    }

    #[test]
    fn an_empty_set_leaves_no_word_behind() {
        let mut state = State::default();
        for byte in 0..5 {
            add_chain_owner(&mut state, Address::repeat_byte(byte));
        }
        for byte in 0..5 {
            let Ok(removed) = chain_owners().remove(&mut state, Address::repeat_byte(byte));
            assert!(removed);
        }
        assert_eq!(state.accounts().count(), 0);
    }

    /// Theorem: a listing is no longer than the stored members, however many the stored size claims.
    #[test]
    fn a_number_that_anybody_wrote_is_not_believed() {
        let mut state = State::default();
        add_chain_owner(&mut state, Address::with_last_byte(1));
        for many in [1 << 40, 1 << 62, u64::MAX] {
            let Ok(()) = chain_owners().size().set(&mut state, many);
            let Ok(all) = chain_owners().all(&mut state);
            assert_eq!(all.len() as u64, MOST_LISTED);
        }
    }

    #[test]
    fn a_member_at_the_wrong_place_is_put_right() {
        let mut state = State::default();
        let (first, second) = (Address::with_last_byte(1), Address::with_last_byte(2));
        add_chain_owner(&mut state, first);
        add_chain_owner(&mut state, second);
        let set = chain_owners();
        let Ok(rectified) = set.rectify(&mut state, second);
        assert!(!rectified);
        // An old upgrade left this behind: a cleared list, but not its positions.
        let Ok(()) = set.size().set(&mut state, 0);
        let Ok(rectified) = set.rectify(&mut state, second);
        assert!(rectified);
        let Ok(all) = set.all(&mut state);
        assert_eq!(all, [second]);
    }
}
