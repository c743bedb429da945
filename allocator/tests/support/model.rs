//! The model: what a bump allocator with foreign pages in between must answer, in plain 64-bit arithmetic, and the
//! function that turns any bytes into requests and compares. It does not know how the allocator keeps its state.
//!
//! **Theorem.** For every sequence of requests, foreign growths and refusals, the allocator answers each request with the address the model
//! computes, or with null exactly when the model says so, and has grown exactly as far as the model; and everything that a [`Session`]
//! checks for any allocator holds throughout.

use super::{session::Session, Limits, Subject, PAGE};

/// The end of the last byte a block may have: the last page is left out.
const TOP: u64 = (1 << 32) - PAGE as u64;

/// The state of a bump allocator, with every value on its own.
#[derive(Debug)]
struct Model {
    /// The address after the last byte handed out.
    next: u64,
    /// The address after the last page that the heap knows to be its own.
    heap_end: u64,
    /// The address after the memory.
    memory_end: u64,
    limits: Limits,
    in_place: bool,
}

impl Model {
    fn alloc(&mut self, size: u64, align: u64) -> Option<u64> {
        let start = self.next.next_multiple_of(align);
        if start + size > TOP {
            return None;
        }
        // An empty block has no bytes, but uses up the padding before it.
        if start + size <= self.heap_end {
            self.next = start + size;
            return Some(start);
        }
        let foreign = self.heap_end < self.memory_end;
        let start = if foreign {
            self.memory_end.next_multiple_of(align)
        } else {
            start
        };
        self.grow_to(start + size).then(|| {
            self.next = start + size;
            start
        })
    }

    fn realloc(&mut self, at: u64, size: u64, align: u64, new_size: u64) -> Option<u64> {
        if !self.in_place {
            return self.alloc(new_size, align);
        }
        if new_size <= size {
            return Some(at);
        }
        let end = at + new_size;
        if at + size == self.next && (end <= self.heap_end || self.heap_end == self.memory_end) {
            let room = end <= self.heap_end || (end <= TOP && self.grow_to(end));
            return room.then(|| {
                self.next = end;
                at
            });
        }
        self.alloc(new_size, align)
    }

    fn grow_to(&mut self, end: u64) -> bool {
        let end = end.next_multiple_of(u64::from(PAGE));
        let granted = end <= TOP && self.limits.heap_grows_to((end / u64::from(PAGE)) as u32);
        if granted {
            (self.heap_end, self.memory_end) = (end, end);
        }
        granted
    }
}

/// Reads requests from bytes, and zeros forever once they are used up.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl Input<'_> {
    pub(crate) fn byte(&mut self) -> u32 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        u32::from(first)
    }

    fn word(&mut self) -> u32 {
        (0..4).fold(0, |word, _| word << 8 | self.byte())
    }

    /// Mostly up to 16, as in contracts, and sometimes more than a page.
    pub(crate) fn align(&mut self) -> u32 {
        match self.byte() {
            rare @ 240.. => 1 << (rare % 20),
            common => 1 << (common % 5),
        }
    }

    /// Of all orders of magnitude, with the edges of the current page as often as any other.
    pub(crate) fn size(&mut self, align: u32, next: u64) -> u32 {
        let rest = (next.next_multiple_of(u64::from(PAGE)) - next) as u32;
        let size = match self.byte() % 8 {
            0 => self.byte() % 4,
            1..=3 => self.byte(),
            4 => self.word() % 4096,
            5 => self.word() % (2 * PAGE),
            6 => (rest + self.byte() % 3).saturating_sub(1),
            _ => self.word() >> (1 + self.byte() % 16),
        };
        // What a 32-bit `Layout` can hold.
        size.min((1 << 31) - align)
    }
}

/// Plays the requests `data` stands for, with the growth numbered `refuse` refused, and compares every answer. `max` is
/// the size in pages the memory may grow to. Returns how often the heap has asked for growth.
pub(crate) fn run(data: &[u8], subject: &mut dyn Subject, max: u32, refuse: Option<u32>) -> u32 {
    subject.limit(max);
    subject.refuse(refuse);
    let memory_end = u64::from(subject.pages()) * u64::from(PAGE);
    let next = u64::from(subject.heap_base());
    let limits = Limits {
        refuse,
        ..Limits::up_to(max)
    };
    let mut model = Model {
        next,
        heap_end: memory_end,
        memory_end,
        limits,
        in_place: subject.grows_in_place(),
    };
    let mut session = Session::new(subject);
    let mut input = Input(data);
    while !input.0.is_empty() {
        let op = input.byte() % 16;
        let live = session.live.len();
        match op {
            0..=6 => {
                let align = input.align();
                let size = input.size(align, model.next);
                let got = session.alloc(size, align, op % 2 == 0);
                let want = model.alloc(size.into(), align.into());
                assert_eq!(
                    got.map(u64::from),
                    want,
                    "{size:#x} bytes, align {align:#x}"
                );
            }
            7..=11 if live > 0 => {
                // The last block, which is the interesting one, in two cases of five, and otherwise any.
                let slot = if op < 9 {
                    live - 1
                } else {
                    input.byte() as usize % live
                };
                let block = session.live[slot].clone();
                let new_size = input.size(block.align, model.next);
                let want = model.realloc(
                    block.at.into(),
                    block.size.into(),
                    block.align.into(),
                    new_size.into(),
                );
                let got = session.realloc(slot, new_size);
                assert_eq!(got.map(u64::from), want, "{block:?} to {new_size:#x} bytes");
            }
            12..=14 if live > 0 => session.dealloc(input.byte() as usize % live),
            15 if input.byte() % 4 == 0 && session.foreign_grow(1) => {
                model.memory_end += u64::from(PAGE);
                // From now on the heap cannot tell its initial memory from anybody else's.
                model.heap_end = model.next.next_multiple_of(u64::from(PAGE));
            }
            _ => {}
        }
        let pages = u64::from(session.subject.pages());
        assert_eq!(
            pages * u64::from(PAGE),
            model.memory_end,
            "the memory has grown too far"
        );
    }
    session.check_all();
    session.subject.grows()
}

/// Bytes from a seed (xorshift), so that the same seed gives the same test everywhere.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(len)
    .collect()
}
