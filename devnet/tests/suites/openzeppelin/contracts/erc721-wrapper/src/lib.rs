//! Non-fungible tokens that stand for those of another contract, which it holds.

extern crate alloc;

use alloy_primitives::{aliases::B32, Address, U256};
use openzeppelin_stylus::token::erc721::extensions::wrapper::{Erc721Wrapper, Error};
use openzeppelin_stylus::token::erc721::{Erc721, IErc721};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc721: Erc721,
    wrapper: Erc721Wrapper,
}

#[public]
#[implements(IErc721<Error = Vec<u8>>, IErc165)]
impl Token {
    #[constructor]
    fn constructor(&mut self, underlying: Address) {
        self.wrapper.constructor(underlying);
    }

    fn underlying(&self) -> Address {
        self.wrapper.underlying()
    }

    fn deposit_for(&mut self, account: Address, ids: Vec<U256>) -> Result<bool, Error> {
        self.wrapper.deposit_for(account, ids, &mut self.erc721)
    }

    fn withdraw_to(&mut self, account: Address, ids: Vec<U256>) -> Result<bool, Error> {
        self.wrapper.withdraw_to(account, ids, &mut self.erc721)
    }

    #[selector(name = "onERC721Received")]
    fn on_erc721_received(
        &mut self,
        operator: Address,
        from: Address,
        id: U256,
        data: Bytes,
    ) -> Result<B32, Error> {
        self.wrapper
            .on_erc721_received(operator, from, id, &data, &mut self.erc721)
    }
}

standards::erc721!(Token);
