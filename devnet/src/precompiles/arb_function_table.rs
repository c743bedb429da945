//! ArbFunctionTable (0x68): exists for contracts older than Nitro; its table is always empty.
//!
//! Lives here: its functions.

use alloy_primitives::U256;
use alloy_sol_types::sol;

use crate::precompiles::call::Stop;
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbFunctionTable {
        function upload(bytes buf) external;
        function size(address addr) external view returns (uint256);
        function get(address addr, uint256 index) external view returns (uint256, bool, uint256);
    }
}

use ArbFunctionTable::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    Write 0 uploadCall => |_, _| Ok(uploadReturn {});
    View 0 sizeCall => |_, _| Ok(U256::ZERO);
    View 0 getCall => |_, _| Err(Stop::plain("table is empty"));
};
