//! A vault on stylus-sdk 0.9.2, whose exported ABI, vault.sol, leaves out what it inherits. Behind a manifest as that of `cargo stylus new`
//! with `crate-type = ["cdylib"]` and `opt-level = "z"`, `cargo build --release --target wasm32-unknown-unknown` (1.95.0) and
//! `stylus-vm process` make vault.wasm.

#![cfg_attr(not(feature = "export-abi"), no_main, no_std)]

#[macro_use]
extern crate alloc;

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use stylus_sdk::prelude::*;

sol_storage! {
    #[entrypoint]
    pub struct Vault {
        mapping(address => uint256) balances;
        uint256 cap;
    }
}

trait Token {
    fn balance_of(&self, owner: Address) -> U256;
    fn transfer(&mut self, to: Address, value: U256) -> bool;
}

trait Named {
    fn motto_length(&self) -> U256;
}

#[public]
#[implements(Token, Named)]
impl Vault {
    #[constructor]
    pub fn constructor(&mut self, cap: U256) {
        self.cap.set(cap);
    }

    pub fn mint(&mut self, value: U256) -> Result<(), Vec<u8>> {
        if value > self.cap.get() {
            return Err(b"more than the cap".to_vec());
        }
        let sender = self.vm().msg_sender();
        self.balances.insert(sender, value);
        Ok(())
    }
}

#[public]
impl Token for Vault {
    fn balance_of(&self, owner: Address) -> U256 {
        self.balances.get(owner)
    }

    fn transfer(&mut self, to: Address, value: U256) -> bool {
        self.balances.insert(to, value);
        true
    }
}

#[public]
impl Named for Vault {
    fn motto_length(&self) -> U256 {
        U256::from(17)
    }
}
