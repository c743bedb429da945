//! The contract: its external functions, their errors, and the measuring.
//!
//! Not here: the requests, the heaps that answer them, and the checks.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]

extern crate alloc;

use alloy_sol_types::sol;
use stylus_sdk::prelude::*;

#[cfg(target_arch = "wasm32")]
use crate::memory::Memory;
#[cfg(not(target_arch = "wasm32"))]
use crate::model::Model as Memory;
use crate::{
    checks::{self, Failed},
    sequence::{self, ALIGNMENT, Heap, Packed, PageLimit},
    units::{Ink, Pages},
};

/// The price of the host call `evm_ink_left`, the Stylus VM's constant for host calls that only return a value.
const EVM_INK_LEFT: Ink = Ink(8_400);

sol! {
    error PageLimitTooHigh(uint32 pageLimit, uint32 highest);
}

/// Why a call reverts.
#[derive(SolidityError)]
pub enum Refusal {
    /// The address space does not have that many pages.
    PageLimitTooHigh(PageLimitTooHigh),
}

sol_storage! {
    /// A contract without state.
    #[entrypoint]
    pub struct EdgeCases {}
}

#[public]
impl EdgeCases {
    /// The sequence with `alloc`.
    pub fn alloc(&self, page_limit: u32, packed: bool) -> Result<(u64, u32, u32), Refusal> {
        self.measure::<false>(Pages(page_limit), packed)
    }

    /// The sequence with `alloc_zeroed`.
    pub fn alloc_zeroed(&self, page_limit: u32, packed: bool) -> Result<(u64, u32, u32), Refusal> {
        self.measure::<true>(Pages(page_limit), packed)
    }
}

impl EdgeCases {
    fn measure<const ZEROED: bool>(
        &self,
        limit: Pages,
        packed: bool,
    ) -> Result<(u64, u32, u32), Refusal> {
        let limit = PageLimit::new(limit).ok_or(Refusal::PageLimitTooHigh(PageLimitTooHigh {
            pageLimit: limit.0,
            highest: PageLimit::HIGHEST.0,
        }))?;
        let mut heap = Memory::<ZEROED>::default();
        let before = heap.in_use();

        let start = self.ink_left();
        let finished = if packed {
            sequence::run(&mut Packed::new(&mut heap), limit)
        } else {
            sequence::run(&mut heap, limit)
        };
        let used = start.less(self.ink_left()).less(EVM_INK_LEFT);

        let pages = heap.in_use();
        let blocks = heap.record().blocks();
        let mut failed = checks::sound(blocks, ALIGNMENT, pages);
        failed |= heap.zeroed();
        failed.unless(finished, Failed::UNFINISHED);
        if heap::IS_BUMP && !packed {
            failed |= checks::packed(blocks, before, pages);
        }
        Ok((used.0, pages.0, failed.0))
    }

    fn ink_left(&self) -> Ink {
        Ink(self.vm().evm_ink_left())
    }
}
