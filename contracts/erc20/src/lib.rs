//! A fungible token, ERC-20 with the errors of ERC-6093, that anybody may mint: for tests.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::{string::String, vec::Vec};

use alloy_sol_types::sol;
#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::{
    alloy_primitives::{Address, U256},
    prelude::*,
};

sol! {
    #![sol(extra_derives(Debug))]
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error ERC20InvalidReceiver(address receiver);
    error SupplyTooHigh(uint256 supply, uint256 minted);
}

/// Why a call reverts.
#[derive(SolidityError, Debug)]
pub enum Refusal {
    /// The owner's balance is too low.
    Balance(ERC20InsufficientBalance),
    /// The owner's allowance is too low.
    Allowance(ERC20InsufficientAllowance),
    /// The receiver is the zero address.
    Receiver(ERC20InvalidReceiver),
    /// The supply would overflow.
    Supply(SupplyTooHigh),
}

sol_storage! {
    /// Balances, allowances and the supply.
    #[entrypoint]
    pub struct Erc20 {
        mapping(address => uint256) balances;
        mapping(address => mapping(address => uint256)) allowances;
        uint256 supply;
    }
}

#[public]
impl Erc20 {
    pub fn name(&self) -> String {
        String::from("Stylus Kit Token")
    }

    pub fn symbol(&self) -> String {
        String::from("KIT")
    }

    pub fn decimals(&self) -> u8 {
        18
    }

    pub fn total_supply(&self) -> U256 {
        self.supply.get()
    }

    pub fn balance_of(&self, owner: Address) -> U256 {
        self.balances.get(owner)
    }

    pub fn allowance(&self, owner: Address, spender: Address) -> U256 {
        self.allowances.getter(owner).get(spender)
    }

    pub fn transfer(&mut self, to: Address, value: U256) -> Result<bool, Refusal> {
        self.hand_over(self.vm().msg_sender(), to, value)?;
        Ok(true)
    }

    pub fn approve(&mut self, spender: Address, value: U256) -> bool {
        let owner = self.vm().msg_sender();
        self.allowances.setter(owner).insert(spender, value);
        self.vm().log(Approval {
            owner,
            spender,
            value,
        });
        true
    }

    /// An allowance of 2^256 - 1 is never used up.
    pub fn transfer_from(
        &mut self,
        from: Address,
        to: Address,
        value: U256,
    ) -> Result<bool, Refusal> {
        let spender = self.vm().msg_sender();
        let allowance = self.allowance(from, spender);
        if allowance != U256::MAX {
            let left = allowance
                .checked_sub(value)
                .ok_or(ERC20InsufficientAllowance {
                    spender,
                    allowance,
                    needed: value,
                })?;
            self.allowances.setter(from).insert(spender, left);
        }
        self.hand_over(from, to, value)?;
        Ok(true)
    }

    /// Mints new tokens.
    pub fn mint(&mut self, to: Address, value: U256) -> Result<(), Refusal> {
        let supply = self.supply.get();
        let more = supply.checked_add(value).ok_or(SupplyTooHigh {
            supply,
            minted: value,
        })?;
        self.supply.set(more);
        self.credit(Address::ZERO, to, value)
    }
}

#[cfg(not(feature = "contract-client-gen"))]
impl Erc20 {
    fn hand_over(&mut self, from: Address, to: Address, value: U256) -> Result<(), Refusal> {
        let balance = self.balances.get(from);
        let left = balance.checked_sub(value).ok_or(ERC20InsufficientBalance {
            sender: from,
            balance,
            needed: value,
        })?;
        self.balances.insert(from, left);
        self.credit(from, to, value)
    }

    /// Credits what was debited from `from`. No balance exceeds the supply, so none overflows.
    fn credit(&mut self, from: Address, to: Address, value: U256) -> Result<(), Refusal> {
        if to.is_zero() {
            return Err(ERC20InvalidReceiver { receiver: to }.into());
        }
        self.balances.insert(to, self.balances.get(to) + value);
        self.vm().log(Transfer { from, to, value });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
