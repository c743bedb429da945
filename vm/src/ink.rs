//! Ink and gas: the two units in which a program is charged, and the rate between them.
//!
//! Lives here: the newtypes and all conversions between them. Not here: what anything costs (`prices`).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Sub};

/// An amount of ink, the Stylus VM's unit of work. At the default [`InkPrice`], 10,000 ink are one [`Gas`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ink(pub u64);

/// An amount of EVM gas.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Gas(pub u64);

macro_rules! amount {
    ($amount:ident, $unit:literal) => {
        impl $amount {
            /// The amount zero.
            pub const ZERO: Self = Self(0);
            /// The price of something unaffordable.
            pub const MAX: Self = Self(u64::MAX);

            /// The sum, at most [`Self::MAX`]: a cost that saturates stays unaffordable.
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// The difference, at least zero.
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// The difference, or `None` if `other` is larger.
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(rest) => Some(Self(rest)),
                    None => None,
                }
            }

            /// `count` times this amount, at most [`Self::MAX`].
            pub const fn saturating_mul(self, count: u64) -> Self {
                Self(self.0.saturating_mul(count))
            }
        }

        impl Add for $amount {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $amount {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Sub for $amount {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        /// One of as many equal parts; the fraction is dropped.
        impl Div<u64> for $amount {
            type Output = Self;
            fn div(self, parts: u64) -> Self {
                Self(self.0 / parts)
            }
        }

        impl Sum for $amount {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self::ZERO, Self::saturating_add)
            }
        }

        impl fmt::Display for $amount {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{} ", $unit), self.0)
            }
        }
    };
}

amount!(Ink, "ink");
amount!(Gas, "gas");

/// How much ink one gas buys: 1 to 2^24 − 1, 10,000 unless a chain owner changes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InkPrice(u32);

impl InkPrice {
    /// The initial price of every chain (stylus-vm facts of Nitro v3.10: initial Stylus parameters).
    pub const DEFAULT: Self = Self(10_000);

    /// The price of `ink_per_gas`, or `None` outside 1 to 2^24 − 1, the range of its stored 24 bits.
    pub const fn new(ink_per_gas: u32) -> Option<Self> {
        if ink_per_gas == 0 || ink_per_gas >= 1 << 24 {
            return None;
        }
        Some(Self(ink_per_gas))
    }

    /// Ink per gas.
    pub const fn ink_per_gas(self) -> u32 {
        self.0
    }

    /// `ink` in whole gas; the fraction is dropped.
    pub const fn ink_to_gas(self, ink: Ink) -> Gas {
        Gas(ink.0 / self.0 as u64)
    }

    /// The ink that `gas` buys, at most [`Ink::MAX`].
    pub const fn gas_to_ink(self, gas: Gas) -> Ink {
        Ink(gas.0.saturating_mul(self.0 as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_floors_and_saturates() {
        let price = InkPrice::DEFAULT;
        for (ink, gas) in [
            (0, 0),
            (9_999, 0),
            (10_000, 1),
            (19_999, 1),
            (u64::MAX, 1_844_674_407_370_955),
        ] {
            assert_eq!(price.ink_to_gas(Ink(ink)), Gas(gas), "{ink} ink");
        }
        for (gas, ink) in [(0, 0), (1, 10_000), (u64::MAX, u64::MAX)] {
            assert_eq!(price.gas_to_ink(Gas(gas)), Ink(ink), "{gas} gas");
        }
    }

    #[test]
    fn parts_drop_the_fraction() {
        for (gas, parts, part) in [
            (0, 64, 0),
            (63, 64, 0),
            (64, 64, 1),
            (u64::MAX, 1, u64::MAX),
        ] {
            assert_eq!(Gas(gas) / parts, Gas(part), "{gas} / {parts}");
        }
    }

    #[test]
    fn price_fits_24_bits() {
        for (ink_per_gas, valid) in [
            (0, false),
            (1, true),
            ((1 << 24) - 1, true),
            (1 << 24, false),
        ] {
            assert_eq!(InkPrice::new(ink_per_gas).is_some(), valid, "{ink_per_gas}");
        }
    }
}
