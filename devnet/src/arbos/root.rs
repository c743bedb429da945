//! Single words: the version, the fee accounts, the features that owners enabled.
//!
//! Lives here: their places. Not here: who may set them.

use alloy_primitives::{Address, B256, U256};
use stylus_vm::ArbOs;

use crate::arbos::bytes::StoredBytes;
use crate::arbos::field::{Field, fields};
use crate::arbos::owners::transaction_filterers;
use crate::arbos::slots::{self, ROOT};
use crate::arbos::{Store, Words};

fields! {
    ROOT;
    0 version_word: u64, "The current ArbOS version.";
    1 upgrade_version: u64, "The ArbOS version of the scheduled upgrade, or of the last one.";
    2 upgrade_timestamp: u64, "When it is due, in seconds since 1970.";
    3 network_fee_account: Address, "The account that gets the fees.";
    4 chain_id: U256, "The chain's id.";
    6 infra_fee_account: Address, "The account that gets the minimum base fee's part; none if it is the zero address.";
    7 brotli_level: u64, "The quality at which transactions are compressed to price their data.";
    8 native_token_from: u64, "When the native token can be minted and burned, in seconds since 1970; 0 for never (ArbOS 41).";
    9 filtering_from: u64, "When transactions can be filtered, in seconds since 1970; 0 for never (ArbOS 60).";
    10 filtered_funds_recipient: Address, "The account that gets the value of filtered transactions (ArbOS 60).";
    11 collect_tips: bool, "Whether tips are paid (ArbOS 60).";
}

fields! {
    slots::features();
    0 feature_bits: U256, "Enabled features, one bit each.";
}

fields! {
    slots::activation_gas();
    0 activation_gas: u64, "Additional gas of an activation (ArbOS 59).";
}

/// The bit of the calldata price floor (EIP-7623).
const CALLDATA_PRICE: usize = 0;

/// The current ArbOS version.
pub(crate) fn version(words: &mut impl Words) -> ArbOs {
    let Ok(version) = version_word().get(words);
    // Genesis writes a known version, and upgrades only reach known ones.
    let known = u16::try_from(version)
        .ok()
        .and_then(|it| ArbOs::new(it).ok());
    known.unwrap_or(ArbOs::LAST)
}

/// Sets the current version.
pub(super) fn set_version(words: &mut impl Words, arbos: ArbOs) {
    let Ok(()) = version_word().set(words, arbos.number().into());
}

/// The scheduled version and its due time, in seconds since 1970.
pub(crate) fn scheduled_upgrade(words: &mut impl Words) -> (u64, u64) {
    let (Ok(version), Ok(due)) = (upgrade_version().get(words), upgrade_timestamp().get(words));
    (version, due)
}

/// Stores a scheduled upgrade.
pub(super) fn set_scheduled_upgrade(words: &mut impl Words, version: u64, timestamp: u64) {
    let Ok(()) = upgrade_version().set(words, version);
    let Ok(()) = upgrade_timestamp().set(words, timestamp);
}

/// Whether calldata has a price floor (EIP-7623), from ArbOS 40 on.
///
/// # Errors
/// If the store refuses.
pub(crate) fn calldata_price_increase<S: Store>(store: &mut S) -> Result<bool, S::Refused> {
    Ok(feature_bits().get(store)?.bit(CALLDATA_PRICE))
}

/// Enables or disables the calldata price floor.
///
/// # Errors
/// If the store refuses.
pub(crate) fn set_calldata_price_increase<S: Store>(
    store: &mut S,
    on: bool,
) -> Result<(), S::Refused> {
    let mut bits = feature_bits().get(store)?;
    bits.set_bit(CALLDATA_PRICE, on);
    feature_bits().set(store, bits)
}

/// The chain's configuration, as JSON.
pub(crate) fn chain_config() -> StoredBytes {
    StoredBytes(slots::chain_config())
}

/// Whether the chain can have filtered transactions: somebody may filter some, or will be allowed to.
///
/// # Errors
/// If the store refuses.
pub(crate) fn can_filter<S: Store>(store: &mut S) -> Result<bool, S::Refused> {
    Ok(filtering_from().get(store)? != 0 || transaction_filterers().size().get(store)? != 0)
}

/// Whether a transaction is filtered (ArbOS 60).
pub(crate) fn is_filtered(hash: B256) -> Field<bool> {
    Field::of(slots::filtered_transactions().slot(hash))
}
