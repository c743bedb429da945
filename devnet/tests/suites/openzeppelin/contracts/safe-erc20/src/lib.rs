//! A contract that handles tokens which may answer in odd ways.

extern crate alloc;

use alloy_primitives::{Address, U256};
use openzeppelin_stylus::token::erc20::utils::safe_erc20::{Error, ISafeErc20, SafeErc20};
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Careful {
    safe: SafeErc20,
}

#[public]
#[implements(ISafeErc20<Error = Error>)]
impl Careful {}

#[public]
impl ISafeErc20 for Careful {
    type Error = Error;

    fn safe_transfer(&mut self, token: Address, to: Address, value: U256) -> Result<(), Error> {
        self.safe.safe_transfer(token, to, value)
    }

    fn safe_transfer_from(
        &mut self,
        token: Address,
        from: Address,
        to: Address,
        value: U256,
    ) -> Result<(), Error> {
        self.safe.safe_transfer_from(token, from, to, value)
    }

    fn try_safe_transfer(&mut self, token: Address, to: Address, value: U256) -> bool {
        self.safe.try_safe_transfer(token, to, value)
    }

    fn try_safe_transfer_from(
        &mut self,
        token: Address,
        from: Address,
        to: Address,
        value: U256,
    ) -> bool {
        self.safe.try_safe_transfer_from(token, from, to, value)
    }

    fn safe_increase_allowance(
        &mut self,
        token: Address,
        spender: Address,
        value: U256,
    ) -> Result<(), Error> {
        self.safe.safe_increase_allowance(token, spender, value)
    }

    fn safe_decrease_allowance(
        &mut self,
        token: Address,
        spender: Address,
        value: U256,
    ) -> Result<(), Error> {
        self.safe.safe_decrease_allowance(token, spender, value)
    }

    fn force_approve(
        &mut self,
        token: Address,
        spender: Address,
        value: U256,
    ) -> Result<(), Error> {
        self.safe.force_approve(token, spender, value)
    }

    fn transfer_and_call_relaxed(
        &mut self,
        token: Address,
        to: Address,
        value: U256,
        data: Bytes,
    ) -> Result<(), Error> {
        self.safe.transfer_and_call_relaxed(token, to, value, data)
    }

    fn transfer_from_and_call_relaxed(
        &mut self,
        token: Address,
        from: Address,
        to: Address,
        value: U256,
        data: Bytes,
    ) -> Result<(), Error> {
        self.safe
            .transfer_from_and_call_relaxed(token, from, to, value, data)
    }

    fn approve_and_call_relaxed(
        &mut self,
        token: Address,
        spender: Address,
        value: U256,
        data: Bytes,
    ) -> Result<(), Error> {
        self.safe
            .approve_and_call_relaxed(token, spender, value, data)
    }
}
