//! Ending a run from outside: a flag that whoever asked for it shares with the machine.
//!
//! Lives here: the flag, and the reasons for raising it. Not here: who raises it (`rpc`), and clocks: a run does the same with any
//! flag that stays down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use stylus_vm::Pages;

/// Why a run was ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[repr(u8)]
pub(crate) enum Interrupted {
    /// The time for it is over. Geth's words, which clients know.
    #[error("execution aborted (timeout)")]
    Deadline = 1,
    /// Nobody waits for the answer any more.
    #[error("the client has left")]
    Abandoned = 2,
    /// The devnet stops.
    #[error("the devnet is stopping")]
    Stopping = 3,
    /// What is told of the run is longer than an answer may be.
    #[error(
        "the trace is longer than an answer may be: ask for less, with `limit`, `disableStack`, `disableStorage` or another tracer"
    )]
    TooLong = 4,
    /// The programs of the run hold more memory than this chain gives.
    #[error(
        "the programs of one transaction hold more pages of memory than this devnet gives: a chain owner can allow more, with \
         ArbOwner.setWasmPageLimit"
    )]
    Memory = 5,
    /// Something of the chain that was forked cannot be had; whoever asked is told what.
    #[error("the chain that was forked does not answer")]
    Forked = 6,
}

/// Pages of memory, 64 KiB each, that the programs of one transaction may hold, unless the chain's own page limit is higher. No
/// chain lets anybody pay for more than 128; an owner, or an override, can make them free.
pub(crate) const MOST_PAGES: Pages = Pages(2_048);

/// The flag. Clones are the same flag.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Ends the run at its next look at the flag. The first reason stays.
    pub(crate) fn raise(&self, why: Interrupted) {
        let _ = self
            .0
            .compare_exchange(0, why as u8, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Whether the run may go on.
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) fn check(&self) -> Result<(), Interrupted> {
        Err(match self.0.load(Ordering::Relaxed) {
            0 => return Ok(()),
            1 => Interrupted::Deadline,
            2 => Interrupted::Abandoned,
            3 => Interrupted::Stopping,
            4 => Interrupted::TooLong,
            5 => Interrupted::Memory,
            _ => Interrupted::Forked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays() {
        for why in [
            Interrupted::Deadline,
            Interrupted::Abandoned,
            Interrupted::Stopping,
            Interrupted::TooLong,
            Interrupted::Memory,
            Interrupted::Forked,
        ] {
            let flag = Interrupt::default();
            assert_eq!(flag.check(), Ok(()));
            flag.clone().raise(why);
            flag.raise(Interrupted::Deadline);
            assert_eq!(flag.check(), Err(why));
        }
    }
}
