//! What [`Checked`](super::Checked) needs of a wasm module: a place for the text that a host can read, and the end.

use core::{
    cell::{Cell, UnsafeCell},
    fmt::{self, Write},
};

use super::Fault;

/// There is one thread; what must be noticed is a request from inside of another.
pub(super) struct Lock(Cell<bool>);

/// The lock is held until this is dropped.
pub(super) struct Held<'a>(&'a Lock);

impl Lock {
    pub(super) const fn new() -> Self {
        Self(Cell::new(false))
    }

    pub(super) fn hold(&self) -> Option<Held<'_>> {
        (!self.0.replace(true)).then_some(Held(self))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0 .0.set(false);
    }
}

/// A module has no traces.
pub(super) struct Origin;

impl Origin {
    pub(super) const fn here() -> Self {
        Self
    }

    pub(super) const fn is_here(&self) -> bool {
        true
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Room for the latest fault, with a zero behind it.
struct Text(UnsafeCell<[u8; 256]>);

// SAFETY: `lib.rs` refuses modules with threads.
unsafe impl Sync for Text {}

static TEXT: Text = Text(UnsafeCell::new([0; 256]));

/// Writes into the text, from `.1` on.
struct Writer<'a>(&'a mut [u8; 256], usize);

impl Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            // The last byte stays zero.
            if self.1 + 1 < self.0.len() {
                self.0[self.1] = byte;
                self.1 += 1;
            }
        }
        Ok(())
    }
}

/// The address of the latest fault's text, which a zero ends. Empty where there was none.
#[no_mangle]
#[allow(unreachable_pub)] // The host reaches it by its unmangled name.
pub extern "C" fn checked_fault() -> *const u8 {
    TEXT.0.get().cast()
}

/// Leaves a fault's text for the host.
pub(super) fn say(fault: &Fault<'_>) {
    // SAFETY: there is one thread, and nobody keeps a reference to the text.
    let text = unsafe { &mut *TEXT.0.get() };
    text.fill(0);
    // It never fails.
    let _ = write!(Writer(text, 0), "{fault}");
}

/// Traps.
pub(super) fn stop(fault: &Fault<'_>) {
    say(fault);
    crate::wasm::trap();
}
