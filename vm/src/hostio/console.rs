//! The console of a debug chain: it shows everything and costs nothing.
//!
//! Lives here: the `console` module's calls. Not here: where lines go, which the host decides.

use std::fmt::Display;

use super::{Hostio, Stop};

/// Shows the `len` bytes at `text`.
pub(super) fn log_text(hostio: &mut Hostio<'_>, text: u32, len: u32) -> Result<(), Stop> {
    let text = hostio.read(text, len)?;
    show(hostio, &String::from_utf8_lossy(&text));
    Ok(())
}

/// Shows a number.
pub(super) fn log(hostio: &mut Hostio<'_>, value: impl Display) -> Result<(), Stop> {
    show(hostio, &value.to_string());
    Ok(())
}

/// Shows a number and returns it.
pub(super) fn tee<T: Display + Copy>(hostio: &mut Hostio<'_>, value: T) -> Result<T, Stop> {
    log(hostio, value)?;
    untold(hostio, value)
}

/// Shows a signed number.
pub(super) fn log_i32(hostio: &mut Hostio<'_>, value: u32) -> Result<(), Stop> {
    log(hostio, value as i32)
}

/// Shows a signed number.
pub(super) fn log_i64(hostio: &mut Hostio<'_>, value: u64) -> Result<(), Stop> {
    log(hostio, value as i64)
}

/// Shows a signed number and returns it.
pub(super) fn tee_i32(hostio: &mut Hostio<'_>, value: u32) -> Result<u32, Stop> {
    log_i32(hostio, value)?;
    untold(hostio, value)
}

/// Shows a signed number and returns it.
pub(super) fn tee_i64(hostio: &mut Hostio<'_>, value: u64) -> Result<u64, Stop> {
    log_i64(hostio, value)?;
    untold(hostio, value)
}

/// Shows a line. A trace shows numbers as text too: clients know no other form.
fn show(hostio: &mut Hostio<'_>, line: &str) {
    hostio.host().console(line);
    hostio.tell(|step| {
        step.name = "console_log_text";
        step.args = line.as_bytes().to_vec();
    });
}

/// Returns a number without adding it to the trace (as Nitro does).
fn untold<T>(hostio: &mut Hostio<'_>, value: T) -> Result<T, Stop> {
    hostio.step = None;
    Ok(value)
}
