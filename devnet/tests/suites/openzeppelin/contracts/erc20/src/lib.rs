//! A token with a name and a cap, which holders can burn, and which can be paused.

extern crate alloc;

use alloy_primitives::{aliases::B32, Address, U256, U8};
use openzeppelin_stylus::token::erc20::extensions::capped::{self, ICapped};
use openzeppelin_stylus::token::erc20::extensions::{
    Capped, Erc20Metadata, IErc20Burnable, IErc20Metadata,
};
use openzeppelin_stylus::token::erc20::{Erc20, IErc20};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use openzeppelin_stylus::utils::{IPausable, Pausable};
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc20: Erc20,
    metadata: Erc20Metadata,
    capped: Capped,
    pausable: Pausable,
}

#[public]
#[implements(IErc20<Error = Vec<u8>>, IErc20Metadata, IErc165, ICapped, IPausable)]
impl Token {
    #[constructor]
    fn constructor(&mut self, name: String, symbol: String, cap: U256) -> Result<(), Vec<u8>> {
        self.metadata.constructor(name, symbol);
        Ok(self.capped.constructor(cap)?)
    }

    fn mint(&mut self, account: Address, value: U256) -> Result<(), Vec<u8>> {
        self.pausable.when_not_paused()?;
        let cap = self.capped.cap();
        let increased_supply = self.erc20.total_supply() + value;
        if increased_supply > cap {
            return Err(capped::Error::from(capped::ERC20ExceededCap {
                increased_supply,
                cap,
            })
            .into());
        }
        Ok(self.erc20._mint(account, value)?)
    }

    fn burn(&mut self, value: U256) -> Result<(), Vec<u8>> {
        self.pausable.when_not_paused()?;
        Ok(self.erc20.burn(value)?)
    }

    fn burn_from(&mut self, account: Address, value: U256) -> Result<(), Vec<u8>> {
        self.pausable.when_not_paused()?;
        Ok(self.erc20.burn_from(account, value)?)
    }

    fn pause(&mut self) -> Result<(), Vec<u8>> {
        Ok(self.pausable.pause()?)
    }

    fn unpause(&mut self) -> Result<(), Vec<u8>> {
        Ok(self.pausable.unpause()?)
    }
}

#[public]
impl IErc20 for Token {
    type Error = Vec<u8>;

    fn total_supply(&self) -> U256 {
        self.erc20.total_supply()
    }

    fn balance_of(&self, account: Address) -> U256 {
        self.erc20.balance_of(account)
    }

    fn transfer(&mut self, to: Address, value: U256) -> Result<bool, Vec<u8>> {
        self.pausable.when_not_paused()?;
        Ok(self.erc20.transfer(to, value)?)
    }

    fn allowance(&self, owner: Address, spender: Address) -> U256 {
        self.erc20.allowance(owner, spender)
    }

    fn approve(&mut self, spender: Address, value: U256) -> Result<bool, Vec<u8>> {
        Ok(self.erc20.approve(spender, value)?)
    }

    fn transfer_from(&mut self, from: Address, to: Address, value: U256) -> Result<bool, Vec<u8>> {
        self.pausable.when_not_paused()?;
        Ok(self.erc20.transfer_from(from, to, value)?)
    }
}

#[public]
impl IErc20Metadata for Token {
    fn name(&self) -> String {
        self.metadata.name()
    }

    fn symbol(&self) -> String {
        self.metadata.symbol()
    }

    fn decimals(&self) -> U8 {
        U8::from(10)
    }
}

#[public]
impl IErc165 for Token {
    fn supports_interface(&self, interface: B32) -> bool {
        <Self as IErc20>::interface_id() == interface || self.metadata.supports_interface(interface)
    }
}

#[public]
impl ICapped for Token {
    fn cap(&self) -> U256 {
        self.capped.cap()
    }
}

#[public]
impl IPausable for Token {
    fn paused(&self) -> bool {
        self.pausable.paused()
    }
}
