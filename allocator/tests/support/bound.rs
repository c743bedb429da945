//! The bound on the memory that the reclaiming heap takes: a function of the most that was alive at once, by size and alignment. It knows
//! the size classes, and nothing of how the heap keeps its blocks.
//!
//! **Theorem.** Let `a(c)` be the most blocks of `2^c` bytes that were ever alive at once. In any sequence of requests, reallocations,
//! refusals and foreign growths, memory is never larger than [`Bound::pages`] says.
//!
//! *Small blocks* (16 to 256 bytes). Fresh bytes become a block of class `c`, and larger blocks are cut down to it, only while no block of
//! `c` is free; this also yields single free blocks of the classes between, of which none was free either. So there are never more than
//! `a(c) + 1` blocks of class `c`. The rest of a chunk, less than 256 bytes, may come on top.
//!
//! *Large blocks* (512 bytes to 32 KiB, chunks among them). Let `b(k)` be the most bytes that blocks of classes below `k` ever had, free
//! ones included. They get more only when a block of some class `i` is made from a larger one or from fresh memory, and then nothing of `i`
//! to `k` is free except left-overs of less than `2^k` bytes. So `b(k) ≤ b(i) + 2^k` plus the most that was alive of `i` to `k`; these
//! ranges of classes do not overlap, so the total is at most what was alive of each class, plus two pages of left-overs.
//!
//! *Pages.* Memory grows for `n` pages only if no free run has as many. Between any two free runs something is alive, so there is at most
//! one more of them than there are live runs, pages of blocks, and foreign growths; each is shorter than the longest request.

use std::cmp::max;

use super::PAGE;

const SMALLEST: usize = 4;
const LARGE: usize = 9;
const PAGES: usize = 16;
const CHUNK: u32 = 1 << 13;

/// What is alive now, and the most that ever was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bound {
    /// For each class, the blocks alive now, and the most that ever were.
    blocks: [(u32, u32); PAGES],
    /// Runs of pages, likewise; `run_pages` has the pages in them.
    runs: (u32, u32),
    run_pages: (u32, u32),
    /// The most pages that any one request can have needed.
    longest: u32,
    foreign: (u32, u32),
}

fn add((now, most): &mut (u32, u32), count: u32) {
    *now += count;
    *most = max(*now, *most);
}

/// The class of a request.
fn class(size: u32, align: u32) -> usize {
    let least = if align > 16 { 512 } else { 16 };
    let rounded = max(max(size, align), least).next_power_of_two();
    rounded.trailing_zeros() as usize
}

impl Bound {
    pub(crate) fn alloc(&mut self, size: u32, align: u32) {
        let class = class(size, align);
        if class < PAGES {
            return add(&mut self.blocks[class], 1);
        }
        let pages = size.div_ceil(PAGE);
        add(&mut self.runs, 1);
        add(&mut self.run_pages, pages);
        self.longest = max(self.longest, pages + align.div_ceil(PAGE) - 1);
    }

    pub(crate) fn dealloc(&mut self, size: u32, align: u32) {
        let class = class(size, align);
        if class < PAGES {
            self.blocks[class].0 -= 1;
        } else {
            self.runs.0 -= 1;
            self.run_pages.0 -= size.div_ceil(PAGE);
        }
    }

    /// While a block moves, there are two of it.
    pub(crate) fn realloc(&mut self, size: u32, align: u32, new_size: u32) {
        self.alloc(new_size, align);
        self.dealloc(size, align);
    }

    pub(crate) fn foreign_grow(&mut self, pages: u32) {
        add(&mut self.foreign, pages);
        // (There are at most as many growths as pages.)
    }

    /// The size of memory in pages that is never exceeded, if it was `initial` at the start.
    pub(crate) fn pages(&self, initial: u32) -> u32 {
        let most = |class: usize| self.blocks[class].1;
        let small: u32 = (SMALLEST..LARGE)
            .map(|class| (most(class) + 1) << class)
            .sum();
        let chunks = small.div_ceil(CHUNK - 256);
        let large: u32 = (LARGE..PAGES).map(|class| most(class) << class).sum();
        let blocks = (large + chunks * CHUNK + 2 * PAGE) / PAGE + 1;
        let foreign = self.foreign.1;
        let gaps = self.runs.1 + blocks + foreign + 1;
        initial + foreign + blocks + self.run_pages.1 + gaps * self.longest.saturating_sub(1)
    }
}
