//! A wasm module in which `Checked` watches `ReclaimAlloc`, for `tests/wasm.rs` to call. On other targets it is empty.
#![cfg(target_arch = "wasm32")]
// It misuses memory on purpose.
#![allow(unsafe_code)]

use mini_alloc::{Checked, ReclaimAlloc};

#[global_allocator]
static ALLOC: Checked<ReclaimAlloc> = Checked::new(ReclaimAlloc::INIT);

/// Uses memory correctly.
#[no_mangle]
pub extern "C" fn right() -> usize {
    ALLOC.assert_no_leaks(|| {
        let words: Vec<String> = (0..100).map(|word| word.to_string()).collect();
        assert_eq!(words.concat().len(), 190);
    });
    ALLOC.cur_allocs()
}

/// Frees a block twice.
#[no_mangle]
pub extern "C" fn wrong() {
    let block = Box::into_raw(Box::new([7u8; 24]));
    // SAFETY: the block is a box's, the first time.
    drop(unsafe { Box::from_raw(block) });
    // SAFETY: there is none: this is what must be found.
    drop(unsafe { Box::from_raw(block) });
}

/// The address of the report.
#[no_mangle]
pub extern "C" fn checked_fault() -> *const u8 {
    ALLOC.fault_text()
}
