//! The algorithm on the host: a page source over a buffer that stands for the upper end of a linear memory, and the
//! heap over it as a subject. No expectations live here.
#![allow(
    unsafe_code,
    reason = "a page source implements an unsafe trait, and a global allocator is called by unsafe methods"
)]

use std::{
    alloc::{alloc_zeroed, dealloc, GlobalAlloc, Layout},
    cell::Cell,
    rc::Rc,
};

use mini_alloc::parts::{Addr, Compact, Heap, PageSource, Pages, ReclaimingHeap};

use super::{Limits, Subject, ADDRESS_SPACE, PAGE};

/// Where a simulated heap begins and how large its memory is, and may become.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The heap's first byte.
    pub(crate) heap_base: u32,
    /// The initial size in pages.
    pub(crate) initial: u32,
    /// The size in pages that the memory may grow to. All pages from the heap's first to here are backed by a buffer.
    pub(crate) max: u32,
}

impl Shape {
    /// Every shape.
    pub(crate) const ALL: [Self; 4] = [Self::LOW, Self::ROOMY, Self::FLUSH, Self::HIGH];
    /// A program that leaves most of its last page to the heap, as contracts do.
    pub(crate) const LOW: Self = Self {
        heap_base: 16 * PAGE + 256,
        initial: 17,
        max: 40,
    };
    /// A heap that has three more whole pages from the start.
    pub(crate) const ROOMY: Self = Self {
        heap_base: 2 * PAGE + 256,
        initial: 6,
        max: 26,
    };
    /// A heap that begins right after its initial memory.
    pub(crate) const FLUSH: Self = Self {
        heap_base: 3 * PAGE,
        initial: 3,
        max: 26,
    };
    /// A heap whose memory can grow to 4 GiB exactly.
    pub(crate) const HIGH: Self = Self {
        heap_base: 65_524 * PAGE + 256,
        initial: 65_525,
        max: 65_536,
    };
}

/// The part of a linear memory from the heap's first page on; what lies below is never touched.
#[derive(Debug)]
struct Memory {
    buffer: *mut u8,
    layout: Layout,
    /// The address of the buffer's first byte.
    origin: u32,
    first: u32,
    initial: u32,
    size: Cell<u32>,
    limits: Cell<Limits>,
}

impl Memory {
    fn new(shape: Shape) -> Self {
        // The state begins as the address of the byte before the heap, which can be on the page before.
        let first_page = (shape.heap_base - 1) / PAGE;
        let bytes = (shape.max - first_page) as usize * PAGE as usize;
        // Alignment matters only for the simulated addresses; with a small one here, fresh zeros cost nothing.
        let layout = Layout::from_size_align(bytes, 16).expect("a few pages are a valid size");
        // SAFETY: the layout is at least a page.
        let buffer = unsafe { alloc_zeroed(layout) };
        assert!(!buffer.is_null());
        Self {
            buffer,
            layout,
            origin: first_page * PAGE,
            first: shape.heap_base,
            initial: shape.initial,
            size: Cell::new(shape.initial),
            limits: Cell::new(Limits::up_to(shape.max)),
        }
    }

    fn pointer(&self, to: u32) -> *mut u8 {
        if to == 0 {
            return std::ptr::null_mut();
        }
        self.buffer
            .wrapping_add(to.wrapping_sub(self.origin) as usize)
    }

    fn address(&self, of: *mut u8) -> u32 {
        if of.is_null() {
            return 0;
        }
        self.origin
            .wrapping_add((of as usize).wrapping_sub(self.buffer as usize) as u32)
    }

    /// The pointer to `len` bytes at `at`, which must be inside the memory.
    fn bytes(&self, at: u32, len: u32) -> *mut u8 {
        let end = u64::from(at) + u64::from(len);
        assert!(at >= self.origin && end <= u64::from(self.size.get()) * u64::from(PAGE));
        self.pointer(at)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the buffer was allocated with this layout in `new`, and nobody uses it any more.
        unsafe { dealloc(self.buffer, self.layout) };
    }
}

/// The memory, shared by the heap and the test that watches it.
#[derive(Clone, Debug)]
struct Shared(Rc<Memory>);

// SAFETY:
// * size and permanence: the buffer holds all pages from the heap's first to the largest size allowed, and lives as
//   long as any handle on it;
// * growth: only `grow` and the test's `foreign_grow` change the size, by what they were asked; the buffer began as
//   zeros, and the test writes only to blocks it was given and to pages it grew itself;
// * one thread: an `Rc` does not leave it, and `grow` calls nobody;
// * initial memory: it is the buffer's beginning, which nobody else has;
// * pointers: `pointer` derives from the buffer's own pointer, and the two functions undo each other.
unsafe impl PageSource for Shared {
    fn size(&self) -> Pages {
        Pages(self.0.size.get())
    }

    fn grow(&self, pages: Pages) -> Option<Pages> {
        let before = Pages(self.0.size.get());
        if pages == Pages(0) {
            return Some(before);
        }
        let size = before.0.checked_add(pages.0)?;
        if size > ADDRESS_SPACE {
            return None;
        }
        let mut limits = self.0.limits.get();
        let granted = limits.heap_grows_to(size);
        self.0.limits.set(limits);
        if !granted {
            return None;
        }
        self.0.size.set(size);
        Some(before)
    }

    fn first(&self) -> Addr {
        Addr(self.0.first)
    }

    fn initial_last(&self) -> Addr {
        Addr((self.0.initial * PAGE).wrapping_sub(1))
    }

    fn pointer(&self, to: Addr) -> *mut u8 {
        self.0.pointer(to.0)
    }

    fn address(&self, of: *mut u8) -> Addr {
        Addr(self.0.address(of))
    }
}

/// A heap over a simulated memory.
pub(crate) struct Sim {
    heap: Box<dyn GlobalAlloc>,
    reuses: bool,
    in_place: bool,
    memory: Shared,
    heap_base: u32,
}

impl Sim {
    /// The heap that only grows, in little code.
    pub(crate) fn compact(shape: Shape) -> Self {
        let mut sim = Self::over(shape, |_, memory| {
            // SAFETY: `Shape` says where the heap begins, and the buffer covers it; its pages are used by this heap alone; a heap with
            // an `Rc` stays on its thread.
            Box::new(unsafe { Compact::new(memory) })
        });
        sim.in_place = false;
        sim
    }

    /// The heap that only grows, and whose last block grows in place.
    pub(crate) fn new(shape: Shape) -> Self {
        Self::over(shape, |last, memory| {
            // SAFETY: `Shape` says where the heap begins, and the buffer covers it and the byte before; its pages are used
            // by this heap alone; a `Heap` with an `Rc` stays on its thread.
            Box::new(unsafe { Heap::new(last, memory) })
        })
    }

    /// The heap that reuses freed memory.
    pub(crate) fn reclaiming(shape: Shape) -> Self {
        let mut sim = Self::over(shape, |last, memory| {
            // SAFETY: as above, and every shape begins at a multiple of 8.
            Box::new(unsafe { ReclaimingHeap::new(last, memory) })
        });
        sim.reuses = true;
        sim
    }

    fn over(shape: Shape, heap: impl FnOnce(*mut u8, Shared) -> Box<dyn GlobalAlloc>) -> Self {
        let memory = Shared(Rc::new(Memory::new(shape)));
        Self {
            heap: heap(memory.0.pointer(shape.heap_base - 1), memory.clone()),
            reuses: false,
            in_place: true,
            memory,
            heap_base: shape.heap_base,
        }
    }

    /// `alloc` with a size of the host, which can be more than 32 bits hold.
    pub(crate) fn alloc_layout(&self, layout: Layout) -> *mut u8 {
        // SAFETY: a heap takes any layout.
        unsafe { self.heap.alloc(layout) }
    }

    fn found(&self, block: *mut u8) -> Option<u32> {
        (!block.is_null()).then(|| self.memory.0.address(block))
    }
}

fn layout(size: u32, align: u32) -> Layout {
    Layout::from_size_align(size as usize, align as usize)
        .expect("a session asks for valid layouts")
}

impl Subject for Sim {
    fn reuses(&self) -> bool {
        self.reuses
    }

    fn grows_in_place(&self) -> bool {
        self.in_place
    }

    fn heap_base(&mut self) -> u32 {
        self.heap_base
    }

    fn pages(&mut self) -> u32 {
        self.memory.0.size.get()
    }

    fn alloc(&mut self, size: u32, align: u32, zeroed: bool) -> Option<u32> {
        let layout = layout(size, align);
        let block = if zeroed {
            // SAFETY: a heap takes any layout.
            unsafe { self.heap.alloc_zeroed(layout) }
        } else {
            self.alloc_layout(layout)
        };
        self.found(block)
    }

    fn dealloc(&mut self, at: u32, size: u32, align: u32) {
        let block = self.memory.0.pointer(at);
        // SAFETY: the session passes a live block with its layout.
        unsafe { self.heap.dealloc(block, layout(size, align)) };
    }

    fn realloc(&mut self, at: u32, size: u32, align: u32, new_size: u32) -> Option<u32> {
        let block = self.memory.0.pointer(at);
        // SAFETY: the session passes a live block with its layout, and a new size that is valid with its alignment.
        let block = unsafe {
            self.heap
                .realloc(block, layout(size, align), new_size as usize)
        };
        self.found(block)
    }

    fn foreign_grow(&mut self, pages: u32) -> bool {
        let size = self.memory.0.size.get() + pages;
        let granted = size <= self.memory.0.limits.get().max_pages;
        if granted {
            self.memory.0.size.set(size);
        }
        granted
    }

    fn limit(&mut self, pages: u32) {
        let limits = self.memory.0.limits.get();
        let backed =
            (self.memory.0.origin / PAGE) + (self.memory.0.layout.size() / PAGE as usize) as u32;
        self.memory.0.limits.set(Limits {
            max_pages: pages.min(backed),
            ..limits
        });
    }

    fn refuse(&mut self, nth: Option<u32>) {
        let limits = self.memory.0.limits.get();
        self.memory.0.limits.set(Limits {
            refuse: nth.map(|nth| limits.grows + nth),
            ..limits
        });
    }

    fn grows(&mut self) -> u32 {
        self.memory.0.limits.get().grows
    }

    fn read(&mut self, at: u32, len: u32) -> Vec<u8> {
        let bytes = self.memory.0.bytes(at, len);
        // SAFETY: `bytes` has checked that they are inside the memory, and nothing is written meanwhile.
        unsafe { std::slice::from_raw_parts(bytes, len as usize) }.to_vec()
    }

    fn fill(&mut self, at: u32, len: u32, byte: u8) {
        let bytes = self.memory.0.bytes(at, len);
        // SAFETY: `bytes` has checked that they are inside the memory, and no reference to them exists.
        unsafe { bytes.write_bytes(byte, len as usize) };
    }
}
