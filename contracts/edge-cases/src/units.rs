//! The units that meet in this contract, as types of their own: bytes, pages, addresses, ink.
//!
//! Not here: anything that touches memory. All of it is the 32-bit arithmetic of a wasm address space, the same on the host.

/// The size of a WebAssembly page, from the core specification.
pub const PAGE: Bytes = Bytes(1 << 16);

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u32);

/// A number of WebAssembly pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pages(pub u32);

impl Pages {
    /// Where memory of this many pages ends. 65,536 pages end where the address space does, at 2^32, hence the wider type.
    pub const fn end(self) -> u64 {
        self.0 as u64 * PAGE.0 as u64
    }
}

/// A place in linear memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub u32);

impl Address {
    /// What an allocator answers to a request that it cannot meet.
    pub const NULL: Self = Self(0);

    /// The address `size` bytes further on, around the end of the address space if it comes to that.
    pub const fn after(self, size: Bytes) -> Self {
        Self(self.0.wrapping_add(size.0))
    }

    /// How far it is from here to the end of the address space. From null it is 0 instead of 2^32.
    pub const fn room(self) -> Bytes {
        Bytes(self.0.wrapping_neg())
    }

    /// How far it is from here to the end of `memory`.
    pub const fn left_of(self, memory: Pages) -> Bytes {
        Bytes(memory.0.wrapping_mul(PAGE.0).wrapping_sub(self.0))
    }
}

/// The unit in which the Stylus VM meters; its price in gas is a parameter of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ink(pub u64);

impl Ink {
    /// What remains without `other`, at least nothing: a VM that does not meter always has the same left.
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}
