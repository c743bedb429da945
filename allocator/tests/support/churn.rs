//! What a heap that reuses memory promises: the functions that turn any bytes, or any word of a few letters, into requests and check them.
//! They do not know which free block is chosen; `bound` says how much memory the heap may take.
//!
//! **Theorem.** For every sequence of requests, foreign growths and refusals, everything that a [`Session`] checks holds throughout; memory
//! stays within the [`Bound`]; null is answered only if a growth was refused or would not fit into the address space, and changes nothing;
//! and shrinking never fails and never asks for memory.

use super::{bound::Bound, model::Input, session::Session, Subject, PAGE};

/// Mostly up to 16, often up to 4,096, and sometimes more than a page.
fn align(input: &mut Input) -> u32 {
    match input.byte() {
        rare @ 248.. => 1 << (rare % 20),
        some @ 160..=247 => 1 << (some % 13),
        common => 1 << (common % 5),
    }
}

/// The new size of a vector that grows or is cut to its length, or any size at all.
fn new_size(input: &mut Input, size: u32, align: u32) -> u32 {
    match input.byte() % 8 {
        0..=3 if size < 8 * PAGE => 2 * size,
        4 => size.div_ceil(2),
        5 => size.div_ceil(1 << (input.byte() % 12)),
        _ => input.size(align, 0).max(1),
    }
}

/// Plays the requests `data` stands for, with the growth numbered `refuse` refused. `max` is the size in pages the memory may grow
/// to. Returns how often the heap has asked for growth.
pub(crate) fn run(data: &[u8], subject: &mut dyn Subject, max: u32, refuse: Option<u32>) -> u32 {
    subject.limit(max);
    subject.refuse(refuse);
    let mut session = Session::new(subject);
    let mut bound = Bound::default();
    let initial = session.subject.pages();
    let mut input = Input(data);
    while !input.0.is_empty() {
        let op = input.byte() % 16;
        let live = session.live.len();
        let grows = session.subject.grows();
        let pages = session.subject.pages();
        // What there was no block for.
        let refused = match op {
            0..=5 => {
                let align = align(&mut input);
                let size = input.size(align, 0).max(1);
                bound.alloc(size, align);
                let answered = session.alloc(size, align, op % 2 == 0).is_some();
                if !answered {
                    bound.dealloc(size, align);
                }
                (!answered).then_some((size, align))
            }
            6..=9 if live > 0 => {
                let slot = input.byte() as usize % live;
                let (size, align) = (session.live[slot].size, session.live[slot].align);
                let new_size = new_size(&mut input, size, align);
                bound.realloc(size, align, new_size);
                let answered = session.realloc(slot, new_size).is_some();
                if !answered {
                    bound.realloc(new_size, align, size);
                }
                if new_size <= size {
                    assert!(answered, "to shrink never fails");
                    assert_eq!(session.subject.grows(), grows, "to shrink never grows");
                }
                (!answered).then_some((new_size, align))
            }
            10..=14 if live > 0 => {
                let slot = input.byte() as usize % live;
                bound.dealloc(session.live[slot].size, session.live[slot].align);
                session.dealloc(slot);
                None
            }
            15 if input.byte() % 8 == 0 => {
                if session.foreign_grow(1) {
                    bound.foreign_grow(1);
                }
                None
            }
            _ => None,
        };
        if let Some((size, align)) = refused {
            let asked = session.subject.grows() > grows;
            assert!(
                asked || !fits(pages, size, align),
                "null though no growth was refused: {size} bytes aligned to {align}, after {pages} pages"
            );
            assert_eq!(session.subject.pages(), pages, "null changes nothing");
        }
        check(&bound, session.subject, initial, &data);
    }
    session.check_all();
    session.subject.grows()
}

/// Whether a block surely fits into the address space after so many pages, wherever in a page it begins. What does not is refused without
/// asking for growth. A block takes at most twice its size, or whole pages.
fn fits(pages: u32, size: u32, align: u32) -> bool {
    let block = u64::from(size) + u64::from(size.min(PAGE)) + u64::from(align.max(PAGE));
    u64::from(pages) * u64::from(PAGE) + block < (1 << 32) - u64::from(PAGE)
}

fn check(bound: &Bound, subject: &mut dyn Subject, initial: u32, what: &dyn std::fmt::Debug) {
    let (pages, most) = (subject.pages(), bound.pages(initial));
    assert!(pages <= most, "{pages} pages, {most} at most: {what:?}");
}

/// A letter of a word: something that a program does with its blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Letter {
    /// A new block, of a size and an alignment.
    New(u32, u32),
    /// The oldest block, or else the newest, becomes this many times as large.
    Grow(bool, u32),
    /// That block's size is divided by this, rounded up.
    Shrink(bool, u32),
    /// That block is freed.
    Drop(bool),
}

/// Does what a word says `rounds` times, with few blocks alive at a time, and checks that memory stays within the bound.
pub(crate) fn repeat(word: &[Letter], rounds: u32, subject: &mut dyn Subject) {
    const ALIVE: usize = 5;
    let initial = subject.pages();
    let mut bound = Bound::default();
    let mut live: Vec<(u32, u32, u32)> = Vec::new();
    for _ in 0..rounds {
        for &letter in word {
            let slot = |oldest: bool| if oldest { 0 } else { live.len() - 1 };
            let change = match letter {
                Letter::New(size, align) if live.len() < ALIVE => {
                    bound.alloc(size, align);
                    let at = subject.alloc(size, align, false).expect("there is room");
                    live.push((at, size, align));
                    None
                }
                _ if live.is_empty() => None,
                Letter::Grow(oldest, by) => Some((slot(oldest), live[slot(oldest)].1 * by)),
                Letter::Shrink(oldest, by) => {
                    Some((slot(oldest), live[slot(oldest)].1.div_ceil(by)))
                }
                Letter::New(..) => Some((0, 0)),
                Letter::Drop(oldest) => Some((slot(oldest), 0)),
            };
            match change {
                None => {}
                Some((slot, new_size)) if new_size > 0 && new_size <= 2 * PAGE => {
                    let (at, size, align) = live[slot];
                    bound.realloc(size, align, new_size);
                    let at = subject.realloc(at, size, align, new_size);
                    live[slot] = (at.expect("there is room"), new_size, align);
                }
                Some((slot, _)) => {
                    let (at, size, align) = live.remove(slot);
                    bound.dealloc(size, align);
                    subject.dealloc(at, size, align);
                }
            }
            check(&bound, subject, initial, &word);
        }
    }
}

/// Keeps `alive` blocks of sizes up to `most` alive, replacing one by another of the same size `rounds` times, the first, the last or any,
/// and checks that memory does not grow and is within the bound.
pub(crate) fn steady(subject: &mut dyn Subject, alive: usize, most: u32, rounds: u32) {
    let initial = subject.pages();
    let mut session = Session::new(subject);
    let mut bound = Bound::default();
    let mut random = 1u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random >> 8
    };
    for _ in 0..alive {
        let size = next() % most + 1;
        bound.alloc(size, 1);
        session.alloc(size, 1, false).expect("there is room");
    }
    let first = session.subject.pages();
    for round in 0..rounds {
        let slot = match round % 3 {
            0 => 0,
            1 => alive - 1,
            _ => next() as usize % alive,
        };
        let size = session.live[slot].size;
        session.dealloc(slot);
        session
            .alloc(size, 1, round % 2 == 0)
            .expect("its own size is free");
    }
    session.check_all();
    assert_eq!(session.subject.pages(), first, "its own size is free");
    check(&bound, session.subject, initial, &(alive, most));
}
