//! The ways in which a contract can be built.
//!
//! Lives here: with or without link-time optimisation, and everything that is varied at once. Not here: the builds (`copy`).

use std::fmt;

use crate::{Allocator, CrateTypes, Mode, OptLevel};

/// What to vary. The author's own build is always included, and comes first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variations {
    /// The allocators in addition to the author's own, out of [`replaceable`](crate::replaceable).
    pub allocators: Vec<Allocator>,
    /// The optimisation levels in addition to the author's own.
    pub levels: Vec<OptLevel>,
    /// With or without link-time optimisation, in addition to the author's own setting.
    pub lto: Vec<Lto>,
    /// The modes of `wasm-opt` in addition to [`Mode::Off`].
    pub modes: Vec<Mode>,
}

/// Whether a contract is optimised across crates when it is linked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lto {
    /// It is, whatever its crate types are.
    On,
    /// It is not, as with the crate types that `cargo stylus new` writes.
    Off,
}

/// One way to build a contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Variant {
    /// The allocator in place of `mini-alloc`; `None` for the author's.
    pub allocator: Option<Allocator>,
    /// The profile's `opt-level`; `None` for the author's.
    pub level: Option<OptLevel>,
    /// Link-time optimisation; `None` for the author's setting.
    pub lto: Option<Lto>,
    /// What `wasm-opt` does with the module afterwards.
    pub wasm_opt: Mode,
}

/// `own` and then the others, each once.
fn with_own<T: PartialEq>(own: T, others: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = vec![own];
    for other in others {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

impl Variations {
    /// What cargo has to build, the author's own first. Builds with the same allocator are adjacent, and among them those at the same
    /// level.
    pub fn builds(&self) -> Vec<Variant> {
        let allocators = with_own(None, self.allocators.iter().copied().map(Some));
        let levels = with_own(None, self.levels.iter().copied().map(Some));
        let lto = with_own(None, self.lto.iter().copied().map(Some));
        let mut builds = Vec::new();
        for &allocator in &allocators {
            for &level in &levels {
                builds.extend(lto.iter().map(|&lto| Variant {
                    allocator,
                    level,
                    lto,
                    ..Variant::TODAY
                }));
            }
        }
        builds
    }

    /// The modes for each build, [`Mode::Off`] first.
    pub fn modes(&self) -> Vec<Mode> {
        with_own(Mode::Off, self.modes.iter().copied())
    }

    /// How many variants there are.
    pub fn variants(&self) -> usize {
        self.builds().len() * self.modes().len()
    }
}

impl Lto {
    /// Both values.
    pub const ALL: [Self; 2] = [Self::On, Self::Off];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// The crate types that bring it about.
    pub const fn crate_types(self) -> CrateTypes {
        match self {
            Self::On => CrateTypes::Cdylib,
            Self::Off => CrateTypes::LibAndCdylib,
        }
    }
}

/// What to do to get it.
impl fmt::Display for Lto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "link-time optimisation",
            Self::Off => "a library beside the cdylib",
        })
    }
}

impl Variant {
    /// The author's own build.
    pub const TODAY: Self = Self {
        allocator: None,
        level: None,
        lto: None,
        wasm_opt: Mode::Off,
    };

    /// The number of ways in which it differs from the author's own build.
    pub fn changes(self) -> usize {
        let changes = [
            self.allocator.is_some(),
            self.level.is_some(),
            self.lto.is_some(),
            self.wasm_opt != Mode::Off,
        ];
        changes.into_iter().filter(|&changes| changes).count()
    }
}

/// What to do to get it; `today` if nothing.
impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allocator = self.allocator.map(|allocator| allocator.to_string());
        let level = self.level.map(|level| format!("opt-level {level}"));
        let mode = (self.wasm_opt != Mode::Off).then(|| format!("wasm-opt {}", self.wasm_opt));
        let lto = self.lto.map(|lto| lto.to_string());
        let parts: Vec<_> = [level, lto, mode, allocator]
            .into_iter()
            .flatten()
            .collect();
        match parts.as_slice() {
            [] => f.write_str("today"),
            [one] => f.write_str(one),
            [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}
