//! The devnet's public API, and nothing else. Not in this crate: measuring, and everything inside the Stylus VM.
//!
//! A local Arbitrum chain in one process: EVM contracts on revm, Stylus programs in `stylus-vm`, metered to the last ink, with ArbOS and
//! its precompiles around them. There are two ways to use it.
//!
//! **A test calls the chain.** [`testing::Chain`] is a chain in the test's own process: it starts within milliseconds, needs neither a port
//! nor a runtime, and reports the exact gas of each transaction. [`build!`] builds the test's contract, `sol!` gives its functions types.
//! See [`testing`].
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
//! **A client sends requests to a server.** [`Devnet`] starts one on any port, for every client that speaks JSON-RPC; it stops when its
//! [`Handle`] is dropped. [`Handle::chain`] is the same chain without the server, and [`testing::Chain::serve`] puts a server in front of a
//! chain.
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
//! [`Config`] holds all settings of both; [`Builder`] sets them one by one.
//!
//! The feature `cli`, on by default, builds the command `stylus-devnet`; `default-features = false` leaves out the command and its
//! dependencies.

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
pub mod open_files;
mod precompiles;
pub mod replay;
mod rpc;
pub mod signals;
mod state;
mod store;
pub mod testing;
mod trace;
mod units;

pub use accounts::AccountsError;
pub use builder::Builder;
pub use chain::GenesisError;
pub use config::{Clock, Config, Fork, Mining, Order, Wallet};
pub use devnet::{Devnet, Handle, SaveError, StartError};
pub use fork::ForkError;
pub use node::{Event, Listener};
pub use rpc::ServerError;
pub use state::source::SourceError;
pub use stylus_vm::{ArbOs, Gas};

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
