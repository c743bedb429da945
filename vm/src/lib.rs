//! The public API of the Stylus VM, and nothing else. Not in this crate: a chain; programs reach one through [`Host`].
#![doc = include_str!("../README.md")]

mod activate;
pub mod advice;
mod bytes;
pub mod code;
mod config;
mod data_fee;
mod engine;
pub mod explain;
mod frame;
mod guest;
pub mod headroom;
mod host;
mod hostio;
mod ink;
mod instrument;
pub mod layout;
mod limits;
#[cfg(feature = "lines")]
pub mod lines;
mod memory;
mod module;
mod pages;
mod prices;
pub mod process;
pub mod profile;
mod refusal;
mod run;
mod stack;
mod storage;
pub mod text;

pub use activate::{Activation, activate};
pub use bytes::Bytes;
pub use config::{ArbOs, Config, StylusParams, UnsupportedArbOs};
pub use data_fee::DataPricer;
pub use engine::{CompileError, Engine, EngineError, Program, StackDepth, check_compiles};
pub use frame::Failure;
pub use guest::OutOfBounds;
pub use host::{
    Access, Account, CallKind, CallReply, CallRequest, CreateReply, CreateRequest, EmptyHost,
    Environment, Host, HostFault, Step, Stored,
};
pub use ink::{Gas, Ink, InkPrice};
pub use memory::{Answer, Effect, MemoryAccount, MemoryHost, Unanswerable};
pub use pages::{MemoryModel, PageCounters, Pages};
pub use refusal::Refusal;
pub use run::{Call, Cause, Fault, Outcome, ProfiledProgram, Report};
pub use stack::with_room;
