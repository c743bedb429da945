//! Replayed transactions of a chain: what their receipts say, their results here, and their results with other programs.
//!
//! Lives here: the data, and the version of its shape. Not here: replaying (`measure::replay`), words (`content::replay`).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use stylus_vm::Gas;

use crate::figures::profile::CallProfile;

/// The version of [`Replays`]'s JSON shape: raised whenever a key changes its meaning or disappears.
pub const REPLAY_SCHEMA: u32 = 1;

/// Several replayed transactions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Replays {
    /// [`REPLAY_SCHEMA`] at the time of writing.
    pub replay_schema: u32,
    /// Where they come from: a host or a recording, stripped of anything that could be a key.
    pub chain: String,
    /// Whether the earlier transactions of their blocks were skipped.
    pub alone: bool,
    /// By address, the file names of the programs that replaced the deployed ones.
    pub programs: BTreeMap<Address, String>,
    /// Those of them that no transaction called, so that nothing was replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncalled: Vec<Address>,
    /// Where the transactions were searched for, if they were not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// Files of names that match no program that ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strangers: Vec<String>,
    /// The transactions, in the order requested, or in the chain's.
    pub transactions: Vec<ReplayedTransaction>,
    /// Transactions that could not be replayed, and why: a sentence each.
    pub failures: BTreeMap<B256, String>,
}

/// How the latest transactions of a contract were found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Search {
    /// The contract.
    pub contract: Address,
    /// How many were wanted.
    pub wanted: usize,
    /// How many were found.
    pub found: usize,
    /// The newest block searched.
    pub newest: u64,
    /// How many blocks were searched, from the newest back.
    pub blocks: u64,
}

/// One replayed transaction.
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
    /// What it called; `None` if it creates a contract.
    pub to: Option<Address>,
    /// What its receipt says.
    pub there: Ended,
    /// Its result here.
    pub here: Ended,
    /// How the two differ; empty if the replay is exact.
    pub differences: Vec<String>,
    /// The first earlier transaction of the block that differs from its receipt, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviates: Option<Deviation>,
    /// Its result with the replaced programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_programs: Option<Ended>,
    /// How its behaviour with the replaced programs differs from its behaviour here without them, gas aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behaves_otherwise: Vec<String>,
    /// The programs it ran, the most expensive first, if this is the only transaction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<ProgramProfile>,
    /// How many more programs ran that are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_profiles: u64,
    /// Why there are no profiles, if there should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_profile: Option<String>,
}

/// One run of a program in a transaction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProgramProfile {
    /// Its depth below the transaction's own frame. At depth 0 the profile is of the whole transaction, otherwise of the frame.
    pub depth: usize,
    /// The file from which its function names come.
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
    /// Gas used, including gas for L1 data.
    pub gas: Gas,
    /// Gas for posting its bytes on L1.
    pub l1_gas: Gas,
    /// How many logs it emitted.
    pub logs: usize,
    /// Why it failed, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A transaction, earlier than the one requested, that differs from its receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deviation {
    /// Its hash.
    pub transaction: B256,
    /// How it differs.
    pub differences: Vec<String>,
}

impl ReplayedTransaction {
    /// Whether the replay matches the receipt.
    pub fn is_exact(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Replays {
    /// The most expensive program that a transaction ran, if it was profiled.
    pub fn dearest(&self) -> Option<&CallProfile> {
        let profiles = self.transactions.iter().flat_map(|it| &it.profiles);
        profiles.map(|it| &it.profile).next()
    }

    /// The replaced programs that never ran, a sentence each.
    pub fn unused(&self) -> impl Iterator<Item = String> {
        self.uncalled.iter().map(|address| {
            let file = self.programs.get(address).map_or("the program", |it| it);
            format!("{file} did not run: nothing was called at {address}; give --code the address of a program that runs")
        })
    }

    /// Whether every replay matches its receipt.
    pub fn is_exact(&self) -> bool {
        let mut transactions = self.transactions.iter();
        self.failures.is_empty() && transactions.all(ReplayedTransaction::is_exact)
    }
}
