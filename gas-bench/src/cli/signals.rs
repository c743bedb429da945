//! What happens when a signal ends this process.
//!
//! Lives here: waiting for such signals, and who can catch the first one. Not here: what else is ended (`stylus_cargo::process`).

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

/// Receives the next signal, which then does not end the process.
static CATCHER: Mutex<Option<Sender<()>>> = Mutex::new(None);

/// Catches the next signal, which then does not end this process; the one after that does.
pub(crate) fn catch() -> Receiver<()> {
    let (sender, receiver) = channel();
    *CATCHER.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    receiver
}

/// Whether a catcher received the signal.
fn is_caught() -> bool {
    let catcher = CATCHER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    catcher.is_some_and(|catcher| catcher.send(()).is_ok())
}

/// Waits on a separate thread for a signal that ends this process, then ends what it runs: cargo and its build scripts are in their own
/// process groups, which a terminal's Ctrl-C does not reach.
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
        stylus_cargo::process::end_all();
        stylus_cargo::remove_copies();
        // The exit code by which shells report a process that a signal ended.
        std::process::exit(128 + number);
    };
    std::thread::spawn(wait);
}

#[cfg(not(unix))]
pub(crate) fn watch() {}
