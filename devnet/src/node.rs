//! A running devnet: the chain, the server in front of it, the clock behind it, and the file it is kept in.
//!
//! Lives here: starting and stopping, and the only reading of the machine's clock. Not here: what requests do (`rpc`), what
//! the chain does (`chain`).

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use tokio::runtime::Runtime;
use tokio::sync::broadcast;

use crate::accounts;
use crate::chain::{
    Block, Chain, ChainError, Dump, DumpError, GenesisError, SubmitError, Transaction, View,
};
use crate::config::Config;
use crate::rpc::{self, Filters, RpcError, Server, ServerError};

/// Blocks that wait for a subscriber who is slow.
const BACKLOG: usize = 1_024;

/// What errors say whose reason belongs into the log, too, since clients often show none.
const REFUSALS: [&str; 2] = ["program activation failed", "is not known to this devnet"];

/// Something that a devnet's owner may want to see.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request was answered.
    Request {
        /// Its method.
        method: &'static str,
        /// The error's text, where it was answered with one.
        error: Option<String>,
    },
    /// A program or an upgrade was refused, or a transaction failed for a reason that the EVM has no words for.
    Refused(String),
    /// The state could not be kept.
    NotSaved(String),
}

/// Where events go.
pub type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// A devnet that cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The first block cannot be made.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
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
    /// The file with the state cannot be read.
    #[error("the state cannot be read from {path}: {error}")]
    StateFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The file with the state holds something else.
    #[error("{path} holds no state that this version can load: {reason}")]
    StateFormat {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// What requests reach: the chain behind a lock, which nobody holds while something runs on it.
#[derive(Clone)]
pub(crate) struct Node(Arc<Inner>);

struct Inner {
    chain: RwLock<Chain>,
    filters: Mutex<Filters>,
    blocks: broadcast::Sender<Arc<Block>>,
    signers: Vec<PrivateKeySigner>,
    listener: Option<Listener>,
}

impl Node {
    /// The chain, to read.
    pub(crate) fn chain(&self) -> RwLockReadGuard<'_, Chain> {
        self.0.chain.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain, to change.
    pub(crate) fn chain_mut(&self) -> RwLockWriteGuard<'_, Chain> {
        self.0.chain.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain at a block, to run on.
    ///
    /// # Errors
    /// Where there is no such block, or its state is gone.
    pub(crate) fn view(&self, id: BlockId) -> Result<View, ChainError> {
        self.chain().view(id, self.now())
    }

    /// The machine's time, in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        now()
    }

    /// Sends a transaction, and tells subscribers of the blocks it led to.
    ///
    /// # Errors
    /// Where it can never be in a block.
    pub(crate) fn submit(&self, transaction: Transaction) -> Result<(), SubmitError> {
        let blocks = self.chain_mut().submit(transaction, self.now())?;
        blocks.into_iter().for_each(|block| self.announce(block));
        Ok(())
    }

    /// Makes a block of what waits.
    pub(crate) fn mine(&self) {
        let block = self.chain_mut().mine(self.now());
        self.announce(block);
    }

    fn announce(&self, block: Arc<Block>) {
        let failed = block.receipts.iter().filter(|receipt| !receipt.status);
        for reason in failed.filter_map(|receipt| receipt.reason.as_ref()) {
            self.tell(|| Event::Refused(format!("block {}: {reason}", block.header.number)));
        }
        // Nobody listening is no failure.
        let _ = self.0.blocks.send(block);
    }

    /// Blocks from now on.
    pub(crate) fn blocks(&self) -> broadcast::Receiver<Arc<Block>> {
        self.0.blocks.subscribe()
    }

    /// The filters that clients have installed.
    pub(crate) fn filters(&self) -> MutexGuard<'_, Filters> {
        self.0
            .filters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The accounts that the chain can sign for.
    pub(crate) fn signers(&self) -> impl Iterator<Item = &PrivateKeySigner> {
        self.0.signers.iter()
    }

    /// Tells the listener of a request, and of what was refused in it.
    pub(crate) fn report(&self, method: &'static str, error: Option<&RpcError>) {
        let error = error.map(|error| error.message().to_owned());
        if let Some(refused) = error
            .as_ref()
            .filter(|text| REFUSALS.iter().any(|refusal| text.contains(refusal)))
        {
            self.tell(|| Event::Refused(refused.clone()));
        }
        self.tell(|| Event::Request { method, error });
    }

    fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(listener) = &self.0.listener {
            listener(event());
        }
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
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
        if !config.host.is_loopback() && !config.allow_public {
            return Err(StartError::Public(SocketAddr::new(
                config.host,
                config.port,
            )));
        }
        let mut chain = Chain::new(config.clone(), now())?;
        if let Some(path) = &config.state {
            restore(&mut chain, path)?;
        }
        let node = Node(Arc::new(Inner {
            chain: RwLock::new(chain),
            filters: Mutex::default(),
            blocks: broadcast::channel(BACKLOG).0,
            signers: accounts::signers(config.accounts).collect(),
            listener,
        }));
        // Requests run where they arrive, and a long one must not keep the others waiting.
        let threads = std::thread::available_parallelism()
            .map_or(4, usize::from)
            .max(4);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("stylus-devnet")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let server = wait(&runtime, rpc::start(&config, node.clone()))?;
        if let Some(period) = config.block_time {
            runtime.spawn(produce(node.clone(), period));
        }
        Ok(Handle {
            server,
            node,
            state: config.state,
            runtime: Some(runtime),
        })
    }
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

/// Makes a block every `period`.
async fn produce(node: Node, period: Duration) {
    let mut ticks = tokio::time::interval(period);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        node.mine();
    }
}

/// A running devnet. It stops when this is dropped, and saves its state where it is to be kept.
pub struct Handle {
    server: Server,
    node: Node,
    state: Option<PathBuf>,
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

    /// The accounts that it can sign for, with their keys; the dev account first.
    pub fn accounts(&self) -> Vec<(Address, B256)> {
        self.node
            .signers()
            .map(|signer| (signer.address(), signer.to_bytes()))
            .collect()
    }

    /// Stops it. Requests that have arrived are still answered.
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
        // A server that has stopped already has nothing left to stop.
        let _ = self.server.handle.stop();
        let stopped = self.server.handle.clone().stopped();
        // A connection that is never closed from the other side must not keep it from ending.
        let end = async { tokio::time::timeout(Duration::from_secs(2), stopped).await };
        let _ = wait(&runtime, end);
        runtime.shutdown_background();
        match &self.state {
            Some(path) => save(&self.node.chain().dump(), path),
            None => Ok(()),
        }
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

/// Goes back to the state in a file; one that does not exist yet is one to be written.
fn restore(chain: &mut Chain, path: &Path) -> Result<(), StartError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(StartError::StateFile {
                path: path.into(),
                error,
            });
        }
    };
    let refuse = |reason| StartError::StateFormat {
        path: path.into(),
        reason,
    };
    let dump: Dump = serde_json::from_slice(&text).map_err(|error| refuse(error.to_string()))?;
    chain
        .load(dump)
        .map_err(|error: DumpError| refuse(error.to_string()))
}

/// Writes a state whole, or not at all.
fn save(dump: &Dump, path: &Path) -> Result<(), SaveError> {
    let failed = |error| SaveError {
        path: path.into(),
        error,
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let text = serde_json::to_vec(dump).map_err(|error| failed(error.into()))?;
    file.write_all(&text).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
