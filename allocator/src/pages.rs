//! The one seam of this crate: what the heap asks of the memory it lives in. No implementation lives here; a contract's
//! is in `wasm.rs`, the simulated one of the tests in `tests/support`.

use crate::units::{Addr, Pages};

/// A linear memory that grows by whole pages.
///
/// # Safety
///
/// [`Heap`](crate::heap::Heap) hands out this memory as Rust objects, so an implementation promises that
///
/// * the memory is bytes `0` to `65,536 × size()` of a 32-bit address space; it never shrinks or moves, and all of it
///   from the heap's first byte on can be read and written for as long as the source lives;
/// * when [`grow`](Self::grow) returns the size from before, it has added exactly the requested pages at the end; they are zero and nobody
///   else's. When it returns `None`, nothing has changed;
/// * others may grow the memory between two of the heap's calls, but never during one;
/// * from the heap's first byte to [`initial_last`](Self::initial_last), when the heap is made, all bytes are part of
///   the memory, are zero and are nobody else's;
/// * [`pointer`](Self::pointer) returns a pointer through which every byte of the memory, from the heap's first one on, may be accessed,
///   and null for address 0; [`address`](Self::address) is its inverse.
pub unsafe trait PageSource {
    /// How large the memory is now, whoever grew it.
    fn size(&self) -> Pages;

    /// Adds pages at the end, and returns the size from before; `None` if that is refused. Adding none always succeeds.
    fn grow(&self, pages: Pages) -> Option<Pages>;

    /// The heap's first byte.
    fn first(&self) -> Addr;

    /// The last byte of the memory the heap was given at the start.
    fn initial_last(&self) -> Addr;

    /// The pointer to a byte.
    fn pointer(&self, to: Addr) -> *mut u8;

    /// The byte a pointer points to.
    fn address(&self, of: *mut u8) -> Addr;
}
