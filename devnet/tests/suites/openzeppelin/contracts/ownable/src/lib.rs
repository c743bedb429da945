//! An owner who can transfer or renounce ownership.

extern crate alloc;

use alloy_primitives::{aliases::B32, Address};
use openzeppelin_stylus::access::ownable::{Error, IOwnable, Ownable};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Owned {
    ownable: Ownable,
}

#[public]
#[implements(IOwnable, IErc165)]
impl Owned {
    #[constructor]
    fn constructor(&mut self, owner: Address) -> Result<(), Error> {
        self.ownable.constructor(owner)
    }
}

#[public]
impl IOwnable for Owned {
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

#[public]
impl IErc165 for Owned {
    fn supports_interface(&self, interface: B32) -> bool {
        self.ownable.supports_interface(interface)
    }
}
