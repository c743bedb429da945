//! Several builds of one contract, side by side.
//!
//! Lives here: the figures as data, and which figures there are. Not here: building and measuring (`measure::compare`), text
//! (`content::comparison`).

use std::collections::BTreeSet;
use std::fmt;

use stylus_cargo::{Hindrance, Variant};
use stylus_vm::{Bytes, Gas, Ink};

use super::{Call, Contract, Deployment, StartGas};

/// The version of the comparison's JSON shape: raised whenever a key changes its meaning or disappears.
pub const SCHEMA: u32 = 1;

/// The result of one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measured {
    /// How it was built.
    pub variant: Variant,
    /// Its figures, or one sentence that says why there are none.
    pub outcome: Result<VariantFigures, String>,
    /// The first variant whose deployed module is the same, byte for byte.
    pub same_as: Option<Variant>,
}

/// The figures of one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VariantFigures {
    /// Compressed, as stored in accounts.
    pub code: Bytes,
    /// The largest code one account can hold, in bytes.
    pub account_limit: Bytes,
    /// How many accounts hold it: one, or the number of fragments it had to be split into.
    pub accounts: u32,
    /// Gas of the transactions that create its code.
    pub deploy_gas: Gas,
    /// Gas of the transaction that activates it.
    pub activation_gas: Gas,
    /// Every call, in the order of the plan.
    pub calls: Vec<CallFigures>,
}

/// All runs of one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallFigures {
    /// The call's name in the plan.
    pub name: String,
    /// What all runs used, or one sentence that says why there are no figures.
    pub total: Result<Total, String>,
}

/// What all runs of a call used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Total {
    /// Gas of the receipts, with the program uncached in each call.
    pub gas: Gas,
    /// The same gas if the program is cached when it starts.
    pub cached_gas: Gas,
    /// Ink that the program itself spent.
    pub ink: Ink,
    /// How many runs.
    pub runs: u64,
}

/// How warm the program is when it is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heat {
    /// Not in the chain's cache, as on the first call in a block.
    Uncached,
    /// In the cache, or called again in the same block, which costs the same.
    Cached,
}

/// A contract's variants, side by side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The name of its package.
    pub contract: String,
    /// The `opt-level` of the author's own profile.
    pub own_level: String,
    /// Why the author's own build lacks the link-time optimisation it asks for.
    pub lto_hindrance: Option<Hindrance>,
    /// The `wasm-opt` in use, as it identifies itself.
    pub wasm_opt: Option<String>,
    /// The author's own build, then the others, ordered by allocator, level and mode.
    pub variants: Vec<Measured>,
    /// What was requested but is missing here, a sentence each.
    pub left_out: Vec<String>,
    /// What would make every variant cheaper, a sentence each.
    pub advice: BTreeSet<String>,
}

impl VariantFigures {
    /// Collects the figures of a contract that reached a chain.
    pub fn new(contract: &Contract, deployment: &Deployment) -> Self {
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

    /// What all runs of a call used, if the call exists and has figures.
    pub fn total(&self, call: &str) -> Option<Total> {
        let call = self.calls.iter().find(|known| known.name == call)?;
        call.total.as_ref().ok().copied()
    }

    /// Whether all of it fits into one account.
    pub fn fits(&self) -> bool {
        self.accounts <= 1 && self.code <= self.account_limit
    }
}

impl Heat {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Uncached, Self::Cached];
}

/// As a table names it.
impl fmt::Display for Heat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uncached => "uncached",
            Self::Cached => "cached",
        })
    }
}

impl Total {
    /// Gas of all runs with the program as warm as `heat`.
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
    /// The figures of the author's own build, if it has any.
    pub fn today(&self) -> Option<&VariantFigures> {
        let today = self.variants.first()?;
        today.outcome.as_ref().ok()
    }

    /// The figures of a variant, if it was measured and has any.
    pub fn figures(&self, variant: Variant) -> Option<&VariantFigures> {
        let mut variants = self.variants.iter();
        let measured = variants.find(|measured| measured.variant == variant)?;
        measured.outcome.as_ref().ok()
    }

    /// Every variant without figures, and every call without figures in a variant that has some: which one, and why.
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

    /// The reasons for [failures](Self::failures), each once: what it concerns, and the reason. What fails under today's build usually
    /// fails under every other one, too, and there may be hundreds.
    pub fn reasons(&self) -> Vec<(String, &str)> {
        let mut by_reason: Vec<(&str, Vec<String>)> = Vec::new();
        for (variant, call, reason) in self.failures() {
            let variant = variant.to_string();
            let about = call.map_or_else(|| variant.clone(), |call| format!("{call} ({variant})"));
            match by_reason.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, all)) => all.push(about),
                None => by_reason.push((reason, vec![about])),
            }
        }
        let together = |(reason, all): (_, Vec<String>)| {
            let about = match all.as_slice() {
                [first, _, ..] => format!("{first} and {} more", all.len() - 1),
                one => one.concat(),
            };
            (about, reason)
        };
        by_reason.into_iter().map(together).collect()
    }
}
