//! The context that every part of the machine works on: revm's, with Arbitrum's additions to a block and a transaction.
//!
//! Lives here: types, and facts that no revert undoes. Not here: anything that acts on them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use alloy_primitives::Address;
use revm::context::{BlockEnv, CfgEnv, Journal, TxEnv};
use revm::interpreter::InstructionResult;
use stylus_vm::{ArbOs, PageCounters, Pages};

use crate::arbos::UnknownUpgrade;
use crate::arbos::l1_pricing::Poster;
use crate::evm::{Interrupt, Programs, RecentPrograms};
use crate::explain::{Artifacts, Coverage};
use crate::state::State;
use crate::units::Price;

/// revm's context over this chain's state. The journal holds everything that reverts; [`Scope`] holds the rest.
pub(crate) type Context = revm::Context<BlockEnv, TxEnv, CfgEnv, State, Journal<State>, Scope>;

/// What is outside the journal because no revert undoes it, grouped by lifetime.
pub(crate) struct Scope {
    /// What all blocks of the chain have in common.
    pub(crate) chain: ChainScope,
    /// What all transactions of a block have in common.
    pub(crate) block: BlockScope,
    /// The transaction's own data, reset for each.
    pub(crate) transaction: TransactionScope,
    /// Whether this is a call that never becomes a transaction; NodeInterface exists only in those.
    pub(crate) is_simulation: bool,
    /// Whether it is a block's transaction, neither a call nor an estimate.
    pub(crate) is_onchain: bool,
    /// Interrupts the run from outside.
    pub(crate) interrupt: Interrupt,
    /// Addresses that are no longer precompiles, and those that have become one: which.
    pub(crate) moved: Arc<BTreeMap<Address, Option<Address>>>,
}

/// What holds for the lifetime of a chain.
pub(crate) struct ChainScope {
    /// Compiled programs and known activations, shared by all transactions.
    pub(crate) programs: Programs,
    /// Whether the chain was configured for debugging: ArbDebug, and a program's console.
    pub(crate) debug: bool,
    /// The most bytes of code that an account can hold.
    pub(crate) max_code_size: u32,
    /// Where to find the source lines of programs.
    pub(crate) artifacts: Artifacts,
    /// Collects coverage of the programs that count.
    pub(crate) coverage: Coverage,
}

/// What Arbitrum knows of a block, beyond what the EVM sees of it.
pub(crate) struct BlockScope {
    /// The block's own number; the EVM's NUMBER gives the L1 block's instead.
    pub(crate) number: u64,
    /// The L1 block number that ArbOS has.
    pub(crate) l1_number: u64,
    /// The block's base fee, which a call with no gas price does not see.
    pub(crate) base_fee: Price,
    /// The rules in force; an upgrade takes effect between blocks.
    pub(crate) arbos: ArbOs,
    /// Pages that the programs of a transaction can hold on this machine.
    pub(crate) most_pages: Pages,
    /// Whether scheduled retries run: only in a block of another chain, which already contains them. This chain schedules none itself.
    pub(crate) runs_retries: bool,
    /// Programs called in this block (ArbOS 60); passed from one transaction to the next.
    pub(crate) recent: RecentPrograms,
}

/// What belongs to one transaction; nothing carries over from the one before.
#[derive(Default)]
pub(crate) struct TransactionScope {
    /// What it offers for gas, including the tip; programs see it.
    pub(crate) gas_price: Price,
    /// Its bytes on L1, and what they cost.
    pub(crate) poster: Poster,
    /// Who receives what is left of a retry's fees, which were paid when it was submitted.
    pub(crate) redeemer: Option<Address>,
    /// Whether it is filtered (ArbOS 60): it uses all its gas and does nothing else.
    pub(crate) is_filtered: bool,
    /// Pages of memory that it holds.
    pub(crate) pages: PageCounters,
    /// How many executions of each account are in progress, not counting delegate calls.
    pub(crate) acting: HashMap<Address, u32>,
    /// The caller of each frame in progress.
    pub(crate) callers: Vec<Address>,
    /// Accounts that a creation has made warm.
    pub(crate) created: BTreeSet<Address>,
    /// Accounts that ArbOS has changed, which left them cold.
    pub(crate) left_cold: BTreeSet<Address>,
    /// Its frames that have failed so far.
    pub(crate) failed: FailedFrames,
    /// Why a call failed, if the EVM has no word for it.
    pub(crate) reason: Option<Reason>,
}

/// How many frames of a transaction have failed.
#[derive(Default)]
pub(crate) struct FailedFrames {
    /// By depth, so that a caller that fails before its callee could does not pass for the callee.
    by_depth: Vec<u32>,
    /// Those that ran out of gas.
    starved: u32,
}

impl FailedFrames {
    /// Counts a frame that has ended at this depth, if it has failed.
    pub(super) fn count(&mut self, result: InstructionResult, depth: usize) {
        if result.is_ok() {
            return;
        }
        if self.by_depth.len() <= depth {
            self.by_depth.resize(depth + 1, 0);
        }
        self.by_depth[depth] += 1;
        self.starved += u32::from(matches!(
            result,
            InstructionResult::OutOfGas
                | InstructionResult::MemoryOOG
                | InstructionResult::PrecompileOOG
                | InstructionResult::InvalidOperandOOG
                | InstructionResult::ReentrancySentryOOG
        ));
    }

    /// Whether no more have failed than in another run, at any depth.
    pub(crate) fn are_within(&self, other: &Self) -> bool {
        let others = other.by_depth.iter().chain(std::iter::repeat(&0));
        let mut both = self.by_depth.iter().zip(others);
        self.starved <= other.starved && both.all(|(here, there)| here <= there)
    }
}

/// What the reason of a program's own failure begins with. Such a failure has more to report: where the program was.
pub(crate) const PROGRAM_FAILED: &str = "the program failed: ";

/// Why a call failed, if the EVM has no word for it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Reason {
    /// The chain does not activate a program: in Nitro's words, with what its author can do about it.
    #[error("program activation failed: {0}")]
    NotActivated(String),
    /// An owner wants a version of ArbOS that is not known here.
    #[error(transparent)]
    UnknownUpgrade(#[from] UnknownUpgrade),
    /// Another part of the chain refused it; clients see this.
    #[error("{0}")]
    Refused(String),
    /// A program failed. Clients see an ordinary revert, as on chain; the log and traces say more.
    #[error("{PROGRAM_FAILED}{0}")]
    Failed(String),
}

impl Reason {
    /// Whether the devnet's log shows it, since clients often show nothing.
    pub(crate) fn is_logged(&self) -> bool {
        match self {
            Self::NotActivated(_) | Self::UnknownUpgrade(_) | Self::Failed(_) => true,
            Self::Refused(_) => false,
        }
    }
}
