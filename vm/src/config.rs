//! What a chain may set: its ArbOS version and the Stylus parameters, as plain data.
//!
//! Lives here: every value that differs between chains or ArbOS versions. Not here: prices, which no chain can change.

use crate::ink::{Gas, InkPrice};
use crate::pages::{MemoryModel, Pages};

/// An ArbOS version that has Stylus: 30 to 60.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ArbOs(u16);

/// The ArbOS version asked for is not one this VM knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("ArbOS {0} is not supported: choose a version from {first} to {last}", first = ArbOs::FIRST.0, last = ArbOs::LAST.0)]
pub struct UnsupportedArbOs(pub u16);

impl ArbOs {
    /// The version Stylus arrived with.
    pub const FIRST: Self = Self(30);
    /// Stylus version 2: a smaller init cost, the cached cost always on top, return data priced as EVM memory.
    pub const STYLUS_2: Self = Self(31);
    /// The charging fixes: cache misses in gas, flushes really charged, activation by wasm byte, an import limit.
    pub const CHARGING_FIXES: Self = Self(32);
    /// `account_code` no longer remembers an empty code.
    pub const EMPTY_CODE_NOT_REMEMBERED: Self = Self(40);
    /// At most 22,000 words of stack; running out of gas in a flush is running out of ink.
    pub const STACK_CLAMP: Self = Self(50);
    /// The newest version in production, and the default.
    pub const DEFAULT: Self = Self(51);
    /// Root and fragment programs, a recent-program cache, no multi-value.
    pub const FRAGMENTS: Self = Self(60);
    /// The newest version known.
    pub const LAST: Self = Self(60);

    /// The version `number`.
    ///
    /// # Errors
    /// Where it is not from 30 to 60.
    pub const fn new(number: u16) -> Result<Self, UnsupportedArbOs> {
        if number < Self::FIRST.0 || number > Self::LAST.0 {
            return Err(UnsupportedArbOs(number));
        }
        Ok(Self(number))
    }

    /// The version's number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// The parameters a chain stores for its Stylus programs, with their stored widths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StylusParams {
    /// The Stylus version that programs must be activated for.
    pub version: u16,
    /// Ink per gas.
    pub ink_price: InkPrice,
    /// Words of abstract stack that a program may use.
    pub max_stack_depth: u32,
    /// Pages a transaction holds for nothing.
    pub free_pages: Pages,
    /// Gas for each page beyond those.
    pub page_gas: u16,
    /// The most pages a program may begin with, together with those open already.
    pub page_limit: Pages,
    /// Least gas to start a program, in units of 128 gas.
    pub min_init_gas: u8,
    /// Least gas to start a cached program, in units of 32 gas.
    pub min_cached_init_gas: u8,
    /// Share of the estimated init cost that is charged, in units of 2 %.
    pub init_cost_scalar: u8,
    /// Share of the estimated cached init cost that is charged, in units of 2 %.
    pub cached_cost_scalar: u8,
    /// Days until an activation expires.
    pub expiry_days: u16,
    /// Days until an activation may be kept alive.
    pub keepalive_days: u16,
    /// Programs in the cache of those called recently in a block.
    pub block_cache_size: u16,
    /// Bytes a decompressed program may have.
    pub max_wasm_size: u32,
    /// Fragments a root program may name.
    pub max_fragment_count: u8,
}

impl StylusParams {
    /// What memory costs under these parameters.
    pub const fn memory(&self) -> MemoryModel {
        MemoryModel {
            free_pages: self.free_pages,
            page_gas: Gas(self.page_gas as u64),
        }
    }
}

/// Everything about a chain that the VM depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// The rules in force.
    pub arbos: ArbOs,
    /// The chain's Stylus parameters.
    pub stylus: StylusParams,
    /// Bytes of code an account may hold (EIP-170; 24,576 on Arbitrum chains unless configured otherwise).
    pub max_code_size: u32,
    /// Whether the chain was configured for debugging: the `console` imports and a start function are then allowed.
    pub debug: bool,
}

impl Config {
    /// A chain born at `arbos`, with the parameters ArbOS gives it.
    pub const fn at(arbos: ArbOs) -> Self {
        let n = arbos.number();
        let stylus_2 = n >= ArbOs::STYLUS_2.number();
        Self {
            arbos,
            stylus: StylusParams {
                version: if stylus_2 { 2 } else { 1 },
                ink_price: InkPrice::DEFAULT,
                max_stack_depth: if n >= ArbOs::STACK_CLAMP.number() {
                    22_000
                } else {
                    4 * 65_536
                },
                free_pages: Pages(2),
                page_gas: 1_000,
                page_limit: Pages(128),
                min_init_gas: if stylus_2 { 69 } else { 72 },
                min_cached_init_gas: 11,
                init_cost_scalar: 50,
                cached_cost_scalar: 50,
                expiry_days: 365,
                keepalive_days: 31,
                block_cache_size: 32,
                max_wasm_size: 128 * 1024,
                max_fragment_count: if n >= ArbOs::FRAGMENTS.number() { 2 } else { 0 },
            },
            max_code_size: 24_576,
            debug: false,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::at(ArbOs::DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_30_to_60() {
        for (number, known) in [
            (0, false),
            (29, false),
            (30, true),
            (51, true),
            (60, true),
            (61, false),
        ] {
            assert_eq!(ArbOs::new(number).is_ok(), known, "ArbOS {number}");
        }
        assert_eq!(
            UnsupportedArbOs(29).to_string(),
            "ArbOS 29 is not supported: choose a version from 30 to 60"
        );
    }

    #[test]
    fn parameters_change_with_arbos() {
        // ArbOS, Stylus version, least init gas in units, stack words, fragments.
        for (number, version, init, words, fragments) in [
            (30, 1, 72, 262_144, 0),
            (31, 2, 69, 262_144, 0),
            (50, 2, 69, 22_000, 0),
            (60, 2, 69, 22_000, 2),
        ] {
            let params = Config::at(ArbOs::new(number).unwrap()).stylus;
            let got = (
                params.version,
                params.min_init_gas,
                params.max_stack_depth,
                params.max_fragment_count,
            );
            assert_eq!(got, (version, init, words, fragments), "ArbOS {number}");
        }
    }
}
