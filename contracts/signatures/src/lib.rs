//! Recovers signers and hashes: work done outside the program, by a precompile and by a host call.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::{format, vec, vec::Vec};

use alloy_sol_types::sol;
#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::{
    abi::Bytes,
    alloy_primitives::{Address, B256, U256, address},
    call::static_call,
    prelude::*,
};

/// The precompile that recovers the signer of a hash.
const ECRECOVER: Address = address!("0000000000000000000000000000000000000001");

/// Half of the group's order: of a signature and its mirror image, only the one with the smaller `s` is valid (EIP-2).
const HALF_ORDER: U256 = U256::from_limbs([
    0xdfe9_2f46_681b_20a0,
    0x5d57_6e73_57a4_501d,
    0xffff_ffff_ffff_ffff,
    0x7fff_ffff_ffff_ffff,
]);

sol! {
    #![sol(extra_derives(Debug))]
    error NoSignature(bytes32 hash);
    error AlreadySigned(bytes32 hash, address signer);
}

/// Why a call reverts.
#[derive(SolidityError, Debug)]
pub enum Refusal {
    /// The signature is not valid.
    Nobody(NoSignature),
    /// A signature is public, so it counts only once.
    Again(AlreadySigned),
}

sol_storage! {
    /// The signers of each message, by its hash, and their number.
    #[entrypoint]
    pub struct Signatures {
        mapping(bytes32 => mapping(address => bool)) signed;
        mapping(bytes32 => uint256) signers;
    }
}

#[public]
impl Signatures {
    /// The signer of `hash`.
    pub fn recover(&self, hash: B256, v: u8, r: B256, s: B256) -> Result<Address, Refusal> {
        let nobody = || NoSignature { hash };
        if U256::from_be_bytes(s.0) > HALF_ORDER {
            return Err(nobody().into());
        }
        let input = [hash, B256::with_last_byte(v), r, s].concat();
        let output =
            static_call(self.vm(), Call::new(), ECRECOVER, &input).map_err(|_| nobody())?;
        // The precompile returns nothing if there is no signer.
        let word: [u8; 32] = output.try_into().map_err(|_| nobody())?;
        Ok(Address::from_word(B256::from(word)))
    }

    /// Takes a signature for `message`, as wallets make it (EIP-191), and returns how many have now signed it. Unlike EIP-712, this
    /// does not bind the signature to a contract.
    pub fn sign(&mut self, message: Bytes, v: u8, r: B256, s: B256) -> Result<U256, Refusal> {
        let mut text = format!("\x19Ethereum Signed Message:\n{}", message.len()).into_bytes();
        text.extend(message);
        let hash = self.vm().native_keccak256(&text);
        let signer = self.recover(hash, v, r, s)?;
        if self.signed.getter(hash).get(signer) {
            return Err(AlreadySigned { hash, signer }.into());
        }
        self.signed.setter(hash).insert(signer, true);
        let signers = self.signers.get(hash) + U256::ONE;
        self.signers.insert(hash, signers);
        Ok(signers)
    }

    /// Hashes `seed` `rounds` times.
    pub fn hash_chain(&self, seed: B256, rounds: u32) -> B256 {
        (0..rounds).fold(seed, |hash, _| self.vm().native_keccak256(hash.as_slice()))
    }

    /// Hashes `size` zero bytes at once.
    pub fn hash_zeros(&self, size: u32) -> B256 {
        self.vm().native_keccak256(&vec![0; size as usize])
    }
}

#[cfg(test)]
mod tests;
