//! What requests work on: the chain, and everything around it that they share.
//!
//! Lives here: who has access to the chain and when, and the only reading of the machine's clock. Not here: what requests do (`rpc`), what
//! the chain does (`chain`), starting and stopping (`devnet`).
//!
//! Anyone who changes the chain holds its turn for as long as that takes, including a transaction's run. The lock on the chain itself is
//! held only while a state is copied or replaced, so that readers never wait for a run.

mod following;
mod outage;

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy_consensus::Transaction as _;
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{broadcast, watch};

use crate::chain::{Block, Chain, ChainError, Draft, GenesisError, SubmitError, Transaction, View};
use crate::config::Config;
use crate::evm::{Interrupt, Interrupted, Invalid, PROGRAM_FAILED};
use crate::explain;
use crate::fork::Forked;
use crate::node::following::Following;
use crate::node::outage::Outage;
use crate::rpc::{Filters, Lanes, News, RpcError, give_way};
use crate::state::State;
use crate::state::source::{SourceError, attempt, fail};
use crate::store::{self, StateFile};

/// How many blocks are buffered for a slow subscriber.
const BACKLOG: usize = 1_024;

/// How many failed transactions are explained at the same time. For any beyond that, the log says only that they failed.
const MOST_EXPLAINING: usize = 8;

/// Native stack of a thread that runs transactions or requests: calls can be 1,024 frames deep, and so can their traces; and whoever reads a
/// request's blobs, which Arbitrum only refuses, has several of 128 KiB on the stack at once.
pub(crate) const STACK: usize = 16 << 20;

/// The number of the next node.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// Something that the owner of a devnet may want to see.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request was answered.
    Request {
        /// The method's name.
        method: &'static str,
        /// The error message, if the answer was an error.
        error: Option<String>,
    },
    /// A program or an upgrade was refused, or a transaction failed for a reason that the EVM has no words for.
    Refused(String),
    /// A transaction in a block failed: which calls, why, and where in their sources, on several lines.
    Failed(String),
    /// A transaction waits for another one of its sender, which has not arrived, or for the forked chain's node, which does not answer.
    Waiting(String),
    /// The state could not be saved.
    NotSaved(String),
}

/// What receives events. It should return at once: whoever calls it may be changing the chain.
pub type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// The chain and everything around it; cheap to clone.
#[derive(Clone)]
pub(crate) struct Node {
    shared: Arc<Shared>,
    /// Runs the requests of one server.
    lanes: Lanes,
}

/// What all servers in front of one chain share, and all who use it without a server.
struct Shared {
    /// No other node of this process has it.
    id: u64,
    /// Held while the chain is changed, with the file to which every change is written.
    turn: Mutex<Option<StateFile>>,
    /// Whether blocks are being made of transactions that waited for others.
    following: Following,
    /// What is known of the forked chain's node not answering.
    outage: std::sync::Mutex<Outage>,
    chain: RwLock<Chain>,
    /// The source of the forked chain, if this is a fork.
    forked: RwLock<Option<Arc<Forked>>>,
    /// The settings as originally given.
    asked: Config,
    filters: std::sync::Mutex<Filters>,
    blocks: broadcast::Sender<Arc<News>>,
    arrivals: broadcast::Sender<Arc<Transaction>>,
    /// How often blocks are made.
    interval: watch::Sender<Option<Duration>>,
    signers: Vec<PrivateKeySigner>,
    listener: Option<Listener>,
    /// Whether the listener does not hear of requests.
    is_quiet: AtomicBool,
    /// How many failed transactions are being explained.
    explaining: AtomicUsize,
}

impl Node {
    /// Returns a node over `chain`, which is kept in `file` if there is one.
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
                id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
                turn: Mutex::new(file),
                following: Following::default(),
                outage: Default::default(),
                chain: RwLock::new(chain),
                forked: RwLock::new(forked),
                asked,
                filters: Default::default(),
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

    /// Returns the same chain for another server, which stops independently of the others.
    pub(crate) fn for_server(&self, request_timeout: Option<Duration>) -> Self {
        Self {
            shared: self.shared.clone(),
            lanes: Lanes::new(request_timeout),
        }
    }

    /// Returns a separate chain that begins as this one is now: with its blocks and its state, but without its file, filters and listener.
    pub(crate) fn fork(&self) -> Self {
        let chain = self.chain().clone();
        let asked = Config {
            request_timeout: None,
            ..self.shared.asked.clone()
        };
        let signers = self.shared.signers.clone();
        Self::new(chain, self.forked(), None, signers, asked, None)
    }

    /// The number of this node in this process.
    pub(crate) fn id(&self) -> u64 {
        self.shared.id
    }

    /// The source of the forked chain, if this is a fork.
    pub(crate) fn forked(&self) -> Option<Arc<Forked>> {
        let forked = self.shared.forked.read();
        forked.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The settings as originally given, whatever the forked chain says.
    pub(crate) fn asked(&self) -> &Config {
        &self.shared.asked
    }

    /// Resets the chain, optionally to a fork.
    ///
    /// # Errors
    /// If the settings ask for the impossible.
    pub(crate) fn reset(
        &self,
        config: Config,
        forked: Option<Arc<Forked>>,
    ) -> Result<(), GenesisError> {
        // Before the chain is held: its node may take long to answer.
        let origin = forked.as_ref().map(|forked| forked.origin());
        let fresh = Chain::anew(config, origin, self.now())?;
        // What was recorded so far belongs to the fork that ends here.
        if let Some(Err(error)) = self.forked().map(|before| before.save()) {
            self.tell(|| Event::NotSaved(error.to_string()));
        }
        let mut turn = self.turn();
        self.chain_mut().reset(fresh);
        let head = self.chain().head().header.number;
        *self
            .shared
            .forked
            .write()
            .unwrap_or_else(PoisonError::into_inner) = forked;
        self.filters().go_back(head);
        self.set_interval(self.asked().mining.interval());
        // Differences from an unrelated chain would mean nothing.
        if let Some(file) = &mut *turn
            && let Err(error) = file.begin_anew(&mut self.chain_mut())
        {
            self.not_saved(&error);
        }
        Ok(())
    }

    /// Locks the chain for reading.
    pub(crate) fn chain(&self) -> RwLockReadGuard<'_, Chain> {
        self.shared
            .chain
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the newest state, to read without locking the chain.
    pub(crate) fn newest(&self) -> State {
        self.chain().newest().clone()
    }

    /// Locks the chain for changes; only for the holder of the turn.
    fn chain_mut(&self) -> RwLockWriteGuard<'_, Chain> {
        self.shared
            .chain
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, Option<StateFile>> {
        self.shared.turn.lock()
    }

    /// Changes the chain in a way that runs no code.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Chain) -> T) -> T {
        let mut turn = self.turn();
        let result = change(&mut self.chain_mut());
        self.keep(&mut turn);
        result
    }

    /// Fetches an account in advance, so that nobody who holds the chain waits for it.
    pub(crate) fn read_ahead(&self, address: Address) {
        let state = self.newest();
        if state.beneath().is_some() {
            state.account(address);
        }
    }

    /// Fetches the accounts of a transaction that is about to be sent, likewise.
    pub(crate) fn read_accounts_of(&self, sender: Address, to: Option<Address>) {
        if let Some(beneath) = self.newest().beneath() {
            let accounts: Vec<_> = [Some(sender), to].into_iter().flatten().collect();
            beneath.read_next(&accounts, None);
        }
    }

    /// Changes an account by hand.
    pub(crate) fn change_account(&self, address: Address, change: impl FnOnce(&mut Chain)) {
        self.read_ahead(address);
        self.change(change);
    }

    /// Changes the chain in a way that can remove blocks. Filters continue from what is left.
    pub(crate) fn go_back<T>(&self, change: impl FnOnce(&mut Chain) -> T) -> T {
        let (result, head) = self.change(|chain| {
            let result = change(chain);
            (result, chain.head().header.number)
        });
        self.filters().go_back(head);
        result
    }

    /// Replaces the newest `depth` blocks by those that `make` makes on a copy of the chain, on which no transaction is mined at once. If
    /// that fails, is interrupted or panics, the chain stays as it was, and nobody has seen anything else.
    ///
    /// # Errors
    /// Those of `make`; also if there are fewer blocks, the state below them is gone, or a forked chain did not answer.
    pub(crate) fn reorganise<E: From<ChainError> + From<SourceError>>(
        &self,
        depth: u64,
        make: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut turn = self.turn();
        let copy = self.fork();
        copy.change(|chain| {
            chain.set_automine(false);
            chain.rollback(depth)
        })?;
        let first = copy.chain().head().header.number + 1;
        attempt(|| make(&copy))??;

        let is_automatic = self.chain().automine();
        copy.change(|chain| chain.set_automine(is_automatic));
        let (made, ready) = {
            let chain = copy.chain();
            (chain.blocks(first, u64::MAX), chain.ready())
        };
        let told: HashSet<B256> = self.chain().ready().iter().map(|tx| tx.hash).collect();
        std::mem::swap(&mut *self.chain_mut(), &mut *copy.chain_mut());
        self.keep(&mut turn);
        self.filters().go_back(first - 1);
        let tell = |transactions: &[Arc<Transaction>]| {
            let new = transactions.iter().filter(|tx| !told.contains(&tx.hash));
            new.for_each(|transaction| self.arrived(transaction.clone()));
        };
        for block in made {
            tell(&block.transactions);
            self.announce(block);
        }
        tell(&ready);
        self.follow();
        Ok(())
    }

    /// The interval between blocks, now and as it changes.
    pub(crate) fn interval(&self) -> watch::Receiver<Option<Duration>> {
        self.shared.interval.subscribe()
    }

    /// Sets the interval between blocks.
    pub(crate) fn set_interval(&self, period: Option<Duration>) {
        self.shared.interval.send_replace(period);
    }

    /// Returns the chain at a block, to run on.
    ///
    /// # Errors
    /// If there is no such block, or its state is gone.
    pub(crate) fn view(&self, id: BlockId) -> Result<View, ChainError> {
        self.chain().view(id, self.now())
    }

    /// The machine's time, in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        now()
    }

    /// Sends the transaction that `make` makes for the chain as it is when its turn comes, so that two transactions without a given nonce
    /// get different ones. Returns its hash.
    ///
    /// # Errors
    /// Those of `make`, or if the transaction can never be in a block.
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
        let has_followers = sent? && self.follow();
        drop(turn);
        if has_followers {
            self.shared.following.wait();
        }
        Ok(hash)
    }

    /// Makes a block of the transaction, or lets it wait. Returns whether more blocks may be due: of those that waited for it, or of itself
    /// after others of its sender.
    fn submit(&self, transaction: Transaction, interrupt: &Interrupt) -> Result<bool, SubmitError> {
        let (draft, is_next) = {
            let chain = self.chain();
            chain.check(&transaction)?;
            let draft = chain.draft(self.now(), interrupt);
            (draft, chain.is_next(&transaction))
        };
        if !is_next {
            let (sender, nonce) = (transaction.sender, transaction.envelope.nonce());
            let hash = transaction.hash;
            // By the time a block drops it, nobody would be told why.
            draft.check(&transaction)?;
            self.chain_mut().wait(transaction)?;
            let ready = self.chain().ready_from(sender, nonce);
            let is_ready = !ready.is_empty();
            if !is_ready && self.chain().automine() {
                let next = self.chain().pending_nonce(sender);
                self.tell(|| {
                    Event::Waiting(format!(
                        "transaction {hash} has nonce {nonce}, and {sender} has to send one with nonce {next} first"
                    ))
                });
            }
            ready.into_iter().for_each(|ready| self.arrived(ready));
            return Ok(is_ready);
        }
        // Alone in its block, so that a failure to include it is this request's answer.
        self.make_of(draft, transaction.into())?;
        Ok(true)
    }

    /// Makes a block of one transaction, in an empty draft; for the holder of the turn.
    fn make_of(&self, mut draft: Draft, transaction: Arc<Transaction>) -> Result<(), Invalid> {
        draft.add(transaction.clone())?;
        self.make_alone(draft, transaction);
        Ok(())
    }

    /// Makes a block of a draft with this transaction alone; for the holder of the turn.
    fn make_alone(&self, draft: Draft, transaction: Arc<Transaction>) {
        let block = self.chain_mut().seal(draft);
        self.arrived(transaction);
        self.announce(block);
    }

    /// Makes a block of the waiting transactions, without exception.
    ///
    /// # Errors
    /// If it was interrupted, or something of a forked chain is unavailable; no block is made then.
    pub(crate) fn mine_all(&self, interrupt: &Interrupt) -> Result<(), Interrupted> {
        let turn = self.turn();
        let (mut draft, ready) = self.draft(self.now(), interrupt);
        draft.add_all(ready, 1)?;
        if let Some(aside) = draft.aside().first() {
            fail(aside.why.clone());
            return Err(Interrupted::Forked);
        }
        self.make(draft, turn);
        Ok(())
    }

    /// Returns an empty block, and what can go into it.
    fn draft(&self, now: u64, interrupt: &Interrupt) -> (Draft, Vec<Arc<Transaction>>) {
        let chain = self.chain();
        (chain.draft(now, interrupt), chain.ready())
    }

    /// Makes a block and ends the turn.
    fn make(&self, draft: Draft, mut turn: MutexGuard<'_, Option<StateFile>>) {
        let block = self.chain_mut().seal(draft);
        self.announce(block);
        self.keep(&mut turn);
        // Some make thousands of blocks in a row.
        MutexGuard::unlock_fair(turn);
    }

    /// Writes down the changes, if the chain is kept in a file.
    fn keep(&self, turn: &mut Option<StateFile>) {
        if let Some(file) = turn
            && let Err(error) = file.record(&mut self.chain_mut())
        {
            self.not_saved(&error);
        }
    }

    /// Writes down changes that may have been delayed.
    pub(crate) fn flush(&self) {
        if let Some(file) = &mut *self.turn()
            && let Err(error) = file.flush(&mut self.chain_mut())
        {
            self.not_saved(&error);
        }
    }

    /// Writes everything down and releases the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn close(&self) -> std::io::Result<()> {
        match self.turn().take() {
            Some(mut file) => file.close(&mut self.chain_mut()),
            None => Ok(()),
        }
    }

    /// Writes the chain to a separate file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn dump(&self, path: &Path) -> std::io::Result<()> {
        let whole = self.chain().whole();
        store::save(path, &whole)
    }

    pub(crate) fn not_saved(&self, error: &std::io::Error) {
        self.tell(|| Event::NotSaved(format!("cannot save the state: {error}")));
    }

    /// Announces a transaction that can go into a block.
    fn arrived(&self, transaction: Arc<Transaction>) {
        self.filters().arrived(transaction.hash);
        // Having no listeners is not a failure.
        let _ = self.shared.arrivals.send(transaction);
    }

    /// Subscribes to transactions that can go into a block.
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
        // Having no listeners is not a failure.
        let _ = self.shared.blocks.send(News::new(block));
    }

    /// Tells the listener why a transaction of a block failed. It is run again for that, on a thread that nobody waits for.
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
        if thread.stack_size(STACK).spawn(explain).is_err() {
            explaining.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Subscribes to blocks.
    pub(crate) fn blocks(&self) -> broadcast::Receiver<Arc<News>> {
        self.shared.blocks.subscribe()
    }

    /// The filters that clients have installed.
    pub(crate) fn filters(&self) -> std::sync::MutexGuard<'_, Filters> {
        self.shared
            .filters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What runs the requests.
    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The signers of the accounts that the chain can sign for.
    pub(crate) fn signers(&self) -> impl Iterator<Item = &PrivateKeySigner> {
        self.shared.signers.iter()
    }

    /// Tells the listener about a request, and about what was refused in it.
    pub(crate) fn report(&self, method: &'static str, error: Option<&RpcError>) {
        let text = error.map(RpcError::message);
        // Clients are not told this; only the log has it.
        if let Some(refused) = error.and_then(RpcError::reason) {
            self.tell(|| Event::Refused(refused.to_owned()));
        }
        if !self.shared.is_quiet.load(Ordering::Relaxed) {
            let error = text.map(str::to_owned);
            self.tell(|| Event::Request { method, error });
        }
    }

    /// Sets whether the listener hears of requests.
    pub(crate) fn set_logging(&self, on: bool) {
        self.shared.is_quiet.store(!on, Ordering::Relaxed);
    }

    /// Passes an event to the listener, if there is one.
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
