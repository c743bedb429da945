//! ArbosTest (0x69): spending gas.
//!
//! Lives here: its function.

use alloy_sol_types::sol;
use stylus_vm::Gas;

use crate::precompiles::call::Stop;
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbosTest {
        function burnArbGas(uint256 gasAmount) external pure;
    }
}

use ArbosTest::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    Pure 0 burnArbGasCall => |call, it| {
        let gas = u64::try_from(it.gasAmount)
            .map_err(|_| Stop::plain(format!("{} gas is not a uint64", it.gasAmount)))?;
        // If less is left, it burns what is left; that is not a failure (Nitro).
        call.gas_left = call.gas_left.saturating_sub(Gas(gas));
        Ok(burnArbGasReturn {})
    };
};
