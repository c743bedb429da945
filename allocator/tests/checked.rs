//! `Checked` finds each fault, and nothing else, on the host over the system's allocator. `wasm.rs` has it over the reclaiming one.
#![cfg(all(not(target_arch = "wasm32"), not(miri)))]
#![allow(unsafe_code, reason = "does by hand what must not be done")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "nothing argues for a misuse, to memory that is the test's or the wrapper's own"
)]
#![allow(
    clippy::incompatible_msrv,
    reason = "only the library promises that version; the tests run on the pinned toolchain"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::RefCell,
    process::Command,
};

use mini_alloc::{Checked, Fault, Kind};

thread_local! {
    static FOUND: RefCell<Vec<(Kind, String)>> = const { RefCell::new(Vec::new()) };
}

fn note(fault: &Fault) {
    FOUND.with_borrow_mut(|found| found.push((fault.kind, fault.to_string())));
}

/// The allocator of this whole test: whatever the test harness does is checked, too.
#[global_allocator]
static ALLOC: Checked<System> = Checked::new(System);

const LAYOUT: Layout = match Layout::from_size_align(100, 8) {
    Ok(layout) => layout,
    Err(_) => panic!("it is valid"),
};

/// Checks that `misuse` of a fresh block of 100 bytes is reported as faults of these kinds.
fn check(misuse: impl FnOnce(&Checked<System>, *mut u8), kinds: &[Kind]) {
    let heap = Checked::reporting(System, note);
    // SAFETY: the layout is not empty.
    let block = unsafe { heap.alloc(LAYOUT) };
    misuse(&heap, block);
    heap.check();
    let found = FOUND.take();
    assert_eq!(
        found.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        kinds
    );
    for (kind, text) in &found {
        if !matches!(kind, Kind::Foreign) {
            assert!(
                text.contains(&format!(
                    "{:#x} of 100 bytes, aligned to 8, ",
                    block as usize
                )),
                "{text}"
            );
        }
    }
}

#[test]
fn each_fault_is_found() {
    check(|_, _| (), &[]);
    check(|_, block| unsafe { block.write_bytes(1, 100) }, &[]);
    check(
        |_, block| unsafe { block.add(100).write(0) },
        &[Kind::Overrun],
    );
    check(
        |_, block| unsafe { block.sub(1).write(0) },
        &[Kind::Underrun],
    );
    check(
        |heap, block| unsafe {
            heap.dealloc(block, LAYOUT);
            block.add(50).write(0);
        },
        &[Kind::UseAfterFree],
    );
    check(
        |heap, block| unsafe {
            heap.dealloc(block, LAYOUT);
            heap.dealloc(block, LAYOUT);
        },
        &[Kind::DoubleFree],
    );
    check(
        |heap, block| unsafe {
            assert!(heap.realloc(block, LAYOUT, 200) != block);
            heap.dealloc(block, LAYOUT);
        },
        &[Kind::DoubleFree],
    );
    check(
        |heap, block| unsafe { heap.dealloc(block.add(8), LAYOUT) },
        &[Kind::Foreign],
    );
    check(
        |heap, _| {
            let mut own = [0u8; 100];
            unsafe { heap.dealloc(own.as_mut_ptr(), LAYOUT) };
        },
        &[Kind::Foreign],
    );
    for other in [Layout::new::<u64>(), LAYOUT.align_to(16).unwrap()] {
        check(
            |heap, block| unsafe { heap.dealloc(block, other) },
            &[Kind::WrongLayout(other)],
        );
        check(
            |heap, block| assert!(unsafe { heap.realloc(block, other, 7) }.is_null()),
            &[Kind::WrongLayout(other)],
        );
    }
}

/// A write that leaps over the canary is found with a wider guard, on either side and for any alignment.
#[test]
fn a_wider_guard_finds_what_leaps_over_the_canary() {
    let check = |guard: usize, align: usize, at: isize, kinds: &[Kind]| {
        let heap = Checked::reporting(System, note).guarding(guard);
        let layout = LAYOUT.align_to(align).unwrap();
        // A block in front and one after, so that the write hits the test's own memory.
        let blocks = [0, 1, 2].map(|_| unsafe { heap.alloc(layout) });
        assert!(blocks.iter().all(|&block| block as usize % align == 0));
        let target = blocks[1].wrapping_offset(at);
        unsafe { target.write(!target.read()) };
        heap.check();
        let found: Vec<_> = FOUND.take().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(
            found, kinds,
            "{guard} bytes, aligned to {align}, written at {at}"
        );
    };
    for align in [1, 8, 64, 4096] {
        for guard in [1, 500, 4096] {
            check(guard, align, 100 + guard as isize, &[Kind::Overrun]);
            check(guard, align, 100 + 15 + guard as isize, &[Kind::Overrun]);
            check(guard, align, -1, &[Kind::Underrun]);
            check(guard, align, -(guard as isize), &[Kind::Underrun]);
            check(guard, align, -15 - guard as isize, &[Kind::Underrun]);
        }
        check(0, align, 115, &[Kind::Overrun]);
        check(0, align, -16, &[Kind::Underrun]);
    }
}

/// Before blocks were looked up by address, each free walked over all live blocks, and this took twenty seconds.
#[test]
fn many_blocks_are_freed_in_any_order() {
    let heap = Checked::reporting(System, note);
    for order in [1, 7, 29_999] {
        let mut blocks: Vec<_> = (0..30_000).map(|_| unsafe { heap.alloc(LAYOUT) }).collect();
        assert_eq!(heap.cur_allocs(), 30_000);
        for number in 0..30_000usize {
            let block = &mut blocks[number * order % 30_000];
            unsafe { heap.dealloc(std::mem::replace(block, std::ptr::null_mut()), LAYOUT) };
        }
        assert_eq!((heap.cur_allocs(), heap.cur_bytes()), (0, 0));
    }
    heap.check();
    assert_eq!(FOUND.take(), vec![]);
}

#[test]
fn an_allocator_that_does_not_align_is_found() {
    struct Crooked;
    // SAFETY: it is not a real allocator, and nothing is stored where it points.
    unsafe impl GlobalAlloc for Crooked {
        unsafe fn alloc(&self, _: Layout) -> *mut u8 {
            std::ptr::without_provenance_mut(4097)
        }
        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }
    let heap = Checked::reporting(Crooked, note);
    // SAFETY: the layout is not empty.
    assert!(unsafe { heap.alloc(LAYOUT) }.is_null());
    assert_eq!(FOUND.take()[0].0, Kind::Misaligned);
}

/// Theorem: correct use is no fault; through the wrapper, fresh blocks are aligned and zero, and resized ones keep their bytes.
#[test]
fn right_use_is_no_fault() {
    let heap = Checked::reporting(System, note);
    let mut live: Vec<(*mut u8, Layout)> = Vec::new();
    for number in 0..3000usize {
        let layout = Layout::from_size_align(number * 37 % 900, 1 << (number % 8)).unwrap();
        // SAFETY: live blocks are resized and given back with their layouts, and no byte outside of one is touched.
        unsafe {
            let block = heap.alloc_zeroed(layout);
            assert_eq!(block as usize % layout.align(), 0);
            assert!((0..layout.size()).all(|at| *block.add(at) == 0));
            block.write_bytes(number as u8, layout.size());
            live.push((block, layout));
            if number % 3 == 1 {
                let (block, layout) = live.swap_remove(number * 7 % live.len());
                let size = layout.size() / 2 + 50;
                let mark = (layout.size() > 0).then(|| *block);
                let moved = heap.realloc(block, layout, size);
                assert!(mark.is_none_or(
                    |mark| (0..layout.size().min(size)).all(|at| *moved.add(at) == mark)
                ));
                moved.write_bytes(number as u8, size);
                live.push((
                    moved,
                    Layout::from_size_align(size, layout.align()).unwrap(),
                ));
            }
            if live.len() > 60 {
                let (block, layout) = live.swap_remove(number * 13 % live.len());
                heap.dealloc(block, layout);
            }
        }
    }
    assert_eq!(heap.cur_allocs(), live.len());
    assert_eq!(
        heap.cur_bytes(),
        live.iter().map(|(_, layout)| layout.size()).sum()
    );
    for (block, layout) in live.drain(..) {
        // SAFETY: as above.
        unsafe { heap.dealloc(block, layout) };
    }
    heap.check();
    assert_eq!((heap.cur_allocs(), FOUND.take()), (0, vec![]));
}

#[test]
fn leaks_are_those_of_the_test_alone() {
    let before = vec![1u8; 10];
    let elsewhere = std::thread::spawn(|| Box::leak(Box::new(1u64)));
    ALLOC.assert_no_leaks(|| {
        let words: Vec<String> = (0..10).map(|word| word.to_string()).collect();
        assert_eq!(words.concat().len(), 10);
    });
    elsewhere.join().unwrap();
    drop(before);
    let leak =
        std::panic::catch_unwind(|| ALLOC.assert_no_leaks(|| std::mem::forget(vec![0u8; 123])));
    let text = *leak.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(text, "leaked blocks, listed above: 1");
}

/// What is created at its first use and kept is not a leak of a test that runs again, and neither is what is printed.
#[test]
#[allow(clippy::print_stdout, reason = "what is printed is what is looked at")]
fn first_uses_and_output_are_no_leaks() {
    static WORDS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let test = || assert_eq!(WORDS.get_or_init(|| vec!["first".to_owned(); 3]).len(), 3);
    ALLOC.assert_no_leaks_again(test);
    let again = std::panic::catch_unwind(|| {
        ALLOC.assert_no_leaks_again(|| std::mem::forget(vec![0u8; 77]));
    });
    let text = *again.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(text, "leaked blocks, listed above: 1");
    ALLOC.assert_no_leaks(|| {
        (0..200).for_each(|line| println!("{line} is printed, and kept by the harness"))
    });
}

/// Theorem: a thread that allocates while it holds a lock of the standard library waits for nobody here, so that a panic or an error with a
/// trace in one thread does not deadlock with allocations in others. (Taking one of the standard library's traces for each allocation would
/// wait for itself.)
#[test]
fn traces_of_others_are_no_deadlock() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..20 {
                    let trace = std::backtrace::Backtrace::force_capture();
                    assert_eq!(vec![number; 9].len(), 9);
                    // Naming the frames takes a second each time, so it is done once.
                    if number == 19 {
                        assert!(!trace.to_string().is_empty());
                    }
                }
            });
        }
    });
}

/// Not a test of its own: the next one runs it in a separate process.
#[test]
#[ignore = "ends the process, which is what another test looks at"]
fn misuse_ends_the_process() {
    let block = Box::into_raw(Box::new(7u64));
    // SAFETY: there is none: this is the misuse to be found.
    unsafe {
        drop(Box::from_raw(block));
        drop(Box::from_raw(block));
    }
}

#[test]
fn the_report_says_where_the_block_was_allocated() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "misuse_ends_the_process"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    let report = text.split("mini-alloc: ").nth(1).unwrap_or_default();
    let (found, traces) = report
        .split_once("; it was allocated at\n")
        .expect("a trace");
    assert!(
        found.starts_with("in misuse_ends_the_process: the block at 0x"),
        "{text}"
    );
    assert!(
        found.ends_with("of 8 bytes, aligned to 8, is freed a second time"),
        "{text}"
    );
    // Both traces begin in the function that did it, not in the library functions by which it did.
    let (allocated, freed) = traces
        .split_once("; it was freed first at\n")
        .expect("another");
    for trace in [allocated, freed] {
        // An inlined function is named without its path.
        let first = trace.lines().next().unwrap_or_default();
        assert!(first.ends_with("misuse_ends_the_process"), "{text}");
    }
}
