//! What [`Checked`](super::Checked) needs of a machine with threads and an operating system: a lock, traces, standard error.

extern crate std;

use core::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::{
    backtrace::Backtrace,
    boxed::Box,
    io::{self, Write},
    process,
    string::String,
    thread, thread_local,
};

use super::Fault;

thread_local! {
    /// Its address tells threads apart.
    static HERE: u8 = const { 0 };
}

/// A lock that is had once. It holds the address of its holder's `HERE`, or 0.
pub(super) struct Lock(AtomicUsize);

/// The lock is held until this is dropped.
pub(super) struct Held<'a>(&'a Lock);

impl Lock {
    pub(super) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Waits for the lock; `None` for the thread that has it: what that asks for meanwhile is not to be checked.
    pub(super) fn hold(&self) -> Option<Held<'_>> {
        let here = thread_address();
        loop {
            match self
                .0
                .compare_exchange_weak(0, here, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Some(Held(self)),
                Err(holder) if holder == here => return None,
                Err(_) => thread::yield_now(),
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0 .0.store(0, Ordering::Release);
    }
}

/// Which thread asked for a block, and from where. Made and dropped with the lock held, so that what it owns is not checked.
pub(super) struct Origin {
    thread: usize,
    trace: Box<Backtrace>,
}

impl Origin {
    /// This place. The trace is there if the environment asks for traces (`RUST_BACKTRACE=1`).
    pub(super) fn here() -> Self {
        Self {
            thread: thread_address(),
            trace: Box::new(Backtrace::capture()),
        }
    }

    pub(super) fn is_here(&self) -> bool {
        self.thread == thread_address()
    }
}

fn thread_address() -> usize {
    HERE.with(|here| core::ptr::addr_of!(*here) as usize)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = std::format!("{}", self.trace);
        if trace == "disabled backtrace" {
            return write!(f, "; RUST_BACKTRACE=1 shows where it was allocated");
        }
        // Up to the allocator's own functions nothing is of interest.
        let ours = trace
            .rfind("__rust_alloc")
            .or_else(|| trace.rfind("__rust_realloc"));
        let after: String = ours
            .map_or(&*trace, |at| &trace[at..])
            .lines()
            .skip(1)
            .map(|line| std::format!("\n{line}"))
            .collect();
        write!(f, "; it was allocated at{after}")
    }
}

/// Writes a fault to standard error.
pub(super) fn say(fault: &Fault<'_>) {
    // Straight to the stream: a test harness that captured it would keep memory that was not checked. Who cannot read it has no
    // use for an error.
    let _ = writeln!(io::stderr(), "mini-alloc: {fault}");
}

/// Ends the process.
pub(super) fn stop(fault: &Fault<'_>) {
    say(fault);
    process::abort();
}
