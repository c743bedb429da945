//! Functions that other Arbitrum chains have and this one does not.
//!
//! Lives here: what a call of one is answered: its name, so that nobody searches for a fault of their own.

use alloy_sol_types::{Revert, SolError as _, sol};

use crate::precompiles::call::Stop;

sol! {
    #![sol(all_derives)]
    interface Elsewhere {
        function sendTxToL1(address destination, bytes data) external payable returns (uint256);
        function withdrawEth(address destination) external payable returns (uint256);
        function sendMerkleTreeState() external view returns (uint256, bytes32, bytes32[]);
        function redeem(bytes32 ticketId) external returns (bytes32);
        function getLifetime() external view returns (uint256);
        function getTimeout(bytes32 ticketId) external view returns (uint256);
        function keepalive(bytes32 ticketId) external returns (uint256);
        function getBeneficiary(bytes32 ticketId) external view returns (address);
        function cancel(bytes32 ticketId) external;
        function getCurrentRedeemer() external view returns (address);
        function register(address addr) external returns (uint256);
        function lookup(address addr) external view returns (uint256);
        function lookupIndex(uint256 index) external view returns (address);
        function addressExists(address addr) external view returns (bool);
        function size() external view returns (uint256);
        function compress(address addr) external returns (bytes);
        function decompress(bytes buf, uint256 offset) external view returns (address, uint256);
        function getStats() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPreferredAggregator(address addr) external view returns (address, bool);
        function getDefaultAggregator() external view returns (address);
        function getBatchPosters() external view returns (address[]);
        function addBatchPoster(address newBatchPoster) external;
        function getFeeCollector(address batchPoster) external view returns (address);
        function setFeeCollector(address batchPoster, address newFeeCollector) external;
        function getTxBaseFee(address aggregator) external view returns (uint256);
        function setSpeedLimit(uint64 limit) external;
        function setMaxTxGasLimit(uint64 limit) external;
        function setL2BaseFee(uint256 priceInWei) external;
        function setMinimumL2BaseFee(uint256 priceInWei) external;
        function setL2GasPricingInertia(uint64 sec) external;
        function setL2GasBacklogTolerance(uint64 sec) external;
        function setInfraFeeAccount(address newInfraFeeAccount) external;
        function setChainConfig(string chainConfig) external;
        function setBrotliCompressionLevel(uint64 level) external;
        function releaseL1PricerSurplusFunds(uint256 maxWeiToRelease) external returns (uint256);
        function setL1PricingEquilibrationUnits(uint256 equilibrationUnits) external;
        function setL1PricingInertia(uint64 inertia) external;
        function setL1PricingRewardRecipient(address recipient) external;
        function setL1PricingRewardRate(uint64 weiPerUnit) external;
        function setPerBatchGasCharge(int64 cost) external;
        function setAmortizedCostCapBips(uint64 cap) external;
        function estimateRetryableTicket(address sender, uint256 deposit, address to, uint256 l2CallValue, address excessFeeRefundAddress, address callValueRefundAddress, bytes data) external;
        function constructOutboxProof(uint64 size, uint64 leaf) external view returns (bytes32, bytes32, bytes32[]);
        function findBatchContainingBlock(uint64 blockNum) external view returns (uint64);
        function getL1Confirmations(bytes32 blockHash) external view returns (uint64);
        function legacyLookupMessageBatchProof(uint256 batchNum, uint64 index) external view;
        function nitroGenesisBlock() external pure returns (uint256);
    }
}

/// The answer to a call of a function that is not here: a revert that names it where any chain has it, and, as on any
/// chain, the end of all gas where none does.
pub(super) fn function(precompile: &str, selector: Option<[u8; 4]>) -> Stop {
    let Some(selector) = selector else {
        return Stop::Burn(format!("{precompile} was called without a function"));
    };
    match Elsewhere::ElsewhereCalls::name_by_selector(selector) {
        Some(name) => {
            let text = format!("{precompile}.{name} is not available on this devnet");
            Stop::Error(Revert::from(text).abi_encode().into())
        }
        None => {
            let selector = alloy_primitives::hex::encode_prefixed(selector);
            Stop::Burn(format!("{precompile} has no function {selector}"))
        }
    }
}
