//! NodeInterface (0xc8): questions to the node that have the form of a call. It exists in `eth_call` alone.
//!
//! Lives here: its functions.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::sol;

use crate::arbos;
use crate::precompiles::call::{Call, Mutability, Stop, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface NodeInterface {
        function gasEstimateL1Component(address to, bool contractCreation, bytes data) external payable returns (uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
        function blockL1Num(uint64 l2BlockNum) external view returns (uint64 l1BlockNum);
        function l2BlockRangeForL1(uint64 blockNum) external view returns (uint64 firstBlock, uint64 lastBlock);
    }
}

use NodeInterface::*;

functions! {
    Payable 0 gasEstimateL1ComponentCall => |call, it| {
        let base_fee = call.context.chain.block.base_fee;
        let price = arbos::l1_price(call);
        let gas = crate::chain::poster_gas(&it.data, price, base_fee);
        Ok(gasEstimateL1ComponentReturn {
            gasEstimateForL1: gas,
            baseFee: U256::from(base_fee),
            l1BaseFeeEstimate: price,
        })
    };
    // There is one L1 block to every block here.
    View 0 blockL1NumCall => |_, it| Ok(it.l2BlockNum);
    View 0 l2BlockRangeForL1Call => |_, it| {
        Ok(l2BlockRangeForL1Return { firstBlock: it.blockNum, lastBlock: it.blockNum })
    };
}
