//! The memory of a wasm32 module. The only file with `core::arch` and linker symbols; it decides nothing.

#[cfg(not(feature = "in-place"))]
use core::{
    alloc::{GlobalAlloc, Layout},
    hint::unreachable_unchecked,
};
use core::{arch::wasm32, ptr::addr_of};

#[cfg(feature = "in-place")]
use crate::heap::Heap;
#[cfg(not(feature = "in-place"))]
use crate::{
    bump::Request,
    compact::{self, Compact},
    units::{Align, Bytes},
};
use crate::{
    pages::PageSource,
    reclaim::ReclaimingHeap,
    units::{Addr, Pages, PAGE_SIZE},
};

extern "C" {
    /// The first byte after the program's stack and static data. The linker defines it.
    static __heap_base: u8;
    /// The first byte after the memory the module begins with. The linker defines it, even that of
    /// the oldest Rust promised: `tests/msrv` links with it.
    static __heap_end: u8;
}

/// The module's own memory, which the instructions name by index 0.
#[derive(Debug)]
pub(crate) struct LinearMemory;

// SAFETY:
// * size and permanence: `memory.size` counts pages of 64 KiB, and WebAssembly has no instruction to shrink or move a
//   memory;
// * growth: `memory.grow` adds zeroed pages at the end, or answers −1 and does nothing. Nobody can use these pages
//   before the heap hands them out, because nobody else knows of them;
// * no growth by others in between: without threads (`lib.rs` refuses them) nothing else runs during a call;
// * initial memory: between `__heap_base` and `__heap_end` the linker places nothing, and memory without data is zero;
// * pointers: on wasm32 a pointer is the index of its byte.
unsafe impl PageSource for LinearMemory {
    #[inline(always)]
    fn size(&self) -> Pages {
        Pages(wasm32::memory_size(0) as u32)
    }

    #[inline(always)]
    fn grow(&self, pages: Pages) -> Option<Pages> {
        let before = wasm32::memory_grow(0, pages.0 as usize);
        if before == usize::MAX {
            None
        } else {
            Some(Pages(before as u32))
        }
    }

    #[inline(always)]
    fn first(&self) -> Addr {
        // Rust 1.82 and later see that taking the address is safe, earlier ones do not.
        #[allow(unused_unsafe)]
        // SAFETY: as in `initial_last`.
        let base = unsafe { addr_of!(__heap_base) };
        Addr(base as u32)
    }

    #[inline(always)]
    fn initial_last(&self) -> Addr {
        // Rust 1.82 and later see that taking the address is safe, earlier ones do not.
        #[allow(unused_unsafe)]
        // SAFETY: only the symbol's address is taken, which the linker defines; nothing is read.
        let end = unsafe { addr_of!(__heap_end) };
        Addr((end as u32).wrapping_sub(1))
    }

    #[inline(always)]
    fn pointer(&self, to: Addr) -> *mut u8 {
        to.0 as *mut u8
    }

    #[inline(always)]
    fn address(&self, of: *mut u8) -> Addr {
        Addr(of as u32)
    }
}

/// What a `static` needs to hold a heap.
struct SingleThreaded<H>(H);

// SAFETY: without atomics a module has one thread (`lib.rs` refuses to compile with them), so nothing is ever shared.
unsafe impl<H> Sync for SingleThreaded<H> {}

/// The one heap of a module that names `MiniAlloc`.
#[cfg(not(feature = "in-place"))]
static HEAP: SingleThreaded<Compact<LinearMemory>> = SingleThreaded(
    // SAFETY: the linker defines `__heap_base` as the end of what it placed, after the stack and the static data, so it is not null,
    // and all that is after it is the heap's. A module has one global allocator, and one thread. It begins with the memory that the
    // linker needs, which is not the whole address space unless its author asks for that, which README.md rules out.
    unsafe { Compact::new(LinearMemory) },
);

/// The one heap of a module that names `MiniAlloc`. The linker makes it: no code initialises it, and no call checks whether it is
/// initialised.
#[cfg(feature = "in-place")]
static HEAP: SingleThreaded<Heap<LinearMemory>> = SingleThreaded(
    // SAFETY: the linker defines `__heap_base` as the end of what it placed, after the stack and the static data, so
    // the byte before is inside the initial memory. It is not on the last page of the address space, because a module
    // that large has no address left for its heap. A module has one global allocator, and one thread.
    unsafe {
        Heap::new(
            addr_of!(__heap_base).cast_mut().wrapping_sub(1),
            LinearMemory,
        )
    },
);

/// The one heap of a module that names `ReclaimAlloc`.
static RECLAIMING: SingleThreaded<ReclaimingHeap<LinearMemory>> = SingleThreaded(
    // SAFETY: as for `HEAP`; and the linker aligns `__heap_base` to 16 bytes.
    unsafe {
        ReclaimingHeap::new(
            addr_of!(__heap_base).cast_mut().wrapping_sub(1),
            LinearMemory,
        )
    },
);

/// The heap behind [`MiniAlloc`](crate::MiniAlloc), by way of [`take`].
#[cfg(not(feature = "in-place"))]
pub(crate) struct MiniHeap;

/// A block for a size and an alignment that make a layout.
///
/// At opt-levels s and z, and without link-time optimisation, a program has it once. At 3 the compiler copies it to most places that
/// allocate, as it does with mini-alloc 1.0.0: each copy costs bytes at every uncached start and saves a call.
///
/// The alignment comes first, as in the layouts that callers pass on, which makes compressed programs a dozen bytes smaller.
#[cfg(not(feature = "in-place"))]
#[cfg_attr(feature = "outlined", inline(never))]
fn take(align: u32, size: u32) -> *mut u8 {
    let request = Request::sized(Bytes(size), Align(align));
    let block = HEAP.0.take(request);
    if cfg!(feature = "trap-on-oom") && block == Addr(0) {
        trap()
    }
    LinearMemory.pointer(block)
}

// SAFETY: as for `Compact`, whose `take` it is.
#[cfg(not(feature = "in-place"))]
unsafe impl GlobalAlloc for MiniHeap {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = take(layout.align() as u32, layout.size() as u32);
        if cfg!(feature = "trap-on-oom") && block.is_null() {
            // SAFETY: `take` does not return null: with this feature it would have trapped. (So no caller tests for it.)
            unsafe { unreachable_unchecked() }
        }
        block
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on. The bytes are zero because none has been handed out before.
        unsafe { self.alloc(layout) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on with the arguments.
        unsafe { compact::relocate(self, block, layout, new_size) }
    }
}

/// The heap behind [`MiniAlloc`](crate::MiniAlloc).
#[cfg(not(feature = "in-place"))]
#[inline(always)]
pub(crate) fn heap() -> &'static MiniHeap {
    &MiniHeap
}

/// The heap behind [`MiniAlloc`](crate::MiniAlloc).
#[cfg(feature = "in-place")]
#[inline(always)]
pub(crate) fn heap() -> &'static Heap<LinearMemory> {
    &HEAP.0
}

/// The heap behind [`ReclaimAlloc`](crate::ReclaimAlloc).
#[inline(always)]
pub(crate) fn reclaiming() -> &'static ReclaimingHeap<LinearMemory> {
    &RECLAIMING.0
}

/// Ends the program.
pub(crate) fn trap() -> ! {
    wasm32::unreachable()
}

// `units::PAGE_SIZE` is WebAssembly's, and addresses are as wide as pointers.
const _: () = assert!(PAGE_SIZE == 65536 && usize::BITS == u32::BITS);
