//! StylusDeployer: creates, activates and initialises a program in one transaction, as `cargo stylus deploy` expects for contracts with a
//! constructor.
//!
//! Lives here: the interface of Offchain Labs' contract of that name, and what it does.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{Panic, SolCall, SolError as _, sol};

use crate::addresses::ARB_WASM;
use crate::evm::{Fault, NativeCall, NativeMachine, NativeReply};
use crate::natives::meter::{Meter, Stop};
use crate::precompiles::ArbWasm;

sol! {
    #![sol(all_derives)]
    interface StylusDeployer {
        function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) external payable returns (address);
        function requiresActivation(address addr) external view returns (bool);
        function initSalt(bytes32 salt, bytes initData) external pure returns (bytes32);

        event ContractDeployed(address deployedContract);

        error ContractDeploymentError(bytes bytecode);
        error ContractInitializationError(address newContract, bytes data);
        error RefundExcessValueError(uint256 excessValue);
        error EmptyBytecode();
        error InitValueButNotInitData();
    }
}

use StylusDeployer::*;

/// Answers a call.
pub(super) fn run(
    machine: &mut dyn NativeMachine,
    call: &NativeCall,
) -> Result<NativeReply, Fault> {
    let mut meter = Meter::new(machine, call);
    let result = dispatch(&mut meter);
    meter.end(result)
}

fn dispatch(meter: &mut Meter<'_>) -> Result<Bytes, Stop> {
    let input = &meter.call.input;
    let malformed = |_| Stop::Revert(Bytes::new());
    match input.first_chunk::<4>() {
        Some(&deployCall::SELECTOR) => {
            let call = deployCall::abi_decode(input).map_err(malformed)?;
            deploy(meter, call).map(|address| deployCall::abi_encode_returns(&address).into())
        }
        Some(&requiresActivationCall::SELECTOR) => {
            let call = requiresActivationCall::abi_decode(input).map_err(malformed)?;
            let answer = requires_activation(meter, call.addr)?;
            Ok(requiresActivationCall::abi_encode_returns(&answer).into())
        }
        Some(&initSaltCall::SELECTOR) => {
            let call = initSaltCall::abi_decode(input).map_err(malformed)?;
            let answer = init_salt(call.salt, &call.initData);
            Ok(initSaltCall::abi_encode_returns(&answer).into())
        }
        _ => Err(Stop::Revert(Bytes::new())),
    }
}

fn deploy(meter: &mut Meter<'_>, call: deployCall) -> Result<Address, Stop> {
    let deployCall {
        bytecode,
        initData: init_data,
        initValue: init_value,
        salt,
    } = call;
    if bytecode.is_empty() {
        return Err(Stop::error(&EmptyBytecode {}));
    }
    if !init_value.is_zero() && init_data.is_empty() {
        return Err(Stop::error(&InitValueButNotInitData {}));
    }
    let salt = (!salt.is_zero()).then(|| init_salt(salt, &init_data));
    let created = meter.create(bytecode.clone(), salt)?;
    let Some(program) = created.address else {
        return Err(Stop::error(&ContractDeploymentError { bytecode }));
    };

    // How Solidity's arithmetic fails when more is to be sent than there is.
    let underflow = || Stop::Revert(Panic::from(0x11).abi_encode().into());
    let mut left = meter
        .call
        .value
        .checked_sub(init_value)
        .ok_or_else(underflow)?;
    if requires_activation(meter, program)? {
        let activated = meter.ask(ARB_WASM, left, &ArbWasm::activateProgramCall { program })?;
        // ArbWasm keeps the fee and returns the rest at once.
        let fee = activated.map_err(Stop::Revert)?.dataFee;
        left = left.checked_sub(fee).ok_or_else(underflow)?;
    }
    if !init_data.is_empty() {
        let initialised = meter.send(program, init_value, init_data)?;
        if !initialised.success {
            let data = initialised.output;
            return Err(Stop::error(&ContractInitializationError {
                newContract: program,
                data,
            }));
        }
    }
    if !left.is_zero() {
        let refunded = meter.send(meter.call.caller, left, Bytes::new())?;
        if !refunded.success {
            return Err(Stop::error(&RefundExcessValueError { excessValue: left }));
        }
    }
    meter.emit(&ContractDeployed {
        deployedContract: program,
    })?;
    Ok(program)
}

/// Whether an account's code has to be activated for the chain's Stylus version.
fn requires_activation(meter: &mut Meter<'_>, address: Address) -> Result<bool, Stop> {
    let codehash = meter.code_hash(address)?;
    let active = meter.ask(
        ARB_WASM,
        U256::ZERO,
        &ArbWasm::codehashVersionCall { codehash },
    )?;
    let current = meter.ask(ARB_WASM, U256::ZERO, &ArbWasm::stylusVersionCall {})?;
    Ok(active.unwrap_or(0) != current.map_err(Stop::Revert)?)
}

/// Derives the salt of an address that depends on the initialisation data.
fn init_salt(salt: B256, init_data: &[u8]) -> B256 {
    keccak256([salt.as_slice(), init_data].concat())
}
