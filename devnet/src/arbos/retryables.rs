//! Retryables: messages from L1 that can be retried until they expire.
//!
//! Lives here: Nitro's layout of a retryable, whether it still exists, creating, extending and cancelling it. Nothing arrives from L1 here:
//! the only retryables are those that a test writes into the state, and those of another chain's block that is executed again.

use alloy_primitives::{Address, B256, U256, keccak256};
use stylus_vm::ArbOs;

use crate::arbos::Store;
use crate::arbos::bytes::StoredBytes;
use crate::arbos::field::Field;
use crate::arbos::slots::{Space, retryables};

/// The lifetime of a retryable in seconds, and what a keepalive adds (Nitro: a week).
pub(crate) const LIFETIME: u64 = 7 * 24 * 60 * 60;

/// The ArbOS version from which on a retryable's further lifetimes count even after the current one.
const WINDOWS_COUNT: u16 = 60;

/// Stands for no address.
const NOBODY: U256 = U256::from_limbs([0, 0, 0, 1 << 63]);

/// The queue's first entry; its two ends are stored before it.
const FIRST_IN_QUEUE: u64 = 2;

/// An existing retryable.
#[derive(Clone, Copy)]
pub(crate) struct Retryable(Space);

impl Retryable {
    fn tries(self) -> Field<u64> {
        Field::at(self.0, 0)
    }

    /// Counts one more try; returns how many there were before.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn count_try<S: Store>(self, store: &mut S) -> Result<u64, S::Refused> {
        Ok(self.tries().increment(store)?.saturating_sub(1))
    }

    fn from(self) -> Field<Address> {
        Field::at(self.0, 1)
    }

    fn value(self) -> Field<U256> {
        Field::at(self.0, 3)
    }

    /// Its sender, the address it calls, its value and its calldata.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn content<S: Store>(self, store: &mut S) -> Result<Content, S::Refused> {
        let from = self.from().get(store)?;
        let to = store.read(self.0.at(2))?;
        let value = self.value().get(store)?;
        let calldata = self.calldata().get(store)?;
        Ok(Content {
            from,
            to: (to != NOBODY).then(|| Address::from_word(to.into())),
            value,
            calldata,
        })
    }

    /// Who receives its value if it is cancelled.
    pub(crate) fn beneficiary(self) -> Field<Address> {
        Field::at(self.0, 4)
    }

    fn timeout_word(self) -> Field<u64> {
        Field::at(self.0, 5)
    }

    fn windows_left(self) -> Field<u64> {
        Field::at(self.0, 6)
    }

    fn calldata(self) -> StoredBytes {
        StoredBytes(self.0.space(1))
    }

    /// When it expires, in seconds since 1970.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn timeout<S: Store>(self, store: &mut S) -> Result<u64, S::Refused> {
        let timeout = self.timeout_word().get(store)?;
        let windows = self.windows_left().get(store)?;
        Ok(timeout.saturating_add(windows.saturating_mul(LIFETIME)))
    }

    /// Its size in words: six, plus its calldata and the length.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn words<S: Store>(self, store: &mut S) -> Result<u64, S::Refused> {
        let calldata = self.calldata().len(store)?;
        Ok(7 + calldata.div_ceil(32))
    }

    /// Extends it by one lifetime, which takes another place in the queue of expiring retryables.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn keep_alive<S: Store>(self, store: &mut S, id: B256) -> Result<(), S::Refused> {
        let end = next_put().increment(store)?;
        store.write(queue().at(end.saturating_sub(1)), id.into())?;
        self.windows_left().increment(store)?;
        Ok(())
    }

    /// Clears all its words.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn clear<S: Store>(self, store: &mut S) -> Result<(), S::Refused> {
        for offset in 0..7 {
            store.write(self.0.at(offset), Default::default())?;
        }
        self.calldata().clear(store)
    }
}

/// The retryable with an id, unless it has expired at `now`, in seconds since 1970.
///
/// # Errors
/// If the store refuses.
pub(crate) fn open<S: Store>(
    store: &mut S,
    id: B256,
    now: u64,
    arbos: ArbOs,
) -> Result<Option<Retryable>, S::Refused> {
    let retryable = Retryable(retryables().named(id.as_slice()));
    let timeout = retryable.timeout_word().get(store)?;
    if timeout == 0 {
        return Ok(None);
    }
    if timeout >= now {
        return Ok(Some(retryable));
    }
    if arbos.number() < WINDOWS_COUNT {
        return Ok(None);
    }
    let windows = retryable.windows_left().get(store)?;
    let end = timeout.saturating_add(windows.saturating_mul(LIFETIME));
    Ok((end >= now).then_some(retryable))
}

/// The account that holds a retryable's value.
pub(crate) fn escrow(id: B256) -> Address {
    let hash = keccak256([b"retryable escrow", id.as_slice()].concat());
    Address::from_word(hash)
}

fn queue() -> Space {
    retryables().space(0)
}

fn next_put() -> Field<u64> {
    Field::at(queue(), 0)
}

/// Writes the initial value: an empty queue.
pub(super) fn initialise<S: Store>(store: &mut S) -> Result<(), S::Refused> {
    next_put().set(store, FIRST_IN_QUEUE)?;
    let next_get: Field<u64> = Field::at(queue(), 1);
    next_get.set(store, FIRST_IN_QUEUE)
}

/// What a retryable does when it is tried.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) from: Address,
    /// `None` for a creation.
    pub(crate) to: Option<Address>,
    /// Wei.
    pub(crate) value: U256,
    pub(crate) calldata: Vec<u8>,
}

/// The fields of a new retryable.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NewRetryable<'a> {
    pub(crate) from: Address,
    /// `None` for a creation.
    pub(crate) to: Option<Address>,
    /// Wei.
    pub(crate) value: U256,
    pub(crate) beneficiary: Address,
    pub(crate) calldata: &'a [u8],
}

/// Writes a retryable that expires at `timeout`, in seconds since 1970, and adds it to the queue of expiring ones.
///
/// # Errors
/// If the store refuses.
pub(crate) fn create<S: Store>(
    store: &mut S,
    id: B256,
    timeout: u64,
    new: &NewRetryable<'_>,
) -> Result<(), S::Refused> {
    let retryable = Retryable(retryables().named(id.as_slice()));
    retryable.tries().set(store, 0)?;
    retryable.from().set(store, new.from)?;
    let to = new.to.map_or(NOBODY, |to| to.into_word().into());
    store.write(retryable.0.at(2), to)?;
    retryable.value().set(store, new.value)?;
    retryable.beneficiary().set(store, new.beneficiary)?;
    retryable.timeout_word().set(store, timeout)?;
    retryable.windows_left().set(store, 0)?;
    retryable.calldata().set(store, new.calldata)?;
    let end = next_put().increment(store)?;
    store.write(queue().at(end.saturating_sub(1)), id.into())
}
