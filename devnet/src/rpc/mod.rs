//! JSON-RPC: the chain's interface for clients.
//!
//! Lives here: the server and a request's path to its method. Not here: the table of methods (`methods`), what they do (one
//! file per family), and any state of the chain.

mod admission;
mod arguments;
mod border;
mod connections;
mod error;
mod filters;
mod flat;
mod frames;
mod json;
mod lanes;
mod logs;
mod methods;
mod mining;
mod otterscan;
mod pool;
mod prove;
mod raw;
mod read;
mod requests;
mod run;
mod send;
mod server;
mod sign;
mod simulate;
mod sockets;
mod subscribe;
mod testing;
mod tokens;
mod tries;

pub(crate) use error::RpcError;
pub(crate) use filters::Filters;
pub(crate) use lanes::{Lanes, give_way};
pub use server::ServerError;
pub(crate) use server::{Server, start};
pub(crate) use subscribe::News;
pub(crate) use tries::threads;
