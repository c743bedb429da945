//! ArbGasInfo (0x6c): prices.
//!
//! Lives here: its functions.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::sol;

use crate::arbos;
use crate::precompiles::call::{Call, Mutability, Stop, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbGasInfo {
        function getPricesInWei() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInArbGas() external view returns (uint256, uint256, uint256);
        function getGasAccountingParams() external view returns (uint256, uint256, uint256);
        function getMinimumGasPrice() external view returns (uint256);
        function getL1BaseFeeEstimate() external view returns (uint256);
        function getL1GasPriceEstimate() external view returns (uint256);
        function getCurrentTxL1GasFees() external view returns (uint256);
        function getGasBacklog() external view returns (uint64);
    }
}

use ArbGasInfo::*;

/// L1 gas for a byte of calldata.
const L1_GAS_PER_BYTE: u64 = 16;

/// Bytes that a simple transaction takes on L1 (Nitro's assumption).
const SIMPLE_TRANSACTION: u64 = 140;

/// Gas for a new storage word, which is priced like any other gas.
const STORAGE: u64 = 20_000;

/// Gas per second that an Arbitrum chain is laid out for, and the most in a block (Nitro's initial values).
const SPEED_LIMIT: u64 = 7_000_000;
const BLOCK_GAS: u64 = 32_000_000;

functions! {
    View 0 getPricesInWeiCall => |call, _| {
        let (l1, base_fee) = prices(call)?;
        let byte = l1.saturating_mul(U256::from(L1_GAS_PER_BYTE));
        let storage = base_fee.saturating_mul(U256::from(STORAGE));
        let simple = byte.saturating_mul(U256::from(SIMPLE_TRANSACTION));
        Ok((simple, byte, storage, base_fee, U256::ZERO, base_fee).into())
    };
    View 0 getPricesInArbGasCall => |call, _| {
        let (l1, base_fee) = prices(call)?;
        let byte = l1.saturating_mul(U256::from(L1_GAS_PER_BYTE));
        let gas = |wei: U256| wei.checked_div(base_fee).unwrap_or_default();
        let simple = byte.saturating_mul(U256::from(SIMPLE_TRANSACTION));
        Ok((gas(simple), gas(byte), U256::from(STORAGE)).into())
    };
    View 0 getGasAccountingParamsCall => |call, _| {
        call.pay_reads(2)?;
        let block = U256::from(BLOCK_GAS);
        Ok((U256::from(SPEED_LIMIT), block, block).into())
    };
    View 0 getMinimumGasPriceCall => |call, _| Ok(prices(call)?.1);
    View 0 getL1BaseFeeEstimateCall => |call, _| Ok(prices(call)?.0);
    View 0 getL1GasPriceEstimateCall => |call, _| Ok(prices(call)?.0);
    View 0 getCurrentTxL1GasFeesCall => |call, _| {
        let (_, base_fee) = prices(call)?;
        Ok(U256::from(call.context.chain.poster_gas).saturating_mul(base_fee))
    };
    View 0 getGasBacklogCall => |call, _| call.pay_reads(1).map(|()| 0);
}

/// Wei per unit of L1 data, and per gas.
fn prices(call: &mut Call<'_>) -> Result<(U256, U256), Stop> {
    call.pay_reads(2)?;
    Ok((
        arbos::l1_price(call),
        U256::from(call.context.chain.block.base_fee),
    ))
}
