//! ArbDebug (0xff), which chains for development have: becoming an owner, and events and errors to try a client on.
//!
//! Lives here: its functions.

use alloy_primitives::Bytes;
use alloy_sol_types::sol;

use crate::arbos;
use crate::precompiles::call::{Call, Mutability, Stop, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbDebug {
        function becomeChainOwner() external;
        function customRevert(uint64 number) external pure;
        function legacyError() external pure;

        error Custom(uint64 number, string message, bool isHeads);
    }
}

use ArbDebug::*;

functions! {
    Write 30 becomeChainOwnerCall => |call, _| {
        let owner = call.caller;
        call.pay_reads(2)?;
        call.pay_writes(3)?;
        arbos::add_chain_owner(call, owner);
        Ok(becomeChainOwnerReturn {})
    };
    Pure 30 customRevertCall => |_, it| {
        let message = "This spider family wards off bugs: /\\oo/\\ //\\(oo)//\\ /\\oo/\\";
        Err(Stop::error(&Custom { number: it.number, message: message.into(), isHeads: true }))
    };
    Pure 30 legacyErrorCall => |_, _| Err(Stop::Plain("example legacy error".into()));
}
