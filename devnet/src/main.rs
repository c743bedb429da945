//! The command `stylus-devnet`.
//!
//! Lives here: starting a devnet from a shell, and everything it prints. Not here: the devnet.

mod cli;
mod log;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use serde_json::json;
use stylus_devnet::signals::Signals;
use stylus_devnet::{
    Clock, Config, Devnet, Event, ForkError, Handle, Listener, ServerError, StartError, open_files,
};
use tokio::sync::oneshot;

use crate::cli::{Arguments, Command};
use crate::log::Log;

/// A request makes and drops hundreds of small objects, on one thread and then on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Native stack of the thread that starts the devnet: as much as a process's first one usually has.
const START_STACK: usize = 8 << 20;

/// What a shell adds to the number of the signal that has ended a process.
const ENDED_BY: u8 = 128;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let gap: fn(u64) -> String = match arguments.json {
        true => |lines| json!({ "event": "dropped", "lines": lines }).to_string(),
        false => |lines| {
            format!("{ERROR}{lines} lines are missing here:{ERROR:#} nobody read the log in time")
        },
    };
    let log = match Log::start(gap) {
        Ok(log) => log,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "{ERROR}error:{ERROR:#} {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match run(arguments, &log) {
        Ok(code) => code,
        Err(error) => {
            log.line(&format!("{ERROR}error:{ERROR:#} {error:#}"));
            ExitCode::FAILURE
        }
    };
    log.finish();
    code
}

fn run(arguments: Arguments, log: &Log) -> anyhow::Result<ExitCode> {
    if let Some(Command::Completions { shell }) = arguments.command {
        let mut script = Vec::new();
        clap_complete::generate(
            shell,
            &mut Arguments::command(),
            "stylus-devnet",
            &mut script,
        );
        std::io::stdout().write_all(&script)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (verbose, silent, json) = (arguments.verbose, arguments.silent, arguments.json);
    let config_out = arguments.config_out.clone();
    let asked = arguments.arbos();
    let config = arguments.config()?;
    open_files::ask_for_more();
    let shown = config.clone();
    let listened = log.clone();
    let listener = Arc::new(move |event| match json {
        true => tell_json(&listened, &event),
        false => tell(&listened, &event, verbose, silent),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Before the banner: whoever reads it may stop the devnet right away.
    let mut signals = runtime
        .block_on(async { Signals::new() })
        .context("cannot wait for Ctrl-C")?;
    let mut stopped = std::pin::pin!(signals.next());
    let started = starting(config, listener)?;
    let started = runtime.block_on(async {
        tokio::select! {
            biased;
            signal = &mut stopped => Err(signal),
            started = started => Ok(started),
        }
    });
    let handle = match started {
        Ok(started) => started.context("the start has failed")?.map_err(advise)?,
        // Nothing has been answered yet, so there is nothing to save.
        Err(signal) => return Ok(ExitCode::from(ENDED_BY + signal)),
    };
    if let Some(path) = config_out {
        let written = serde_json::to_vec_pretty(&settings(&handle, &shown))?;
        std::fs::write(&path, written)
            .with_context(|| format!("the settings cannot be written to {}", path.display()))?;
    }
    if json {
        let shown = json!({ "event": "listening", "url": handle.url(), "settings": settings(&handle, &shown) });
        // As below.
        let _ = writeln!(std::io::stdout(), "{shown}");
    } else if !silent {
        // A closed standard output is no reason to stop.
        let _ = banner(&handle, &shown);
        if let Some(asked) = asked.filter(|asked| *asked != handle.arbos().number()) {
            log.line(&format!(
                "{ERROR}note:{ERROR:#} the chain that was loaded is at ArbOS {}: --arbos {asked} has no effect on it",
                handle.arbos().number()
            ));
        }
    }
    runtime.block_on(stopped);
    if !silent && !json {
        log.line(&format!("{QUIET}stopping{QUIET:#}"));
    }
    handle.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// Starts the devnet on a thread that nobody has to wait for: a start takes as long as the node that it forks, or the pipe that it loads.
fn starting(
    config: Config,
    listener: Listener,
) -> std::io::Result<oneshot::Receiver<Result<Handle, StartError>>> {
    let (sender, receiver) = oneshot::channel();
    let start = move || {
        // If nobody waits any more, the process is ending.
        let _ = sender.send(Devnet::start_with(config, Some(listener)));
    };
    let thread = std::thread::Builder::new().name("stylus-start".into());
    thread.stack_size(START_STACK).spawn(start)?;
    Ok(receiver)
}

/// Adds the flag that helps to the error, if there is one.
fn advise(error: StartError) -> anyhow::Error {
    let flag = match &error {
        StartError::Public(_) => "--i-know-these-keys-are-public does",
        StartError::Server(ServerError::Listen { .. }) => {
            "--port chooses another, and 0 any that is free"
        }
        StartError::State { .. } => "--state names another file",
        StartError::Output { .. } => "--dump-state and --fork-record name other files",
        StartError::Load { .. } => "--load-state names another file",
        StartError::Fork(ForkError::Source(_)) => {
            "check --fork-url, and that the node runs; --fork-timeout and --fork-retries give it more time"
        }
        _ => return error.into(),
    };
    anyhow::anyhow!("{error}; {flag}")
}

/// Prints what a newcomer needs: where the devnet listens, and keys to send from.
fn banner(handle: &Handle, config: &Config) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(
        out,
        "Stylus devnet: chain {}, ArbOS {}",
        handle.chain().chain_id(),
        handle.arbos().number()
    )?;
    if let Some((whom, block)) = handle.chain().forked() {
        writeln!(out, "Goes on from block {block} of {whom}")?;
    }
    writeln!(out)?;
    for (place, (address, key)) in handle.accounts().into_iter().enumerate() {
        let name = if place == 0 {
            "dev".to_owned()
        } else {
            format!("({place})")
        };
        writeln!(out, "{name:>4}  {address}  {key}")?;
    }
    let ether = cli::ether(config.balance);
    writeln!(out)?;
    writeln!(
        out,
        "{ether} ETH each. These keys are public: never send them real funds."
    )?;
    writeln!(out)?;
    writeln!(out, "Listening at {}", handle.url())?;
    out.flush()
}

/// Returns accounts and settings in anvil's format.
fn settings(handle: &Handle, config: &Config) -> serde_json::Value {
    let (addresses, keys): (Vec<_>, Vec<_>) = handle.accounts().into_iter().unzip();
    json!({
        "available_accounts": addresses,
        "private_keys": keys,
        "wallet": {
            "mnemonic": config.wallet.mnemonic,
            "derivation_path": config.wallet.derivation_path,
        },
        "chain_id": handle.chain().chain_id(),
        "arbos": handle.arbos().number(),
        "base_fee": config.base_fee.to_string(),
        "gas_price": config.base_fee.to_string(),
        "gas_limit": config.gas_limit.map(|gas| gas.0.to_string()),
        "genesis_timestamp": match config.clock {
            Clock::Wall => None,
            Clock::Steps(start) => Some(start.to_string()),
        },
    })
}

/// Logs an event as JSON.
fn tell_json(log: &Log, event: &Event) {
    let shown = match event {
        Event::Request { method, error } => {
            json!({ "event": "request", "method": method, "error": error })
        }
        Event::Refused(reason) => json!({ "event": "refused", "reason": reason }),
        Event::Failed(text) => json!({ "event": "failed", "text": text }),
        Event::Waiting(reason) => json!({ "event": "waiting", "reason": reason }),
        Event::NotSaved(reason) => json!({ "event": "not saved", "reason": reason }),
        _ => return,
    };
    log.line(&shown.to_string());
}

/// Logs an event.
fn tell(log: &Log, event: &Event, verbose: bool, silent: bool) {
    // Whoever wants silence still does not want to lose work.
    if silent && !matches!(event, Event::NotSaved(_)) {
        return;
    }
    match event {
        Event::Request {
            method,
            error: None,
        } if verbose => log.line(method),
        Event::Request {
            method,
            error: Some(error),
        } if verbose => {
            log.line(&format!("{method}  {ERROR}{error}{ERROR:#}"));
        }
        Event::Request { .. } => {}
        Event::Refused(reason) => log.line(&format!("{ERROR}refused:{ERROR:#} {reason}")),
        Event::Failed(text) => {
            let (heading, rest) = text.split_once('\n').unwrap_or((text, ""));
            log.line(format!("{ERROR}{heading}{ERROR:#}\n{rest}").trim_end());
        }
        Event::Waiting(reason) => log.line(&format!("waiting: {reason}")),
        Event::NotSaved(reason) => log.line(&format!("{ERROR}error:{ERROR:#} {reason}")),
        _ => {}
    }
}
