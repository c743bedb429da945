//! The optimisation levels that contracts are built with.
//!
//! Lives here: their names, and how to tell cargo which one to use. Not here: a build (`build`).

use std::fmt;

/// How hard the compiler tries, and for what: the profile's `opt-level`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OptLevel {
    /// For speed, as `cargo stylus new` has it.
    Three,
    /// For size.
    S,
    /// For size, and without turning loops into vectors.
    Z,
}

impl OptLevel {
    /// The levels that contracts are built with.
    pub const ALL: &[Self] = &[Self::Three, Self::S, Self::Z];

    /// The variable that sets it in cargo's release profile.
    pub const VARIABLE: &str = "CARGO_PROFILE_RELEASE_OPT_LEVEL";

    /// Its name in a profile.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Three => "3",
            Self::S => "s",
            Self::Z => "z",
        }
    }
}

impl fmt::Display for OptLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
