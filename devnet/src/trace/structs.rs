//! The struct logger: every instruction in a flat list, and host calls as their equivalent instructions.
//!
//! Lives here: the list, in geth's form. Not here: the list of host calls (`stylus_vm`).
//!
//! revm-inspectors' logger shows nothing below a program, which has no EVM instructions; hence this one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use alloy_primitives::{Address, B256, U256, hex};
use alloy_rpc_types_trace::geth::GethDefaultTracingOptions;
use revm::Inspector;
use revm::bytecode::opcode::{self, OpCode};
use revm::context::result::ExecutionResult;
use revm::context_interface::JournalTr as _;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{
    Jumps as _, LoopControl as _, MemoryTr as _, ReturnData as _,
};
use revm::interpreter::{
    CallInputs, CallOutcome, CreateInputs, CreateOutcome, InstructionResult, Interpreter,
};
use serde_json::json;
use serde_json::value::RawValue;
use stylus_vm::{Gas, InkPrice, Step};

use crate::bounded::{Unwritable, from_text};
use crate::evm::{Context, peek};
use crate::trace::OUT_OF_GAS;

/// The price of ink in this log, whatever the chain's (Nitro).
const INK_PRICE: InkPrice = InkPrice::DEFAULT;

/// The beginning of the answer; the entries follow.
const HEAD: &str = r#"{"structLogs":["#;

/// The list so far, as the text of the answer: in any other form, entries take several times as much.
pub(super) struct StructLogger {
    options: GethDefaultTracingOptions,
    text: String,
    /// Entries of calls that programs made, which arrive after the callee's entries but belong before them: the positions in the
    /// text, in order of arrival.
    late: Vec<(usize, String)>,
    /// Bytes of those.
    late_bytes: usize,
    entries: u64,
    /// Whether the last entry lacks its gas, which is known only after the instruction.
    is_open: bool,
    /// Storage that each account's instructions have accessed.
    storage: HashMap<Address, BTreeMap<B256, B256>>,
    /// Slots that a program has written to its cache but not yet to the chain.
    cached: HashMap<Address, BTreeMap<B256, B256>>,
    /// Where a call's entry would go for each open frame: before the entries of that frame.
    began: Vec<usize>,
    /// What the frames down to each open one have earned so far.
    refunds: Vec<i64>,
    /// That position for the frame that ended last.
    last_began: usize,
    gas_before: Gas,
}

/// The beginning of an entry. Depths count from 1.
struct Instruction {
    pc: usize,
    op: u8,
    gas: Gas,
    depth: usize,
}

impl StructLogger {
    pub(super) fn new(options: GethDefaultTracingOptions) -> Self {
        Self {
            options,
            text: HEAD.into(),
            late: Vec::new(),
            late_bytes: 0,
            entries: 0,
            is_open: false,
            storage: HashMap::new(),
            cached: HashMap::new(),
            began: Vec::new(),
            refunds: Vec::new(),
            last_began: HEAD.len(),
            gas_before: Gas::ZERO,
        }
    }

    /// Bytes of the answer so far.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.late_bytes
    }

    fn is_full(&self) -> bool {
        let limit = self.options.limit.unwrap_or(0);
        limit > 0 && self.entries >= limit
    }

    /// Records a host call of a program acting for `address`.
    pub(super) fn hostio(&mut self, depth: usize, address: Address, step: &Step, refund: i64) {
        self.earned(refund);
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
                let at = self.text.len();
                self.instruction(instruction, depth, address, step, &[]);
                if matches!(
                    instruction,
                    opcode::CALL | opcode::DELEGATECALL | opcode::STATICCALL
                ) && self.text.len() > at
                {
                    let call = self.text.split_off(at);
                    self.late_bytes += call.len();
                    self.late.push((self.last_began.min(at), call));
                }
                if has_result {
                    self.pop(depth, address, step);
                }
            }
        }
        self.last_began = self.text.len();
    }

    fn instruction(&mut self, op: u8, depth: usize, address: Address, step: &Step, stack: &[B256]) {
        if self.is_full() {
            return;
        }
        let ink = step.start_ink.saturating_sub(step.end_ink);
        let stack: Vec<U256> = stack
            .iter()
            .map(|word| U256::from_be_bytes(word.0))
            .collect();
        self.open(Instruction {
            pc: 0,
            op,
            gas: INK_PRICE.ink_to_gas(step.end_ink),
            depth,
        });
        self.stack(&stack);
        self.storage_of(address, matches!(op, opcode::SLOAD | opcode::SSTORE));
        self.close(INK_PRICE.ink_to_gas(ink));
    }

    /// Remembers what the innermost frame has earned.
    fn earned(&mut self, refund: i64) {
        if let Some((innermost, above)) = self.refunds.split_last_mut() {
            *innermost = above.last().unwrap_or(&0) + refund;
        }
    }

    /// A frame begins, which has earned nothing.
    fn begin(&mut self) {
        self.began.push(self.text.len());
        self.refunds.push(self.refund());
    }

    /// The innermost frame ends.
    fn end(&mut self) {
        self.last_began = self.began.pop().unwrap_or(HEAD.len());
        self.refunds.pop();
    }

    /// What all open frames have earned.
    fn refund(&self) -> i64 {
        self.refunds.last().copied().unwrap_or(0)
    }

    /// The instruction that pops a host call's result off the nonexistent stack.
    fn pop(&mut self, depth: usize, address: Address, step: &Step) {
        let outs = step.outs.get(..32).unwrap_or(&step.outs);
        let result = B256::left_padding_from(outs);
        let free = Step {
            start_ink: step.end_ink,
            ..step.clone()
        };
        self.instruction(opcode::POP, depth, address, &free, &[result]);
    }

    /// Begins an entry.
    fn open(&mut self, instruction: Instruction) {
        let Instruction { pc, op, gas, depth } = instruction;
        let (gas, depth) = (gas.0, depth + 1);
        self.entries += 1;
        self.is_open = true;
        self.write(format_args!(r#"{{"pc":{pc},"gas":{gas},"depth":{depth},"#));
        match OpCode::new(op) {
            Some(op) => self.write(format_args!(r#""op":"{}""#, op.as_str())),
            None => self.write(format_args!(r#""op":"opcode {op:#x} not defined""#)),
        }
        // As in geth, the counter is left out where it is zero.
        let refund = self.refund();
        if refund > 0 {
            self.write(format_args!(r#","refund":{refund}"#));
        }
    }

    /// Ends the entry that began last.
    fn close(&mut self, gas_cost: Gas) {
        if std::mem::take(&mut self.is_open) {
            self.write(format_args!(r#","gasCost":{}}},"#, gas_cost.0));
        }
    }

    fn stack(&mut self, stack: &[U256]) {
        if !self.options.disable_stack.unwrap_or(false) {
            self.list("stack", stack.iter().map(|word| format!("{word:#x}")));
        }
    }

    /// What the last call returned, which geth leaves out where it is nothing.
    fn return_data(&mut self, data: &[u8]) {
        if !data.is_empty() {
            let data = hex::encode_prefixed(data);
            self.write(format_args!(r#","returnData":"{data}""#));
        }
    }

    fn list(&mut self, name: &str, items: impl Iterator<Item = String>) {
        self.write(format_args!(r#","{name}":["#));
        for (place, item) in items.enumerate() {
            let comma = if place > 0 { "," } else { "" };
            self.write(format_args!(r#"{comma}"{item}""#));
        }
        self.text.push(']');
    }

    fn storage_of(&mut self, address: Address, is_shown: bool) {
        if !is_shown || self.options.disable_storage.unwrap_or(false) {
            return;
        }
        // Without a prefix, like geth's memory.
        self.text.push_str(r#","storage":{"#);
        let slots = self.storage.get(&address).into_iter().flatten();
        for (place, (slot, value)) in slots.enumerate() {
            let comma = if place > 0 { "," } else { "" };
            // Writing to a string does not fail.
            let _ = write!(self.text, r#"{comma}"{slot:x}":"{value:x}""#);
        }
        self.text.push('}');
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(text);
    }

    /// The whole log.
    ///
    /// # Errors
    /// If it is too long for an answer.
    pub(super) fn finish(mut self, result: &ExecutionResult) -> Result<Box<RawValue>, Unwritable> {
        self.close(Gas::ZERO);
        if !self.late.is_empty() {
            self.insert_late();
        }
        if self.text.ends_with(',') {
            self.text.pop();
        }
        let (failed, gas) = (!result.is_success(), result.tx_gas_used());
        let returned = json!(result.output().cloned().unwrap_or_default());
        self.write(format_args!(
            r#"],"failed":{failed},"gas":{gas},"returnValue":{returned}}}"#
        ));
        from_text(self.text.into_bytes())
    }

    /// Inserts the late entries where they belong: of two at one position, the later one goes first.
    fn insert_late(&mut self) {
        let mut late: Vec<_> = std::mem::take(&mut self.late)
            .into_iter()
            .enumerate()
            .collect();
        late.sort_by_key(|(order, (at, _))| (*at, Reverse(*order)));
        let mut whole = String::with_capacity(self.len());
        let mut from = 0;
        for (_, (at, entry)) in late {
            whole.push_str(&self.text[from..at]);
            whole.push_str(&entry);
            from = at;
        }
        whole.push_str(&self.text[from..]);
        self.text = whole;
    }
}

/// Why an instruction did not begin, in geth's words; how one ended that began is not part of the log.
fn error(ended: InstructionResult) -> Option<&'static str> {
    match ended {
        InstructionResult::MemoryLimitOOG | InstructionResult::InvalidOperandOOG => {
            Some("gas uint64 overflow")
        }
        InstructionResult::OutOfGas
        | InstructionResult::MemoryOOG
        | InstructionResult::PrecompileOOG
        | InstructionResult::ReentrancySentryOOG => Some(OUT_OF_GAS),
        InstructionResult::StackUnderflow => Some("stack underflow"),
        InstructionResult::StackOverflow => Some("stack limit reached"),
        _ => None,
    }
}

/// A host call's equivalent instruction, and whether a POP of its result follows (Nitro's projection).
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
        self.gas_before = Gas(interpreter.gas.remaining());
        self.earned(interpreter.gas.refunded());
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
                let value = peek::slot(context, address, slot.into());
                self.storage
                    .entry(address)
                    .or_default()
                    .insert(slot, value.into());
            }
            _ => {}
        }
        // The journal also counts the transaction's own checkpoint.
        let depth = context.journaled_state.depth().saturating_sub(1);
        self.open(Instruction {
            pc: interpreter.bytecode.pc(),
            op,
            gas: self.gas_before,
            depth,
        });
        self.stack(stack);
        if self.options.enable_memory.unwrap_or(false) {
            let memory = interpreter.memory.slice(0..interpreter.memory.size());
            self.list("memory", memory.chunks(32).map(hex::encode));
        }
        if self.options.enable_return_data.unwrap_or(false) {
            self.return_data(interpreter.return_data.buffer());
        }
        self.storage_of(address, matches!(op, opcode::SLOAD | opcode::SSTORE));
    }

    fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut Context) {
        let ended = interpreter.bytecode.instruction_result();
        if let (true, Some(error)) = (self.is_open, ended.and_then(error)) {
            self.write(format_args!(r#","error":"{error}""#));
        }
        let left = Gas(interpreter.gas.remaining());
        self.close(self.gas_before.saturating_sub(left));
        // What it has earned is what a callee's instructions add to.
        self.earned(interpreter.gas.refunded());
    }

    fn call(&mut self, _: &mut Context, _: &mut CallInputs) -> Option<CallOutcome> {
        self.begin();
        None
    }

    fn call_end(&mut self, _: &mut Context, _: &CallInputs, _: &mut CallOutcome) {
        self.end();
    }

    fn create(&mut self, _: &mut Context, _: &mut CreateInputs) -> Option<CreateOutcome> {
        self.begin();
        None
    }

    fn create_end(&mut self, _: &mut Context, _: &CreateInputs, _: &mut CreateOutcome) {
        self.end();
    }
}
