//! Transactions of a chain that were carried out once more: what their receipts say, what they came to here, and with other programs.
//!
//! Lives here: the data, and the version of its shape. Not here: carrying them out (`measure::replay`), words (`content::replay`).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use stylus_vm::Gas;

use crate::figures::profile::CallProfile;

/// The version of the shape of [`Replays`] as JSON: raised whenever a key changes its meaning or disappears.
pub const REPLAY_SCHEMA: u32 = 1;

/// Some transactions, replayed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Replays {
    /// [`REPLAY_SCHEMA`] at the time.
    pub replay_schema: u32,
    /// Where they are from: a host or a recording, without anything that may be a key.
    pub chain: String,
    /// Whether the earlier transactions of their blocks were left out.
    pub alone: bool,
    /// The programs that were put in the place of others, by address: the files' names.
    pub programs: BTreeMap<Address, String>,
    /// Where the transactions were looked for, if they were not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// Files of names that are of no program that ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strangers: Vec<String>,
    /// The transactions, in the order in which they were asked for, or in the chain's.
    pub transactions: Vec<ReplayedTransaction>,
    /// Those that could not be replayed, and why, a sentence each.
    pub failures: BTreeMap<B256, String>,
}

/// How a contract's last transactions were looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Search {
    /// The contract.
    pub contract: Address,
    /// How many were wanted.
    pub wanted: usize,
    /// How many were found.
    pub found: usize,
    /// The newest block.
    pub newest: u64,
    /// How many blocks were looked at, from the newest back.
    pub blocks: u64,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReplayedTransaction {
    /// Its hash.
    pub transaction: B256,
    /// Its block.
    pub block: u64,
    /// Its place in the block, from 0.
    pub index: u64,
    /// Who sent it.
    pub from: Address,
    /// What it called; nothing where it is a creation.
    pub to: Option<Address>,
    /// What its receipt says.
    pub there: Ended,
    /// What it came to here.
    pub here: Ended,
    /// In what the two differ; nothing where it is exact.
    pub differences: Vec<String>,
    /// The first earlier transaction of its block that differs from its receipt, and in what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviates: Option<Deviation>,
    /// What it came to with the other programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_programs: Option<Ended>,
    /// In what it then differs from what it does here without them, but for gas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behaves_otherwise: Vec<String>,
    /// The programs that it ran, the dearest first, where it is the only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<ProgramProfile>,
    /// How many more ran, which are not told.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_profiles: u64,
    /// Why there are no profiles, where there should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_profile: Option<String>,
}

/// One run of a program in a transaction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProgramProfile {
    /// Frames below the transaction's own; for that one the profile is of the whole transaction, and for others of the frame.
    pub depth: usize,
    /// The file that its functions have their names from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<String>,
    /// Where its gas went.
    pub profile: CallProfile,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's way to ask")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How a transaction ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// Whether it succeeded.
    pub success: bool,
    /// Gas, that for L1 data included.
    pub gas: Gas,
    /// Gas for its bytes on L1.
    pub l1_gas: Gas,
    /// How many logs it has.
    pub logs: usize,
    /// Why it failed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A transaction that differs from its receipt, before the one that was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deviation {
    /// Its hash.
    pub transaction: B256,
    /// In what.
    pub differences: Vec<String>,
}

impl ReplayedTransaction {
    /// Whether it came to its receipt.
    pub fn is_exact(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Replays {
    /// The dearest program that a transaction ran, where that is told.
    pub fn dearest(&self) -> Option<&CallProfile> {
        let profiles = self.transactions.iter().flat_map(|it| &it.profiles);
        profiles.map(|it| &it.profile).next()
    }

    /// Whether all came to their receipts.
    pub fn is_exact(&self) -> bool {
        let mut transactions = self.transactions.iter();
        self.failures.is_empty() && transactions.all(ReplayedTransaction::is_exact)
    }
}
