//! OpenZeppelin's contracts for Stylus, from its published crates: what each does, what it logs, whom it calls, and with which error it
//! refuses.
//!
//! Lives here: what all parts share. The contracts are in `openzeppelin/contracts`, a separate workspace, and the tests next to it, one
//! file per kind. Ignored by default, since the contracts have to be built.

mod access;
mod cryptography;
mod erc1155;
mod erc20;
mod erc20_others;
mod erc4626;
mod erc721;
mod erc721_others;
mod lending;
mod proxies;
mod vesting;

use std::fmt::Display;
use std::path::Path;

use alloy_primitives::FixedBytes;
use alloy_sol_types::{SolCall, SolConstructor, sol};
use stylus_devnet::testing::*;

sol! {
    interface Introspection {
        function supportsInterface(bytes4 interfaceId) external view returns (bool);
    }
}

/// One of the contracts.
fn module(name: &str) -> Module {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/openzeppelin/contracts");
    Package::at(folder.join(name)).module()
}

/// A chain that describes reverts with the errors of an interface, and three people on it.
fn chain(errors: &[&'static str]) -> (Chain, [Address; 3]) {
    let chain = Chain::new().with_errors(errors);
    let people = ["alice", "bob", "carol"].map(|name| chain.account(name));
    (chain, people)
}

fn number(value: u64) -> U256 {
    U256::from(value)
}

/// Calls a function that has to revert with this error.
#[track_caller]
fn refused(contract: &Contract, call: impl SolCall, error: impl Display) {
    assert_eq!(
        contract.fails(call).to_string(),
        format!("it reverted with {error}")
    );
}

/// Calls a function that has to fail without giving a reason.
#[track_caller]
fn refused_in_silence(contract: &Contract, call: impl SolCall) {
    let failure = contract.fails(call);
    assert_eq!(failure.data, Bytes::new(), "{failure}");
}

/// Deploys a contract whose constructor has to revert with this error.
#[track_caller]
fn not_constructed(
    chain: &Chain,
    name: &str,
    constructor: impl SolConstructor,
    error: impl Display,
) {
    let deployed = chain
        .from(chain.dev())
        .try_deploy_with(module(name), constructor);
    assert_eq!(
        deployed.unwrap_err().to_string(),
        format!("its constructor failed: it reverted with {error}")
    );
}

/// Queries interfaces by their ids, of which the contract supports all but the last.
#[track_caller]
fn interfaces(contract: &Contract, ids: &[u32]) {
    let supports = |id: u32| {
        contract.call(Introspection::supportsInterfaceCall {
            interfaceId: FixedBytes(id.to_be_bytes()),
        })
    };
    let supported: Vec<_> = ids.iter().copied().filter(|&id| supports(id)).collect();
    assert_eq!(supported, ids, "supported, of those that are expected");
    assert!(!supports(0xffff_ffff), "what the standard forbids");
}
