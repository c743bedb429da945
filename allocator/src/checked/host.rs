//! What [`Checked`](super::Checked) needs of a machine with threads and an operating system: state that one thread has at a time,
//! traces, standard error.

extern crate std;

use core::{cell::Cell, fmt};
use std::{
    io::{self, Write},
    process,
    sync::{Mutex, PoisonError},
    thread_local,
};

use super::Fault;

thread_local! {
    /// The address of the state that this thread works on, or 0. The cell's own address tells threads apart.
    static INSIDE: Cell<usize> = const { Cell::new(0) };
}

/// Something that one thread works on at a time.
pub(super) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits until no other thread does, then works on the value; `None` for the thread that does already.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        let here = core::ptr::addr_of!(*self) as usize;
        let before = INSIDE.with(|inside| inside.replace(here));
        let result = (before != here).then(|| {
            // Whoever panicked in here was the wrapped allocator, which is its user's affair.
            let mut value = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut value)
        });
        INSIDE.with(|inside| inside.set(before));
        result
    }
}

/// Which thread asked for a block, and from where.
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
}

fn this_thread() -> usize {
    INSIDE.with(|here| core::ptr::addr_of!(*here) as usize)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.trace.fmt(f)
    }
}

/// Where a block was asked for: addresses of code, without names until somebody reads them.
///
/// Not the standard library's: that takes a lock for each trace, and allocates while it has it, so that a trace for every allocation
/// waits for itself.
#[cfg(all(feature = "backtrace", unix))]
mod trace {
    extern crate std;

    use core::fmt;
    use std::{string::ToString, vec::Vec};

    /// A test's own frames, below those of the collection which asked, are among so many.
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
            // SAFETY: on Unix an unwinder keeps no state between its calls; what is not synchronized are names, which are not
            // looked up here.
            unsafe { backtrace::trace_unsynchronized(note) };
            trace
        }
    }

    impl fmt::Display for Trace {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut calls = Vec::new();
            for &frame in &self.frames[..self.len] {
                backtrace::resolve(frame as *mut _, |symbol| {
                    let name = symbol.name().map(|name| std::format!("{name:#}"));
                    let place = symbol.filename().zip(symbol.lineno());
                    calls.push((
                        name.unwrap_or_else(|| "?".to_string()),
                        place.map(|(file, line)| std::format!("{}:{line}", file.display())),
                    ));
                });
            }
            // Up to the allocator's own functions nothing is of interest, and nothing is from the thread's start on.
            let ours =
                |name: &str| name.contains("__rust_alloc") || name.contains("__rust_realloc");
            let first = calls
                .iter()
                .rposition(|(name, _)| ours(name))
                .map_or(0, |at| at + 1);
            f.write_str("; it was allocated at")?;
            for (name, place) in &calls[first..] {
                if name.contains("__rust_begin_short_backtrace") {
                    break;
                }
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

    impl fmt::Display for Trace {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(if cfg!(unix) {
                "; with mini-alloc's feature `backtrace` this says where it was allocated"
            } else {
                ""
            })
        }
    }
}

/// Writes a fault to standard error.
pub(super) fn say(fault: &Fault) {
    // Straight to the stream: a test harness that captured it would keep memory, which looks like a leak. Who cannot read it has no
    // use for an error.
    let _ = writeln!(io::stderr(), "mini-alloc: {fault}");
}

/// Ends the process.
pub(super) fn stop(fault: &Fault) {
    say(fault);
    process::abort();
}
