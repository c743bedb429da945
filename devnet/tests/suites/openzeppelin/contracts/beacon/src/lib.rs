//! Where many proxies look up their implementation, which an owner can change.

extern crate alloc;

use alloy_primitives::Address;
use openzeppelin_stylus::access::ownable::IOwnable;
use openzeppelin_stylus::proxy::beacon::{Error, IBeacon, UpgradeableBeacon};
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Beacon {
    beacon: UpgradeableBeacon,
}

#[public]
#[implements(IBeacon, IOwnable)]
impl Beacon {
    #[constructor]
    fn constructor(&mut self, implementation: Address, owner: Address) -> Result<(), Error> {
        self.beacon.constructor(implementation, owner)
    }

    fn upgrade_to(&mut self, implementation: Address) -> Result<(), Error> {
        self.beacon.upgrade_to(implementation)
    }
}

#[public]
impl IBeacon for Beacon {
    fn implementation(&self) -> Result<Address, Vec<u8>> {
        self.beacon.implementation()
    }
}

#[public]
impl IOwnable for Beacon {
    fn owner(&self) -> Address {
        self.beacon.owner()
    }

    fn transfer_ownership(&mut self, owner: Address) -> Result<(), Vec<u8>> {
        self.beacon.transfer_ownership(owner)
    }

    fn renounce_ownership(&mut self) -> Result<(), Vec<u8>> {
        self.beacon.renounce_ownership()
    }
}
