//! The data fee: what an activation pays, in wei, for the native code that every node will keep.
//!
//! Lives here: the pricer's state and its only operation. Not here: who is paid, and where a chain stores the
//! state.

use alloy_primitives::U256;

/// The pricer's state, in the widths that a chain stores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DataPricer {
    /// Bytes requested and not yet worked off.
    pub demand: u32,
    /// Bytes worked off each second.
    pub bytes_per_second: u32,
    /// When demand was last updated, in seconds since 1970.
    pub last_update: u64,
    /// Wei per byte when there is no demand.
    pub min_price: u32,
    /// How slowly the price follows demand, in bytes.
    pub inertia: u32,
}

impl Default for DataPricer {
    /// The initial state of every chain (Nitro v3.10's initial values).
    fn default() -> Self {
        Self {
            demand: 0,
            bytes_per_second: 34_865,
            last_update: 1_421_388_000,
            min_price: 82_928_201,
            inertia: 21_360_419,
        }
    }
}

/// One, in the basis points that the pricer computes in.
const ONE: u64 = 10_000;

impl DataPricer {
    /// Adds a request for `bytes` at `time`, in seconds since 1970, and returns their fee in wei.
    pub fn update(&mut self, bytes: u32, time: u64) -> U256 {
        let passed = u32::try_from(time.wrapping_sub(self.last_update)).unwrap_or(u32::MAX);
        let worked_off = self.bytes_per_second.saturating_mul(passed);
        self.demand = self.demand.saturating_sub(worked_off).saturating_add(bytes);
        self.last_update = time;

        let inertia = u64::from(self.inertia.max(1));
        let multiplier = exponential(ONE * u64::from(self.demand) / inertia);
        let byte_price = u64::from(self.min_price).saturating_mul(multiplier) / ONE;
        U256::from(byte_price.saturating_mul(bytes.into()))
    }
}

/// The exponential of `exponent`, both in basis points, by the first twelve terms of its series.
fn exponential(exponent: u64) -> u64 {
    (1..12).rev().fold(ONE + exponent / 12, |rest, term| {
        ONE + rest.saturating_mul(exponent) / (term * ONE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_activation_of_a_small_program() {
        let mut pricer = DataPricer::default();
        let fee = pricer.update(514_214, pricer.last_update);
        assert_eq!(fee, U256::from(43_674_798_485_482_u64));
        assert_eq!(pricer.demand, 514_214);
    }

    #[test]
    fn demand_grows_and_is_worked_off() {
        let mut pricer = DataPricer::default();
        let start = pricer.last_update;
        // Seconds since the first, bytes requested, remaining demand.
        for (seconds, bytes, demand) in [
            (0, 100_000, 100_000),
            (1, 0, 65_135),
            (2, 10, 30_280),
            (1_000_000, 0, 0),
            (1_000_000, u32::MAX, u32::MAX),
            (1_000_000, 1, u32::MAX),
        ] {
            pricer.update(bytes, start + seconds);
            assert_eq!(pricer.demand, demand, "after {seconds} s");
        }
        // The price stays a number, however high the demand.
        assert!(pricer.update(u32::MAX, 0) > U256::ZERO);
    }
}
