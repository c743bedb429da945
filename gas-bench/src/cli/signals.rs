//! What is done when somebody ends this process.
//!
//! Lives here: waiting for the signals that do so, and who else may take the first of them. Not here: what is ended with it
//! (`gas_bench::cargo`).

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

/// Who is told in place of an end.
static CATCHER: Mutex<Option<Sender<()>>> = Mutex::new(None);

/// Tells of the next signal in place of ending this process; the one after that ends it.
pub(crate) fn catch() -> Receiver<()> {
    let (sender, receiver) = channel();
    *CATCHER.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    receiver
}

/// Whether somebody was told of a signal.
fn is_caught() -> bool {
    let catcher = CATCHER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    catcher.is_some_and(|catcher| catcher.send(()).is_ok())
}

/// Waits, on a thread of its own, for whoever ends this process, and then ends what it runs: cargo and its build scripts are in process
/// groups of their own, which no terminal's Ctrl-C reaches.
#[cfg(unix)]
pub(crate) fn watch() {
    use tokio::signal::unix::{SignalKind, signal};

    let wait = || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let number = runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            let mut hangup = signal(SignalKind::hangup())?;
            let mut quit = signal(SignalKind::quit())?;
            loop {
                let received = tokio::select! {
                    _ = interrupt.recv() => SignalKind::interrupt(),
                    _ = terminate.recv() => SignalKind::terminate(),
                    _ = hangup.recv() => SignalKind::hangup(),
                    _ = quit.recv() => SignalKind::quit(),
                };
                if !is_caught() {
                    return std::io::Result::Ok(received.as_raw_value());
                }
            }
        })?;
        gas_bench::cargo::end_all();
        // As shells tell of a process that a signal has ended.
        std::process::exit(128 + number);
    };
    std::thread::spawn(wait);
}

#[cfg(not(unix))]
pub(crate) fn watch() {}
