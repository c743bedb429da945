//! What is public of the devnet, and nothing else. Not in this crate: measuring, and everything inside the Stylus VM.

mod accounts;
mod addresses;
mod arbos;
mod chain;
mod config;
mod evm;
mod natives;
mod node;
mod precompiles;
mod rpc;
mod state;
mod trace;

pub use chain::GenesisError;
pub use config::{Clock, Config};
pub use node::{Devnet, Event, Handle, Listener, SaveError, StartError};
pub use rpc::ServerError;
pub use stylus_vm::ArbOs;
