//! Native stack: room for a program on any thread, and a limit on what nested programs take together.
//!
//! Lives here: stack segments, running on one, and how much the programs that wait for a call hold. Not here: how much room a program needs
//! (`engine`).
//!
//! The depth checker counts abstract words; wasm code uses native stack, and a native overflow kills the process. So every run gets its own
//! segment, long enough for the most that its words can take. Runs nest (a program calls a contract that calls a program), and so do their
//! segments. A segment costs address space, and memory only as far as it is touched; when the run is over, that memory goes back.
//!
//! A program that goes deep and then calls itself would hold a deep stack at each level. So a program that waits for a call counts with the
//! words it uses times the most that a word of its module can take, both the same on every machine. What is left bounds the callee's words:
//! it runs out of stack there as it does at its own limit.

#![cfg_attr(
    target_os = "linux",
    expect(
        unsafe_code,
        reason = "gives the memory of a free segment back to the system"
    )
)]

use std::cell::{Cell, RefCell};

use corosensei::on_stack;
use corosensei::stack::DefaultStack;
#[cfg(target_os = "linux")]
use corosensei::stack::Stack as _;

/// Bytes that host calls can use beyond a program's own stack, up to the next run.
const RESERVE: usize = 1 << 20;

/// Bytes of native stack that nested programs can take together, unless the outermost alone takes more.
const MOST_NESTED: u64 = 512 << 20;

/// Free segments that a thread keeps.
const MOST_FREE: usize = 32;

/// Bytes of a free segment that stay resident, so that most runs find all of their memory there.
#[cfg(target_os = "linux")]
const RESIDENT: usize = 128 << 10;

thread_local! {
    /// This thread's free segments.
    static FREE: RefCell<Vec<Segment>> = const { RefCell::new(Vec::new()) };
    /// The most native stack, in bytes, that the programs of this thread that wait for a call can hold.
    static WAITING: Cell<u64> = const { Cell::new(0) };
}

/// A program that waits for a call it has made, until this is dropped.
pub(crate) struct Waiting(u64);

impl Waiting {
    /// A program that holds at most `bytes` of native stack.
    pub(crate) fn begin(bytes: u64) -> Self {
        WAITING.set(WAITING.get().saturating_add(bytes));
        Self(bytes)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.set(WAITING.get().saturating_sub(self.0));
    }
}

/// How many of `words` the next program on this thread gets, if each can take `bytes_per_word` of native stack.
pub(crate) fn words(words: u32, bytes_per_word: u64) -> u32 {
    match WAITING.get() {
        0 => words,
        waiting => {
            let left = MOST_NESTED.saturating_sub(waiting) / bytes_per_word.max(1);
            words.min(u32::try_from(left).unwrap_or(u32::MAX))
        }
    }
}

struct Segment {
    stack: DefaultStack,
    room: usize,
}

impl Segment {
    /// Gives back the memory that is beyond what most runs touch. Returns whether the segment is worth keeping.
    #[cfg(target_os = "linux")]
    fn shrink(&mut self) -> bool {
        use rustix::mm::{Advice, madvise};
        let (base, limit) = (self.stack.base().get(), self.stack.limit().get());
        let length = (base - limit).saturating_sub(RESIDENT);
        let start = std::ptr::with_exposed_provenance_mut(limit);
        // SAFETY: the range is part of the segment's own mapping, which begins at `limit`, and a multiple of a page long; nothing runs on
        // the segment and nobody refers to it: whoever runs on it next writes before it reads.
        unsafe { madvise(start, length, Advice::LinuxDontNeed) }.is_ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn shrink(&mut self) -> bool {
        false
    }
}

/// Runs `program` with at least `room` bytes of native stack, plus some for host calls.
///
/// # Errors
/// If the operating system provides no memory for a segment.
pub fn with_room<R>(room: usize, program: impl FnOnce() -> R) -> std::io::Result<R> {
    let fits = |segment: &Segment| segment.room >= room;
    let reused = FREE.with_borrow_mut(|free| {
        let position = free.iter().rposition(fits)?;
        Some(free.swap_remove(position))
    });
    let mut segment = match reused {
        Some(segment) => segment,
        None => Segment {
            stack: DefaultStack::new(room + RESERVE)?,
            room,
        },
    };
    let result = on_stack(&mut segment.stack, program);
    if segment.shrink() {
        FREE.with_borrow_mut(|free| {
            if free.len() < MOST_FREE {
                free.push(segment);
            }
        });
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses about `bytes` of stack.
    fn descend(bytes: usize) -> usize {
        let block = std::hint::black_box([1_u8; 1024]);
        if bytes <= block.len() {
            1
        } else {
            1 + descend(bytes - block.len())
        }
    }

    #[test]
    fn there_is_room_on_a_small_thread() {
        let thread = std::thread::Builder::new().stack_size(64 * 1024);
        let deep = || with_room(8 << 20, || descend(4 << 20)).unwrap();
        let levels = thread.spawn(deep).unwrap().join().unwrap();
        assert_eq!(levels, 4096);
    }

    #[test]
    fn nested_runs_have_room_each() {
        fn nest(levels: u32) -> usize {
            if levels == 0 {
                return 0;
            }
            let below = with_room(1 << 20, || descend(512 << 10) + nest(levels - 1));
            below.unwrap()
        }
        assert_eq!(nest(64), 64 * 512);
    }

    /// Theorem: the programs that wait bound the next one, and nothing else does.
    #[test]
    fn those_who_wait_bound_the_next() {
        assert_eq!(words(262_144, 20 << 10), 262_144, "the outermost");
        {
            let _one = Waiting::begin(MOST_NESTED - (100 << 10));
            assert_eq!(words(22_000, 10 << 10), 10);
            assert_eq!(words(7, 10 << 10), 7);
            let _two = Waiting::begin(1 << 40);
            assert_eq!(words(22_000, 1), 0);
        }
        assert_eq!(words(22_000, 20 << 10), 22_000);
    }

    /// Theorem: the memory that a run has touched goes back, except for a little, and a thread keeps a limited number of segments.
    #[cfg(target_os = "linux")]
    #[test]
    fn memory_goes_back() {
        fn nest(levels: usize) {
            if levels > 0 {
                with_room(4 << 20, || {
                    descend(2 << 20);
                    nest(levels - 1);
                })
                .unwrap();
            }
        }
        nest(2 * MOST_FREE);
        FREE.with_borrow(|free| {
            assert_eq!(free.len(), MOST_FREE);
            for segment in free {
                let resident = resident(segment.stack.limit().get(), segment.stack.base().get());
                assert!(resident > 0, "it was run on");
                assert!(resident <= RESIDENT, "{resident} bytes");
            }
        });
    }

    /// Counts the bytes of a range that are in memory. What `smaps` says is of whole mappings, which the kernel merges with their
    /// neighbours at any time.
    #[cfg(target_os = "linux")]
    fn resident(from: usize, to: usize) -> usize {
        use std::os::unix::fs::FileExt as _;
        // One word for each page of the address space; its highest bit tells whether the page is present.
        const WORD: usize = 8;
        let page = rustix::param::page_size();
        let mut words = vec![0; (to - from) / page * WORD];
        let pages = std::fs::File::open("/proc/self/pagemap").unwrap();
        pages
            .read_exact_at(&mut words, (from / page * WORD) as u64)
            .unwrap();
        let is_present = |word: &&[u8; WORD]| word[WORD - 1] & 0x80 != 0;
        words
            .as_chunks::<WORD>()
            .0
            .iter()
            .filter(is_present)
            .count()
            * page
    }

    #[test]
    fn a_panic_passes_through_and_leaves_the_thread_usable() {
        let result = std::panic::catch_unwind(|| with_room(1 << 20, || panic!("inside")));
        assert!(result.is_err());
        assert_eq!(with_room(1 << 20, || 7).unwrap(), 7);
    }
}
