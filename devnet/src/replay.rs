//! A transaction of another chain, carried out once more on the state that it met, and compared with its receipt.
//!
//! Lives here: which transactions have to be carried out before it, what is compared, and what a difference means. Not here: carrying one out
//! (`chain::rerun`), asking a node (`fork`).
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

use alloy_primitives::{Address, B256, Log};
use stylus_vm::{Gas, Refusal};

use crate::chain::{Chain, Ran};
use crate::config::{Config, Fork};
use crate::evm::Invalid;
use crate::fork::{ForkError, Forked, Mined, MinedError, Told};
use crate::state::source::attempt;
use crate::{GenesisError, SourceError};

/// How to replay.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether to leave out the earlier transactions of its block. It then meets the state before the block, and not its own.
    pub alone: bool,
    /// Other programs, by the addresses that they are put at, to be run once more with.
    pub programs: Vec<(Address, Vec<u8>)>,
}

/// How a transaction ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Whether it succeeded.
    pub success: bool,
    /// Gas, that for L1 data included.
    pub gas: Gas,
    /// Gas for its bytes on L1.
    pub poster_gas: Gas,
    /// Its logs, in their order.
    pub logs: Vec<Log>,
    /// The contract that it created, or would have.
    pub contract: Option<Address>,
    /// Why it failed, where that is known.
    pub reason: Option<String>,
}

/// In what two outcomes differ.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// One succeeded.
    #[error("it {} there and {} here", ended(*.there), ended(*.here))]
    Status {
        /// Whether it did there.
        there: bool,
        /// Whether it did here.
        here: bool,
    },
    /// Gas for L1 data.
    #[error("its gas for L1 data is {there} there and {here} here")]
    PosterGas {
        /// There.
        there: Gas,
        /// Here.
        here: Gas,
    },
    /// Gas but for that.
    #[error("its gas, but for L1 data, is {there} there and {here} here")]
    Gas {
        /// There.
        there: Gas,
        /// Here.
        here: Gas,
    },
    /// Logs.
    #[error("log {place} differs, of {there} there and {here} here")]
    Logs {
        /// The first that does, counted from 1.
        place: usize,
        /// How many there are there.
        there: usize,
        /// How many there are here.
        here: usize,
    },
    /// The address of a creation.
    #[error("it creates another contract here")]
    Contract,
}

fn ended(success: bool) -> &'static str {
    if success { "succeeded" } else { "failed" }
}

impl Outcome {
    /// In what this differs from what happened `there`.
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
        let own = |outcome: &Self| Gas(outcome.gas.0.saturating_sub(outcome.poster_gas.0));
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
        // A receipt names a contract only where there is one to be.
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
    /// Its place there.
    pub index: u64,
    /// Who sent it.
    pub from: Address,
    /// What it called; nothing where it is a creation.
    pub to: Option<Address>,
    /// The first four bytes of its input.
    pub selector: Option<[u8; 4]>,
    /// How it ended by its receipt.
    pub there: Outcome,
    /// How it ended here.
    pub here: Outcome,
    /// The first transaction of its block that ended differently here, and how, where it is an earlier one.
    pub deviates: Option<(B256, Vec<Difference>)>,
    /// Whether earlier transactions of its block were left out.
    pub is_alone: bool,
    /// How it ended here with the other programs.
    pub with_programs: Option<Outcome>,
}

impl Replayed {
    /// Whether it came to its receipt, in everything that a receipt says.
    pub fn is_exact(&self) -> bool {
        self.differences().is_empty()
    }

    /// In what it differs from its receipt.
    pub fn differences(&self) -> Vec<Difference> {
        self.here.differences(&self.there)
    }
}

/// A transaction that cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The chain before its block cannot be had.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// There is no chain to run it on.
    #[error(transparent)]
    Chain(#[from] GenesisError),
    /// Something of the chain cannot be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is in no block, or what the node says of it makes no sense.
    #[error("{0}")]
    Mined(String),
    /// It is not an Arbitrum chain.
    #[error(
        "the chain has no ArbOS state at block {0}: only transactions of Arbitrum chains can be replayed"
    )]
    Ethereum(u64),
    /// A transaction that ArbOS made itself.
    #[error("transaction {0} is one that ArbOS made itself: it has no gas to compare")]
    Internal(B256),
    /// A kind of message from L1 that is not carried out here.
    #[error(
        "transaction {transaction}, which comes before it in its block, is {kind}, and is not carried out here: leave it out with --alone"
    )]
    Message {
        /// Which.
        transaction: B256,
        /// What it is.
        kind: &'static str,
    },
    /// It was in a block, and could not be.
    #[error(
        "transaction {transaction} is in the block, and here it could not be: {reason}; the state is not the one that it met"
    )]
    Invalid {
        /// Which.
        transaction: B256,
        /// Why not.
        reason: String,
    },
    /// A program that would not be activated.
    #[error("the program for {address} would not be activated: {reason}")]
    Program {
        /// Where it was to be put.
        address: Address,
        /// Why not.
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

/// Replays a transaction of the chain that `fork` leads to, whichever block that names: it is on the block before the transaction's own that
/// the chain is forked.
///
/// # Errors
/// Where the transaction or its state cannot be had, or it is of a kind that is not carried out here.
pub fn transaction(
    fork: &Fork,
    transaction: B256,
    options: &Options,
) -> Result<Replayed, ReplayError> {
    let block = match fork.replay {
        // A recording is of one block.
        Some(_) => fork.block,
        None => Some(crate::fork::block_of(fork, transaction)?.saturating_sub(1)),
    };
    let forked = Forked::open(&Fork {
        block,
        ..fork.clone()
    })?;
    let replayed = attempt(|| on(&forked, transaction, options))??;
    forked
        .save()
        .map_err(|error| ReplayError::Mined(error.to_string()))?;
    Ok(replayed)
}

fn on(forked: &Forked, wanted: B256, options: &Options) -> Result<Replayed, ReplayError> {
    let block = forked.mined_block(wanted)?;
    if !forked.origin().is_arbitrum {
        return Err(ReplayError::Ethereum(forked.number()));
    }
    let config = Config {
        // Nothing is put on top of what the transaction met.
        balance: Default::default(),
        accounts: 0,
        ..Config::default()
    };
    let chain = Chain::forked(config, forked.origin().clone())?;
    let mut rerun = chain.rerun(block.environment);
    let mut deviates = None;
    let (earlier, rest) = block.transactions.split_at(block.wanted);
    for (transaction, receipt) in earlier {
        let hash = transaction.hash();
        match transaction {
            Mined::Start(_) => {}
            Mined::Deposit { to, value, .. } => rerun.deposit(*to, *value),
            _ if options.alone => {}
            Mined::Message { kind, .. } => {
                return Err(ReplayError::Message {
                    transaction: hash,
                    kind,
                });
            }
            Mined::Sent(sent) => {
                let ran = rerun.run(sent).map_err(|error| invalid(hash, &error))?;
                let differences = outcome(ran).differences(&receipt.clone().into());
                if deviates.is_none() && !differences.is_empty() {
                    deviates = Some((hash, differences));
                }
            }
        }
    }
    let Some((Mined::Sent(sent), receipt)) = rest.first() else {
        return Err(ReplayError::Internal(wanted));
    };
    let before = rerun.clone();
    let here = rerun.run(sent).map_err(|error| invalid(wanted, &error))?;
    let with_programs = match options.programs.is_empty() {
        true => None,
        false => {
            let mut rerun = before;
            for (address, wasm) in &options.programs {
                let given = rerun.give_program(*address, wasm);
                given.map_err(|refusal: Refusal| ReplayError::Program {
                    address: *address,
                    reason: refusal.to_string(),
                })?;
            }
            let ran = rerun.run(sent).map_err(|error| invalid(wanted, &error))?;
            Some(outcome(ran))
        }
    };
    let input = alloy_consensus::Transaction::input(&sent.envelope);
    Ok(Replayed {
        transaction: wanted,
        block: block.environment.number,
        index: block.wanted as u64,
        from: sent.sender,
        to: alloy_consensus::Transaction::to(&sent.envelope),
        selector: input.first_chunk().copied(),
        there: receipt.clone().into(),
        here: outcome(here),
        deviates,
        is_alone: options.alone,
        with_programs,
    })
}

fn invalid(transaction: B256, error: &Invalid) -> ReplayError {
    ReplayError::Invalid {
        transaction,
        reason: error.to_string(),
    }
}

fn outcome(ran: Ran) -> Outcome {
    let reason = ran.executed.reason.as_ref().map(ToString::to_string);
    Outcome {
        success: ran.is_success(),
        gas: Gas(ran.executed.gas_used),
        poster_gas: Gas(ran.poster_gas),
        logs: ran.executed.logs,
        contract: ran.contract,
        reason,
    }
}

impl From<Told> for Outcome {
    fn from(told: Told) -> Self {
        Self {
            success: told.success,
            gas: Gas(told.gas),
            poster_gas: Gas(told.poster_gas),
            logs: told.logs,
            contract: told.contract,
            reason: None,
        }
    }
}
