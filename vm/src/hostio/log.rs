//! Logs.
//!
//! Lives here: `emit_log`. Not here: storing logs, which is the host's job.

use alloy_primitives::B256;

use super::{Hostio, Stop};
use crate::frame::Failure;
use crate::prices::{EVM_API, HOSTIO, log, read};

/// Emits the `len` bytes at `data`; the first 32 times `topics` of them are the topics.
pub(super) fn emit(hostio: &mut Hostio<'_>, data: u32, len: u32, topics: u32) -> Result<(), Stop> {
    hostio.pay(HOSTIO.saturating_add(EVM_API))?;
    if topics > 4 || len < topics * 32 {
        return Err(Failure::Log { topics, len }.into());
    }
    hostio.pay(read(len))?;
    let payload = u64::from(len - topics * 32);
    hostio.buy(
        log::TOPIC.saturating_mul(1 + u64::from(topics)) + log::BYTE.saturating_mul(payload),
    )?;
    let mut bytes = hostio.read(data, len)?;
    if hostio.frame().environment.is_static {
        return Err(Failure::Static.into());
    }
    hostio.tell(|step| step.args = [&topics.to_be_bytes(), bytes.as_slice()].concat());
    let payload = bytes.split_off(topics as usize * 32);
    let topics = bytes.as_chunks::<32>().0.iter().map(B256::from).collect();
    Ok(hostio.host().log(topics, payload.into())?)
}
