//! [`Checked`], which wraps an allocator and finds what its callers do wrong: writing outside of a block, using one that was given
//! back, giving back what is not theirs, forgetting to.
//!
//! A block lies between a header and a trailer. Headers are linked, so that a pointer is believed only after it was found in the
//! list; nothing is read at an address that a caller made up. Blocks that were given back are filled with poison and kept for a
//! while. Where blocks come from is the wrapped allocator's business; threads, traces and the end of the process are
//! `platform.rs`'s.

mod fault;
#[cfg_attr(target_arch = "wasm32", path = "checked/wasm.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "checked/host.rs")]
mod platform;

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    mem::{align_of, size_of},
    ptr,
};

pub use fault::{Fault, Kind};
use platform::{Lock, Origin};

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
/// What it finds it reports to standard error, and ends the process; in wasm it leaves the report's text at the address that the
/// exported function `checked_fault` gives, and traps.
pub struct Checked<A> {
    inner: A,
    report: fn(&Fault<'_>),
    lock: Lock,
    state: UnsafeCell<State>,
}

// SAFETY: the state is reached only with the lock held.
unsafe impl<A: Sync> Sync for Checked<A> {}

impl<A> Checked<A> {
    /// Checks the blocks of `inner`; a fault ends the process.
    pub const fn new(inner: A) -> Self {
        Self::reporting(inner, platform::stop)
    }

    /// Checks the blocks of `inner`, and tells `report` of a fault. If that returns, the request which was at fault has no effect.
    pub const fn reporting(inner: A, report: fn(&Fault<'_>)) -> Self {
        const EMPTY: List = List {
            first: ptr::null_mut(),
            count: 0,
            bytes: 0,
        };
        Self {
            inner,
            report,
            lock: Lock::new(),
            state: UnsafeCell::new(State {
                live: EMPTY,
                kept: EMPTY,
                serial: 0,
            }),
        }
    }

    /// How many blocks live.
    pub fn cur_allocs(&self) -> usize {
        self.with(|state| state.live.count).unwrap_or(0)
    }

    /// How many bytes they have, as they were asked for.
    pub fn cur_bytes(&self) -> usize {
        self.with(|state| state.live.bytes).unwrap_or(0)
    }

    /// Looks at every block, those that were given back included, and reports what was written where nobody may.
    pub fn check(&self) {
        self.with(|state| {
            for header in state.live.iter() {
                self.check_canaries(header);
            }
            for header in state.kept.iter() {
                self.check_canaries(header);
                self.check_poison(header);
            }
        });
    }

    /// Runs `test`, and panics if a block that this thread got in it is still alive afterwards. Looks at every block, too.
    ///
    /// # Panics
    /// Where there is such a block; with the size of each, and where it was asked for.
    pub fn assert_no_leaks(&self, test: impl FnOnce()) {
        let begun = self.with(|state| state.serial).unwrap_or(0);
        test();
        self.check();
        let mut leaks = 0;
        self.with(|state| {
            let is_mine = |header: &&Header| header.serial >= begun && header.origin.is_here();
            for header in state.live.iter().filter(is_mine) {
                leaks += 1;
                platform::say(&self.fault(Kind::Leak, header));
            }
        });
        assert!(leaks == 0, "{leaks} blocks leak: they are listed above");
    }

    /// Works on the state, unless that is what the caller comes from.
    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> Option<R> {
        let _held = self.lock.hold()?;
        // SAFETY: the lock is held, by this call alone, until the end of the function.
        Some(work(unsafe { &mut *self.state.get() }))
    }

    fn fault<'a>(&self, kind: Kind, header: &'a Header) -> Fault<'a> {
        Fault {
            kind,
            address: header.block() as usize,
            layout: header.layout,
            origin: Some(&header.origin),
        }
    }

    /// Whether both canaries are as they were.
    fn check_canaries(&self, header: &Header) -> bool {
        if header.canary != CANARY {
            (self.report)(&self.fault(Kind::Underrun, header));
            return false;
        }
        // SAFETY: the trailer lies behind the block, and belongs to it.
        let trailer = unsafe {
            header
                .block()
                .wrapping_add(header.layout.size())
                .cast::<[u8; 16]>()
                .read_unaligned()
        };
        if trailer != CANARY {
            (self.report)(&self.fault(Kind::Overrun, header));
            return false;
        }
        true
    }

    fn check_poison(&self, header: &Header) {
        // SAFETY: a block that is kept is nobody else's, and all of it was filled.
        let bytes = unsafe { core::slice::from_raw_parts(header.block(), header.layout.size()) };
        if bytes.iter().any(|&byte| byte != POISON) {
            (self.report)(&self.fault(Kind::UseAfterFree, header));
        }
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

impl<A: GlobalAlloc> Checked<A> {
    fn obtain(&self, state: &mut State, layout: Layout, fill: u8) -> *mut u8 {
        let Some((frame, before)) = frame(layout) else {
            return ptr::null_mut();
        };
        // SAFETY: the frame is never empty.
        let base = unsafe { self.inner.alloc(frame) };
        if base.is_null() {
            return base;
        }
        if base as usize % frame.align() != 0 {
            (self.report)(&Fault {
                kind: Kind::Misaligned,
                address: base as usize,
                layout: frame,
                origin: None,
            });
            return ptr::null_mut();
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
        block
    }

    /// Takes a block out of those that live, if the caller may give it back.
    fn claim(&self, state: &mut State, block: *mut u8, layout: Layout) -> Option<*mut Header> {
        let stranger = Fault {
            kind: Kind::Foreign,
            address: block as usize,
            layout,
            origin: None,
        };
        let Some(header) = state.live.take(|header| header.block() == block) else {
            let kept = state.kept.iter().find(|header| header.block() == block);
            (self.report)(&kept.map_or(stranger, |header| self.fault(Kind::DoubleFree, header)));
            return None;
        };
        // SAFETY: it was in the list.
        let found = unsafe { &*header };
        if found.layout == layout && self.check_canaries(found) {
            return Some(header);
        }
        if found.layout != layout {
            (self.report)(&self.fault(Kind::WrongLayout(layout), found));
        }
        // Who is told and goes on keeps the block.
        state.live.push(header);
        None
    }

    /// Poisons a block and keeps it; gives back to the wrapped allocator what was kept longest.
    fn retire(&self, state: &mut State, header: *mut Header) {
        // SAFETY: the header was taken out of the list of those that live.
        let retired = unsafe { &*header };
        // SAFETY: the caller has given the block back.
        unsafe { retired.block().write_bytes(POISON, retired.layout.size()) };
        state.kept.push(header);
        while state.kept.count > KEPT || state.kept.bytes > KEPT_BYTES {
            let Some(oldest) = state.kept.take(|header| header.next.is_null()) else {
                break;
            };
            // SAFETY: it was in the list.
            let leaving = unsafe { &*oldest };
            self.check_canaries(leaving);
            self.check_poison(leaving);
            let Some((frame, before)) = frame(leaving.layout) else {
                break;
            };
            let base = leaving.block().wrapping_sub(before);
            // SAFETY: a header is dropped once, when its block leaves; it owns what it says of its origin.
            unsafe { ptr::drop_in_place(oldest) };
            // SAFETY: the wrapped allocator gave this frame for this layout.
            unsafe { self.inner.dealloc(base, frame) };
        }
    }
}

// SAFETY: a block is a part of one that the wrapped allocator gave, apart from header and trailer, aligned because it lies a multiple
// of its alignment behind an address that has been looked at. While a report or a trace is written the requests of that go to the
// wrapped allocator unchanged, and so do those that give back what they got.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Checked<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.with(|state| self.obtain(state, layout, FRESH))
            // SAFETY: the caller's promise is passed on.
            .unwrap_or_else(|| unsafe { self.inner.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.with(|state| self.obtain(state, layout, 0))
            // SAFETY: the caller's promise is passed on.
            .unwrap_or_else(|| unsafe { self.inner.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.with(|state| {
            if let Some(header) = self.claim(state, block, layout) {
                self.retire(state, header);
            }
        })
        // SAFETY: the caller's promise is passed on.
        .unwrap_or_else(|| unsafe { self.inner.dealloc(block, layout) });
    }

    /// Always moves the block, so that whoever keeps the old pointer is found out.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        self.with(|state| {
            let (Some(header), Ok(wanted)) = (
                self.claim(state, block, layout),
                Layout::from_size_align(new_size, layout.align()),
            ) else {
                return ptr::null_mut();
            };
            let new = self.obtain(state, wanted, FRESH);
            if new.is_null() {
                state.live.push(header);
                return new;
            }
            // SAFETY: both blocks are alive, apart, and have so many bytes.
            unsafe { ptr::copy_nonoverlapping(block, new, layout.size().min(new_size)) };
            self.retire(state, header);
            new
        })
        // SAFETY: the caller's promise is passed on.
        .unwrap_or_else(|| unsafe { self.inner.realloc(block, layout, new_size) })
    }
}
