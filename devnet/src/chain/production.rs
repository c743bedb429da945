//! Making blocks.
//!
//! Lives here: running transactions one after another and sealing the results. Not here: which transactions (`pool`).

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, U256};
use revm::context_interface::{JournalTr as _, Transaction as _};
use revm::inspector::NoOpInspector;
use serde_json::value::RawValue;
use stylus_vm::{ArbOs, Gas};

use crate::addresses::{HISTORY, HISTORY_LENGTH, SEQUENCER};
use crate::arbos::{self, block_hashes, l1_pricing, l2_pricing, sends};
use crate::bounded::{MOST_ANSWER, Unwritable};
use crate::chain::block::{Block, GAS_LIMIT, Receipt, Sealing, bloom};
use crate::chain::commitment::commit;
use crate::chain::environment::{BlockSettings, Purpose, calldata_price, context};
use crate::chain::error::ChainError;
use crate::chain::genesis::install_precompiles;
use crate::chain::request::{Ending, Executed};
use crate::chain::transaction::Transaction;
use crate::chain::{Chain, view};
use crate::config::{Clock, Config};
use crate::evm::{
    Context, Interrupt, Interrupted, Invalid, Machine, TransactionError, TransactionScope, check,
    execute,
};
use crate::explain::{Diagnosis, FailedCall};
use crate::state::State;
use crate::state::source::{SourceError, attempt, from_what_is_known};
use crate::trace::{Failures, TraceError, Tracer};
use crate::units::Price;

/// Returns the first block of a chain.
pub(super) fn genesis(config: &Config, timestamp: u64) -> Block {
    let sealing = Sealing {
        parent: None,
        number: 0,
        l1_number: 0,
        timestamp,
        base_fee: config.base_fee.into(),
        gas_limit: config.gas_limit.unwrap_or(GAS_LIMIT),
        beneficiary: SEQUENCER,
        arbos: config.arbos,
        sends: (0, B256::ZERO),
        collects_tips: false,
        state_root: B256::ZERO,
    };
    Block::seal(sealing, Vec::new(), Vec::new())
}

impl Clock {
    /// Returns the genesis block's time when the clock says `now`.
    pub(super) fn genesis(self, now: u64) -> u64 {
        match self {
            Self::Wall => now,
            Self::Steps(start) => start,
        }
    }
}

/// A block being made. It holds all that its transactions need, so that the chain stays available to others while they run.
pub(crate) struct Draft {
    machine: Machine<NoOpInspector>,
    settings: BlockSettings,
    /// How many seconds block times are ahead of the clock after it.
    time_offset: i64,
    interrupt: Interrupt,
    commitment: B256,
    transactions: Vec<Arc<Transaction>>,
    receipts: Vec<Receipt>,
    /// Transactions that turned out to be impossible.
    impossible: Vec<Arc<Transaction>>,
    /// Transactions that need what is not known of a forked chain.
    aside: Vec<Aside>,
    /// Senders of transactions that do not fit into the block or are set aside.
    late: HashSet<Address>,
}

/// A transaction that cannot be in a block until a forked chain's node answers, and why it has not.
#[derive(Clone, Debug)]
pub(crate) struct Aside {
    pub(crate) transaction: Arc<Transaction>,
    pub(crate) why: SourceError,
}

impl Draft {
    /// Runs as many of the transactions as fit into the block. One that has become impossible, for lack of funds for example, is dropped,
    /// as on any node. One that needs what is not known of a forked chain is set aside and leaves no trace; the chain's node is asked for
    /// it first, unless it has not answered for `patience` others.
    ///
    /// # Errors
    /// If it was interrupted: no block is made then, and all transactions keep waiting.
    pub(crate) fn add_all(
        &mut self,
        ready: Vec<Arc<Transaction>>,
        patience: usize,
    ) -> Result<(), Interrupted> {
        for transaction in ready {
            // The sender's later transactions have to wait, too: their nonces are too high now.
            if Gas(transaction.envelope.gas_limit()) > self.gas_left() {
                self.late.insert(transaction.sender);
            }
            if self.late.contains(&transaction.sender) {
                continue;
            }
            let asks = self.aside.len() < patience;
            match self.try_to_add(transaction.clone(), asks) {
                Ok(Ok(())) => {}
                Ok(Err(Invalid::Interrupted(why))) => return Err(why),
                Err(why) => {
                    self.late.insert(transaction.sender);
                    self.aside.push(Aside { transaction, why });
                }
                Ok(Err(invalid)) => {
                    self.impossible.push(transaction);
                    // A machine with a fault runs nothing more.
                    if let Invalid::Machine(_) = invalid {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs a transaction as [`Self::add`] does, but asks a forked chain's node only if `asks`.
    ///
    /// # Errors
    /// If it needs what is not known of the forked chain.
    pub(crate) fn try_to_add(
        &mut self,
        transaction: Arc<Transaction>,
        asks: bool,
    ) -> Result<Result<(), Invalid>, SourceError> {
        let context = self.machine.context();
        if context.journaled_state.database.beneath().is_none() {
            return Ok(self.add(transaction));
        }
        let recent = context.chain.block.recent.clone();
        let mut added = Ok(());
        let read = attempt(|| match asks {
            true => added = self.add(transaction),
            false => {
                from_what_is_known(|| added = self.add(transaction));
            }
        });
        match (added, read) {
            (Err(Invalid::Interrupted(Interrupted::Forked)), Err(why)) => {
                let context = self.machine.context();
                // There, what could not be read passes for empty.
                drop(context.journaled_state.finalize());
                context.chain.block.recent = recent;
                Err(why)
            }
            (added, _) => Ok(added),
        }
    }

    /// The transactions that were set aside.
    pub(crate) fn aside(&self) -> &[Aside] {
        &self.aside
    }

    /// Checks that a transaction could be in this block if its nonce were the next.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(crate) fn check(mut self, transaction: &Transaction) -> Result<(), Invalid> {
        let context = self.machine.context();
        prepare(context, transaction, self.settings.base_fee);
        context.cfg.disable_nonce_check = true;
        check(&mut self.machine).map_err(|error| self.invalid(error, transaction))
    }

    /// Converts the machine's refusal of a transaction.
    fn invalid(&self, error: TransactionError, transaction: &Transaction) -> Invalid {
        let (sender, offered) = (transaction.sender, transaction.price_cap());
        Invalid::of(
            error,
            &self.interrupt,
            sender,
            offered,
            self.settings.base_fee,
        )
    }

    /// The gas that still fits into the block.
    fn gas_left(&self) -> Gas {
        self.settings.gas_limit.saturating_sub(self.gas_used())
    }

    /// The gas that the block's transactions have used so far.
    fn gas_used(&self) -> Gas {
        let last = self.receipts.last();
        last.map_or(Gas::ZERO, |receipt| receipt.cumulative_gas_used)
    }

    /// Runs a transaction. One that cannot be in a block leaves no trace.
    ///
    /// # Errors
    /// Why it cannot be in a block.
    pub(crate) fn add(&mut self, transaction: Arc<Transaction>) -> Result<(), Invalid> {
        let base_fee = self.settings.base_fee;
        // A transaction that waits would end every later block in the same way.
        let result = catch_unwind(AssertUnwindSafe(|| {
            prepare(self.machine.context(), &transaction, base_fee);
            execute(&mut self.machine)
        }));
        let result = result.map_err(|_| Invalid::Machine("the machine has panicked".into()))?;
        let result = result.map_err(|error| self.invalid(error, &transaction))?;
        let context = self.machine.context();
        let poster_gas = context.chain.transaction.poster.gas;
        let price = Price(context.tx.effective_gas_price(base_fee.0));
        let executed = Executed::new(result, context.chain.transaction.reason.take());
        let changes = context.journaled_state.finalize();
        self.commitment = commit(self.commitment, &changes);
        context.journaled_state.database.apply(changes);
        let before = self.gas_used();
        let status = executed.ending == Ending::Success;
        let reason = match executed.ending {
            Ending::Halt(words) => Some(words),
            Ending::Success | Ending::Revert => executed.reason.map(|it| it.to_string()),
        };
        self.receipts.push(Receipt {
            status,
            gas_used: executed.gas_used,
            cumulative_gas_used: before + executed.gas_used,
            poster_gas,
            // A price above 18 ETH per gas is reported as `u64::MAX`.
            effective_gas_price: price.in_header().into(),
            logs_bloom: bloom(&executed.logs),
            logs: executed.logs,
            contract: transaction.created(),
            reason,
            output: executed.output,
        });
        self.transactions.push(transaction);
        Ok(())
    }
}

/// Begins a block on top of another, at `timestamp`, in seconds since 1970, when L1 is at block `l1_number`: records L1's block hashes, if
/// the chain keeps them, adjusts prices to the time that has passed, and carries out an upgrade that is due. Returns the ArbOS version.
pub(super) fn begin(
    state: &mut State,
    parent: Option<&Block>,
    timestamp: u64,
    l1_number: u64,
) -> ArbOs {
    let before = arbos::version(state);
    let last = parent.map_or(timestamp, |parent| parent.header.timestamp);
    // A chain that keeps L1's hashes is one of Nitro's, and can have the contract that keeps its own.
    if let Some(parent) = parent
        && block_hashes::begin_block(state, l1_number, parent.hash)
        && state.has_contract(HISTORY)
    {
        let slot = U256::from(parent.header.number % HISTORY_LENGTH);
        state.set_slot(HISTORY, slot, parent.hash.into());
    }
    let Ok(()) = l2_pricing::begin_block(state, before, timestamp.saturating_sub(last));
    arbos::upgrade_if_due(state, timestamp);
    let arbos = arbos::version(state);
    if arbos != before {
        install_precompiles(state, arbos);
    }
    arbos
}

/// Prepares a context for the next transaction.
pub(super) fn prepare(context: &mut Context, transaction: &Transaction, base_fee: Price) {
    let state = &mut context.journaled_state.database;
    // A fork would ask its node for every hash. One that has its word here was filtered here, whoever may do so now.
    let slot = arbos::is_filtered(transaction.hash).slot();
    let reads_filter = state.beneath().is_none() || state.has_slot(slot.account, slot.key) || {
        let Ok(can_filter) = arbos::can_filter(state);
        can_filter
    };
    if let Some(beneath) = state.beneath() {
        let accounts = [Some(transaction.sender), transaction.envelope.to()];
        let accounts: Vec<_> = accounts.into_iter().flatten().collect();
        beneath.read_next(&accounts, reads_filter.then_some((slot.account, slot.key)));
    }
    // What an earlier transaction of the block has set applies to the next.
    let (Ok(tips), Ok(is_filtered)) = (
        arbos::collect_tips().get(state),
        match reads_filter {
            true => arbos::is_filtered(transaction.hash).get(state),
            false => Ok(false),
        },
    );
    let (Ok(level), Ok(l1_price)) = (
        arbos::brotli_level().get(state),
        l1_pricing::price_per_unit().get(state),
    );
    context.cfg.disable_eip7623 = !calldata_price(state);
    context.tx = transaction.environment(tips);
    let offered = transaction.offered_price(base_fee);
    let price = Price(context.tx.effective_gas_price(base_fee.0));
    context.chain.transaction = TransactionScope {
        gas_price: offered,
        poster: l1_pricing::poster(&transaction.encoded(), level, l1_price, price),
        is_filtered,
        ..TransactionScope::default()
    };
}

/// Mined transactions of a block, ready to run again.
pub(crate) struct Replay {
    context: Context,
    transactions: Vec<Arc<Transaction>>,
    base_fee: Price,
}

impl Replay {
    /// Traces the last of them, after running the earlier ones, until `interrupt` is raised.
    ///
    /// # Errors
    /// If the tracer cannot trace it.
    pub(crate) fn trace(
        self,
        tracer: &Tracer,
        interrupt: &Interrupt,
    ) -> Result<Box<RawValue>, TraceError> {
        let context = self.before_last(interrupt)?;
        let (traced, _) = view::trace(context, tracer).map_err(|error| broken(interrupt, error))?;
        traced
    }

    /// Runs the last of them as [`Self::trace`] does, and returns which calls failed and why, in the order in which they ended.
    ///
    /// # Errors
    /// If it is interrupted.
    pub(crate) fn failures(
        self,
        interrupt: &Interrupt,
    ) -> Result<Vec<(FailedCall, Diagnosis)>, TraceError> {
        let context = self.before_last(interrupt)?;
        let mut machine = Machine::new(context, Failures::default(), true);
        execute(&mut machine).map_err(|error| broken(interrupt, error))?;
        let (failures, _) = machine.into_parts();
        Ok(failures.finish())
    }

    /// Runs all but the last of them, until `interrupt` is raised, and returns the context in which the last one starts.
    fn before_last(mut self, interrupt: &Interrupt) -> Result<Context, TraceError> {
        self.context.chain.interrupt = interrupt.clone();
        let Some((last, earlier)) = self.transactions.split_last() else {
            return Err(broken(interrupt, "there is no transaction"));
        };
        let mut context = self.context;
        for transaction in earlier {
            prepare(&mut context, transaction, self.base_fee);
            let mut machine = Machine::new(context, NoOpInspector, false);
            execute(&mut machine).map_err(|error| broken(interrupt, error))?;
            let changes = machine.context().journaled_state.finalize();
            context = machine.into_context();
            context.journaled_state.database.apply(changes);
        }
        prepare(&mut context, last, self.base_fee);
        Ok(context)
    }

    /// Runs all of them, each under the tracer for its index, until `interrupt` is raised. Returns each hash and trace.
    ///
    /// # Errors
    /// If a tracer fails, or the traces together are too long.
    pub(crate) fn trace_all(
        mut self,
        tracer: impl Fn(usize) -> Tracer,
        interrupt: &Interrupt,
    ) -> Result<Vec<(B256, Box<RawValue>)>, TraceError> {
        self.context.chain.interrupt = interrupt.clone();
        let mut all = Vec::with_capacity(self.transactions.len());
        let mut bytes = 0;
        for (index, transaction) in self.transactions.iter().enumerate() {
            prepare(&mut self.context, transaction, self.base_fee);
            let (traced, context) = view::trace(self.context, &tracer(index))
                .map_err(|error| broken(interrupt, error))?;
            self.context = context;
            let traced = traced?;
            bytes += traced.get().len();
            if bytes > MOST_ANSWER {
                return Err(Unwritable::TooLong.into());
            }
            all.push((transaction.hash, traced));
        }
        Ok(all)
    }
}

/// The error of a run without an outcome: it was interrupted, or the machine is broken.
fn broken(interrupt: &Interrupt, error: impl std::fmt::Display) -> TraceError {
    TraceError::Invalid(match interrupt.check() {
        Err(why) => Invalid::Interrupted(why),
        Ok(()) => Invalid::Machine(error.to_string()),
    })
}

impl Chain {
    /// What the next block's transactions will see of it, if it is made at `now`.
    pub(super) fn next_block(&self, now: u64) -> BlockSettings {
        let head = self.head();
        let number = head.header.number + 1;
        let last = head.header.timestamp;
        let controls = &self.controls;
        let (set, step) = (controls.next_timestamp, controls.time_step);
        let clock = |time: u64| time.saturating_add_signed(controls.time_offset);
        let timestamp = match (set, step, self.config.clock) {
            (Some(set), ..) => set,
            (None, Some(step), _) => last.saturating_add(step),
            (None, None, Clock::Wall) => clock(now).max(last),
            // A step is a second, plus whatever the clock was moved forward since the last block.
            (None, None, Clock::Steps(start)) => last
                .saturating_add(1)
                .max(clock(start).saturating_add(number - self.first())),
        };
        // There is one L1 block per block here, so that contracts waiting for L1 blocks make progress.
        let l1_number = head.l1_number.saturating_add(1);
        let usual = BlockSettings::of(number, l1_number, timestamp, self.gas_price());
        BlockSettings {
            random: controls.next_random.unwrap_or(usual.random),
            gas_limit: controls.gas_limit,
            beneficiary: controls.beneficiary,
            ..usual
        }
    }

    /// Returns an empty block to be made on top of the newest. Its transactions run until `interrupt` is raised.
    pub(crate) fn draft(&self, now: u64, interrupt: &Interrupt) -> Draft {
        let settings = self.next_block(now);
        let mut state = self.state().clone();
        let arbos = begin(
            &mut state,
            Some(&self.head()),
            settings.timestamp,
            settings.l1_number,
        );
        let mut context = context(&self.rules, state, arbos, settings, Purpose::Transaction);
        context.chain.interrupt = interrupt.clone();
        Draft {
            machine: Machine::new(context, NoOpInspector, false),
            settings,
            time_offset: self.next_time_offset(now),
            interrupt: interrupt.clone(),
            commitment: self.head().header.state_root,
            transactions: Vec::new(),
            receipts: Vec::new(),
            impossible: Vec::new(),
            aside: Vec::new(),
            late: HashSet::new(),
        }
    }

    /// Puts a block on top of the newest, which has to be the one that it was drafted on.
    pub(crate) fn seal(&mut self, mut draft: Draft) -> Arc<Block> {
        let settings = draft.settings;
        let context = draft.machine.context();
        let arbos = context.chain.block.arbos;
        let mut state: State = std::mem::take(&mut context.journaled_state.database);
        let (Ok(sends), Ok(root)) = (sends::size().get(&mut state), sends::root(&mut state));
        let Ok(collects_tips) = arbos::collect_tips().get(&mut state);
        let sealing = Sealing {
            parent: Some(self.head()),
            number: settings.number,
            l1_number: settings.l1_number,
            timestamp: settings.timestamp,
            base_fee: settings.base_fee,
            gas_limit: settings.gas_limit,
            beneficiary: settings.beneficiary,
            arbos,
            sends: (sends, root),
            collects_tips,
            state_root: draft.commitment,
        };
        let block = Arc::new(Block::seal(sealing, draft.transactions, draft.receipts));
        state.remember_block(settings.number, block.hash);
        for transaction in &draft.impossible {
            self.pool.remove(transaction);
        }
        for transaction in &block.transactions {
            let next = transaction.envelope.nonce().saturating_add(1);
            self.pool.settle(transaction.sender, next);
        }
        self.append(block.clone(), state);
        self.controls.block_is_made(draft.time_offset);
        block
    }

    /// Appends a block and the state after it.
    pub(super) fn append(&mut self, block: Arc<Block>, state: State) {
        let number = block.header.number;
        self.by_hash.insert(block.hash, number);
        for (index, transaction) in block.transactions.iter().enumerate() {
            self.by_transaction
                .insert(transaction.hash, (number, index));
        }
        self.blocks.push(block);
        self.states.insert(number, state);
        while self.states.len() > self.config.history.max(1) {
            self.states.pop_first();
        }
    }

    /// Returns a mined transaction for tracing.
    ///
    /// # Errors
    /// If there is none with this hash, or the state before its block is gone.
    pub(crate) fn replay(&self, hash: B256) -> Result<Replay, ChainError> {
        let (block, index) = self
            .transaction(hash)
            .ok_or(ChainError::UnknownTransaction(hash))?;
        self.replay_block(&block, index + 1)
    }

    /// Returns the first `count` transactions of a block for tracing.
    ///
    /// # Errors
    /// If the state before it is gone.
    pub(crate) fn replay_block(&self, block: &Block, count: usize) -> Result<Replay, ChainError> {
        let before = block.header.number.saturating_sub(1);
        let mut state = self.state_after(before)?;
        let settings = self.settings_of(block);
        let base_fee = settings.base_fee;
        let parent = self.block(before.into());
        let arbos = begin(
            &mut state,
            parent.as_deref(),
            settings.timestamp,
            settings.l1_number,
        );
        Ok(Replay {
            context: context(&self.rules, state, arbos, settings, Purpose::Transaction),
            transactions: block.transactions[..count].to_vec(),
            base_fee,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::TxEip1559;

    use super::*;
    use crate::state::source::{Beneath, Found, Run, Source, SourceError, Touched};

    const FAULTY: Address = Address::repeat_byte(7);

    /// An empty chain, of which one account cannot be read without a panic.
    struct Faulty;

    impl Source for Faulty {
        fn accounts(&self, addresses: &[Address]) -> Vec<Result<Found, SourceError>> {
            assert!(!addresses.contains(&FAULTY), "a fault");
            vec![Ok(Found::default()); addresses.len()]
        }

        fn slots(&self, slots: &[(Address, U256)]) -> Vec<Result<U256, SourceError>> {
            vec![Ok(U256::ZERO); slots.len()]
        }

        fn block_hash(&self, _: u64) -> Result<B256, SourceError> {
            Ok(B256::ZERO)
        }

        fn touched(&self, _: &Run) -> Touched {
            Touched::default()
        }
    }

    fn transfer(chain: &Chain, nonce: u64, to: Address) -> Arc<Transaction> {
        let sent = TxEip1559 {
            gas_limit: 100_000,
            to: to.into(),
            ..TxEip1559::default()
        };
        chain.of_dev_account(nonce, sent).into()
    }

    /// Theorem: a transaction on which the machine panics ends its block, is dropped, and hinders no later one.
    #[test]
    fn a_panic_costs_one_transaction() {
        let mut chain = Chain::new(Config::default(), 1).unwrap();
        let state = std::mem::take(chain.state_mut());
        *chain.state_mut() = state.on(Some(Arc::new(Beneath::new(Box::new(Faulty)))));
        let all = [Address::ZERO, FAULTY, Address::ZERO];
        let all: Vec<_> = (0..)
            .zip(all)
            .map(|(nonce, to)| transfer(&chain, nonce, to))
            .collect();
        for transaction in &all {
            chain.wait(Transaction::clone(transaction)).unwrap();
        }
        let mut draft = chain.draft(1, &Interrupt::default());
        draft.add_all(all.clone(), 1).unwrap();
        let block = chain.seal(draft);
        assert_eq!(block.transactions.len(), 1);
        let waiting = chain.pool_status();
        assert_eq!((waiting.ready, waiting.later), (0, 1));
        let mut draft = chain.draft(2, &Interrupt::default());
        draft
            .add_all(vec![transfer(&chain, 1, Address::ZERO)], 1)
            .unwrap();
        assert_eq!(chain.seal(draft).transactions.len(), 1);
    }
}
