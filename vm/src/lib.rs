//! The Stylus VM: checks, meters and runs one Arbitrum Stylus program, exact to the last ink.
//!
//! Lives here: what is public, and nothing else. Not in this crate: a chain. Everything a program asks of one goes through
//! the [`Host`] trait.
//!
//! A program is a WebAssembly module. [`activate()`] says whether a chain would take it and what each call of it then
//! costs; [`Engine::compile`] checks it the same way, writes the metering into it and compiles the result;
//! [`Program::run`] runs it on a host.
//!
//! ```
//! use stylus_vm::{Call, Config, EmptyHost, Engine, Ink, Outcome, Pages};
//!
//! let wasm = wat::parse_str(
//!     r#"(module
//!         (memory (export "memory") 1 1)
//!         (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#,
//! )?;
//! let config = Config::default();
//! let program = Engine::new(&config)?.compile(&wasm, &config)?;
//! let call = Call { ink: Ink(1_000_000), ..Call::default() };
//! let report = program.run(&mut EmptyHost::with_footprint(Pages(1)), &config, call)?;
//!
//! assert_eq!(report.outcome, Outcome::Success);
//! assert_eq!(report.ink_used, Ink(2_452)); // one block of two operators
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod activate;
pub mod code;
mod config;
mod engine;
mod frame;
mod guest;
mod host;
mod hostio;
mod ink;
mod instrument;
mod limits;
mod module;
mod pages;
mod prices;
pub mod profile;
mod refusal;
mod run;
mod stack;
mod storage;

pub use activate::{Activation, activate};
pub use config::{ArbOs, Config, StylusParams, UnsupportedArbOs};
pub use engine::{CompileError, Engine, EngineError, Program};
pub use frame::Failure;
pub use guest::OutOfBounds;
pub use host::{
    Access, Account, CallKind, CallReply, CallRequest, CreateReply, CreateRequest, EmptyHost,
    Environment, Host, HostFault, Stored,
};
pub use ink::{Gas, Ink, InkPrice};
pub use pages::{MemoryModel, PageCounters, Pages};
pub use refusal::Refusal;
pub use run::{Call, Cause, Fault, Outcome, ProfiledProgram, Report};
