//! The address table: numbers for addresses, to shorten calldata.
//!
//! Lives here: the table, and the short form (RLP of the number, or of the address if it has none). Not here: gas.

use alloy_primitives::{Address, U256};
use alloy_rlp::Decodable as _;

use crate::arbos::Store;
use crate::arbos::field::{Field, Word as _};
use crate::arbos::slots::{Slot, address_table};

/// Why a short form decodes to no address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ShortError {
    #[error("the bytes are not the RLP of an address or an index: {0}")]
    Encoding(alloy_rlp::Error),
    #[error("invalid index in compressed address: the table has no address {0}")]
    Index(u64),
}

/// The number of addresses.
pub(crate) fn size() -> Field<u64> {
    Field::at(address_table(), 0)
}

/// An address's number, if it has one.
///
/// # Errors
/// If the store refuses.
pub(crate) fn lookup<S: Store>(store: &mut S, address: Address) -> Result<Option<u64>, S::Refused> {
    let place = u64::of_word(store.read(place(address))?);
    Ok(place.checked_sub(1))
}

/// The address with a number, if there is one.
///
/// # Errors
/// If the store refuses.
pub(crate) fn at<S: Store>(store: &mut S, index: u64) -> Result<Option<Address>, S::Refused> {
    if index >= size().get(store)? {
        return Ok(None);
    }
    let word = store.read(address_table().at(index.saturating_add(1)))?;
    Ok(Some(Address::of_word(word)))
}

/// Gives an address a number, if it has none, and returns it.
///
/// # Errors
/// If the store refuses.
pub(crate) fn register<S: Store>(store: &mut S, address: Address) -> Result<u64, S::Refused> {
    if let Some(index) = lookup(store, address)? {
        return Ok(index);
    }
    let size = size().increment(store)?;
    store.write(address_table().at(size), address.word())?;
    store.write(place(address), U256::from(size))?;
    Ok(size - 1)
}

/// An address's short form.
///
/// # Errors
/// If the store refuses.
pub(crate) fn shorten<S: Store>(store: &mut S, address: Address) -> Result<Vec<u8>, S::Refused> {
    Ok(match lookup(store, address)? {
        Some(index) => alloy_rlp::encode(index),
        None => alloy_rlp::encode(address),
    })
}

/// The address that a short form at the start of `bytes` decodes to, and the length of the form.
///
/// # Errors
/// Outer: if the store refuses. Inner: if the bytes decode to no address.
pub(crate) fn lengthen<S: Store>(
    store: &mut S,
    bytes: &[u8],
) -> Result<Result<(Address, u64), ShortError>, S::Refused> {
    let mut rest = bytes;
    let read = |rest: &[u8]| (bytes.len() - rest.len()) as u64;
    if let Ok(address) = Address::decode(&mut rest) {
        return Ok(Ok((address, read(rest))));
    }
    rest = bytes;
    let index = match u64::decode(&mut rest) {
        Ok(index) => index,
        Err(error) => return Ok(Err(ShortError::Encoding(error))),
    };
    let address = at(store, index)?;
    Ok(address
        .map(|address| (address, read(rest)))
        .ok_or(ShortError::Index(index)))
}

/// The slot of an address's number, counted from 1. The space's name is empty.
fn place(address: Address) -> Slot {
    address_table().named(&[]).slot(address.into_word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    /// Theorem: every short form decodes to the original address, whatever is registered, and to the byte.
    #[test]
    fn short_forms_stand_for_their_addresses() {
        let mut state = State::default();
        let address = |n: u8| Address::repeat_byte(n);
        for n in 0..200 {
            let Ok(index) = register(&mut state, address(n));
            assert_eq!(index, u64::from(n));
            let Ok(again) = register(&mut state, address(n));
            assert_eq!(again, index);
        }
        for (n, length) in [(0, 1), (1, 1), (127, 1), (128, 2), (199, 2), (200, 21)] {
            let Ok(mut short) = shorten(&mut state, address(n));
            assert_eq!(short.len(), length, "{n}");
            short.extend([1, 2, 3]);
            let Ok(long) = lengthen(&mut state, &short);
            assert_eq!(long, Ok((address(n), length as u64)), "{n}");
        }
    }

    #[test]
    fn what_stands_for_nothing() {
        let mut state = State::default();
        let check = |state: &mut State, bytes: &[u8], part: &str| {
            let Ok(long) = lengthen(state, bytes);
            let error = long.unwrap_err().to_string();
            assert!(error.contains(part), "{bytes:?}: {error}");
        };
        check(&mut state, &[], "not the RLP");
        check(&mut state, &[0x05], "no address 5");
        check(&mut state, &[0x94, 1, 2], "not the RLP");
        check(&mut state, &[0xc0], "not the RLP");
        check(
            &mut state,
            &[0x89, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            "not the RLP",
        );
    }
}
