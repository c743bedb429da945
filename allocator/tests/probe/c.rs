//! A wasm module with C in it, which allocates through the C interface over `ReclaimAlloc`. `tests/c_api.rs` compiles the C, builds
//! this and calls it. On other targets it is empty.
#![cfg(target_arch = "wasm32")]
// It calls C.
#![allow(unsafe_code)]

use mini_alloc::ReclaimAlloc;

#[global_allocator]
static ALLOC: ReclaimAlloc = ReclaimAlloc::INIT;

extern "C" {
    /// Uses everything that the interface offers, and returns the line at which something was wrong, or 0.
    fn exercise() -> i32;
    /// Reads and writes documents with a JSON library, and returns likewise.
    fn json() -> i32;
}

/// Runs the JSON library's program, and returns its answer.
#[no_mangle]
pub extern "C" fn documents() -> i32 {
    // SAFETY: it takes nothing, and keeps to its own memory.
    unsafe { json() }
}

/// Runs the C function, with Rust allocating before and after it, and returns its answer.
#[no_mangle]
pub extern "C" fn run() -> i32 {
    let words: Vec<String> = (0..100).map(|word| word.to_string()).collect();
    // SAFETY: it takes nothing, and keeps to its own memory.
    let line = unsafe { exercise() };
    assert_eq!(words.concat().len(), 190);
    line
}
