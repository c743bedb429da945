//! What requests reach: the chain, and everything around it that they share.
//!
//! Lives here: who may have the chain when, and the only reading of the machine's clock. Not here: what requests do (`rpc`), what
//! the chain does (`chain`), starting and stopping (`devnet`).
//!
//! Whoever changes the chain has its turn for as long as that takes, a transaction's run included. The lock around the chain itself
//! is held for no longer than it takes to copy a state or to put one in its place, so that nobody who reads waits for a run.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy_consensus::Transaction as _;
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use tokio::sync::{broadcast, watch};

use crate::chain::{Block, Chain, ChainError, GenesisError, SubmitError, Transaction, View};
use crate::config::Config;
use crate::evm::{Interrupt, Interrupted, Invalid, PROGRAM_FAILED};
use crate::explain;
use crate::fork::Forked;
use crate::rpc::{Filters, Lanes, RpcError, give_way};
use crate::state::State;
use crate::store::{self, StateFile};

/// Blocks that wait for a subscriber who is slow.
const BACKLOG: usize = 1_024;

/// Failed transactions that are explained at once. Of those beyond it the log says only that they failed.
const MOST_EXPLAINING: usize = 8;

/// Native stack of a thread that explains: a call may be 1,024 frames deep.
const EXPLAINER_STACK: usize = 16 << 20;

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
    /// A transaction in a block failed: which calls, why, and where in their sources, in several lines.
    Failed(String),
    /// The state could not be kept.
    NotSaved(String),
}

/// Where events go.
pub type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// The chain and what is around it; cheap to clone.
#[derive(Clone)]
pub(crate) struct Node {
    shared: Arc<Shared>,
    /// Where the requests of one server run.
    lanes: Lanes,
}

/// What is the same for every server in front of one chain, and for whoever speaks to it without one.
struct Shared {
    /// Held by whoever changes the chain, with the file that every change is written to.
    turn: Mutex<Option<StateFile>>,
    chain: RwLock<Chain>,
    /// Whom to ask about the chain that this one goes on from, if it is a fork.
    forked: RwLock<Option<Arc<Forked>>>,
    /// The settings as they were given.
    asked: Config,
    filters: Mutex<Filters>,
    blocks: broadcast::Sender<Arc<Block>>,
    arrivals: broadcast::Sender<Arc<Transaction>>,
    /// How often blocks are made.
    interval: watch::Sender<Option<Duration>>,
    signers: Vec<PrivateKeySigner>,
    listener: Option<Listener>,
    /// Whether the listener is not to be told of requests.
    is_quiet: AtomicBool,
    /// Failed transactions that are being explained.
    explaining: AtomicUsize,
}

impl Node {
    /// A node over `chain`, which is kept in `file` if there is one.
    pub(crate) fn new(
        chain: Chain,
        forked: Option<Arc<Forked>>,
        file: Option<StateFile>,
        signers: Vec<PrivateKeySigner>,
        asked: Config,
        listener: Option<Listener>,
    ) -> Self {
        let request_timeout = asked.request_timeout;
        Self {
            shared: Arc::new(Shared {
                turn: Mutex::new(file),
                chain: RwLock::new(chain),
                forked: RwLock::new(forked),
                asked,
                filters: Mutex::default(),
                blocks: broadcast::channel(BACKLOG).0,
                arrivals: broadcast::channel(BACKLOG).0,
                interval: watch::channel(None).0,
                signers,
                listener,
                is_quiet: AtomicBool::new(false),
                explaining: AtomicUsize::new(0),
            }),
            lanes: Lanes::new(request_timeout),
        }
    }

    /// The same chain for one more server, whose end is not that of the others.
    pub(crate) fn for_server(&self, request_timeout: Option<Duration>) -> Self {
        Self {
            shared: self.shared.clone(),
            lanes: Lanes::new(request_timeout),
        }
    }

    /// A chain of its own that begins as this one is now: with its blocks and its state, and without its file, filters and listener.
    pub(crate) fn fork(&self) -> Self {
        let chain = self.chain().clone();
        let asked = Config {
            request_timeout: None,
            ..self.shared.asked.clone()
        };
        let signers = self.shared.signers.clone();
        Self::new(chain, self.forked(), None, signers, asked, None)
    }

    /// Whom to ask about the chain that this one goes on from, if it is a fork.
    pub(crate) fn forked(&self) -> Option<Arc<Forked>> {
        let forked = self.shared.forked.read();
        forked.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The settings as they were given, whatever the chain that was forked says.
    pub(crate) fn asked(&self) -> &Config {
        &self.shared.asked
    }

    /// Begins anew, from a fork if there is one.
    ///
    /// # Errors
    /// Where the settings ask for what cannot be.
    pub(crate) fn reset(
        &self,
        config: Config,
        forked: Option<Arc<Forked>>,
    ) -> Result<(), GenesisError> {
        let now = self.now();
        let origin = forked.as_ref().map(|forked| forked.origin());
        // What was recorded so far is of the fork that ends here.
        if let Some(Err(error)) = self.forked().map(|before| before.save()) {
            self.tell(|| Event::NotSaved(error.to_string()));
        }
        let mut turn = self.turn();
        self.chain_mut().reset(config, origin, now)?;
        let head = self.chain().head().header.number;
        *self
            .shared
            .forked
            .write()
            .unwrap_or_else(PoisonError::into_inner) = forked;
        self.filters().go_back(head);
        // Differences from a chain that went on from somewhere else would mean nothing.
        if let Some(file) = &mut *turn
            && let Err(error) = file.begin_anew(&mut self.chain_mut())
        {
            self.not_saved(&error);
        }
        Ok(())
    }

    /// The chain, to read.
    pub(crate) fn chain(&self) -> RwLockReadGuard<'_, Chain> {
        self.shared
            .chain
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest state, to read without the chain.
    pub(crate) fn newest(&self) -> State {
        self.chain().newest().clone()
    }

    /// The chain, to change; for whoever has the turn.
    fn chain_mut(&self) -> RwLockWriteGuard<'_, Chain> {
        self.shared
            .chain
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, Option<StateFile>> {
        self.shared
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the chain, in words that run nothing.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Chain) -> T) -> T {
        let mut turn = self.turn();
        let result = change(&mut self.chain_mut());
        self.keep(&mut turn);
        result
    }

    /// Has an account at hand, so that nobody who holds the chain has to wait for it.
    pub(crate) fn read_ahead(&self, address: Address) {
        let state = self.newest();
        if state.beneath().is_some() {
            state.account(address);
        }
    }

    /// Changes an account by hand.
    pub(crate) fn change_account(&self, address: Address, change: impl FnOnce(&mut Chain)) {
        self.read_ahead(address);
        self.change(change);
    }

    /// Changes the chain in a way that may take blocks off. Filters go on from what is left.
    pub(crate) fn go_back<T>(&self, change: impl FnOnce(&mut Chain) -> T) -> T {
        let (result, head) = self.change(|chain| {
            let result = change(chain);
            (result, chain.head().header.number)
        });
        self.filters().go_back(head);
        result
    }

    /// How often blocks are made, now and from now on.
    pub(crate) fn interval(&self) -> watch::Receiver<Option<Duration>> {
        self.shared.interval.subscribe()
    }

    /// Sets how often blocks are made.
    pub(crate) fn set_interval(&self, period: Option<Duration>) {
        self.shared.interval.send_replace(period);
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

    /// Sends the transaction that `make` makes for the chain as it is when its turn has come, so that two that leave their nonces
    /// open get two nonces. Returns its hash.
    ///
    /// # Errors
    /// Those of `make`, and where the transaction can never be in a block.
    pub(crate) fn send<E: From<SubmitError>>(
        &self,
        interrupt: &Interrupt,
        make: impl FnOnce(&Chain) -> Result<Transaction, E>,
    ) -> Result<B256, E> {
        let mut turn = self.turn();
        let transaction = make(&self.chain())?;
        let hash = transaction.hash;
        let sent = self.submit(transaction, interrupt);
        self.keep(&mut turn);
        sent?;
        Ok(hash)
    }

    fn submit(&self, transaction: Transaction, interrupt: &Interrupt) -> Result<(), SubmitError> {
        let (sender, nonce) = (transaction.sender, transaction.envelope.nonce());
        let Some(transaction) = self.chain_mut().admit(transaction)? else {
            let ready = self.chain().ready_from(sender, nonce);
            ready.into_iter().for_each(|ready| self.arrived(ready));
            return Ok(());
        };
        // Alone in its block, so that its failure to get in is this request's answer.
        let mut draft = self.chain().draft(self.now(), interrupt);
        draft.add(transaction.clone())?;
        let block = self.chain_mut().seal(draft);
        self.arrived(transaction);
        self.announce(block);
        // What waited for this nonce; one that has become impossible is dropped, as everywhere.
        loop {
            let Some(transaction) = self.chain().ready().into_iter().next() else {
                return Ok(());
            };
            let mut draft = self.chain().draft(self.now(), interrupt);
            match draft.add(transaction.clone()) {
                Ok(()) => {
                    let block = self.chain_mut().seal(draft);
                    self.arrived(transaction);
                    self.announce(block);
                }
                Err(Invalid::Interrupted(_)) => return Ok(()),
                Err(_) => self.chain_mut().forget(&transaction),
            }
        }
    }

    /// Makes a block of what waits.
    ///
    /// # Errors
    /// Where it was ended from outside: there is no block then.
    pub(crate) fn mine(&self, interrupt: &Interrupt) -> Result<(), Interrupted> {
        let mut turn = self.turn();
        let (mut draft, ready) = {
            let chain = self.chain();
            (chain.draft(self.now(), interrupt), chain.ready())
        };
        draft.add_all(ready)?;
        let block = self.chain_mut().seal(draft);
        self.announce(block);
        self.keep(&mut turn);
        Ok(())
    }

    /// Writes down what has changed, where the chain is kept in a file.
    fn keep(&self, turn: &mut Option<StateFile>) {
        if let Some(file) = turn
            && let Err(error) = file.record(&mut self.chain_mut())
        {
            self.not_saved(&error);
        }
    }

    /// Writes down what may have waited for it.
    pub(crate) fn flush(&self) {
        if let Some(file) = &mut *self.turn()
            && let Err(error) = file.flush(&mut self.chain_mut())
        {
            self.not_saved(&error);
        }
    }

    /// Writes everything down and lets go of the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn close(&self) -> std::io::Result<()> {
        match self.turn().take() {
            Some(mut file) => file.close(&mut self.chain_mut()),
            None => Ok(()),
        }
    }

    /// Writes the chain to a file of its own.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn dump(&self, path: &Path) -> std::io::Result<()> {
        let whole = self.chain().whole();
        store::save(path, &whole)
    }

    pub(crate) fn not_saved(&self, error: &std::io::Error) {
        self.tell(|| Event::NotSaved(format!("the state cannot be saved: {error}")));
    }

    /// Tells of a transaction that can go into a block.
    fn arrived(&self, transaction: Arc<Transaction>) {
        self.filters().arrived(transaction.hash);
        // Nobody listening is not a failure.
        let _ = self.shared.arrivals.send(transaction);
    }

    /// Transactions that can go into a block, from now on.
    pub(crate) fn arrivals(&self) -> broadcast::Receiver<Arc<Transaction>> {
        self.shared.arrivals.subscribe()
    }

    fn announce(&self, block: Arc<Block>) {
        if self.shared.listener.is_some() {
            for (index, receipt) in block.receipts.iter().enumerate() {
                if receipt.status {
                    continue;
                }
                let reason = receipt.reason.as_ref();
                if let Some(reason) = reason.filter(|it| !it.starts_with(PROGRAM_FAILED)) {
                    let number = block.header.number;
                    self.tell(|| Event::Refused(format!("block {number}: {reason}")));
                }
                self.explain(&block, index);
            }
        }
        // Nobody listening is not a failure.
        let _ = self.shared.blocks.send(block);
    }

    /// Has the listener told why a transaction of a block failed. It is run again for that, where nobody waits.
    fn explain(&self, block: &Arc<Block>, index: usize) {
        let transaction = block.transactions[index].clone();
        let number = block.header.number;
        let heading = format!("transaction {} in block {number} failed", transaction.hash);
        let Some(run) = self.lanes().begin() else {
            return;
        };
        let explaining = &self.shared.explaining;
        if explaining.fetch_add(1, Ordering::Relaxed) >= MOST_EXPLAINING {
            explaining.fetch_sub(1, Ordering::Relaxed);
            self.tell(|| Event::Failed(heading));
            return;
        }
        let (node, block) = (self.clone(), block.clone());
        let explain = move || {
            give_way();
            let replay = node.chain().replay_block(&block, index + 1);
            let failures = replay.map(|replay| replay.failures(&run.interrupt));
            if let Ok(Ok(failures)) = failures {
                let text = explain::paragraph(&failures);
                node.tell(|| Event::Failed(format!("{heading}\n{text}").trim_end().to_owned()));
            }
            drop(run);
            node.shared.explaining.fetch_sub(1, Ordering::Relaxed);
        };
        let thread = std::thread::Builder::new().name("stylus-explainer".into());
        if thread.stack_size(EXPLAINER_STACK).spawn(explain).is_err() {
            explaining.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Blocks from now on.
    pub(crate) fn blocks(&self) -> broadcast::Receiver<Arc<Block>> {
        self.shared.blocks.subscribe()
    }

    /// The filters that clients have installed.
    pub(crate) fn filters(&self) -> MutexGuard<'_, Filters> {
        self.shared
            .filters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where requests run.
    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The accounts that the chain can sign for.
    pub(crate) fn signers(&self) -> impl Iterator<Item = &PrivateKeySigner> {
        self.shared.signers.iter()
    }

    /// Tells the listener of a request, and of what was refused in it.
    pub(crate) fn report(&self, method: &'static str, error: Option<&RpcError>) {
        let text = error.map(RpcError::message);
        // It stands in the log alone where clients are not told.
        if let Some(refused) = error.and_then(RpcError::reason) {
            self.tell(|| Event::Refused(refused.to_owned()));
        }
        if !self.shared.is_quiet.load(Ordering::Relaxed) {
            let error = text.map(str::to_owned);
            self.tell(|| Event::Request { method, error });
        }
    }

    /// Whether the listener is told of requests.
    pub(crate) fn set_logging(&self, on: bool) {
        self.shared.is_quiet.store(!on, Ordering::Relaxed);
    }

    /// Tells the listener of something, if there is one.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(listener) = &self.shared.listener {
            listener(event());
        }
    }
}

/// The machine's time, in seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
