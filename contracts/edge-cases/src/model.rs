//! An arithmetic heap: addresses and sizes without any memory behind them. It replaces linear memory on the host, where the tests
//! run the sequence through all of a 32-bit address space.
//!
//! Not compiled into a contract.

use crate::{
    checks::Failed,
    record::{Block, Record},
    sequence::Heap,
    units::{Address, Bytes, PAGE, Pages},
};

/// A bump allocator. `ZEROED` is what it is asked for, which does not affect addresses.
#[derive(Clone, Debug)]
pub struct Model<const ZEROED: bool> {
    /// Where the next block begins, or its header.
    next: Address,
    memory: Pages,
    /// What a block costs beyond its size; 0 for a true bump allocator.
    header: Bytes,
    record: Record,
}

impl<const ZEROED: bool> Model<ZEROED> {
    /// A heap that begins at `base`, in the last of `memory`'s pages, and puts a header before each block.
    pub const fn new(base: Address, memory: Pages, header: Bytes) -> Self {
        Self {
            next: base,
            memory,
            header,
            record: Record::new(),
        }
    }

    /// Never fails: without memory, no byte of it is nonzero.
    pub const fn zeroed(&self) -> Failed {
        Failed::NOTHING
    }

    /// Moves past the header and the block, and grows memory if needed.
    fn place(&mut self, size: Bytes) -> Option<Address> {
        let address = self.next.0.checked_add(self.header.0)?;
        let next = address.checked_add(size.0)?;
        self.next = Address(next);
        self.memory = self.memory.max(Pages(next.div_ceil(PAGE.0)));
        Some(Address(address))
    }
}

impl<const ZEROED: bool> Default for Model<ZEROED> {
    /// A small contract's heap: one page, with stack and statics in its first half.
    fn default() -> Self {
        Self::new(Address(PAGE.0 / 2), Pages(1), Bytes(0))
    }
}

impl<const ZEROED: bool> Heap for Model<ZEROED> {
    fn request(&mut self, size: Bytes) -> Address {
        let address = self.place(size).unwrap_or(Address::NULL);
        self.record.note(Block { address, size });
        address
    }

    fn in_use(&self) -> Pages {
        self.memory
    }

    fn record(&self) -> &Record {
        &self.record
    }
}
