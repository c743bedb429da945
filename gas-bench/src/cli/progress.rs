//! Progress on standard error: a bar on a terminal, plain lines elsewhere.
//!
//! Lives here: what a waiting person reads. Not here: results, which go to standard output.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// A progress bar, shown until it is dropped.
pub(crate) struct Steps {
    /// Hidden if there is no terminal to draw it on.
    bar: ProgressBar,
}

impl Steps {
    /// A bar with all of `steps` still ahead.
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
        // Crates and cases take seconds; the clock shows that the process is alive.
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Changes the number of steps.
    pub(crate) fn of(&self, steps: usize) {
        self.bar.set_length(steps as u64);
    }

    /// Announces the next step, which takes a while.
    pub(crate) fn next(&self, message: String) {
        self.say(message);
        self.bar.inc(1);
    }

    /// Marks a step as done and announces the next.
    pub(crate) fn done(&self, message: String) {
        self.bar.inc(1);
        self.say(message);
    }

    /// Marks a step as done; the message appears only on a terminal.
    pub(crate) fn advance(&self, message: String) {
        self.bar.inc(1);
        self.whisper(message);
    }

    /// Shows a message only on a terminal.
    pub(crate) fn whisper(&self, message: String) {
        self.bar.set_message(message);
    }

    /// Hides the bar while `print` writes what is to stay.
    pub(crate) fn beside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Shows a message.
    pub(crate) fn say(&self, message: String) {
        if self.bar.is_hidden() {
            // A closed standard error is no reason to stop measuring.
            let _ = writeln!(io::stderr(), "{message}");
        } else {
            self.bar.set_message(message);
        }
    }
}
