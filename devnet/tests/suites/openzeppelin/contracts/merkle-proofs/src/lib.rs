//! Whether leaves are part of a tree.

extern crate alloc;

use alloy_primitives::B256;
use openzeppelin_crypto::merkle::{MultiProofError, Verifier};
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Proofs {}

/// The error's name, as revert data.
fn named(error: MultiProofError) -> Vec<u8> {
    format!("{error:?}").into_bytes()
}

fn bytes(words: Vec<B256>) -> Vec<[u8; 32]> {
    words.into_iter().map(|word| word.0).collect()
}

#[public]
impl Proofs {
    fn verify(&self, proof: Vec<B256>, root: B256, leaf: B256) -> bool {
        Verifier::verify(&bytes(proof), root.0, leaf.0)
    }

    fn verify_many(
        &self,
        proof: Vec<B256>,
        flags: Vec<bool>,
        root: B256,
        leaves: Vec<B256>,
    ) -> Result<bool, Vec<u8>> {
        Verifier::verify_multi_proof(&bytes(proof), &flags, root.0, &bytes(leaves)).map_err(named)
    }
}
