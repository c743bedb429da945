//! [`Checked`], which wraps an allocator and finds what its callers do wrong: writing outside of a block, using one that was given
//! back, giving back what is not theirs, forgetting to.
//!
//! A block lies between a header and a trailer. Headers are linked, so that a pointer is believed only after it was found in the
//! list; nothing is read at an address that a caller made up. Blocks that were given back are filled with poison and kept for a
//! while. Where blocks come from is the wrapped allocator's business; threads, traces and the end of the process are
//! `platform.rs`'s.
//!
//! Nobody else's code runs while the state is held, the wrapped allocator's apart: each request that holds it finds one fault at
//! most, and tells of it afterwards. So a report may allocate, and may wait for a thread that allocates.

// A fault holds its trace, and there is nowhere else to put it: an allocator has no box.
#![allow(clippy::result_large_err)]

mod fault;
#[cfg_attr(target_arch = "wasm32", path = "checked/wasm.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "checked/host.rs")]
mod platform;

use core::{
    alloc::{GlobalAlloc, Layout},
    mem::{align_of, size_of},
    ptr,
};

pub use fault::{Fault, Kind};
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
    next: *mut Header,
    /// What was asked for.
    layout: Layout,
    /// The how manieth block it is.
    serial: usize,
    /// Who asked for it.
    origin: Origin,
    /// Next to the block's first byte.
    canary: [u8; 16],
}

/// A list of blocks, from the latest to the earliest.
struct List {
    first: *mut Header,
    count: usize,
    bytes: usize,
}

struct State {
    live: List,
    /// Blocks that were given back.
    kept: List,
    serial: usize,
}

/// An allocator that checks what is done with another one's blocks. Slow: to give a block back takes a walk through all that live.
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
/// What it finds it reports to standard error, and ends the process; in wasm it leaves the report's text where `fault_text` says, and
/// traps. With the feature `backtrace` (on Unix) a report says where the block was
/// asked for.
pub struct Checked<A> {
    inner: A,
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
            report,
            state: Shared::new(State {
                live: EMPTY,
                kept: EMPTY,
                serial: 0,
            }),
        }
    }

    /// Where the latest fault's text lies, which a zero ends; empty where there was none. For a module to export: the crate exports
    /// nothing itself, or else every contract with one of its allocators would carry the text.
    #[cfg(target_arch = "wasm32")]
    pub fn fault_text(&self) -> *const u8 {
        platform::text()
    }

    /// How many blocks live.
    pub fn cur_allocs(&self) -> usize {
        self.state.with(|state| state.live.count).unwrap_or(0)
    }

    /// How many bytes they have, as they were asked for.
    pub fn cur_bytes(&self) -> usize {
        self.state.with(|state| state.live.bytes).unwrap_or(0)
    }

    /// Looks at every block, those that were given back included, and reports what was written where nobody may.
    pub fn check(&self) {
        let damaged = |number| {
            self.state.with(|state| {
                let live = state.live.iter().filter_map(Header::damage);
                let kept = state.kept.iter().filter_map(Header::damage_since_freed);
                live.chain(kept).nth(number)
            })
        };
        let mut number = 0;
        while let Some(Some(fault)) = damaged(number) {
            (self.report)(&fault);
            number += 1;
        }
    }

    /// Runs `test`, and panics if a block that this thread got in it is still alive afterwards. Looks at every block, too.
    ///
    /// # Panics
    /// Where there is such a block; with the size of each, and where it was asked for.
    pub fn assert_no_leaks(&self, test: impl FnOnce()) {
        let serial = || self.state.with(|state| state.serial).unwrap_or(0);
        let begun = serial();
        test();
        let ended = serial();
        self.check();
        let leak = |number| {
            self.state.with(|state| {
                let is_leaked = |header: &&Header| {
                    (begun..ended).contains(&header.serial) && header.origin.is_here()
                };
                let mut leaked = state.live.iter().filter(is_leaked);
                leaked.nth(number).map(|header| header.fault(Kind::Leak))
            })
        };
        let mut leaks = 0;
        while let Some(Some(fault)) = leak(leaks) {
            platform::say(&fault);
            leaks += 1;
        }
        assert!(leaks == 0, "{leaks} blocks leak: they are listed above");
    }
}

impl Header {
    /// The first byte of the block.
    fn block(&self) -> *mut u8 {
        ptr::addr_of!(*self)
            .cast_mut()
            .cast::<u8>()
            .wrapping_add(size_of::<Self>())
    }

    fn fault(&self, kind: Kind) -> Fault {
        Fault {
            kind,
            address: self.block() as usize,
            layout: self.layout,
            origin: Some(self.origin.clone()),
        }
    }

    /// What was written around the block.
    fn damage(&self) -> Option<Fault> {
        if self.canary != CANARY {
            return Some(self.fault(Kind::Underrun));
        }
        // SAFETY: the trailer lies behind the block, and belongs to it.
        let trailer = unsafe {
            self.block()
                .wrapping_add(self.layout.size())
                .cast::<[u8; 16]>()
                .read_unaligned()
        };
        (trailer != CANARY).then(|| self.fault(Kind::Overrun))
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

    /// Takes out the first header that is `wanted`.
    fn take(&mut self, wanted: impl Fn(&Header) -> bool) -> Option<*mut Header> {
        let mut link: *mut *mut Header = &mut self.first;
        loop {
            // SAFETY: `link` is the list's own pointer, or that of a header in it.
            let header = unsafe { *link };
            // SAFETY: what is linked is alive, or kept.
            let found = unsafe { header.as_mut() }?;
            if wanted(found) {
                self.count -= 1;
                self.bytes -= found.layout.size();
                // SAFETY: as above.
                unsafe { *link = found.next };
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
fn frame(layout: Layout) -> Option<(Layout, usize)> {
    let align = layout.align().max(align_of::<Header>());
    let before = size_of::<Header>().checked_add(align - 1)? & !(align - 1);
    let size = before
        .checked_add(layout.size())?
        .checked_add(CANARY.len())?;
    Some((Layout::from_size_align(size, align).ok()?, before))
}

impl State {
    /// Takes a block out of those that live, if the caller may give it back.
    fn claim(&mut self, block: *mut u8, layout: Layout) -> Result<*mut Header, Fault> {
        let Some(header) = self.live.take(|header| header.block() == block) else {
            let kept = self.kept.iter().find(|header| header.block() == block);
            return Err(kept.map_or(
                Fault {
                    kind: Kind::Foreign,
                    address: block as usize,
                    layout,
                    origin: None,
                },
                |header| header.fault(Kind::DoubleFree),
            ));
        };
        // SAFETY: it was in the list.
        let found = unsafe { &*header };
        let fault = if found.layout == layout {
            found.damage()
        } else {
            Some(found.fault(Kind::WrongLayout(layout)))
        };
        fault.map_or(Ok(header), |fault| {
            // Who is told and goes on keeps the block.
            self.live.push(header);
            Err(fault)
        })
    }

    /// Poisons a block that was taken out of those that live, and keeps it.
    fn keep(&mut self, header: *mut Header) {
        // SAFETY: it was in the list.
        let freed = unsafe { &*header };
        // SAFETY: the caller has given the block back.
        unsafe { freed.block().write_bytes(POISON, freed.layout.size()) };
        self.kept.push(header);
    }
}

impl<A: GlobalAlloc> Checked<A> {
    /// Gets a block from the wrapped allocator. Null where that has none.
    fn obtain(&self, state: &mut State, layout: Layout, fill: u8) -> Result<*mut u8, Fault> {
        let Some((frame, before)) = frame(layout) else {
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
            });
        }
        let block = base.wrapping_add(before);
        let header = block.wrapping_sub(size_of::<Header>()).cast::<Header>();
        // SAFETY: the frame has room for the header in front of the block, and `before` is a multiple of its alignment.
        unsafe {
            header.write(Header {
                next: ptr::null_mut(),
                layout,
                serial: state.serial,
                origin: Origin::here(),
                canary: CANARY,
            });
        }
        // SAFETY: the frame has `layout.size()` bytes behind its header.
        unsafe { block.write_bytes(fill, layout.size()) };
        // SAFETY: and a trailer behind those.
        unsafe {
            block
                .wrapping_add(layout.size())
                .cast::<[u8; 16]>()
                .write_unaligned(CANARY)
        };
        state.serial += 1;
        state.live.push(header);
        Ok(block)
    }

    /// Gives the block that was kept longest back to the wrapped allocator, if too many are. Whether it did, or what was done to
    /// the block meanwhile.
    fn release(&self, state: &mut State) -> Result<bool, Fault> {
        if state.kept.count <= KEPT && state.kept.bytes <= KEPT_BYTES {
            return Ok(false);
        }
        let Some(oldest) = state.kept.take(|header| header.next.is_null()) else {
            return Ok(false);
        };
        // SAFETY: it was in the list.
        let oldest = unsafe { &*oldest };
        // A block whose header may be wrong stays where it is, in no list.
        if let Some(fault) = oldest.damage_since_freed() {
            return Err(fault);
        }
        if let Some((frame, before)) = frame(oldest.layout) {
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
                _ => state.live.push(header),
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
