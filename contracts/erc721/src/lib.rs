//! A collection of tokens, each with one owner, that anybody may mint: for tests. Tokens are numbered from 1.
//!
//! It is ERC-721 with the errors of ERC-6093, except for `safeTransferFrom`, which asks a contract whether it can handle a token,
//! and `supportsInterface`.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::{format, string::String, vec::Vec};

use alloy_sol_types::sol;
#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::{
    alloy_primitives::{Address, U256},
    prelude::*,
};

sol! {
    #![sol(extra_derives(Debug))]
    event Transfer(address indexed from, address indexed to, uint256 indexed id);
    event Approval(address indexed owner, address indexed approved, uint256 indexed id);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);
    error ERC721NonexistentToken(uint256 id);
    error ERC721IncorrectOwner(address sender, uint256 id, address owner);
    error ERC721InsufficientApproval(address operator, uint256 id);
    error ERC721InvalidReceiver(address receiver);
}

/// Why a call reverts.
#[derive(SolidityError, Debug)]
pub enum Refusal {
    /// The token was never minted.
    Token(ERC721NonexistentToken),
    /// Somebody else owns the token.
    Owner(ERC721IncorrectOwner),
    /// The owner has not approved it.
    Approval(ERC721InsufficientApproval),
    /// The receiver is the zero address.
    Receiver(ERC721InvalidReceiver),
}

sol_storage! {
    /// Owners and approvals.
    #[entrypoint]
    pub struct Erc721 {
        mapping(uint256 => address) owners;
        mapping(address => uint256) balances;
        mapping(uint256 => address) approved;
        mapping(address => mapping(address => bool)) operators;
        uint256 minted;
    }
}

#[public]
impl Erc721 {
    pub fn owner_of(&self, id: U256) -> Result<Address, Refusal> {
        let owner = self.owners.get(id);
        if owner.is_zero() {
            return Err(ERC721NonexistentToken { id }.into());
        }
        Ok(owner)
    }

    pub fn balance_of(&self, owner: Address) -> U256 {
        self.balances.get(owner)
    }

    #[selector(name = "tokenURI")]
    pub fn token_uri(&self, id: U256) -> Result<String, Refusal> {
        self.owner_of(id)?;
        Ok(format!("https://example.org/kit/{id}.json"))
    }

    pub fn get_approved(&self, id: U256) -> Result<Address, Refusal> {
        self.owner_of(id)?;
        Ok(self.approved.get(id))
    }

    pub fn is_approved_for_all(&self, owner: Address, operator: Address) -> bool {
        self.operators.getter(owner).get(operator)
    }

    pub fn approve(&mut self, approved: Address, id: U256) -> Result<(), Refusal> {
        let owner = self.owner_of(id)?;
        let operator = self.vm().msg_sender();
        if operator != owner && !self.is_approved_for_all(owner, operator) {
            return Err(ERC721InsufficientApproval { operator, id }.into());
        }
        self.approved.insert(id, approved);
        self.vm().log(Approval {
            owner,
            approved,
            id,
        });
        Ok(())
    }

    pub fn set_approval_for_all(&mut self, operator: Address, approved: bool) {
        let owner = self.vm().msg_sender();
        self.operators.setter(owner).insert(operator, approved);
        self.vm().log(ApprovalForAll {
            owner,
            operator,
            approved,
        });
    }

    pub fn transfer_from(&mut self, from: Address, to: Address, id: U256) -> Result<(), Refusal> {
        let owner = self.owner_of(id)?;
        let sender = self.vm().msg_sender();
        let allowed = sender == owner
            || sender == self.approved.get(id)
            || self.is_approved_for_all(owner, sender);
        if !allowed {
            let operator = sender;
            return Err(ERC721InsufficientApproval { operator, id }.into());
        }
        if owner != from {
            return Err(ERC721IncorrectOwner { sender, id, owner }.into());
        }
        self.approved.delete(id);
        let left = self.balances.get(from) - U256::ONE;
        self.balances.insert(from, left);
        self.give(from, to, id)
    }

    /// Mints the next token and returns its number.
    pub fn mint(&mut self, to: Address) -> Result<U256, Refusal> {
        let id = self.minted.get() + U256::ONE;
        self.minted.set(id);
        self.give(Address::ZERO, to, id)?;
        Ok(id)
    }
}

#[cfg(not(feature = "contract-client-gen"))]
impl Erc721 {
    fn give(&mut self, from: Address, to: Address, id: U256) -> Result<(), Refusal> {
        if to.is_zero() {
            return Err(ERC721InvalidReceiver { receiver: to }.into());
        }
        self.balances.insert(to, self.balances.get(to) + U256::ONE);
        self.owners.insert(id, to);
        self.vm().log(Transfer { from, to, id });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
