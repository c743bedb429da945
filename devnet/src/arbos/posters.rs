//! Who posts batches to L1, and where what they are owed goes.
//!
//! Lives here: the table. Nobody posts any here; a chain begins with the sequencer in it, as everywhere.

use alloy_primitives::Address;

use crate::addresses::SEQUENCER;
use crate::arbos::Store;
use crate::arbos::field::Field;
use crate::arbos::owners::AddressSet;
use crate::arbos::slots::batch_posters;

/// All of them.
pub(crate) fn posters() -> AddressSet {
    AddressSet::of(batch_posters().space(0))
}

/// Where what a poster is owed is paid to.
pub(crate) fn pay_to(poster: Address) -> Field<Address> {
    Field::at(batch_posters().space(1).named(poster.as_slice()), 1)
}

/// Adds a poster who is paid itself.
///
/// # Errors
/// Where the store refuses to.
pub(crate) fn add<S: Store>(store: &mut S, poster: Address) -> Result<(), S::Refused> {
    // Nitro asks once more before it adds one.
    posters().contains(store, poster)?;
    let owed: Field<u64> = Field::at(batch_posters().space(1).named(poster.as_slice()), 0);
    owed.set(store, 0)?;
    pay_to(poster).set(store, poster)?;
    posters().add(store, poster)
}

/// Writes what a chain begins with.
pub(super) fn initialise<S: Store>(store: &mut S) -> Result<(), S::Refused> {
    add(store, SEQUENCER)
}
