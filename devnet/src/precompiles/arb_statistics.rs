//! ArbStatistics (0x6f): counts from before Nitro, all zero here.
//!
//! Lives here: its function.

use alloy_primitives::U256;
use alloy_sol_types::sol;

use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbStatistics {
        function getStats() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
    }
}

use ArbStatistics::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    View 0 getStatsCall => |call, _| {
        let number = U256::from(call.context.chain.block.number);
        Ok((number, U256::ZERO, U256::ZERO, U256::ZERO, U256::ZERO, U256::ZERO).into())
    };
};
