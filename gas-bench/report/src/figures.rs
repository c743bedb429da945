//! Measurements of contracts, as integers with typed units, and the shape of the file that keeps them.
//!
//! Lives here: the results as data, the version of their shape, and the sums that hold within them. Not here: how they are measured
//! (`cargo-gas-bench`), averages of a call's parts (`figures::split`), comparing two reports (`baseline`), words (`content`).
//!
//! Theorem: the parts of a run add up. [`Parts::total`] is what the receipt says, to the gas; a run for which that is false never becomes
//! a figure.

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

use std::borrow::Cow;
use std::collections::BTreeMap;

use alloy_primitives::hex;
use serde::{Deserialize, Serialize};
pub use stylus_vm::Bytes;
use stylus_vm::text::said;
use stylus_vm::{Gas, Ink, Pages};

pub(crate) use crate::words::divided;
use lto::MissedLto;
pub(crate) use split::{ROUNDING, Segment, Split, apportion, hostios, median};
pub(crate) use summary::Summary;

/// A number of 64 KiB wasm pages. Wider than the VM's own `Pages`, which cannot hold the 65,536 of a whole address
/// space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PageCount(pub u32);

/// The version of [`Report`]'s JSON shape: raised whenever a key changes its meaning or disappears.
pub const SCHEMA: u32 = 1;

/// The figures of several contracts; also the content of a baseline file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`] at the time of writing.
    pub schema: u32,
    /// What the figures depend on apart from the sources.
    pub made_with: MadeWith,
    /// The contracts, sorted by name.
    pub contracts: Vec<Contract>,
    /// By name, the contracts that ask for link-time optimisation but are built without it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missed_lto: BTreeMap<String, MissedLto>,
}

/// The circumstances that figures depend on apart from the sources.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MadeWith {
    /// This program's version.
    pub gas_bench: String,
    /// The compiler, as `rustc --version` prints it.
    pub toolchain: String,
    /// Whether the compiler stripped source paths; `cargo stylus` deploys a module that contains them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reproducible: bool,
    /// The chain: `embedded devnet`, or the name a node gives itself.
    pub chain: String,
    /// Its ArbOS version.
    pub arbos: u64,
    /// Ink per gas.
    pub ink_per_gas: u32,
    /// What this chain does not report, a sentence each.
    pub unseen: Vec<String>,
}

/// One contract.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Contract {
    /// The name of its package.
    pub name: String,
    /// The plan file, relative to the workspace; `None` if the calls come from the exported ABI.
    pub plan: Option<String>,
    /// Whether there is no ABI either, so that the calls are those that standards have names for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_standards: bool,
    /// What putting it on a chain costs; `None` if that failed.
    pub deployment: Option<Deployment>,
    /// What calling it costs, in the order of the plan.
    pub calls: Vec<Call>,
    /// ABI functions that were not called, and why: a sentence each. These are not failures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What would make every call cheaper, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
    /// Why there are no further figures: the contract does not build, or the chain refuses it. A sentence each.
    pub failures: Vec<String>,
}

/// What it takes to get a contract onto a chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// How large it is.
    pub sizes: Sizes,
    /// Gas of the transaction or transactions that create its code.
    pub deploy_gas: Gas,
    /// Gas of the transaction that activates it.
    pub activation_gas: Gas,
    /// The activation's data fee in wei, paid on top: a decimal string, because the number is too large for some JSON readers.
    pub data_fee_wei: String,
    /// What each call pays before the program starts.
    pub start: StartGas,
}

/// How large a contract is at each step, and the limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sizes {
    /// As cargo wrote it, without its name and debug sections.
    pub built: Bytes,
    /// As deployed: what `cargo stylus` makes of it, decompressed.
    pub processed: Bytes,
    /// Compressed, as stored in accounts.
    pub code: Bytes,
    /// The largest code one account can hold, in bytes.
    pub account_limit: Bytes,
    /// The largest code all fragments of a program can hold together, in bytes.
    pub fragments_limit: Bytes,
    /// The largest a decompressed program can be, in bytes.
    pub processed_limit: Bytes,
    /// How many accounts hold it: one, or the number of fragments it had to be split into.
    pub accounts: u32,
}

/// Gas that a call pays before the program starts, by how the chain has it cached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StartGas {
    /// On the first call in a block, if nobody has bid to cache the program.
    pub uncached: Gas,
    /// If the program is in the chain's cache.
    pub cached: Gas,
    /// On a further call in the same block; `None` if the chain cannot show it.
    pub repeated: Option<Gas>,
    /// Pages of memory with which each call starts.
    pub pages: Pages,
    /// Gas for those pages, beyond the free ones of a transaction.
    pub page_gas: Gas,
}

/// One line of a plan and its result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Call {
    /// Its name in the plan: unique within the contract.
    pub name: String,
    /// The function, as Solidity writes it.
    pub signature: String,
    /// Whether the arguments were generated to fit the types instead of chosen by somebody.
    pub generated: bool,
    /// The figures, or why there are none.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Figures or a reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every run in the order of the plan; at least one.
    Runs(Vec<Run>),
    /// Why there are no figures: one sentence.
    Failure(String),
}

/// One transaction that called the contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The arguments, as the plan writes them.
    pub arguments: Vec<String>,
    /// Gas of the receipt.
    pub gas: Gas,
    /// Where the gas went.
    pub parts: Parts,
    /// Pages of memory with which the program started.
    pub start_pages: Pages,
    /// The most pages it had at any time.
    pub peak_pages: Pages,
    /// Whether the call reverted, which the plan or generated arguments allow.
    pub reverted: bool,
    /// What it returned, formatted by type if the types are known, otherwise in hexadecimal; shortened.
    pub output: String,
}

impl Run {
    /// What it returned, with the text that the data of a revert are, if they are text.
    pub fn said(&self) -> Cow<'_, str> {
        // A longer output was shortened, and says how much is missing.
        let digits = self.output.split('…').next().unwrap_or_default();
        let data = digits.strip_prefix("0x").filter(|_| self.reverted);
        let data = data.and_then(|digits| hex::decode(digits).ok());
        match data.as_deref().and_then(said) {
            Some(text) => format!("{text:?} {}", self.output).into(),
            None => self.output.as_str().into(),
        }
    }
}

/// Where the gas of a transaction went. Ink and gas are added at the chain's price, which divides every sum of ink here.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Parts {
    /// The 21,000 that every transaction pays, and the per-byte price of its calldata.
    pub transaction: Gas,
    /// Posting the transaction on the parent chain.
    pub l1: Gas,
    /// Starting the program, not counting its pages.
    pub start: Gas,
    /// The pages with which the program starts.
    pub start_pages: Gas,
    /// WebAssembly instructions.
    pub wasm: Ink,
    /// Host calls by name, without the cost of memory pages.
    pub hostios: BTreeMap<String, Hostio>,
    /// Memory pages by which the program grew.
    pub pages: Ink,
    /// Taken without being spent, because it did not suffice for the next step.
    pub forfeited: Ink,
    /// What is lost when ink is converted to whole gas.
    pub rounding: Ink,
    /// The extra cost of return data, or of the calldata floor (EIP-7623), beyond everything else.
    pub floor: Gas,
    /// Refunded for cleared storage; the only part that is subtracted.
    pub refund: Gas,
    /// What the chain does not break down; zero on the embedded devnet.
    pub unseen: Gas,
}

/// All host calls of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Hostio {
    /// How many calls.
    pub calls: u64,
    /// Ink for all of them, including what the calls they made used.
    pub ink: Ink,
}

impl Parts {
    /// Ink of all host calls.
    pub fn hostio_ink(&self) -> Ink {
        self.hostios.values().map(|hostio| hostio.ink).sum()
    }

    /// Ink that the program spent: instructions, host calls and pages.
    pub fn program_ink(&self) -> Ink {
        // `sum` saturates: a file can hold any number.
        [self.wasm, self.hostio_ink(), self.pages, self.forfeited]
            .into_iter()
            .sum()
    }

    /// Everything added up, less the refund. `None` if the ink is not a whole number of gas, or the refund exceeds the rest.
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
    /// The runs; empty if the call failed.
    pub fn runs(&self) -> &[Run] {
        match &self.outcome {
            Outcome::Runs(runs) => runs,
            Outcome::Failure(_) => &[],
        }
    }

    /// Why there are no figures, if there are none.
    pub fn failure(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Runs(_) => None,
            Outcome::Failure(reason) => Some(reason),
        }
    }

    /// Gas of every run, in ascending order.
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

    /// Gas of all runs if the program were in the chain's cache. (A refund is capped at a fifth of what a transaction used, so one that
    /// large would be smaller.)
    pub fn total_cached_gas(&self, start: &StartGas) -> Gas {
        let saved = |run: &Run| run.parts.start.saturating_sub(start.cached);
        self.runs()
            .iter()
            .map(|run| run.gas.saturating_sub(saved(run)))
            .sum()
    }

    /// Ink that the program itself spent over all runs.
    pub fn total_ink(&self) -> Ink {
        self.runs().iter().map(|run| run.parts.program_ink()).sum()
    }
}

impl Contract {
    /// Everything without a figure, prefixed with the name of the contract and of the call.
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
    /// Everything without a figure.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.contracts.iter().flat_map(Contract::failures)
    }

    /// The report as a baseline file: indented, so that changing one figure changes one line.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("maps have string keys and no value fails to serialise");
        text.push('\n');
        text
    }
}
