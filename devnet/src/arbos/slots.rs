//! Where a word is stored: Nitro's derivation of slots from nested spaces.
//!
//! Lives here: the derivation and the names of the spaces. Not here: the words' meaning.

use std::sync::LazyLock;

use alloy_primitives::{Address, B256, Keccak256, U256};

use crate::addresses::{ARBOS_STATE, FILTERED_TRANSACTIONS};

/// A slot of an account's storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot {
    pub(crate) account: Address,
    pub(crate) key: U256,
}

/// A space of slots and nested spaces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space {
    account: Address,
    key: Option<B256>,
}

/// The space that holds everything.
pub(crate) const ROOT: Space = Space {
    account: ARBOS_STATE,
    key: None,
};

impl Space {
    /// The space called `id` within this one.
    pub(crate) fn space(self, id: u8) -> Self {
        self.named(&[id])
    }

    /// The space whose name is `id`, of any length, within this one.
    pub(crate) fn named(self, id: &[u8]) -> Self {
        let mut hasher = self.hasher();
        hasher.update(id);
        Self {
            key: Some(hasher.finalize()),
            ..self
        }
    }

    /// The slot of a key: the hash covers all but the key's last byte, so neighbours stay neighbours.
    pub(crate) fn slot(self, key: B256) -> Slot {
        let mut hasher = self.hasher();
        hasher.update(&key[..31]);
        let mut slot = hasher.finalize();
        slot[31] = key[31];
        Slot {
            account: self.account,
            key: slot.into(),
        }
    }

    /// The slot of a small number.
    pub(crate) fn at(self, offset: u64) -> Slot {
        self.slot(U256::from(offset).into())
    }

    fn hasher(self) -> Keccak256 {
        let mut hasher = Keccak256::new();
        if let Some(key) = self.key {
            hasher.update(key);
        }
        hasher
    }
}

/// Spaces as functions: `name = where it is, "what is in it"`.
macro_rules! spaces {
    ($($name:ident = $space:expr, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub(crate) fn $name() -> Space {
                // One or two hashes, which every call would otherwise compute again.
                static SPACE: LazyLock<Space> = LazyLock::new(|| $space);
                *SPACE
            }
        )*
    };
}

spaces! {
    l1_pricing = ROOT.space(0), "The price of L1 data.";
    batch_posters = l1_pricing().space(0), "The accounts that post batches to L1.";
    l2_pricing = ROOT.space(1), "The price of gas.";
    retryables = ROOT.space(2), "Messages from L1 that can be retried.";
    address_table = ROOT.space(3), "Addresses with short forms.";
    chain_owners = ROOT.space(4), "The chain's owners.";
    sends = ROOT.space(5), "Messages to L1.";
    block_hashes = ROOT.space(6), "The hashes of L1 blocks.";
    chain_config = ROOT.space(7), "The chain's configuration, as JSON.";
    programs = ROOT.space(8), "Everything about Stylus programs.";
    params = programs().space(0), "The Stylus parameters.";
    program_data = programs().space(1), "A word for each program, by code hash.";
    module_hashes = programs().space(2), "The hash of each program's module, by code hash.";
    data_pricer = programs().space(3), "The data pricer.";
    cache_managers = programs().space(4), "The cache managers.";
    activation_gas = programs().space(5), "Additional gas of an activation (ArbOS 59).";
    features = ROOT.space(9), "Features that owners enable.";
    native_token_owners = ROOT.space(10), "Accounts that may mint and burn the chain's native token (ArbOS 41).";
    transaction_filterers = ROOT.space(11), "Accounts that may filter transactions (ArbOS 60).";
}

/// Filtered transactions, by hash (ArbOS 60). They have a separate account.
pub(crate) fn filtered_transactions() -> Space {
    Space {
        account: FILTERED_TRANSACTIONS,
        key: None,
    }
}

/// Slots that every block reads, whatever it contains: single words of the chain, its prices and its programs.
pub(crate) fn read_by_every_block() -> Vec<Slot> {
    let words = |space: Space, count: u64| (0..count).map(move |offset| space.at(offset));
    words(ROOT, 12)
        .chain(words(l1_pricing(), 13))
        .chain(words(l2_pricing(), 8))
        .chain(words(l2_pricing().space(0), 1))
        .chain(words(l2_pricing().space(1), 1))
        .chain(
            [
                sends(),
                block_hashes(),
                chain_config(),
                params(),
                activation_gas(),
                features(),
            ]
            .into_iter()
            .flat_map(|space| words(space, 1)),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(slot: Slot, begins: &str, ends: &str) {
        let hex = format!("{:064x}", slot.key);
        assert!(hex.starts_with(begins) && hex.ends_with(ends), "{hex}");
    }

    /// Computed independently of this code, with another keccak; the first and the parameters' are known from live chains.
    #[test]
    fn slots_that_are_known() {
        check(ROOT.at(0), "15fed045", "b400");
        check(
            params().at(0),
            "fb3a65ee2a3cc0d9ce98ddab7e30ebb7",
            "f1bf3aef1dcfb0e300",
        );
        check(l1_pricing().at(7), "a9f6f085d78d1d37", "207b9e9707");
        check(l2_pricing().at(3), "e54de2a4cdacc0a0", "11926c8203");
        check(batch_posters().at(0), "33f46529933152e1", "ddbc0d700");
        check(
            batch_posters().space(0).at(0),
            "19cc27d300234c0b",
            "473bc9d6000",
        );
        check(retryables().space(0).at(2), "9e9ffd355c04cc0f", "857a02");
        check(address_table().at(0), "d67fcbdb5ccc9c47", "1ffc317300");
        check(sends().at(0), "8ed3c0e39eb17cac", "264002b3d00");
        check(block_hashes().at(0), "3c79da47f96b0f39", "4d578dfe600");
        check(block_hashes().at(256), "36100a3304cddbd9", "ae66360b078800");
        check(chain_config().at(0), "696e3678057072f0", "548533b097700");
        check(features().at(0), "efc8dd7022cc6868", "f68bc7b1100");
        check(
            native_token_owners().at(0),
            "23a75394800fe310",
            "36f5a4af00",
        );
        check(
            transaction_filterers().at(0),
            "7b148532bbf8414b",
            "5d3d0041000",
        );
        check(
            l2_pricing().space(0).at(0),
            "52232757544c763e",
            "1c66fc278300",
        );
        check(
            l2_pricing().space(1).at(0),
            "8f7aed2cb8940fe0",
            "85943c425700",
        );
    }

    #[test]
    fn neighbours_stay_neighbours() {
        let (first, last) = (ROOT.at(0).key, ROOT.at(255).key);
        assert_eq!(last - first, U256::from(255));
        assert_ne!(ROOT.at(256).key - U256::from(256), first);
    }
}
