//! Contracts that a chain starts with and that are written in Rust.
//!
//! Lives here: which contracts there are, and how an account is marked as one. Not here: what they do (one file each), how the machine runs
//! them (`evm`).

mod cache_manager;
mod deployer;
mod meter;

use alloy_primitives::{B256, Bytes, keccak256};

pub(crate) use deployer::StylusDeployer;

use crate::evm::{Fault, NativeCall, NativeMachine, NativeReply};

/// The first byte of their code: an invalid instruction, so that the EVM never runs it.
pub(crate) const MARK: u8 = 0xFE;

/// A native contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Native {
    /// Deploys, activates and initialises a program in one transaction.
    StylusDeployer,
    /// Sells places in the program cache.
    CacheManager,
}

const ALL: [Native; 2] = [Native::StylusDeployer, Native::CacheManager];

/// The code of an account that is a native contract.
pub(crate) fn marker(native: Native) -> Bytes {
    let name: &[u8] = match native {
        Native::StylusDeployer => b"\xFEstylus-devnet StylusDeployer",
        Native::CacheManager => b"\xFEstylus-devnet CacheManager",
    };
    Bytes::from_static(name)
}

/// The contract whose marker has this hash.
pub(crate) fn find(code_hash: B256) -> Option<Native> {
    ALL.into_iter()
        .find(|native| keccak256(marker(*native)) == code_hash)
}

/// Answers a call.
///
/// # Errors
/// If the machine is broken.
pub(crate) fn run(
    native: Native,
    machine: &mut dyn NativeMachine,
    call: &NativeCall,
) -> Result<NativeReply, Fault> {
    match native {
        Native::StylusDeployer => deployer::run(machine, call),
        Native::CacheManager => cache_manager::run(machine, call),
    }
}
