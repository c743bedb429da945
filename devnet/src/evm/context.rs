//! The context that every part of the machine works on: revm's, with what Arbitrum adds to a block and a transaction.
//!
//! Lives here: types and per-transaction facts that no revert undoes. Not here: anything that acts on them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy_primitives::{Address, U256};
use revm::context::{BlockEnv, CfgEnv, Journal, TxEnv};
use stylus_vm::{ArbOs, PageCounters, Pages};

use crate::evm::{Interrupt, Programs, RecentPrograms};
use crate::state::State;

/// revm's context over this chain's state. The journal holds all that reverts; [`Scope`] what does not.
pub(crate) type Context = revm::Context<BlockEnv, TxEnv, CfgEnv, State, Journal<State>, Scope>;

/// What a block is on Arbitrum, beyond what the EVM sees of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlockFacts {
    /// The block's own number; the EVM's NUMBER gives the L1 block's instead.
    pub(crate) number: u64,
    /// The L1 block number that ArbOS knows.
    pub(crate) l1_number: u64,
    /// The block's base fee in wei, which a call for nothing does not see.
    pub(crate) base_fee: u64,
}

/// What a transaction's bytes take on L1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Poster {
    /// L1 gas for its bytes as they are compressed, 16 for each.
    pub(crate) units: u64,
    /// Gas taken for them here.
    pub(crate) gas: u64,
}

/// What belongs to one transaction and lives outside the journal.
pub(crate) struct Scope {
    /// Compiled programs and known activations, shared by all transactions.
    pub(crate) programs: Programs,
    /// The block.
    pub(crate) block: BlockFacts,
    /// The rules in force; an upgrade takes effect between blocks.
    pub(crate) arbos: ArbOs,
    /// Whether the chain was configured for debugging: ArbDebug, and a program's console.
    pub(crate) debug: bool,
    /// Bytes of code an account may hold.
    pub(crate) max_code_size: u32,
    /// Programs called in this block (ArbOS 60); handed from one transaction to the next.
    pub(crate) recent: RecentPrograms,
    /// Pages of memory that the transaction holds.
    pub(crate) pages: PageCounters,
    /// How often each account is being executed, but for delegate calls.
    pub(crate) acting: HashMap<Address, u32>,
    /// Who called each frame that is being executed.
    pub(crate) callers: Vec<Address>,
    /// Wei per gas that the transaction offers, tip included; programs see it.
    pub(crate) gas_price: U256,
    /// The transaction's bytes on L1, and what they cost.
    pub(crate) poster: Poster,
    /// Whether the transaction is filtered (ArbOS 60): it uses up its gas and does nothing.
    pub(crate) is_filtered: bool,
    /// Whether this is a call that never becomes a transaction: only then NodeInterface exists.
    pub(crate) is_simulation: bool,
    /// Whether it is a block's transaction, and neither a question nor an estimate.
    pub(crate) is_onchain: bool,
    /// What ends the run from outside.
    pub(crate) interrupt: Interrupt,
    /// Pages that the programs of the transaction may hold on this machine.
    pub(crate) most_pages: Pages,
    /// Addresses that are precompiles no more, and those that have become one, with which.
    pub(crate) moved: Arc<BTreeMap<Address, Option<Address>>>,
    /// Frames that ran out of gas so far.
    pub(crate) starved: u32,
    /// Why a call failed where the EVM has no word for it.
    pub(crate) reason: Option<Reason>,
}

/// Why a call failed where the EVM has no word for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    /// A part of the chain refused it; clients are told.
    Refused(String),
    /// A program failed. To clients that is a revert like any other, as on chain; the log and traces tell it.
    Failed(String),
}

impl Reason {
    /// The sentence.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Refused(text) | Self::Failed(text) => text,
        }
    }
}
