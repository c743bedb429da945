//! Addresses with a special meaning, on every Arbitrum chain or on this one.
//!
//! Lives here: constants, each with its source. Not here: what these accounts hold.

use alloy_primitives::{Address, address};

/// The account whose storage is the ArbOS state (Nitro).
pub(crate) const ARBOS_STATE: Address = address!("0xA4B05FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");

/// The account whose storage holds the hashes of filtered transactions (Nitro, ArbOS 60).
pub(crate) const FILTERED_TRANSACTIONS: Address =
    address!("0xA4B0500000000000000000000000000000000001");

/// The beneficiary of every block that a sequencer makes (Nitro); poster gas is charged under it alone.
pub(crate) const SEQUENCER: Address = address!("0xA4B000000000000000000073657175656e636572");

/// Where poster gas is collected (Nitro's L1 pricer funds pool).
pub(crate) const L1_PRICER_FUNDS: Address = address!("0xA4B00000000000000000000000000000000000f6");

/// The one-time signer of the CREATE2 factory, which is at the same address on every chain.
pub(crate) const CREATE2_FACTORY_SIGNER: Address =
    address!("0x3fab184622dc19b6109349b94811493bf2a45362");

/// The contract that keeps the hashes of blocks (EIP-2935), in the variant of Arbitrum chains, which holds [`HISTORY_LENGTH`] of them.
pub(crate) const HISTORY: Address = address!("0x0000F90827F1C53a10cb7A02335B175320002935");

/// How many hashes it holds.
pub(crate) const HISTORY_LENGTH: u64 = 393_168;

/// The CREATE2 factory, which its signer's only transaction deploys.
pub(crate) const CREATE2_FACTORY: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");

/// Where the CREATE2 factory deploys the StylusDeployer, and where `cargo stylus` looks for it.
pub(crate) const STYLUS_DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");

/// The built-in cache manager, at an address of this chain's own: nitro-devnode's would collide with what the dev account's fourth
/// transaction creates.
pub(crate) const CACHE_MANAGER: Address = address!("0x5374796C757300000000000000000000CAC4E000");

/// The account that `nitro --dev` funds.
pub(crate) const DEV_ACCOUNT: Address = address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");

/// A precompile: `0x00…00` with this last byte.
pub(crate) const fn precompile(last: u8) -> Address {
    let mut bytes = [0; 20];
    bytes[19] = last;
    Address::new(bytes)
}

/// ArbSys.
pub(crate) const ARB_SYS: Address = precompile(0x64);
/// ArbInfo.
pub(crate) const ARB_INFO: Address = precompile(0x65);
/// ArbAddressTable.
pub(crate) const ARB_ADDRESS_TABLE: Address = precompile(0x66);
/// ArbBLS.
pub(crate) const ARB_BLS: Address = precompile(0x67);
/// ArbFunctionTable.
pub(crate) const ARB_FUNCTION_TABLE: Address = precompile(0x68);
/// ArbosTest.
pub(crate) const ARBOS_TEST: Address = precompile(0x69);
/// ArbOwnerPublic.
pub(crate) const ARB_OWNER_PUBLIC: Address = precompile(0x6b);
/// ArbGasInfo.
pub(crate) const ARB_GAS_INFO: Address = precompile(0x6c);
/// ArbAggregator.
pub(crate) const ARB_AGGREGATOR: Address = precompile(0x6d);
/// ArbRetryableTx.
pub(crate) const ARB_RETRYABLE_TX: Address = precompile(0x6e);
/// ArbStatistics.
pub(crate) const ARB_STATISTICS: Address = precompile(0x6f);
/// ArbOwner.
pub(crate) const ARB_OWNER: Address = precompile(0x70);
/// ArbWasm.
pub(crate) const ARB_WASM: Address = precompile(0x71);
/// ArbWasmCache.
pub(crate) const ARB_WASM_CACHE: Address = precompile(0x72);
/// ArbNativeTokenManager (ArbOS 41).
pub(crate) const ARB_NATIVE_TOKEN_MANAGER: Address = precompile(0x73);
/// ArbFilteredTransactionsManager (ArbOS 60).
pub(crate) const ARB_FILTERED_TRANSACTIONS_MANAGER: Address = precompile(0x74);
/// ArbosActs, through which ArbOS calls itself.
pub(crate) const ARBOS_ACTS: Address = address!("0x00000000000000000000000000000000000A4B05");
/// NodeInterface, which exists only for eth_call.
pub(crate) const NODE_INTERFACE: Address = precompile(0xc8);
/// ArbDebug.
pub(crate) const ARB_DEBUG: Address = precompile(0xff);
