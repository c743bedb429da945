//! ArbOwnerPublic (0x6b): owners' settings, readable by anybody.
//!
//! Lives here: its functions.

use alloy_sol_types::sol;

use crate::arbos::{self, chain_owners, l1_pricing, native_token_owners, transaction_filterers};
use crate::precompiles::call::Stop;
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbOwnerPublic {
        function isChainOwner(address addr) external view returns (bool);
        function rectifyChainOwner(address ownerToRectify) external;
        function getAllChainOwners() external view returns (address[]);
        function getNativeTokenManagementFrom() external view returns (uint64);
        function isNativeTokenOwner(address addr) external view returns (bool);
        function getAllNativeTokenOwners() external view returns (address[]);
        function getTransactionFilteringFrom() external view returns (uint64);
        function isTransactionFilterer(address filterer) external view returns (bool);
        function getAllTransactionFilterers() external view returns (address[]);
        function getFilteredFundsRecipient() external view returns (address);
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function getBrotliCompressionLevel() external view returns (uint64);
        function getParentGasFloorPerToken() external view returns (uint64);
        function getScheduledUpgrade() external view returns (uint64 arbosVersion, uint64 scheduledForTimestamp);
        function isCalldataPriceIncreaseEnabled() external view returns (bool);
        function getCollectTips() external view returns (bool);
        function getMaxStylusContractFragments() external view returns (uint8);

        event ChainOwnerRectified(address rectifiedOwner);
    }
}

use ArbOwnerPublic::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    View 0 isChainOwnerCall => |call, it| chain_owners().contains(call, it.addr);
    Write 11 rectifyChainOwnerCall => |call, it| {
        if !chain_owners().contains(call, it.ownerToRectify)? {
            return Err(Stop::plain("RectifyMapping: Address is not an owner"));
        }
        if !chain_owners().rectify(call, it.ownerToRectify)? {
            return Err(Stop::plain("RectifyMapping: Owner address is correctly mapped"));
        }
        call.emit(&ChainOwnerRectified { rectifiedOwner: it.ownerToRectify })?;
        Ok(rectifyChainOwnerReturn {})
    };
    View 0 getAllChainOwnersCall => |call, _| chain_owners().all(call);
    View 50 getNativeTokenManagementFromCall => |call, _| arbos::native_token_from().get(call);
    View 41 isNativeTokenOwnerCall => |call, it| native_token_owners().contains(call, it.addr);
    View 41 getAllNativeTokenOwnersCall => |call, _| native_token_owners().all(call);
    View 60 getTransactionFilteringFromCall => |call, _| arbos::filtering_from().get(call);
    View 60 isTransactionFiltererCall => |call, it| transaction_filterers().contains(call, it.filterer);
    View 60 getAllTransactionFilterersCall => |call, _| transaction_filterers().all(call);
    View 60 getFilteredFundsRecipientCall => |call, _| arbos::filtered_funds_recipient().get(call);
    View 0 getNetworkFeeAccountCall => |call, _| arbos::network_fee_account().get(call);
    View 5 getInfraFeeAccountCall => |call, _| arbos::infra_fee_account().get(call);
    View 20 getBrotliCompressionLevelCall => |call, _| arbos::brotli_level().get(call);
    View 50 getParentGasFloorPerTokenCall => |call, _| l1_pricing::floor_per_token().get(call);
    View 20 getScheduledUpgradeCall => |call, _| {
        let version = arbos::upgrade_version().get(call)?;
        let due = arbos::upgrade_timestamp().get(call)?;
        // A completed upgrade is no longer scheduled.
        let is_done = version <= u64::from(call.arbos().number());
        let (version, due) = if is_done { (0, 0) } else { (version, due) };
        Ok(getScheduledUpgradeReturn { arbosVersion: version, scheduledForTimestamp: due })
    };
    View 40 isCalldataPriceIncreaseEnabledCall => |call, _| arbos::calldata_price_increase(call);
    View 60 getCollectTipsCall => |call, _| arbos::collect_tips().get(call);
    View 60 getMaxStylusContractFragmentsCall => |call, _| Ok(call.params()?.stylus.max_fragment_count);
};
