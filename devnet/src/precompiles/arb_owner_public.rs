//! ArbOwnerPublic (0x6b): what anybody may know of what owners set.
//!
//! Lives here: its functions.

use alloy_primitives::Bytes;
use alloy_sol_types::sol;

use crate::arbos;
use crate::precompiles::call::{Call, Mutability, Stop, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbOwnerPublic {
        function isChainOwner(address addr) external view returns (bool);
        function getAllChainOwners() external view returns (address[]);
        function getNetworkFeeAccount() external view returns (address);
        function getScheduledUpgrade() external view returns (uint64 arbosVersion, uint64 scheduledForTimestamp);
        function getMaxStylusContractFragments() external view returns (uint8);
    }
}

use ArbOwnerPublic::*;

functions! {
    View 30 isChainOwnerCall => |call, it| {
        call.pay_reads(1)?;
        Ok(arbos::chain_owners().contains(call, it.addr))
    };
    View 30 getAllChainOwnersCall => |call, _| {
        let count = arbos::chain_owners().len(call);
        call.pay_reads(1 + count)?;
        Ok(arbos::chain_owners().all(call))
    };
    View 30 getNetworkFeeAccountCall => |call, _| {
        call.pay_reads(1)?;
        Ok(arbos::network_fee_account(call))
    };
    View 30 getScheduledUpgradeCall => |call, _| {
        call.pay_reads(2)?;
        let (version, due) = arbos::scheduled_upgrade(call);
        // One that has been carried out is not scheduled any more.
        let is_done = version <= u64::from(call.arbos().number());
        let (version, due) = if is_done { (0, 0) } else { (version, due) };
        Ok(getScheduledUpgradeReturn { arbosVersion: version, scheduledForTimestamp: due })
    };
    View 60 getMaxStylusContractFragmentsCall => |call, _| Ok(call.params()?.stylus.max_fragment_count);
}
