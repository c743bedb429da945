//! What is done when somebody ends this process.
//!
//! Lives here: waiting for the signals that do so. Not here: what is ended with it (`gas_bench::cargo`).

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
            let received = tokio::select! {
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = terminate.recv() => SignalKind::terminate(),
                _ = hangup.recv() => SignalKind::hangup(),
                _ = quit.recv() => SignalKind::quit(),
            };
            std::io::Result::Ok(received.as_raw_value())
        })?;
        gas_bench::cargo::end_all();
        // As shells tell of a process that a signal has ended.
        std::process::exit(128 + number);
    };
    std::thread::spawn(wait);
}

#[cfg(not(unix))]
pub(crate) fn watch() {}
