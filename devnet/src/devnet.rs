//! A running devnet: the chain, the server in front of it, the clock behind it, and the file it is kept in.
//!
//! Lives here: starting and stopping. Not here: what is there in between (`node`).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use stylus_vm::ArbOs;
use tokio::runtime::Runtime;

use crate::accounts;
use crate::builder::Builder;
use crate::chain::{Chain, GenesisError};
use crate::config::{Config, Fork, Mining};
use crate::fork::{ForkError, Forked};
use crate::node::{Event, Listener, Node, now};
use crate::rpc::{self, Server, ServerError};
use crate::state::source::attempt;
use crate::store::{self, StateFile};

/// Native stack of the threads that requests run on: a call may be 1,024 frames deep, and so may what is told of it.
const STACK: usize = 16 << 20;

/// How long a stop waits for answers that are on their way.
const GRACE: Duration = Duration::from_secs(2);

/// A devnet that cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The first block cannot be made.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The chain to go on from cannot be had.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// The server cannot be started.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Anybody who can reach the address could use accounts whose keys are public.
    #[error(
        "{0} can be reached from other machines, and the keys of the funded accounts are public: allow that explicitly"
    )]
    Public(SocketAddr),
    /// No threads.
    #[error("no threads to run on: {0}")]
    Threads(#[source] std::io::Error),
    /// The chain cannot be kept in the file that is named: it cannot be written, somebody else is using it, or it holds
    /// something else than a whole chain.
    #[error("no state can be kept in {path}: {reason}")]
    State {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file that is to be written at the end cannot be.
    #[error("nothing can be written to {path} at the end: {reason}")]
    Output {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// No chain can be loaded from the file that is named.
    #[error("no state can be loaded from {path}: {reason}")]
    Load {
        /// The file.
        path: PathBuf,
        /// Why not.
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
    /// Where the settings ask for what cannot be, the port is taken, or the state's file holds something else.
    pub fn start(config: Config) -> Result<Handle, StartError> {
        Self::start_with(config, None)
    }

    /// Starts a chain and has `listener` told of what happens on it.
    ///
    /// # Errors
    /// As for [`Devnet::start`].
    pub fn start_with(config: Config, listener: Option<Listener>) -> Result<Handle, StartError> {
        check_host(&config)?;
        let node = open(&config, listener)?;
        serve(config, node)
    }

    /// A chain whose settings are said one by one.
    pub fn builder() -> Builder {
        Builder::new(Config::default())
    }
}

/// Whether only this machine may reach the chain, unless that is allowed explicitly.
fn check_host(config: &Config) -> Result<(), StartError> {
    match config.host.is_loopback() || config.allow_public {
        true => Ok(()),
        false => Err(StartError::Public(SocketAddr::new(
            config.host,
            config.port,
        ))),
    }
}

/// The chain that the settings ask for, with its accounts and its file, and nothing in front of it.
///
/// # Errors
/// Where the settings ask for what cannot be, or a state's file holds something else.
pub(crate) fn open(config: &Config, listener: Option<Listener>) -> Result<Node, StartError> {
    check_outputs(config)?;
    let forked = config.fork.as_ref().map(|fork| {
        let kept = config.state.as_ref().or(config.load_state.as_ref());
        let kept = kept.and_then(|path| store::forked_block(path));
        // A chain that is kept goes on from the block that it went on from.
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
    if let Mining::Every(period) = config.mining {
        node.set_interval(Some(period));
    }
    Ok(node)
}

/// Whether the files can be written that are written at the end, when all would be lost.
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

/// Has `chain` become the one in the files that the settings name, and opens the one that it is kept in.
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

/// Puts a server in front of a chain, with a clock behind it, on threads of their own.
///
/// # Errors
/// Where there are no threads, or the port is taken.
pub(crate) fn serve(config: Config, node: Node) -> Result<Handle, StartError> {
    // They read, write and try; whatever takes longer has threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(rpc::threads())
        .thread_name("stylus-devnet")
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .map_err(StartError::Threads)?;
    let server = wait(&runtime, rpc::start(&config, node.clone()))?;
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

/// Waits for `work` on `runtime`, from wherever that is: within somebody else's runtime no thread may wait itself.
fn wait<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| runtime.block_on(work));
        waiting
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Does something every `period`, where it keeps nobody waiting.
async fn every(period: Duration, work: impl Fn() + Clone + Send + 'static) {
    let mut ticks = ticks(period);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        // A panic in there ends that tick alone.
        let _ = tokio::task::spawn_blocking(work.clone()).await;
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

/// Makes blocks as often as the node is to have them.
async fn mine(node: Node) {
    let make = |node: Node| {
        if let Some(run) = node.lanes().begin() {
            // One that ends with the devnet has not failed.
            if let Err(error) = attempt(|| node.mine(&run.interrupt)) {
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

/// A running devnet. It stops when this is dropped, and its state is kept where it is to be.
pub struct Handle {
    server: Server,
    node: Node,
    state: Option<PathBuf>,
    dump: Option<PathBuf>,
    runtime: Option<Runtime>,
}

impl Handle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The port it listens at.
    pub fn port(&self) -> u16 {
        self.server.address.port()
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The ArbOS version in force, which may be another than the settings': a chain out of a file has its own.
    pub fn arbos(&self) -> ArbOs {
        self.node.chain().arbos()
    }

    /// The accounts that it can sign for, with their keys; the dev account first.
    pub fn accounts(&self) -> Vec<(Address, B256)> {
        self.node
            .signers()
            .map(|signer| (signer.address(), signer.to_bytes()))
            .collect()
    }

    /// The chain itself, to deploy to, call, and change without a request.
    pub fn chain(&self) -> crate::testing::Chain {
        crate::testing::Chain::of(self.node.clone())
    }

    /// Stops it. What runs is ended, and everything that was answered is kept.
    ///
    /// # Errors
    /// Where the state cannot be saved.
    pub fn stop(mut self) -> Result<(), SaveError> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), SaveError> {
        let Some(runtime) = self.runtime.take() else {
            return Ok(());
        };
        self.node.lanes().stop();
        self.server.stop();
        // A connection that is never closed from the other side must not keep it from ending.
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

/// A state that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the state cannot be saved to {path}: {error}")]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub error: std::io::Error,
}
