//! What happens when a signal ends this process.
//!
//! Lives here: waiting for such signals, and who can catch the first one. Not here: what else is ended (`stylus_cargo::process`).

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use stylus_devnet::signals::Signals;

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

/// Waits on a separate thread for a signal that ends this process, then ends what it runs: on Unix, cargo and its build scripts are in their
/// own process groups, which a terminal's Ctrl-C does not reach.
pub(crate) fn watch() {
    let wait = || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let number = runtime.block_on(async {
            let mut signals = Signals::new()?;
            loop {
                let number = signals.next().await;
                if !is_caught() {
                    return io::Result::Ok(number);
                }
            }
        })?;
        stylus_cargo::process::end_all();
        stylus_cargo::remove_copies();
        // The exit code by which shells report a process that a signal ended.
        std::process::exit(128 + i32::from(number));
    };
    std::thread::spawn(wait);
}
