//! The units of a 32-bit linear memory: addresses, sizes, alignments and pages. They are 32 bits wide on every target,
//! so that the host computes exactly what a contract does. Nothing here touches memory or decides where a block goes.

/// The size of a WebAssembly page in bytes, from the WebAssembly specification.
pub(crate) const PAGE_SIZE: u32 = 1 << 16;

/// The address of one byte of linear memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Addr(pub u32);

impl Addr {
    /// The index of the page this byte lies on.
    #[inline]
    pub(crate) const fn page(self) -> u32 {
        self.0 / PAGE_SIZE
    }

    /// The last byte of the page this byte lies on.
    #[inline]
    pub(crate) const fn page_last(self) -> Self {
        Self(self.0 | (PAGE_SIZE - 1))
    }
}

/// A number of pages, at most 65,536: that many fill the address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pages(pub u32);

impl Pages {
    /// The last byte of a memory of this many pages, at least one.
    #[inline]
    pub(crate) const fn last(self) -> Addr {
        Addr(self.0.wrapping_mul(PAGE_SIZE).wrapping_sub(1))
    }

    /// The first byte after a memory of this many pages: null if they are the whole address space.
    #[inline]
    pub(crate) const fn first(self) -> Addr {
        Addr(self.0.wrapping_mul(PAGE_SIZE))
    }
}

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u32);

impl Bytes {
    /// How many pages these bytes are, which must be a multiple of a page.
    #[inline]
    pub(crate) const fn pages(self) -> u32 {
        self.0 / PAGE_SIZE
    }
}

/// An alignment in bytes: a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Align(pub(crate) u32);

impl Align {
    /// How far the next multiple of it is from an address.
    #[inline]
    pub(crate) const fn padding(self, from: Addr) -> Bytes {
        Bytes(from.0.wrapping_neg() & (self.0 - 1))
    }
}
