//! What [`Checked`](super::Checked) needs of a wasm module: a place for the text that a host can read, and a way to end.

use core::{
    cell::{Cell, UnsafeCell},
    fmt::{self, Write},
};

use super::Fault;

/// A value that is used once at a time. There is one thread, so this only notices requests from within another.
pub(super) struct Shared<T> {
    busy: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: `lib.rs` refuses modules with threads.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(super) const fn new(value: T) -> Self {
        Self {
            busy: Cell::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Uses the value; `None` from within such a use.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.busy.replace(true) {
            return None;
        }
        // SAFETY: nobody else is using it.
        let result = work(unsafe { &mut *self.value.get() });
        self.busy.set(false);
        Some(result)
    }
}

/// A module has no traces.
#[derive(Clone)]
pub(super) struct Origin;

impl Origin {
    pub(super) const fn here() -> Self {
        Self
    }

    pub(super) const fn is_here(&self) -> bool {
        true
    }

    /// A module has no output.
    pub(super) const fn is_output(&self) -> bool {
        false
    }

    /// Where that was is unknown.
    pub(super) fn tell(&self, _: &mut fmt::Formatter<'_>, _: &str) -> fmt::Result {
        Ok(())
    }
}

/// Room for the latest fault, which ends with a zero.
struct Text(UnsafeCell<[u8; 256]>);

// SAFETY: `lib.rs` refuses modules with threads.
unsafe impl Sync for Text {}

static TEXT: Text = Text(UnsafeCell::new([0; 256]));

/// Writes into the text, from offset `.1` on.
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

/// The address of the latest fault's text, which ends with a zero and is empty if there was no fault.
pub(super) fn text() -> *const u8 {
    TEXT.0.get().cast()
}

/// Leaves a fault's text for the host.
pub(super) fn say(fault: &Fault) {
    // SAFETY: there is one thread, and nobody keeps a reference to the text.
    let text = unsafe { &mut *TEXT.0.get() };
    text.fill(0);
    // Writing never fails.
    let _ = write!(Writer(text, 0), "{fault}");
}

/// Traps.
pub(super) fn stop(fault: &Fault) {
    say(fault);
    crate::wasm::trap();
}
