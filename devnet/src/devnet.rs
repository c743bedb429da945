//! A running devnet: the chain, the server in front of it, the clock behind it, and the file in which it is kept.
//!
//! Lives here: starting and stopping. Not here: everything in between (`node`).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use stylus_vm::ArbOs;
use tokio::runtime::Runtime;

use crate::accounts;
use crate::builder::Builder;
use crate::chain::{Chain, GenesisError};
use crate::config::{Config, Fork};
use crate::fork::{ForkError, Forked};
use crate::node::{Event, Listener, Node, STACK, now};
use crate::rpc::{self, Server, ServerError};
use crate::state::source::attempt;
use crate::store::{self, StateFile};

/// How long a stop waits for answers that are being sent.
const GRACE: Duration = Duration::from_secs(2);

/// Why a devnet cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The first block cannot be made.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The forked chain cannot be read.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// The server cannot be started.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Anyone who can reach the address could use accounts whose keys are public.
    #[error(
        "{0} can be reached from other machines, and the keys of the funded accounts are public: allow that explicitly"
    )]
    Public(SocketAddr),
    /// An interval is zero.
    #[error("`{setting}` is a zero interval: {instead}")]
    Interval {
        /// The setting.
        setting: &'static str,
        /// What to set instead.
        instead: &'static str,
    },
    /// The threads cannot be started.
    #[error("cannot start the threads to run on: {0}")]
    Threads(#[source] std::io::Error),
    /// The chain cannot be kept in this file: it cannot be written, another process is using it, or it holds something other than a whole
    /// chain.
    #[error("cannot keep a state in {path}: {reason}")]
    State {
        /// The file.
        path: PathBuf,
        /// Why the file cannot be used.
        reason: String,
    },
    /// A file that would be written at the end cannot be written.
    #[error("cannot write to {path} at the end: {reason}")]
    Output {
        /// The file.
        path: PathBuf,
        /// Why it cannot be written.
        reason: String,
    },
    /// No chain can be loaded from this file.
    #[error("cannot load a state from {path}: {reason}")]
    Load {
        /// The file.
        path: PathBuf,
        /// Why nothing can be loaded from it.
        reason: String,
    },
}

/// A local Stylus chain.
#[derive(Debug)]
pub struct Devnet;

impl Devnet {
    /// Starts a chain, on threads of its own.
    ///
    /// # Errors
    /// If the settings ask for the impossible, the port is taken, or the state file holds something else.
    pub fn start(config: Config) -> Result<Handle, StartError> {
        Self::start_with(config, None)
    }

    /// Starts a chain and reports what happens on it to `listener`.
    ///
    /// # Errors
    /// As for [`Devnet::start`].
    pub fn start_with(config: Config, listener: Option<Listener>) -> Result<Handle, StartError> {
        check_host(&config)?;
        let node = open(&config, listener)?;
        serve(config, node)
    }

    /// Returns a builder for settings given one by one.
    pub fn builder() -> Builder {
        Builder::new(Config::default())
    }
}

/// Checks that only this machine can reach the chain, unless the settings allow others explicitly.
fn check_host(config: &Config) -> Result<(), StartError> {
    match config.host.is_loopback() || config.allow_public {
        true => Ok(()),
        false => Err(StartError::Public(SocketAddr::new(
            config.host,
            config.port,
        ))),
    }
}

/// Opens the chain that the settings ask for, with its accounts and its file, and nothing in front of it.
///
/// # Errors
/// If the settings ask for the impossible, or a state file holds something else.
pub(crate) fn open(config: &Config, listener: Option<Listener>) -> Result<Node, StartError> {
    check_intervals(config)?;
    check_outputs(config)?;
    let forked = config.fork.as_ref().map(|fork| {
        let kept = config.state.as_ref().or(config.load_state.as_ref());
        let kept = kept.and_then(|path| store::forked_block(path));
        // A chain that is kept in a file still forks at the same block.
        Forked::open(&Fork {
            block: fork.block.or(kept),
            ..fork.clone()
        })
    });
    let forked = forked.transpose()?;
    let mut chain = match &forked {
        Some(forked) => Chain::forked(config.clone(), forked.origin().clone())?,
        None => Chain::new(config.clone(), now())?,
    };
    let file = attempt(|| load(config, &mut chain)).map_err(GenesisError::from)??;
    let signers = accounts::signers(config).map_err(GenesisError::from)?;
    let node = Node::new(chain, forked, file, signers, config.clone(), listener);
    node.set_interval(config.mining.interval());
    Ok(node)
}

/// Checks that what is done again and again leaves time in between.
fn check_intervals(config: &Config) -> Result<(), StartError> {
    let intervals = [
        (
            "mining",
            config.mining.interval(),
            "`Mining::Automatic` makes a block for each transaction at once",
        ),
        (
            "state_interval",
            config.state_interval,
            "`None` has every change written at once",
        ),
    ];
    match intervals
        .iter()
        .find(|(_, it, _)| *it == Some(Duration::ZERO))
    {
        Some(&(setting, _, instead)) => Err(StartError::Interval { setting, instead }),
        None => Ok(()),
    }
}

/// Checks that the files written at the end can be written, since by then everything would be lost.
fn check_outputs(config: &Config) -> Result<(), StartError> {
    let recording = config.fork.as_ref().and_then(|fork| fork.record.as_ref());
    for path in config.dump_state.iter().chain(recording) {
        store::check_place(path).map_err(|error| StartError::Output {
            path: path.clone(),
            reason: error.to_string(),
        })?;
    }
    Ok(())
}

/// Loads into `chain` what the files in the settings hold, and opens the file in which it is kept.
fn load(config: &Config, chain: &mut Chain) -> Result<Option<StateFile>, StartError> {
    if let Some(path) = &config.load_state {
        store::load(path, chain).map_err(|error| StartError::Load {
            path: path.clone(),
            reason: error.to_string(),
        })?;
    }
    let Some(path) = &config.state else {
        return Ok(None);
    };
    let file = StateFile::open(path, chain, config.state_interval);
    let file = file.map_err(|error| StartError::State {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    Ok(Some(file))
}

/// Starts a server in front of a chain and a clock behind it, on threads of their own.
///
/// # Errors
/// If no threads can be started, or the port is taken.
pub(crate) fn serve(config: Config, node: Node) -> Result<Handle, StartError> {
    // These threads read, write and try; anything longer runs on threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(rpc::threads())
        .thread_name("stylus-devnet")
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .map_err(StartError::Threads)?;
    let server = wait(&runtime, rpc::start(&config, node.clone()))?;
    // A file may hold transactions that waited for a request to mine them.
    node.catch_up();
    runtime.spawn(mine(node.clone()));
    if let Some(period) = config.state_interval {
        let (node, dump) = (node.clone(), config.dump_state.clone());
        runtime.spawn(every(period, move || {
            node.flush();
            if let Some(Err(error)) = dump.as_ref().map(|path| node.dump(path)) {
                node.not_saved(&error);
            }
        }));
    }
    Ok(Handle {
        server,
        node,
        state: config.state,
        dump: config.dump_state,
        runtime: Some(runtime),
    })
}

/// Waits for `work` on `runtime`, from any thread: a thread of another async runtime must not block on this one itself.
fn wait<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| runtime.block_on(work));
        waiting
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Runs `work` every `period` on a blocking thread, where it delays nobody.
async fn every(period: Duration, work: impl Fn() + Clone + Send + 'static) {
    let mut ticks = ticks(period);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        // A panic in it ends only that tick.
        let _ = tokio::task::spawn_blocking(work.clone()).await;
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

/// Makes blocks at the interval that the node asks for.
async fn mine(node: Node) {
    let make = |node: Node| {
        if let Some(run) = node.lanes().begin() {
            // A block interrupted by the devnet's end has not failed.
            if let Err(error) = attempt(|| node.mine_regularly(&run.interrupt)) {
                node.tell(|| Event::Refused(error.to_string()));
            }
        }
    };
    let mut interval = node.interval();
    loop {
        let period = *interval.borrow_and_update();
        let making = async {
            match period {
                Some(period) => {
                    let node = node.clone();
                    every(period, move || make(node.clone())).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = making => {}
            changed = interval.changed() => if changed.is_err() {
                return;
            },
        }
    }
}

/// A running devnet. Dropping the handle stops it and saves its state where the settings say.
pub struct Handle {
    server: Server,
    node: Node,
    state: Option<PathBuf>,
    dump: Option<PathBuf>,
    runtime: Option<Runtime>,
}

impl Handle {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.server.address.port()
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The ArbOS version in force, which can differ from the settings': a chain loaded from a file has its own.
    pub fn arbos(&self) -> ArbOs {
        self.node.chain().arbos()
    }

    /// The accounts that the devnet can sign for, with their keys; the dev account first.
    pub fn accounts(&self) -> Vec<(Address, B256)> {
        self.node
            .signers()
            .map(|signer| (signer.address(), signer.to_bytes()))
            .collect()
    }

    /// The chain itself, to deploy to, call and change without a request. It can outlive the devnet; what happens then is kept in no file.
    pub fn chain(&self) -> crate::testing::Chain {
        crate::testing::Chain::of(self.node.clone())
    }

    /// Stops the devnet. Interrupts what is running; everything that was answered is kept.
    ///
    /// # Errors
    /// If the state cannot be saved.
    pub fn stop(mut self) -> Result<(), SaveError> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), SaveError> {
        let Some(runtime) = self.runtime.take() else {
            return Ok(());
        };
        self.node.lanes().stop();
        self.server.stop();
        // A connection that the other side never closes must not delay the end.
        let stopped = self.server.stopped();
        let end = async { tokio::time::timeout(GRACE, stopped).await };
        let _ = wait(&runtime, end);
        runtime.shutdown_background();
        let dumped = match &self.dump {
            Some(path) => self.node.dump(path).map_err(|error| SaveError {
                path: path.clone(),
                error,
            }),
            None => Ok(()),
        };
        let closed = match &self.state {
            Some(path) => self.node.close().map_err(|error| SaveError {
                path: path.clone(),
                error,
            }),
            None => Ok(()),
        };
        let recorded = self.node.forked().map_or(Ok(()), |forked| forked.save());
        closed.and(dumped).and(recorded)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            self.node.tell(|| Event::NotSaved(error.to_string()));
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle")
            .field("address", &self.server.address)
            .finish_non_exhaustive()
    }
}

/// The state cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot save the state to {path}: {error}")]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// Why it cannot be written.
    pub error: std::io::Error,
}
