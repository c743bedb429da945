//! A session with a subject: keeps a plain list of live blocks, and checks for each of them what any allocator must guarantee. What only
//! one allocator promises (addresses, pages) is checked by the session's callers.

use super::{Subject, PAGE};

/// A live block, with the parts of it that carry its mark.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) at: u32,
    pub(crate) size: u32,
    pub(crate) align: u32,
    mark: u8,
    marked: Vec<(u32, u32)>,
}

impl Block {
    pub(crate) fn end(&self) -> u64 {
        u64::from(self.at) + u64::from(self.size)
    }
}

/// The subject, and everything that it handed out.
pub(crate) struct Session<'a> {
    pub(crate) subject: &'a mut dyn Subject,
    pub(crate) live: Vec<Block>,
    /// Pages that others have grown, as the first byte and the number of pages; [`FOREIGN`] is at both ends of each page.
    foreign: Vec<(u32, u32)>,
    marks: u8,
}

/// Up to this size all of a block is checked, beyond it only samples.
const SMALL: u32 = 1024;

/// The most samples of a large block, apart from its end. Miri checks how the heap treats its memory, and more bytes of a block would show
/// nothing more.
const SAMPLES: u32 = if cfg!(miri) { 4 } else { 64 };

/// The byte that marks foreign pages.
const FOREIGN: u8 = 0xF0;

/// The parts of a block that are checked: all of a small one; of a large one both ends, and a few bytes at some places in between.
fn samples(at: u32, size: u32) -> Vec<(u32, u32)> {
    if size <= SMALL {
        return if size == 0 { vec![] } else { vec![(at, size)] };
    }
    let step = (size / SAMPLES).max(SMALL);
    let mut parts: Vec<_> = (0..size / step)
        .map(|i| (at + i * step, 16.min(size - i * step)))
        .collect();
    parts.push((at + size - 16, 16));
    parts
}

impl<'a> Session<'a> {
    pub(crate) fn new(subject: &'a mut dyn Subject) -> Self {
        Self {
            subject,
            live: Vec::new(),
            foreign: Vec::new(),
            marks: 0,
        }
    }

    /// Requests a block and checks it: aligned, inside the heap, apart from all others, and zero if that is promised.
    pub(crate) fn alloc(&mut self, size: u32, align: u32, zeroed: bool) -> Option<u32> {
        let at = self.subject.alloc(size, align, zeroed)?;
        self.check_place(at, size, align, usize::MAX);
        // A heap that only grows promises that any memory is zero, not only that of `alloc_zeroed`.
        let zero = zeroed || !self.subject.reuses();
        for (at, len) in samples(at, size) {
            assert!(
                !zero || self.holds(at, len, 0),
                "block at {at:#x} + {size:#x} is not zero"
            );
        }
        let block = Block {
            at,
            size,
            align,
            mark: self.next_mark(),
            marked: Vec::new(),
        };
        self.live.push(block);
        self.mark(self.live.len() - 1);
        Some(at)
    }

    /// Resizes a live block and checks it: as a new one, but with the contents of the old. If that is refused, the block is kept.
    pub(crate) fn realloc(&mut self, slot: usize, new_size: u32) -> Option<u32> {
        let Block {
            at, size, align, ..
        } = self.live[slot];
        let Some(new_at) = self.subject.realloc(at, size, align, new_size) else {
            self.check_contents(slot);
            return None;
        };
        self.check_place(new_at, new_size, align, slot);
        let block = &mut self.live[slot];
        let moved = new_at.wrapping_sub(at);
        block.marked.retain_mut(|(at, len)| {
            let skipped = *at - block.at;
            *at = at.wrapping_add(moved);
            *len = (*len).min(new_size.saturating_sub(skipped));
            *len > 0
        });
        (block.at, block.size) = (new_at, new_size);
        self.check_contents(slot);
        self.mark(slot);
        Some(new_at)
    }

    /// Frees a live block.
    pub(crate) fn dealloc(&mut self, slot: usize) {
        self.check_contents(slot);
        let Block {
            at, size, align, ..
        } = self.live.swap_remove(slot);
        self.subject.dealloc(at, size, align);
    }

    /// Grows the memory after the allocator's back, and uses what it gets.
    pub(crate) fn foreign_grow(&mut self, pages: u32) -> bool {
        // If the memory fills the address space, its end wraps to 0, but then it does not grow either.
        let at = self.subject.pages().wrapping_mul(PAGE);
        let grown = self.subject.foreign_grow(pages);
        if grown {
            for page in 0..pages {
                self.fill_ends(at + page * PAGE);
            }
            self.foreign.push((at, pages));
        }
        grown
    }

    /// Checks that every block, and everybody else's memory, holds what was written to it.
    pub(crate) fn check_all(&mut self) {
        for slot in 0..self.live.len() {
            self.check_contents(slot);
        }
        for (at, pages) in self.foreign.clone() {
            for page in 0..pages {
                let at = at + page * PAGE;
                let kept = self.holds(at, 16, FOREIGN) && self.holds(at + (PAGE - 16), 16, FOREIGN);
                assert!(kept, "somebody else's page at {at:#x} was written to");
            }
        }
    }

    fn fill_ends(&mut self, page: u32) {
        self.subject.fill(page, 16, FOREIGN);
        self.subject.fill(page + (PAGE - 16), 16, FOREIGN);
    }

    fn next_mark(&mut self) -> u8 {
        self.marks = self.marks % 0xEF + 1;
        self.marks
    }

    fn mark(&mut self, slot: usize) {
        let Block { at, size, mark, .. } = self.live[slot];
        let parts = samples(at, size);
        for &(at, len) in &parts {
            self.subject.fill(at, len, mark);
        }
        self.live[slot].marked = parts;
    }

    fn holds(&mut self, at: u32, len: u32, byte: u8) -> bool {
        // Compared at once: byte by byte, this would take most of a test's time under Miri.
        self.subject.read(at, len) == vec![byte; len as usize]
    }

    fn check_contents(&mut self, slot: usize) {
        let Block { mark, marked, .. } = self.live[slot].clone();
        for (at, len) in marked {
            assert!(
                self.holds(at, len, mark),
                "the block of slot {slot} lost its contents at {at:#x}"
            );
        }
    }

    fn check_place(&mut self, at: u32, size: u32, align: u32, itself: usize) {
        let what = || format!("block at {at:#x} + {size:#x} align {align:#x}");
        assert_eq!(at % align, 0, "{} is not aligned", what());
        assert!(
            at >= self.subject.heap_base(),
            "{} begins below the heap",
            what()
        );
        let end = u64::from(at) + u64::from(size);
        // Where an empty block ends does not matter: it has no bytes.
        if size == 0 {
            return;
        }
        assert!(
            end <= u64::from(self.subject.pages()) * u64::from(PAGE),
            "{} is cut off",
            what()
        );
        assert!(
            end <= u64::from(u32::MAX),
            "{} ends where the address space does",
            what()
        );
        for (slot, other) in self
            .live
            .iter()
            .enumerate()
            .filter(|(slot, _)| *slot != itself)
        {
            let apart = end <= u64::from(other.at) || other.end() <= u64::from(at);
            assert!(
                apart || other.size == 0,
                "{} overlaps that of slot {slot}",
                what()
            );
        }
        for &(foreign, pages) in &self.foreign {
            let foreign_end = u64::from(foreign) + u64::from(pages) * u64::from(PAGE);
            let apart = end <= u64::from(foreign) || foreign_end <= u64::from(at);
            assert!(apart, "{} overlaps somebody else's pages", what());
        }
    }
}
