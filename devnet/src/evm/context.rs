//! The context that every part of the machine works on: revm's, with what Arbitrum adds to a block and a transaction.
//!
//! Lives here: types, and facts that no revert undoes. Not here: anything that acts on them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy_primitives::{Address, U256};
use revm::context::{BlockEnv, CfgEnv, Journal, TxEnv};
use stylus_vm::{ArbOs, PageCounters, Pages};

use crate::arbos::UnknownUpgrade;
use crate::arbos::l1_pricing::Poster;
use crate::evm::{Interrupt, Programs, RecentPrograms};
use crate::explain::{Artifacts, Coverage};
use crate::state::State;

/// revm's context over this chain's state. The journal holds all that reverts; [`Scope`] what does not.
pub(crate) type Context = revm::Context<BlockEnv, TxEnv, CfgEnv, State, Journal<State>, Scope>;

/// What is outside the journal, since no revert undoes it: by how long it holds.
pub(crate) struct Scope {
    /// What every block of the chain has in common.
    pub(crate) chain: ChainScope,
    /// What all transactions of a block have in common.
    pub(crate) block: BlockScope,
    /// The transaction's own, made anew for each.
    pub(crate) transaction: TransactionScope,
    /// Whether this is a call that never becomes a transaction: only then NodeInterface exists.
    pub(crate) is_simulation: bool,
    /// Whether it is a block's transaction, and neither a question nor an estimate.
    pub(crate) is_onchain: bool,
    /// What ends the run from outside.
    pub(crate) interrupt: Interrupt,
    /// Addresses that are precompiles no more, and those that have become one, with which.
    pub(crate) moved: Arc<BTreeMap<Address, Option<Address>>>,
}

/// What holds for as long as a chain lives.
pub(crate) struct ChainScope {
    /// Compiled programs and known activations, shared by all transactions.
    pub(crate) programs: Programs,
    /// Whether the chain was configured for debugging: ArbDebug, and a program's console.
    pub(crate) debug: bool,
    /// Bytes of code an account may hold.
    pub(crate) max_code_size: u32,
    /// Where the lines of programs are.
    pub(crate) artifacts: Artifacts,
    /// What programs did, of those that count.
    pub(crate) coverage: Coverage,
}

/// What a block is on Arbitrum, beyond what the EVM sees of it.
pub(crate) struct BlockScope {
    /// The block's own number; the EVM's NUMBER gives the L1 block's instead.
    pub(crate) number: u64,
    /// The L1 block number that ArbOS knows.
    pub(crate) l1_number: u64,
    /// The block's base fee in wei, which a call for nothing does not see.
    pub(crate) base_fee: u64,
    /// The rules in force; an upgrade takes effect between blocks.
    pub(crate) arbos: ArbOs,
    /// Pages that the programs of a transaction may hold on this machine.
    pub(crate) most_pages: Pages,
    /// Whether what is scheduled runs: in a block of another chain, which has it already. Nothing is on a chain of one's own.
    pub(crate) runs_retries: bool,
    /// Programs called in this block (ArbOS 60); handed from one transaction to the next.
    pub(crate) recent: RecentPrograms,
}

/// What belongs to one transaction: nothing of the one before is left in a new one.
#[derive(Default)]
pub(crate) struct TransactionScope {
    /// Wei per gas that it offers, tip included; programs see it.
    pub(crate) gas_price: U256,
    /// Its bytes on L1, and what they cost.
    pub(crate) poster: Poster,
    /// Who gets what is left of the fees of a retry, which were paid when it was submitted.
    pub(crate) redeemer: Option<Address>,
    /// Whether it is filtered (ArbOS 60): it uses up its gas and does nothing.
    pub(crate) is_filtered: bool,
    /// Pages of memory that it holds.
    pub(crate) pages: PageCounters,
    /// How often each account is being executed, but for delegate calls.
    pub(crate) acting: HashMap<Address, u32>,
    /// Who called each frame that is being executed.
    pub(crate) callers: Vec<Address>,
    /// Frames that ran out of gas so far.
    pub(crate) starved: u32,
    /// Why a call failed where the EVM has no word for it.
    pub(crate) reason: Option<Reason>,
}

/// What the reason of a program's own failure begins with. There is more to tell of one: where the program was.
pub(crate) const PROGRAM_FAILED: &str = "the program failed: ";

/// Why a call failed where the EVM has no word for it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Reason {
    /// A program that the chain does not activate, in Nitro's words, and what its author can do about it.
    #[error("program activation failed: {0}")]
    NotActivated(String),
    /// An owner wants a version of ArbOS that nobody here knows.
    #[error(transparent)]
    UnknownUpgrade(#[from] UnknownUpgrade),
    /// Another part of the chain refused it; clients are told.
    #[error("{0}")]
    Refused(String),
    /// A program failed. To clients that is a revert like any other, as on chain; the log and traces tell it.
    #[error("{PROGRAM_FAILED}{0}")]
    Failed(String),
}

impl Reason {
    /// Whether the devnet's log tells it, since clients often show none.
    pub(crate) fn is_logged(&self) -> bool {
        match self {
            Self::NotActivated(_) | Self::UnknownUpgrade(_) | Self::Failed(_) => true,
            Self::Refused(_) => false,
        }
    }
}
