//! `malloc` and its family for C code that is linked into a contract, over whichever global allocator the program has.
//!
//! C does not pass the size of what it frees, so each block has it in a header. On targets other than wasm32, these names belong to the C
//! library.

// C reaches these functions by their unmangled names, not by their paths.
#![allow(unreachable_pub)]

extern crate alloc;

use alloc::alloc::{alloc, alloc_zeroed, dealloc, realloc as resize};
use core::{
    alloc::Layout,
    cell::UnsafeCell,
    mem::size_of,
    ptr::{self, null_mut},
};

/// The alignment of C's `max_align_t` on wasm32, in bytes.
const ALIGN: usize = 16;

/// POSIX's error number for an invalid argument.
const EINVAL: i32 = 22;
/// POSIX's error number for lack of memory.
const ENOMEM: i32 = 12;

/// C's `errno`.
#[derive(Debug)]
#[repr(transparent)]
pub struct Errno(UnsafeCell<i32>);

// SAFETY: `lib.rs` refuses modules with threads.
unsafe impl Sync for Errno {}

/// The latest error number, for C libraries in which `errno` is a variable.
#[no_mangle]
#[allow(non_upper_case_globals)] // The name is C's.
pub static errno: Errno = Errno(UnsafeCell::new(0));

/// Its address, for C libraries in which `errno` is a macro.
#[no_mangle]
pub extern "C" fn __errno_location() -> *mut i32 {
    errno.0.get()
}

/// Null, with the reason in `errno`.
fn fail(number: i32) -> *mut u8 {
    // SAFETY: there is one thread, and nobody keeps a reference to the number.
    unsafe { errno.0.get().write(number) };
    null_mut()
}

/// What precedes a block.
#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    /// Bytes of the block, as requested.
    size: usize,
    /// Bytes from the start of the allocation to the block: at least [`ALIGN`], and the alignment of both.
    before: usize,
}

impl Header {
    /// The allocation's layout, if it is valid.
    fn layout(self) -> Option<Layout> {
        Layout::from_size_align(self.before.checked_add(self.size)?, self.before).ok()
    }

    /// The header of a block.
    ///
    /// # Safety
    ///
    /// * `block` is live and came from this family.
    unsafe fn of(block: *mut u8) -> (Self, *mut u8, Layout) {
        // SAFETY: `finish` has written it there.
        let header = unsafe { block.wrapping_sub(size_of::<Self>()).cast::<Self>().read() };
        // SAFETY: it was valid when the block was allocated.
        let layout = unsafe {
            Layout::from_size_align_unchecked(header.before + header.size, header.before)
        };
        (header, block.wrapping_sub(header.before), layout)
    }

    /// Makes an allocation into a block.
    ///
    /// # Safety
    ///
    /// * `base` is null, or an allocation with this header's layout.
    unsafe fn finish(self, base: *mut u8) -> *mut u8 {
        if base.is_null() {
            return base;
        }
        let block = base.wrapping_add(self.before);
        // SAFETY: at least 16 bytes of the allocation, aligned to 16, precede the block.
        unsafe {
            block
                .wrapping_sub(size_of::<Self>())
                .cast::<Self>()
                .write(self)
        };
        block
    }
}

fn obtain(size: usize, align: usize, get: unsafe fn(Layout) -> *mut u8) -> *mut u8 {
    let header = Header {
        size,
        before: align.max(ALIGN),
    };
    if size == 0 {
        return null_mut();
    }
    let Some(layout) = header.layout() else {
        return fail(ENOMEM);
    };
    // SAFETY: no layout with a header is empty.
    let base = unsafe { get(layout) };
    if base.is_null() {
        return fail(ENOMEM);
    }
    // SAFETY: that is the layout it was allocated with.
    unsafe { header.finish(base) }
}

/// A block of `size` bytes, aligned to 16; null if there is none.
#[no_mangle]
pub extern "C" fn malloc(size: usize) -> *mut u8 {
    obtain(size, ALIGN, alloc)
}

/// A block of `count` times `size` zeros; null if there is none.
#[no_mangle]
pub extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    count
        .checked_mul(size)
        .map_or_else(|| fail(ENOMEM), |size| obtain(size, ALIGN, alloc_zeroed))
}

/// Frees a block; does nothing for null.
///
/// # Safety
///
/// * `block` is null, or live and from this family.
#[no_mangle]
pub unsafe extern "C" fn free(block: *mut u8) {
    if !block.is_null() {
        // SAFETY: the caller's promise.
        let (_, base, layout) = unsafe { Header::of(block) };
        // SAFETY: this is the allocation that the block is in, with its layout.
        unsafe { dealloc(base, layout) };
    }
}

/// The block with another size; if there is no room, null, and the block stays as it was. For null it is `malloc`, for zero bytes `free`.
///
/// # Safety
///
/// * `block` is null, or live and from this family.
#[no_mangle]
pub unsafe extern "C" fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        return malloc(size);
    }
    if size == 0 {
        // SAFETY: the caller's promise.
        unsafe { free(block) };
        return null_mut();
    }
    // SAFETY: the caller's promise.
    let (header, base, layout) = unsafe { Header::of(block) };
    let wanted = Header { size, ..header };
    let Some(new) = wanted.layout() else {
        return fail(ENOMEM);
    };
    // SAFETY: this is the allocation that the block is in, with its layout, and the new size makes a valid layout.
    let base = unsafe { resize(base, layout, new.size()) };
    if base.is_null() {
        return fail(ENOMEM);
    }
    // SAFETY: it now has that layout.
    unsafe { wanted.finish(base) }
}

/// A block of `size` bytes aligned to a power of two; null for zero bytes and for other alignments.
#[no_mangle]
pub extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut u8 {
    if align.is_power_of_two() {
        obtain(size, align, alloc)
    } else {
        fail(EINVAL)
    }
}

/// [`aligned_alloc`] under its older name.
#[no_mangle]
pub extern "C" fn memalign(align: usize, size: usize) -> *mut u8 {
    aligned_alloc(align, size)
}

/// [`realloc`] to `count` times `size` bytes; null if that overflows, and the block stays as it was.
///
/// # Safety
///
/// * `block` is null, or live and from this family.
#[no_mangle]
pub unsafe extern "C" fn reallocarray(block: *mut u8, count: usize, size: usize) -> *mut u8 {
    match count.checked_mul(size) {
        // SAFETY: the caller's promise.
        Some(bytes) => unsafe { realloc(block, bytes) },
        None => fail(ENOMEM),
    }
}

/// A copy of a string, in a block.
///
/// # Safety
///
/// * `text` ends with a zero.
#[no_mangle]
pub unsafe extern "C" fn strdup(text: *const u8) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { strndup(text, usize::MAX) }
}

/// A copy of the first `most` bytes of a string, or of all of it, followed by a zero.
///
/// # Safety
///
/// * `text` ends with a zero, or has `most` bytes.
#[no_mangle]
pub unsafe extern "C" fn strndup(text: *const u8, most: usize) -> *mut u8 {
    let mut len = 0;
    // SAFETY: no byte before this one was the zero that ends the string.
    while len < most && unsafe { text.wrapping_add(len).read() } != 0 {
        len += 1;
    }
    let copy = malloc(len + 1);
    if !copy.is_null() {
        // SAFETY: the string has that many bytes, and the copy, a fresh block, has one more.
        unsafe { ptr::copy_nonoverlapping(text, copy, len) };
        // SAFETY: as above.
        unsafe { copy.wrapping_add(len).write(0) };
    }
    copy
}

/// As [`aligned_alloc`], but it stores the block's address at `out` and returns an error number. Zero bytes store null, which is no error.
///
/// # Safety
///
/// * `out` may be written to.
#[no_mangle]
pub unsafe extern "C" fn posix_memalign(out: *mut *mut u8, align: usize, size: usize) -> i32 {
    if !align.is_power_of_two() || align % size_of::<*mut u8>() != 0 {
        return EINVAL;
    }
    // The error is returned, so it is not also in `errno`.
    let before = errno.0.get();
    // SAFETY: there is one thread, and nobody keeps a reference to the number.
    let number = unsafe { before.read() };
    let block = aligned_alloc(align, size);
    // SAFETY: as above.
    unsafe { before.write(number) };
    if block.is_null() && size > 0 {
        return ENOMEM;
    }
    // SAFETY: the caller's promise.
    unsafe { ptr::write(out, block) };
    0
}

/// How many bytes a block has; zero for null.
///
/// # Safety
///
/// * `block` is null, or live and from this family.
#[no_mangle]
pub unsafe extern "C" fn malloc_usable_size(block: *mut u8) -> usize {
    if block.is_null() {
        return 0;
    }
    // SAFETY: the caller's promise.
    unsafe { Header::of(block) }.0.size
}

/// [`malloc_usable_size`] under another name.
///
/// # Safety
///
/// * `block` is null, or live and from this family.
#[no_mangle]
pub unsafe extern "C" fn malloc_size(block: *mut u8) -> usize {
    // SAFETY: the caller's promise.
    unsafe { malloc_usable_size(block) }
}
