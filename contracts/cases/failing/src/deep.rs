//! What the contract's functions call: a file of its own, so that an explanation has to name it.

use core::hint::black_box;

/// Calls another, which calls one that fails.
#[inline(always)]
pub(crate) fn third(n: u32) -> u32 {
    second(n) + 1
}

#[inline(never)]
fn second(n: u32) -> u32 {
    first(black_box(n)) * 2
}

#[inline(always)]
fn first(n: u32) -> u32 {
    100 / (n - 7) // fails: failsInAnotherFile
}

/// Calls itself for as long as there is stack.
#[inline(never)]
pub(crate) fn recurse(n: u32) -> u32 {
    if n == 0 {
        return 0;
    }
    black_box(recurse(black_box(n - 1))) + 1 // fails: recurses
}
