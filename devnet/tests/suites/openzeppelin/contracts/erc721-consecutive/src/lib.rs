//! Non-fungible tokens, the first of them minted in one batch per owner.

extern crate alloc;

use alloy_primitives::{
    aliases::{B32, U96},
    Address, U256,
};
use openzeppelin_stylus::token::erc721::extensions::consecutive::{Erc721Consecutive, Error};
use openzeppelin_stylus::token::erc721::IErc721;
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc721: Erc721Consecutive,
}

#[public]
#[implements(IErc721<Error = Vec<u8>>, IErc165)]
impl Token {
    #[constructor]
    fn constructor(
        &mut self,
        receivers: Vec<Address>,
        amounts: Vec<U256>,
        first: U256,
        most: U256,
    ) -> Result<(), Error> {
        self.erc721.first_consecutive_id.set(U96::from(first));
        self.erc721.max_batch_size.set(U96::from(most));
        for (receiver, amount) in receivers.into_iter().zip(amounts) {
            self.erc721._mint_consecutive(receiver, U96::from(amount))?;
        }
        Ok(())
    }

    fn mint(&mut self, to: Address, id: U256) -> Result<(), Error> {
        self.erc721._mint(to, id)
    }

    fn burn(&mut self, id: U256) -> Result<(), Error> {
        self.erc721._burn(id)
    }
}

standards::erc721!(Token);
