//! Pays amounts to the accounts that a Merkle tree lists, once each.
//!
//! A leaf is `keccak256(keccak256(abi.encode(index, account, amount)))`, a node the hash of its two children, the smaller first:
//! OpenZeppelin's `StandardMerkleTree` of the types `uint256`, `address`, `uint256`.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::vec::Vec;

use alloy_sol_types::{SolValue, sol};
#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::{
    alloy_primitives::{Address, B256, U256},
    prelude::*,
};

sol! {
    #![sol(extra_derives(Debug))]
    event Claimed(uint256 index, address indexed account, uint256 amount);
    error AlreadyClaimed(uint256 index);
    error NotListed(uint256 index, address account, uint256 amount);
}

/// Why a call reverts.
#[derive(SolidityError, Debug)]
pub enum Refusal {
    /// The entry was claimed before.
    Claimed(AlreadyClaimed),
    /// The proof does not lead to the root.
    Listed(NotListed),
}

sol_storage! {
    /// The tree's root, a bit for each claimed entry, and the balances.
    #[entrypoint]
    pub struct MerkleAirdrop {
        bytes32 root;
        mapping(uint256 => uint256) claimed;
        mapping(address => uint256) balances;
    }
}

#[public]
impl MerkleAirdrop {
    /// Sets the list, which never changes.
    #[constructor]
    pub fn constructor(&mut self, root: B256) {
        self.root.set(root);
    }

    pub fn root(&self) -> B256 {
        self.root.get()
    }

    pub fn balance_of(&self, account: Address) -> U256 {
        self.balances.get(account)
    }

    pub fn is_claimed(&self, index: U256) -> bool {
        let (word, bit) = place(index);
        self.claimed.get(word).bit(bit)
    }

    /// Anybody may bring the proof; the amount goes to `account`.
    pub fn claim(
        &mut self,
        index: U256,
        account: Address,
        amount: U256,
        proof: Vec<B256>,
    ) -> Result<(), Refusal> {
        let (word, bit) = place(index);
        let mut bits = self.claimed.get(word);
        if bits.bit(bit) {
            return Err(AlreadyClaimed { index }.into());
        }
        let leaf = (index, account, amount).abi_encode();
        let leaf = self.hash(self.hash(leaf).as_slice());
        let top = proof.into_iter().fold(leaf, |below, beside| {
            self.hash([below.min(beside), below.max(beside)].concat())
        });
        if top != self.root.get() {
            return Err(Refusal::Listed(NotListed {
                index,
                account,
                amount,
            }));
        }
        bits.set_bit(bit, true);
        self.claimed.insert(word, bits);
        // An account listed twice gets both amounts, up to 2^256 - 1.
        let balance = self.balances.get(account).saturating_add(amount);
        self.balances.insert(account, balance);
        self.vm().log(Claimed {
            index,
            account,
            amount,
        });
        Ok(())
    }
}

#[cfg(not(feature = "contract-client-gen"))]
impl MerkleAirdrop {
    fn hash(&self, bytes: impl AsRef<[u8]>) -> B256 {
        self.vm().native_keccak256(bytes.as_ref())
    }
}

/// The word and the bit of an index.
fn place(index: U256) -> (U256, usize) {
    (index >> 8, usize::from(index.byte(0)))
}

#[cfg(test)]
mod tests;
