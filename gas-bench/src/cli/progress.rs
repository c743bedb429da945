//! Progress on standard error: a bar on a terminal, plain lines elsewhere.
//!
//! Lives here: what a waiting person reads. Not here: results, which are for standard output.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// A bar over so many steps, until it is dropped.
pub(crate) struct Steps {
    /// Hidden where there is no terminal to draw it on.
    bar: ProgressBar,
}

impl Steps {
    /// A bar that has all of `steps` before it.
    pub(crate) fn new(steps: usize) -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(steps as u64), target)
            .with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg} {elapsed}")
        {
            bar.set_style(style.progress_chars("━╸─"));
        }
        // Crates and cases take seconds; the clock shows that it is alive.
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// There are so many steps after all.
    pub(crate) fn of(&self, steps: usize) {
        self.bar.set_length(steps as u64);
    }

    /// Tells of the next step, which takes a while.
    pub(crate) fn next(&self, message: String) {
        self.say(message);
        self.bar.inc(1);
    }

    /// Tells that a step is done, and what is next.
    pub(crate) fn done(&self, message: String) {
        self.bar.inc(1);
        self.say(message);
    }

    /// A step is done, which is worth a line only to somebody who watches.
    pub(crate) fn advance(&self, message: String) {
        self.bar.inc(1);
        self.whisper(message);
    }

    /// Tells what only somebody who watches wants to know.
    pub(crate) fn whisper(&self, message: String) {
        self.bar.set_message(message);
    }

    /// Tells what is being done.
    pub(crate) fn say(&self, message: String) {
        if self.bar.is_hidden() {
            // A reader who has gone away is not a reason to stop measuring.
            let _ = writeln!(io::stderr(), "{message}");
        } else {
            self.bar.set_message(message);
        }
    }
}
