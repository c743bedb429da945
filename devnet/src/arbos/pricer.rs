//! The data pricer's state: five words.
//!
//! Lives here: reading and writing them. Not here: the price (`stylus_vm::DataPricer`).

use alloy_primitives::U256;
use stylus_vm::DataPricer;

use crate::arbos::{Words, slots};

/// The stored pricer.
pub(crate) fn data_pricer(words: &mut impl Words) -> DataPricer {
    let mut word = |offset| words.word(slots::data_pricer().at(offset));
    DataPricer {
        demand: word(0).saturating_to(),
        bytes_per_second: word(1).saturating_to(),
        last_update: word(2).saturating_to(),
        min_price: word(3).saturating_to(),
        inertia: word(4).saturating_to(),
    }
}

/// Stores the pricer.
pub(crate) fn set_data_pricer(words: &mut impl Words, pricer: &DataPricer) {
    let fields = [
        U256::from(pricer.demand),
        U256::from(pricer.bytes_per_second),
        U256::from(pricer.last_update),
        U256::from(pricer.min_price),
        U256::from(pricer.inertia),
    ];
    for (offset, value) in (0..).zip(fields) {
        words.set_word(slots::data_pricer().at(offset), value);
    }
}
