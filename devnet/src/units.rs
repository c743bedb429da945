//! Wei per gas, the unit of every price of gas; gas itself is the VM's.
//!
//! Lives here: the type, its ways in and out, and the one from gas to wei. Not here: what the price is (`arbos::l2_pricing`), who pays
//! (`evm::handler`), and L1's prices, which are of other units.

use alloy_primitives::U256;
use serde::Deserialize;
use stylus_vm::Gas;

/// A price of gas in wei. Its 128 bits are those that a transaction has for what it offers; a base fee has 64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Deserialize)]
#[serde(from = "u64")]
pub(crate) struct Price(pub(crate) u128);

impl Price {
    /// No price: gas for nothing.
    pub(crate) const ZERO: Self = Self(0);

    /// The base fee in a word that anybody may have written. A header has 64 bits for it, so a higher one counts as the highest of those.
    pub(crate) fn base_fee(word: U256) -> Self {
        Self::from(word.saturating_to::<u64>())
    }

    /// The price as a header or a receipt has it, in 64 bits: exact for a base fee, and the highest of them for an offer of more.
    pub(crate) fn in_header(self) -> u64 {
        u64::try_from(self.0).unwrap_or(u64::MAX)
    }

    /// The price as a word.
    pub(crate) fn word(self) -> U256 {
        U256::from(self.0)
    }

    /// Wei for `gas`: 192 bits at most, so that nothing overflows.
    pub(crate) fn fee(self, gas: Gas) -> U256 {
        self.word() * U256::from(gas.0)
    }

    /// The gas that `wei` pays for; the fraction is dropped. It is [`Gas::MAX`] at most, and if gas costs nothing.
    pub(crate) fn buys(self, wei: U256) -> Gas {
        let gas = wei.checked_div(self.word());
        gas.map_or(Gas::MAX, |gas| Gas(gas.saturating_to()))
    }
}

impl From<u64> for Price {
    fn from(wei: u64) -> Self {
        Self(wei.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_never_overflows() {
        for (price, gas, fee) in [
            (0, u64::MAX, U256::ZERO),
            (100_000_000, 21_000, U256::from(2_100_000_000_000_u64)),
            (
                u128::MAX,
                u64::MAX,
                U256::from(u128::MAX).saturating_mul(U256::from(u64::MAX)),
            ),
        ] {
            assert_eq!(Price(price).fee(Gas(gas)), fee, "{gas} gas at {price} wei");
        }
    }

    #[test]
    fn wei_buy_whole_gas() {
        for (price, wei, gas) in [
            (0, U256::ZERO, Gas::MAX),
            (10, U256::from(9), Gas::ZERO),
            (10, U256::from(29), Gas(2)),
            (1, U256::MAX, Gas::MAX),
        ] {
            assert_eq!(
                Price(price).buys(wei),
                gas,
                "{wei} wei at {price} wei per gas"
            );
        }
    }

    #[test]
    fn a_base_fee_has_64_bits() {
        let most = Price::from(u64::MAX);
        for (word, price) in [
            (U256::ZERO, Price::ZERO),
            (U256::from(u64::MAX), most),
            (U256::from(1_u128 << 64), most),
            (U256::MAX, most),
        ] {
            assert_eq!(Price::base_fee(word), price, "{word}");
        }
        assert_eq!(Price(7).in_header(), 7);
        assert_eq!(Price(u128::MAX).in_header(), u64::MAX);
    }
}
