//! Ending a run from outside: a flag that the machine shares with whoever started the run.
//!
//! Lives here: the flag, and the reasons for raising it. Not here: what raises it (`rpc`), and clocks: as long as the flag stays down, a
//! run does the same with any flag. A flag can also count how often it is checked, which measures how long a run takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};

use stylus_vm::Pages;

/// Why a run was interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[repr(u8)]
pub(crate) enum Interrupted {
    /// The time limit is over. In geth's words, which clients know.
    #[error("execution aborted (timeout)")]
    Deadline = 1,
    /// Nobody is waiting for the answer any more.
    #[error("the client has disconnected")]
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
    #[error("the forked chain does not answer")]
    Forked = 6,
    /// It has used up its checks of the flag. The caller that limited them runs it again with more.
    #[error("the run takes longer than a first try may")]
    Long = 7,
    /// The traces of all requests hold more memory together than they may.
    #[error(
        "the traces of all requests hold {} MiB together, the limit: ask again later, or for less",
        MOST_HELD >> 20
    )]
    Crowded = 8,
}

/// Pages of memory, 64 KiB each, that the programs of one transaction can hold, unless the chain's own page limit is higher. On no chain
/// can anyone pay for more than 128; an owner, or an override, can make them free.
pub(crate) const MOST_PAGES: Pages = Pages(2_048);

/// The most bytes of traces that all requests of this process hold together.
const MOST_HELD: usize = 1 << 30;

/// Bytes of traces that a request may hold however much the others do, so that short ones always succeed.
const ALWAYS_HELD: usize = 4 << 20;

/// Bytes of traces that all requests hold.
static HELD: AtomicUsize = AtomicUsize::new(0);

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
    /// Bytes of traces that are held under it, until it is gone.
    held: AtomicUsize,
}

impl Drop for Flag {
    fn drop(&mut self) {
        HELD.fetch_sub(*self.held.get_mut(), Ordering::Relaxed);
    }
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
            held: AtomicUsize::new(0),
        }))
    }

    /// Counts bytes of traces that are held from now on; interrupts the run if all requests hold too many.
    pub(crate) fn hold(&self, bytes: usize) {
        let own = self.0.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = HELD.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if all > MOST_HELD && own > ALWAYS_HELD {
            self.raise(Interrupted::Crowded);
        }
    }

    /// Counts that no more than `bytes` of what was held still is.
    pub(crate) fn keep(&self, bytes: usize) {
        let before = self.0.held.fetch_min(bytes, Ordering::Relaxed);
        HELD.fetch_sub(before.saturating_sub(bytes), Ordering::Relaxed);
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
            7 => Interrupted::Long,
            _ => Interrupted::Crowded,
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
            Interrupted::Crowded,
        ] {
            let flag = Interrupt::default();
            assert_eq!(flag.check(), Ok(()));
            flag.clone().raise(why);
            flag.raise(Interrupted::Deadline);
            assert_eq!(flag.check(), Err(why));
        }
    }

    /// Theorem: beyond the total, requests are ended that hold much, others are not, and what ended ones held is free again.
    #[test]
    fn what_all_hold_has_a_limit() {
        let flags: Vec<Interrupt> = (0..2).map(|_| Interrupt::default()).collect();
        flags[0].hold(MOST_HELD);
        flags[1].hold(ALWAYS_HELD);
        assert_eq!(flags[1].check(), Ok(()));
        flags[1].hold(1);
        assert_eq!(flags[1].check(), Err(Interrupted::Crowded));
        flags[0].keep(1_000);
        drop(flags);
        let next = Interrupt::default();
        next.hold(MOST_HELD / 2);
        assert_eq!(next.check(), Ok(()));
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
