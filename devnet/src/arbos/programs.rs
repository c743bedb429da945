//! What the chain stores about each program: one word, by code hash.
//!
//! Lives here: the word, and whether a program may be called. Not here: activation (`precompiles`).

use alloy_primitives::{B256, U256};
use stylus_vm::{Config, Pages};

use crate::arbos::{Words, slots};

/// The start of ArbOS time, in seconds since 1970.
const EPOCH: u64 = 1_421_388_000;

const HOUR: u64 = 3_600;

const DAY: u64 = 24 * HOUR;

/// A program's entry, as the chain stores it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Entry {
    /// The Stylus version that it was activated for; 0 for none.
    pub(crate) version: u16,
    /// The estimate behind the gas of an uncached start.
    pub(crate) init_cost: u16,
    /// The estimate behind the gas of a cached start.
    pub(crate) cached_init_cost: u16,
    /// Pages that each call starts with.
    pub(crate) footprint: Pages,
    /// Hours from the start of ArbOS time to the activation.
    pub(crate) activated_at: u32,
    /// Estimated native code in KiB.
    pub(crate) asm_kib: u32,
    /// Whether a cache manager has cached it.
    pub(crate) cached: bool,
}

/// Why a program may not be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    #[error(
        "program not activated: activate it first, with `cargo stylus activate` or ArbWasm.activateProgram"
    )]
    NotActivated,
    #[error(
        "program needs upgrade: it was activated for Stylus version {version} and the chain is at {current}; activate it again"
    )]
    NeedsUpgrade { version: u16, current: u16 },
    #[error("program expired: it was activated {age} seconds ago; activate it again")]
    Expired { age: u64 },
}

/// A program's entry, whatever its state.
pub(crate) fn program(words: &mut impl Words, code_hash: B256) -> Entry {
    let word = words
        .word(slots::program_data().slot(code_hash))
        .to_be_bytes::<32>();
    let u16_at = |at: usize| u16::from_be_bytes([word[at], word[at + 1]]);
    let u24_at = |at: usize| u32::from_be_bytes([0, word[at], word[at + 1], word[at + 2]]);
    Entry {
        version: u16_at(0),
        init_cost: u16_at(2),
        cached_init_cost: u16_at(4),
        footprint: Pages(u16_at(6)),
        activated_at: u24_at(8),
        asm_kib: u24_at(11),
        cached: word[14] != 0,
    }
}

/// Stores a program's entry.
pub(crate) fn set_program(words: &mut impl Words, code_hash: B256, entry: &Entry) {
    words.set_word(slots::program_data().slot(code_hash), pack(entry));
}

fn pack(entry: &Entry) -> U256 {
    let fields: [&[u8]; 7] = [
        &entry.version.to_be_bytes(),
        &entry.init_cost.to_be_bytes(),
        &entry.cached_init_cost.to_be_bytes(),
        &entry.footprint.0.to_be_bytes(),
        &entry.activated_at.to_be_bytes()[1..],
        &entry.asm_kib.to_be_bytes()[1..],
        &[entry.cached.into()],
    ];
    let mut word = fields.concat();
    word.resize(32, 0);
    U256::from_be_slice(&word)
}

/// A program that may be called at `now`, in seconds since 1970.
///
/// # Errors
/// If it may not.
pub(crate) fn active_program(
    words: &mut impl Words,
    code_hash: B256,
    config: &Config,
    now: u64,
) -> Result<Entry, ProgramError> {
    let entry = program(words, code_hash);
    let current = config.stylus.version;
    if entry.version == 0 {
        return Err(ProgramError::NotActivated);
    }
    if entry.version != current {
        return Err(ProgramError::NeedsUpgrade {
            version: entry.version,
            current,
        });
    }
    let age = age(&entry, now);
    if age > lifetime(config) {
        return Err(ProgramError::Expired { age });
    }
    Ok(entry)
}

/// Seconds that an activation lasts.
pub(crate) fn lifetime(config: &Config) -> u64 {
    u64::from(config.stylus.expiry_days) * DAY
}

/// Seconds between a program's activation and `now`.
pub(crate) fn age(entry: &Entry, now: u64) -> u64 {
    now.saturating_sub(EPOCH + u64::from(entry.activated_at) * HOUR)
}

/// Whole hours from the start of ArbOS time to `now`, as 24 bits.
pub(crate) fn hours_since_epoch(now: u64) -> u32 {
    let hours = now.saturating_sub(EPOCH) / HOUR;
    u32::try_from(hours).unwrap_or(u32::MAX).min(0x00FF_FFFF)
}

/// Stores the stand-in for the hash of a program's module. The real one covers a translation that only Nitro's prover
/// makes; only ArbWasm's event shows it.
pub(crate) fn set_module_hash(words: &mut impl Words, code_hash: B256, hash: B256) {
    words.set_word(slots::module_hashes().slot(code_hash), hash.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    const ENTRY: Entry = Entry {
        version: 2,
        init_cost: 34,
        cached_init_cost: 11,
        footprint: Pages(1),
        activated_at: 0x01_0203,
        asm_kib: 0x04_0506,
        cached: true,
    };

    #[test]
    fn what_is_stored_is_found() {
        let mut state = State::default();
        let hash = B256::repeat_byte(7);
        assert_eq!(program(&mut state, hash), Entry::default());
        set_program(&mut state, hash, &ENTRY);
        assert_eq!(program(&mut state, hash), ENTRY);
        let word = state
            .word(slots::program_data().slot(hash))
            .to_be_bytes::<32>();
        assert_eq!(word[..15], [0, 2, 0, 34, 0, 11, 0, 1, 1, 2, 3, 4, 5, 6, 1]);
    }

    #[test]
    fn a_program_lives_for_a_year() {
        let config = Config::at(stylus_vm::ArbOs::LAST_STYLUS_2);
        let mut state = State::default();
        let born = EPOCH + u64::from(ENTRY.activated_at) * HOUR;
        let mut check = |hash: u8, now: u64, expected: Result<(), ProgramError>| {
            let got = active_program(&mut state, B256::repeat_byte(hash), &config, now);
            assert_eq!(got.map(|_| ()), expected, "program {hash} at {now}");
            set_program(&mut state, B256::repeat_byte(1), &ENTRY);
            set_program(
                &mut state,
                B256::repeat_byte(2),
                &Entry {
                    version: 1,
                    ..ENTRY
                },
            );
        };
        check(1, born, Err(ProgramError::NotActivated));
        check(1, born, Ok(()));
        // A clock that runs backwards is not a reason to refuse.
        check(1, 0, Ok(()));
        check(1, born + 365 * DAY, Ok(()));
        check(
            1,
            born + 365 * DAY + 1,
            Err(ProgramError::Expired { age: 365 * DAY + 1 }),
        );
        check(
            2,
            born,
            Err(ProgramError::NeedsUpgrade {
                version: 1,
                current: 2,
            }),
        );
    }
}
