//! Byte strings of any length, as Nitro stores them: the length, then words, the last one right-aligned.
//!
//! Lives here: reading, writing and clearing them. Each word is paid for, and a store refuses too many.

use alloy_primitives::U256;

use crate::arbos::Store;
use crate::arbos::field::Field;
use crate::arbos::slots::Space;

/// Stored bytes.
#[derive(Clone, Copy)]
pub(crate) struct StoredBytes(pub(super) Space);

impl StoredBytes {
    /// The length.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn len<S: Store>(self, store: &mut S) -> Result<u64, S::Refused> {
        self.length().get(store)
    }

    /// All bytes.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn get<S: Store>(self, store: &mut S) -> Result<Vec<u8>, S::Refused> {
        let len = self.len(store)?;
        let mut bytes = Vec::new();
        for place in 1..=len / 32 {
            bytes.extend(store.read(self.0.at(place))?.to_be_bytes::<32>());
        }
        let last = store.read(self.0.at(len / 32 + 1))?.to_be_bytes::<32>();
        // A remainder is less than 32.
        bytes.extend_from_slice(&last[32 - (len % 32) as usize..]);
        Ok(bytes)
    }

    /// Replaces the stored bytes with `bytes`.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn set<S: Store>(self, store: &mut S, bytes: &[u8]) -> Result<(), S::Refused> {
        self.clear(store)?;
        self.length().set(store, bytes.len() as u64)?;
        let (words, rest) = bytes.as_chunks::<32>();
        let mut place = 1;
        for word in words {
            store.write(self.0.at(place), U256::from_be_bytes(*word))?;
            place += 1;
        }
        store.write(self.0.at(place), U256::from_be_slice(rest))
    }

    /// Removes the bytes.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn clear<S: Store>(self, store: &mut S) -> Result<(), S::Refused> {
        let len = self.len(store)?;
        for place in 1..=len.div_ceil(32) {
            store.write(self.0.at(place), U256::ZERO)?;
        }
        self.length().set(store, 0)
    }

    fn length(self) -> Field<u64> {
        Field::at(self.0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbos::slots::chain_config;
    use crate::state::State;

    #[test]
    fn what_is_stored_is_read() {
        let mut state = State::default();
        let stored = StoredBytes(chain_config());
        for len in [0_usize, 1, 31, 32, 33, 64, 100, 5] {
            let bytes: Vec<u8> = (0..len).map(|n| n as u8 + 1).collect();
            let Ok(()) = stored.set(&mut state, &bytes);
            let Ok(got) = stored.get(&mut state);
            assert_eq!(got, bytes, "{len} bytes");
        }
        let Ok(()) = stored.clear(&mut state);
        assert_eq!(state.accounts().count(), 0);
    }
}
