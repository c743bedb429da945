//! The Stylus parameters: one word.
//!
//! Lives here: reading and writing it. Not here: its format, and the effect of the parameters
//! (`stylus_vm`).

use alloy_primitives::U256;
use stylus_vm::{Config, StylusParams};

use crate::arbos::field::fields;
use crate::arbos::{Words, root, slots};

fields! {
    slots::params();
    0 word: U256, "All parameters, packed.";
}

/// The current parameters. Those that the current version does not store have the values it assumes.
pub(crate) fn params(words: &mut impl Words) -> StylusParams {
    let arbos = root::version(words);
    let Ok(word) = word().get(words);
    StylusParams::from_word(word, arbos)
}

/// Stores the parameters.
pub(crate) fn set_params(words: &mut impl Words, params: &StylusParams) {
    let Ok(()) = word().set(words, params.to_word());
}

/// Everything that the VM depends on.
pub(crate) fn vm_config(words: &mut impl Words, debug: bool, max_code_size: u32) -> Config {
    Config {
        arbos: root::version(words),
        stylus: params(words),
        max_code_size,
        debug,
    }
}
