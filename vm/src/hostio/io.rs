//! Calldata, the result, and the return data of calls.
//!
//! Lives here: calls that move whole buffers between chain and guest. Not here: the calls that produce return data
//! (`call`).

use super::{Hostio, Stop};
use crate::prices::{EVM_API, HOSTIO, read, write};

/// Copies all calldata to `ptr`.
pub(super) fn read_args(hostio: &mut Hostio<'_>, ptr: u32) -> Result<(), Stop> {
    hostio.pay(HOSTIO)?;
    let calldata = hostio.frame().calldata.clone();
    hostio.pay(write(calldata.len() as u32))?;
    hostio.write(ptr, &calldata)
}

/// Replaces the output with the `len` bytes at `ptr`; the program goes on.
pub(super) fn write_result(hostio: &mut Hostio<'_>, ptr: u32, len: u32) -> Result<(), Stop> {
    hostio.pay(HOSTIO)?;
    // Charged twice: once for the copy to the host, once for the copy into the result.
    hostio.pay(read(len).saturating_mul(2))?;
    let output = hostio.read(ptr, len)?;
    hostio.frame().output = output;
    Ok(())
}

/// Ends the program at once, free of charge.
pub(super) fn exit_early(hostio: &mut Hostio<'_>, status: u32) -> Result<(), Stop> {
    hostio.tell(|step| step.args = status.to_be_bytes().to_vec());
    Err(Stop::Exit(status))
}

/// Copies up to `size` bytes from `offset` of the last return data to `dest`; returns how many.
pub(super) fn read_return_data(
    hostio: &mut Hostio<'_>,
    dest: u32,
    offset: u32,
    size: u32,
) -> Result<u32, Stop> {
    hostio.pay(HOSTIO.saturating_add(EVM_API))?;
    let data = hostio.frame().return_data.clone();
    let rest = data.get(offset as usize..).unwrap_or_default();
    let copied = &rest[..rest.len().min(size as usize)];
    hostio.pay(write(copied.len() as u32))?;
    // If there is nothing to copy, the pointer is not checked.
    if !copied.is_empty() {
        hostio.write(dest, copied)?;
    }
    hostio.tell(|step| step.args = [offset.to_be_bytes(), size.to_be_bytes()].concat());
    Ok(copied.len() as u32)
}

/// Bytes of the last return data.
pub(super) fn return_data_size(hostio: &mut Hostio<'_>) -> Result<u32, Stop> {
    hostio.pay(HOSTIO)?;
    let size = hostio.frame().return_data.len() as u32;
    hostio.answer(size, u32::to_be_bytes)
}
