//! The contract's linear memory under the global allocator, which is measured.
//!
//! The only file of this crate that allocates by hand, reads memory by address, or asks for the size of memory. Only for wasm32;
//! elsewhere `model` replaces it. Not here: the sequence and the checks.

#![allow(unsafe_code, reason = "what is measured is allocation by hand")]

use core::{arch::wasm32, ptr};
use std::alloc::{Layout, alloc, alloc_zeroed};

use crate::{
    checks::{self, Failed},
    record::{Block, Record},
    sequence::{ALIGNMENT, Heap},
    units::{Address, Bytes, Pages},
};

/// The global allocator's heap, asked for memory, zeroed or not. Nothing is ever freed.
#[derive(Default)]
pub struct Memory<const ZEROED: bool> {
    /// Only `request` writes here, so it holds only what the global allocator returned.
    record: Record,
}

impl<const ZEROED: bool> Memory<ZEROED> {
    /// Checks that memory is zero where it should be.
    pub fn zeroed(&self) -> Failed {
        if !ZEROED {
            return Failed::NOTHING;
        }
        checks::zeroed(self.record.blocks(), |address| {
            let pointer = ptr::with_exposed_provenance::<u8>(address.0 as usize);
            // Volatile, so that the compiler cannot answer from what it knows of `alloc_zeroed`.
            // SAFETY: a read needs a pointer that is aligned, as one to a byte always is, to initialised memory that it may access.
            // `checks::zeroed` looks only inside the blocks it is given; those came from `alloc_zeroed`, were never given back, and
            // had their provenance exposed.
            unsafe { pointer.read_volatile() }
        })
    }
}

impl<const ZEROED: bool> Heap for Memory<ZEROED> {
    fn request(&mut self, size: Bytes) -> Address {
        let address = match Layout::from_size_align(size.0 as usize, ALIGNMENT) {
            Ok(layout) => allocate::<ZEROED>(layout),
            // A `Layout` cannot express more than half of the address space, so there is nothing to request.
            Err(_) => Address::NULL,
        };
        self.record.note(Block { address, size });
        address
    }

    fn in_use(&self) -> Pages {
        Pages(wasm32::memory_size(0) as u32)
    }

    fn record(&self) -> &Record {
        &self.record
    }
}

/// Calls the global allocator.
fn allocate<const ZEROED: bool>(layout: Layout) -> Address {
    let block = if ZEROED {
        // SAFETY: the obligation is a nonzero size, because an allocator need not handle zero. Those that `heap` installs do, as
        // its documentation says, and an empty block is never accessed here.
        unsafe { alloc_zeroed(layout) }
    } else {
        // SAFETY: as for `alloc_zeroed` above.
        unsafe { alloc(layout) }
    };
    Address(block.expose_provenance() as u32)
}
