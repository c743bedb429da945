//! ArbNativeTokenManager (0x73, from ArbOS 41 on): minting and burning the chain's native token.
//!
//! Lives here: its functions. Not here: who may call them (`arb_owner`).

use alloy_sol_types::sol;
use stylus_vm::Gas;

use crate::arbos::native_token_owners;
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbNativeTokenManager {
        function mintNativeToken(uint256 amount) external;
        function burnNativeToken(uint256 amount) external;

        event NativeTokenMinted(address indexed to, uint256 amount);
        event NativeTokenBurned(address indexed from, uint256 amount);
    }
}

use ArbNativeTokenManager::*;

/// Gas for changing a balance: a warm read (EIP-2929), and the price of sending value.
const CHANGE: Gas = Gas(100 + 9_000);

pub(super) const FUNCTIONS: &[Function] = functions! {
    Write 41 mintNativeTokenCall => |call, it| {
        authorize(call)?;
        let (to, amount) = (call.caller, it.amount);
        match call.mint(to, amount) {
            true => call.emit(&NativeTokenMinted { to, amount }).map(|()| mintNativeTokenReturn {}),
            false => Err(Stop::plain(format!("{to} cannot hold {amount} wei more"))),
        }
    };
    Write 41 burnNativeTokenCall => |call, it| {
        authorize(call)?;
        let (from, amount) = (call.caller, it.amount);
        match call.destroy(from, amount) {
            true => call.emit(&NativeTokenBurned { from, amount }).map(|()| burnNativeTokenReturn {}),
            false => Err(Stop::plain("burn amount exceeds balance")),
        }
    };
};

/// Admits native token owners and charges the gas of the change; anybody else loses all gas.
fn authorize(call: &mut Call<'_>) -> Result<(), Stop> {
    let caller = call.caller;
    match native_token_owners().contains(call, caller)? {
        true => call.burn(CHANGE),
        false => Err(Stop::burn(format!("{caller} is not a native token owner"))),
    }
}
