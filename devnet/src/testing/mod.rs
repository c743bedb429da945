//! Tests of contracts, in Rust: a chain in the test's own process, the contract built and deployed, its functions called by type, and the
//! exact gas of each call.
//!
//! Lives here: the names that a test imports. Not here: the chain itself (`chain`), the server in front of one (`rpc`).
//!
//! `use stylus_devnet::testing::*;` is all that a test needs in addition to `sol!`:
//!
//! ```
//! use alloy_sol_types::sol;
//! use stylus_devnet::testing::*;
//!
//! sol! {
//!     interface Counter {
//!         function number() external view returns (uint256);
//!         function increment() external;
//!     }
//! }
//!
//! # fn main() {
//! let chain = Chain::new();
//! // In the crate of the contract itself, `build!()`.
//! let counter = chain.deploy(build!("../contracts/counter"));
//! counter.send(Counter::incrementCall {});
//! assert_eq!(counter.call(Counter::numberCall {}), U256::ONE);
//! # }
//! ```
//!
//! | for | there is |
//! |---|---|
//! | a chain, its accounts, time and snapshots | [`Chain`] |
//! | the module that a crate becomes | [`build!`](crate::build), [`Package`], [`Module`] |
//! | deploying, and transactions as bytes | [`Sender`] |
//! | functions, events and errors by type | [`Contract`], [`Sent`], [`Receipt`], [`Failure`] |
//! | gas, exactly or against a baseline | [`assert_gas!`](crate::assert_gas) |
//! | clients that speak JSON-RPC | [`Chain::serve`] |

mod chain;
mod contract;
mod errors;
pub mod gas;
mod module;
mod outcome;
mod package;
mod sender;

pub use alloy_primitives::{Address, B256, Bytes, Log, U256, address};
pub use stylus_vm::Gas;

pub use crate::{assert_gas, build};
pub use chain::{Chain, Snapshot};
pub use contract::Contract;
pub(crate) use errors::KnownErrors;
pub use module::{Module, ModuleError};
pub use outcome::{CallError, Failure, GasUsed, Receipt, Sent};
pub use package::{BuildError, Package};
pub use sender::{DeployError, Deployment, Sender};
