//! The chain: blocks, the transactions that wait for one, and the states after them.
//!
//! Lives here: the state machine. It is synchronous and has no clock: time is an argument, so that the same calls make the same chain. Not
//! here: JSON (`rpc`), executing (`evm`), reading and running on a past block (`view`).

mod block;
mod commitment;
mod components;
mod dump;
mod environment;
mod error;
mod estimate;
mod genesis;
mod origin;
mod pool;
mod production;
mod record;
mod request;
mod rerun;
mod sends;
mod simulate;
mod testing;
mod transaction;
mod trie;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256};
use stylus_vm::{ArbOs, Gas};

pub(crate) use block::{Block, Receipt};
pub(crate) use dump::{Dump, DumpError};
pub(crate) use error::{ChainError, EstimateError, SubmitError};
pub use genesis::GenesisError;
pub(crate) use origin::Origin;
pub(crate) use pool::{Pool, PoolStatus};
pub(crate) use production::{Aside, Draft};
pub(crate) use record::{Mark, Reader, RecordError, Whole, Written, forked_block};
pub(crate) use request::{Ending, Executed, Request};
pub(crate) use rerun::{Included, Ran, Rerun, RerunBlock};
pub(crate) use simulate::{AskedBlock, Options, SimulateError, SimulatedBlock};
pub(crate) use transaction::{DecodeError, Transaction};
pub(crate) use trie::storage_root;
pub(crate) use view::{OverrideError, View};

use crate::arbos::{self, l2_pricing};
use crate::chain::environment::{BlockSettings, Rules};
use crate::chain::testing::{Controls, Snapshot};
use crate::config::Config;
use crate::evm::{Interrupt, Invalid};
use crate::state::State;
use crate::units::Price;

/// The most bytes in a transaction, as in geth's pool.
const MOST_BYTES: usize = 128 * 1024;

/// A chain. Cloning it copies no state, only references to blocks and states.
#[derive(Clone)]
pub(crate) struct Chain {
    config: Config,
    /// The forked chain, if this is a fork.
    origin: Option<Origin>,
    rules: Rules,
    /// All blocks from the first on: the genesis block, or the one that was forked, without its transactions.
    blocks: Vec<Arc<Block>>,
    by_hash: HashMap<B256, u64>,
    by_transaction: HashMap<B256, (u64, usize)>,
    /// The states after the newest blocks.
    states: BTreeMap<u64, State>,
    pool: Pool,
    controls: Controls,
    impersonated: BTreeSet<Address>,
    impersonate_all: bool,
    /// How often it was reset.
    resets: u64,
    snapshots: Vec<(u64, Snapshot)>,
    next_snapshot: u64,
    /// How many blocks have been written down and are unchanged since.
    written: usize,
    /// The first block whose state was ever known here: later than the genesis block if the chain was loaded.
    first_state: u64,
}

impl Chain {
    /// Returns a chain with only its genesis block, which is made at `now`, in seconds since 1970, unless the settings say otherwise.
    ///
    /// # Errors
    /// If the settings ask for the impossible.
    pub(crate) fn new(config: Config, now: u64) -> Result<Self, GenesisError> {
        let rules = Rules {
            chain_id: config.chain_id,
            max_code_size: config.max_code_size,
            debug: true,
            artifacts: config.artifacts.clone(),
            coverage: config.coverage.clone(),
            programs: Default::default(),
        };
        let timestamp = config.clock.genesis(now);
        let state = genesis::state(&config, &rules, timestamp)?;
        let block = Arc::new(production::genesis(&config, timestamp));
        Ok(Self::begin(config, rules, None, block, state))
    }

    /// Returns a chain of one block and the state after it.
    fn begin(
        config: Config,
        rules: Rules,
        origin: Option<Origin>,
        block: Arc<Block>,
        mut state: State,
    ) -> Self {
        let number = block.header.number;
        state.remember_block(number, block.hash);
        Self {
            rules,
            origin,
            by_hash: HashMap::from([(block.hash, number)]),
            blocks: vec![block],
            by_transaction: HashMap::new(),
            states: BTreeMap::from([(number, state)]),
            pool: Pool::default(),
            controls: Controls::new(&config),
            impersonated: BTreeSet::new(),
            impersonate_all: config.auto_impersonate,
            resets: 0,
            snapshots: Vec::new(),
            next_snapshot: 1,
            written: 0,
            first_state: number,
            config,
        }
    }

    /// The forked chain, if this is a fork.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The first block held here: the genesis block, or the one that was forked.
    pub(crate) fn first(&self) -> u64 {
        self.blocks.first().map_or(0, |block| block.header.number)
    }

    /// The index of a block among those held here.
    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first())?).ok()
    }

    /// The settings.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the ArbOS version in force after the newest block.
    pub(crate) fn arbos(&self) -> ArbOs {
        arbos::version(&mut self.state().clone())
    }

    /// The newest block.
    pub(crate) fn head(&self) -> Arc<Block> {
        self.blocks
            .last()
            .expect("there is a genesis block")
            .clone()
    }

    /// Returns a block. The pending block is the newest one: waiting transactions are in no block.
    pub(crate) fn block(&self, id: BlockId) -> Option<Arc<Block>> {
        let number = match id {
            BlockId::Hash(hash) => *self.by_hash.get(&hash.block_hash)?,
            BlockId::Number(BlockNumberOrTag::Number(number)) => number,
            BlockId::Number(BlockNumberOrTag::Earliest) => 0,
            BlockId::Number(
                BlockNumberOrTag::Latest
                | BlockNumberOrTag::Pending
                | BlockNumberOrTag::Safe
                | BlockNumberOrTag::Finalized,
            ) => return Some(self.head()),
        };
        self.blocks.get(self.place(number)?).cloned()
    }

    /// Returns a block that has to exist.
    ///
    /// # Errors
    /// If it does not.
    pub(crate) fn known_block(&self, id: BlockId) -> Result<Arc<Block>, ChainError> {
        self.block(id).ok_or(ChainError::UnknownBlock)
    }

    /// Returns the blocks from one number to another, both included, as far as they exist.
    pub(crate) fn blocks(&self, from: u64, to: u64) -> Vec<Arc<Block>> {
        let Some(last) = self.place(to) else {
            return Vec::new();
        };
        let first = self.place(from.max(self.first())).unwrap_or(usize::MAX);
        let end = last.saturating_add(1).min(self.blocks.len());
        self.blocks.get(first..end).unwrap_or_default().to_vec()
    }

    /// Returns the block that contains a transaction, and the index in it.
    pub(crate) fn transaction(&self, hash: B256) -> Option<(Arc<Block>, usize)> {
        let (number, index) = *self.by_transaction.get(&hash)?;
        Some((self.block(number.into())?, index))
    }

    /// Returns a copy of the transactions that wait for a block or for an earlier nonce; copying costs nothing.
    pub(crate) fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// Counts the waiting transactions.
    pub(crate) fn pool_status(&self) -> PoolStatus {
        let state = self.state();
        self.pool.status(|address| state.nonce(address))
    }

    /// The state after the newest block, including later changes made without a block.
    pub(crate) fn newest(&self) -> &State {
        self.state()
    }

    /// The price of gas in the next block.
    pub(crate) fn gas_price(&self) -> Price {
        let Ok(base_fee) = l2_pricing::base_fee().get(&mut self.state().clone());
        Price::base_fee(base_fee)
    }

    /// The next nonce of an account, counting its waiting transactions.
    pub(crate) fn pending_nonce(&self, address: Address) -> u64 {
        self.pool.nonce_after(address, self.state().nonce(address))
    }

    /// Returns what the transactions of a past block saw of it.
    fn settings_of(&self, block: &Block) -> BlockSettings {
        let header = &block.header;
        let base_fee = header.base_fee_per_gas.unwrap_or(self.config.base_fee);
        BlockSettings {
            gas_limit: Gas(header.gas_limit),
            beneficiary: header.beneficiary,
            ..BlockSettings::of(
                header.number,
                block.l1_number,
                header.timestamp,
                base_fee.into(),
            )
        }
    }

    /// Returns the chain after a block, as a call at `now` finds it. The pending state is the newest one, in the block to come.
    ///
    /// # Errors
    /// If there is no such block, or its state is gone.
    pub(crate) fn view(&self, id: BlockId, now: u64) -> Result<View, ChainError> {
        let block = self.known_block(id)?;
        let number = block.header.number;
        let mut state = self.state_after(number)?;
        let settings = if id.is_pending() {
            self.next_block(now)
        } else {
            self.settings_of(&block)
        };
        let arbos = arbos::version(&mut state);
        Ok(View {
            rules: self.rules.clone(),
            most_pages: environment::most_pages(&mut state),
            state,
            settings,
            arbos,
            moved: Default::default(),
            recent: Default::default(),
            interrupt: Interrupt::default(),
        })
    }

    /// Whether a block is made of a transaction at once; otherwise it has to wait, for its turn among its sender's at least.
    pub(crate) fn is_next(&self, transaction: &Transaction) -> bool {
        let next = self.state().nonce(transaction.sender);
        self.controls.automine && transaction.envelope.nonce() <= next
    }

    /// Lets a transaction wait.
    ///
    /// # Errors
    /// If it offers too little to replace another, or too many wait.
    pub(crate) fn wait(&mut self, transaction: Transaction) -> Result<(), SubmitError> {
        self.pool.add(Arc::new(transaction))
    }

    /// Returns the waiting transactions that can go into a block now, in that order.
    pub(crate) fn ready(&self) -> Vec<Arc<Transaction>> {
        let state = self.state();
        self.pool
            .ready(self.config.order, |address| state.nonce(address))
    }

    /// Whether any waiting transaction can go into a block now.
    pub(crate) fn has_ready(&self) -> bool {
        let state = self.state();
        self.pool.has_ready(|address| state.nonce(address))
    }

    /// Whether a transaction waits and can go into a block now.
    pub(crate) fn is_ready(&self, transaction: &Transaction) -> bool {
        let next = self.state().nonce(transaction.sender);
        transaction.envelope.nonce() == next && self.pool.find(transaction.hash).is_some()
    }

    /// Returns a sender's transactions that can go into a block, from a nonce on.
    pub(crate) fn ready_from(&self, sender: Address, nonce: u64) -> Vec<Arc<Transaction>> {
        match self.pending_nonce(sender) > nonce {
            true => self.pool.run(sender, nonce).cloned().collect(),
            false => Vec::new(),
        }
    }

    /// Drops a waiting transaction that can never be in a block.
    pub(crate) fn forget(&mut self, transaction: &Transaction) {
        self.pool.remove(transaction);
    }

    /// Checks whether an account can sign transactions, which one with code cannot (EIP-3607).
    ///
    /// # Errors
    /// If it cannot.
    pub(crate) fn check_sender(&self, address: Address) -> Result<(), Invalid> {
        match self.state().has_contract(address) {
            true => Err(Invalid::NotEoa(address)),
            false => Ok(()),
        }
    }

    /// Checks what can be checked of a new transaction without a block to come.
    ///
    /// # Errors
    /// If it can never be in a block, or is already in one, or waits already.
    pub(crate) fn check(&self, transaction: &Transaction) -> Result<(), SubmitError> {
        let tx = &transaction.envelope;
        let (address, want) = (transaction.sender, self.config.chain_id);
        if let Some(have) = tx.chain_id()
            && have != want
        {
            return Err(SubmitError::ChainId { have, want });
        }
        let size = transaction.encoded().len();
        // Init code for the largest allowed code size has to fit, too.
        let usual = MOST_BYTES.max(4 * self.config.max_code_size as usize);
        let limit = self.config.max_transaction_size.unwrap_or(usual);
        if size > limit {
            return Err(SubmitError::Oversized { size, limit });
        }
        let next = self.state().nonce(address);
        if tx.nonce() < next {
            let (tx, state) = (tx.nonce(), next);
            return Err(Invalid::NonceTooLow { address, tx, state }.into());
        }
        let (gas, most) = (Gas(tx.gas_limit()), self.controls.gas_limit);
        if gas > most {
            return Err(Invalid::BlockGas.into());
        }
        let (base_fee, offered) = (self.gas_price(), transaction.price_cap());
        if offered < base_fee {
            return Err(Invalid::BaseFee {
                address,
                offered,
                base_fee,
            }
            .into());
        }
        if let Some(tip) = tx.max_priority_fee_per_gas().map(Price)
            && tip > offered
        {
            return Err(Invalid::Tip {
                address,
                tip,
                cap: offered,
            }
            .into());
        }
        // A mined transaction can only be new again after a test has set a nonce back.
        let is_mined = self.by_transaction.contains_key(&transaction.hash);
        let waits = || !self.is_next(transaction) && self.pool.find(transaction.hash).is_some();
        match is_mined || waits() {
            true => Err(SubmitError::AlreadyKnown),
            false => Ok(()),
        }
    }

    /// Returns the state after a block.
    ///
    /// # Errors
    /// If it is gone, or was never here.
    fn state_after(&self, number: u64) -> Result<State, ChainError> {
        self.states.get(&number).cloned().ok_or({
            let first = self.first_state;
            match number < first {
                true if number < self.first() => ChainError::Forked {
                    number,
                    first: self.first(),
                },
                true => ChainError::StateNotLoaded { number, first },
                false => ChainError::StateNotKept {
                    number,
                    kept: self.config.history,
                },
            }
        })
    }

    /// Whether the state after a block is kept.
    pub(crate) fn has_state(&self, number: u64) -> bool {
        self.states.contains_key(&number)
    }

    /// The newest state.
    fn state(&self) -> &State {
        let (_, state) = self
            .states
            .last_key_value()
            .expect("the newest state is kept");
        state
    }

    fn state_mut(&mut self) -> &mut State {
        let newest = self.states.last_entry().expect("the newest state is kept");
        newest.into_mut()
    }
}
