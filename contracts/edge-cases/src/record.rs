//! Where the blocks are noted that the sequence was given, without asking the allocator under test for memory.
//!
//! Not here: what the blocks should be like; that is `checks`.

use crate::units::{Address, Bytes};

/// What was asked for and what was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The answer; null if the request was refused.
    pub address: Address,
    /// The request.
    pub size: Bytes,
}

/// A list of blocks of a fixed capacity. Noting one costs two stores and a little arithmetic.
#[derive(Clone, Debug)]
pub struct Record {
    slots: [Block; Self::CAPACITY],
    count: usize,
}

impl Record {
    /// How many blocks there is room for: several times what the sequence needs, and a power of two, so that a mask instead of
    /// a branch keeps an index inside.
    pub const CAPACITY: usize = 256;

    /// A record of nothing.
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

    /// Notes a block. Beyond the capacity it replaces the oldest; who asks [`has_room`](Self::has_room) never sees that.
    pub const fn note(&mut self, block: Block) {
        self.slots[self.count % Self::CAPACITY] = block;
        self.count += 1;
    }

    /// Whether `more` blocks fit.
    pub const fn has_room(&self, more: usize) -> bool {
        self.count <= Self::CAPACITY - more
    }

    /// The blocks noted so far.
    pub fn blocks(&self) -> &[Block] {
        &self.slots[..self.count.min(Self::CAPACITY)]
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}
