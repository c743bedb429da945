//! A contract that runs another one's code, whose address is in its storage.

extern crate alloc;

use alloy_primitives::Address;
use openzeppelin_stylus::proxy::erc1967::{Erc1967Proxy, Error};
use openzeppelin_stylus::proxy::IProxy;
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;
use stylus_sdk::ArbResult;

#[entrypoint]
#[storage]
struct Proxy {
    proxy: Erc1967Proxy,
}

#[public]
impl Proxy {
    #[constructor]
    #[payable]
    fn constructor(&mut self, implementation: Address, data: Bytes) -> Result<(), Error> {
        self.proxy.constructor(implementation, &data)
    }

    fn implementation(&self) -> Result<Address, Vec<u8>> {
        self.proxy.implementation()
    }

    #[payable]
    #[fallback]
    fn fallback(&mut self, input: &[u8]) -> ArbResult {
        // SAFETY: whoever deployed the proxy chose what it does.
        unsafe { self.proxy.do_fallback(input) }
    }
}
