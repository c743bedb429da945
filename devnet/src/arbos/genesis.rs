//! The ArbOS state of a new chain, and upgrades of an old one.
//!
//! Lives here: which words begin as what. Not here: accounts (`chain::genesis`).

use alloy_primitives::{Address, U256};
use stylus_vm::{ArbOs, Config, DataPricer, StylusParams};

use crate::arbos::{Words, owners, params, pricer, root};

/// Writes the state of a chain born at `arbos`.
pub(crate) fn initialise(
    words: &mut impl Words,
    arbos: ArbOs,
    owner: Address,
    l1_price: U256,
    chain_id: u64,
) {
    root::set_version(words, arbos);
    root::set_chain_id(words, chain_id);
    root::set_network_fee_account(words, owner);
    root::set_l1_price(words, l1_price);
    owners::add_chain_owner(words, owner);
    params::set_params(words, &Config::at(arbos).stylus);
    pricer::set_data_pricer(words, &DataPricer::default());
}

/// Carries out the upgrade that is due at `time`, in seconds since 1970, if there is one. Returns the new version.
///
/// A chain takes on what the versions between bring; of those that are supported here only ArbOS 60 brings a parameter.
pub(crate) fn upgrade_if_due(words: &mut impl Words, time: u64) -> Option<ArbOs> {
    let (version, due) = root::scheduled_upgrade(words);
    let current = root::version(words);
    let wanted = ArbOs::new(u16::try_from(version).ok()?).ok()?;
    if wanted <= current || time < due {
        return None;
    }
    let stored = params::params(words);
    root::set_version(words, wanted);
    if current < ArbOs::FRAGMENTS && wanted >= ArbOs::FRAGMENTS {
        let max_fragment_count = Config::at(wanted).stylus.max_fragment_count;
        params::set_params(
            words,
            &StylusParams {
                max_fragment_count,
                ..stored
            },
        );
    }
    Some(wanted)
}

#[cfg(test)]
mod tests {
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
        );
        let mut check = |version: u64, due: u64, time: u64, after: u16, fragments: u8| {
            root::schedule_upgrade(&mut state, version, due);
            upgrade_if_due(&mut state, time);
            let got = (
                root::version(&mut state).number(),
                params::params(&mut state).max_fragment_count,
            );
            assert_eq!(got, (after, fragments), "to {version} at {time}");
        };
        check(60, 100, 99, 51, 0);
        // Neither back nor to what nobody knows.
        check(50, 0, 100, 51, 0);
        check(61, 0, 100, 51, 0);
        check(60, 100, 100, 60, 2);
        check(60, 100, 101, 60, 2);
    }
}
