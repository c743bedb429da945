//! What is measured, as data: allocators, functions of the contract, conditions, and the cases they make.
//!
//! Lives here: names and constants of the suite. Not here: how a contract is built (`artifact`) or run (`measure`),
//! nor anything that depends on which contract function it is beyond its signature.

use std::fmt;
use std::str::FromStr;

use crate::measurement::PageCount;

/// The package whose wasm is measured.
pub const CONTRACT: &str = "edge-cases";

/// The package whose examples are the workloads of the league table.
pub const WORKLOADS: &str = "workloads";

/// How hard the compiler tries, and for what: the profile's `opt-level`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OptLevel {
    /// For speed, as `cargo stylus new` has it.
    Three,
    /// For size.
    S,
    /// For size, and without turning loops into vectors.
    Z,
}

impl OptLevel {
    /// The levels that contracts are built with.
    pub const ALL: &[Self] = &[Self::Three, Self::S, Self::Z];

    /// The variable by which cargo's release profile is told.
    pub const VARIABLE: &str = "CARGO_PROFILE_RELEASE_OPT_LEVEL";

    /// Its name in a profile.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Three => "3",
            Self::S => "s",
            Self::Z => "z",
        }
    }
}

impl fmt::Display for OptLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An allocator that the contract can be built with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Allocator {
    /// This project's `MiniAlloc`.
    Mini,
    /// `wee_alloc` 0.4.
    Wee,
    /// The allocator that Rust's standard library brings to wasm32 (dlmalloc).
    Std,
    /// `mini-alloc` 1.0.0 as published.
    MiniUpstream,
    /// `talc`.
    Talc,
    /// `lol_alloc`'s free list.
    Lol,
    /// This project's `MiniAlloc` with its feature `in-place`.
    MiniInPlace,
    /// This project's `ReclaimAlloc`.
    Reclaim,
    /// `lol_alloc`'s bump allocator.
    LolLeaking,
    /// `rlsf`.
    Rlsf,
    /// `wasmalloc`.
    Wasmalloc,
    /// `picoalloc`.
    Picoalloc,
    /// No allocator to use, but what a bump allocator costs at least.
    Floor,
}

/// No allocator goes by this name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the known allocators are {}", names(Allocator::ALL))]
pub struct UnknownAllocator;

impl Allocator {
    /// Every allocator that the edge cases are measured with, in the order of the report's columns.
    pub const ALL: &[Self] = &[
        Self::Mini,
        Self::Wee,
        Self::Std,
        Self::MiniUpstream,
        Self::Talc,
        Self::Lol,
    ];

    /// Those of the league table, in the order of its columns.
    pub const LEAGUE: &[Self] = &[
        Self::Mini,
        Self::MiniInPlace,
        Self::Reclaim,
        Self::MiniUpstream,
        Self::LolLeaking,
        Self::Lol,
        Self::Wee,
        Self::Std,
        Self::Talc,
        Self::Rlsf,
        Self::Wasmalloc,
        Self::Picoalloc,
    ];

    /// The three of the published table.
    pub const PUBLISHED: &[Self] = &[Self::Mini, Self::Wee, Self::Std];

    /// The one that ratios refer to.
    pub const REFERENCE: Self = Self::Mini;

    /// Its name on the command line and in JSON, which is also the contract's cargo feature.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::MiniInPlace => "mini-in-place",
            Self::Wee => "wee",
            Self::Std => "std",
            Self::MiniUpstream => "mini-upstream",
            Self::Talc => "talc",
            Self::Lol => "lol",
            Self::Reclaim => "reclaim",
            Self::LolLeaking => "lol-leaking",
            Self::Rlsf => "rlsf",
            Self::Wasmalloc => "wasmalloc",
            Self::Picoalloc => "picoalloc",
            Self::Floor => "floor",
        }
    }

    /// Its name for readers.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Mini => "MiniAlloc",
            Self::MiniInPlace => "MiniAlloc in-place",
            Self::Wee => "WeeAlloc",
            Self::Std => "std",
            Self::MiniUpstream => "mini-alloc 1.0.0",
            Self::Talc => "talc",
            Self::Lol => "lol_alloc",
            Self::Reclaim => "ReclaimAlloc",
            Self::LolLeaking => "lol leaking",
            Self::Rlsf => "rlsf",
            Self::Wasmalloc => "wasmalloc",
            Self::Picoalloc => "picoalloc",
            Self::Floor => "floor",
        }
    }
}

impl fmt::Display for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl FromStr for Allocator {
    type Err = UnknownAllocator;

    fn from_str(name: &str) -> Result<Self, UnknownAllocator> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.name() == name)
            .ok_or(UnknownAllocator)
    }
}

fn names(allocators: &[Allocator]) -> String {
    allocators
        .iter()
        .map(|allocator| allocator.name())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A function of the contract: it runs the sequence of allocations once and reports on it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Function {
    /// With `GlobalAlloc::alloc`.
    Alloc,
    /// With `GlobalAlloc::alloc_zeroed`.
    AllocZeroed,
}

impl Function {
    /// Every function, in the order of the report's rows.
    pub const ALL: &[Self] = &[Self::Alloc, Self::AllocZeroed];

    /// The allocator's operation that it exercises: its name for readers and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alloc => "alloc",
            Self::AllocZeroed => "alloc_zeroed",
        }
    }

    /// Its Solidity signature.
    pub const fn signature(self) -> &'static str {
        match self {
            Self::Alloc => "alloc(uint32,bool)",
            Self::AllocZeroed => "allocZeroed(uint32,bool)",
        }
    }
}

/// What a run is charged for and how far its heap may grow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Conditions {
    /// Those of the published table: memory is free and the heap may grow over half the address space.
    Published,
    /// Those of a chain with its default parameters, under a limit that its page prices allow.
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

    /// Whether all allocators get the same requests: those that the sequence makes of a bump allocator, and not of each one's own
    /// addresses.
    pub const fn packed(self) -> bool {
        matches!(self, Self::OnChain)
    }

    /// The sequence stops once half of this is in use.
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
    /// Under what it runs.
    pub conditions: Conditions,
    /// What is called.
    pub function: Function,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.function.name(), self.conditions.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_back() {
        for &allocator in Allocator::ALL {
            assert_eq!(allocator.name().parse(), Ok(allocator));
        }
        for unknown in ["", "Mini", "jemalloc", "mini "] {
            assert_eq!(
                unknown.parse::<Allocator>(),
                Err(UnknownAllocator),
                "{unknown:?}"
            );
        }
        assert_eq!(
            UnknownAllocator.to_string(),
            "the known allocators are mini, wee, std, mini-upstream, talc, lol"
        );
    }

    #[test]
    fn published_columns_come_first() {
        assert!(Allocator::ALL.starts_with(Allocator::PUBLISHED));
        assert!(
            Allocator::ALL.is_sorted(),
            "maps keep the order of the columns"
        );
        assert!(Function::ALL.is_sorted(), "maps keep the order of the rows");
    }
}
