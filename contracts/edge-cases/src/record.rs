//! Records the blocks that the sequence got, without asking the allocator under test for memory.
//!
//! Not here: what the blocks should be like (`checks`).

use crate::units::{Address, Bytes};

/// A request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The answer; null if the request was refused.
    pub address: Address,
    /// The request.
    pub size: Bytes,
}

/// A list of blocks of fixed capacity. Adding one costs two stores and a little arithmetic.
#[derive(Clone, Debug)]
pub struct Record {
    slots: [Block; Self::CAPACITY],
    count: usize,
}

impl Record {
    /// The capacity in blocks: several times what the sequence needs, and a power of two, so that a mask can keep an index in
    /// bounds instead of a branch.
    pub const CAPACITY: usize = 256;

    /// An empty record.
    pub const fn new() -> Self {
        let empty = Block {
            address: Address::NULL,
            size: Bytes(0),
        };
        Self {
            slots: [empty; Self::CAPACITY],
            count: 0,
        }
    }

    /// Adds a block. Beyond the capacity it replaces the oldest, which [`has_room`](Self::has_room) lets callers prevent.
    pub const fn note(&mut self, block: Block) {
        self.slots[self.count % Self::CAPACITY] = block;
        self.count += 1;
    }

    /// Whether `more` blocks fit.
    pub const fn has_room(&self, more: usize) -> bool {
        self.count <= Self::CAPACITY - more
    }

    /// The recorded blocks.
    pub fn blocks(&self) -> &[Block] {
        &self.slots[..self.count.min(Self::CAPACITY)]
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}
