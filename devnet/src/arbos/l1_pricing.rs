//! What a unit of L1 data costs, the words by which Nitro finds out, and how many units a transaction is.
//!
//! Lives here: where each is, and the gas for a transaction's bytes. Nobody posts batches here, so that the price changes only when an
//! owner sets it.

use alloy_primitives::{Address, I256, U256};

use crate::arbos::Store;
use crate::arbos::field::fields;
use crate::arbos::slots::{batch_posters, l1_pricing};

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

/// Wei that would remain if everybody were paid.
///
/// # Errors
/// If the store refuses.
pub(crate) fn surplus<S: Store>(store: &mut S) -> Result<I256, S::Refused> {
    let to_posters = due_to_posters().get(store)?;
    let for_rewards = I256::from_raw(due_for_rewards().get(store)?);
    let available = I256::from_raw(fees_available().get(store)?);
    Ok(available.wrapping_sub(to_posters.wrapping_add(for_rewards)))
}

/// What a transaction's bytes take on L1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Poster {
    /// L1 gas for its bytes as they are compressed, 16 for each.
    pub(crate) units: u64,
    /// Gas taken for them here.
    pub(crate) gas: u64,
}

/// What a transaction's bytes take on L1: 16 L1 gas for each byte of their brotli encoding of quality `level`, at the L1 price, in gas
/// at `gas_price` wei. Nothing is reckoned where L1 is free.
pub(crate) fn poster(encoded: &[u8], level: u64, l1_price: U256, gas_price: u128) -> Poster {
    if l1_price.is_zero() || gas_price == 0 {
        return Poster::default();
    }
    let units = 16 * compressed_size(encoded, level) as u64;
    let gas = U256::from(units).saturating_mul(l1_price) / U256::from(gas_price);
    Poster {
        units,
        gas: gas.saturating_to(),
    }
}

/// Bytes of `data` as ArbOS compresses it.
fn compressed_size(data: &[u8], level: u64) -> usize {
    use std::io::Write as _;
    let mut compressed = Vec::new();
    let quality = u32::try_from(level).unwrap_or(u32::MAX).min(MOST_BROTLI);
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4_096, quality, 22);
    writer
        .write_all(data)
        .expect("writing to a vector does not fail");
    drop(writer);
    compressed.len()
}

/// The highest quality that brotli has.
const MOST_BROTLI: u32 = 11;
