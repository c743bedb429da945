//! [`Checked`], which wraps an allocator and finds what its callers do wrong: they write outside a block, use one that they have freed,
//! free what is not theirs, or never free at all.
//!
//! A block lies between a header and a trailer. A pointer is trusted only once it is found in the table of blocks; nothing is ever read
//! from an address that a caller made up. Freed blocks are filled with poison and kept for a while. Blocks come from the wrapped
//! allocator; threads, traces and the end of the process belong to `platform.rs`.
//!
//! While the state is held, no code runs but this and the wrapped allocator's: each request that holds it finds at most one fault, and
//! reports it afterwards. So a report may allocate, and may wait for a thread that allocates.

// A fault holds its trace, and there is nowhere else to put it: an allocator has no box.
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

/// What a fresh block is filled with, unless zeros were asked for: whoever reads before he writes shall notice.
const FRESH: u8 = 0xAF;
/// What a block is filled with when it is given back.
const POISON: u8 = 0xDE;
/// What lies before and behind a block.
const CANARY: [u8; 16] = *b"\xC5canary not dead";
/// How many blocks that were given back are kept, to see whether anybody writes to them.
const KEPT: usize = 256;
/// How many bytes they may have together.
const KEPT_BYTES: usize = 1 << 20;

/// In front of a block.
#[repr(C)]
struct Header {
    /// The one that was given back before, once this one was.
    next: *mut Header,
    /// How many bytes more than a canary lie on either side of the block.
    guard: usize,
    /// What was asked for.
    layout: Layout,
    /// The how manieth block it is.
    serial: usize,
    /// Who asked for it.
    origin: Origin,
    /// Who gave it back, once somebody did.
    freed: Option<Origin>,
    /// Next to the block's first byte, or to the guard's.
    canary: [u8; 16],
}

/// Blocks that were given back, from the latest to the earliest.
struct List {
    first: *mut Header,
    count: usize,
    bytes: usize,
}

struct State {
    live: Index,
    /// Bytes of the blocks that live, as they were asked for.
    bytes: usize,
    kept: List,
    serial: usize,
}

/// An allocator that checks what is done with another one's blocks.
///
/// In a contract's tests one line switches it on:
///
/// ```
/// #[global_allocator]
/// static CHECKED: mini_alloc::Checked<std::alloc::System> = mini_alloc::Checked::new(std::alloc::System);
///
/// CHECKED.assert_no_leaks(|| drop(vec![1, 2, 3]));
/// ```
///
/// What it finds it reports to standard error, and ends the process; in wasm it leaves the report's text where `fault_text` says,
/// and traps. With the feature `backtrace` (on Unix) a report says where the block was
/// asked for, and where it was freed first.
///
/// Behind a block and in front of it lie 16 bytes that nobody may write to. A write that leaps over these is not found; who looks for
/// one asks for [more](Self::guarding).
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

    /// Checks the blocks of `inner`, and tells `report` of a fault. If that returns, the request which was at fault has no effect.
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

    /// Watches `bytes` more on either side of each block, which finds writes that are so far off: a wrong index of a small element, or
    /// with the size of a page one of a large. It costs as many bytes for each block, twice, and to look at them when it is freed.
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
        // A header lies in front of the guard, and must be aligned.
        self.guard = bytes.saturating_add(CANARY.len() - 1) & !(CANARY.len() - 1);
        self
    }

    /// Where the latest fault's text lies, which a zero ends; empty where there was none. For a module to export: the crate exports
    /// nothing itself, or else every contract with one of its allocators would carry the text.
    #[cfg(target_arch = "wasm32")]
    pub fn fault_text(&self) -> *const u8 {
        platform::text()
    }

    /// How many blocks live.
    pub fn cur_allocs(&self) -> usize {
        self.state.with(|state| state.live.count()).unwrap_or(0)
    }

    /// How many bytes they have, as they were asked for.
    pub fn cur_bytes(&self) -> usize {
        self.state.with(|state| state.bytes).unwrap_or(0)
    }

    /// Looks at every block, those that were given back included, and reports what was written where nobody may.
    pub fn check(&self) {
        // One at a time, in the order in which the blocks were got: to tell of one may allocate.
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
            // The number of a header that was written over may be any.
            let Some(next) = serial.checked_add(1) else {
                break;
            };
            from = next;
        }
    }

    /// Runs `test`, and panics if a block that this thread got in it is still alive afterwards. Looks at every block, too.
    ///
    /// What is made at its first use and then kept, a static or a table of a library's, is alive afterwards: for a test in which
    /// there is such a thing, see [`assert_no_leaks_again`](Self::assert_no_leaks_again). What is printed is kept by the test harness
    /// until the test ends; with the feature `backtrace` (on Unix) that is known and no leak, otherwise `--nocapture` helps.
    ///
    /// # Panics
    /// Where there is such a block; with the size of each, and where it was asked for.
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

    /// Runs `test` twice, and panics if a block that this thread got the second time is still alive afterwards: what is made at its
    /// first use is made by then.
    ///
    /// # Panics
    /// As [`assert_no_leaks`](Self::assert_no_leaks).
    pub fn assert_no_leaks_again(&self, mut test: impl FnMut()) {
        test();
        self.assert_no_leaks(test);
    }
}

/// Whether memory holds canaries, one behind the other.
///
/// # Safety
///
/// * So many bytes may be read from there on.
unsafe fn is_guarded(at: *mut u8, bytes: usize) -> bool {
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(at, bytes) };
    bytes
        .iter()
        .zip(CANARY.iter().cycle())
        .all(|(byte, wanted)| byte == wanted)
}

/// Writes canaries, one behind the other.
///
/// # Safety
///
/// * So many bytes may be written to from there on.
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

    /// What was written around the block.
    fn damage(&self) -> Option<Fault> {
        let front = self.block().wrapping_sub(self.guard);
        // SAFETY: the guard lies between the header and the block, and belongs to it.
        let is_whole = self.canary == CANARY && unsafe { is_guarded(front, self.guard) };
        if !is_whole {
            return Some(self.fault(Kind::Underrun));
        }
        let behind = self.block().wrapping_add(self.layout.size());
        // SAFETY: the trailer lies behind the block, and belongs to it.
        let is_whole = unsafe { is_guarded(behind, CANARY.len() + self.guard) };
        (!is_whole).then(|| self.fault(Kind::Overrun))
    }

    /// What was written around a block that is kept, or into it.
    fn damage_since_freed(&self) -> Option<Fault> {
        if let Some(fault) = self.damage() {
            return Some(fault);
        }
        // SAFETY: a block that is kept is nobody else's, and all of it was filled.
        let bytes = unsafe { core::slice::from_raw_parts(self.block(), self.layout.size()) };
        let is_poisoned = bytes.iter().all(|&byte| byte == POISON);
        (!is_poisoned).then(|| self.fault(Kind::UseAfterFree))
    }
}

impl List {
    fn iter(&self) -> impl Iterator<Item = &Header> {
        // SAFETY: what is linked is alive, or kept, and nobody changes it while the list is borrowed.
        let mut next = unsafe { self.first.as_ref() };
        core::iter::from_fn(move || {
            let header = next?;
            // A header that was written over leads nowhere.
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

    /// Takes out the earliest.
    fn take_last(&mut self) -> Option<*mut Header> {
        let mut link: *mut *mut Header = &mut self.first;
        loop {
            // SAFETY: `link` is the list's own pointer, or that of a header in it.
            let header = unsafe { *link };
            // SAFETY: what is linked is kept.
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

/// The layout of header, block and trailer, and how far into it the block begins; `None` if that is too large to exist.
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
    /// The headers of the blocks that live, in no order.
    fn live(&self) -> impl Iterator<Item = &Header> {
        // SAFETY: what is in the table lives, and nobody changes it while the state is borrowed.
        self.live.iter().map(|entry| unsafe { &*entry.header })
    }

    /// Finds a block that lives, if the caller may give it back.
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
        // Who is told and goes on keeps the block.
        fault.map_or(Ok(header), Err)
    }

    /// Takes a block out of those that live, poisons and keeps it.
    fn keep(&mut self, header: *mut Header) {
        // SAFETY: it was in the table, and nobody else has a reference to it.
        let freed = unsafe { &mut *header };
        self.live.remove(freed.block());
        self.bytes -= freed.layout.size();
        freed.freed = Some(Origin::here());
        // SAFETY: the caller has given the block back.
        unsafe { freed.block().write_bytes(POISON, freed.layout.size()) };
        self.kept.push(header);
    }
}

impl<A: GlobalAlloc> Checked<A> {
    /// Gets a block from the wrapped allocator. Null where that has none.
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
            // SAFETY: it was got with this layout just now.
            unsafe { self.inner.dealloc(base, frame) };
            return Ok(ptr::null_mut());
        }
        let block = base.wrapping_add(before);
        let front = block.wrapping_sub(self.guard);
        let header = front.wrapping_sub(size_of::<Header>()).cast::<Header>();
        // SAFETY: the frame has room for the header in front of the guard and the block, and the guard is a multiple of its alignment.
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
        // SAFETY: the frame has `layout.size()` bytes behind its header.
        unsafe { block.write_bytes(fill, layout.size()) };
        // SAFETY: and a guard in front of them.
        unsafe { guard(front, self.guard) };
        let behind = block.wrapping_add(layout.size());
        // SAFETY: and a trailer behind.
        unsafe { guard(behind, CANARY.len() + self.guard) };
        state.serial += 1;
        state.bytes += layout.size();
        state.live.insert(Entry { block, header });
        Ok(block)
    }

    /// Gives the block that was kept longest back to the wrapped allocator, if too many are. Whether it did, or what was done to
    /// the block meanwhile.
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
            // SAFETY: the wrapped allocator gave this frame for this layout.
            unsafe { self.inner.dealloc(base, frame) };
        }
        Ok(true)
    }

    /// Tells of the fault, if there is one.
    fn told<R>(&self, result: Result<R, Fault>) -> Option<R> {
        result.map_err(|fault| (self.report)(&fault)).ok()
    }

    /// Gives back what need not be kept.
    fn tidy(&self) {
        while let Some(released) = self.state.with(|state| self.release(state)) {
            if self.told(released) == Some(false) {
                break;
            }
        }
    }
}

// SAFETY: a block is a part of one that the wrapped allocator gave, apart from header and trailer, aligned because it lies a multiple
// of its alignment behind an address that has been looked at. What is asked for from inside of a request goes to the wrapped
// allocator unchanged, and so does what is given back there.
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

    /// Always moves the block, so that whoever keeps the old pointer is found out.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let moved = self.state.with(|state| {
            let header = state.claim(block, layout)?;
            let new = match Layout::from_size_align(new_size, layout.align()) {
                Ok(wanted) => self.obtain(state, wanted, FRESH),
                Err(_) => Ok(ptr::null_mut()),
            };
            match new {
                Ok(new) if !new.is_null() => {
                    // SAFETY: both blocks are alive, apart, and have so many bytes.
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
