//! Signatures of both curves, checked by the chain's precompiles.

extern crate alloc;

use alloy_primitives::{Address, B256};
use openzeppelin_stylus::utils::cryptography::ecdsa::{self, Error};
use openzeppelin_stylus::utils::precompiles::Precompiles;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Signatures {}

#[public]
impl Signatures {
    fn recover(&mut self, hash: B256, v: u8, r: B256, s: B256) -> Result<Address, Error> {
        ecdsa::recover(self, hash, v, r, s)
    }

    fn verify(&self, hash: B256, r: B256, s: B256, x: B256, y: B256) -> bool {
        self.p256_verify(hash, r, s, x, y)
    }
}
