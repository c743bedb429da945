//! Calling and creating contracts.
//!
//! Lives here: what a program pays for the frames it starts and how much gas they get. Not here: running them, which is the
//! host's job.

use alloy_primitives::{B256, Bytes, U256};

use super::{Hostio, Stop};
use crate::frame::Failure;
use crate::host::{CallKind, CallReply, CallRequest, CreateRequest};
use crate::ink::{Gas, Ink};
use crate::prices::{EVM_API, HOSTIO, POINTER, frame, read};

/// Returned to the guest for a call that succeeded.
const SUCCESS: u32 = 0;

/// Returned to the guest for a call that failed in any way.
const FAILURE: u32 = 2;

/// A call or `create1`: three pointers, and asking the chain.
const THREE_POINTERS: Ink = Ink(HOSTIO.0 + 3 * POINTER.0 + EVM_API.0);

/// `create2` also takes a salt.
const FOUR_POINTERS: Ink = Ink(THREE_POINTERS.0 + POINTER.0);

/// The pointers and numbers that the guest passes.
struct Arguments {
    target: u32,
    data: u32,
    len: u32,
    value: Option<u32>,
    gas: u64,
    ret_len: u32,
}

/// Calls with value.
pub(super) fn call(
    hostio: &mut Hostio<'_>,
    target: u32,
    data: u32,
    len: u32,
    value: u32,
    gas: u64,
    ret_len: u32,
) -> Result<u32, Stop> {
    start(
        hostio,
        CallKind::Call,
        Arguments {
            target,
            data,
            len,
            value: Some(value),
            gas,
            ret_len,
        },
    )
}

/// Calls a contract's code on the caller's own storage.
pub(super) fn delegate_call(
    hostio: &mut Hostio<'_>,
    target: u32,
    data: u32,
    len: u32,
    gas: u64,
    ret_len: u32,
) -> Result<u32, Stop> {
    start(
        hostio,
        CallKind::Delegate,
        Arguments {
            target,
            data,
            len,
            value: None,
            gas,
            ret_len,
        },
    )
}

/// Calls without allowing writes.
pub(super) fn static_call(
    hostio: &mut Hostio<'_>,
    target: u32,
    data: u32,
    len: u32,
    gas: u64,
    ret_len: u32,
) -> Result<u32, Stop> {
    start(
        hostio,
        CallKind::Static,
        Arguments {
            target,
            data,
            len,
            value: None,
            gas,
            ret_len,
        },
    )
}

fn start(hostio: &mut Hostio<'_>, kind: CallKind, arguments: Arguments) -> Result<u32, Stop> {
    hostio.pay(THREE_POINTERS.saturating_add(read(arguments.len).saturating_mul(2)))?;
    let gas_left = hostio.gas_left();
    let target = hostio.read_address(arguments.target)?;
    let input: Bytes = hostio.read(arguments.data, arguments.len)?.into();
    let value = match arguments.value {
        Some(value) => hostio.read_word(value)?,
        None => U256::ZERO,
    };
    hostio.tell(|step| {
        let value = arguments.value.map(|_| value.to_be_bytes::<32>());
        step.args = target.to_vec();
        step.args.extend(arguments.gas.to_be_bytes());
        step.args.extend(value.into_iter().flatten());
        step.args.extend_from_slice(&input);
    });
    let wanted = Gas(arguments.gas).min(gas_left);
    let request = CallRequest {
        kind,
        target,
        value,
        gas: wanted,
        input,
    };
    let (reply, cost) = perform(hostio, request, gas_left)?;
    hostio.buy(cost)?;
    let len = reply.output.len() as u32;
    hostio.frame().return_data = reply.output;
    hostio.write_u32(arguments.ret_len, len)?;
    let status = if reply.success { SUCCESS } else { FAILURE };
    hostio.tell(|step| {
        step.outs = len.to_be_bytes().to_vec();
        step.outs.push(status as u8);
    });
    Ok(status)
}

/// Makes the call with as much of `request.gas` as is allowed. Returns its result and total cost.
fn perform(
    hostio: &mut Hostio<'_>,
    mut request: CallRequest,
    gas_left: Gas,
) -> Result<(CallReply, Gas), Stop> {
    let pays = !request.value.is_zero();
    if pays && hostio.frame().environment.is_static {
        return Ok((CallReply::default(), Gas::ZERO));
    }
    // Gas that cannot pay for a call of a warm account is lost, and the account stays as cold as it was.
    if gas_left < frame::CALL {
        return Ok((CallReply::default(), gas_left));
    }
    // It is warm from here on, even if the call is unaffordable.
    let account = hostio.host().load_account(request.target)?;
    let mut base = frame::CALL;
    if account.is_cold {
        base += frame::COLD;
    }
    if pays {
        base += frame::VALUE;
        if account.value.is_empty {
            base += frame::NEW_ACCOUNT;
        }
    }
    let Some(rest) = gas_left.checked_sub(base) else {
        return Ok((CallReply::default(), gas_left));
    };
    request.gas = request.gas.min(all_but_a_64th(rest));
    if pays {
        request.gas = request.gas.saturating_add(frame::STIPEND);
    }
    let given = request.gas;
    let waiting = hostio.wait();
    let reply = hostio.host().call(request)?;
    drop(waiting);
    // The callee's gas is paid for in full, including the stipend.
    let cost = base.saturating_add(given.saturating_sub(reply.gas_left));
    Ok((reply, cost))
}

/// EIP-150's 63/64, rounded down, as calls compute it: in 64 bits, which wrap above 2^58 gas. (A create subtracts a 64th
/// instead, which never wraps. That much gas requires an ink price below 64.)
fn all_but_a_64th(gas: Gas) -> Gas {
    Gas(gas.0.wrapping_mul(63) / 64)
}

/// Creates a contract at the address of CREATE.
pub(super) fn create1(
    hostio: &mut Hostio<'_>,
    code: u32,
    len: u32,
    endowment: u32,
    contract: u32,
    revert_len: u32,
) -> Result<(), Stop> {
    hostio.pay(THREE_POINTERS.saturating_add(read(len).saturating_mul(2)))?;
    let code = hostio.read(code, len)?.into();
    let endowment = hostio.read_word(endowment)?;
    create(hostio, code, endowment, None, contract, revert_len)
}

/// Creates a contract at the address of CREATE2.
pub(super) fn create2(
    hostio: &mut Hostio<'_>,
    code: u32,
    len: u32,
    endowment: u32,
    salt: u32,
    contract: u32,
    revert_len: u32,
) -> Result<(), Stop> {
    hostio.pay(FOUR_POINTERS.saturating_add(read(len).saturating_mul(2)))?;
    let code = hostio.read(code, len)?.into();
    let endowment = hostio.read_word(endowment)?;
    let salt = hostio.read_bytes32(salt)?;
    create(hostio, code, endowment, Some(salt), contract, revert_len)
}

fn create(
    hostio: &mut Hostio<'_>,
    code: Bytes,
    endowment: U256,
    salt: Option<B256>,
    contract: u32,
    revert_len: u32,
) -> Result<(), Stop> {
    hostio.tell(|step| {
        step.args = endowment.to_be_bytes::<32>().to_vec();
        step.args.extend(salt.iter().flatten());
        step.args.extend_from_slice(&code);
    });
    if hostio.frame().environment.is_static {
        return Err(Failure::Static.into());
    }
    // Init code is neither charged per word nor limited in size: EIP-3860 concerns the EVM's own operators.
    let hashed_words = if salt.is_some() {
        code.len().div_ceil(32) as u64
    } else {
        0
    };
    let base = frame::CREATE.saturating_add(frame::HASH_WORD.saturating_mul(hashed_words));
    let gas_left = hostio.gas_left();
    let rest = gas_left.checked_sub(base).ok_or(Failure::CreateGas)?;
    let kept = Gas(rest.0 / 64);
    let waiting = hostio.wait();
    let reply = hostio.host().create(CreateRequest {
        code,
        endowment,
        salt,
        gas: rest - kept,
    })?;
    drop(waiting);
    hostio.buy(gas_left.saturating_sub(reply.gas_left.saturating_add(kept)))?;
    let len = reply.output.len() as u32;
    hostio.frame().return_data = reply.output;
    hostio.write_u32(revert_len, len)?;
    let address = reply.address.unwrap_or_default();
    hostio.write(contract, address.as_slice())?;
    hostio.tell(|step| step.outs = [address.as_slice(), &len.to_be_bytes()].concat());
    Ok(())
}
