//! The storage cache of one invocation: it remembers reads and holds writes until a flush.
//!
//! Lives here: known and dirty slots, and the number of accesses. Not here: prices and the chain's storage.
//! Invocations share nothing, and unflushed writes are lost.

use std::collections::BTreeMap;

use alloy_primitives::B256;

/// A slot's value as the program sees it, and as the chain has it if known.
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
    /// Counts a load; returns the number so far, this one included.
    pub(crate) fn count_load(&mut self) -> u32 {
        self.loads = self.loads.saturating_add(1);
        self.loads
    }

    /// Counts a store; returns the number so far, this one included.
    pub(crate) fn count_store(&mut self) -> u32 {
        self.stores = self.stores.saturating_add(1);
        self.stores
    }

    /// The value that the program sees, if cached.
    pub(crate) fn get(&self, key: B256) -> Option<B256> {
        self.slots.get(&key).map(|slot| slot.value)
    }

    /// Remembers the chain's value.
    pub(crate) fn know(&mut self, key: B256, value: B256) {
        self.slots.insert(
            key,
            Slot {
                value,
                known: Some(value),
            },
        );
    }

    /// Writes without asking the chain: an unknown slot becomes dirty whatever the value.
    pub(crate) fn set(&mut self, key: B256, value: B256) {
        self.slots
            .entry(key)
            .and_modify(|slot| slot.value = value)
            .or_insert(Slot { value, known: None });
    }

    /// Takes the slots that differ from the chain; from now on they count as known.
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

    /// Forgets every slot; keeps the counts.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }
}
