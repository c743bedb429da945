//! Native stack: room for a program on whatever thread asks for it.
//!
//! Lives here: stack segments, and switching to one where the current stack may be too short. Not here: how much room a
//! program needs (`engine`).
//!
//! The depth checker counts abstract words; wasm code spends native stack, and a native overflow is the death of the
//! process. So every run makes sure of its room first. Runs nest (a program calls a contract that calls a program): a
//! nested run stays on its parent's segment while that has room, and takes a segment of its own where not.

use std::cell::{Cell, RefCell};

use corosensei::on_stack;
use corosensei::stack::{DefaultStack, Stack};

/// What host calls may use beyond a program's own stack, to the next run or to the end of the chain's recursion.
const RESERVE: usize = 512 * 1024;

/// A segment holds a few nested programs, so that most do not need one of their own.
const PROGRAMS_PER_SEGMENT: usize = 4;

thread_local! {
    /// The lowest usable address of the segment this thread is on, or zero on the thread's own stack.
    static LIMIT: Cell<usize> = const { Cell::new(0) };
    /// Segments that are free, each as long as the longest ever asked for when it was made.
    static FREE: RefCell<Vec<Segment>> = const { RefCell::new(Vec::new()) };
}

struct Segment {
    stack: DefaultStack,
    size: usize,
}

/// Runs `program` with at least `room` bytes of native stack, and some more for host calls.
///
/// # Errors
/// Where the operating system gives no memory for a segment.
pub(crate) fn with_room<R>(room: usize, program: impl FnOnce() -> R) -> std::io::Result<R> {
    let here = std::hint::black_box(&0_u8) as *const u8 as usize;
    let limit = LIMIT.get();
    let needed = room + RESERVE;
    if limit != 0 && here.saturating_sub(limit) >= needed {
        return Ok(program());
    }
    let size = needed * PROGRAMS_PER_SEGMENT;
    let reused = FREE.with_borrow_mut(|free| free.pop_if(|segment| segment.size >= size));
    let mut segment = match reused {
        Some(segment) => segment,
        None => Segment {
            stack: DefaultStack::new(size)?,
            size,
        },
    };
    // Restored by a guard, so that a panic that passes through leaves the thread as it was.
    let _restore = Restore(limit);
    LIMIT.set(segment.stack.limit().get());
    let result = on_stack(&mut segment.stack, program);
    FREE.with_borrow_mut(|free| free.push(segment));
    Ok(result)
}

struct Restore(usize);

impl Drop for Restore {
    fn drop(&mut self) {
        LIMIT.set(self.0);
    }
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
        fn nest(levels: u32) -> u32 {
            if levels == 0 {
                0
            } else {
                with_room(1 << 20, || 1 + nest(levels - 1)).unwrap()
            }
        }
        assert_eq!(nest(64), 64);
    }

    #[test]
    fn a_panic_passes_through_and_leaves_the_thread_usable() {
        let result = std::panic::catch_unwind(|| with_room(1 << 20, || panic!("inside")));
        assert!(result.is_err());
        assert_eq!(LIMIT.get(), 0);
        assert_eq!(with_room(1 << 20, || 7).unwrap(), 7);
    }
}
