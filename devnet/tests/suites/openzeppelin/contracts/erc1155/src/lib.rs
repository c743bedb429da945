//! Multi-tokens that can be burnt.

extern crate alloc;

use alloy_primitives::{aliases::B32, Address, U256};
use openzeppelin_stylus::token::erc1155::extensions::IErc1155Burnable;
use openzeppelin_stylus::token::erc1155::{Erc1155, IErc1155};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc1155: Erc1155,
}

#[public]
#[implements(IErc1155<Error = Vec<u8>>, IErc1155Burnable<Error = Vec<u8>>, IErc165)]
impl Token {
    fn mint(&mut self, to: Address, id: U256, value: U256, data: Bytes) -> Result<(), Vec<u8>> {
        Ok(self.erc1155._mint(to, id, value, &data)?)
    }

    fn mint_batch(
        &mut self,
        to: Address,
        ids: Vec<U256>,
        values: Vec<U256>,
        data: Bytes,
    ) -> Result<(), Vec<u8>> {
        Ok(self.erc1155._mint_batch(to, ids, values, &data)?)
    }
}

standards::erc1155!(Token);

#[public]
impl IErc1155Burnable for Token {
    type Error = Vec<u8>;

    fn burn(&mut self, account: Address, id: U256, value: U256) -> Result<(), Vec<u8>> {
        Ok(self.erc1155.burn(account, id, value)?)
    }

    fn burn_batch(
        &mut self,
        account: Address,
        ids: Vec<U256>,
        values: Vec<U256>,
    ) -> Result<(), Vec<u8>> {
        Ok(self.erc1155.burn_batch(account, ids, values)?)
    }
}
