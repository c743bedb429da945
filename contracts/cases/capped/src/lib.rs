//! A capped token in pieces: an inherited trait, which the exported ABI omits, and a constructor that must run before mints.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]

extern crate alloc;

use alloc::vec::Vec;

use heap as _;
use stylus_sdk::{
    alloy_primitives::{Address, U256},
    prelude::*,
};

sol_storage! {
    /// The balances, the supply and its cap.
    #[entrypoint]
    pub struct Capped {
        uint256 cap;
        uint256 total;
        mapping(address => uint256) balances;
    }
}

/// What every token has.
#[public]
pub trait Token {
    /// The total supply.
    fn total_supply(&self) -> U256;
    /// The balance of `account`.
    fn balance_of(&self, account: Address) -> U256;
    /// A function that belongs to no standard.
    fn spare(&self, account: Address) -> U256;
}

#[public]
impl Token for Capped {
    fn total_supply(&self) -> U256 {
        self.total.get()
    }

    fn balance_of(&self, account: Address) -> U256 {
        self.balances.get(account)
    }

    fn spare(&self, account: Address) -> U256 {
        self.cap.get() - self.balances.get(account)
    }
}

#[public]
#[implements(Token)]
impl Capped {
    /// Sets the cap.
    #[constructor]
    pub fn constructor(&mut self, cap: U256) {
        self.cap.set(cap);
    }

    /// Mints `value` to `to`.
    pub fn mint(&mut self, to: Address, value: U256) -> Result<(), Vec<u8>> {
        let total = self.total.get() + value;
        if total > self.cap.get() {
            return Err(b"capped".to_vec());
        }
        self.total.set(total);
        let balance = self.balances.get(to) + value;
        self.balances.setter(to).set(balance);
        Ok(())
    }
}
