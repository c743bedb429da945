//! What [`Checked`](super::Checked) needs of a machine with threads and an operating system: state that one thread at a time uses, traces,
//! and standard error.

extern crate std;

use core::{cell::Cell, fmt};
use std::{
    io::{self, Write},
    process,
    sync::{Mutex, PoisonError},
    thread, thread_local,
};

use super::Fault;

thread_local! {
    /// The address of the state that this thread is using, or 0. The cell's own address identifies the thread.
    static INSIDE: Cell<usize> = const { Cell::new(0) };
}

/// A value that one thread at a time uses.
pub(super) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits until no other thread uses the value, then uses it; `None` if this thread already does.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        let here = core::ptr::addr_of!(*self) as usize;
        let before = INSIDE.with(|inside| inside.replace(here));
        let result = (before != here).then(|| {
            // Only the wrapped allocator can have panicked in here, which is its user's problem.
            let mut value = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut value)
        });
        INSIDE.with(|inside| inside.set(before));
        result
    }
}

/// Which thread requested a block, and from where.
#[derive(Clone)]
pub(super) struct Origin {
    thread: usize,
    trace: trace::Trace,
}

impl Origin {
    pub(super) fn here() -> Self {
        Self {
            thread: this_thread(),
            trace: trace::Trace::here(),
        }
    }

    pub(super) fn is_here(&self) -> bool {
        self.thread == this_thread()
    }

    /// Whether the block was for printing.
    pub(super) fn is_output(&self) -> bool {
        self.trace.is_output()
    }

    /// Writes where that was, and what happened there.
    pub(super) fn tell(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
        self.trace.tell(f, what)
    }
}

fn this_thread() -> usize {
    INSIDE.with(|here| core::ptr::addr_of!(*here) as usize)
}

/// Where a block was requested: code addresses, whose names are looked up only when read.
///
/// Not the standard library's traces: those take a lock and allocate while holding it, so a trace for every allocation would wait for
/// itself.
#[cfg(all(feature = "backtrace", unix))]
mod trace {
    extern crate std;

    use core::fmt;
    use std::{
        string::{String, ToString},
        vec::Vec,
    };

    /// Enough frames to reach a test's own below those of the collection that allocated.
    const FRAMES: usize = 40;

    #[derive(Clone)]
    pub(super) struct Trace {
        frames: [usize; FRAMES],
        len: usize,
    }

    impl Trace {
        pub(super) fn here() -> Self {
            let mut trace = Self {
                frames: [0; FRAMES],
                len: 0,
            };
            let note = |frame: &backtrace::Frame| {
                trace.frames[trace.len] = frame.ip() as usize;
                trace.len += 1;
                trace.len < FRAMES
            };
            // SAFETY: on Unix an unwinder keeps no state between its calls; only looking up names is unsynchronized, and no name is looked
            // up here.
            unsafe { backtrace::trace_unsynchronized(note) };
            trace
        }
    }

    /// A running function, and its line.
    struct Call {
        name: String,
        place: Option<String>,
    }

    impl Call {
        /// Whether the function is the standard library's, by the folder of its source or, without one, by its name.
        fn is_standard(&self) -> bool {
            let libraries = ["alloc", "core", "std"];
            match &self.place {
                Some(place) => {
                    let place = place.replace('\\', "/");
                    place.starts_with("/rust/deps/")
                        || libraries
                            .iter()
                            .any(|library| place.contains(&std::format!("/library/{library}/src/")))
                }
                None => {
                    let name = self.name.trim_start_matches('<');
                    name.starts_with("__r")
                        || libraries
                            .iter()
                            .any(|library| name.starts_with(&std::format!("{library}::")))
                }
            }
        }
    }

    impl Trace {
        fn calls(&self) -> Vec<Call> {
            let mut calls = Vec::new();
            for &frame in &self.frames[..self.len] {
                backtrace::resolve(frame as *mut _, |symbol| {
                    let name = symbol.name().map(|name| std::format!("{name:#}"));
                    let place = symbol.filename().zip(symbol.lineno());
                    calls.push(Call {
                        name: name.unwrap_or_else(|| "?".to_string()),
                        place: place.map(|(file, line)| std::format!("{}:{line}", file.display())),
                    });
                });
            }
            calls
        }

        pub(super) fn is_output(&self) -> bool {
            let prints = |call: &Call| call.name.starts_with("std::io::stdio::");
            self.calls().iter().any(prints)
        }

        pub(super) fn tell(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
            let calls = self.calls();
            // The first frames are ours, then come the standard library's, then the user's code, where the trace should begin. If that was
            // not reached, the standard library's calls are better than none.
            let ours = |call: &Call| {
                let entries = ["__rust_alloc", "__rust_realloc", "__rust_dealloc"];
                entries.iter().any(|entry| call.name.contains(entry))
            };
            let called = calls.iter().rposition(ours).map_or(0, |at| at + 1);
            let used = calls[called..].iter().position(|call| !call.is_standard());
            let first = called + used.unwrap_or(0);
            write!(f, "; it was {what} at")?;
            // From the thread's start on, nothing is of interest.
            let starts = |call: &&Call| call.name.contains("__rust_begin_short_backtrace");
            for Call { name, place } in calls[first..].iter().take_while(|call| !starts(call)) {
                write!(f, "\n    {name}")?;
                if let Some(place) = place {
                    write!(f, "\n        {place}")?;
                }
            }
            Ok(())
        }
    }
}

#[cfg(not(all(feature = "backtrace", unix)))]
mod trace {
    use core::fmt;

    #[derive(Clone)]
    pub(super) struct Trace;

    impl Trace {
        pub(super) fn here() -> Self {
            Self
        }
    }

    impl Trace {
        pub(super) const fn is_output(&self) -> bool {
            false
        }

        pub(super) fn tell(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
            if cfg!(unix) {
                write!(
                    f,
                    "; with mini-alloc's feature `backtrace` this says where it was {what}"
                )?;
            }
            Ok(())
        }
    }
}

/// Writes a fault to standard error.
pub(super) fn say(fault: &Fault) {
    let thread = thread::current();
    let finder = thread.name().unwrap_or("a thread without a name");
    let text = std::format!("mini-alloc: in {finder}: {fault}\n");
    // In one piece, so that it does not mix with other threads' output. And straight to the stream: a test harness that captured it would
    // keep memory, which looks like a leak. If it cannot be written, reporting that would not work either.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Ends the process.
pub(super) fn stop(fault: &Fault) {
    say(fault);
    process::abort();
}
