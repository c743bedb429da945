//! What was measured of anybody's contracts: integers in units of their own, and the shape of the file they are kept in.
//!
//! Lives here: the results as data, the version of their shape, and the sums that hold within them. Not here: how they came
//! about (`measure`), averages of a call's parts (`figures::split`), comparing two of them (`baseline`), words (`content`).
//!
//! Theorem: the parts of a run add up. [`Parts::total`] is what the receipt says, to the gas; a run of which that is not true
//! never becomes a figure.

pub mod baseline;
pub mod comparison;
pub mod coverage;
pub mod edge_cases;
pub mod failure;
pub mod league;
pub mod lines;
pub mod lto;
pub mod profile;
pub mod replay;
pub mod size;
mod split;
mod summary;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
pub use stylus_vm::Bytes;
use stylus_vm::{Gas, Ink, Pages};

pub(crate) use crate::words::divided;
use lto::MissedLto;
pub(crate) use split::{ROUNDING, Segment, Split, apportion, hostios, median};
pub(crate) use summary::Summary;

/// A number of 64 KiB wasm pages. Wider than the VM's own `Pages`, which cannot hold the 65,536 of a whole address
/// space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PageCount(pub u32);

/// The version of the shape of [`Report`] as JSON: raised whenever a key changes its meaning or disappears.
pub const SCHEMA: u32 = 1;

/// The figures of some contracts, which is also what a baseline's file holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`] at the time.
    pub schema: u32,
    /// What the figures depend on besides the sources.
    pub made_with: MadeWith,
    /// The contracts, by name.
    pub contracts: Vec<Contract>,
    /// By name, those that ask for link-time optimisation and are built without.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missed_lto: BTreeMap<String, MissedLto>,
}

/// The circumstances that figures depend on besides the sources.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MadeWith {
    /// This program's version.
    pub gas_bench: String,
    /// The compiler, as `rustc --version` names itself.
    pub toolchain: String,
    /// Whether the compiler was made to forget where the sources are, which `cargo stylus` deploys.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reproducible: bool,
    /// The chain: `embedded devnet`, or what a node calls itself.
    pub chain: String,
    /// Its ArbOS version.
    pub arbos: u64,
    /// Ink per gas.
    pub ink_per_gas: u32,
    /// What this chain does not tell, a sentence each.
    pub unseen: Vec<String>,
}

/// One contract.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Contract {
    /// The name of its package.
    pub name: String,
    /// The file that says what to call, from the workspace's folder; none where the calls come from the exported ABI.
    pub plan: Option<String>,
    /// What it costs to have it on a chain; none where it did not get there.
    pub deployment: Option<Deployment>,
    /// What it costs to call it, in the order of the plan.
    pub calls: Vec<Call>,
    /// Functions that were not called although the ABI has them, and why: a sentence each. No failures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What would make every call cheaper, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
    /// Why there is no more than this: the contract does not build, or is refused. A sentence each.
    pub failures: Vec<String>,
}

/// A contract's way onto a chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// How large it is.
    pub sizes: Sizes,
    /// Gas of the transaction or transactions that created its code.
    pub deploy_gas: Gas,
    /// Gas of the transaction that activated it.
    pub activation_gas: Gas,
    /// Wei that the activation cost besides, for the data: a decimal number, too large for some readers of JSON.
    pub data_fee_wei: String,
    /// What each call pays before the program begins.
    pub start: StartGas,
}

/// How large a contract is at each step, and how large it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sizes {
    /// As cargo wrote it, without names and debug sections.
    pub built: Bytes,
    /// As it is deployed: what `cargo stylus` makes of it, decompressed.
    pub processed: Bytes,
    /// Compressed, as accounts hold it.
    pub code: Bytes,
    /// The most bytes of code that one account holds.
    pub account_limit: Bytes,
    /// The most bytes of code that all fragments of a program hold together.
    pub fragments_limit: Bytes,
    /// The most bytes that a decompressed program has.
    pub processed_limit: Bytes,
    /// The accounts that hold it: one, or the fragments it had to be cut into.
    pub accounts: u32,
}

/// Gas that a call pays before the program begins, by how near the chain has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StartGas {
    /// The first time in a block, where nobody has bid for it to be cached.
    pub uncached: Gas,
    /// In the chain's cache.
    pub cached: Gas,
    /// Again in the same block; none where the chain cannot be had to show it.
    pub repeated: Option<Gas>,
    /// Pages of memory that each call begins with.
    pub pages: Pages,
    /// Gas for them, beyond the free ones of a transaction.
    pub page_gas: Gas,
}

/// One line of a plan and what it came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Call {
    /// What the plan calls it: unique within the contract.
    pub name: String,
    /// The function, as Solidity writes it.
    pub signature: String,
    /// Whether nobody chose the arguments: they were made up to fit the types.
    pub generated: bool,
    /// The figures, or why there are none.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Figures or a reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every run in the order of the plan: at least one.
    Runs(Vec<Run>),
    /// Why there is no figure: one sentence.
    Failure(String),
}

/// One transaction that called the contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The arguments, as the plan writes them.
    pub arguments: Vec<String>,
    /// Gas of the receipt.
    pub gas: Gas,
    /// Where it went.
    pub parts: Parts,
    /// Pages of memory the program began with.
    pub start_pages: Pages,
    /// The most pages it had.
    pub peak_pages: Pages,
    /// Whether the call reverted, as the plan or generated arguments let it.
    pub reverted: bool,
    /// What it returned, in the words of its types where they are known, else in hexadecimal digits; shortened.
    pub output: String,
}

/// Where the gas of a transaction went. Ink and gas are added up at the chain's price, which divides every sum of ink here.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Parts {
    /// What every transaction pays, 21,000, and for its calldata by the byte.
    pub transaction: Gas,
    /// For posting the transaction on the parent chain.
    pub l1: Gas,
    /// For starting the program, its pages not counted.
    pub start: Gas,
    /// For the pages the program begins with.
    pub start_pages: Gas,
    /// WebAssembly instructions.
    pub wasm: Ink,
    /// Host calls by name, without what memory pages cost.
    pub hostios: BTreeMap<String, Hostio>,
    /// Pages of memory that the program has grown.
    pub pages: Ink,
    /// Taken without being spent on anything, because it was not enough for the next thing.
    pub forfeited: Ink,
    /// What is lost as ink becomes whole gas.
    pub rounding: Ink,
    /// What return data, or calldata by its floor (EIP-7623), costs beyond all the rest.
    pub floor: Gas,
    /// Given back for storage that was cleared; the one part that is taken off.
    pub refund: Gas,
    /// What the chain does not tell apart; zero on the embedded devnet.
    pub unseen: Gas,
}

/// All calls of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Hostio {
    /// How many.
    pub calls: u64,
    /// Ink for all of them, with what they had others do.
    pub ink: Ink,
}

impl Parts {
    /// Ink of all host calls.
    pub fn hostio_ink(&self) -> Ink {
        self.hostios.values().map(|hostio| hostio.ink).sum()
    }

    /// Ink that the program spent: instructions, host calls and pages.
    pub fn program_ink(&self) -> Ink {
        // By a sum, which ends at the largest number: a file may hold any.
        [self.wasm, self.hostio_ink(), self.pages, self.forfeited]
            .into_iter()
            .sum()
    }

    /// Everything added up, the refund taken off. `None` where ink does not come to whole gas, or the refund is more than all.
    pub fn total(&self, ink_per_gas: u32) -> Option<Gas> {
        let ink = u128::from(self.program_ink().saturating_add(self.rounding).0);
        let price = u128::from(ink_per_gas);
        if price == 0 || !ink.is_multiple_of(price) {
            return None;
        }
        let program = Gas(u64::try_from(ink / price).ok()?);
        let paid = [
            self.transaction,
            self.l1,
            self.start,
            self.start_pages,
            program,
            self.floor,
            self.unseen,
        ];
        paid.into_iter().sum::<Gas>().checked_sub(self.refund)
    }
}

impl Call {
    /// The runs; none where the call failed.
    pub fn runs(&self) -> &[Run] {
        match &self.outcome {
            Outcome::Runs(runs) => runs,
            Outcome::Failure(_) => &[],
        }
    }

    /// Why there are no figures, where there are none.
    pub fn failure(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Runs(_) => None,
            Outcome::Failure(reason) => Some(reason),
        }
    }

    /// Gas of every run, from the least to the most.
    pub fn sorted_gas(&self) -> Vec<Gas> {
        let mut gas: Vec<_> = self.runs().iter().map(|run| run.gas).collect();
        gas.sort_unstable();
        gas
    }

    /// How many runs reverted.
    pub fn reverts(&self) -> u64 {
        self.runs().iter().filter(|run| run.reverted).count() as u64
    }

    /// Gas of all runs.
    pub fn total_gas(&self) -> Gas {
        self.runs().iter().map(|run| run.gas).sum()
    }

    /// Gas of all runs as it would be with the program in the chain's cache. (A refund may be a fifth of what a transaction used, so
    /// one that large would be smaller.)
    pub fn total_cached_gas(&self, start: &StartGas) -> Gas {
        let saved = |run: &Run| run.parts.start.saturating_sub(start.cached);
        self.runs()
            .iter()
            .map(|run| run.gas.saturating_sub(saved(run)))
            .sum()
    }

    /// Ink that the program itself spent in all runs.
    pub fn total_ink(&self) -> Ink {
        self.runs().iter().map(|run| run.parts.program_ink()).sum()
    }
}

impl Contract {
    /// Everything that has no figure, with the name of the contract and of the call in front.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let own = self
            .failures
            .iter()
            .map(move |reason| format!("{}: {reason}", self.name));
        let of_calls = self.calls.iter().filter_map(move |call| {
            Some(format!("{}, {}: {}", self.name, call.name, call.failure()?))
        });
        own.chain(of_calls)
    }
}

impl Report {
    /// Everything that has no figure.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.contracts.iter().flat_map(Contract::failures)
    }

    /// The report as the file that a baseline is: indented, so that a change of one figure is a change of one line.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("maps have string keys and no value fails to serialise");
        text.push('\n');
        text
    }
}
