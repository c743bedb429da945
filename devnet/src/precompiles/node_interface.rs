//! NodeInterface (0xc8): questions to the node in the form of a call. It exists only in `eth_call`.
//!
//! Lives here: its functions. Not here: those that need more of the chain than a call sees (`chain::components`, `chain::sends`); they are
//! answered before a call gets here.

use alloy_primitives::U256;
use alloy_sol_types::sol;

use crate::arbos::l1_pricing;
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface NodeInterface {
        function estimateRetryableTicket(address sender, uint256 deposit, address to, uint256 l2CallValue, address excessFeeRefundAddress, address callValueRefundAddress, bytes data) external;
        function constructOutboxProof(uint64 size, uint64 leaf) external view returns (bytes32 send, bytes32 root, bytes32[] proof);
        function findBatchContainingBlock(uint64 blockNum) external view returns (uint64 batch);
        function getL1Confirmations(bytes32 blockHash) external view returns (uint64 confirmations);
        function gasEstimateComponents(address to, bool contractCreation, bytes data) external payable returns (uint64 gasEstimate, uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
        function gasEstimateL1Component(address to, bool contractCreation, bytes data) external payable returns (uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
        function legacyLookupMessageBatchProof(uint256 batchNum, uint64 index) external view returns (bytes32[] proof, uint256 path, address l2Sender, address l1Dest, uint256 l2Block, uint256 l1Block, uint256 timestamp, uint256 amount, bytes calldataForL1);
        function nitroGenesisBlock() external pure returns (uint256 number);
        function blockL1Num(uint64 l2BlockNum) external view returns (uint64 l1BlockNum);
        function l2BlockRangeForL1(uint64 blockNum) external view returns (uint64 firstBlock, uint64 lastBlock);
    }
}

use NodeInterface::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    Write 0 estimateRetryableTicketCall => |call, _| {
        Err(call.unavailable("there is no L1 for a retryable to come from"))
    };
    View 0 constructOutboxProofCall => |call, _| {
        Err(call.unavailable("within another call: ask for it in an eth_call of its own"))
    };
    View 0 findBatchContainingBlockCall => |call, _| {
        Err(call.unavailable("nothing posts batches of blocks to an L1"))
    };
    View 0 getL1ConfirmationsCall => |call, _| {
        Err(call.unavailable("there is no L1 to confirm a block"))
    };
    Payable 0 gasEstimateComponentsCall => |call, _| {
        Err(call.unavailable("within another call: ask for it in an eth_call of its own"))
    };
    Payable 0 gasEstimateL1ComponentCall => |call, it| {
        let base_fee = call.context.chain.block.base_fee;
        let price = l1_pricing::price_per_unit().get(call)?;
        let level = crate::arbos::brotli_level().get(call)?;
        let gas = l1_pricing::poster(&it.data, level, price, base_fee).gas;
        Ok(gasEstimateL1ComponentReturn {
            gasEstimateForL1: gas.0,
            baseFee: base_fee.word(),
            l1BaseFeeEstimate: price,
        })
    };
    View 0 legacyLookupMessageBatchProofCall => |call, _| {
        Err(call.unavailable("there was nothing before Nitro"))
    };
    Pure 0 nitroGenesisBlockCall => |_, _| Ok(U256::ZERO);
    // Each block has its own L1 block here.
    View 0 blockL1NumCall => |_, it| Ok(it.l2BlockNum);
    View 0 l2BlockRangeForL1Call => |_, it| {
        Ok(l2BlockRangeForL1Return { firstBlock: it.blockNum, lastBlock: it.blockNum })
    };
};
