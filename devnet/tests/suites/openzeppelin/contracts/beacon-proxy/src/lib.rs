//! A proxy that runs the implementation that a beacon names.

extern crate alloc;

use alloy_primitives::Address;
use openzeppelin_stylus::proxy::beacon::BeaconProxy;
use openzeppelin_stylus::proxy::erc1967::Error;
use openzeppelin_stylus::proxy::IProxy;
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;
use stylus_sdk::ArbResult;

#[entrypoint]
#[storage]
struct Proxy {
    proxy: BeaconProxy,
}

#[public]
impl Proxy {
    #[constructor]
    #[payable]
    fn constructor(&mut self, beacon: Address, data: Bytes) -> Result<(), Error> {
        self.proxy.constructor(beacon, &data)
    }

    fn get_beacon(&self) -> Address {
        self.proxy.get_beacon()
    }

    fn implementation(&self) -> Result<Address, Vec<u8>> {
        self.proxy.implementation()
    }

    #[payable]
    #[fallback]
    fn fallback(&mut self, input: &[u8]) -> ArbResult {
        // SAFETY: whoever deployed the proxy chose its beacon.
        unsafe { self.proxy.do_fallback(input) }
    }
}
