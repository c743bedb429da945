//! The machine that runs transactions: revm for EVM frames, `stylus_vm` for Stylus frames, each calling the other.
//!
//! Lives here: executing on a state. Not here: which state, when, and what happens to the result (`chain`).

mod context;
mod handler;
mod host;
mod instructions;
mod interrupt;
mod invalid;
mod machine;
mod native;
pub(crate) mod peek;
mod program;
mod programs;
mod recent;

pub(crate) use context::{
    BlockScope, ChainScope, Context, FailedFrames, PROGRAM_FAILED, Reason, Scope, TransactionScope,
};
pub(crate) use handler::{TransactionError, check, execute};
pub(crate) use interrupt::{Interrupt, Interrupted, MOST_PAGES};
pub(crate) use invalid::Invalid;
pub(crate) use machine::{Fault, Machine};
pub(crate) use native::{Machine as NativeMachine, NativeCall, NativeEnding, NativeReply, Reply};
pub(crate) use programs::Programs;
pub(crate) use recent::RecentPrograms;

/// The EVM's rules: those of Osaka, which ArbOS 50 brought.
pub(crate) const SPEC: revm::primitives::hardfork::SpecId =
    revm::primitives::hardfork::SpecId::OSAKA;
