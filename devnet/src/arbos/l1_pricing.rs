//! The cost of a unit of L1 data, the words from which Nitro determines it, and how many units a transaction takes.
//!
//! Lives here: the slots of these words, and the gas for a transaction's bytes. Nobody posts batches here, so the price changes only when
//! an owner sets it.

use alloy_primitives::{Address, I256, U256};
use brotlic::encode::BrotliOperation;
use brotlic::{BrotliEncoderOptions, Quality, WindowSize};
use stylus_vm::Gas;

use crate::arbos::Store;
use crate::arbos::field::fields;
use crate::arbos::slots::{batch_posters, l1_pricing};
use crate::units::Price;

/// The initial values (Nitro's `arbos/l1pricing`, from ArbOS 11 on).
const EQUILIBRATION_UNITS: u64 = 160_000_000;
const INERTIA: u64 = 10;
const REWARD_PER_UNIT: u64 = 10;
const GAS_PER_BATCH: i64 = 210_000;

fields! {
    l1_pricing();
    0 pay_rewards_to: Address, "The account rewarded for each unit of data.";
    1 equilibration_units: U256, "Units of data over which a surplus is worked off.";
    2 inertia: u64, "How slowly the price changes.";
    3 reward_per_unit: u64, "The reward, in wei per unit of data.";
    4 last_update: u64, "When the price was last updated, in seconds since 1970.";
    5 due_for_rewards: U256, "Unpaid rewards, in wei.";
    6 units_since_update: u64, "Units of data since the last update.";
    7 price_per_unit: U256, "Wei per unit of L1 data.";
    8 last_surplus: I256, "The surplus at the last update, in wei.";
    9 gas_per_batch: i64, "L1 gas of a batch besides its data.";
    10 cost_cap: u64, "The most that a batch's poster is refunded, in basis points; 0 for everything.";
    11 fees_available: U256, "Fees that transactions have paid for L1 data, in wei.";
    12 floor_per_token: u64, "The floor price of a token of calldata, in L1 gas (EIP-7623).";
}

fields! {
    batch_posters();
    0 due_to_posters: I256, "The debt to posters, in wei.";
}

/// Writes the initial values.
pub(super) fn initialise<S: Store>(
    store: &mut S,
    owner: Address,
    price: U256,
) -> Result<(), S::Refused> {
    pay_rewards_to().set(store, owner)?;
    equilibration_units().set(store, U256::from(EQUILIBRATION_UNITS))?;
    inertia().set(store, INERTIA)?;
    reward_per_unit().set(store, REWARD_PER_UNIT)?;
    price_per_unit().set(store, price)?;
    gas_per_batch().set(store, GAS_PER_BATCH)
}

/// Records what a transaction paid for its data, in wei.
///
/// # Errors
/// If the store refuses.
pub(crate) fn collect<S: Store>(store: &mut S, units: u64, fee: U256) -> Result<(), S::Refused> {
    let since = units_since_update().get(store)?;
    units_since_update().set(store, since.saturating_add(units))?;
    let available = fees_available().get(store)?;
    fees_available().set(store, available.saturating_add(fee))
}

/// Wei that would remain if everyone were paid.
///
/// # Errors
/// If the store refuses.
pub(crate) fn surplus<S: Store>(store: &mut S) -> Result<I256, S::Refused> {
    let to_posters = due_to_posters().get(store)?;
    let for_rewards = I256::from_raw(due_for_rewards().get(store)?);
    let available = I256::from_raw(fees_available().get(store)?);
    Ok(available.wrapping_sub(to_posters.wrapping_add(for_rewards)))
}

/// What a transaction's bytes cost on L1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Poster {
    /// L1 gas for its compressed bytes, 16 for each.
    pub(crate) units: u64,
    /// Gas charged for them here.
    pub(crate) gas: Gas,
}

/// Computes what a transaction's bytes cost on L1: 16 L1 gas for each byte of their brotli encoding of quality `level`, at the L1 price, in
/// gas at `gas_price`. Nothing is computed if L1 is free.
pub(crate) fn poster(encoded: &[u8], level: u64, l1_price: U256, gas_price: Price) -> Poster {
    if l1_price.is_zero() || gas_price == Price::ZERO {
        return Poster::default();
    }
    let units = 16 * compressed_size(encoded, level) as u64;
    let fee = U256::from(units).saturating_mul(l1_price);
    Poster {
        units,
        gas: gas_price.buys(fee),
    }
}

/// The length of `data` as compressed by ArbOS: by the encoder in C, all at once, since other encoders and other portions give other
/// lengths.
fn compressed_size(data: &[u8], level: u64) -> usize {
    let level = u8::try_from(level).unwrap_or(u8::MAX);
    let window = WindowSize::new(22).expect("brotli has this window");
    let mut encoder = BrotliEncoderOptions::new()
        .quality(Quality::new(level).unwrap_or(Quality::best()))
        .window_size(window)
        .build()
        .expect("quality and window are brotli's own");
    let (mut left, mut size) = (data, 0);
    let mut output = [0; 4_096];
    while !encoder.is_finished() {
        let done = encoder
            .compress(left, &mut output, BrotliOperation::Finish)
            .expect("an encoder that is not finished takes more");
        left = &left[done.bytes_read..];
        size += done.bytes_written;
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of 12 zeros and 20 bytes of noise, like the arguments of calls: xorshift32, from 0x12345678.
    fn words(length: usize) -> Vec<u8> {
        let mut state = 0x1234_5678_u32;
        let mut noise = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        };
        let mut bytes = Vec::new();
        while bytes.len() < length {
            bytes.extend([0; 12]);
            bytes.extend((0..20).map(|_| noise()));
        }
        bytes.truncate(length);
        bytes
    }

    /// Lengths are those of google/brotli's encoder in C with a window of 22 bits: 1.0.9, the closest to Nitro's, by Python's brotlicffi
    /// 1.0.9.2, and 1.2.0 by Brotli 1.2.1, which agree. The port in Rust gives 10,845, 13,234 and 21,643 for three of these.
    #[test]
    fn sizes_are_those_of_the_encoder_in_c() {
        for (data, of_0, of_1) in [
            (vec![0], 5, 5),
            (vec![0; 20_000], 69, 22),
            (words(1_000), 915, 792),
            (words(16_384), 12_500, 11_004),
            (words(16_385), 12_500, 11_017),
            (words(20_000), 15_231, 13_435),
            (words(24_576), 18_700, 16_528),
            (words(30_000), 22_808, 20_189),
            (words(32_768), 25_107, 22_066),
            (words(32_769), 25_107, 21_665),
            (words(95_000), 70_721, 62_853),
        ] {
            let length = data.len();
            assert_eq!(compressed_size(&data, 0), of_0, "{length}");
            assert_eq!(compressed_size(&data, 1), of_1, "{length}");
        }
        // An owner can set any quality; a higher one than the best counts as the best.
        let best = compressed_size(&words(20_000), 11);
        assert_eq!(best, 12_986);
        assert_eq!(compressed_size(&words(20_000), u64::MAX), best);
    }
}
