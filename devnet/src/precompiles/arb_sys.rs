//! ArbSys (0x64): where a transaction is.
//!
//! Lives here: its functions. Messages to L1 have nowhere to go and are not here.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::sol;
use revm::context_interface::JournalTr as _;

use crate::precompiles::call::{Call, Mutability, Stop, functions};
use crate::state::State;

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbSys {
        function arbBlockNumber() external view returns (uint256);
        function arbBlockHash(uint256 arbBlockNum) external view returns (bytes32);
        function arbChainID() external view returns (uint256);
        function arbOSVersion() external view returns (uint256);
        function getStorageGasAvailable() external view returns (uint256);
        function isTopLevelCall() external view returns (bool);
        function mapL1SenderContractAddressToL2Alias(address sender, address unused) external pure returns (address);
        function wasMyCallersAddressAliased() external view returns (bool);
        function myCallersAddressWithoutAliasing() external view returns (address);

        error InvalidBlockNumber(uint256 requested, uint256 current);
    }
}

use ArbSys::*;

/// What is added to the ArbOS version, which counts on from the numbers of what came before Nitro.
const FIRST_NITRO: u16 = 55;

/// What is added to the address of a contract on L1.
const ALIAS: Address = alloy_primitives::address!("0x1111000000000000000000000000000000001111");

/// Gas for a block's hash (Nitro).
const BLOCK_HASH: u64 = 20;

functions! {
    View 0 arbBlockNumberCall => |call, _| Ok(U256::from(call.context.chain.block.number));
    View 0 arbBlockHashCall => |call, it| {
        call.burn(BLOCK_HASH)?;
        let current = call.context.chain.block.number;
        let state: &State = &call.context.journaled_state.database;
        let number = u64::try_from(it.arbBlockNum).ok().filter(|number| *number < current);
        number.and_then(|number| state.past_block(number)).ok_or_else(|| {
            Stop::error(&InvalidBlockNumber { requested: it.arbBlockNum, current: U256::from(current) })
        })
    };
    View 0 arbChainIDCall => |call, _| Ok(U256::from(call.context.cfg.chain_id));
    View 0 arbOSVersionCall => |call, _| Ok(U256::from(FIRST_NITRO + call.arbos().number()));
    View 0 getStorageGasAvailableCall => |_, _| Ok(U256::ZERO);
    View 0 isTopLevelCallCall => |call, _| {
        // The caller was called by the signer, or is the signer.
        Ok(call.context.journaled_state.depth() <= 2)
    };
    Pure 0 mapL1SenderContractAddressToL2AliasCall => |_, it| {
        let sum = U256::from_be_slice(it.sender.as_slice()).wrapping_add(U256::from_be_slice(ALIAS.as_slice()));
        Ok(Address::from_word(sum.into()))
    };
    // Nothing comes from L1.
    View 0 wasMyCallersAddressAliasedCall => |_, _| Ok(false);
    View 0 myCallersAddressWithoutAliasingCall => |call, _| Ok(call.context.tx.caller);
}
