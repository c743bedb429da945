//! The log: lines for standard error, which a thread of its own writes.
//!
//! Lives here: the lines that wait, and what happens when nobody reads them. Not here: what they say (`main`).
//!
//! A pipe that nobody reads takes 64 KiB and then blocks whoever writes. Most lines come from whoever is changing the chain, who must not
//! wait for a reader.

use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of lines that wait; any more are dropped.
const MOST_WAITING: usize = 1 << 20;

/// How long the end waits for a reader.
const GRACE: Duration = Duration::from_secs(1);

/// The log; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// What the thread has not written yet.
#[derive(Default)]
struct Waiting {
    text: String,
    /// How many lines were dropped after the text.
    dropped: u64,
    is_writing: bool,
}

impl Waiting {
    fn is_over(&self) -> bool {
        self.text.is_empty() && self.dropped == 0 && !self.is_writing
    }
}

impl Log {
    /// Starts the thread. `gap` puts into words that a number of lines was dropped.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub(crate) fn start(gap: fn(u64) -> String) -> std::io::Result<Self> {
        let log = Self::default();
        let shared = log.0.clone();
        std::thread::Builder::new()
            .name("stylus-log".into())
            .spawn(move || shared.write(gap))?;
        Ok(log)
    }

    /// Adds a line, or drops it if too much waits already.
    pub(crate) fn line(&self, line: &str) {
        let mut waiting = self.0.waiting();
        // Once a line is missing, so are those after it until the thread has said so.
        if waiting.dropped > 0 || waiting.text.len() + line.len() > MOST_WAITING {
            waiting.dropped += 1;
            return;
        }
        waiting.text.push_str(line);
        waiting.text.push('\n');
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, unless nobody reads it.
    pub(crate) fn finish(&self) {
        let waiting = self.0.waiting();
        let is_left = |waiting: &mut Waiting| !waiting.is_over();
        // Whether or not it was in time, this is the end.
        let _ = self.0.changed.wait_timeout_while(waiting, GRACE, is_left);
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits, for as long as the process lives.
    fn write(&self, gap: fn(u64) -> String) {
        let mut waiting = self.waiting();
        loop {
            let is_over = |waiting: &mut Waiting| waiting.is_over();
            waiting = self
                .changed
                .wait_while(waiting, is_over)
                .unwrap_or_else(PoisonError::into_inner);
            let mut text = std::mem::take(&mut waiting.text);
            let dropped = std::mem::take(&mut waiting.dropped);
            waiting.is_writing = true;
            drop(waiting);
            if dropped > 0 {
                text.push_str(&gap(dropped));
                text.push('\n');
            }
            // A closed standard error is no reason to stop.
            let _ = anstream::stderr().write_all(text.as_bytes());
            waiting = self.waiting();
            waiting.is_writing = false;
            self.changed.notify_all();
        }
    }
}
