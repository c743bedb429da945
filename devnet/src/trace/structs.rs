//! The struct logger: every instruction in a flat list, and host calls as the instructions they stand for.
//!
//! Lives here: the list, in geth's shape. Not here: which host calls there are (`stylus_vm`).
//!
//! revm-inspectors' logger shows nothing below a program, which has no instructions to walk along; hence this one.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_trace::geth::{DefaultFrame, GethDefaultTracingOptions, StructLog};
use revm::Inspector;
use revm::bytecode::opcode::{self, OpCode};
use revm::context::result::ExecutionResult;
use revm::context_interface::JournalTr as _;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{Jumps as _, MemoryTr as _};
use revm::interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter};
use serde_json::Value;
use stylus_vm::Step;

use crate::evm::Context;

/// Ink per gas in this log, whatever the chain's price (Nitro).
const INK_PER_GAS: u64 = 10_000;

/// The list so far.
pub(super) struct StructLogger {
    options: GethDefaultTracingOptions,
    logs: Vec<StructLog>,
    /// Storage that each account's instructions have touched.
    storage: HashMap<Address, BTreeMap<B256, B256>>,
    /// Slots that a program has written to its cache and not yet to the chain.
    cached: HashMap<Address, BTreeMap<B256, B256>>,
    /// Where the entry of each open frame's call belongs: in front of what the frame did.
    began: Vec<usize>,
    /// Where that of the frame that ended last belongs.
    last_began: usize,
    gas_before: u64,
}

impl StructLogger {
    pub(super) fn new(options: GethDefaultTracingOptions) -> Self {
        Self {
            options,
            logs: Vec::new(),
            storage: HashMap::new(),
            cached: HashMap::new(),
            began: Vec::new(),
            last_began: 0,
            gas_before: 0,
        }
    }

    fn is_full(&self) -> bool {
        let limit = self.options.limit.unwrap_or(0);
        limit > 0 && self.logs.len() as u64 >= limit
    }

    /// Takes note of a host call of a program that acts for `address`.
    pub(super) fn hostio(&mut self, depth: usize, address: Address, step: &Step) {
        let word = |bytes: &[u8]| B256::left_padding_from(bytes.get(..32).unwrap_or(bytes));
        let (first, rest) = (
            word(&step.args),
            word(step.args.get(32..).unwrap_or_default()),
        );
        match step.name {
            "storage_cache_bytes32" => {
                self.cached.entry(address).or_default().insert(first, rest);
            }
            "storage_flush_cache" => {
                for (slot, value) in self.cached.remove(&address).unwrap_or_default() {
                    self.storage.entry(address).or_default().insert(slot, value);
                    self.instruction(opcode::SSTORE, depth, address, step, &[value, slot]);
                }
            }
            "storage_load_bytes32" => {
                let known = self
                    .cached
                    .get(&address)
                    .is_some_and(|slots| slots.contains_key(&first));
                if !known {
                    self.storage
                        .entry(address)
                        .or_default()
                        .insert(first, word(&step.outs));
                    self.instruction(opcode::SLOAD, depth, address, step, &[first]);
                    self.pop(depth, address, step);
                }
            }
            name => {
                let Some((instruction, has_result)) = stands_for(name, &step.args) else {
                    return;
                };
                let at = self.logs.len();
                self.instruction(instruction, depth, address, step, &[]);
                if matches!(
                    instruction,
                    opcode::CALL | opcode::DELEGATECALL | opcode::STATICCALL
                ) && let Some(call) = self.logs.pop()
                {
                    self.logs.insert(self.last_began.min(at), call);
                }
                if has_result {
                    self.pop(depth, address, step);
                }
            }
        }
        self.last_began = self.logs.len();
    }

    fn instruction(&mut self, op: u8, depth: usize, address: Address, step: &Step, stack: &[B256]) {
        if self.is_full() {
            return;
        }
        let ink = step.start_ink.0.saturating_sub(step.end_ink.0);
        let shows_storage = matches!(op, opcode::SLOAD | opcode::SSTORE);
        self.logs.push(StructLog {
            gas: step.end_ink.0 / INK_PER_GAS,
            gas_cost: ink / INK_PER_GAS,
            stack: self.stack(
                stack
                    .iter()
                    .map(|word| U256::from_be_bytes(word.0))
                    .collect(),
            ),
            storage: self.storage_of(address, shows_storage),
            ..entry(0, op, depth)
        });
    }

    /// The instruction that takes a host call's result off a stack that there is not.
    fn pop(&mut self, depth: usize, address: Address, step: &Step) {
        let outs = step.outs.get(..32).unwrap_or(&step.outs);
        let result = B256::left_padding_from(outs);
        let free = Step {
            start_ink: step.end_ink,
            ..step.clone()
        };
        self.instruction(opcode::POP, depth, address, &free, &[result]);
    }

    fn stack(&self, stack: Vec<U256>) -> Option<Vec<U256>> {
        (!self.options.disable_stack.unwrap_or(false)).then_some(stack)
    }

    fn storage_of(&self, address: Address, is_shown: bool) -> Option<BTreeMap<B256, B256>> {
        let is_shown = is_shown && !self.options.disable_storage.unwrap_or(false);
        is_shown.then(|| self.storage.get(&address).cloned().unwrap_or_default())
    }

    /// The whole log.
    pub(super) fn finish(self, result: &ExecutionResult) -> Result<Value, serde_json::Error> {
        serde_json::to_value(DefaultFrame {
            failed: !result.is_success(),
            gas: result.tx_gas_used(),
            return_value: result.output().cloned().unwrap_or_default(),
            struct_logs: self.logs,
            ..DefaultFrame::default()
        })
    }
}

/// An entry with nothing said of it yet. Depths count from 1.
fn entry(pc: u64, op: u8, depth: usize) -> StructLog {
    let name = OpCode::new(op).map_or_else(
        || format!("opcode {op:#x} not defined").into(),
        |op| op.as_str().into(),
    );
    StructLog {
        pc,
        op: name,
        gas: 0,
        gas_cost: 0,
        state_gas_cost: None,
        state_gas_reservoir: None,
        depth: depth as u64 + 1,
        error: None,
        stack: None,
        return_data: None,
        memory: None,
        memory_size: None,
        storage: None,
        refund_counter: None,
    }
}

/// The instruction that a host call stands for, and whether a POP of its result follows (Nitro's projection).
fn stands_for(name: &str, args: &[u8]) -> Option<(u8, bool)> {
    Some(match name {
        "read_args" => (opcode::CALLDATACOPY, false),
        "transient_load_bytes32" => (opcode::TLOAD, true),
        "transient_store_bytes32" => (opcode::TSTORE, false),
        "call_contract" => (opcode::CALL, false),
        "delegate_call_contract" => (opcode::DELEGATECALL, false),
        "static_call_contract" => (opcode::STATICCALL, false),
        "create1" => (opcode::CREATE, true),
        "create2" => (opcode::CREATE2, true),
        "read_return_data" => (opcode::RETURNDATACOPY, false),
        "return_data_size" => (opcode::RETURNDATASIZE, true),
        // The arguments begin with the number of topics, in four bytes.
        "emit_log" => (
            opcode::LOG0 + args.get(3).copied().unwrap_or(0).min(4),
            false,
        ),
        "account_balance" => (opcode::BALANCE, true),
        "account_code" => (opcode::EXTCODECOPY, false),
        "account_code_size" => (opcode::EXTCODESIZE, true),
        "account_codehash" => (opcode::EXTCODEHASH, true),
        "block_basefee" => (opcode::BASEFEE, true),
        "block_coinbase" => (opcode::COINBASE, true),
        "block_gas_limit" => (opcode::GASLIMIT, true),
        "block_number" => (opcode::NUMBER, true),
        "block_timestamp" => (opcode::TIMESTAMP, true),
        "chainid" => (opcode::CHAINID, true),
        "contract_address" => (opcode::ADDRESS, true),
        "msg_sender" => (opcode::CALLER, true),
        "msg_value" => (opcode::CALLVALUE, true),
        "tx_origin" => (opcode::ORIGIN, true),
        "evm_gas_left" | "evm_ink_left" => (opcode::GAS, true),
        "tx_gas_price" | "tx_ink_price" => (opcode::GASPRICE, true),
        "math_div" => (opcode::DIV, true),
        "math_mod" => (opcode::MOD, true),
        "math_pow" => (opcode::EXP, true),
        "math_add_mod" => (opcode::ADDMOD, true),
        "math_mul_mod" => (opcode::MULMOD, true),
        "native_keccak256" => (opcode::KECCAK256, true),
        _ => return None,
    })
}

impl Inspector<Context, EthInterpreter> for StructLogger {
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, context: &mut Context) {
        self.gas_before = interpreter.gas.remaining();
        if self.is_full() {
            return;
        }
        let op = interpreter.bytecode.opcode();
        let address = interpreter.input.target_address;
        let stack = interpreter.stack.data();
        let peek = |place: usize| {
            stack
                .len()
                .checked_sub(place)
                .map(|index| B256::from(stack[index]))
        };
        match (op, peek(1), peek(2)) {
            (opcode::SSTORE, Some(slot), Some(value)) => {
                self.storage.entry(address).or_default().insert(slot, value);
            }
            (opcode::SLOAD, Some(slot), _) => {
                let Ok(value) = context.journaled_state.sload(address, slot.into());
                self.storage
                    .entry(address)
                    .or_default()
                    .insert(slot, value.data.into());
            }
            _ => {}
        }
        let shows_storage = matches!(op, opcode::SLOAD | opcode::SSTORE);
        let memory = self.options.enable_memory.unwrap_or(false).then(|| {
            let memory = interpreter.memory.slice(0..interpreter.memory.size());
            memory
                .chunks(32)
                .map(alloy_primitives::hex::encode)
                .collect()
        });
        // The journal counts the transaction's own checkpoint, too.
        let depth = context.journaled_state.depth().saturating_sub(1);
        self.logs.push(StructLog {
            gas: self.gas_before,
            stack: self.stack(stack.to_vec()),
            memory,
            storage: self.storage_of(address, shows_storage),
            ..entry(interpreter.bytecode.pc() as u64, op, depth)
        });
    }

    fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut Context) {
        let full = self.is_full();
        if let (false, Some(log)) = (full, self.logs.last_mut()) {
            log.gas_cost = self.gas_before.saturating_sub(interpreter.gas.remaining());
        }
    }

    fn call(&mut self, _: &mut Context, _: &mut CallInputs) -> Option<CallOutcome> {
        self.began.push(self.logs.len());
        None
    }

    fn call_end(&mut self, _: &mut Context, _: &CallInputs, _: &mut CallOutcome) {
        self.last_began = self.began.pop().unwrap_or(0);
    }

    fn create(&mut self, _: &mut Context, _: &mut CreateInputs) -> Option<CreateOutcome> {
        self.began.push(self.logs.len());
        None
    }

    fn create_end(&mut self, _: &mut Context, _: &CreateInputs, _: &mut CreateOutcome) {
        self.last_began = self.began.pop().unwrap_or(0);
    }
}
