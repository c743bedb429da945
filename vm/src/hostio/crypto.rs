//! Hashing.
//!
//! Lives here: `native_keccak256`. Not here: the hash itself, which is `alloy_primitives`'.

use alloy_primitives::keccak256 as hash;

use super::{Hostio, Stop};
use crate::prices::keccak;

/// Hashes the `len` bytes at `input` and writes the digest to `output`.
pub(super) fn keccak256(
    hostio: &mut Hostio<'_>,
    input: u32,
    len: u32,
    output: u32,
) -> Result<(), Stop> {
    hostio.pay(keccak(len))?;
    let digest = hash(hostio.memory.read(&hostio.caller, input, len)?);
    // Only a traced run copies what is hashed.
    if hostio.step.is_some() {
        hostio.read(input, len)?;
    }
    hostio.write(output, digest.as_slice())
}
