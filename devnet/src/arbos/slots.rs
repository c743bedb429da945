//! Where a word is stored: Nitro's derivation of slots from nested spaces.
//!
//! Lives here: the derivation and the names of the spaces. Not here: what the words mean.

use alloy_primitives::{B256, Keccak256, U256};

/// A slot of the ArbOS account's storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot(pub(crate) U256);

/// A space of slots, and of spaces within.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space(Option<B256>);

/// The space that holds everything.
pub(crate) const ROOT: Space = Space(None);

impl Space {
    /// The space called `id` within this one.
    pub(crate) fn space(self, id: u8) -> Self {
        let mut hasher = self.hasher();
        hasher.update([id]);
        Self(Some(hasher.finalize()))
    }

    /// The slot of a key: all of the key but its last byte is hashed, so that neighbours stay neighbours.
    pub(crate) fn slot(self, key: B256) -> Slot {
        let mut hasher = self.hasher();
        hasher.update(&key[..31]);
        let mut slot = hasher.finalize();
        slot[31] = key[31];
        Slot(slot.into())
    }

    /// The slot of a small number.
    pub(crate) fn at(self, offset: u64) -> Slot {
        self.slot(U256::from(offset).into())
    }

    fn hasher(self) -> Keccak256 {
        let mut hasher = Keccak256::new();
        if let Some(key) = self.0 {
            hasher.update(key);
        }
        hasher
    }
}

/// What L1 costs.
pub(crate) fn l1_pricing() -> Space {
    ROOT.space(0)
}

/// Who owns the chain.
pub(crate) fn chain_owners() -> Space {
    ROOT.space(4)
}

/// Everything about Stylus programs.
pub(crate) fn programs() -> Space {
    ROOT.space(8)
}

/// The Stylus parameters.
pub(crate) fn params() -> Space {
    programs().space(0)
}

/// A word for each program, by code hash.
pub(crate) fn program_data() -> Space {
    programs().space(1)
}

/// The hash of each program's module, by code hash.
pub(crate) fn module_hashes() -> Space {
    programs().space(2)
}

/// The data pricer.
pub(crate) fn data_pricer() -> Space {
    programs().space(3)
}

/// Who may cache programs.
pub(crate) fn cache_managers() -> Space {
    programs().space(4)
}

/// Gas that an activation costs on top (ArbOS 59).
pub(crate) fn activation_gas() -> Space {
    programs().space(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(slot: Slot, begins: &str, ends: &str) {
        let hex = format!("{:064x}", slot.0);
        assert!(hex.starts_with(begins) && hex.ends_with(ends), "{hex}");
    }

    #[test]
    fn slots_that_are_known_from_chains() {
        check(ROOT.at(0), "15fed045", "b400");
        check(
            params().at(0),
            "fb3a65ee2a3cc0d9ce98ddab7e30ebb7",
            "f1bf3aef1dcfb0e300",
        );
    }

    #[test]
    fn neighbours_stay_neighbours() {
        let (first, last) = (ROOT.at(0).0, ROOT.at(255).0);
        assert_eq!(last - first, U256::from(255));
        assert_ne!(ROOT.at(256).0 - U256::from(256), first);
    }
}
