//! The Stylus parameters: one word.
//!
//! Lives here: reading and writing it. Not here: its format, and the effect of the parameters
//! (`stylus_vm`).

use stylus_vm::{Config, StylusParams};

use crate::arbos::{Words, root, slots};

/// The current parameters. Those that the current version does not store have the values it assumes.
pub(crate) fn params(words: &mut impl Words) -> StylusParams {
    let arbos = root::version(words);
    StylusParams::from_word(words.word(slots::params().at(0)), arbos)
}

/// Stores the parameters.
pub(crate) fn set_params(words: &mut impl Words, params: &StylusParams) {
    words.set_word(slots::params().at(0), params.to_word());
}

/// Everything that the VM depends on.
pub(crate) fn vm_config(words: &mut impl Words, debug: bool, max_code_size: u32) -> Config {
    let arbos = root::version(words);
    Config {
        arbos,
        stylus: StylusParams::from_word(words.word(slots::params().at(0)), arbos),
        max_code_size,
        debug,
    }
}
