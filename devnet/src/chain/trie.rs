//! Merkle roots and proofs over a state, computed on demand.
//!
//! Lives here: tries of accounts and of their storage, as Ethereum has them. Not here: what a header commits to (`commitment`).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::proof::ProofRetainer;
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles, TrieAccount};

use crate::evm::{Interrupt, Interrupted};
use crate::state::{Account, State};

/// Leaves between two checks of the interrupt.
const LEAVES: usize = 1_024;

/// An account and its storage, with proofs.
pub(crate) struct Proof {
    pub(crate) storage_root: B256,
    /// The nodes from the state root to the account.
    pub(crate) account: Vec<Bytes>,
    /// The nodes from the storage root to each requested slot.
    pub(crate) slots: Vec<Vec<Bytes>>,
}

/// A trie's encoded leaves by the hashes of their keys.
type Leaves = BTreeMap<B256, Vec<u8>>;

impl State {
    /// Proves an account and some of its slots.
    ///
    /// # Errors
    /// If it was interrupted.
    pub(crate) fn prove(
        &self,
        address: Address,
        slots: &[U256],
        interrupt: &Interrupt,
    ) -> Result<Proof, Interrupted> {
        let mut leaves = Leaves::new();
        for (address, account) in self.accounts() {
            interrupt.check()?;
            let account = TrieAccount::new(
                account.nonce,
                account.balance,
                storage_root(account, interrupt)?,
                account.code_hash,
            );
            leaves.insert(keccak256(address), alloy_rlp::encode(account));
        }
        let (_, mut account) = build(&leaves, &[keccak256(address)], interrupt)?;
        let keys: Vec<B256> = slots
            .iter()
            .map(|slot| keccak256(B256::from(*slot)))
            .collect();
        let storage = storage(&self.account(address), interrupt)?;
        let (storage_root, slots) = build(&storage, &keys, interrupt)?;
        Ok(Proof {
            storage_root,
            account: account.pop().unwrap_or_default(),
            slots,
        })
    }
}

/// Computes the root over an account's storage.
///
/// # Errors
/// If it was interrupted.
pub(crate) fn storage_root(account: &Account, interrupt: &Interrupt) -> Result<B256, Interrupted> {
    if account.storage.is_empty() {
        return Ok(EMPTY_ROOT_HASH);
    }
    let (root, _) = build(&storage(account, interrupt)?, &[], interrupt)?;
    Ok(root)
}

fn storage(account: &Account, interrupt: &Interrupt) -> Result<Leaves, Interrupted> {
    let mut leaves = Leaves::new();
    for (place, (slot, value)) in account.storage.iter().enumerate() {
        if place % LEAVES == 0 {
            interrupt.check()?;
        }
        leaves.insert(keccak256(B256::from(*slot)), alloy_rlp::encode(value));
    }
    Ok(leaves)
}

/// Computes the root over leaves, and the nodes from there to each target, or to where it would be.
fn build(
    leaves: &Leaves,
    targets: &[B256],
    interrupt: &Interrupt,
) -> Result<(B256, Vec<Vec<Bytes>>), Interrupted> {
    let targets: Vec<Nibbles> = targets.iter().map(Nibbles::unpack).collect();
    let retainer = ProofRetainer::new(targets.clone());
    let mut builder = HashBuilder::default().with_proof_retainer(retainer);
    for (place, (key, value)) in leaves.iter().enumerate() {
        if place % LEAVES == 0 {
            interrupt.check()?;
        }
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    let root = builder.root();
    let nodes = builder.take_proof_nodes();
    let proofs = targets.iter().map(|target| {
        let way = nodes.matching_nodes_sorted(target);
        let nodes = way.into_iter().map(|(_, node)| node);
        // An empty trie has no node to show.
        nodes.filter(|_| !leaves.is_empty()).collect()
    });
    Ok((root, proofs.collect()))
}

#[cfg(test)]
mod tests {
    use alloy_trie::proof::verify_proof;

    use super::*;

    /// Every account and slot, existing or not, is proven under the roots that alloy computes independently.
    #[test]
    fn proofs_are_of_the_roots() {
        let mut state = State::default();
        for number in 1..=50_u8 {
            let address = Address::repeat_byte(number);
            state.change(address, |account| account.balance = U256::from(number));
            for slot in 0..number {
                state.set_slot(address, U256::from(slot), U256::from(u64::from(slot) + 1));
            }
        }
        let interrupt = Interrupt::default();
        let whole = state.accounts().map(|(address, account)| {
            let slots = account.storage.iter();
            let storage = slots.map(|(slot, value)| (B256::from(*slot), *value));
            let root = alloy_trie::root::storage_root_unhashed(storage);
            let (nonce, balance, code) = (account.nonce, account.balance, account.code_hash);
            (*address, TrieAccount::new(nonce, balance, root, code))
        });
        let accounts: BTreeMap<Address, TrieAccount> = whole.collect();
        let root = alloy_trie::root::state_root_unhashed(accounts.clone());
        for address in [1, 17, 50, 99].map(Address::repeat_byte) {
            let slots = [0, 16, 49, 1_000].map(U256::from);
            let proof = state.prove(address, &slots, &interrupt).unwrap();
            let account = accounts.get(&address);
            let expected = account.map(|account| alloy_rlp::encode(*account));
            let key = Nibbles::unpack(keccak256(address));
            verify_proof(root, key, expected, &proof.account).unwrap();
            let storage_root = account.map_or(EMPTY_ROOT_HASH, |account| account.storage_root);
            assert_eq!(proof.storage_root, storage_root);
            for (slot, nodes) in slots.iter().zip(&proof.slots) {
                let value = state.slot(address, *slot);
                let expected = (!value.is_zero()).then(|| alloy_rlp::encode(value));
                let key = Nibbles::unpack(keccak256(B256::from(*slot)));
                verify_proof(storage_root, key, expected, nodes).unwrap();
            }
        }
    }
}
