//! The price list: what every wasm operator and every building block of a host call costs.
//!
//! Lives here: all prices, in ink and in gas, except the curve of memory (`pages`), as Stylus versions 1 and 2 share them, each a
//! fact of the protocol (Nitro v3.10: the meter's operator table, the hostio pricing, and go-ethereum's access-list and storage
//! costs). Not here: when they are charged (`instrument`, `hostio`) and how ink becomes gas (`ink`).

use wasmparser::Operator;

use crate::ink::{Gas, Ink};

/// Each metered block, on top of its operators.
pub(crate) const BLOCK: Ink = Ink(2_450);

/// Each byte that `memory.fill` or `memory.copy` moves, on top of the operator.
pub(crate) const BULK_BYTE: Ink = Ink(100);

/// The price of `operator`; `params` returns the number of parameters of a `call_indirect`'s type.
///
/// Unlisted operators cost [`Ink::MAX`]: a block that contains one is unaffordable.
pub(crate) fn operator(operator: &Operator<'_>, params: impl Fn(u32) -> usize) -> Ink {
    use Operator::*;
    Ink(match operator {
        Unreachable | Return | Nop | I32Const { .. } | I64Const { .. } => 1,
        Block { .. } | Loop { .. } | Else | End => 1,
        Drop => 9,
        I32Add | I32Sub | I32And | I32Or | I32Xor => 70,
        I32Shl | I32ShrS | I32ShrU | I32Rotl | I32Rotr => 70,
        LocalGet { .. } | LocalTee { .. } => 75,
        I64Add | I64Sub | I64And | I64Or | I64Xor => 100,
        I64Shl | I64ShrS | I64ShrU | I64Rotl | I64Rotr => 100,
        I32WrapI64 | I64ExtendI32S | I64ExtendI32U => 100,
        I32Extend8S | I32Extend16S | I64Extend8S | I64Extend16S | I64Extend32S => 100,
        I32Mul | I64Mul => 160,
        I32Eqz | I32Eq | I32Ne | I32LtS | I32LtU | I32GtS | I32GtU => 170,
        I32LeS | I32LeU | I32GeS | I32GeU => 170,
        LocalSet { .. } => 210,
        I32Clz | I32Ctz | I64Clz | I64Ctz => 210,
        GlobalGet { .. } => 225,
        I64Eqz | I64Eq | I64Ne | I64LtS | I64LtU | I64GtS | I64GtU => 225,
        I64LeS | I64LeU | I64GeS | I64GeU => 225,
        GlobalSet { .. } => 575,
        I32Load { .. } | I32Load8S { .. } | I32Load8U { .. } => 670,
        I32Load16S { .. } | I32Load16U { .. } => 670,
        I64Load { .. } | I64Load8S { .. } | I64Load8U { .. } | I64Load16S { .. } => 680,
        I64Load16U { .. } | I64Load32S { .. } | I64Load32U { .. } => 680,
        Br { .. } | BrIf { .. } | If { .. } => 765,
        I32Store { .. } | I32Store8 { .. } | I32Store16 { .. } => 825,
        I64Store { .. } | I64Store8 { .. } | I64Store16 { .. } | I64Store32 { .. } => 950,
        MemoryCopy { .. } | MemoryFill { .. } => 950,
        I32DivS | I32DivU | I32RemS | I32RemU => 1_120,
        Select => 1_250,
        I64DivS | I64DivU | I64RemS | I64RemU => 1_270,
        I32Popcnt => 2_650,
        MemorySize { .. } => 3_000,
        Call { .. } => 3_800,
        I64Popcnt => 6_000,
        MemoryGrow { .. } => 8_050,
        BrTable { targets } => 2_400 + 325 * u64::from(targets.len()),
        CallIndirect { type_index, .. } => 13_610 + 650 * params(*type_index) as u64,
        _ => return Ink::MAX,
    })
}

/// Entering a host call.
pub(crate) const HOSTIO: Ink = Ink(8_400);

/// A guest pointer that a host call dereferences.
pub(crate) const POINTER: Ink = Ink(5_040);

/// A host call that asks the chain.
pub(crate) const EVM_API: Ink = Ink(59_673);

/// The work of `math_div` and `math_mod`.
pub(crate) const MATH_DIV: Ink = Ink(20_000);

/// The work of `math_add_mod`.
pub(crate) const MATH_ADD_MOD: Ink = Ink(21_000);

/// The work of `math_mul_mod`.
pub(crate) const MATH_MUL_MOD: Ink = Ink(24_100);

/// Copying `bytes` from the host to the guest.
pub(crate) const fn write(bytes: u32) -> Ink {
    Ink(5_040 + 30 * bytes.saturating_sub(32) as u64)
}

/// Copying `bytes` from the guest to the host.
pub(crate) const fn read(bytes: u32) -> Ink {
    Ink(16_381 + 55 * bytes.saturating_sub(32) as u64)
}

/// Hashing `bytes` with keccak-256: the base price includes the first two words.
pub(crate) const fn keccak(bytes: u32) -> Ink {
    Ink(121_800 + 21_000 * (bytes.div_ceil(32).saturating_sub(2)) as u64)
}

/// Raising to an exponent of 32 big-endian bytes, priced by its significant bytes, at least one.
pub(crate) fn power(exponent: &[u8; 32]) -> Ink {
    let leading_zeroes = exponent.iter().take_while(|byte| **byte == 0).count() as u64;
    Ink(3_000 + 17_500 * (33 - leading_zeroes))
}

/// Return data of `bytes`, priced as EVM memory: three gas a word, and a square.
pub(crate) const fn return_data(bytes: usize) -> Gas {
    let words = bytes.div_ceil(32) as u64;
    Gas(3 * words + words * words / 512)
}

/// A unit price as a fraction: whole units only, rounded down once for the total.
#[derive(Clone, Copy)]
pub(crate) struct Rate {
    numerator: u64,
    denominator: u64,
}

impl Rate {
    const fn new(numerator: u64, denominator: u64) -> Self {
        Self {
            numerator,
            denominator,
        }
    }

    /// The price of `count` units.
    pub(crate) const fn of(self, count: u64) -> u64 {
        count * self.numerator / self.denominator
    }
}

/// The prover's work to activate a module, in microseconds.
pub(crate) mod prover {
    use super::{Gas, Rate};

    /// Each whole microsecond: twice 7,000,000 gas over 500,000.
    pub(crate) const MICROSECOND: Gas = Gas(28);
    /// Each byte of the decompressed module.
    pub(crate) const BYTE: Rate = Rate::new(31_733, 100_000);
    /// Each local function.
    pub(crate) const FUNCTION: Rate = Rate::new(17_263, 100_000);
    /// Each byte of data segments, and each encoded byte of element segments.
    pub(crate) const SEGMENT_BYTE: Rate = Rate::new(17_376, 100_000);
    /// Each initial page of memory.
    pub(crate) const PAGE: Rate = Rate::new(2_217, 1);
    /// Each operator after instrumentation.
    pub(crate) const OPERATOR: Rate = Rate::new(535, 1_000);
}

/// The estimate of a program's native code, in bytes.
pub(crate) mod native {
    use super::Rate;

    /// Every program.
    pub(crate) const BASE: u64 = 512_000;
    /// Each local function.
    pub(crate) const FUNCTION: Rate = Rate::new(996_829, 1_000);
    /// Each parameter and result of a local function.
    pub(crate) const TYPE: Rate = Rate::new(11_416, 1_000);
    /// Each byte of the decompressed module.
    pub(crate) const BYTE: Rate = Rate::new(62_628, 10_000);
}

/// The estimate of what starting a program costs, in gas.
pub(crate) mod start {
    use super::Rate;

    /// Each local function.
    pub(crate) const FUNCTION: Rate = Rate::new(8_252, 1_000);
    /// Each parameter and result of a local function.
    pub(crate) const TYPE: Rate = Rate::new(1_059, 1_000);
    /// Each byte of the decompressed module.
    pub(crate) const BYTE: Rate = Rate::new(1_286, 10_000);
}

/// The estimate of what starting a program costs when the chain's cache holds it, in gas.
pub(crate) mod cached_start {
    use super::Rate;

    /// Each local function.
    pub(crate) const FUNCTION: Rate = Rate::new(13_420, 100_000);
    /// Each parameter and result of a local function.
    pub(crate) const TYPE: Rate = Rate::new(89, 100_000);
    /// Each byte of the decompressed module.
    pub(crate) const BYTE: Rate = Rate::new(122, 100_000);
    /// Each global after instrumentation.
    pub(crate) const GLOBAL: Rate = Rate::new(1_628, 1_000);
    /// Each byte of data and encoded element segments.
    pub(crate) const SEGMENT_BYTE: Rate = Rate::new(75_244, 100_000);
    /// Each initial page of memory.
    pub(crate) const PAGE: Rate = Rate::new(5, 1);
}

/// Storage and account access by EIP-2929, in gas.
pub(crate) mod access {
    use super::Gas;

    /// Reading a slot for the first time in a transaction.
    pub(crate) const COLD_SLOT: Gas = Gas(2_100);
    /// Touching an account for the first time in a transaction.
    pub(crate) const COLD_ACCOUNT: Gas = Gas(2_600);
    /// Touching either again.
    pub(crate) const WARM: Gas = Gas(100);
    /// Reading an account's code, for each maximum code size of 24,576 bytes that the chain allows.
    pub(crate) const CODE: Gas = Gas(700);
    /// Each word of a fragment that an activation reads.
    pub(crate) const FRAGMENT_WORD: Gas = Gas(3);
    /// A load or store of transient storage.
    pub(crate) const TRANSIENT: Gas = Gas(100);
}

/// SSTORE by EIP-2200, EIP-2929 and EIP-3529, in gas.
pub(crate) mod store {
    use super::Gas;

    /// The least gas that must be left for any write (EIP-2200's sentry).
    pub(crate) const SENTRY: Gas = Gas(2_300);
    /// From zero to nonzero.
    pub(crate) const SET: Gas = Gas(20_000);
    /// From nonzero to any other value, without the cold access.
    pub(crate) const RESET: Gas = Gas(2_900);
    /// Refund for clearing a slot.
    pub(crate) const CLEAR_REFUND: i64 = 4_800;
}

/// Fees for many accesses of a program's storage cache, in gas, by the number of accesses so far in this invocation.
pub(crate) mod cache {
    use super::Gas;

    /// The highest fee of a single access, which must be left before one.
    pub(crate) const MAX_FEE: Gas = Gas(10);

    /// The fee of the `count`th load.
    pub(crate) const fn load(count: u32) -> Gas {
        match count {
            0..=32 => Gas(0),
            33..=128 => Gas(2),
            _ => MAX_FEE,
        }
    }

    /// The fee of the `count`th store.
    pub(crate) const fn store(count: u32) -> Gas {
        match count {
            0..=8 => Gas(0),
            9..=64 => Gas(7),
            _ => MAX_FEE,
        }
    }
}

/// Logs, in gas.
pub(crate) mod log {
    use super::Gas;

    /// The log itself, and each of its topics.
    pub(crate) const TOPIC: Gas = Gas(375);
    /// Each byte of data after the topics.
    pub(crate) const BYTE: Gas = Gas(8);
}

/// Calls and creates, in gas.
pub(crate) mod frame {
    use super::Gas;

    /// Any call, to a warm account.
    pub(crate) const CALL: Gas = Gas(100);
    /// Added if the account is cold.
    pub(crate) const COLD: Gas = Gas(2_500);
    /// Added if value moves.
    pub(crate) const VALUE: Gas = Gas(9_000);
    /// Added if value moves to an empty account (EIP-161).
    pub(crate) const NEW_ACCOUNT: Gas = Gas(25_000);
    /// Extra gas for the callee if value moves. A Stylus program pays for it.
    pub(crate) const STIPEND: Gas = Gas(2_300);
    /// Any create.
    pub(crate) const CREATE: Gas = Gas(32_000);
    /// Each word of init code that `create2` hashes.
    pub(crate) const HASH_WORD: Gas = Gas(6);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas() {
        for (bytes, ink) in [(0, 5_040), (32, 5_040), (33, 5_070), (1_000, 34_080)] {
            assert_eq!(write(bytes), Ink(ink), "write {bytes}");
        }
        for (bytes, ink) in [(0, 16_381), (32, 16_381), (100, 20_121)] {
            assert_eq!(read(bytes), Ink(ink), "read {bytes}");
        }
        for (bytes, ink) in [
            (0, 121_800),
            (10, 121_800),
            (64, 121_800),
            (100, 163_800),
            (1_000, 751_800),
        ] {
            assert_eq!(keccak(bytes), Ink(ink), "keccak {bytes}");
        }
        for (significant, ink) in [
            (0, 20_500),
            (1, 38_000),
            (2, 55_500),
            (10, 195_500),
            (32, 580_500),
        ] {
            let mut exponent = [0; 32];
            exponent[32 - significant..].fill(1);
            assert_eq!(power(&exponent), Ink(ink), "{significant}-byte exponent");
        }
    }

    #[test]
    fn return_data_costs_what_memory_does() {
        for (bytes, gas) in [
            (0, 0),
            (1, 3),
            (32, 3),
            (33, 6),
            (1_024, 98),
            (65_536, 14_336),
        ] {
            assert_eq!(return_data(bytes), Gas(gas), "{bytes} bytes");
        }
    }

    #[test]
    fn cache_fees_step_up() {
        for (count, gas) in [(1, 0), (32, 0), (33, 2), (128, 2), (129, 10)] {
            assert_eq!(cache::load(count), Gas(gas), "load {count}");
        }
        for (count, gas) in [(1, 0), (8, 0), (9, 7), (64, 7), (65, 10)] {
            assert_eq!(cache::store(count), Gas(gas), "store {count}");
        }
    }
}
