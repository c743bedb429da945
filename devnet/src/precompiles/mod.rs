//! Precompiles: Ethereum's, and the contracts that every Arbitrum chain has without anybody deploying them.
//!
//! Lives here: which address is which. Not here: rules that all share (`call`), what each does (a file for each).

mod arb_debug;
mod arb_gas_info;
mod arb_info;
mod arb_owner;
mod arb_owner_public;
mod arb_sys;
mod arb_wasm;
mod arb_wasm_cache;
mod arbos_test;
mod call;
mod errors;
mod missing;
mod node_interface;

use alloy_primitives::{Address, Bytes};
use revm::context_interface::JournalTr as _;
use revm::handler::{EthPrecompiles, PrecompileProvider};
use revm::interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult};
use revm::primitives::AddressSet;
use revm::primitives::hardfork::SpecId;

use crate::addresses::{
    ARB_DEBUG, ARB_GAS_INFO, ARB_INFO, ARB_OWNER, ARB_OWNER_PUBLIC, ARB_SYS, ARB_WASM,
    ARB_WASM_CACHE, NODE_INTERFACE, precompile,
};
use crate::evm::Context;
use crate::precompiles::call::{Call, Stop};

pub(crate) use arb_wasm::ArbWasm;
pub(crate) use arb_wasm_cache::ArbWasmCache;
pub(crate) use errors::error_text;

/// Arbitrum's precompiles, by the last byte of their addresses: name, and the functions there are here.
const ARBITRUM: &[(Address, &str, Run)] = &[
    (ARB_SYS, "ArbSys", arb_sys::run),
    (ARB_INFO, "ArbInfo", arb_info::run),
    (precompile(0x66), "ArbAddressTable", none),
    (precompile(0x67), "ArbBLS", none),
    (precompile(0x68), "ArbFunctionTable", none),
    (precompile(0x69), "ArbosTest", arbos_test::run),
    (ARB_OWNER_PUBLIC, "ArbOwnerPublic", arb_owner_public::run),
    (ARB_GAS_INFO, "ArbGasInfo", arb_gas_info::run),
    (precompile(0x6d), "ArbAggregator", none),
    (precompile(0x6e), "ArbRetryableTx", none),
    (precompile(0x6f), "ArbStatistics", none),
    (ARB_OWNER, "ArbOwner", arb_owner::run),
    (ARB_WASM, "ArbWasm", arb_wasm::run),
    (ARB_WASM_CACHE, "ArbWasmCache", arb_wasm_cache::run),
    (ARB_DEBUG, "ArbDebug", arb_debug::run),
];

type Run = fn(&mut Call<'_>) -> Option<Result<Bytes, Stop>>;

/// For precompiles of which nothing is here.
fn none(_: &mut Call<'_>) -> Option<Result<Bytes, Stop>> {
    None
}

/// The addresses that hold a byte of code, so that Solidity calls them.
pub(crate) fn addresses() -> impl Iterator<Item = Address> {
    ARBITRUM.iter().map(|(address, _, _)| *address)
}

/// Whether an address is a precompile's, of either kind.
pub(crate) fn is_precompile(address: &Address) -> bool {
    known(*address).is_some() || EthPrecompiles::new(crate::evm::SPEC).contains(address)
}

fn known(address: Address) -> Option<&'static (Address, &'static str, Run)> {
    const NODE: (Address, &str, Run) = (NODE_INTERFACE, "NodeInterface", node_interface::run);
    match address {
        NODE_INTERFACE => Some(&NODE),
        _ => ARBITRUM.iter().find(|(known, _, _)| *known == address),
    }
}

/// All precompiles, as revm asks for them.
pub(crate) struct Precompiles {
    ethereum: EthPrecompiles,
    warm: AddressSet,
}

impl Precompiles {
    /// The precompiles of a chain under `spec`.
    pub(crate) fn new(spec: SpecId) -> Self {
        let ethereum = EthPrecompiles::new(spec);
        let mut warm = ethereum.warm_addresses().clone();
        warm.extend(addresses());
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
        let Some((address, name, run)) = known(inputs.bytecode_address) else {
            return self.ethereum.run(context, inputs);
        };
        // It exists in questions alone; on chain the address is an empty account.
        if *address == NODE_INTERFACE && !context.chain.is_simulation {
            return Ok(None);
        }
        let mut call = Call {
            address: *address,
            caller: inputs.caller,
            value: inputs.value.get(),
            input: inputs.input.bytes(context),
            is_static: inputs.is_static,
            is_delegate: inputs.target_address != inputs.bytecode_address,
            gas_left: inputs.gas_limit,
            is_free: false,
            context,
        };
        let result = match run(&mut call) {
            Some(result) => result,
            None => Err(missing::function(name, call.selector())),
        };
        Ok(Some(end(call, result, inputs.gas_limit)))
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.warm
    }
}

/// What a call's end is to the EVM.
fn end(mut call: Call<'_>, result: Result<Bytes, Stop>, limit: u64) -> InterpreterResult {
    let (result, output) = match result {
        Ok(output) => (InstructionResult::Return, output),
        // The data has to be paid for like a result.
        Err(Stop::Error(data)) => match call.copy(data.len()) {
            Ok(()) => (InstructionResult::Revert, data),
            Err(_) => (InstructionResult::PrecompileOOG, Bytes::new()),
        },
        Err(Stop::Plain(reason)) => {
            call.context.chain.reason = Some(reason);
            (InstructionResult::Revert, Bytes::new())
        }
        Err(Stop::OutOfGas) => (InstructionResult::PrecompileOOG, Bytes::new()),
        Err(Stop::Burn(reason)) => {
            call.context.chain.reason = Some(reason);
            (InstructionResult::PrecompileError, Bytes::new())
        }
    };
    let mut gas = Gas::new(limit);
    match result.is_ok_or_revert() {
        true => gas.set_remaining(call.gas_left),
        false => gas.spend_all(),
    }
    // A precompile keeps its one byte of code, and with it stays what it is to the EVM.
    call.context.journaled_state.touch_account(call.address);
    InterpreterResult::new(result, output, gas)
}
