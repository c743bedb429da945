//! A token that stands for another one, which it holds.

extern crate alloc;

use alloy_primitives::{Address, U256, U8};
use openzeppelin_stylus::token::erc20::extensions::wrapper::{Erc20Wrapper, Error, IErc20Wrapper};
use openzeppelin_stylus::token::erc20::{Erc20, IErc20};
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc20: Erc20,
    wrapper: Erc20Wrapper,
}

#[public]
#[implements(IErc20<Error = Vec<u8>>, IErc20Wrapper<Error = Error>)]
impl Token {
    #[constructor]
    fn constructor(&mut self, underlying: Address) -> Result<(), Error> {
        self.wrapper.constructor(underlying)
    }

    fn recover(&mut self, account: Address) -> Result<U256, Error> {
        self.wrapper._recover(account, &mut self.erc20)
    }
}

standards::erc20!(Token);

#[public]
impl IErc20Wrapper for Token {
    type Error = Error;

    fn decimals(&self) -> U8 {
        self.wrapper.decimals()
    }

    fn underlying(&self) -> Address {
        self.wrapper.underlying()
    }

    fn deposit_for(&mut self, account: Address, value: U256) -> Result<bool, Error> {
        self.wrapper.deposit_for(account, value, &mut self.erc20)
    }

    fn withdraw_to(&mut self, account: Address, value: U256) -> Result<bool, Error> {
        self.wrapper.withdraw_to(account, value, &mut self.erc20)
    }
}
