//! ArbDebug (0xff), on development chains only: becoming an owner, and events and errors for testing clients.
//!
//! Lives here: its functions.

use alloy_primitives::B256;
use alloy_sol_types::sol;
use revm::context_interface::JournalTr as _;

use crate::arbos::chain_owners;
use crate::evm::peek;
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};
use crate::state::bytecode;

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbDebug {
        function becomeChainOwner() external;
        function overwriteContractCode(address target, bytes newCode) external returns (bytes oldCode);
        function events(bool flag, bytes32 value) external payable returns (address, uint256);
        function eventsView() external view;
        function customRevert(uint64 number) external pure;
        function panic() external;
        function legacyError() external pure;

        event Basic(bool flag, bytes32 indexed value);
        event Mixed(bool indexed flag, bool not, bytes32 indexed value, address conn, address indexed caller);

        error Custom(uint64 number, string message, bool isHeads);
        error Unused();
    }
}

use ArbDebug::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    Write 0 becomeChainOwnerCall => |call, _| {
        let owner = call.caller;
        chain_owners().add(call, owner)?;
        Ok(becomeChainOwnerReturn {})
    };
    Write 0 overwriteContractCodeCall => |call, it| {
        let old = call.code(it.target);
        peek::unwarmed(call.context, &[it.target], |journal| {
            // The journal writes only to loaded accounts.
            let Ok(_) = journal.load_account(it.target);
            journal.set_code(it.target, bytecode(it.newCode));
        });
        Ok(old)
    };
    Payable 0 eventsCall => |call, it| {
        events(call, it.flag, it.value)?;
        Ok((call.caller, call.value).into())
    };
    View 0 eventsViewCall => |call, _| {
        events(call, true, Default::default())?;
        Ok(eventsViewReturn {})
    };
    Pure 0 customRevertCall => |_, it| {
        let message = "This spider family wards off bugs: /\\oo/\\ //\\(oo)//\\ /\\oo/\\";
        Err(Stop::error(&Custom { number: it.number, message: message.into(), isHeads: true }))
    };
    Write 30 panicCall => |call, _| Err(call.unavailable("it would halt the chain"));
    Pure 0 legacyErrorCall => |_, _| Err(Stop::plain("example legacy error"));
};

fn events(call: &mut Call<'_>, flag: bool, value: B256) -> Result<(), Stop> {
    call.emit(&Basic { flag: !flag, value })?;
    let (conn, caller) = (call.precompile.address, call.caller);
    call.emit(&Mixed {
        flag,
        not: !flag,
        value,
        conn,
        caller,
    })
}
