//! The price of gas: Nitro's model, on its stored words.
//!
//! Lives here: the words, their initial values, and the base fee that follows from them. Not here: constraints (`constraints`), and
//! who pays (`evm::handler`).
//!
//! A block uses the base fee that the previous block left, and leaves the next one's. Used gas adds to no backlog here, so prices
//! never rise on their own: an owner sets a backlog, and time reduces it.

use alloy_primitives::U256;
use stylus_vm::{ArbOs, Config, Gas};

use crate::arbos::Store;
use crate::arbos::constraints;
use crate::arbos::field::fields;
use crate::arbos::slots::l2_pricing;
use crate::units::Price;

/// The initial values (Nitro's `arbos/l2pricing`, from ArbOS 6 on; the last from 50 on).
const SPEED_LIMIT: u64 = 7_000_000;
const BLOCK_GAS: Gas = Gas(32_000_000);
const INERTIA: u64 = 102;
const TOLERANCE: u64 = 10;

/// A whole in basis points.
const WHOLE: u64 = 10_000;

/// The largest exponent used, in basis points, so that no stored word causes an overflow: e to the power of 40.
pub(super) const MOST_EXPONENT: u64 = 400_000;

fields! {
    l2_pricing();
    0 speed_limit: u64, "The chain's target speed, in gas per second.";
    1 block_gas: u64, "The gas limit of a block, and before ArbOS 50 of a transaction.";
    2 base_fee: U256, "Wei per gas of the next block.";
    3 min_base_fee: U256, "The minimum base fee, in wei per gas.";
    4 backlog: u64, "Gas used beyond the speed limit and not yet worked off.";
    5 inertia: u64, "Seconds of full load that raise the price e-fold.";
    6 tolerance: u64, "Seconds of full load that are tolerated.";
    7 transaction_gas: u64, "The gas limit of a transaction (ArbOS 50).";
}

/// Writes the initial values.
pub(super) fn initialise<S: Store>(store: &mut S, base_fee: Price) -> Result<(), S::Refused> {
    speed_limit().set(store, SPEED_LIMIT)?;
    block_gas().set(store, BLOCK_GAS.0)?;
    self::base_fee().set(store, base_fee.word())?;
    min_base_fee().set(store, base_fee.word())?;
    inertia().set(store, INERTIA)?;
    tolerance().set(store, TOLERANCE)?;
    transaction_gas().set(store, Config::TRANSACTION_GAS.0)
}

/// The most gas that a transaction may use.
///
/// # Errors
/// If the store refuses.
pub(crate) fn most_gas<S: Store>(store: &mut S, arbos: ArbOs) -> Result<Gas, S::Refused> {
    match arbos >= ArbOs::STACK_CLAMP {
        true => transaction_gas().get(store).map(Gas),
        false => block_gas().get(store).map(Gas),
    }
}

/// Begins a block `passed` seconds after the last: shrinks backlogs and sets the next block's base fee.
///
/// # Errors
/// If the store refuses.
pub(crate) fn begin_block<S: Store>(
    store: &mut S,
    arbos: ArbOs,
    passed: u64,
) -> Result<(), S::Refused> {
    let exponent = match constraints::are_in_force(store, arbos)? {
        true => constraints::pay_off(store, passed)?,
        false => pay_off(store, passed)?,
    };
    let least = min_base_fee().get(store)?;
    let next = match exponent {
        0 => least,
        _ => least.saturating_mul(U256::from(exp(exponent))) / U256::from(WHOLE),
    };
    // It rarely changes, and an unwritten word costs nothing to keep.
    if base_fee().get(store)? != next {
        base_fee().set(store, next)?;
    }
    Ok(())
}

/// Shrinks the only backlog and returns the price's exponent, in basis points.
fn pay_off<S: Store>(store: &mut S, passed: u64) -> Result<u64, S::Refused> {
    let (before, limit) = (Gas(backlog().get(store)?), speed_limit().get(store)?);
    let after = before.saturating_sub(Gas(passed.saturating_mul(limit)));
    if after != before {
        backlog().set(store, after.0)?;
    }
    let tolerated = Gas(tolerance().get(store)?.saturating_mul(limit));
    let excess = after.saturating_sub(tolerated);
    Ok(exponent(excess, inertia().get(store)?, limit))
}

/// The exponent, in basis points, of `backlog` over a window of `seconds` at `target` gas per second.
pub(super) fn exponent(backlog: Gas, seconds: u64, target: u64) -> u64 {
    let divisor = u128::from(seconds.saturating_mul(target)).max(1);
    let bips = u128::from(backlog.0) * u128::from(WHOLE) / divisor;
    u64::try_from(bips).unwrap_or(u64::MAX).min(MOST_EXPONENT)
}

/// The exponential of `bips` basis points, in basis points: Nitro's approximation to the fourth degree.
fn exp(bips: u64) -> u128 {
    let x = u128::from(bips);
    let whole = u128::from(WHOLE);
    let mut result = whole + x / 4;
    for degree in [3, 2, 1] {
        result = whole + result * x / (degree * whole);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    /// Values of Nitro's `ApproxExpBasisPoints` with accuracy 4.
    #[test]
    fn the_exponential_is_nitros() {
        for (bips, expected) in [
            (0, 10_000),
            (500, 10_512),
            (2_000, 12_214),
            (10_000, 27_083),
            (20_000, 70_000),
            (85_000, 3_654_791),
        ] {
            assert_eq!(exp(bips), expected, "{bips}");
        }
    }

    #[test]
    fn the_base_fee_follows_the_backlog_and_comes_back() {
        let mut state = State::default();
        let Ok(()) = initialise(&mut state, Price(100));
        let mut check = |set: Option<u64>, passed: u64, expected: (u64, u64)| {
            if let Some(set) = set {
                let Ok(()) = backlog().set(&mut state, set);
            }
            let Ok(()) = begin_block(&mut state, ArbOs::LAST, passed);
            let (Ok(left), Ok(fee)) = (backlog().get(&mut state), base_fee().get(&mut state));
            assert_eq!((left, fee.to::<u64>()), expected);
        };
        check(None, 1, (0, 100));
        // The tolerated backlog.
        check(Some(77_000_000), 1, (70_000_000, 100));
        // One window of full load beyond that.
        check(Some(784_000_000), 0, (784_000_000, 270));
        check(None, 102, (70_000_000, 100));
        check(
            Some(u64::MAX),
            0,
            (u64::MAX, exp(MOST_EXPONENT) as u64 / 100),
        );
        check(None, u64::MAX, (0, 100));
    }

    /// Any values in the words give a next base fee.
    #[test]
    fn any_words_give_a_base_fee() {
        for word in [U256::ZERO, U256::ONE, U256::from(u64::MAX), U256::MAX] {
            let mut state = State::default();
            for offset in 0..8 {
                let slot = l2_pricing().at(offset);
                state.set_slot(slot.account, slot.key, word);
            }
            let Ok(()) = begin_block(&mut state, ArbOs::LAST, 1);
        }
    }
}
