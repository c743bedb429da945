//! Ending a run from outside: a flag that whoever asked for it shares with the machine.
//!
//! Lives here: the flag, and the reasons for raising it. Not here: who raises it (`rpc`), and clocks: a run does the same with any
//! flag that stays down. A flag may also count how often it is looked at, which is a measure of how long a run takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

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
    /// It has looked at its flag as often as it may. Whoever gave it so few looks runs it again with more.
    #[error("the run takes longer than a first try may")]
    Long = 7,
}

/// Pages of memory, 64 KiB each, that the programs of one transaction may hold, unless the chain's own page limit is higher. No
/// chain lets anybody pay for more than 128; an owner, or an override, can make them free.
pub(crate) const MOST_PAGES: Pages = Pages(2_048);

/// Looks without end.
const ENDLESS: u32 = u32::MAX;

/// The flag. Clones are the same flag.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<Flag>);

#[derive(Debug)]
struct Flag {
    /// Why it is raised; 0 if it is not.
    why: AtomicU8,
    /// How many more looks find it down.
    looks: AtomicU32,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::after(ENDLESS)
    }
}

impl Interrupt {
    /// What a program's look counts as, which comes once in 20 ms: as 128 of the EVM, with 1,024 instructions each.
    pub(crate) const TICK: u32 = 128;

    /// A flag that is raised by itself after so many looks at it.
    pub(crate) fn after(looks: u32) -> Self {
        Self(Arc::new(Flag {
            why: AtomicU8::new(0),
            looks: AtomicU32::new(looks),
        }))
    }

    /// Ends the run at its next look at the flag. The first reason stays.
    pub(crate) fn raise(&self, why: Interrupted) {
        let _ = self
            .0
            .why
            .compare_exchange(0, why as u8, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Counts as so many looks.
    pub(crate) fn spend(&self, looks: u32) {
        let left = self.0.looks.load(Ordering::Relaxed);
        if left == ENDLESS {
            return;
        }
        match left.checked_sub(looks) {
            Some(left) => self.0.looks.store(left, Ordering::Relaxed),
            None => self.raise(Interrupted::Long),
        }
    }

    /// Whether the run may go on.
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) fn check(&self) -> Result<(), Interrupted> {
        self.spend(1);
        self.reason().map_or(Ok(()), Err)
    }

    /// Why it is raised, without a look that counts.
    pub(crate) fn reason(&self) -> Option<Interrupted> {
        Some(match self.0.why.load(Ordering::Relaxed) {
            0 => return None,
            1 => Interrupted::Deadline,
            2 => Interrupted::Abandoned,
            3 => Interrupted::Stopping,
            4 => Interrupted::TooLong,
            5 => Interrupted::Memory,
            6 => Interrupted::Forked,
            _ => Interrupted::Long,
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
            Interrupted::Long,
        ] {
            let flag = Interrupt::default();
            assert_eq!(flag.check(), Ok(()));
            flag.clone().raise(why);
            flag.raise(Interrupted::Deadline);
            assert_eq!(flag.check(), Err(why));
        }
    }

    /// Theorem: a flag with so many looks is down for exactly these, and one without is down until somebody raises it.
    #[test]
    fn looks_are_counted() {
        let flag = Interrupt::after(3);
        flag.spend(1);
        assert_eq!([flag.check(), flag.check()], [Ok(()); 2]);
        assert_eq!(flag.reason(), None);
        assert_eq!(flag.check(), Err(Interrupted::Long));
        let endless = Interrupt::default();
        endless.spend(u32::MAX);
        assert_eq!(endless.check(), Ok(()));
    }
}
