//! The ArbOS state of a new chain, and upgrades of an old one.
//!
//! Lives here: the initial values of words. Not here: accounts (`chain::genesis`).

use alloy_primitives::{Address, U256};
use stylus_vm::{ArbOs, Config, DataPricer};

use crate::arbos::{
    Words, l1_pricing, l2_pricing, owners, params, posters, pricer, retryables, root,
};
use crate::units::Price;

/// The quality at which transactions are compressed to price their data (Nitro, from ArbOS 20 on).
const BROTLI_LEVEL: u64 = 1;

/// Writes the state of a chain created at `arbos`, where a unit of L1 data costs `l1_price` wei.
pub(crate) fn initialise(
    words: &mut impl Words,
    arbos: ArbOs,
    owner: Address,
    l1_price: U256,
    chain_id: u64,
    base_fee: Price,
) {
    root::set_version(words, arbos);
    let Ok(()) = root::chain_id().set(words, U256::from(chain_id));
    let Ok(()) = root::network_fee_account().set(words, owner);
    owners::add_chain_owner(words, owner);
    prices(words, owner, l1_price, base_fee);
    params::set_params(words, &Config::at(arbos).stylus);
    pricer::set_data_pricer(words, &DataPricer::default());
}

/// Writes the prices of gas and data, and related words.
fn prices(words: &mut impl Words, owner: Address, l1_price: U256, base_fee: Price) {
    let Ok(()) = root::brotli_level().set(words, BROTLI_LEVEL);
    let Ok(()) = l1_pricing::initialise(words, owner, l1_price);
    let Ok(()) = l2_pricing::initialise(words, base_fee);
    let Ok(()) = posters::initialise(words);
    let Ok(()) = retryables::initialise(words);
}

/// Adds words that older saved states lack: all prices except L1's.
pub(crate) fn complete(words: &mut impl Words, base_fee: Price) {
    let Ok(known) = l2_pricing::transaction_gas().get(words);
    let Ok(speed) = l2_pricing::speed_limit().get(words);
    if known == 0 && speed == 0 {
        let (Ok(owner), Ok(price)) = (
            root::network_fee_account().get(words),
            l1_pricing::price_per_unit().get(words),
        );
        prices(words, owner, price, base_fee);
    }
}

/// Performs the upgrade due at `time`, in seconds since 1970, if any. Returns the new version.
///
/// A chain adopts the changes of each version in between, in turn. If the due version is unknown, the chain stays as it is:
/// [`UnknownUpgrade`] reports that beforehand.
pub(crate) fn upgrade_if_due(words: &mut impl Words, time: u64) -> Option<ArbOs> {
    let (version, due) = root::scheduled_upgrade(words);
    let current = root::version(words);
    let wanted = ArbOs::new(u16::try_from(version).ok()?).ok()?;
    if wanted <= current || time < due {
        return None;
    }
    for number in current.number() + 1..=wanted.number() {
        let version = ArbOs::new(number).ok()?;
        // Before the parameters: the version decides which of them are stored.
        root::set_version(words, version);
        bring(words, version);
    }
    Some(wanted)
}

/// A version's changes to the parameters (Nitro, `arbos/programs/params.go`). Its changes to the rules follow from its
/// number; 61 brings only corrections of refunds that a constant base fee never shows.
fn bring(words: &mut impl Words, version: ArbOs) {
    let mut stored = params::params(words);
    let brought = Config::at(version).stylus;
    match version {
        // From here on every program must be activated again.
        ArbOs::STYLUS_3 => stored.version = brought.version,
        ArbOs::FRAGMENTS => {
            stored.max_wasm_size = brought.max_wasm_size;
            stored.max_fragment_count = brought.max_fragment_count;
        }
        _ => return,
    }
    params::set_params(words, &stored);
}

/// An upgrade to an unknown version. A real node stops when it is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "this devnet does not know ArbOS {0}, and the chain keeps its version: the newest is {last}",
    last = ArbOs::LAST.number()
)]
pub(crate) struct UnknownUpgrade(u64);

/// Schedules an upgrade. As on chain, an upgrade to an older version has no effect when due.
///
/// # Errors
/// If the version is unknown; nothing is scheduled.
pub(crate) fn schedule_upgrade(
    words: &mut impl Words,
    version: u64,
    timestamp: u64,
) -> Result<(), UnknownUpgrade> {
    if version > u64::from(ArbOs::LAST.number()) {
        return Err(UnknownUpgrade(version));
    }
    root::set_scheduled_upgrade(words, version, timestamp);
    Ok(())
}

#[cfg(test)]
mod tests {
    use stylus_vm::StylusParams;

    use super::*;
    use crate::state::State;

    #[test]
    fn an_upgrade_comes_when_it_is_due() {
        let mut state = State::default();
        initialise(
            &mut state,
            ArbOs::new(51).unwrap(),
            Address::ZERO,
            U256::ZERO,
            1,
            Price(1),
        );
        let mut check = |version: u64, due: u64, time: u64, after: (u16, u16, u32, u8)| {
            let scheduled = schedule_upgrade(&mut state, version, due);
            assert_eq!(scheduled.is_ok(), version <= 61, "{version}");
            upgrade_if_due(&mut state, time);
            let params = params::params(&mut state);
            let got = (
                root::version(&mut state).number(),
                params.version,
                params.max_wasm_size,
                params.max_fragment_count,
            );
            assert_eq!(got, after, "to {version} at {time}");
        };
        check(60, 100, 99, (51, 2, 131_072, 0));
        // Neither back nor to an unknown version.
        check(50, 0, 100, (51, 2, 131_072, 0));
        check(62, 0, 100, (51, 2, 131_072, 0));
        check(u64::MAX, 0, 100, (51, 2, 131_072, 0));
        check(58, 0, 100, (58, 2, 131_072, 0));
        check(59, 100, 100, (59, 3, 131_072, 0));
        check(60, 100, 101, (60, 3, 262_144, 4));
        check(61, 0, 101, (61, 3, 262_144, 4));
    }

    /// Upgrades pass through every version in between, and keep an owner's settings except where a version sets its own.
    #[test]
    fn a_step_over_several_versions_brings_all_of_them() {
        let mut state = State::default();
        let born = ArbOs::new(51).unwrap();
        initialise(&mut state, born, Address::ZERO, U256::ZERO, 1, Price(1));
        let mut set = params::params(&mut state);
        set.page_limit = stylus_vm::Pages(77);
        set.max_wasm_size = 1_000;
        params::set_params(&mut state, &set);
        schedule_upgrade(&mut state, 61, 0).unwrap();
        assert_eq!(upgrade_if_due(&mut state, 0), Some(ArbOs::LAST));
        let expected = StylusParams {
            page_limit: set.page_limit,
            ..Config::at(ArbOs::LAST).stylus
        };
        assert_eq!(params::params(&mut state), expected);
    }
}
