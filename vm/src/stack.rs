//! Native stack: room for a program on any thread.
//!
//! Lives here: stack segments, and running on one. Not here: how much room a program needs (`engine`).
//!
//! The depth checker counts abstract words; wasm code uses native stack, and a native overflow kills the process. So every
//! run gets its own segment, long enough for the most that its words can take. Runs nest (a program calls a contract that
//! calls a program), and their segments with them. A segment costs address space, and memory only as far as it was ever
//! touched.

use std::cell::RefCell;

use corosensei::on_stack;
use corosensei::stack::DefaultStack;

/// What host calls may use beyond a program's own stack, up to the next run.
const RESERVE: usize = 1 << 20;

thread_local! {
    /// This thread's free segments.
    static FREE: RefCell<Vec<Segment>> = const { RefCell::new(Vec::new()) };
}

struct Segment {
    stack: DefaultStack,
    room: usize,
}

/// Runs `program` with at least `room` bytes of native stack, and some more for host calls.
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
    FREE.with_borrow_mut(|free| free.push(segment));
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

    #[test]
    fn a_panic_passes_through_and_leaves_the_thread_usable() {
        let result = std::panic::catch_unwind(|| with_room(1 << 20, || panic!("inside")));
        assert!(result.is_err());
        assert_eq!(with_room(1 << 20, || 7).unwrap(), 7);
    }
}
