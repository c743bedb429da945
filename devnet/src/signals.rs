//! What asks a process to end: Ctrl-C, whoever started it, or its terminal being closed.
//!
//! Lives here: which signals these are on each system. Not here: what a program does then.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

/// The signals that end this process unless they are received here, from now on.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
}

#[cfg(unix)]
impl Signals {
    /// Begins to receive them, within a runtime of tokio that has I/O.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The number of the next one. Shells report a process that it ended by the exit code 128 + this number.
    pub async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.hangup.recv() => 1,
            _ = self.interrupt.recv() => 2,
            _ = self.quit.recv() => 3,
            _ = self.terminate.recv() => 15,
        }
    }
}

/// The signals that end this process unless they are received here, from now on.
#[cfg(windows)]
#[derive(Debug)]
pub struct Signals {
    close: CtrlClose,
    interrupt: CtrlC,
    stop: CtrlBreak,
}

#[cfg(windows)]
impl Signals {
    /// Begins to receive them, within a runtime of tokio.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            close: ctrl_close()?,
            interrupt: ctrl_c()?,
            stop: ctrl_break()?,
        })
    }

    /// The number that Unix has for the next one: a closed console hangs up, Ctrl-C interrupts, Ctrl-Break quits.
    pub async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.close.recv() => 1,
            _ = self.interrupt.recv() => 2,
            _ = self.stop.recv() => 3,
        }
    }
}
