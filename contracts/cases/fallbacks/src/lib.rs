//! A contract that takes ether, and calldata for functions that it does not have.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]

extern crate alloc;

use alloc::vec::Vec;

use heap as _;
use stylus_sdk::{ArbResult, alloy_primitives::U256, prelude::*};

sol_storage! {
    /// What was called last.
    #[entrypoint]
    pub struct Fallbacks {
        uint256 number;
    }
}

#[public]
impl Fallbacks {
    /// 1 after ether alone, else the bytes of the calldata.
    pub fn number(&self) -> U256 {
        self.number.get()
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
