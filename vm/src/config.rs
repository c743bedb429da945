//! What a chain can configure: its ArbOS version and the Stylus parameters, as plain data.
//!
//! Lives here: every value that differs between chains or ArbOS versions. Not here: prices, which no chain can change.

use alloy_primitives::U256;

use crate::ink::{Gas, InkPrice};
use crate::pages::{MemoryModel, Pages};

/// An ArbOS version that has Stylus: 30 to 61.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ArbOs(u16);

/// This VM does not support the requested ArbOS version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("ArbOS {0} is not supported: choose a version from {first} to {last}", first = ArbOs::FIRST.0, last = ArbOs::LAST.0)]
pub struct UnsupportedArbOs(pub u16);

impl ArbOs {
    /// The version that introduced Stylus.
    pub const FIRST: Self = Self(30);
    /// Stylus version 2: a smaller init cost, the cached cost always added, return data priced as EVM memory.
    pub const STYLUS_2: Self = Self(31);
    /// The charging fixes: cache misses in gas, flushes actually charged, activation by wasm byte, an import limit.
    pub const CHARGING_FIXES: Self = Self(32);
    /// `account_code` no longer remembers empty code; the largest module is a parameter.
    pub const EMPTY_CODE_NOT_REMEMBERED: Self = Self(40);
    /// At most 22,000 words of stack; out of gas in a flush counts as out of ink.
    pub const STACK_CLAMP: Self = Self(50);
    /// The last release with Stylus version 2, which ApeChain and other chains still run; 52 to 58 are reserved for chain
    /// owners and have the same rules.
    pub const LAST_STYLUS_2: Self = Self(51);
    /// Stylus version 3: no multi-value, `memory.fill` as in WebAssembly, a page limit that applies while programs run, and an
    /// activation price that a chain can raise.
    pub const STYLUS_3: Self = Self(59);
    /// Root and fragment programs, modules of twice the size, a cache of recent programs.
    pub const FRAGMENTS: Self = Self(60);
    /// The newest supported version.
    pub const LAST: Self = Self(61);

    /// What Arbitrum One and Nova have run since 2026-08-20, and Sepolia since 2026-06-29: "Elara" (`arbOSVersion()` of their
    /// ArbSys answers 55 more; the notice of the upgrade is in arbitrum-docs, docs/notices). Every default refers to this.
    pub const ARBITRUM_ONE: Self = Self(61);
    /// The initial version of `nitro --dev`: `arb-dev-test` in cmd/chaininfo of Nitro v3.11.1 (2026-06-24).
    pub const NITRO_DEV: Self = Self(59);

    /// The version `number`.
    ///
    /// # Errors
    /// If it is not from 30 to 61.
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

/// The parameters that a chain stores for its Stylus programs, in their stored widths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StylusParams {
    /// The Stylus version that programs must be activated for.
    pub version: u16,
    /// Ink per gas.
    pub ink_price: InkPrice,
    /// Words of abstract stack that a program may use.
    pub max_stack_depth: u32,
    /// Pages that a transaction gets free of charge.
    pub free_pages: Pages,
    /// Gas for each page beyond those.
    pub page_gas: u16,
    /// The most pages that a program may start with, including those already open; from [`ArbOs::STYLUS_3`] on, the most that
    /// may be open at any time, where zero means no limit.
    pub page_limit: Pages,
    /// Minimum gas to start a program, in units of 128 gas.
    pub min_init_gas: u8,
    /// Minimum gas to start a cached program, in units of 32 gas.
    pub min_cached_init_gas: u8,
    /// Share of the estimated init cost that is charged, in units of 2 %.
    pub init_cost_scalar: u8,
    /// Share of the estimated cached init cost that is charged, in units of 2 %.
    pub cached_cost_scalar: u8,
    /// Days until an activation expires.
    pub expiry_days: u16,
    /// Days until an activation can be extended.
    pub keepalive_days: u16,
    /// Programs in the cache of those called recently in a block.
    pub block_cache_size: u16,
    /// The most bytes of a decompressed program.
    pub max_wasm_size: u32,
    /// The most fragments that a root program may name.
    pub max_fragment_count: u8,
}

impl StylusParams {
    /// The Stylus version whose programs are plain WebAssembly: no multi-value, and `memory.fill` takes any value.
    pub const PLAIN_WASM: u16 = 3;
    /// The newest supported Stylus version.
    pub const LAST_VERSION: u16 = 3;

    /// The word in which a chain stores the parameters: big-endian fields from the left.
    pub fn to_word(&self) -> U256 {
        let price = self.ink_price.ink_per_gas().to_be_bytes();
        let fields: [&[u8]; 15] = [
            &self.version.to_be_bytes(),
            &price[1..],
            &self.max_stack_depth.to_be_bytes(),
            &self.free_pages.0.to_be_bytes(),
            &self.page_gas.to_be_bytes(),
            &self.page_limit.0.to_be_bytes(),
            &[self.min_init_gas],
            &[self.min_cached_init_gas],
            &[self.init_cost_scalar],
            &[self.cached_cost_scalar],
            &self.expiry_days.to_be_bytes(),
            &self.keepalive_days.to_be_bytes(),
            &self.block_cache_size.to_be_bytes(),
            &self.max_wasm_size.to_be_bytes(),
            &[self.max_fragment_count],
        ];
        let mut word = fields.concat();
        word.resize(32, 0);
        U256::from_be_slice(&word)
    }

    /// The parameters that a chain of version `arbos` stores as `word`. Fields that this version does not store yet get the
    /// values it assumes.
    pub fn from_word(word: U256, arbos: ArbOs) -> Self {
        let word = word.to_be_bytes::<32>();
        let u16_at = |at: usize| u16::from_be_bytes([word[at], word[at + 1]]);
        let u32_at =
            |at: usize| u32::from_be_bytes([word[at], word[at + 1], word[at + 2], word[at + 3]]);
        let price = u32::from_be_bytes([0, word[2], word[3], word[4]]);
        let unstored = Config::at(arbos).stylus;
        Self {
            version: u16_at(0),
            ink_price: InkPrice::new(price).unwrap_or(InkPrice::DEFAULT),
            max_stack_depth: u32_at(5),
            free_pages: Pages(u16_at(9)),
            page_gas: u16_at(11),
            page_limit: Pages(u16_at(13)),
            min_init_gas: word[15],
            min_cached_init_gas: word[16],
            init_cost_scalar: word[17],
            cached_cost_scalar: word[18],
            expiry_days: u16_at(19),
            keepalive_days: u16_at(21),
            block_cache_size: u16_at(23),
            max_wasm_size: match arbos >= ArbOs::EMPTY_CODE_NOT_REMEMBERED {
                true => u32_at(25),
                false => unstored.max_wasm_size,
            },
            max_fragment_count: match arbos >= ArbOs::FRAGMENTS {
                true => word[29],
                false => unstored.max_fragment_count,
            },
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
    /// The most bytes of code in an account (EIP-170; 24,576 on Arbitrum chains unless configured otherwise).
    pub max_code_size: u32,
    /// Whether the chain is configured for debugging, which allows the `console` imports and a start function.
    pub debug: bool,
}

impl Config {
    /// The most gas that a transaction can spend on computation (Nitro, `arbos/l2pricing/model.go`: the initial per-transaction
    /// limit of ArbOS 50 and later).
    pub const TRANSACTION_GAS: Gas = Gas(32_000_000);

    /// A chain created at `arbos`, with that version's initial parameters.
    pub const fn at(arbos: ArbOs) -> Self {
        let n = arbos.number();
        let stylus_2 = n >= ArbOs::STYLUS_2.number();
        let fragments = n >= ArbOs::FRAGMENTS.number();
        Self {
            arbos,
            stylus: StylusParams {
                version: if n >= ArbOs::STYLUS_3.number() {
                    3
                } else if stylus_2 {
                    2
                } else {
                    1
                },
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
                max_wasm_size: if fragments { 256 * 1024 } else { 128 * 1024 },
                max_fragment_count: if fragments { 4 } else { 0 },
            },
            max_code_size: 24_576,
            debug: false,
        }
    }

    /// What memory costs on this chain.
    pub const fn memory(&self) -> MemoryModel {
        let limit = self.stylus.page_limit;
        let is_enforced = self.arbos.number() >= ArbOs::STYLUS_3.number() && limit.0 > 0;
        MemoryModel {
            free_pages: self.stylus.free_pages,
            page_gas: Gas(self.stylus.page_gas as u64),
            limit: if is_enforced { limit } else { Pages(u16::MAX) },
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::at(ArbOs::ARBITRUM_ONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_30_to_61() {
        for (number, known) in [
            (0, false),
            (29, false),
            (30, true),
            (51, true),
            (61, true),
            (62, false),
        ] {
            assert_eq!(ArbOs::new(number).is_ok(), known, "ArbOS {number}");
        }
        assert_eq!(
            UnsupportedArbOs(62).to_string(),
            "ArbOS 62 is not supported: choose a version from 30 to 61"
        );
    }

    #[test]
    fn parameters_change_with_arbos() {
        // ArbOS, Stylus version, minimum init gas in units, stack words, bytes of a module, fragments.
        for (number, version, init, words, bytes, fragments) in [
            (30, 1, 72, 262_144, 131_072, 0),
            (31, 2, 69, 262_144, 131_072, 0),
            (50, 2, 69, 22_000, 131_072, 0),
            (58, 2, 69, 22_000, 131_072, 0),
            (59, 3, 69, 22_000, 131_072, 0),
            (60, 3, 69, 22_000, 262_144, 4),
            (61, 3, 69, 22_000, 262_144, 4),
        ] {
            let params = Config::at(ArbOs::new(number).unwrap()).stylus;
            let got = (
                params.version,
                params.min_init_gas,
                params.max_stack_depth,
                params.max_wasm_size,
                params.max_fragment_count,
            );
            let expected = (version, init, words, bytes, fragments);
            assert_eq!(got, expected, "ArbOS {number}");
        }
    }

    #[test]
    fn the_page_limit_holds_from_arbos_59_on_unless_it_is_zero() {
        for (number, limit, enforced) in [
            (58, 10, u16::MAX),
            (59, 10, 10),
            (59, 0, u16::MAX),
            (61, 128, 128),
        ] {
            let mut config = Config::at(ArbOs::new(number).unwrap());
            config.stylus.page_limit = Pages(limit);
            assert_eq!(
                config.memory().limit,
                Pages(enforced),
                "ArbOS {number}, limit {limit}"
            );
        }
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let initial = Config::at(ArbOs::LAST).stylus;
        let odd = StylusParams {
            version: 0x0102,
            ink_price: InkPrice::new(0x03_0405).unwrap(),
            max_stack_depth: 0x0607_0809,
            free_pages: Pages(0x0a0b),
            page_gas: 0x0c0d,
            page_limit: Pages(0x0e0f),
            min_init_gas: 0x10,
            min_cached_init_gas: 0x11,
            init_cost_scalar: 0x12,
            cached_cost_scalar: 0x13,
            expiry_days: 0x1415,
            keepalive_days: 0x1617,
            block_cache_size: 0x1819,
            max_wasm_size: 0x1a1b_1c1d,
            max_fragment_count: 0x1e,
        };
        for params in [initial, odd] {
            assert_eq!(
                StylusParams::from_word(params.to_word(), ArbOs::LAST),
                params
            );
        }
        // Every field in its place: the bytes count up.
        let word = odd.to_word().to_be_bytes::<32>();
        let counted: Vec<u8> = (1..=0x1e).chain([0, 0]).collect();
        assert_eq!(word.as_slice(), counted);
    }
}
