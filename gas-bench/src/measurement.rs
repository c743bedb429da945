//! What was measured: integers in units of their own, keyed by allocator and case.
//!
//! Lives here: the results as data, and the version of their shape. Not here: how they came about (`measure`), ratios,
//! percentages or anything else a reader wants computed (`render`).

use std::collections::BTreeMap;

pub use stylus_vm::Bytes;
use stylus_vm::{Gas, Ink, InkPrice};

use crate::failure::Failure;
use crate::suite::{Allocator, Case, Conditions};

/// The version of the shape of results, as the JSON report states it: raised whenever a key changes or disappears.
pub const SCHEMA: u32 = 1;

/// A number of 64 KiB wasm pages. Wider than the VM's own `Pages`, which cannot hold the 65,536 of a whole address
/// space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PageCount(pub u32);

/// How large a contract is at each step from compiler to chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// As cargo wrote it, custom sections and all.
    pub built: Bytes,
    /// After the steps that `cargo stylus` applies before it deploys.
    pub processed: Bytes,
    /// As the account's code on chain: brotli behind the four-byte prefix.
    pub code: Bytes,
}

/// What one case used under one allocator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measurement {
    /// Ink of the allocations alone, as the contract read it from the VM's meter.
    pub ink: Ink,
    /// The same in whole gas.
    pub gas: Gas,
    /// What of that gas was for pages of memory.
    pub page_gas: Gas,
    /// Pages of memory at the end.
    pub pages: PageCount,
}

/// All that is known about the contract built with one allocator.
#[derive(Debug)]
pub struct Variant {
    /// How large it is.
    pub sizes: Sizes,
    /// Every case that was run, whether or not it ended in a figure.
    pub cases: BTreeMap<Case, Result<Measurement, Failure>>,
}

/// The circumstances that figures depend on besides the sources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// The compiler, as `rustc --version` names itself.
    pub toolchain: String,
    /// The chain's ArbOS version.
    pub arbos: u64,
    /// Ink per gas.
    pub ink_price: InkPrice,
}

/// The results of one run.
#[derive(Debug)]
pub struct Results {
    /// What they depend on.
    pub provenance: Provenance,
    /// Under which conditions it measured, in the order of the report.
    pub conditions: Vec<Conditions>,
    /// By allocator: the contract built with it, or why there is none.
    pub variants: BTreeMap<Allocator, Result<Variant, Failure>>,
}

impl Results {
    /// The figure for `case` under `allocator`, where there is one.
    pub fn measurement(&self, allocator: Allocator, case: Case) -> Option<Measurement> {
        let variant = self.variants.get(&allocator)?.as_ref().ok()?;
        variant.cases.get(&case)?.as_ref().ok().copied()
    }

    /// The sizes under `allocator`, where it was built.
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
