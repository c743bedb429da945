//! Gas constraints: several target speeds of a chain at once, each with its own backlog (ArbOS 50).
//!
//! Lives here: the list, as Nitro stores it, and the resulting exponent. Not here: the model that they replace and the base fee
//! (`l2_pricing`). Constraints that weigh kinds of gas (ArbOS 60) are only counted: this chain does not split gas by kind.

use alloy_primitives::U256;
use stylus_vm::{ArbOs, Gas};

use crate::arbos::Store;
use crate::arbos::field::Field;
use crate::arbos::l2_pricing::{MOST_EXPONENT, exponent};
use crate::arbos::slots::{Space, l2_pricing};

/// The most constraints evaluated: far more than a chain needs, so that no value written to the words can make a block slow.
pub(crate) const MOST: usize = 1_024;

/// The ArbOS version that introduced them.
const SINCE: u16 = 50;

/// A constraint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Constraint {
    /// Gas per second.
    pub(crate) target: u64,
    /// Seconds over which the price grows e-fold at twice the target.
    pub(crate) window: u64,
    /// Gas not yet worked off.
    pub(crate) backlog: Gas,
}

/// Whether the base fee follows from constraints.
pub(super) fn are_in_force<S: Store>(store: &mut S, arbos: ArbOs) -> Result<bool, S::Refused> {
    Ok(arbos.number() >= SINCE && count().get(store)? > 0)
}

/// Shrinks all backlogs by `passed` seconds and returns the sum of the exponents, in basis points.
pub(super) fn pay_off<S: Store>(store: &mut S, passed: u64) -> Result<u64, S::Refused> {
    let mut sum: u64 = 0;
    for index in 0..count().get(store)?.min(MOST as u64) {
        let constraint = read(store, index)?;
        let worked_off = Gas(passed.saturating_mul(constraint.target));
        let left = constraint.backlog.saturating_sub(worked_off);
        if left != constraint.backlog {
            field(index, 2).set(store, left.0)?;
        }
        sum = sum.saturating_add(exponent(left, constraint.window, constraint.target));
    }
    Ok(sum.min(MOST_EXPONENT))
}

/// All constraints.
///
/// # Errors
/// If the store refuses.
pub(crate) fn all<S: Store>(store: &mut S) -> Result<Vec<Constraint>, S::Refused> {
    let count = count().get(store)?.min(MOST as u64);
    (0..count).map(|index| read(store, index)).collect()
}

/// Replaces all constraints with `new`.
///
/// # Errors
/// If the store refuses.
pub(crate) fn replace<S: Store>(store: &mut S, new: &[Constraint]) -> Result<(), S::Refused> {
    for index in 0..count().get(store)?.min(MOST as u64) {
        write(store, index, [0; 3])?;
    }
    for (index, constraint) in (0..).zip(new) {
        let Constraint {
            target,
            window,
            backlog,
        } = *constraint;
        write(store, index, [target, window, backlog.0])?;
    }
    count().set(store, new.len() as u64)
}

fn read<S: Store>(store: &mut S, index: u64) -> Result<Constraint, S::Refused> {
    Ok(Constraint {
        target: field(index, 0).get(store)?,
        window: field(index, 1).get(store)?,
        backlog: Gas(field(index, 2).get(store)?),
    })
}

fn write<S: Store>(store: &mut S, index: u64, words: [u64; 3]) -> Result<(), S::Refused> {
    for (offset, word) in (0..).zip(words) {
        field(index, offset).set(store, word)?;
    }
    Ok(())
}

fn list() -> Space {
    l2_pricing().space(0)
}

fn count() -> Field<u64> {
    Field::at(list(), 0)
}

fn field(index: u64, offset: u64) -> Field<u64> {
    Field::at(list().named(&index.to_be_bytes()), offset)
}

/// The number of constraints that weigh kinds of gas (ArbOS 60).
pub(crate) fn multi_gas_count() -> Field<u64> {
    Field::at(l2_pricing().space(1), 0)
}

/// Wei per gas of a kind, in the block being built (ArbOS 60); 0 if it is the base fee.
pub(crate) fn multi_gas_fee(kind: u64) -> Field<U256> {
    Field::at(l2_pricing().space(2), KINDS + kind)
}

/// The kinds of gas that Nitro distinguishes.
pub(crate) const KINDS: u64 = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbos::l2_pricing::{base_fee, begin_block, min_base_fee};
    use crate::state::State;

    /// The figures from Nitro's comment on its model: a backlog of 20,000 at 100,000 gas per second and a window of 10 seconds gives 200
    /// basis points, and so on.
    #[test]
    fn exponents_add_up() {
        let mut state = State::default();
        let Ok(()) = min_base_fee().set(&mut state, U256::from(1_000_000));
        let constraint = |target, window, backlog| Constraint {
            target,
            window,
            backlog: Gas(backlog),
        };
        let new = [
            constraint(100_000, 10, 20_000),
            constraint(50_000, 5, 15_000),
        ];
        let Ok(()) = replace(&mut state, &new);
        let Ok(sum) = pay_off(&mut state, 0);
        assert_eq!(sum, 200 + 600);
        let Ok(()) = begin_block(&mut state, ArbOs::LAST, 0);
        let Ok(fee) = base_fee().get(&mut state);
        assert_eq!(fee, U256::from(1_083_200));
        let Ok(()) = begin_block(&mut state, ArbOs::LAST, 1);
        let Ok(left) = all(&mut state);
        assert_eq!(left, [constraint(100_000, 10, 0), constraint(50_000, 5, 0)]);
        let Ok(fee) = base_fee().get(&mut state);
        assert_eq!(fee, U256::from(1_000_000));
        let Ok(()) = replace(&mut state, &[]);
        let Ok(none) = all(&mut state);
        assert_eq!(none, []);
    }

    #[test]
    fn a_number_that_anybody_wrote_is_not_believed() {
        let mut state = State::default();
        for many in [1 << 40, u64::MAX] {
            let Ok(()) = count().set(&mut state, many);
            let Ok(()) = begin_block(&mut state, ArbOs::LAST, 1);
            let Ok(all) = all(&mut state);
            assert_eq!(all.len(), MOST);
        }
    }
}
