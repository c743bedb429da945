//! A token that mints what it lends, for one call and a fee.

extern crate alloc;

use alloy_primitives::{Address, U256};
use openzeppelin_stylus::token::erc20::extensions::flash_mint::{
    Erc20FlashMint, Error, IErc3156FlashLender,
};
use openzeppelin_stylus::token::erc20::{Erc20, IErc20};
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc20: Erc20,
    lender: Erc20FlashMint,
}

#[public]
#[implements(IErc20<Error = Vec<u8>>, IErc3156FlashLender<Error = Error>)]
impl Token {
    #[constructor]
    fn constructor(&mut self, fee_receiver: Address, fee: U256) {
        self.lender.flash_fee_receiver_address.set(fee_receiver);
        self.lender.flash_fee_value.set(fee);
    }

    fn mint(&mut self, account: Address, value: U256) -> Result<(), Vec<u8>> {
        Ok(self.erc20._mint(account, value)?)
    }
}

standards::erc20!(Token);

#[public]
impl IErc3156FlashLender for Token {
    type Error = Error;

    fn max_flash_loan(&self, token: Address) -> U256 {
        self.lender.max_flash_loan(token, &self.erc20)
    }

    fn flash_fee(&self, token: Address, value: U256) -> Result<U256, Error> {
        self.lender.flash_fee(token, value)
    }

    fn flash_loan(
        &mut self,
        receiver: Address,
        token: Address,
        value: U256,
        data: Bytes,
    ) -> Result<bool, Error> {
        self.lender
            .flash_loan(receiver, token, value, &data, &mut self.erc20)
    }
}
