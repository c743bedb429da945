//! What is public of the devnet, and nothing else. Not in this crate: measuring, and everything inside the Stylus VM.
//!
//! A local Arbitrum chain in one process: EVM contracts on revm, Stylus programs in `stylus-vm`, metered to the last ink, with ArbOS and its
//! precompiles around them. There are two ways to it.
//!
//! **A test calls the chain.** [`testing::Chain`] is one in the test's own process: it begins in milliseconds, needs no port and no
//! runtime, and tells the exact gas of each transaction. [`build!`] builds the test's contract, `sol!` gives its functions types. See
//! [`testing`].
//!
//! ```
//! use stylus_devnet::testing::*;
//!
//! let chain = Chain::new();
//! let bob = chain.account("bob");
//! let sent = chain.from(chain.dev()).transfer(bob, U256::from(1));
//! assert_gas!(sent, 21_000);
//! ```
//!
//! **A client asks a server.** [`Devnet`] starts one, at any port, for whoever speaks JSON-RPC; it stops when its [`Handle`] is dropped.
//! [`Handle::chain`] is the same chain without the server, and [`testing::Chain::serve`] puts a server in front of a chain.
//!
//! ```
//! use stylus_devnet::Devnet;
//!
//! let devnet = Devnet::builder().port(0).start()?;
//! println!("listening at {}", devnet.url());
//! assert_eq!(devnet.chain().block_number(), 0);
//! # Ok::<(), stylus_devnet::StartError>(())
//! ```
//!
//! [`Config`] has all that either can be told, [`Builder`] says it step by step.
//!
//! The feature `cli`, which is on by default, is the command `stylus-devnet`: `default-features = false` leaves it and its dependencies
//! out.

mod accounts;
mod addresses;
mod arbos;
mod bounded;
mod builder;
mod chain;
mod config;
mod devnet;
mod evm;
pub mod explain;
mod fork;
mod natives;
mod node;
mod precompiles;
pub mod replay;
mod rpc;
mod state;
mod store;
pub mod testing;
mod trace;

pub use accounts::AccountsError;
pub use builder::Builder;
pub use chain::GenesisError;
pub use config::{Clock, Config, Fork, Mining, Order, Wallet};
pub use devnet::{Devnet, Handle, SaveError, StartError};
pub use fork::ForkError;
pub use node::{Event, Listener};
pub use rpc::ServerError;
pub use state::source::SourceError;
pub use stylus_vm::ArbOs;

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
