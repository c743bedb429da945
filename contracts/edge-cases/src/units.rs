//! The units of this contract, each with its own type: bytes, pages, addresses, ink.
//!
//! Not here: access to memory. This is all 32-bit arithmetic of a wasm address space, the same on the host.

/// The size of a WebAssembly page, from the core specification.
pub const PAGE: Bytes = Bytes(1 << 16);

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u32);

/// A number of WebAssembly pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pages(pub u32);

impl Pages {
    /// The end of memory of this many pages. 65,536 pages end with the address space, at 2^32, hence the wider type.
    pub const fn end(self) -> u64 {
        self.0 as u64 * PAGE.0 as u64
    }
}

/// An address in linear memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub u32);

impl Address {
    /// An allocator's answer to a request that it refuses.
    pub const NULL: Self = Self(0);

    /// The address `size` bytes further on, wrapping at the end of the address space.
    pub const fn after(self, size: Bytes) -> Self {
        Self(self.0.wrapping_add(size.0))
    }

    /// The distance from here to the end of the address space. From null it is 0 instead of 2^32.
    pub const fn room(self) -> Bytes {
        Bytes(self.0.wrapping_neg())
    }

    /// The distance from here to the end of `memory`.
    pub const fn left_of(self, memory: Pages) -> Bytes {
        Bytes(memory.0.wrapping_mul(PAGE.0).wrapping_sub(self.0))
    }
}

/// The unit in which the Stylus VM meters; its price in gas is a parameter of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ink(pub u64);

impl Ink {
    /// The difference, at least zero: a VM without metering always returns the same amount.
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}
