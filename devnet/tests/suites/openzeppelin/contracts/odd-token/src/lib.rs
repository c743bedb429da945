//! A token that behaves like some on mainnet: it returns nothing, or false, or wants an allowance to be zero before it is set.

extern crate alloc;

use alloy_primitives::{Address, U256};
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;
use stylus_sdk::storage::{StorageMap, StorageU256, StorageU8};
use stylus_sdk::ArbResult;

/// Succeeds and returns nothing.
const SILENT: u8 = 0;
/// Does nothing and returns false.
const REFUSING: u8 = 1;
/// Reverts.
const REVERTING: u8 = 2;
/// Requires an allowance to be zero before it is set to another value.
const CAUTIOUS: u8 = 3;

alloy_sol_types::sol! {
    event Transferred(address from, address to, uint256 value, bytes data);
}

#[entrypoint]
#[storage]
struct Token {
    manner: StorageU8,
    allowances: StorageMap<Address, StorageMap<Address, StorageU256>>,
}

impl Token {
    fn answer(&self) -> ArbResult {
        match self.manner.get().to() {
            SILENT => Ok(Vec::new()),
            REVERTING => Err(b"no".to_vec()),
            manner => Ok(U256::from(manner != REFUSING).to_be_bytes_vec()),
        }
    }

    fn transferred(&self, from: Address, to: Address, value: U256, data: Vec<u8>) -> ArbResult {
        let answer = self.answer()?;
        log(
            self.vm(),
            Transferred {
                from,
                to,
                value,
                data: data.into(),
            },
        );
        Ok(answer)
    }
}

/// The words of a call's arguments.
fn word(input: &[u8], index: usize) -> U256 {
    U256::from_be_slice(&input[32 * index..][..32])
}

fn account(input: &[u8], index: usize) -> Address {
    Address::from_word(word(input, index).into())
}

#[public]
impl Token {
    #[constructor]
    fn constructor(&mut self, manner: u8) {
        self.manner.set(manner.try_into().expect("a small number"));
    }

    fn allowance(&self, owner: Address, spender: Address) -> U256 {
        self.allowances.getter(owner).get(spender)
    }

    fn transfer_and_call(
        &mut self,
        to: Address,
        value: U256,
        data: Bytes,
    ) -> Result<bool, Vec<u8>> {
        let sender = self.vm().msg_sender();
        Ok(self.transferred(sender, to, value, data.0)? == U256::from(1).to_be_bytes_vec())
    }

    /// The SDK has no functions that return something other than declared.
    #[fallback]
    fn fallback(&mut self, input: &[u8]) -> ArbResult {
        let (selector, input) = input.split_at(4);
        let sender = self.vm().msg_sender();
        if selector == stylus_sdk::function_selector!("transfer", Address, U256) {
            return self.transferred(sender, account(input, 0), word(input, 1), Vec::new());
        }
        if selector == stylus_sdk::function_selector!("transferFrom", Address, Address, U256) {
            return self.transferred(
                account(input, 0),
                account(input, 1),
                word(input, 2),
                Vec::new(),
            );
        }
        if selector == stylus_sdk::function_selector!("approve", Address, U256) {
            let (spender, value) = (account(input, 0), word(input, 1));
            let is_set = !self.allowances.getter(sender).get(spender).is_zero();
            if self.manner.get().to::<u8>() == CAUTIOUS && is_set && !value.is_zero() {
                return Err(b"reset it first".to_vec());
            }
            let answer = self.answer()?;
            self.allowances.setter(sender).insert(spender, value);
            return Ok(answer);
        }
        Err(Vec::new())
    }
}
