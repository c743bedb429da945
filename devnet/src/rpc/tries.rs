//! Requests tried on the thread they arrive on: passing one to another thread and the answer back takes as long as most calls.
//!
//! Lives here: how far a try can go, how many can run at once, and which requests are no longer tried. Not here: where a longer request
//! runs (`lanes`).
//!
//! A try ends after a number of checks of its flag, and the request then starts again on its lane; what is tried changes nothing before it
//! ends. Requests that were too long several times in a row go straight to their lane from then on. Some of the serving threads never run
//! tries, so that others are answered meanwhile; but the thread that looks after everybody's sockets may, and then nobody is, so that
//! whatever can be long checks the flag: runs by their instructions, answers by their bytes.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::evm::{Interrupt, Interrupted};
use crate::rpc::error::RpcError;

/// Serving threads that never run tries.
const SPARE: usize = 2;

/// How many checks of its flag a try has: a quarter of a million EVM instructions, or the second tick in a program.
const LOOKS: u32 = 2 * Interrupt::TICK;

/// How long a finished try can take before it counts as too long: some work, such as an activation, never checks the flag.
const LONG: Duration = Duration::from_millis(2);

/// How often in a row a request is too long before it is no longer tried. A single time may be due to the machine.
const STRIKES: u8 = 3;

/// For how many kinds of requests it is recorded how often they were too long.
const MOST_KNOWN: usize = 1_024;

/// Bytes of a request's parameters: longer ones take time just to be read.
const MOST_TRIED: usize = 64 << 10;

/// Characters of a hexadecimal text that count for likeness: a function's selector.
const SELECTOR: usize = "0x12345678".len();

/// Characters of an address.
const ADDRESS: usize = 42;

/// The budget for tries.
pub(super) struct Tries {
    /// One permit for each running try.
    running: Semaphore,
    /// How often in a row requests were too long, by likeness.
    long: Mutex<HashMap<u64, u8>>,
    hasher: RandomState,
}

/// How many threads serve: one per processor for tries, plus those that never run any.
pub(crate) fn threads() -> usize {
    processors() + SPARE
}

/// How many threads can run at once here.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            running: Semaphore::new(processors()),
            long: Mutex::default(),
            hasher: RandomState::new(),
        }
    }
}

impl Tries {
    /// Runs `work` on this thread. `None` if it must not be tried, or did not finish; it has changed nothing then.
    pub(super) fn run<T>(
        &self,
        likeness: u64,
        work: impl Fn(&Interrupt) -> Result<T, RpcError>,
    ) -> Option<Result<T, RpcError>> {
        let _running = self.running.try_acquire().ok()?;
        let times = self.known().get(&likeness).copied().unwrap_or(0);
        if times >= STRIKES {
            return None;
        }
        let interrupt = Interrupt::after(LOOKS);
        let began = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| work(&interrupt)));
        let is_cut = interrupt.reason() == Some(Interrupted::Long);
        match is_cut || began.elapsed() > LONG {
            true => {
                let mut known = self.known();
                if known.len() >= MOST_KNOWN {
                    known.clear();
                }
                known.insert(likeness, times + 1);
            }
            false if times > 0 => drop(self.known().remove(&likeness)),
            false => {}
        }
        let panicked = |_| Err(RpcError::internal("the method has panicked"));
        (!is_cut).then(|| ended.unwrap_or_else(panicked))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, u8>> {
        self.long.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the likeness of a request: a hash of its method and parameters, with addresses in full but only the start of other
    /// hexadecimal text, so that calls of the same function are alike whatever its arguments. `None` if it is too long to be tried.
    pub(super) fn likeness(&self, method: &str, params: &str) -> Option<u64> {
        if params.len() > MOST_TRIED {
            return None;
        }
        let mut hasher = self.hasher.build_hasher();
        method.hash(&mut hasher);
        for text in params.split('"') {
            let is_address = text.len() == ADDRESS;
            let counts = match text.starts_with("0x") && !is_address {
                true => text.get(..SELECTOR).unwrap_or(text),
                false => text,
            };
            counts.hash(&mut hasher);
        }
        Some(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the flag until it is raised.
    fn endless(interrupt: &Interrupt) -> Result<(), RpcError> {
        loop {
            interrupt.check().map_err(RpcError::refused)?;
        }
    }

    /// Theorem: a request that does not finish several times in a row is not tried again.
    #[test]
    fn what_is_long_is_not_tried_for_ever() {
        let tries = Tries::default();
        for _ in 1..STRIKES {
            assert!(tries.run(1, endless).is_none());
        }
        assert!(tries.run(1, |_| Ok(())).unwrap().is_ok());
        for _ in 0..STRIKES {
            assert!(tries.run(1, endless).is_none());
        }
        let tried_again = |_: &Interrupt| -> Result<(), RpcError> { panic!("tried again") };
        assert!(tries.run(1, tried_again).is_none());
        assert!(tries.run(2, tried_again).unwrap().is_err(), "it panicked");
    }

    /// Theorem: there are never more tries than threads that can run them.
    #[test]
    fn some_threads_never_try() {
        fn nest(tries: &Tries, level: u64) -> usize {
            let tried = tries.run(level, |_| Ok(nest(tries, level + 1)));
            tried.map_or(0, |below| below.unwrap() + 1)
        }
        assert_eq!(nest(&Tries::default(), 0), threads() - SPARE);
    }

    /// Theorem: the record of long requests is bounded in size.
    #[test]
    fn so_many_are_known() {
        let tries = Tries::default();
        for likeness in 0..3 * MOST_KNOWN as u64 {
            assert!(tries.run(likeness, endless).is_none());
            assert!(tries.known().len() <= MOST_KNOWN);
        }
    }

    #[track_caller]
    fn check(one: &str, other: &str, are_alike: bool) {
        let tries = Tries::default();
        let of = |params| tries.likeness("eth_call", params).unwrap();
        assert_eq!(of(one) == of(other), are_alike, "{one} and {other}");
    }

    #[test]
    fn calls_of_one_function_are_alike() {
        let call = |to: &str, data: &str| format!(r#"[{{"to":"{to}","data":"{data}"}},"latest"]"#);
        let (a, b) = ("0xaa", &format!("0x{}", "b".repeat(40)));
        let c = &format!("0x{}c", "b".repeat(39));
        check(&call(b, "0x70a0823101"), &call(b, "0x70a082310203"), true);
        check(&call(b, "0x70a0823101"), &call(b, "0x70a0823201"), false);
        check(&call(b, "0x70a0823101"), &call(c, "0x70a0823101"), false);
        check(&call(b, a), &call(b, "0x"), false);
        assert_eq!(
            Tries::default().likeness("eth_call", &" ".repeat(MOST_TRIED + 1)),
            None
        );
        check("[1]", "[2]", false);
        check("", "[]", false);
        // Text that is not hexadecimal counts in full if no character ends at the cut.
        check(r#"["0x1äöüäöü"]"#, r#"["0x1äöüäöüä"]"#, false);
    }
}
