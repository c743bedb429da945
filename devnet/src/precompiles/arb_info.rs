//! ArbInfo (0x65): what any account is.
//!
//! Lives here: its functions.

use alloy_primitives::Bytes;
use alloy_sol_types::sol;
use revm::context_interface::JournalTr as _;

use crate::precompiles::call::{Call, Mutability, Stop, functions};

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
const BALANCE: u64 = 700;
/// Gas for an account's code.
const CODE: u64 = 2_600;

functions! {
    View 0 getBalanceCall => |call, it| {
        call.burn(BALANCE)?;
        let Ok(account) = call.context.journaled_state.load_account(it.account);
        Ok(account.data.info.balance)
    };
    View 0 getCodeCall => |call, it| {
        call.burn(CODE)?;
        let (code, _) = call.code(it.account);
        call.copy(code.len())?;
        Ok(code)
    };
}
