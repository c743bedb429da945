//! How royalties on a price are split.

extern crate alloc;

use alloy_primitives::{
    aliases::{B32, U96},
    Address, U256,
};
use openzeppelin_stylus::token::common::erc2981::{Erc2981, Error, IErc2981};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Royalties {
    erc2981: Erc2981,
}

#[public]
#[implements(IErc2981, IErc165)]
impl Royalties {
    #[constructor]
    fn constructor(&mut self, denominator: U256) {
        self.erc2981.fee_denominator.set(U96::from(denominator));
    }

    fn set_default(&mut self, receiver: Address, numerator: U256) -> Result<(), Error> {
        self.erc2981
            ._set_default_royalty(receiver, U96::from(numerator))
    }

    fn delete_default(&mut self) {
        self.erc2981._delete_default_royalty();
    }

    fn set_token(&mut self, id: U256, receiver: Address, numerator: U256) -> Result<(), Error> {
        self.erc2981
            ._set_token_royalty(id, receiver, U96::from(numerator))
    }

    fn reset_token(&mut self, id: U256) {
        self.erc2981._reset_token_royalty(id);
    }
}

#[public]
impl IErc2981 for Royalties {
    fn royalty_info(&self, id: U256, price: U256) -> (Address, U256) {
        self.erc2981.royalty_info(id, price)
    }
}

#[public]
impl IErc165 for Royalties {
    fn supports_interface(&self, interface: B32) -> bool {
        self.erc2981.supports_interface(interface)
    }
}
