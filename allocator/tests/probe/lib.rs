//! A wasm module with `MiniAlloc` as its global allocator and every method of it exported, for `tests/wasm.rs` to
//! build, call and look into. It checks nothing itself. On other targets it is empty.
#![cfg(target_arch = "wasm32")]
// The exports hand integers from the host straight to an allocator's methods.
#![allow(unsafe_code)]

use mini_alloc::MiniAlloc as Global;

#[path = "exports.rs"]
mod exports;
