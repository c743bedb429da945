//! The Stylus parameters: one word.
//!
//! Lives here: reading and writing it. Not here: its format, and what the parameters do (`stylus_vm`).

use stylus_vm::{Config, StylusParams};

use crate::arbos::{Words, root, slots};

/// The parameters in force. Those that the version in force does not store are what it takes them to be.
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
