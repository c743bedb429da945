//! One typed word.
//!
//! Lives here: words as numbers, addresses or flags, in Nitro's encoding. Not here: which words exist.

use std::marker::PhantomData;

use alloy_primitives::{Address, I256, U256};

use crate::arbos::Store;
use crate::arbos::slots::{Slot, Space};

/// A type that fits one word.
pub(crate) trait Word {
    /// The value of a word. Every word has one: a test network lets anybody write any word.
    fn of_word(word: U256) -> Self;
    /// The word for a value.
    fn word(self) -> U256;
}

impl Word for U256 {
    fn of_word(word: U256) -> Self {
        word
    }

    fn word(self) -> U256 {
        self
    }
}

impl Word for u64 {
    fn of_word(word: U256) -> Self {
        word.saturating_to()
    }

    fn word(self) -> U256 {
        U256::from(self)
    }
}

impl Word for bool {
    fn of_word(word: U256) -> Self {
        !word.is_zero()
    }

    fn word(self) -> U256 {
        U256::from(self)
    }
}

impl Word for Address {
    fn of_word(word: U256) -> Self {
        Self::from_word(word.into())
    }

    fn word(self) -> U256 {
        self.into_word().into()
    }
}

/// Its 64 bits, without sign extension (as Nitro does).
impl Word for i64 {
    fn of_word(word: U256) -> Self {
        word.as_limbs()[0].cast_signed()
    }

    fn word(self) -> U256 {
        U256::from(self.cast_unsigned())
    }
}

impl Word for I256 {
    fn of_word(word: U256) -> Self {
        Self::from_raw(word)
    }

    fn word(self) -> U256 {
        self.into_raw()
    }
}

/// A typed word.
pub(crate) struct Field<T>(Slot, PhantomData<fn() -> T>);

impl<T: Word> Field<T> {
    /// The word at an offset of a space.
    pub(super) fn at(space: Space, offset: u64) -> Self {
        Self::of(space.at(offset))
    }

    /// The word at a slot.
    pub(super) fn of(slot: Slot) -> Self {
        Self(slot, PhantomData)
    }

    /// Its slot.
    pub(crate) fn slot(&self) -> Slot {
        self.0
    }

    /// Reads it.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn get<S: Store>(&self, store: &mut S) -> Result<T, S::Refused> {
        store.read(self.0).map(T::of_word)
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) fn set<S: Store>(&self, store: &mut S, value: T) -> Result<(), S::Refused> {
        store.write(self.0, value.word())
    }
}

impl Field<u64> {
    /// Adds one and returns the new value.
    ///
    /// # Errors
    /// If the store refuses.
    pub(super) fn increment<S: Store>(&self, store: &mut S) -> Result<u64, S::Refused> {
        let next = self.get(store)?.saturating_add(1);
        self.set(store, next)?;
        Ok(next)
    }
}

/// Fields of a space, as functions: `offset name: Type, "what it is"`.
macro_rules! fields {
    ($space:expr; $($offset:literal $name:ident: $type:ty, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub(crate) fn $name() -> $crate::arbos::field::Field<$type> {
                // Computing a slot takes several hashes, and every call uses a dozen of these fields.
                static SLOT: std::sync::LazyLock<$crate::arbos::slots::Slot> =
                    std::sync::LazyLock::new(|| $space.at($offset));
                $crate::arbos::field::Field::of(*SLOT)
            }
        )*
    };
}
pub(super) use fields;

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Word + Copy + PartialEq + std::fmt::Debug>(value: T, word: U256) {
        assert_eq!(value.word(), word, "{value:?}");
        assert_eq!(T::of_word(word), value, "{word}");
    }

    #[test]
    fn values_as_words() {
        check(7_u64, U256::from(7));
        check(true, U256::ONE);
        check(-1_i64, U256::from(u64::MAX));
        check(I256::MINUS_ONE, U256::MAX);
        check(
            Address::with_last_byte(9),
            Address::with_last_byte(9).into_word().into(),
        );
        assert_eq!(u64::of_word(U256::MAX), u64::MAX);
    }
}
