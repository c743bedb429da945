//! Sizes of modules, code and files.
//!
//! Lives here: the unit. Not here: what bytes cost (`data_fee`, `prices`), pages of memory (`pages`).

/// A size in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bytes(pub u64);

impl Bytes {
    /// The size of `content`.
    pub const fn of(content: &[u8]) -> Self {
        Self(content.len() as u64)
    }
}
