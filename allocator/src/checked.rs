//! [`Checked`] wraps an allocator and finds its callers' mistakes: writes outside a block, uses of freed blocks, frees of pointers that are
//! not blocks, and leaks.
//!
//! A block lies between a header and a trailer. A pointer is trusted only once it is found in the table of live blocks, so nothing is ever
//! read from an address that a caller made up. Freed blocks are filled with poison and kept for a while. Blocks come from the wrapped
//! allocator; threads, traces and ending the process belong to `platform.rs`.
//!
//! While the state is held, only this code and the wrapped allocator's run. A request that holds it finds at most one fault, and reports it
//! after letting go, so a report may allocate and may wait for a thread that allocates.

// A fault holds its trace by value: an allocator cannot box it.
#![allow(clippy::result_large_err)]

mod fault;
mod index;
#[cfg_attr(target_arch = "wasm32", path = "checked/wasm.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "checked/host.rs")]
mod platform;

use core::{
    alloc::{GlobalAlloc, Layout},
    mem::{align_of, size_of},
    ptr,
};

pub use fault::{Fault, Kind};
use index::{Entry, Index};
use platform::{Origin, Shared};

/// Fills a fresh block unless zeros were asked for, so that reading before writing shows.
const FRESH: u8 = 0xAF;
/// Fills a freed block.
const POISON: u8 = 0xDE;
/// Fills the bytes before and after a block.
const CANARY: [u8; 16] = *b"\xC5canary not dead";
/// How many freed blocks are kept, to see whether anybody writes to them.
const KEPT: usize = 256;
/// How many bytes the kept blocks may have together.
const KEPT_BYTES: usize = 1 << 20;

/// What precedes a block.
#[repr(C)]
struct Header {
    /// The block freed before this one, once this one is freed.
    next: *mut Header,
    /// Guard bytes on either side of the block, beyond the canary.
    guard: usize,
    /// The layout requested.
    layout: Layout,
    /// The block's number, counted from the first request.
    serial: usize,
    /// Who requested it.
    origin: Origin,
    /// Who freed it, once somebody has.
    freed: Option<Origin>,
    /// The canary next to the block's first byte, or to its guard.
    canary: [u8; 16],
}

/// Freed blocks, latest first.
struct List {
    first: *mut Header,
    count: usize,
    bytes: usize,
}

struct State {
    live: Index,
    /// Bytes in live blocks, as requested.
    bytes: usize,
    kept: List,
    serial: usize,
}

/// An allocator that checks how another one's blocks are used.
///
/// One line switches it on in a contract's tests:
///
/// ```
/// #[global_allocator]
/// static CHECKED: mini_alloc::Checked<std::alloc::System> = mini_alloc::Checked::new(std::alloc::System);
///
/// CHECKED.assert_no_leaks(|| drop(vec![1, 2, 3]));
/// ```
///
/// It reports a fault to standard error and ends the process; in wasm it leaves the report where `fault_text` points, and traps. With the
/// feature `backtrace` (on Unix), a report says where the block was requested and where it was first freed.
///
/// Nobody may write to the 16 bytes before and after a block. A write that leaps over them goes unnoticed; [guard more
/// bytes](Self::guarding) to find it.
pub struct Checked<A> {
    inner: A,
    guard: usize,
    report: fn(&Fault),
    state: Shared<State>,
}

// SAFETY: the headers that it links belong to it, not to a thread.
unsafe impl Send for State {}

impl<A> Checked<A> {
    /// Checks the blocks of `inner`; a fault ends the process.
    pub const fn new(inner: A) -> Self {
        Self::reporting(inner, platform::stop)
    }

    /// Checks the blocks of `inner`, and passes faults to `report`. If `report` returns, the faulty request has no effect.
    pub const fn reporting(inner: A, report: fn(&Fault)) -> Self {
        const EMPTY: List = List {
            first: ptr::null_mut(),
            count: 0,
            bytes: 0,
        };
        Self {
            inner,
            guard: 0,
            report,
            state: Shared::new(State {
                live: Index::EMPTY,
                bytes: 0,
                kept: EMPTY,
                serial: 0,
            }),
        }
    }

    /// Guards `bytes` more on either side of each block, to find writes that far off: those with a wrong index of a small element or, with
    /// the size of a page, of a large one. Each block takes twice as many bytes more, and checking them takes time when it is freed.
    ///
    /// ```
    /// use std::alloc::System;
    ///
    /// use mini_alloc::Checked;
    ///
    /// static WIDE: Checked<System> = Checked::new(System).guarding(4096);
    /// ```
    #[must_use]
    pub const fn guarding(mut self, bytes: usize) -> Self {
        // A header precedes the guard, and must be aligned.
        self.guard = bytes.saturating_add(CANARY.len() - 1) & !(CANARY.len() - 1);
        self
    }

    /// The address of the latest fault's text, which ends with a zero and is empty if there was no fault. Modules export it themselves: if
    /// the crate did, every contract with one of its allocators would carry the text.
    #[cfg(target_arch = "wasm32")]
    pub fn fault_text(&self) -> *const u8 {
        platform::text()
    }

    /// How many blocks are live.
    pub fn cur_allocs(&self) -> usize {
        self.state.with(|state| state.live.count()).unwrap_or(0)
    }

    /// How many bytes live blocks have, as requested.
    pub fn cur_bytes(&self) -> usize {
        self.state.with(|state| state.bytes).unwrap_or(0)
    }

    /// Checks every block, including freed ones that are kept, and reports writes outside a block or after its end of life.
    pub fn check(&self) {
        // One at a time, in the order of their requests, since reporting may allocate.
        let damaged = |from| {
            self.state.with(|state| {
                let live = state
                    .live()
                    .filter_map(|header| header.damage().map(|fault| (header.serial, fault)));
                let kept = state.kept.iter().filter_map(|header| {
                    header
                        .damage_since_freed()
                        .map(|fault| (header.serial, fault))
                });
                live.chain(kept)
                    .filter(|(serial, _)| *serial >= from)
                    .min_by_key(|(serial, _)| *serial)
            })
        };
        let mut from = 0;
        while let Some(Some((serial, fault))) = damaged(from) {
            (self.report)(&fault);
            // If the header was overwritten, its number may be anything.
            let Some(next) = serial.checked_add(1) else {
                break;
            };
            from = next;
        }
    }

    /// Runs `test`, and panics if a block that this thread requested in it is still live afterwards. Also checks every block.
    ///
    /// Whatever is created on first use and then kept, such as a static or a library's table, is live afterwards; for tests that meet such
    /// a thing, see [`assert_no_leaks_again`](Self::assert_no_leaks_again). The test harness keeps printed output until the test ends; with
    /// the feature `backtrace` (on Unix) this is recognised and no leak, otherwise use `--nocapture`.
    ///
    /// # Panics
    /// If such a block is live; the message has the size of each, and where it was requested.
    pub fn assert_no_leaks(&self, test: impl FnOnce()) {
        let serial = || self.state.with(|state| state.serial).unwrap_or(0);
        let begun = serial();
        test();
        let ended = serial();
        self.check();
        let leak = |from| {
            self.state.with(|state| {
                let is_leaked = |header: &&Header| {
                    (from..ended).contains(&header.serial) && header.origin.is_here()
                };
                let earliest = state
                    .live()
                    .filter(is_leaked)
                    .min_by_key(|header| header.serial);
                earliest.map(|header| (header.serial, header.fault(Kind::Leak)))
            })
        };
        let (mut leaks, mut from) = (0, begun);
        while let Some(Some((serial, fault))) = leak(from) {
            if !fault.is_output() {
                platform::say(&fault);
                leaks += 1;
            }
            from = serial + 1;
        }
        assert!(leaks == 0, "leaked blocks, listed above: {leaks}");
    }

    /// Runs `test` twice, and panics if a block that this thread requested in the second run is still live afterwards: whatever is created
    /// on first use exists by then.
    ///
    /// # Panics
    /// As [`assert_no_leaks`](Self::assert_no_leaks).
    pub fn assert_no_leaks_again(&self, mut test: impl FnMut()) {
        test();
        self.assert_no_leaks(test);
    }
}

/// Whether memory holds canaries, one after another.
///
/// # Safety
///
/// * That many bytes may be read from there on.
unsafe fn is_guarded(at: *mut u8, bytes: usize) -> bool {
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(at, bytes) };
    bytes
        .iter()
        .zip(CANARY.iter().cycle())
        .all(|(byte, wanted)| byte == wanted)
}

/// Writes canaries, one after another.
///
/// # Safety
///
/// * That many bytes may be written from there on.
unsafe fn guard(at: *mut u8, bytes: usize) {
    for (number, &byte) in CANARY.iter().cycle().take(bytes).enumerate() {
        // SAFETY: the caller's promise.
        unsafe { at.wrapping_add(number).write(byte) };
    }
}

impl Header {
    /// The first byte of the block.
    fn block(&self) -> *mut u8 {
        ptr::addr_of!(*self)
            .cast_mut()
            .cast::<u8>()
            .wrapping_add(size_of::<Self>() + self.guard)
    }

    fn fault(&self, kind: Kind) -> Fault {
        Fault {
            kind,
            address: self.block() as usize,
            layout: self.layout,
            origin: Some(self.origin.clone()),
            freed: self.freed.clone(),
        }
    }

    /// What was overwritten around the block.
    fn damage(&self) -> Option<Fault> {
        let front = self.block().wrapping_sub(self.guard);
        // SAFETY: the guard lies between the header and the block, and belongs to the block.
        let is_whole = self.canary == CANARY && unsafe { is_guarded(front, self.guard) };
        if !is_whole {
            return Some(self.fault(Kind::Underrun));
        }
        let after = self.block().wrapping_add(self.layout.size());
        // SAFETY: the trailer lies after the block, and belongs to it.
        let is_whole = unsafe { is_guarded(after, CANARY.len() + self.guard) };
        (!is_whole).then(|| self.fault(Kind::Overrun))
    }

    /// What was overwritten in or around a kept block.
    fn damage_since_freed(&self) -> Option<Fault> {
        if let Some(fault) = self.damage() {
            return Some(fault);
        }
        // SAFETY: nobody else uses a kept block, and every byte of it was filled.
        let bytes = unsafe { core::slice::from_raw_parts(self.block(), self.layout.size()) };
        let is_poisoned = bytes.iter().all(|&byte| byte == POISON);
        (!is_poisoned).then(|| self.fault(Kind::UseAfterFree))
    }
}

impl List {
    fn iter(&self) -> impl Iterator<Item = &Header> {
        // SAFETY: linked blocks are live or kept, and nobody changes them while the list is borrowed.
        let mut next = unsafe { self.first.as_ref() };
        core::iter::from_fn(move || {
            let header = next?;
            // An overwritten header leads nowhere.
            next = if header.canary == CANARY {
                // SAFETY: as above.
                unsafe { header.next.as_ref() }
            } else {
                None
            };
            Some(header)
        })
    }

    fn push(&mut self, header: *mut Header) {
        // SAFETY: the caller passes a header that is in no list.
        let linked = unsafe { &mut *header };
        linked.next = self.first;
        self.first = header;
        self.count += 1;
        self.bytes += linked.layout.size();
    }

    /// Removes the earliest.
    fn take_last(&mut self) -> Option<*mut Header> {
        let mut link: *mut *mut Header = &mut self.first;
        loop {
            // SAFETY: `link` is the list's own pointer, or that in a header of the list.
            let header = unsafe { *link };
            // SAFETY: linked blocks are kept.
            let found = unsafe { header.as_mut() }?;
            if found.next.is_null() {
                self.count -= 1;
                self.bytes -= found.layout.size();
                // SAFETY: as above.
                unsafe { *link = ptr::null_mut() };
                return Some(header);
            }
            if found.canary != CANARY {
                return None;
            }
            link = &mut found.next;
        }
    }
}

/// The layout of header, block and trailer, and the block's offset in it; `None` if it would be too large to exist.
fn frame(layout: Layout, guard: usize) -> Option<(Layout, usize)> {
    let align = layout.align().max(align_of::<Header>());
    let before = size_of::<Header>()
        .checked_add(guard)?
        .checked_add(align - 1)?
        & !(align - 1);
    let size = before
        .checked_add(layout.size())?
        .checked_add(CANARY.len())?
        .checked_add(guard)?;
    Some((Layout::from_size_align(size, align).ok()?, before))
}

impl State {
    /// The headers of live blocks, in no particular order.
    fn live(&self) -> impl Iterator<Item = &Header> {
        // SAFETY: blocks in the table are live, and nobody changes them while the state is borrowed.
        self.live.iter().map(|entry| unsafe { &*entry.header })
    }

    /// Finds a live block, if the caller may free it.
    fn claim(&self, block: *mut u8, layout: Layout) -> Result<*mut Header, Fault> {
        let Some(header) = self.live.find(block) else {
            let kept = self.kept.iter().find(|header| header.block() == block);
            return Err(kept.map_or(
                Fault {
                    kind: Kind::Foreign,
                    address: block as usize,
                    layout,
                    origin: None,
                    freed: None,
                },
                |header| header.fault(Kind::DoubleFree),
            ));
        };
        // SAFETY: it was in the table.
        let found = unsafe { &*header };
        let fault = if found.canary == CANARY && found.layout != layout {
            Some(found.fault(Kind::WrongLayout(layout)))
        } else {
            found.damage()
        };
        // If the report returns, the caller keeps the block.
        fault.map_or(Ok(header), Err)
    }

    /// Removes a block from the live ones, poisons it and keeps it.
    fn keep(&mut self, header: *mut Header) {
        // SAFETY: it was in the table, and nobody else has a reference to it.
        let freed = unsafe { &mut *header };
        self.live.remove(freed.block());
        self.bytes -= freed.layout.size();
        freed.freed = Some(Origin::here());
        // SAFETY: the caller has freed the block.
        unsafe { freed.block().write_bytes(POISON, freed.layout.size()) };
        self.kept.push(header);
    }
}

impl<A: GlobalAlloc> Checked<A> {
    /// Requests a block from the wrapped allocator; null if that has none.
    fn obtain(&self, state: &mut State, layout: Layout, fill: u8) -> Result<*mut u8, Fault> {
        let Some((frame, before)) = frame(layout, self.guard) else {
            return Ok(ptr::null_mut());
        };
        // SAFETY: the frame is never empty.
        let base = unsafe { self.inner.alloc(frame) };
        if base.is_null() {
            return Ok(base);
        }
        if base as usize % frame.align() != 0 {
            return Err(Fault {
                kind: Kind::Misaligned,
                address: base as usize,
                layout: frame,
                origin: None,
                freed: None,
            });
        }
        if !state.live.reserve(&self.inner) {
            // SAFETY: it was just allocated with this layout.
            unsafe { self.inner.dealloc(base, frame) };
            return Ok(ptr::null_mut());
        }
        let block = base.wrapping_add(before);
        let front = block.wrapping_sub(self.guard);
        let header = front.wrapping_sub(size_of::<Header>()).cast::<Header>();
        // SAFETY: the frame has room for the header before the guard and the block, and the guard is a multiple of its alignment.
        unsafe {
            header.write(Header {
                next: ptr::null_mut(),
                guard: self.guard,
                layout,
                serial: state.serial,
                origin: Origin::here(),
                freed: None,
                canary: CANARY,
            });
        }
        // SAFETY: the frame has `layout.size()` bytes after its header.
        unsafe { block.write_bytes(fill, layout.size()) };
        // SAFETY: the guard precedes them.
        unsafe { guard(front, self.guard) };
        let after = block.wrapping_add(layout.size());
        // SAFETY: the trailer follows them.
        unsafe { guard(after, CANARY.len() + self.guard) };
        state.serial += 1;
        state.bytes += layout.size();
        state.live.insert(Entry { block, header });
        Ok(block)
    }

    /// Returns the longest-kept block to the wrapped allocator if too many are kept. Returns whether it did, or how the block was written
    /// to meanwhile.
    fn release(&self, state: &mut State) -> Result<bool, Fault> {
        if state.kept.count <= KEPT && state.kept.bytes <= KEPT_BYTES {
            return Ok(false);
        }
        let Some(oldest) = state.kept.take_last() else {
            return Ok(false);
        };
        // SAFETY: it was in the list.
        let oldest = unsafe { &*oldest };
        // A block whose header may be wrong stays where it is, in no list.
        if let Some(fault) = oldest.damage_since_freed() {
            return Err(fault);
        }
        if let Some((frame, before)) = frame(oldest.layout, self.guard) {
            let base = oldest.block().wrapping_sub(before);
            // SAFETY: the wrapped allocator returned this frame for this layout.
            unsafe { self.inner.dealloc(base, frame) };
        }
        Ok(true)
    }

    /// Reports the fault, if there is one.
    fn told<R>(&self, result: Result<R, Fault>) -> Option<R> {
        result.map_err(|fault| (self.report)(&fault)).ok()
    }

    /// Frees what need not be kept.
    fn tidy(&self) {
        while let Some(released) = self.state.with(|state| self.release(state)) {
            if self.told(released) == Some(false) {
                break;
            }
        }
    }
}

// SAFETY: a block is the part between header and trailer of one from the wrapped allocator, aligned because it lies a multiple of its
// alignment after an address whose alignment was checked. Requests from within a request go to the wrapped allocator unchanged, and so do
// frees of their blocks.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Checked<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.state.with(|state| self.obtain(state, layout, FRESH)) {
            Some(block) => self.told(block).unwrap_or(ptr::null_mut()),
            // SAFETY: the caller's promise is passed on.
            None => unsafe { self.inner.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match self.state.with(|state| self.obtain(state, layout, 0)) {
            Some(block) => self.told(block).unwrap_or(ptr::null_mut()),
            // SAFETY: the caller's promise is passed on.
            None => unsafe { self.inner.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let freed = self
            .state
            .with(|state| state.claim(block, layout).map(|header| state.keep(header)));
        match freed {
            Some(freed) => {
                self.told(freed);
                self.tidy();
            }
            // SAFETY: the caller's promise is passed on.
            None => unsafe { self.inner.dealloc(block, layout) },
        }
    }

    /// Always moves the block, so that uses of the old pointer are found.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let moved = self.state.with(|state| {
            let header = state.claim(block, layout)?;
            let new = match Layout::from_size_align(new_size, layout.align()) {
                Ok(wanted) => self.obtain(state, wanted, FRESH),
                Err(_) => Ok(ptr::null_mut()),
            };
            match new {
                Ok(new) if !new.is_null() => {
                    // SAFETY: both blocks are live, do not overlap, and have that many bytes.
                    unsafe { ptr::copy_nonoverlapping(block, new, layout.size().min(new_size)) };
                    state.keep(header);
                }
                // The block stays as it was.
                _ => {}
            }
            new
        });
        match moved {
            Some(moved) => {
                let moved = self.told(moved).unwrap_or(ptr::null_mut());
                self.tidy();
                moved
            }
            // SAFETY: the caller's promise is passed on.
            None => unsafe { self.inner.realloc(block, layout, new_size) },
        }
    }
}
