//! ArbInfo (0x65): an account's balance and code.
//!
//! Lives here: its functions.

use alloy_sol_types::sol;
use stylus_vm::Gas;

use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbInfo {
        function getBalance(address account) external view returns (uint256);
        function getCode(address account) external view returns (bytes);
    }
}

use ArbInfo::*;

/// Gas for an account's balance (EIP-1884).
const BALANCE: Gas = Gas(700);
/// Gas for an account's code: Nitro charges the price of a cold slot (EIP-2929).
const CODE: Gas = Gas(2_100);

pub(super) const FUNCTIONS: &[Function] = functions! {
    View 0 getBalanceCall => |call, it| {
        call.burn(BALANCE)?;
        Ok(call.balance(it.account))
    };
    View 0 getCodeCall => |call, it| {
        call.burn(CODE)?;
        let code = call.code(it.account);
        call.copy(code.len())?;
        Ok(code)
    };
};
