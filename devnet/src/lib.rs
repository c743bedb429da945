//! What is public of the devnet, and nothing else. Not in this crate: measuring, and everything inside the Stylus VM.

mod accounts;
mod addresses;
mod arbos;
mod bounded;
mod chain;
mod config;
mod devnet;
mod evm;
mod natives;
mod node;
mod precompiles;
mod rpc;
mod state;
mod store;
mod trace;

pub use accounts::AccountsError;
pub use chain::GenesisError;
pub use config::{Clock, Config, Mining, Order, Wallet};
pub use devnet::{Devnet, Handle, SaveError, StartError};
pub use node::{Event, Listener};
pub use rpc::ServerError;
pub use stylus_vm::ArbOs;
