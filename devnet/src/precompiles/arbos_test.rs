//! ArbosTest (0x69): spending gas.
//!
//! Lives here: its function.

use alloy_primitives::Bytes;
use alloy_sol_types::sol;

use crate::precompiles::call::{Call, Mutability, Stop, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbosTest {
        function burnArbGas(uint256 gasAmount) external pure;
    }
}

use ArbosTest::*;

functions! {
    Pure 0 burnArbGasCall => |call, it| {
        call.burn(u64::try_from(it.gasAmount).unwrap_or(u64::MAX))?;
        Ok(burnArbGasReturn {})
    };
}
