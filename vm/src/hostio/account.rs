//! Balances, code and code hashes of accounts.
//!
//! Lives here: what a program can learn about an account. Not here: calling one (`call`).

use alloy_primitives::{Address, Bytes};

use super::{Hostio, Stop};
use crate::config::ArbOs;
use crate::host::{Access, Account};
use crate::ink::{Gas, Ink};
use crate::prices::{EVM_API, HOSTIO, POINTER, access, write};

/// A host call on two pointers that asks the chain.
const ACCOUNT: Ink = Ink(HOSTIO.0 + 2 * POINTER.0 + EVM_API.0);

/// EIP-170's code size, to which the price of reading code refers.
const REFERENCE_CODE_SIZE: u32 = 24_576;

/// Copies the balance of the account at `address` to `dest`.
pub(super) fn balance(hostio: &mut Hostio<'_>, address: u32, dest: u32) -> Result<(), Stop> {
    let account = load(hostio, address)?;
    hostio.write_word(dest, account.balance)
}

/// Copies the code hash of the account at `address` to `dest`: zero if it does not exist. Unlike in the EVM, an account
/// that exists and is empty has the hash of empty code.
pub(super) fn code_hash(hostio: &mut Hostio<'_>, address: u32, dest: u32) -> Result<(), Stop> {
    let account = load(hostio, address)?;
    hostio.write(dest, account.code_hash.as_slice())
}

/// Copies up to `size` bytes from `offset` of an account's code to `dest`; returns how many.
pub(super) fn code(
    hostio: &mut Hostio<'_>,
    address: u32,
    offset: u32,
    size: u32,
    dest: u32,
) -> Result<u32, Stop> {
    let code = load_code(hostio, address)?;
    // The whole code is paid for, however little of it is requested.
    hostio.pay(write(code.len() as u32))?;
    let rest = code.get(offset as usize..).unwrap_or_default();
    let copied = &rest[..rest.len().min(size as usize)];
    hostio.write(dest, copied)?;
    hostio.tell(|step| {
        step.args.extend(offset.to_be_bytes());
        step.args.extend(size.to_be_bytes());
    });
    Ok(copied.len() as u32)
}

/// Bytes of an account's code.
pub(super) fn code_size(hostio: &mut Hostio<'_>, address: u32) -> Result<u32, Stop> {
    let size = load_code(hostio, address)?.len() as u32;
    hostio.answer(size, u32::to_be_bytes)
}

fn load(hostio: &mut Hostio<'_>, address: u32) -> Result<Account, Stop> {
    hostio.pay(ACCOUNT)?;
    hostio.require(access::COLD_ACCOUNT)?;
    let address = hostio.read_address(address)?;
    let account = hostio.host().load_account(address)?;
    hostio.buy(access_cost(&account))?;
    Ok(account.value)
}

fn load_code(hostio: &mut Hostio<'_>, address: u32) -> Result<Bytes, Stop> {
    hostio.pay(HOSTIO.saturating_add(EVM_API))?;
    hostio.require(access::COLD_ACCOUNT)?;
    let address: Address = hostio.read_address(address)?;
    if let Some((last, code)) = &hostio.frame().last_code
        && *last == address
    {
        return Ok(code.clone());
    }
    let account = hostio.host().load_account(address)?;
    let code = hostio.host().code(address)?;
    let maximum_sizes = hostio.frame().config.max_code_size / REFERENCE_CODE_SIZE;
    let cost = access::CODE
        .saturating_mul(maximum_sizes.into())
        .saturating_add(access_cost(&account));
    hostio.buy(cost)?;
    if !code.is_empty() || !hostio.since(ArbOs::EMPTY_CODE_NOT_REMEMBERED) {
        hostio.frame().last_code = Some((address, code.clone()));
    }
    Ok(code)
}

fn access_cost(account: &Access<Account>) -> Gas {
    if account.is_cold {
        access::COLD_ACCOUNT
    } else {
        access::WARM
    }
}
