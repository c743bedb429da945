//! A block of another chain, executed again on the state that it met.
//!
//! Lives here: running its transactions one after another, under its own header, and what ArbOS itself does in between. Not here: where
//! block and state come from (`fork`), and what is compared (`replay`).
//!
//! A chain makes its own blocks in `production`; this makes none. The difference is in what the header dictates: the time, the price, the
//! beneficiary. What came through the delayed inbox pays nothing for L1 and offers no tip.

mod messages;

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, Bytes, Log, U256};
use revm::context_interface::{JournalTr as _, Transaction as _};
use revm::inspector::NoOpInspector;
use serde_json::value::RawValue;
use stylus_vm::{ArbOs, Gas, Pages, Refusal, activate};

use crate::addresses::SEQUENCER;
use crate::arbos::messages::Message;
use crate::arbos::{self, Entry};
use crate::chain::Chain;
use crate::chain::environment::{BlockSettings, Purpose, Rules, context};
use crate::chain::production::{begin, prepare};
use crate::chain::request::{Ending, Executed};
use crate::chain::transaction::Transaction;
use crate::chain::view;
use crate::evm::{
    Context, Interrupt, Invalid, Machine, Programs, RecentPrograms, TransactionError, execute,
};
use crate::state::State;
use crate::trace::{TraceError, Tracer};
use crate::units::Price;

/// A block being executed on top of a chain's newest block.
#[derive(Clone)]
pub(crate) struct Rerun {
    rules: Rules,
    state: State,
    settings: BlockSettings,
    arbos: ArbOs,
    recent: RecentPrograms,
}

/// What a block's transactions see of its header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RerunBlock {
    pub(crate) number: u64,
    pub(crate) l1_number: u64,
    /// Seconds since 1970.
    pub(crate) timestamp: u64,
    pub(crate) base_fee: Price,
    pub(crate) gas_limit: Gas,
    pub(crate) beneficiary: Address,
}

/// A transaction of a block that has a receipt to compare with.
#[derive(Clone, Debug)]
pub(crate) enum Included {
    Signed(Arc<Transaction>),
    /// An unsigned one, with its hash.
    Message(B256, Arc<Message>),
}

impl Included {
    pub(crate) fn hash(&self) -> B256 {
        match self {
            Self::Signed(transaction) => transaction.hash,
            Self::Message(hash, _) => *hash,
        }
    }

    pub(crate) fn from(&self) -> Address {
        match self {
            Self::Signed(transaction) => transaction.sender,
            Self::Message(_, message) => message.call().from,
        }
    }

    /// The address it calls; `None` for a creation.
    pub(crate) fn to(&self) -> Option<Address> {
        match self {
            Self::Signed(transaction) => transaction.envelope.to(),
            Self::Message(_, message) => message.call().to,
        }
    }

    pub(crate) fn input(&self) -> &[u8] {
        match self {
            Self::Signed(transaction) => transaction.envelope.input(),
            Self::Message(_, message) => &message.call().data,
        }
    }
}

/// Who pays for a transaction's gas, and for its bytes on L1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Payment {
    /// The signer pays for both.
    Signed,
    /// The stated sender pays, for the gas alone.
    Own,
    /// It was paid when it was submitted; what is left goes to this account.
    Ahead(Address),
}

/// The result of a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) success: bool,
    /// Gas, including that for its bytes on L1.
    pub(crate) gas: Gas,
    pub(crate) poster_gas: Gas,
    pub(crate) logs: Vec<Log>,
    /// The contract that it created, or would have created.
    pub(crate) contract: Option<Address>,
    /// Why it failed, if that is known.
    pub(crate) reason: Option<String>,
}

impl Ran {
    /// Returns the result of a message that runs no code; `reason` counts only if it failed.
    fn of_message(success: bool, gas: Gas, logs: Vec<Log>, reason: &str) -> Self {
        Self {
            success,
            gas,
            poster_gas: Gas::ZERO,
            logs,
            contract: None,
            reason: (!success).then(|| reason.to_owned()),
        }
    }
}

impl Chain {
    /// Begins a block on top of the newest, with the values of its original header and with programs that are already compiled.
    pub(crate) fn rerun(&self, block: RerunBlock, programs: &Programs) -> Rerun {
        let mut state = self.newest().clone();
        let parent = self.head();
        let arbos = begin(&mut state, Some(&parent), block.timestamp, block.l1_number);
        let RerunBlock {
            number,
            l1_number,
            timestamp,
            base_fee,
            gas_limit,
            beneficiary,
        } = block;
        Rerun {
            rules: Rules {
                programs: programs.clone(),
                ..self.rules.clone()
            },
            state,
            settings: BlockSettings {
                gas_limit,
                beneficiary,
                ..BlockSettings::of(number, l1_number, timestamp, base_fee)
            },
            arbos,
            recent: RecentPrograms::default(),
        }
    }
}

impl Rerun {
    /// Executes a transaction.
    ///
    /// # Errors
    /// If it could not have been in the block, although it was: the state is not the one that it ran on.
    pub(crate) fn run(&mut self, included: &Included) -> Result<Ran, Invalid> {
        match included {
            Included::Signed(transaction) => self.run_one(transaction, Payment::Signed),
            Included::Message(hash, message) => self.run_message(message, *hash),
        }
    }

    fn run_one(&mut self, transaction: &Transaction, payment: Payment) -> Result<Ran, Invalid> {
        let state = std::mem::take(&mut self.state);
        let context = self.context_of(transaction, payment, state);
        let poster_gas = context.chain.transaction.poster.gas;
        let mut machine = Machine::new(context, NoOpInspector, false);
        let result = execute(&mut machine);
        let mut context: Context = machine.into_context();
        let reason = context.chain.transaction.reason.take();
        let changes = context.journaled_state.finalize();
        self.recent = std::mem::take(&mut context.chain.block.recent);
        self.state = std::mem::take(&mut context.journaled_state.database);
        let result = result.map_err(|error| self.invalid(error, transaction))?;
        self.state.apply(changes);
        let executed = Executed::new(result, reason);
        Ok(Ran {
            success: executed.ending == Ending::Success,
            gas: executed.gas_used,
            poster_gas,
            logs: executed.logs,
            contract: transaction.created(),
            reason: executed.reason.map(|reason| reason.to_string()),
        })
    }

    /// Traces a transaction without changing the state; returns `None` for one that runs no code.
    ///
    /// # Errors
    /// If it could not have been in the block, or the tracer cannot trace it.
    pub(crate) fn trace(
        &self,
        included: &Included,
        tracer: &Tracer,
    ) -> Result<Option<Box<RawValue>>, TraceError> {
        let mut rerun = self.clone();
        let (transaction, payment) = match included {
            Included::Signed(transaction) => ((**transaction).clone(), Payment::Signed),
            Included::Message(_, message) if matches!(**message, Message::Submission(_)) => {
                return Ok(None);
            }
            Included::Message(hash, message) => rerun.begin_message(message, *hash),
        };
        let context = rerun.context_of(&transaction, payment, rerun.state.clone());
        let (told, _) = view::trace(context, tracer)
            .map_err(|error| TraceError::Invalid(self.invalid(error, &transaction)))?;
        told.map(Some)
    }

    fn context_of(&self, transaction: &Transaction, payment: Payment, state: State) -> Context {
        let (settings, base_fee) = (self.settings, self.settings.base_fee);
        let purpose = Purpose::Transaction;
        let mut context = context(&self.rules, state, self.arbos, settings, purpose);
        context.chain.block.recent = self.recent.clone();
        context.chain.block.runs_retries = true;
        prepare(&mut context, transaction, base_fee);
        if settings.beneficiary != SEQUENCER || payment != Payment::Signed {
            context.chain.transaction.poster = Default::default();
            context.tx.gas_priority_fee = Some(0);
            let price = Price(context.tx.effective_gas_price(base_fee.0));
            context.chain.transaction.gas_price = price;
        }
        if let Payment::Ahead(redeemer) = payment {
            context.chain.transaction.redeemer = Some(redeemer);
        }
        context
    }

    fn invalid(&self, error: TransactionError, transaction: &Transaction) -> Invalid {
        let base_fee = self.settings.base_fee;
        let offered = transaction.offered_price(base_fee);
        let interrupt = Interrupt::default();
        Invalid::of(error, &interrupt, transaction.sender, offered, base_fee)
    }

    /// Carries out a deposit from L1: creates ether.
    pub(crate) fn deposit(&mut self, to: Address, value: U256) {
        self.state.change(to, |account| {
            account.balance = account.balance.saturating_add(value);
        });
    }

    /// Replaces the program at an address with another, activated, and cached if the old one was.
    ///
    /// # Errors
    /// If the chain would not activate it.
    pub(crate) fn give_program(&mut self, address: Address, wasm: &[u8]) -> Result<(), Refusal> {
        let (debug, most_code) = (self.rules.debug, self.rules.max_code_size);
        let config = arbos::vm_config(&mut self.state, debug, most_code);
        let activation = activate(wasm, &config, Pages(0), Gas::MAX)?;
        let before = self.state.account(address).code_hash;
        let cached = arbos::program(&mut self.state, before).cached;
        let code = Bytes::from(stylus_vm::code::encode(wasm));
        self.state.set_code(address, code);
        let hash = self.state.account(address).code_hash;
        let entry = Entry {
            version: config.stylus.version,
            init_cost: activation.init_cost,
            cached_init_cost: activation.cached_init_cost,
            footprint: activation.footprint,
            activated_at: arbos::hours_since_epoch(self.settings.timestamp),
            asm_kib: activation.asm_estimate.div_ceil(1024),
            cached,
        };
        arbos::set_program(&mut self.state, hash, &entry);
        Ok(())
    }
}
