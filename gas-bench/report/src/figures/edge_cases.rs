//! What the published sequence of requests costs under each allocator: integers with typed units, keyed by allocator and case.
//!
//! Lives here: what is measured, the results as data and the version of their shape, and the figures that others published
//! ([`published`]). Not here: measuring (`cargo-gas-bench`), ratios, percentages or anything else computed for a reader (`content`).

use std::collections::BTreeMap;
use std::fmt;

use stylus_cargo::Allocator;
use stylus_vm::{Gas, Ink, InkPrice};

use super::{PageCount, Sizes};

/// The contract that allocators are measured with, which is the folder it lies in.
pub const CONTRACT: &str = "edge-cases";

/// The version of the results' shape, as the JSON report states it: raised whenever a key changes or disappears.
pub const SCHEMA: u32 = 1;

/// A function of the contract: it runs the sequence of allocations once and reports the result.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Function {
    /// Allocates with `GlobalAlloc::alloc`.
    Alloc,
    /// Allocates with `GlobalAlloc::alloc_zeroed`.
    AllocZeroed,
}

impl Function {
    /// Every function, in the order of the report's rows.
    pub const ALL: &[Self] = &[Self::Alloc, Self::AllocZeroed];

    /// The allocator operation it exercises: the name shown to readers and used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alloc => "alloc",
            Self::AllocZeroed => "alloc_zeroed",
        }
    }

    /// The function's Solidity signature.
    pub const fn signature(self) -> &'static str {
        match self {
            Self::Alloc => "alloc(uint32,bool)",
            Self::AllocZeroed => "allocZeroed(uint32,bool)",
        }
    }
}

/// What a run is charged for and how far its heap can grow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Conditions {
    /// The conditions of the published table: memory is free and the heap can grow over half the address space.
    Published,
    /// The conditions of a chain with default parameters, under a limit that its page prices allow.
    OnChain,
}

impl Conditions {
    /// Both, in the order of the report's sections.
    pub const ALL: &[Self] = &[Self::Published, Self::OnChain];

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::OnChain => "on-chain",
        }
    }

    /// Its name for readers.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Published => "as published",
            Self::OnChain => "as on chain",
        }
    }

    /// Whether pages of memory cost gas.
    pub const fn page_costs(self) -> bool {
        matches!(self, Self::OnChain)
    }

    /// Whether all allocators get the same requests: those the sequence makes of a bump allocator, rather than ones that depend on each
    /// allocator's own addresses.
    pub const fn packed(self) -> bool {
        matches!(self, Self::OnChain)
    }

    /// The sequence stops once half of these pages are in use.
    pub const fn page_limit(self) -> PageCount {
        match self {
            Self::Published => PageCount(65_536),
            Self::OnChain => PageCount(64),
        }
    }
}

/// One thing to measure for each allocator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Case {
    /// The conditions under which it runs.
    pub conditions: Conditions,
    /// The function called.
    pub function: Function,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.function.name(), self.conditions.title())
    }
}

/// Where the [`published`] figures come from: the "Benchmarks" table of mini-alloc 1.0.0's README.
pub const SOURCE: &str =
    "https://github.com/OffchainLabs/stylus-sdk-rs/blob/main/mini-alloc/README.md";

/// The published gas of `case` under `allocator`, if there is such a figure. Figures in the tens of millions are published rounded to a
/// million.
pub const fn published(allocator: Allocator, case: Case) -> Option<Gas> {
    if !matches!(case.conditions, Conditions::Published) {
        return None;
    }
    let gas = match (case.function, allocator) {
        (Function::Alloc, Allocator::Mini) => 333,
        (Function::Alloc, Allocator::Wee) => 721,
        (Function::Alloc, Allocator::Std) => 516,
        (Function::AllocZeroed, Allocator::Mini) => 329,
        (Function::AllocZeroed, Allocator::Wee) => 95_000_000,
        (Function::AllocZeroed, Allocator::Std) => 48_000_000,
        _ => return None,
    };
    Some(Gas(gas))
}

/// What one case used under one allocator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measurement {
    /// Ink of the allocations alone, as the contract read it from the VM's meter.
    pub ink: Ink,
    /// The same ink as whole gas.
    pub gas: Gas,
    /// How much of that gas paid for pages of memory.
    pub page_gas: Gas,
    /// Pages of memory at the end.
    pub pages: PageCount,
}

/// Everything known about the contract built with one allocator.
#[derive(Debug)]
pub struct Variant {
    /// How large it is.
    pub sizes: Sizes,
    /// Every case that was run, whether or not it produced a figure.
    pub cases: BTreeMap<Case, Result<Measurement, Failure>>,
}

/// The circumstances that figures depend on apart from the sources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// The compiler, as `rustc --version` prints it.
    pub toolchain: String,
    /// The chain's ArbOS version.
    pub arbos: u64,
    /// Ink per gas.
    pub ink_price: InkPrice,
}

/// One allocator, or one case under it, that has no figures.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{CONTRACT} with {allocator}{}: {reason}", Where(*case))]
pub struct Failure {
    /// The allocator with which it happened.
    pub allocator: Allocator,
    /// The case in which it happened; `None` if it prevents every case from running.
    pub case: Option<Case>,
    /// What happened, in one sentence that also says what to do.
    pub reason: String,
}

struct Where(Option<Case>);

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |case| write!(f, ", {case}"))
    }
}

/// The results of one run.
#[derive(Debug)]
pub struct Results {
    /// What the results depend on.
    pub provenance: Provenance,
    /// The conditions that were measured, in the order of the report.
    pub conditions: Vec<Conditions>,
    /// By allocator, the contract built with it, or why there is none.
    pub variants: BTreeMap<Allocator, Result<Variant, Failure>>,
}

impl Results {
    /// The figure for `case` under `allocator`, if there is one.
    pub fn measurement(&self, allocator: Allocator, case: Case) -> Option<Measurement> {
        let variant = self.variants.get(&allocator)?.as_ref().ok()?;
        variant.cases.get(&case)?.as_ref().ok().copied()
    }

    /// The sizes under `allocator`, if the contract was built.
    pub fn sizes(&self, allocator: Allocator) -> Option<Sizes> {
        Some(self.variants.get(&allocator)?.as_ref().ok()?.sizes)
    }

    /// Everything that went wrong, in the order of allocators and cases.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.variants.values().flat_map(|variant| {
            let (cases, failure) = match variant {
                Ok(variant) => (Some(&variant.cases), None),
                Err(failure) => (None, Some(failure)),
            };
            let of_cases = cases.into_iter().flat_map(BTreeMap::values);
            failure
                .into_iter()
                .chain(of_cases.filter_map(|case| case.as_ref().err()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_keep_the_order_of_the_rows() {
        assert!(Function::ALL.is_sorted());
    }

    #[test]
    fn a_failure_is_one_sentence_with_its_place() {
        let case = Case {
            conditions: Conditions::OnChain,
            function: Function::AllocZeroed,
        };
        for (case, text) in [
            (
                Some(case),
                "edge-cases with WeeAlloc, alloc_zeroed as on chain: it is dear",
            ),
            (None, "edge-cases with WeeAlloc: it is dear"),
        ] {
            let failure = Failure {
                allocator: Allocator::Wee,
                case,
                reason: "it is dear".to_owned(),
            };
            assert_eq!(failure.to_string(), text);
        }
    }
}
