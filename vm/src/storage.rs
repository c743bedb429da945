//! The storage cache of one invocation: reads are remembered, writes wait for a flush.
//!
//! Lives here: which slots are known and which are dirty, and how many accesses there were. Not here: prices and the
//! chain's storage. Nothing is shared between invocations, and what is not flushed is lost.

use std::collections::BTreeMap;

use alloy_primitives::B256;

/// A slot as the program sees it, and as the chain has it where that is known.
#[derive(Clone, Copy)]
struct Slot {
    value: B256,
    known: Option<B256>,
}

/// The cache. Ordered by key, so that a flush writes in the same order everywhere.
#[derive(Default)]
pub(crate) struct StorageCache {
    slots: BTreeMap<B256, Slot>,
    loads: u32,
    stores: u32,
}

impl StorageCache {
    /// Counts a load; returns how many there were.
    pub(crate) fn count_load(&mut self) -> u32 {
        self.loads = self.loads.saturating_add(1);
        self.loads
    }

    /// Counts a store; returns how many there were.
    pub(crate) fn count_store(&mut self) -> u32 {
        self.stores = self.stores.saturating_add(1);
        self.stores
    }

    /// The value the program sees, if the cache has one.
    pub(crate) fn get(&self, key: B256) -> Option<B256> {
        self.slots.get(&key).map(|slot| slot.value)
    }

    /// Remembers what the chain has.
    pub(crate) fn know(&mut self, key: B256, value: B256) {
        self.slots.insert(
            key,
            Slot {
                value,
                known: Some(value),
            },
        );
    }

    /// Writes without asking the chain: a slot that is not known becomes dirty whatever is written.
    pub(crate) fn set(&mut self, key: B256, value: B256) {
        self.slots
            .entry(key)
            .and_modify(|slot| slot.value = value)
            .or_insert(Slot { value, known: None });
    }

    /// Takes what differs from the chain, which from now on counts as known.
    pub(crate) fn take_dirty(&mut self) -> Vec<(B256, B256)> {
        let mut dirty = Vec::new();
        for (key, slot) in &mut self.slots {
            if slot.known != Some(slot.value) {
                slot.known = Some(slot.value);
                dirty.push((*key, slot.value));
            }
        }
        dirty
    }

    /// Forgets every slot; the counts stay.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }
}
