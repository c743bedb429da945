//! Single words: the version, the network's account, the L1 price.
//!
//! Lives here: where each is. Not here: who may set it.

use alloy_primitives::{Address, U256};
use stylus_vm::ArbOs;

use crate::arbos::Words;
use crate::arbos::slots::{self, ROOT};

const VERSION: u64 = 0;
const UPGRADE_VERSION: u64 = 1;
const UPGRADE_TIMESTAMP: u64 = 2;
const NETWORK_FEE_ACCOUNT: u64 = 3;
const CHAIN_ID: u64 = 4;

/// The price per unit, within the L1 pricing space.
const PRICE_PER_UNIT: u64 = 7;

/// The ArbOS version in force.
pub(crate) fn version(words: &mut impl Words) -> ArbOs {
    let version: u16 = words.word(ROOT.at(VERSION)).saturating_to();
    // The genesis writes a known version, and upgrades go to known ones alone.
    ArbOs::new(version).unwrap_or(ArbOs::LAST)
}

/// Sets the version in force.
pub(super) fn set_version(words: &mut impl Words, arbos: ArbOs) {
    words.set_word(ROOT.at(VERSION), U256::from(arbos.number()));
}

/// The version that is to come and the time it is due, in seconds since 1970.
pub(crate) fn scheduled_upgrade(words: &mut impl Words) -> (u64, u64) {
    let version = words.word(ROOT.at(UPGRADE_VERSION)).saturating_to();
    (
        version,
        words.word(ROOT.at(UPGRADE_TIMESTAMP)).saturating_to(),
    )
}

/// Stores an upgrade to come.
pub(super) fn set_scheduled_upgrade(words: &mut impl Words, version: u64, timestamp: u64) {
    words.set_word(ROOT.at(UPGRADE_VERSION), U256::from(version));
    words.set_word(ROOT.at(UPGRADE_TIMESTAMP), U256::from(timestamp));
}

/// Who gets the fees.
pub(crate) fn network_fee_account(words: &mut impl Words) -> Address {
    Address::from_word(words.word(ROOT.at(NETWORK_FEE_ACCOUNT)).into())
}

/// Sets who gets the fees.
pub(crate) fn set_network_fee_account(words: &mut impl Words, account: Address) {
    words.set_word(ROOT.at(NETWORK_FEE_ACCOUNT), account.into_word().into());
}

/// Stores the chain's id, for whoever looks.
pub(super) fn set_chain_id(words: &mut impl Words, chain_id: u64) {
    words.set_word(ROOT.at(CHAIN_ID), U256::from(chain_id));
}

/// Wei per unit of L1 data.
pub(crate) fn l1_price(words: &mut impl Words) -> U256 {
    words.word(slots::l1_pricing().at(PRICE_PER_UNIT))
}

/// Sets wei per unit of L1 data.
pub(crate) fn set_l1_price(words: &mut impl Words, price: U256) {
    words.set_word(slots::l1_pricing().at(PRICE_PER_UNIT), price);
}

/// Gas that an activation costs on top (ArbOS 59).
pub(crate) fn activation_gas(words: &mut impl Words) -> u64 {
    words.word(slots::activation_gas().at(0)).saturating_to()
}

/// Sets gas that an activation costs on top.
pub(crate) fn set_activation_gas(words: &mut impl Words, gas: u64) {
    words.set_word(slots::activation_gas().at(0), U256::from(gas));
}
