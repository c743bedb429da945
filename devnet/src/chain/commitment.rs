//! What stands for the state in a header: a running hash over everything that blocks changed.
//!
//! Lives here: that hash. It is not the root of a Merkle tree, which a devnet does not need and would spend most of its time on: two chains
//! with the same history have the same hash, but nothing can be proven from it (`eth_getProof` says so).

use alloy_primitives::{B256, Keccak256};
use revm::state::EvmState;

/// Returns the commitment after `changes`, given the one before.
pub(crate) fn commit(before: B256, changes: &EvmState) -> B256 {
    let mut touched: Vec<_> = changes
        .iter()
        .filter(|(_, account)| account.is_touched())
        .collect();
    touched.sort_unstable_by_key(|(address, _)| **address);
    let mut hasher = Keccak256::new();
    hasher.update(before);
    for (address, account) in touched {
        hasher.update(address);
        hasher.update([account.is_selfdestructed().into()]);
        hasher.update(account.info.nonce.to_be_bytes());
        hasher.update(account.info.balance.to_be_bytes::<32>());
        hasher.update(account.info.code_hash);
        let mut slots: Vec<_> = account.changed_storage_slots().collect();
        slots.sort_unstable_by_key(|(slot, _)| **slot);
        for (slot, value) in slots {
            hasher.update(slot.to_be_bytes::<32>());
            hasher.update(value.present_value.to_be_bytes::<32>());
        }
    }
    hasher.finalize()
}
