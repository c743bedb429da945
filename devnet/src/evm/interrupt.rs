//! Ending a run from outside: a flag that the machine shares with whoever started the run.
//!
//! Lives here: the flag, and the reasons for raising it. Not here: what raises it (`rpc`), and clocks: as long as the flag stays down, a
//! run does the same with any flag. A flag can also count how often it is checked, which measures how long a run takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use stylus_vm::Pages;

/// Why a run was interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[repr(u8)]
pub(crate) enum Interrupted {
    /// The time limit is over. In geth's words, which clients know.
    #[error("execution aborted (timeout)")]
    Deadline = 1,
    /// Nobody is waiting for the answer any more.
    #[error("the client has left")]
    Abandoned = 2,
    /// The devnet is stopping.
    #[error("the devnet is stopping")]
    Stopping = 3,
    /// The trace of the run is longer than an answer can be.
    #[error(
        "the trace is longer than an answer may be: ask for less, with `limit`, `disableStack`, `disableStorage` or another tracer"
    )]
    TooLong = 4,
    /// The programs of the run hold more memory than this chain allows.
    #[error(
        "the programs of one transaction hold more pages of memory than this devnet gives: a chain owner can allow more, with \
         ArbOwner.setWasmPageLimit"
    )]
    Memory = 5,
    /// Something of the forked chain is unavailable; the request's error says what.
    #[error("the chain that was forked does not answer")]
    Forked = 6,
    /// It has used up its checks of the flag. The caller that limited them runs it again with more.
    #[error("the run takes longer than a first try may")]
    Long = 7,
}

/// Pages of memory, 64 KiB each, that the programs of one transaction can hold, unless the chain's own page limit is higher. On no chain
/// can anyone pay for more than 128; an owner, or an override, can make them free.
pub(crate) const MOST_PAGES: Pages = Pages(2_048);

/// The number of checks that means no limit.
const ENDLESS: u32 = u32::MAX;

/// The flag. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<Flag>);

#[derive(Debug)]
struct Flag {
    /// Why it is raised; 0 if it is not.
    why: AtomicU8,
    /// How many checks are left before it is raised.
    looks: AtomicU32,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::after(ENDLESS)
    }
}

impl Interrupt {
    /// How many checks one check by a program counts as. A program checks every 20 ms, the EVM every 1,024 instructions.
    pub(crate) const TICK: u32 = 128;

    /// Returns a flag that raises itself after `looks` checks.
    pub(crate) fn after(looks: u32) -> Self {
        Self(Arc::new(Flag {
            why: AtomicU8::new(0),
            looks: AtomicU32::new(looks),
        }))
    }

    /// Interrupts the run at its next check of the flag. The first reason stays.
    pub(crate) fn raise(&self, why: Interrupted) {
        let _ = self
            .0
            .why
            .compare_exchange(0, why as u8, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Counts as `looks` checks.
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

    /// Checks whether the run may go on.
    ///
    /// # Errors
    /// Why it must not.
    pub(crate) fn check(&self) -> Result<(), Interrupted> {
        self.spend(1);
        self.reason().map_or(Ok(()), Err)
    }

    /// Why it is raised; does not count as a check.
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

    /// Theorem: a flag with a number of checks is down for exactly that many, and one without stays down until it is raised.
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
