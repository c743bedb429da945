//! An owner who becomes one only after accepting.

extern crate alloc;

use alloy_primitives::Address;
use openzeppelin_stylus::access::ownable::Error;
use openzeppelin_stylus::access::ownable_two_step::{IOwnable2Step, Ownable2Step};
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Owned {
    ownable: Ownable2Step,
}

#[public]
#[implements(IOwnable2Step<Error = Error>)]
impl Owned {
    #[constructor]
    fn constructor(&mut self, owner: Address) -> Result<(), Error> {
        self.ownable.constructor(owner)
    }
}

#[public]
impl IOwnable2Step for Owned {
    type Error = Error;

    fn owner(&self) -> Address {
        self.ownable.owner()
    }

    fn pending_owner(&self) -> Address {
        self.ownable.pending_owner()
    }

    fn transfer_ownership(&mut self, owner: Address) -> Result<(), Error> {
        self.ownable.transfer_ownership(owner)
    }

    fn accept_ownership(&mut self) -> Result<(), Error> {
        self.ownable.accept_ownership()
    }

    fn renounce_ownership(&mut self) -> Result<(), Error> {
        self.ownable.renounce_ownership()
    }
}
