//! What both probes export, over the allocator that they call `Global`.

use std::{
    alloc::{GlobalAlloc, Layout},
    ptr::addr_of,
};

use super::Global;

#[global_allocator]
static ALLOC: Global = Global::INIT;

extern "C" {
    static __heap_base: u8;
}

/// The layout of a request. The host sends only what a `Layout` can hold.
fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("the host sends valid layouts")
}

/// Where the heap begins.
#[no_mangle]
pub extern "C" fn heap_base() -> *const u8 {
    // Rust 1.82 and later see that this is safe, earlier ones do not.
    #[allow(unused_unsafe)]
    // SAFETY: only the address of the linker's symbol is taken.
    unsafe {
        addr_of!(__heap_base)
    }
}

/// `GlobalAlloc::alloc`.
#[no_mangle]
pub extern "C" fn alloc(size: usize, align: usize) -> *mut u8 {
    // SAFETY: both allocators take any layout, empty ones included.
    unsafe { ALLOC.alloc(layout(size, align)) }
}

/// `GlobalAlloc::alloc_zeroed`.
#[no_mangle]
pub extern "C" fn alloc_zeroed(size: usize, align: usize) -> *mut u8 {
    // SAFETY: both allocators take any layout, empty ones included.
    unsafe { ALLOC.alloc_zeroed(layout(size, align)) }
}

/// `GlobalAlloc::dealloc`.
///
/// # Safety
///
/// * `block` is alive and was handed out with this size and alignment.
#[no_mangle]
pub unsafe extern "C" fn dealloc(block: *mut u8, size: usize, align: usize) {
    // SAFETY: the caller's promise is the one `dealloc` asks for.
    unsafe { ALLOC.dealloc(block, layout(size, align)) }
}

/// `GlobalAlloc::realloc`.
///
/// # Safety
///
/// * `block` is alive and was handed out with this size and alignment.
/// * `new_size` makes a valid layout with the alignment.
#[no_mangle]
pub unsafe extern "C" fn realloc(
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    // SAFETY: the caller's promises are the ones `realloc` asks for.
    unsafe { ALLOC.realloc(block, layout(size, align), new_size) }
}

/// Whether a vector of this capacity can be allocated by the standard library's own fallible path.
#[no_mangle]
pub extern "C" fn try_reserve(bytes: usize) -> bool {
    let mut vec = Vec::<u8>::new();
    let got = vec.try_reserve_exact(bytes).is_ok();
    // Otherwise the compiler may leave out a block that nobody uses.
    core::hint::black_box(vec.as_ptr());
    got
}

/// Grows the memory after the allocator's back.
#[no_mangle]
pub extern "C" fn foreign_grow(pages: usize) -> bool {
    core::arch::wasm32::memory_grow(0, pages) != usize::MAX
}

/// The instructions a contract pays for: a call through the global allocator with a size only known at run time.
#[no_mangle]
pub extern "C" fn bytes(size: usize) -> *mut u8 {
    let mut vec = Vec::<u8>::with_capacity(size);
    let block = vec.as_mut_ptr();
    core::mem::forget(vec);
    block
}

/// The same with a size the compiler knows.
#[no_mangle]
pub extern "C" fn boxed(value: u64) -> *mut u64 {
    Box::into_raw(Box::new(value))
}

/// `GlobalAlloc::alloc` and nothing around it, for `tests/proof` to examine.
///
/// # Safety
///
/// * The size and the alignment make a valid layout.
#[no_mangle]
pub unsafe extern "C" fn alloc_unchecked(size: usize, align: usize) -> *mut u8 {
    // SAFETY: the caller promises that the layout is valid.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: both allocators take any layout, empty ones included.
    unsafe { ALLOC.alloc(layout) }
}

/// `GlobalAlloc::alloc_zeroed`, likewise.
///
/// # Safety
///
/// * The size and the alignment make a valid layout.
#[no_mangle]
pub unsafe extern "C" fn alloc_zeroed_unchecked(size: usize, align: usize) -> *mut u8 {
    // SAFETY: the caller promises that the layout is valid.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: both allocators take any layout, empty ones included.
    unsafe { ALLOC.alloc_zeroed(layout) }
}

/// `GlobalAlloc::realloc`, likewise.
///
/// # Safety
///
/// * `block` is alive and was handed out with this size and alignment.
/// * `new_size` makes a valid layout with the alignment.
#[no_mangle]
pub unsafe extern "C" fn realloc_unchecked(
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    // SAFETY: the caller promises that it is the block's layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the caller's promises are the ones `realloc` asks for.
    unsafe { ALLOC.realloc(block, layout, new_size) }
}
