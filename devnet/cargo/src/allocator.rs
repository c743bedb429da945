//! The allocators that a contract of this repository can be built with.
//!
//! Lives here: their names. Not here: how they get into other people's contracts (`copy`), what they cost.

use std::fmt;
use std::str::FromStr;

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
    /// This project's `MiniAlloc` with its feature `outlined`.
    MiniOutlined,
    /// This project's `MiniAlloc` with its feature `trap-on-oom`.
    MiniTrap,
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
    /// Not an allocator to use, but the least that a bump allocator costs.
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

    /// The allocators of the league table, in the order of its columns.
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

    /// The allocator that ratios refer to.
    pub const REFERENCE: Self = Self::Mini;

    /// Its name on the command line and in JSON, which is also the contract's cargo feature.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::MiniInPlace => "mini-in-place",
            Self::MiniOutlined => "mini-outlined",
            Self::MiniTrap => "mini-trap",
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

    /// Its display name.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Mini => "MiniAlloc",
            Self::MiniInPlace => "MiniAlloc in-place",
            Self::MiniOutlined => "MiniAlloc outlined",
            Self::MiniTrap => "MiniAlloc trapping",
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
    }
}
