//! The promises of the allocator as data: scripts of requests with the expected answers, and the function that plays one on a subject. To
//! test another case, add a script.

use super::{session::Session, Subject, PAGE};

/// How many bytes to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Size {
    /// This many.
    Bytes(u32),
    /// What is left of the page on which the last block ends, and this many more.
    Rest(i32),
}

/// What the answer must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Want {
    /// This many bytes after the heap's beginning.
    Base(u32),
    /// This many pages after the end of the initial memory, and this many bytes further.
    Page(i32, u32),
    /// This address.
    At(u32),
    /// The same address as before.
    Same,
    /// Null.
    Null,
}

/// One step of a script. Slots number the live blocks, from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Alloc(Size, u32, Want),
    Zeroed(Size, u32, Want),
    Realloc(usize, Size, Want),
    Dealloc(usize),
    /// Somebody else grows the memory by this many pages.
    Foreign(u32),
    /// From now on, the memory may have this many pages more than at the start.
    Limit(u32),
    /// The growth after this many others is refused; with 0, the next one.
    Refuse(u32),
    /// The memory must now have this many pages more than at the start.
    Pages(u32),
    /// The memory must now have this many pages in all.
    PagesInAll(u32),
    /// Blocks are requested until the last one ends at this address.
    FillTo(u32),
}

use Size::{Bytes, Rest};
use Step::{Alloc, Dealloc, FillTo, Foreign, Limit, Pages, PagesInAll, Realloc, Refuse, Zeroed};
use Want::{At, Base, Null, Page, Same};

const MAX: u32 = i32::MAX as u32;

/// Scripts for a heap that begins, at a multiple of 16 bytes, on the last page of its memory, which has at least 4096 bytes left.
pub(crate) const SCRIPTS: &[(&str, &[Step])] = &[
    (
        "empty requests take no more than their padding",
        &[
            Alloc(Bytes(1), 1, Base(0)),
            Alloc(Bytes(0), 1, Base(1)),
            Alloc(Bytes(0), 1, Base(1)),
            Zeroed(Bytes(0), 4, Base(4)),
            Alloc(Bytes(0), 8, Base(8)),
            Alloc(Bytes(0), 1, Base(8)),
            Alloc(Bytes(0), 65_536, Page(0, 0)),
            Pages(0),
            Alloc(Bytes(0), 16, Page(0, 0)),
            Alloc(Bytes(0), 1, Page(0, 0)),
            Pages(0),
            Alloc(Bytes(1), 1, Page(0, 0)),
            Pages(1),
        ],
    ),
    (
        "blocks are packed as tightly as their alignment allows",
        &[
            Alloc(Bytes(700), 1, Base(0)),
            Alloc(Bytes(1), 1, Base(700)),
            Alloc(Bytes(4), 4, Base(704)),
            Alloc(Bytes(1), 1, Base(708)),
            Alloc(Bytes(2), 2, Base(710)),
            Alloc(Bytes(8), 8, Base(712)),
            Alloc(Bytes(3), 16, Base(720)),
            Zeroed(Bytes(3), 1, Base(723)),
            Alloc(Bytes(1), 1, Base(726)),
            Pages(0),
        ],
    ),
    (
        "the memory grows by exactly the pages a block needs",
        &[
            Alloc(Rest(0), 1, Base(0)),
            Pages(0),
            Alloc(Bytes(1), 1, Page(0, 0)),
            Pages(1),
            Alloc(Rest(0), 1, Page(0, 1)),
            Pages(1),
            Alloc(Bytes(4 * PAGE), 1, Page(1, 0)),
            Pages(5),
            Alloc(Bytes(4 * PAGE + 1), 1, Page(5, 0)),
            Pages(10),
            Alloc(Rest(1), 1, Page(9, 1)),
            Pages(11),
            Alloc(Bytes(PAGE - 1), 1, Page(10, 1)),
            Pages(11),
        ],
    ),
    (
        "a block may begin on one page and end on the next",
        &[
            Alloc(Rest(-1), 1, Base(0)),
            Zeroed(Bytes(2), 1, Page(-1, PAGE - 1)),
            Pages(1),
            Alloc(Bytes(1), 1, Page(0, 1)),
        ],
    ),
    (
        "alignments of a page and more",
        &[
            Alloc(Bytes(1), 1, Base(0)),
            Alloc(Bytes(1), PAGE, Page(0, 0)),
            Pages(1),
            Alloc(Bytes(PAGE), PAGE, Page(1, 0)),
            Pages(2),
            Zeroed(Bytes(1), 1, Page(2, 0)),
            Pages(3),
        ],
    ),
    (
        "null keeps the state: requests far beyond the memory",
        &[
            Alloc(Bytes(8), 1, Base(0)),
            Alloc(Bytes(MAX), 1, Null),
            Zeroed(Bytes(MAX), 1, Null),
            Alloc(Bytes(MAX - 4095), 4096, Null),
            Alloc(Bytes(1 << 30), 1 << 30, Null),
            Alloc(Bytes(1), 1 << 30, Null),
            Realloc(0, Bytes(MAX), Null),
            Alloc(Bytes(8), 1, Base(8)),
            Pages(0),
        ],
    ),
    (
        "null keeps the state: refused growth",
        &[
            Limit(2),
            Alloc(Bytes(8), 1, Base(0)),
            Alloc(Bytes(3 * PAGE), 1, Null),
            Pages(0),
            Alloc(Bytes(1), 1, Base(8)),
            Alloc(Bytes(PAGE), 1, Base(9)),
            Pages(1),
            Alloc(Bytes(2 * PAGE), 1, Null),
            Refuse(0),
            Alloc(Rest(1), 1, Null),
            Alloc(Rest(1), 1, Base(PAGE + 9)),
            Pages(2),
            Limit(0),
            Alloc(Rest(1), 1, Null),
            Alloc(Rest(0), 1, Page(1, 1)),
            Alloc(Bytes(1), 1, Null),
            Alloc(Bytes(0), 1, Page(2, 0)),
        ],
    ),
    (
        "freed memory is not handed out again",
        &[
            Alloc(Bytes(100), 1, Base(0)),
            Dealloc(0),
            Zeroed(Bytes(100), 1, Base(100)),
            Dealloc(0),
            Alloc(Bytes(1), 1, Base(200)),
        ],
    ),
    (
        "a block that cannot grow is kept, and so is the state",
        &[
            Limit(1),
            Alloc(Bytes(8), 8, Base(0)),
            Alloc(Bytes(8), 8, Base(8)),
            Realloc(1, Bytes(3 * PAGE), Null),
            Realloc(0, Bytes(3 * PAGE), Null),
            Alloc(Bytes(1), 1, Base(16)),
            Pages(0),
        ],
    ),
    (
        "somebody else's pages are passed over",
        &[
            Alloc(Bytes(8), 8, Base(0)),
            Foreign(2),
            Alloc(Bytes(8), 8, Base(8)),
            Zeroed(Bytes(PAGE), 1, Page(2, 0)),
            Pages(3),
            Alloc(Bytes(1), 1, Page(3, 0)),
            Pages(4),
            Foreign(1),
            Zeroed(Rest(0), 1, Page(3, 1)),
            Alloc(Bytes(1), 1, Page(5, 0)),
            Pages(6),
        ],
    ),
    (
        "with somebody else's pages in between, null keeps the state as well",
        &[
            Limit(2),
            Alloc(Bytes(8), 8, Base(0)),
            Foreign(1),
            Alloc(Bytes(PAGE + 1), 1, Null),
            Realloc(0, Bytes(2 * PAGE), Null),
            Alloc(Bytes(8), 8, Base(8)),
            Alloc(Bytes(PAGE), 1, Page(1, 0)),
            Pages(2),
        ],
    ),
    (
        "an empty request before all others",
        &[
            Alloc(Bytes(0), 1, Base(0)),
            Alloc(Bytes(0), 16, Base(0)),
            Alloc(Bytes(1), 1, Base(0)),
        ],
    ),
    (
        "pages that somebody has added before the first block are passed over",
        &[
            Foreign(2),
            Alloc(Bytes(8), 8, Base(0)),
            Alloc(Rest(1), 1, Page(2, 0)),
            Pages(3),
        ],
    ),
    (
        "a first block that is refused changes nothing",
        &[
            Limit(1),
            Alloc(Bytes(3 * PAGE), 1, Null),
            Alloc(Bytes(MAX), 1, Null),
            Foreign(1),
            Alloc(Rest(1), 1, Null),
            Alloc(Rest(0), 1, Base(0)),
            Limit(2),
            Alloc(Bytes(1), 1, Page(1, 0)),
        ],
    ),
];

/// Further scripts for a heap whose last block grows in place.
pub(crate) const IN_PLACE_SCRIPTS: &[(&str, &[Step])] = &[
    (
        "the last block grows where it is",
        &[
            Alloc(Bytes(8), 8, Base(0)),
            Realloc(0, Bytes(9), Same),
            Realloc(0, Bytes(1000), Same),
            Realloc(0, Bytes(3 * PAGE), Same),
            Alloc(Bytes(1), 1, Base(3 * PAGE)),
            Realloc(1, Rest(1), Same),
            Realloc(1, Bytes(4 * PAGE), Same),
        ],
    ),
    (
        "an empty block grows where it is",
        &[
            Alloc(Bytes(0), 1, Base(0)),
            Realloc(0, Bytes(PAGE), Same),
            Pages(1),
        ],
    ),
    (
        "other blocks are copied to grow",
        &[
            Alloc(Bytes(8), 8, Base(0)),
            Alloc(Bytes(1), 1, Base(8)),
            Realloc(0, Bytes(9), Base(16)),
            Alloc(Bytes(1), 1, Base(25)),
            Realloc(0, Bytes(PAGE), Base(32)),
            Realloc(0, Bytes(PAGE + 1), Same),
        ],
    ),
    (
        "shrinking copies nothing and gives nothing back, so that fresh memory stays zero",
        &[
            Alloc(Bytes(100), 4, Base(0)),
            Realloc(0, Bytes(10), Same),
            Realloc(0, Bytes(10), Same),
            Zeroed(Bytes(8), 1, Base(100)),
            Realloc(0, Bytes(1), Same),
            Realloc(1, Bytes(4), Same),
            // No longer the last block: what was cut off it lies after it.
            Realloc(1, Bytes(5), Base(108)),
            Zeroed(Bytes(1), 1, Base(113)),
        ],
    ),
    (
        "a last block before someone else's pages is copied to grow",
        &[
            Alloc(Bytes(8), 8, Base(0)),
            Foreign(1),
            Realloc(0, Bytes(16), Same),
            Realloc(0, Bytes(PAGE), Page(1, 0)),
            Realloc(0, Bytes(2 * PAGE), Same),
            Pages(3),
        ],
    ),
];

/// Further scripts for a heap in which a block that changes its size moves.
pub(crate) const COMPACT_SCRIPTS: &[(&str, &[Step])] = &[
    (
        "every block that changes its size is copied after all others",
        &[
            Alloc(Bytes(8), 8, Base(0)),
            Realloc(0, Bytes(9), Base(8)),
            Realloc(0, Bytes(9), Base(24)),
            Realloc(0, Bytes(2), Base(40)),
            Alloc(Bytes(1), 1, Base(42)),
            Realloc(0, Bytes(PAGE), Base(48)),
            Pages(1),
        ],
    ),
    (
        "what was cut off is not handed out again",
        &[
            Alloc(Bytes(100), 4, Base(0)),
            Realloc(0, Bytes(10), Base(100)),
            Zeroed(Bytes(100), 1, Base(110)),
        ],
    ),
];

/// Scripts for a memory that may grow to the end of the address space.
pub(crate) const HIGH_SCRIPTS: &[(&str, &[Step])] = &[
    (
        "the heap ends a page below 4 GiB, and does not begin anew",
        &[
            FillTo(0xFFFD_0040),
            PagesInAll(65_534),
            Alloc(Bytes(MAX), 1, Null),
            Alloc(Bytes(0x2_0001), 1, Null),
            Alloc(Bytes(0x2_FFC0), 1, Null),
            Alloc(Bytes(PAGE), 1, At(0xFFFD_0040)),
            PagesInAll(65_535),
            Alloc(Rest(1), 1, Null),
            Alloc(Bytes(1), PAGE, Null),
            Alloc(Rest(0), 1, At(0xFFFE_0040)),
            Alloc(Bytes(1), 1, Null),
            Zeroed(Bytes(PAGE), 1, Null),
            Alloc(Bytes(0), 1, At(0xFFFF_0000)),
            Alloc(Bytes(0), 0x2_0000, Null),
            Alloc(Bytes(1), 1, Null),
            PagesInAll(65_535),
        ],
    ),
    (
        "a memory that others have grown to 4 GiB leaves no room for the heap",
        &[
            FillTo(0xFFFD_0040),
            Foreign(2),
            PagesInAll(65_536),
            Alloc(Rest(1), 1, Null),
            Alloc(Rest(0), 1, At(0xFFFD_0040)),
            Alloc(Bytes(1), 1, Null),
            Alloc(Bytes(0), 1, At(0xFFFE_0000)),
        ],
    ),
];

/// A further script for a heap whose last block grows in place.
pub(crate) const HIGH_IN_PLACE_SCRIPTS: &[(&str, &[Step])] = &[(
    "a last block next to the end cannot grow over it",
    &[
        FillTo(0xFFFD_0000),
        Alloc(Bytes(PAGE), 1, At(0xFFFD_0000)),
        Realloc(usize::MAX, Bytes(2 * PAGE), Same),
        Realloc(usize::MAX, Bytes(2 * PAGE + 1), Null),
        Realloc(usize::MAX, Bytes(MAX), Null),
        Alloc(Bytes(1), 1, Null),
    ],
)];

/// Plays a script and checks every answer.
pub(crate) fn check(name: &str, steps: &[Step], subject: &mut dyn Subject) {
    let base = subject.heap_base();
    let initial = subject.pages();
    let mut session = Session::new(subject);
    // The end of the last block ever handed out; the list of live blocks alone would forget the freed ones.
    let mut next = u64::from(base);
    for (number, &step) in steps.iter().enumerate() {
        let at = || format!("{name}, step {number}: {step:?}");
        let bytes = |size| match size {
            Bytes(bytes) => bytes,
            Rest(more) => {
                let rest = next.next_multiple_of(u64::from(PAGE)) - next;
                (rest as u32).wrapping_add_signed(more)
            }
        };
        let slot_of = |slot: usize, session: &Session| slot.min(session.live.len() - 1);
        let want = |want, old: Option<u32>| match want {
            Base(offset) => Some(base + offset),
            Page(page, offset) => {
                Some(initial.wrapping_add_signed(page).wrapping_mul(PAGE) + offset)
            }
            At(address) => Some(address),
            Same => old,
            Null => None,
        };
        match step {
            Alloc(size, align, answer) | Zeroed(size, align, answer) => {
                let size = bytes(size);
                let got = session.alloc(size, align, matches!(step, Zeroed(..)));
                assert_eq!(got, want(answer, None), "{}", at());
                if let (Some(got), true) = (got, size > 0) {
                    next = u64::from(got) + u64::from(size);
                }
            }
            Realloc(slot, size, answer) => {
                let slot = slot_of(slot, &session);
                let old = session.live[slot].at;
                let got = session.realloc(slot, bytes(size));
                assert_eq!(got, want(answer, Some(old)), "{}", at());
                if got.is_some() {
                    next = next.max(session.live[slot].end());
                }
            }
            Dealloc(slot) => session.dealloc(slot),
            Foreign(pages) => assert!(session.foreign_grow(pages), "{}", at()),
            Limit(pages) => session.subject.limit(initial + pages),
            Refuse(nth) => session.subject.refuse(Some(nth)),
            Pages(pages) => assert_eq!(session.subject.pages(), initial + pages, "{}", at()),
            PagesInAll(pages) => assert_eq!(session.subject.pages(), pages, "{}", at()),
            FillTo(end) => {
                while next < u64::from(end) {
                    let size = (u64::from(end) - next).min(u64::from(MAX)) as u32;
                    let got = session.alloc(size, 1, false);
                    assert_eq!(got.map(u64::from), Some(next), "{}", at());
                    next += u64::from(size);
                }
            }
        }
    }
    session.check_all();
}
