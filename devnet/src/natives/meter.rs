//! A native contract in progress: the machine with a gas counter.
//!
//! Lives here: what each step costs: the same as the EVM's instructions for it. Not here: what the contracts do.

use alloy_primitives::{Address, B256, Bytes, Log, U256};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use revm::context_interface::JournalTr as _;
use stylus_vm::Gas;

use crate::evm::{Fault, NativeCall, NativeEnding, NativeMachine, NativeReply, Reply};

/// Gas for the first access to an account, and for later ones (EIP-2929).
const COLD_ACCOUNT: Gas = Gas(2_600);
const WARM: Gas = Gas(100);
/// Gas for the first read of a slot.
const COLD_SLOT: Gas = Gas(2_100);
/// Gas for a slot that becomes nonzero, and for one that changes.
const SET: Gas = Gas(20_000);
const RESET: Gas = Gas(2_900);
/// Gas for sending value, and for an account that this creates.
const VALUE: Gas = Gas(9_000);
const NEW_ACCOUNT: Gas = Gas(25_000);
/// Gas that a call with value gets for free.
const STIPEND: Gas = Gas(2_300);
/// Gas for a create; for each word of its init code, and each word that CREATE2 hashes.
const CREATE: Gas = Gas(32_000);
const INITCODE_WORD: Gas = Gas(2);
const HASH_WORD: Gas = Gas(6);
/// Gas for a log and for each topic; for each byte.
const LOG: Gas = Gas(375);
const LOG_BYTE: Gas = Gas(8);

/// Why a native contract ends early.
pub(super) enum Stop {
    /// There is not enough gas.
    OutOfGas,
    /// An error, as revert data.
    Revert(Bytes),
    /// The machine is broken.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Stop {
    /// Stops with a custom error.
    pub(super) fn error(error: &impl SolError) -> Self {
        Self::Revert(error.abi_encode().into())
    }
}

/// The contract's side of one call.
pub(super) struct Meter<'a> {
    pub(super) machine: &'a mut dyn NativeMachine,
    pub(super) call: &'a NativeCall,
    gas_left: Gas,
    refund: i64,
}

impl<'a> Meter<'a> {
    /// Starts a call with all its gas.
    pub(super) fn new(machine: &'a mut dyn NativeMachine, call: &'a NativeCall) -> Self {
        Self {
            machine,
            call,
            gas_left: call.gas,
            refund: 0,
        }
    }

    /// Converts a result for the machine.
    pub(super) fn end(self, result: Result<Bytes, Stop>) -> Result<NativeReply, Fault> {
        let (ending, output) = match result {
            Ok(output) => (NativeEnding::Success, output),
            Err(Stop::Revert(data)) => (NativeEnding::Revert, data),
            Err(Stop::OutOfGas) => (NativeEnding::OutOfGas, Bytes::new()),
            Err(Stop::Fault(fault)) => return Err(fault),
        };
        Ok(NativeReply {
            ending,
            output,
            gas_left: self.gas_left,
            refund: self.refund,
        })
    }

    /// Spends gas.
    pub(super) fn burn(&mut self, gas: Gas) -> Result<(), Stop> {
        self.gas_left = self.gas_left.checked_sub(gas).ok_or(Stop::OutOfGas)?;
        Ok(())
    }

    /// Returns an account's code hash, or zero if the account does not exist.
    pub(super) fn code_hash(&mut self, address: Address) -> Result<B256, Stop> {
        let Ok(account) = self.machine.context().journaled_state.load_account(address);
        let (is_cold, info) = (account.is_cold, &account.data.info);
        let hash = if info.is_empty() {
            B256::ZERO
        } else {
            info.code_hash()
        };
        self.burn(access(is_cold))?;
        Ok(hash)
    }

    /// Reads a word of the contract's storage.
    pub(super) fn load(&mut self, slot: U256) -> Result<U256, Stop> {
        let Ok(loaded) = self
            .machine
            .context()
            .journaled_state
            .sload(self.call.address, slot);
        self.burn(if loaded.is_cold { COLD_SLOT } else { WARM })?;
        Ok(loaded.data)
    }

    /// Writes a word of the contract's storage. Clearing a word earns no refund.
    pub(super) fn store(&mut self, slot: U256, value: U256) -> Result<(), Stop> {
        self.refuse_static()?;
        let Ok(stored) =
            self.machine
                .context()
                .journaled_state
                .sstore(self.call.address, slot, value);
        let present = stored.data.present_value;
        let cost = match (present == value, present.is_zero()) {
            (true, _) => WARM,
            (false, true) => SET,
            (false, false) => RESET,
        };
        self.burn(cost + if stored.is_cold { COLD_SLOT } else { Gas::ZERO })
    }

    /// Emits an event.
    pub(super) fn emit(&mut self, event: &impl SolEvent) -> Result<(), Stop> {
        self.refuse_static()?;
        let data = event.encode_log_data();
        let topics = data.topics().len() as u64;
        let bytes = data.data.len() as u64;
        self.burn(LOG.saturating_mul(1 + topics) + LOG_BYTE.saturating_mul(bytes))?;
        let log = Log {
            address: self.call.address,
            data,
        };
        self.machine.context().journaled_state.log(log);
        Ok(())
    }

    /// Calls a contract with all the gas that can be passed on.
    pub(super) fn send(&mut self, to: Address, value: U256, input: Bytes) -> Result<Reply, Stop> {
        let Ok(account) = self.machine.context().journaled_state.load_account(to);
        let (is_cold, is_empty) = (account.is_cold, account.data.info.is_empty());
        self.burn(access(is_cold))?;
        let mut stipend = Gas::ZERO;
        if !value.is_zero() {
            self.refuse_static()?;
            self.burn(VALUE + if is_empty { NEW_ACCOUNT } else { Gas::ZERO })?;
            stipend = STIPEND;
        }
        let passed = self.all_but_a_64th();
        self.burn(passed)?;
        let reply = self
            .machine
            .call(self.call.address, to, value, input, passed + stipend)?;
        self.gas_left += reply.gas_left;
        self.refund += reply.refund;
        Ok(reply)
    }

    /// Calls a function of a contract. An inner `Err` holds its revert data.
    pub(super) fn ask<C: SolCall>(
        &mut self,
        to: Address,
        value: U256,
        question: &C,
    ) -> Result<Result<C::Return, Bytes>, Stop> {
        let reply = self.send(to, value, question.abi_encode().into())?;
        if !reply.success {
            return Ok(Err(reply.output));
        }
        Ok(C::abi_decode_returns(&reply.output).map_err(|_| Bytes::new()))
    }

    /// Creates a contract without value.
    pub(super) fn create(&mut self, code: Bytes, salt: Option<B256>) -> Result<Reply, Stop> {
        self.refuse_static()?;
        let words = code.len().div_ceil(32) as u64;
        let hashed = if salt.is_some() { HASH_WORD } else { Gas::ZERO };
        let word = INITCODE_WORD + hashed;
        self.burn(CREATE + word.saturating_mul(words))?;
        let passed = self.all_but_a_64th();
        self.burn(passed)?;
        let reply = self
            .machine
            .create(self.call.address, code, U256::ZERO, salt, passed)?;
        self.gas_left += reply.gas_left;
        self.refund += reply.refund;
        Ok(reply)
    }

    fn all_but_a_64th(&self) -> Gas {
        self.gas_left - self.gas_left / 64
    }

    /// A write in a static call uses up all gas, as an instruction's does.
    fn refuse_static(&mut self) -> Result<(), Stop> {
        match self.call.is_static {
            true => Err(Stop::OutOfGas),
            false => Ok(()),
        }
    }
}

fn access(is_cold: bool) -> Gas {
    if is_cold { COLD_ACCOUNT } else { WARM }
}
