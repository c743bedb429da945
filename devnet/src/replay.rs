//! A transaction of another chain, executed again on the state that it met, and compared with its receipt.
//!
//! Lives here: which transactions have to run before it, what is compared, and what a difference means. Not here: running one
//! (`chain::rerun`), querying a node (`fork`).
//!
//! ```
//! use stylus_devnet::testing::*;
//! use stylus_devnet::{Devnet, Fork, replay};
//!
//! let live = Devnet::builder().port(0).start()?;
//! let chain = live.chain();
//! let sent = chain.from(chain.dev()).transfer(chain.account("bob"), U256::from(5));
//! let replayed = replay::transaction(&Fork::url(live.url()), sent.hash, &replay::Options::default())?;
//! assert!(replayed.is_exact());
//! assert_eq!(replayed.here.gas, Gas(21_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use alloy_primitives::{Address, B256, Log};
use serde::Deserialize;
use serde_json::value::RawValue;
use stylus_vm::{Gas, Refusal};

use crate::chain::{Chain, Included, Ran, Rerun};
use crate::config::{Config, Fork};
use crate::evm::{Invalid, Programs};
use crate::explain::Artifacts;
use crate::fork::{Finder, ForkError, Forked, Mined, MinedError, Told};
use crate::state::source::attempt;
use crate::trace::Tracer;
use crate::{GenesisError, SourceError};

pub use crate::fork::LastTransactions;

/// How to replay.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether to leave out the earlier transactions of its block. It then runs on the state before the block instead of the one it met.
    pub alone: bool,
    /// Other programs to run it with once more, each with the address to put it at.
    pub programs: Vec<(Address, Vec<u8>)>,
    /// Whether to report where each transaction's gas goes: [`Replayed::trace`].
    pub traced: bool,
    /// Builds with symbol names, for that report.
    pub artifacts: Artifacts,
}

/// How a transaction ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Whether it succeeded.
    pub success: bool,
    /// Gas, including that for L1 data.
    pub gas: Gas,
    /// Gas for its bytes on L1.
    pub poster_gas: Gas,
    /// Its logs, in order.
    pub logs: Vec<Log>,
    /// The contract that it created, or would have created.
    pub contract: Option<Address>,
    /// Why it failed, if that is known.
    pub reason: Option<String>,
}

/// A difference between two outcomes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// Only one of them succeeded.
    #[error("it {} there and {} here", ended(*.there), ended(*.here))]
    Status {
        /// Whether it succeeded there.
        there: bool,
        /// Whether it succeeded here.
        here: bool,
    },
    /// The gas for L1 data differs.
    #[error("its gas for L1 data is {there} on its chain and {here} here")]
    PosterGas {
        /// That gas there.
        there: Gas,
        /// That gas here.
        here: Gas,
    },
    /// The gas without that for L1 data differs.
    #[error("its gas without L1 data is {there} on its chain and {here} here")]
    Gas {
        /// That gas there.
        there: Gas,
        /// That gas here.
        here: Gas,
    },
    /// The logs differ.
    #[error("log {place} differs, of {there} on its chain and {here} here")]
    Logs {
        /// The first log that differs, counted from 1.
        place: usize,
        /// How many there are there.
        there: usize,
        /// How many there are here.
        here: usize,
    },
    /// It created a contract at another address.
    #[error("it creates another contract here")]
    Contract,
}

fn ended(success: bool) -> &'static str {
    if success { "succeeded" } else { "failed" }
}

impl Outcome {
    /// Returns how this differs from what happened `there`.
    pub fn differences(&self, there: &Self) -> Vec<Difference> {
        let mut all = Vec::new();
        if self.success != there.success {
            let (there, here) = (there.success, self.success);
            all.push(Difference::Status { there, here });
        }
        if self.poster_gas != there.poster_gas {
            let (there, here) = (there.poster_gas, self.poster_gas);
            all.push(Difference::PosterGas { there, here });
        }
        let own = |outcome: &Self| outcome.gas.saturating_sub(outcome.poster_gas);
        if own(self) != own(there) {
            let (there, here) = (own(there), own(self));
            all.push(Difference::Gas { there, here });
        }
        if self.logs != there.logs {
            let both = self.logs.iter().zip(&there.logs);
            let same = both.take_while(|(here, there)| here == there).count();
            all.push(Difference::Logs {
                place: same + 1,
                there: there.logs.len(),
                here: self.logs.len(),
            });
        }
        // A receipt names a contract only if one could have been created.
        if there.contract.is_some() && self.contract != there.contract {
            all.push(Difference::Contract);
        }
        all
    }
}

/// A transaction that was replayed.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Its hash.
    pub transaction: B256,
    /// Its block.
    pub block: u64,
    /// Its index in the block.
    pub index: u64,
    /// The sender.
    pub from: Address,
    /// What it called; `None` for a creation.
    pub to: Option<Address>,
    /// The first four bytes of its input.
    pub selector: Option<[u8; 4]>,
    /// How it ended according to its receipt.
    pub there: Outcome,
    /// How it ended here.
    pub here: Outcome,
    /// The first earlier transaction of its block that ended differently here, and how.
    pub deviates: Option<(B256, Vec<Difference>)>,
    /// Whether earlier transactions of its block were left out.
    pub is_alone: bool,
    /// Where its gas went, as `debug_traceTransaction` reports it with `stylusGasTracer` and all programs broken down by function, or why
    /// that cannot be reported; `None` if it was not asked for.
    pub trace: Option<Result<Box<RawValue>, String>>,
    /// How it ended here with the other programs.
    pub with_programs: Option<Outcome>,
    /// Which of their addresses it called, as far as that can be told.
    pub called: Option<Vec<Address>>,
}

impl Replayed {
    /// Whether the outcome matches the receipt in everything that a receipt says.
    pub fn is_exact(&self) -> bool {
        self.differences().is_empty()
    }

    /// Returns how the outcome differs from the receipt.
    pub fn differences(&self) -> Vec<Difference> {
        self.here.differences(&self.there)
    }
}

/// Why a transaction cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The chain before its block cannot be read.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// No chain can be set up to run it on.
    #[error(transparent)]
    Chain(#[from] GenesisError),
    /// Part of the chain's data cannot be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is in no block, or the node's data about it makes no sense.
    #[error("{0}")]
    Mined(String),
    /// The chain is not an Arbitrum chain.
    #[error(
        "the chain has no ArbOS state at block {0}: only transactions of Arbitrum chains can be replayed"
    )]
    Ethereum(u64),
    /// ArbOS made the transaction itself.
    #[error("ArbOS itself made transaction {0}: it has no gas to compare")]
    Internal(B256),
    /// Transactions of several blocks were to go into one recording.
    #[error(
        "a recording holds one block's state, but the transactions are in {0} blocks: record those of one block at a time"
    )]
    SeveralBlocks(usize),
    /// A recording cannot be searched.
    #[error("a recording holds one block and cannot be searched: name transactions, or a node")]
    NoSearch,
    /// It was in the block, but is invalid here.
    #[error(
        "transaction {transaction} is in the block, but is rejected here: {reason}; the state is not the one that it ran on"
    )]
    Invalid {
        /// The transaction.
        transaction: B256,
        /// Why it is invalid.
        reason: String,
    },
    /// A program that would not be activated.
    #[error("the program for {address} would not be activated: {reason}")]
    Program {
        /// The address for the program.
        address: Address,
        /// Why it would not be activated.
        reason: String,
    },
}

impl From<MinedError> for ReplayError {
    fn from(error: MinedError) -> Self {
        match error {
            MinedError::Source(error) => Self::Source(error),
            other => Self::Mined(other.to_string()),
        }
    }
}

/// Finds the last `count` transactions that were signed and sent directly to `contract`, in the newest `most_blocks` blocks of `fork`'s
/// node. Calls by way of other contracts are not found.
///
/// # Errors
/// If the node does not answer, or `fork` is a recording, which has one block.
pub fn last_transactions(
    fork: &Fork,
    contract: Address,
    count: usize,
    most_blocks: u64,
) -> Result<LastTransactions, ReplayError> {
    if fork.replay.is_some() {
        return Err(ReplayError::NoSearch);
    }
    Ok(Finder::new(fork)?.last_of(contract, count, most_blocks)?)
}

/// Replays a transaction of the chain that `fork` names, ignoring the block in `fork`: the chain is forked at the block before the
/// transaction's own.
///
/// # Errors
/// If the transaction or its state cannot be fetched, or its kind is not supported.
pub fn transaction(
    fork: &Fork,
    transaction: B256,
    options: &Options,
) -> Result<Replayed, Arc<ReplayError>> {
    let mut all = transactions(fork, &[transaction], options)?;
    all.pop()
        .expect("one transaction was asked for, and each has an answer")
}

/// Replays several transactions, block by block, so that earlier transactions of a block run only once. Returns one result each, in the
/// order of `transactions`; an error with a block is the result of all its transactions.
///
/// # Errors
/// If several blocks are to be recorded in one file, which holds the state before one block.
pub fn transactions(
    fork: &Fork,
    transactions: &[B256],
    options: &Options,
) -> Result<Vec<Result<Replayed, Arc<ReplayError>>>, Arc<ReplayError>> {
    let mut done = Done::new();
    let mut blocks: BTreeMap<Option<u64>, Vec<B256>> = BTreeMap::new();
    match fork.replay {
        // A recording is of one block.
        Some(_) => {
            blocks.insert(fork.block, transactions.to_vec());
        }
        None => {
            let finder = Finder::new(fork).map_err(|error| Arc::new(error.into()))?;
            for (hash, block) in transactions.iter().zip(finder.blocks_of(transactions)) {
                match block {
                    Ok(block) => blocks
                        .entry(Some(block.saturating_sub(1)))
                        .or_default()
                        .push(*hash),
                    Err(error) => {
                        done.insert(*hash, Err(Arc::new(error.into())));
                    }
                }
            }
        }
    }
    if fork.record.is_some() && blocks.len() > 1 {
        return Err(Arc::new(ReplayError::SeveralBlocks(blocks.len())));
    }
    // Programs do not change from block to block.
    let programs = Programs::default();
    for (block, wanted) in blocks {
        let fork = Fork {
            block,
            ..fork.clone()
        };
        match of_block(&fork, &wanted, options, &programs) {
            Ok(all) => done.extend(all),
            Err(error) => {
                let error = Arc::new(error);
                done.extend(wanted.into_iter().map(|hash| (hash, Err(error.clone()))));
            }
        }
    }
    let unknown = |hash: &B256| Err(Arc::new(ReplayError::Internal(*hash)));
    let result = |hash: &B256| done.get(hash).cloned().unwrap_or_else(|| unknown(hash));
    Ok(transactions.iter().map(result).collect())
}

/// The results by transaction.
type Done = HashMap<B256, Result<Replayed, Arc<ReplayError>>>;

/// Replays the `wanted` transactions of the block after the one that `fork` names.
fn of_block(
    fork: &Fork,
    wanted: &[B256],
    options: &Options,
    programs: &Programs,
) -> Result<Done, ReplayError> {
    let forked = Forked::open(fork)?;
    let block = forked.mined_block()?;
    if !forked.origin().is_arbitrum {
        return Err(ReplayError::Ethereum(forked.number()));
    }
    let config = Config {
        // Nothing is added to the state that the transaction met.
        balance: Default::default(),
        accounts: 0,
        artifacts: options.artifacts.clone(),
        ..Config::default()
    };
    let chain = Chain::forked(config, forked.origin().clone())?;
    let rerun = attempt(|| chain.rerun(block.environment, programs))?;
    let mut run = Run {
        number: block.environment.number,
        options,
        rerun,
        deviates: None,
    };
    let mut left: HashSet<B256> = wanted.iter().copied().collect();
    let mut done = Done::new();
    // The error that keeps the rest of the block from running.
    let mut stopped = None;
    for (index, (transaction, receipt)) in block.transactions.iter().enumerate() {
        if left.is_empty() {
            break;
        }
        let is_wanted = left.remove(&transaction.hash());
        if let (true, Some(error)) = (is_wanted, &stopped) {
            done.insert(transaction.hash(), Err(Arc::clone(error)));
            continue;
        }
        match run.carry_out(index as u64, transaction, receipt, is_wanted) {
            Ok(Some(replayed)) => {
                done.insert(replayed.transaction, Ok(replayed));
            }
            Ok(None) => {}
            Err(error) => {
                let error = Arc::new(error);
                if is_wanted {
                    done.insert(transaction.hash(), Err(error.clone()));
                }
                // Without the earlier transactions, none depends on another.
                if !options.alone {
                    stopped.get_or_insert(error);
                }
            }
        }
    }
    for hash in left {
        done.insert(hash, Err(Arc::new(forked.elsewhere(hash).into())));
    }
    if done.values().any(Result::is_ok) {
        forked
            .save()
            .map_err(|error| ReplayError::Mined(error.to_string()))?;
    }
    Ok(done)
}

/// A block being executed.
struct Run<'a> {
    number: u64,
    options: &'a Options,
    rerun: Rerun,
    /// The first transaction that differs from its receipt, and how.
    deviates: Option<(B256, Vec<Difference>)>,
}

impl Run<'_> {
    /// Executes the next transaction of the block, as far as it matters.
    fn carry_out(
        &mut self,
        index: u64,
        transaction: &Mined,
        receipt: &Told,
        is_wanted: bool,
    ) -> Result<Option<Replayed>, ReplayError> {
        let hash = transaction.hash();
        match transaction {
            Mined::Start(_) | Mined::Deposit { .. } if is_wanted => {
                Err(ReplayError::Internal(hash))
            }
            Mined::Start(_) => Ok(None),
            Mined::Deposit { to, value, .. } => {
                attempt(|| self.rerun.deposit(*to, *value))?;
                Ok(None)
            }
            Mined::Sent(_) if self.options.alone && !is_wanted => Ok(None),
            Mined::Sent(sent) => {
                let before = is_wanted.then(|| self.rerun.clone());
                let ran = attempt(|| self.rerun.run(sent));
                if let (true, Some(before)) = (self.options.alone, &before) {
                    // The next one runs alone, too.
                    self.rerun = before.clone();
                }
                let ran = ran?.map_err(|error| invalid(hash, &error))?;
                let here = outcome(ran);
                let there = Outcome::from(receipt.clone());
                let deviates = self.deviates.clone();
                if self.deviates.is_none() && !self.options.alone {
                    let differences = here.differences(&there);
                    self.deviates = (!differences.is_empty()).then_some((hash, differences));
                }
                let Some(before) = before else {
                    return Ok(None);
                };
                let other = self.with_programs(&before, sent)?;
                let (with_programs, called) = other.map(|it| (it.outcome, it.called)).unzip();
                let replayed = Replayed {
                    transaction: hash,
                    block: self.number,
                    index,
                    from: sent.from(),
                    to: sent.to(),
                    selector: sent.input().first_chunk().copied(),
                    there,
                    here,
                    deviates,
                    is_alone: self.options.alone,
                    trace: self.trace(&before, sent)?,
                    with_programs,
                    called: called.flatten(),
                };
                Ok(Some(replayed))
            }
        }
    }

    /// Reports where the gas of a transaction goes, if that was asked for.
    fn trace(
        &self,
        before: &Rerun,
        sent: &Included,
    ) -> Result<Option<Result<Box<RawValue>, String>>, ReplayError> {
        if !self.options.traced {
            return Ok(None);
        }
        let told = attempt(|| before.trace(sent, &Tracer::functions()))?;
        Ok(told.map_err(|error| error.to_string()).transpose())
    }

    /// Runs a transaction with the other programs, if there are any, and tells which of their addresses it called.
    fn with_programs(&self, before: &Rerun, sent: &Included) -> Result<Option<Other>, ReplayError> {
        if self.options.programs.is_empty() {
            return Ok(None);
        }
        let mut rerun = before.clone();
        let (ran, frames) = attempt(|| {
            for (address, wasm) in &self.options.programs {
                let given = rerun.give_program(*address, wasm);
                given.map_err(|refusal: Refusal| ReplayError::Program {
                    address: *address,
                    reason: refusal.to_string(),
                })?;
            }
            let frames = rerun.trace(sent, &Tracer::Parity(Default::default()));
            let ran = rerun.run(sent);
            let ran = ran.map_err(|error| invalid(sent.hash(), &error))?;
            Ok::<_, ReplayError>((ran, frames))
        })??;
        // A trace can be too long to be written.
        let called = frames.ok().flatten().and_then(|frames| {
            let frames: Vec<Frame> = serde_json::from_str(frames.get()).ok()?;
            let to: HashSet<_> = frames.iter().filter_map(|it| it.action.to).collect();
            let given = self.options.programs.iter().map(|(address, _)| *address);
            Some(given.filter(|address| to.contains(address)).collect())
        });
        Ok(Some(Other {
            outcome: outcome(ran),
            called,
        }))
    }
}

/// A run with the other programs.
struct Other {
    outcome: Outcome,
    /// Which of their addresses it called, as far as that can be told.
    called: Option<Vec<Address>>,
}

/// A frame, as the flat tracer writes it.
#[derive(Deserialize)]
struct Frame {
    action: Action,
}

#[derive(Deserialize)]
struct Action {
    /// The account whose code ran; `None` for what is no call.
    to: Option<Address>,
}

fn invalid(transaction: B256, error: &Invalid) -> ReplayError {
    ReplayError::Invalid {
        transaction,
        reason: error.to_string(),
    }
}

fn outcome(ran: Ran) -> Outcome {
    Outcome {
        success: ran.success,
        gas: ran.gas,
        poster_gas: ran.poster_gas,
        logs: ran.logs,
        contract: ran.contract,
        reason: ran.reason,
    }
}

impl From<Told> for Outcome {
    fn from(told: Told) -> Self {
        Self {
            success: told.success,
            gas: told.gas,
            poster_gas: told.poster_gas,
            logs: told.logs,
            contract: told.contract,
            reason: None,
        }
    }
}
