//! Non-fungible tokens that can be counted, burnt and paused.

extern crate alloc;

use alloy_primitives::{aliases::B32, Address, U256};
use openzeppelin_stylus::token::erc721::extensions::enumerable::{
    Erc721Enumerable, Error, IErc721Enumerable,
};
use openzeppelin_stylus::token::erc721::extensions::IErc721Burnable;
use openzeppelin_stylus::token::erc721::{Erc721, IErc721};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use openzeppelin_stylus::utils::{IPausable, Pausable};
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc721: Erc721,
    enumerable: Erc721Enumerable,
    pausable: Pausable,
}

impl Token {
    /// Ownership is stored in two places.
    fn moved(&mut self, from: Address, to: Address, id: U256) -> Result<(), Vec<u8>> {
        if from.is_zero() {
            self.enumerable._add_token_to_all_tokens_enumeration(id);
        } else if from != to {
            self.enumerable
                ._remove_token_from_owner_enumeration(from, id, &self.erc721)?;
        }
        if to.is_zero() {
            self.enumerable
                ._remove_token_from_all_tokens_enumeration(id);
        } else if from != to {
            self.enumerable
                ._add_token_to_owner_enumeration(to, id, &self.erc721)?;
        }
        Ok(())
    }
}

#[public]
#[implements(
    IErc721<Error = Vec<u8>>,
    IErc721Enumerable<Error = Error>,
    IErc721Burnable<Error = Vec<u8>>,
    IErc165,
    IPausable
)]
impl Token {
    fn mint(&mut self, to: Address, id: U256) -> Result<(), Vec<u8>> {
        self.pausable.when_not_paused()?;
        self.erc721._mint(to, id)?;
        self.moved(Address::ZERO, to, id)
    }

    fn safe_mint(&mut self, to: Address, id: U256, data: Bytes) -> Result<(), Vec<u8>> {
        self.pausable.when_not_paused()?;
        self.erc721._safe_mint(to, id, &data)?;
        self.moved(Address::ZERO, to, id)
    }

    fn pause(&mut self) -> Result<(), Vec<u8>> {
        Ok(self.pausable.pause()?)
    }

    fn unpause(&mut self) -> Result<(), Vec<u8>> {
        Ok(self.pausable.unpause()?)
    }
}

#[public]
impl IErc721 for Token {
    type Error = Vec<u8>;

    fn balance_of(&self, owner: Address) -> Result<U256, Vec<u8>> {
        Ok(self.erc721.balance_of(owner)?)
    }

    fn owner_of(&self, id: U256) -> Result<Address, Vec<u8>> {
        Ok(self.erc721.owner_of(id)?)
    }

    fn safe_transfer_from(&mut self, from: Address, to: Address, id: U256) -> Result<(), Vec<u8>> {
        self.safe_transfer_from_with_data(from, to, id, Vec::new().into())
    }

    #[selector(name = "safeTransferFrom")]
    fn safe_transfer_from_with_data(
        &mut self,
        from: Address,
        to: Address,
        id: U256,
        data: Bytes,
    ) -> Result<(), Vec<u8>> {
        self.pausable.when_not_paused()?;
        self.erc721
            .safe_transfer_from_with_data(from, to, id, data)?;
        self.moved(from, to, id)
    }

    fn transfer_from(&mut self, from: Address, to: Address, id: U256) -> Result<(), Vec<u8>> {
        self.pausable.when_not_paused()?;
        self.erc721.transfer_from(from, to, id)?;
        self.moved(from, to, id)
    }

    fn approve(&mut self, to: Address, id: U256) -> Result<(), Vec<u8>> {
        Ok(self.erc721.approve(to, id)?)
    }

    fn set_approval_for_all(&mut self, operator: Address, approved: bool) -> Result<(), Vec<u8>> {
        Ok(self.erc721.set_approval_for_all(operator, approved)?)
    }

    fn get_approved(&self, id: U256) -> Result<Address, Vec<u8>> {
        Ok(self.erc721.get_approved(id)?)
    }

    fn is_approved_for_all(&self, owner: Address, operator: Address) -> bool {
        self.erc721.is_approved_for_all(owner, operator)
    }
}

#[public]
impl IErc721Burnable for Token {
    type Error = Vec<u8>;

    fn burn(&mut self, id: U256) -> Result<(), Vec<u8>> {
        self.pausable.when_not_paused()?;
        let owner = self.erc721.owner_of(id)?;
        self.erc721.burn(id)?;
        self.moved(owner, Address::ZERO, id)
    }
}

#[public]
impl IErc721Enumerable for Token {
    type Error = Error;

    fn token_of_owner_by_index(&self, owner: Address, index: U256) -> Result<U256, Error> {
        self.enumerable.token_of_owner_by_index(owner, index)
    }

    fn total_supply(&self) -> U256 {
        self.enumerable.total_supply()
    }

    fn token_by_index(&self, index: U256) -> Result<U256, Error> {
        self.enumerable.token_by_index(index)
    }
}

#[public]
impl IErc165 for Token {
    fn supports_interface(&self, interface: B32) -> bool {
        self.erc721.supports_interface(interface) || self.enumerable.supports_interface(interface)
    }
}

#[public]
impl IPausable for Token {
    fn paused(&self) -> bool {
        self.pausable.paused()
    }
}
