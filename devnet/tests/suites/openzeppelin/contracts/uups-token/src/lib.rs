//! A token behind a proxy, whose owner upgrades the proxy through the token itself.

extern crate alloc;

use alloy_primitives::{Address, B256, U256};
use openzeppelin_stylus::access::ownable::{IOwnable, Ownable};
use openzeppelin_stylus::proxy::utils::erc1822::IErc1822Proxiable;
use openzeppelin_stylus::proxy::utils::uups_upgradeable::{IUUPSUpgradeable, UUPSUpgradeable};
use openzeppelin_stylus::token::erc20::{Erc20, IErc20};
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc20: Erc20,
    ownable: Ownable,
    uups: UUPSUpgradeable,
}

#[public]
#[implements(IErc20<Error = Vec<u8>>, IUUPSUpgradeable, IErc1822Proxiable, IOwnable)]
impl Token {
    #[constructor]
    fn constructor(&mut self, owner: Address) -> Result<(), Vec<u8>> {
        self.uups.constructor();
        Ok(self.ownable.constructor(owner)?)
    }

    /// Stands in for the constructor that a contract without a proxy has.
    fn initialize(&mut self, owner: Address) -> Result<(), Vec<u8>> {
        self.uups.set_version()?;
        Ok(self.ownable.constructor(owner)?)
    }

    fn set_version(&mut self) -> Result<(), Vec<u8>> {
        Ok(self.uups.set_version()?)
    }

    fn mint(&mut self, account: Address, value: U256) -> Result<(), Vec<u8>> {
        Ok(self.erc20._mint(account, value)?)
    }
}

standards::erc20!(Token);

#[public]
impl IUUPSUpgradeable for Token {
    #[selector(name = "UPGRADE_INTERFACE_VERSION")]
    fn upgrade_interface_version(&self) -> String {
        self.uups.upgrade_interface_version()
    }

    #[payable]
    fn upgrade_to_and_call(&mut self, implementation: Address, data: Bytes) -> Result<(), Vec<u8>> {
        self.ownable.only_owner()?;
        self.uups.upgrade_to_and_call(implementation, data)
    }
}

#[public]
impl IErc1822Proxiable for Token {
    #[selector(name = "proxiableUUID")]
    fn proxiable_uuid(&self) -> Result<B256, Vec<u8>> {
        self.uups.proxiable_uuid()
    }
}

#[public]
impl IOwnable for Token {
    fn owner(&self) -> Address {
        self.ownable.owner()
    }

    fn transfer_ownership(&mut self, owner: Address) -> Result<(), Vec<u8>> {
        Ok(self.ownable.transfer_ownership(owner)?)
    }

    fn renounce_ownership(&mut self) -> Result<(), Vec<u8>> {
        Ok(self.ownable.renounce_ownership()?)
    }
}
