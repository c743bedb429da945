//! ArbSys (0x64): a transaction's context, and messages to L1.
//!
//! Lives here: its functions. Not here: the accumulator over messages (`arbos::sends`). Nothing carries messages to L1 from
//! here.

use alloy_primitives::{Address, U256};
use alloy_sol_types::sol;
use revm::context_interface::JournalTr as _;

use crate::arbos::{Store as _, native_token_owners, sends};
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};
use crate::state::State;

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    #[allow(clippy::too_many_arguments, reason = "its event has nine fields")]
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
        function withdrawEth(address destination) external payable returns (uint256);
        function sendTxToL1(address destination, bytes data) external payable returns (uint256);
        function sendMerkleTreeState() external view returns (uint256 size, bytes32 root, bytes32[] partials);

        event L2ToL1Tx(address caller, address indexed destination, uint256 indexed hash, uint256 indexed position, uint256 arbBlockNum, uint256 ethBlockNum, uint256 timestamp, uint256 callvalue, bytes data);
        event SendMerkleUpdate(uint256 indexed reserved, bytes32 indexed hash, uint256 indexed position);

        error InvalidBlockNumber(uint256 requested, uint256 current);
    }
}

use ArbSys::*;

/// Added to the ArbOS version, which continues the numbering from before Nitro.
const FIRST_NITRO: u16 = 55;

/// Added to the address of a contract on L1.
const ALIAS: Address = alloy_primitives::address!("0x1111000000000000000000000000000000001111");

/// The ArbOS version from which on value cannot be sent if anybody can mint the native token.
const NATIVE_TOKENS: u16 = 41;

pub(super) const FUNCTIONS: &[Function] = functions! {
    View 0 arbBlockNumberCall => |call, _| Ok(U256::from(call.context.chain.block.number));
    View 0 arbBlockHashCall => |call, it| {
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
    // Nothing arrives from L1.
    View 0 wasMyCallersAddressAliasedCall => |_, _| Ok(false);
    // The caller of the contract that asks; zero if a signer calls directly.
    View 0 myCallersAddressWithoutAliasingCall => |call, _| {
        Ok(call.context.chain.transaction.callers.last().copied().unwrap_or_default())
    };
    Payable 0 withdrawEthCall => |call, it| send(call, it.destination, &[]);
    Payable 0 sendTxToL1Call => |call, it| send(call, it.destination, &it.data);
    View 0 sendMerkleTreeStateCall => |call, _| {
        if !call.caller.is_zero() {
            return Err(Stop::plain("sendMerkleTreeState can only be called by the zero address, in eth_call"));
        }
        let root = sends::root(call)?;
        let size = sends::size().get(&mut call.free()).map(U256::from).unwrap_or_else(|never| match never {});
        let partials = sends::partials(call)?;
        Ok(sendMerkleTreeStateReturn { size, root, partials })
    };
};

/// Sends a message with the call's value, which leaves this chain, and returns the message's number.
fn send(call: &mut Call<'_>, destination: Address, data: &[u8]) -> Result<U256, Stop> {
    let value = call.value;
    if call.is_at(NATIVE_TOKENS) && !value.is_zero() && native_token_owners().size().get(call)? > 0
    {
        return Err(Stop::plain(
            "not allowed to withdraw funds when native token owners exist",
        ));
    }
    let caller = call.caller;
    let block = &call.context.chain.block;
    let (number, l1_number) = (U256::from(block.number), U256::from(block.l1_number));
    let timestamp = U256::from(call.now());
    let word = |value: U256| value.to_be_bytes::<32>();
    let hash = call.keccak(&[
        caller.as_slice(),
        destination.as_slice(),
        &word(number),
        &word(l1_number),
        &word(timestamp),
        &word(value),
        data,
    ])?;
    let nodes = sends::append(call, hash)?;
    let leaf = U256::from(sends::size().get(call)?) - U256::ONE;
    if !call.destroy(call.precompile.address, value) {
        return Err(Stop::plain(format!(
            "ArbSys does not have the {value} wei that are sent"
        )));
    }
    for node in nodes {
        call.emit(&SendMerkleUpdate {
            reserved: U256::ZERO,
            hash: node.hash,
            position: node.position(),
        })?;
    }
    call.emit(&L2ToL1Tx {
        caller,
        destination,
        hash: hash.into(),
        position: leaf,
        arbBlockNum: number,
        ethBlockNum: l1_number,
        timestamp,
        callvalue: value,
        data: data.to_vec().into(),
    })?;
    Ok(leaf)
}
