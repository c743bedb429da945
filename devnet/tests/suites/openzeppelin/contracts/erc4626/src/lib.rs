//! A vault: shares in its holdings of another token.

extern crate alloc;

use alloy_primitives::{Address, U256, U8};
use openzeppelin_stylus::token::erc20::extensions::erc4626::{Erc4626, Error, IErc4626};
use openzeppelin_stylus::token::erc20::extensions::{Erc20Metadata, IErc20Metadata};
use openzeppelin_stylus::token::erc20::{Erc20, IErc20};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Vault {
    erc20: Erc20,
    metadata: Erc20Metadata,
    vault: Erc4626,
}

#[public]
#[implements(IErc20<Error = Vec<u8>>, IErc4626<Error = Error>, IErc20Metadata, IErc165)]
impl Vault {
    #[constructor]
    fn constructor(&mut self, name: String, symbol: String, asset: Address, offset: U8) {
        self.metadata.constructor(name, symbol);
        self.vault.constructor(asset, offset);
    }
}

standards::erc20!(Vault);

#[public]
impl IErc4626 for Vault {
    type Error = Error;

    fn asset(&self) -> Address {
        self.vault.asset()
    }

    fn total_assets(&self) -> Result<U256, Error> {
        self.vault.total_assets()
    }

    fn convert_to_shares(&self, assets: U256) -> Result<U256, Error> {
        self.vault.convert_to_shares(assets, &self.erc20)
    }

    fn convert_to_assets(&self, shares: U256) -> Result<U256, Error> {
        self.vault.convert_to_assets(shares, &self.erc20)
    }

    fn max_deposit(&self, receiver: Address) -> U256 {
        self.vault.max_deposit(receiver)
    }

    fn preview_deposit(&self, assets: U256) -> Result<U256, Error> {
        self.vault.preview_deposit(assets, &self.erc20)
    }

    fn deposit(&mut self, assets: U256, receiver: Address) -> Result<U256, Error> {
        self.vault.deposit(assets, receiver, &mut self.erc20)
    }

    fn max_mint(&self, receiver: Address) -> U256 {
        self.vault.max_mint(receiver)
    }

    fn preview_mint(&self, shares: U256) -> Result<U256, Error> {
        self.vault.preview_mint(shares, &self.erc20)
    }

    fn mint(&mut self, shares: U256, receiver: Address) -> Result<U256, Error> {
        self.vault.mint(shares, receiver, &mut self.erc20)
    }

    fn max_withdraw(&self, owner: Address) -> Result<U256, Error> {
        self.vault.max_withdraw(owner, &self.erc20)
    }

    fn preview_withdraw(&self, assets: U256) -> Result<U256, Error> {
        self.vault.preview_withdraw(assets, &self.erc20)
    }

    fn withdraw(&mut self, assets: U256, receiver: Address, owner: Address) -> Result<U256, Error> {
        self.vault
            .withdraw(assets, receiver, owner, &mut self.erc20)
    }

    fn max_redeem(&self, owner: Address) -> U256 {
        self.vault.max_redeem(owner, &self.erc20)
    }

    fn preview_redeem(&self, shares: U256) -> Result<U256, Error> {
        self.vault.preview_redeem(shares, &self.erc20)
    }

    fn redeem(&mut self, shares: U256, receiver: Address, owner: Address) -> Result<U256, Error> {
        self.vault.redeem(shares, receiver, owner, &mut self.erc20)
    }
}

#[public]
impl IErc20Metadata for Vault {
    fn name(&self) -> String {
        self.metadata.name()
    }

    fn symbol(&self) -> String {
        self.metadata.symbol()
    }

    fn decimals(&self) -> U8 {
        self.vault.decimals()
    }
}

#[public]
impl IErc165 for Vault {
    fn supports_interface(&self, interface: alloy_primitives::aliases::B32) -> bool {
        <Self as IErc4626>::interface_id() == interface
            || self.metadata.supports_interface(interface)
    }
}
