//! Precompiles: Ethereum's, and the contracts that every Arbitrum chain has without a deployment.
//!
//! Lives here: dispatching revm's calls to them. Not here: the list of them (`table`), rules that all share (`call`), what each
//! does (one file each).

mod arb_address_table;
mod arb_aggregator;
mod arb_debug;
mod arb_filtered_transactions_manager;
mod arb_function_table;
mod arb_gas_info;
mod arb_info;
mod arb_native_token_manager;
mod arb_owner;
mod arb_owner_public;
mod arb_retryable_tx;
mod arb_statistics;
mod arb_sys;
mod arb_wasm;
mod arb_wasm_cache;
mod arbos_acts;
mod arbos_test;
mod call;
mod errors;
mod node_interface;
#[cfg(test)]
mod readme;
mod table;

use alloy_primitives::{Address, Bytes};
use revm::context_interface::JournalTr as _;
use revm::handler::{EthPrecompiles, PrecompileProvider};
use revm::interpreter::{CallInputs, Gas as EvmGas, InstructionResult, InterpreterResult};
use revm::primitives::AddressSet;
use revm::primitives::hardfork::SpecId;
use stylus_vm::{ArbOs, Gas};

use crate::addresses::{self, NODE_INTERFACE};
use crate::evm::Context;
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::PRECOMPILES;

pub(crate) use arb_sys::ArbSys;
pub(crate) use arb_wasm::ArbWasm;
pub(crate) use arb_wasm_cache::ArbWasmCache;
pub(crate) use errors::{advice, error_text};
pub(crate) use node_interface::NodeInterface;

/// The code of an Arbitrum precompile in the EVM's view: an invalid instruction, so that Solidity calls it.
pub(crate) const PRECOMPILE_CODE: [u8; 1] = [0xFE];

/// The addresses that hold a byte of code at an ArbOS version, so that Solidity calls them.
pub(crate) fn addresses(arbos: ArbOs) -> impl Iterator<Item = Address> {
    PRECOMPILES
        .iter()
        .filter(move |precompile| precompile.since <= arbos.number())
        .map(|precompile| precompile.address)
}

/// Ethereum's precompiles by their names in EIP-7910, in the order of their addresses from 1 on, and RIP-7212's.
const ETHEREUM: [&str; 17] = [
    "ECREC",
    "SHA256",
    "RIPEMD160",
    "ID",
    "MODEXP",
    "BN254_ADD",
    "BN254_MUL",
    "BN254_PAIRING",
    "BLAKE2F",
    "KZG_POINT_EVALUATION",
    "BLS12_G1ADD",
    "BLS12_G1MSM",
    "BLS12_G2ADD",
    "BLS12_G2MSM",
    "BLS12_PAIRING_CHECK",
    "BLS12_MAP_FP_TO_G1",
    "BLS12_MAP_FP2_TO_G2",
];

/// The names of all precompiles of both kinds at an ArbOS version.
pub(crate) fn names(arbos: ArbOs) -> impl Iterator<Item = (&'static str, Address)> {
    let numbered = (1..)
        .zip(ETHEREUM)
        .map(|(last, name)| (name, addresses::precompile(last)));
    let ethereum = EthPrecompiles::new(crate::evm::SPEC);
    let p256 = Address::left_padding_from(&[0x01, 0x00]);
    let known = numbered.chain([("P256VERIFY", p256)]);
    let known: Vec<_> = known
        .filter(|(_, address)| ethereum.contains(address))
        .collect();
    let own = PRECOMPILES
        .iter()
        .filter(move |it| it.since <= arbos.number());
    known.into_iter().chain(own.map(|it| (it.name, it.address)))
}

/// Whether an address is a precompile of either kind at an ArbOS version.
pub(crate) fn is_precompile(address: &Address, arbos: ArbOs) -> bool {
    *address == NODE_INTERFACE
        || addresses(arbos).any(|known| known == *address)
        || EthPrecompiles::new(crate::evm::SPEC).contains(address)
}

/// All precompiles, for revm.
pub(crate) struct Precompiles {
    ethereum: EthPrecompiles,
    warm: AddressSet,
}

impl Precompiles {
    /// The precompiles of a chain under `spec`, at an ArbOS version.
    pub(crate) fn new(spec: SpecId, arbos: ArbOs) -> Self {
        let ethereum = EthPrecompiles::new(spec);
        let mut warm = ethereum.warm_addresses().clone();
        warm.extend(addresses(arbos));
        Self { ethereum, warm }
    }
}

impl PrecompileProvider<Context> for Precompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: SpecId) -> bool {
        <EthPrecompiles as PrecompileProvider<Context>>::set_spec(&mut self.ethereum, spec)
    }

    fn run(
        &mut self,
        context: &mut Context,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        // Overrides may have replaced or removed it.
        let moved = context.chain.moved.get(&inputs.bytecode_address);
        let address = match moved {
            Some(None) => return Ok(None),
            Some(Some(origin)) => *origin,
            None => inputs.bytecode_address,
        };
        let Some(precompile) = table::at(address) else {
            if moved.is_none() {
                return self.ethereum.run(context, inputs);
            }
            let mut inputs = inputs.clone();
            inputs.bytecode_address = address;
            return self.ethereum.run(context, &inputs);
        };
        // It exists only in simulated calls; on chain the address is an empty account.
        let is_hidden = precompile.address == NODE_INTERFACE && !context.chain.is_simulation;
        if is_hidden || context.chain.block.arbos.number() < precompile.since {
            return Ok(None);
        }
        let mut call = Call {
            precompile,
            function: None,
            caller: inputs.caller,
            value: inputs.value.get(),
            input: inputs.input.bytes(context),
            is_static: inputs.is_static,
            is_delegate: inputs.target_address != inputs.bytecode_address,
            gas_left: Gas(inputs.gas_limit),
            is_free: false,
            words: 0,
            context,
        };
        let result = (precompile.run)(&mut call);
        Ok(Some(end(call, result, Gas(inputs.gas_limit))))
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.warm
    }
}

/// Translates a call's end for the EVM.
fn end(mut call: Call<'_>, result: Result<Bytes, Stop>, limit: Gas) -> InterpreterResult {
    let (result, output) = match result {
        Ok(output) => (InstructionResult::Return, output),
        // Error data is paid for like a result.
        Err(Stop::Error(data)) => match call.copy(data.len()) {
            Ok(()) => (InstructionResult::Revert, data),
            Err(_) => (InstructionResult::PrecompileOOG, Bytes::new()),
        },
        Err(Stop::Plain(reason)) => {
            call.context.chain.transaction.reason = Some(reason);
            (InstructionResult::Revert, Bytes::new())
        }
        Err(Stop::OutOfGas) => (InstructionResult::PrecompileOOG, Bytes::new()),
        Err(Stop::Burn(reason)) => {
            call.context.chain.transaction.reason = Some(reason);
            (InstructionResult::PrecompileError, Bytes::new())
        }
    };
    let mut gas = EvmGas::new(limit.0);
    match result.is_ok_or_revert() {
        true => gas.set_remaining(call.gas_left.0),
        false => gas.spend_all(),
    }
    // A precompile keeps its one byte of code, and so its appearance to the EVM.
    let address = call.precompile.address;
    call.context.journaled_state.touch_account(address);
    InterpreterResult::new(result, output, gas)
}
