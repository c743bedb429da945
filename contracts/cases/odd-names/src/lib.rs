//! Functions and parameters with the words of data locations in their names, and entries without a selector.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]

extern crate alloc;

use alloc::vec::Vec;

use heap as _;
use stylus_sdk::{ArbResult, abi::Bytes, alloy_primitives::U256, prelude::*};

sol_storage! {
    /// A number.
    #[entrypoint]
    pub struct OddNames {
        uint256 number;
    }
}

#[public]
impl OddNames {
    /// The number.
    pub fn storage_used(&self) -> U256 {
        self.number.get()
    }

    /// Replaces it.
    pub fn set_slot(&mut self, storage_slot: U256) {
        self.number.set(storage_slot);
    }

    /// Replaces it with a sum.
    pub fn set_hash(&mut self, calldata_hash: U256, memory_limit: U256) {
        self.number.set(calldata_hash + memory_limit);
    }

    /// The number of bytes.
    pub fn calldata_len(&self, data: Bytes) -> U256 {
        U256::from(data.0.len())
    }

    /// The count of the numbers, and an empty list.
    pub fn returns_memory(&self, data: Vec<U256>) -> (U256, Vec<u8>) {
        (U256::from(data.len()), Vec::new())
    }

    /// Takes ether.
    #[receive]
    #[payable]
    pub fn receive(&mut self) -> Result<(), Vec<u8>> {
        self.number.set(U256::ONE);
        Ok(())
    }

    /// Takes anything.
    #[fallback]
    #[payable]
    pub fn fallback(&mut self, data: &[u8]) -> ArbResult {
        self.number.set(U256::from(data.len()));
        Ok(Vec::new())
    }
}
