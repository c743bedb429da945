//! The accounts that post batches to L1, and where they are paid.
//!
//! Lives here: the table. Nobody posts batches here; as everywhere, a chain starts with the sequencer in
//! it.

use alloy_primitives::Address;

use crate::addresses::SEQUENCER;
use crate::arbos::Store;
use crate::arbos::field::Field;
use crate::arbos::owners::AddressSet;
use crate::arbos::slots::batch_posters;

/// All posters.
pub(crate) fn posters() -> AddressSet {
    AddressSet::of(batch_posters().space(0))
}

/// The account that receives a poster's pay.
pub(crate) fn pay_to(poster: Address) -> Field<Address> {
    Field::at(batch_posters().space(1).named(poster.as_slice()), 1)
}

/// Adds a poster that is paid directly.
///
/// # Errors
/// If the store refuses.
pub(crate) fn add<S: Store>(store: &mut S, poster: Address) -> Result<(), S::Refused> {
    // Nitro checks once more before adding one.
    posters().contains(store, poster)?;
    let owed: Field<u64> = Field::at(batch_posters().space(1).named(poster.as_slice()), 0);
    owed.set(store, 0)?;
    pay_to(poster).set(store, poster)?;
    posters().add(store, poster)
}

/// Writes the initial values.
pub(super) fn initialise<S: Store>(store: &mut S) -> Result<(), S::Refused> {
    add(store, SEQUENCER)
}
