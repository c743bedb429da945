//! One contract in several builds, side by side.
//!
//! Lives here: the figures as data, and which of them there are. Not here: building and measuring (`measure::compare`), text
//! (`render::compare`).

use std::collections::BTreeSet;
use std::fmt;

use stylus_vm::{Bytes, Gas, Ink};

use super::{Call, Contract, Deployment, StartGas};
use crate::cargo::{Hindrance, Variant};

/// The version of the shape of a comparison as JSON: raised whenever a key changes its meaning or disappears.
pub const SCHEMA: u32 = 1;

/// What came of one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measured {
    /// How it was built.
    pub variant: Variant,
    /// Its figures, or one sentence why there are none.
    pub outcome: Result<VariantFigures, String>,
    /// The first variant with the same module, byte for byte as it is deployed.
    pub same_as: Option<Variant>,
}

/// The figures of one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VariantFigures {
    /// Compressed, as accounts hold it.
    pub code: Bytes,
    /// The most bytes of code that one account holds.
    pub account_limit: Bytes,
    /// The accounts that hold it: one, or the fragments it had to be cut into.
    pub accounts: u32,
    /// Gas of the transactions that created its code.
    pub deploy_gas: Gas,
    /// Gas of the transaction that activated it.
    pub activation_gas: Gas,
    /// Every call, in the order of the plan.
    pub calls: Vec<CallFigures>,
}

/// All runs of one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallFigures {
    /// What the plan calls it.
    pub name: String,
    /// What all runs used, or one sentence why there is no figure.
    pub total: Result<Total, String>,
}

/// What all runs of a call used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Total {
    /// Gas of the receipts: each call finds the program outside of the chain's cache.
    pub gas: Gas,
    /// The same with the start of a program that is in the cache.
    pub cached_gas: Gas,
    /// Ink that the program itself spent.
    pub ink: Ink,
    /// How many runs.
    pub runs: u64,
}

/// How a call finds the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heat {
    /// Not in the chain's cache, as the first call in a block does.
    Uncached,
    /// In it, or again in the same block, which costs the same.
    Cached,
}

/// A contract's variants, side by side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The name of its package.
    pub contract: String,
    /// The `opt-level` of the author's own profile.
    pub own_level: String,
    /// Why the author's own build lacks the link-time optimisation that it asks for.
    pub lto_hindrance: Option<Hindrance>,
    /// The `wasm-opt` in use, as it names itself.
    pub wasm_opt: Option<String>,
    /// The author's own build, then the others: by allocator, level and mode.
    pub variants: Vec<Measured>,
    /// What was asked for and is not here, a sentence each.
    pub left_out: Vec<String>,
    /// What would make every variant cheaper, a sentence each.
    pub advice: BTreeSet<String>,
}

impl VariantFigures {
    /// The figures of a contract that got onto a chain.
    pub(crate) fn new(contract: &Contract, deployment: &Deployment) -> Self {
        Self {
            code: deployment.sizes.code,
            account_limit: deployment.sizes.account_limit,
            accounts: deployment.sizes.accounts,
            deploy_gas: deployment.deploy_gas,
            activation_gas: deployment.activation_gas,
            calls: contract
                .calls
                .iter()
                .map(|call| CallFigures::new(call, &deployment.start))
                .collect(),
        }
    }

    /// What all runs of a call used, where there is such a call and it has figures.
    pub fn total(&self, call: &str) -> Option<Total> {
        let call = self.calls.iter().find(|known| known.name == call)?;
        call.total.as_ref().ok().copied()
    }

    /// Whether one account holds all of it.
    pub fn fits(&self) -> bool {
        self.accounts <= 1 && self.code <= self.account_limit
    }
}

impl Heat {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Uncached, Self::Cached];
}

/// In the words of a table.
impl fmt::Display for Heat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uncached => "uncached",
            Self::Cached => "cached",
        })
    }
}

impl Total {
    /// Gas of all runs with the program found like this.
    pub const fn gas_when(&self, heat: Heat) -> Gas {
        match heat {
            Heat::Uncached => self.gas,
            Heat::Cached => self.cached_gas,
        }
    }
}

impl CallFigures {
    fn new(call: &Call, start: &StartGas) -> Self {
        Self {
            name: call.name.clone(),
            total: match call.failure() {
                Some(reason) => Err(reason.to_owned()),
                None => Ok(Total {
                    gas: call.total_gas(),
                    cached_gas: call.total_cached_gas(start),
                    ink: call.total_ink(),
                    runs: call.runs().len() as u64,
                }),
            },
        }
    }
}

impl Comparison {
    /// The figures of the author's own build, where it has any.
    pub fn today(&self) -> Option<&VariantFigures> {
        let today = self.variants.first()?;
        today.outcome.as_ref().ok()
    }

    /// The figures of a variant, where it was measured and has any.
    pub fn figures(&self, variant: Variant) -> Option<&VariantFigures> {
        let mut variants = self.variants.iter();
        let measured = variants.find(|measured| measured.variant == variant)?;
        measured.outcome.as_ref().ok()
    }

    /// Every variant without figures, and every call without them in a variant that has some: which, and why.
    pub fn failures(&self) -> impl Iterator<Item = (Variant, Option<&str>, &str)> {
        self.variants.iter().flat_map(|measured| {
            let (whole, calls) = match &measured.outcome {
                Err(reason) => (Some((measured.variant, None, reason.as_str())), &[][..]),
                Ok(figures) => (None, figures.calls.as_slice()),
            };
            let of_calls = calls.iter().filter_map(|call| {
                let reason = call.total.as_ref().err()?;
                Some((measured.variant, Some(call.name.as_str()), reason.as_str()))
            });
            whole.into_iter().chain(of_calls)
        })
    }
}
