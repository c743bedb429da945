//! What a heap that reuses memory owes: the function that turns any bytes into requests and checks them, and the bound on what it
//! may take. It does not know which free block is chosen.
//!
//! **Theorem.** For every sequence of requests, foreign growths and refusals all that a [`Session`] checks holds throughout; null
//! is answered only where the memory was refused a growth; and who always keeps the same sizes alive gets them for ever from
//! memory that is at most a page more than those sizes rounded up.

use super::{model::Input, session::Session, Subject, PAGE};

/// Plays the requests `data` stands for, with the growth numbered `refuse` refused. `max` is the size in pages the memory may grow
/// to. Returns how often the heap has asked for growth.
pub(crate) fn run(data: &[u8], subject: &mut dyn Subject, max: u32, refuse: Option<u32>) -> u32 {
    subject.limit(max);
    subject.refuse(refuse);
    let mut session = Session::new(subject);
    let mut input = Input(data);
    while !input.0.is_empty() {
        let op = input.byte() % 16;
        let live = session.live.len();
        let grows = session.subject.grows();
        let pages = session.subject.pages();
        let answered = match op {
            0..=5 => {
                let align = input.align();
                let size = input.size(align, 0).max(1);
                session.alloc(size, align, op % 2 == 0).is_some()
            }
            6..=9 if live > 0 => {
                let slot = input.byte() as usize % live;
                let new_size = input.size(session.live[slot].align, 0).max(1);
                session.realloc(slot, new_size).is_some()
            }
            10..=14 if live > 0 => {
                session.dealloc(input.byte() as usize % live);
                true
            }
            15 if input.byte() % 8 == 0 => {
                session.foreign_grow(1);
                true
            }
            _ => true,
        };
        if !answered {
            // What does not fit into the address space is refused without being asked for.
            let asked = session.subject.grows() > grows;
            assert!(asked || op <= 9, "null though no growth was refused");
            assert_eq!(session.subject.pages(), pages, "null changes nothing");
        }
    }
    session.check_all();
    session.subject.grows()
}

/// Keeps `alive` blocks of sizes up to `most` alive, replacing one by another of the same size `rounds` times, the oldest, the
/// newest or any, and checks the bound.
pub(crate) fn steady(subject: &mut dyn Subject, alive: usize, most: u32, rounds: u32) {
    let base = subject.heap_base();
    let mut session = Session::new(subject);
    let mut random = 1u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random >> 8
    };
    let mut needed = 0;
    for _ in 0..alive {
        let size = next() % most + 1;
        // To a power of two of at least 8, or to whole pages beyond 32 KiB.
        needed += if size > 32_768 {
            size.next_multiple_of(PAGE)
        } else {
            size.next_power_of_two().max(8)
        };
        session.alloc(size, 1, false).expect("there is room");
    }
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
    let end = session.subject.pages() * PAGE;
    assert!(
        end - base <= needed + PAGE,
        "{} bytes for {needed}",
        end - base
    );
}
