//! revm's machine with two more kinds of frames: Stylus programs and native contracts.
//!
//! Lives here: which kind a frame is, how one begins, ends and calls the next. Not here: what a program asks of the chain (`host`), what
//! starting one costs (`program`), and the transaction around it all (`handler`).
//!
//! EVM frames call one another in a loop, as in revm. A program or native contract calls by recursion, each on its own stack segment, so
//! that no call depth that the chain allows overflows a thread's stack.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use revm::bytecode::Bytecode;
use revm::context::FrameStack;
use revm::context_interface::context::ContextError;
use revm::context_interface::{CreateScheme, JournalTr as _};
use revm::handler::evm::{ContextDbError, EvmTr, FrameInitResult};
use revm::handler::instructions::EthInstructions;
use revm::handler::{EthFrame, FrameInitOrResult, FrameResult, ItemOrResult};
use revm::inspector::handler::frame_end;
use revm::inspector::{InspectorEvmTr, inspect_instructions};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::interpreter_types::LoopControl as _;
use revm::interpreter::{
    CallInput, CallInputs, CallScheme, CallValue, CreateInputs, FrameInput, Gas as EvmGas,
    InstructionResult, InterpreterAction, InterpreterResult,
};
use stylus_vm::{ArbOs, Gas};

use crate::evm::instructions::instructions;
use crate::evm::interrupt::{Interrupt, Interrupted};
use crate::evm::native::{self, NativeCall, NativeEnding, Reply};
use crate::evm::{Context, SPEC, peek};
use crate::natives::{self, Native};
use crate::precompiles::{self, PRECOMPILE_CODE, Precompiles};
use crate::state::source;
use crate::trace::HostioInspector;

type Inner<I> =
    revm::context::Evm<Context, I, EthInstructions<EthInterpreter, Context>, Precompiles, EthFrame>;

/// The machine itself is broken. No transaction causes this, and it is no transaction's outcome.
pub(crate) type Fault = ContextError<Infallible>;

/// Instructions between two checks of the interrupt: a few microseconds.
const STEPS: u32 = 1_024;

/// Native stack for a native contract, on top of what its calls use themselves.
const NATIVE_ROOM: usize = 256 << 10;

/// A machine that runs one transaction after another, on one thread.
pub(crate) struct Machine<I> {
    pub(super) inner: Inner<I>,
    /// Whether to notify the inspector.
    inspecting: bool,
    /// Why a call within a program broke the machine; the program's own frame passes it on.
    pub(super) fault: Option<Fault>,
}

/// What a frame runs.
enum Kind {
    Evm,
    Program,
    Native(Native),
}

impl<I: HostioInspector> Machine<I> {
    /// Returns a machine that notifies `inspector` of every step, if `inspecting`.
    pub(crate) fn new(context: Context, inspector: I, inspecting: bool) -> Self {
        let precompiles = Precompiles::new(SPEC, context.chain.block.arbos);
        Self {
            inner: Inner::new_with_inspector(context, inspector, instructions(), precompiles),
            inspecting,
            fault: None,
        }
    }

    /// The context, for setting a transaction and taking the state.
    pub(crate) fn context(&mut self) -> &mut Context {
        &mut self.inner.ctx
    }

    /// Turns the machine into its context.
    pub(crate) fn into_context(self) -> Context {
        self.inner.ctx
    }

    /// Turns the machine into the inspector, with all it has seen, and the context.
    pub(crate) fn into_parts(self) -> (I, Context) {
        (self.inner.inspector, self.inner.ctx)
    }

    /// The inspector and the context, if the inspector is to be notified.
    pub(super) fn inspector(&mut self) -> Option<(&mut I, &mut Context)> {
        self.inspecting
            .then_some((&mut self.inner.inspector, &mut self.inner.ctx))
    }

    /// Whether the inspector wants to see host calls.
    pub(super) fn is_tracing(&self) -> bool {
        self.inspecting && self.inner.inspector.is_tracing()
    }

    /// The depth of the top frame: 0 for the transaction's first.
    pub(super) fn depth(&mut self) -> usize {
        self.inner.frame_stack.get().depth
    }

    /// Runs the first frame of a transaction and everything it calls.
    pub(super) fn run_frames(&mut self, first: FrameInit) -> Result<FrameResult, Fault> {
        if let Some(result) = self.begin(first)? {
            return Ok(result);
        }
        self.run_until(None)
    }

    /// Runs the frames above `base` until the lowest of them has ended.
    fn run_until(&mut self, base: Option<usize>) -> Result<FrameResult, Fault> {
        loop {
            let result = match self.step()? {
                ItemOrResult::Item(init) => match self.begin(init)? {
                    Some(result) => result,
                    None => continue,
                },
                ItemOrResult::Result(result) => result,
            };
            if let Some(result) = self.end(result, base)? {
                return Ok(result);
            }
        }
    }

    /// Pushes a frame, or returns how it ended without one: an empty account, a precompile, an early failure.
    fn begin(&mut self, mut init: FrameInit) -> Result<Option<FrameResult>, Fault> {
        self.go_on()?;
        if let FrameInput::Call(inputs) = &mut init.frame_input
            && inputs.known_bytecode.1.original_byte_slice() == PRECOMPILE_CODE
            && self.delegates_to_precompile(inputs.bytecode_address)?
        {
            inputs.known_bytecode = (KECCAK256_EMPTY, Bytecode::default());
        }
        let began = match self.inspecting {
            true => self.inspect_frame_init(init)?,
            false => self.frame_init(init)?,
        };
        match began {
            ItemOrResult::Result(result) => Ok(Some(result)),
            ItemOrResult::Item(frame) => {
                let input = &frame.interpreter.input;
                let (caller, target) = (input.caller_address, input.target_address);
                let is_create = matches!(frame.input, FrameInput::Create(_));
                let acting = acting(&frame.input, input.target_address);
                let scope = &mut self.inner.ctx.chain;
                scope.transaction.callers.push(caller);
                if is_create {
                    scope.transaction.created.insert(target);
                }
                if let Some(acting) = acting {
                    *scope.transaction.acting.entry(acting).or_default() += 1;
                }
                Ok(None)
            }
        }
    }

    /// Whether an account delegates (EIP-7702) to a precompile, which has no code to run there, whatever its byte of code says.
    fn delegates_to_precompile(&mut self, address: Address) -> Result<bool, Fault> {
        let arbos = self.inner.ctx.chain.block.arbos;
        let journal = &mut self.inner.ctx.journaled_state;
        let account = journal.load_account_with_code(address).map_err(Fault::Db)?;
        let code = account.data.info.code.as_ref();
        let delegate = code.and_then(Bytecode::eip7702_address);
        let is_precompile = |delegate| precompiles::addresses(arbos).any(|it| it == delegate);
        Ok(arbos >= ArbOs::STACK_CLAMP && delegate.is_some_and(is_precompile))
    }

    /// Checks that the run may go on: it was not interrupted, and its programs hold no more memory than is allowed.
    ///
    /// # Errors
    /// If it must not. No transaction causes this: the run has no outcome.
    pub(super) fn go_on(&mut self) -> Result<(), Fault> {
        let scope = &self.inner.ctx.chain;
        if scope.transaction.pages.open > scope.block.most_pages {
            scope.interrupt.raise(Interrupted::Memory);
        }
        glance(&scope.interrupt)
    }

    /// Runs the top frame until it calls or ends.
    fn step(&mut self) -> Result<FrameInitOrResult<EthFrame>, Fault> {
        match self.inspecting {
            true => self.inspect_frame_run(),
            false => self.frame_run(),
        }
    }

    /// Pops an ended frame and gives its result to the frame below; returns the result if that frame is `base`.
    fn end(
        &mut self,
        result: FrameResult,
        base: Option<usize>,
    ) -> Result<Option<FrameResult>, Fault> {
        let stack = &mut self.inner.frame_stack;
        let top = stack.get();
        let has_frame = top.is_finished();
        // One that ended without a frame would have been above the top.
        let depth = top.depth + usize::from(!has_frame);
        let failed = &mut self.inner.ctx.chain.transaction.failed;
        failed.count(result.instruction_result(), depth);
        if has_frame {
            let frame = stack.get();
            let acting = acting(&frame.input, frame.interpreter.input.target_address);
            stack.pop();
            self.inner.ctx.chain.transaction.callers.pop();
            if let Some(acting) = acting
                && let Some(times) = self.inner.ctx.chain.transaction.acting.get_mut(&acting)
            {
                *times = times.saturating_sub(1);
            }
        }
        if self.inner.frame_stack.index() == base {
            return Ok(Some(result));
        }
        let below = self.inner.frame_stack.get();
        below.return_result::<_, Fault>(&mut self.inner.ctx, result)?;
        Ok(None)
    }

    /// Runs a call or create made by a program or native contract until it ends.
    pub(super) fn child(&mut self, frame_input: FrameInput) -> Result<FrameResult, Fault> {
        let base = self.inner.frame_stack.index();
        let frame = self.inner.frame_stack.get();
        let depth = frame.depth + 1;
        let init = FrameInit {
            depth,
            memory: frame.interpreter.memory.new_child_context(),
            frame_input,
        };
        let result = match self.begin(init)? {
            Some(result) => {
                let failed = &mut self.inner.ctx.chain.transaction.failed;
                failed.count(result.instruction_result(), depth);
                result
            }
            None => self.run_until(base)?,
        };
        self.inner
            .frame_stack
            .get()
            .interpreter
            .memory
            .free_child_context();
        std::mem::replace(&mut self.inner.ctx.error, Ok(()))?;
        Ok(result)
    }

    /// Prepares a plain call without value: loads the target and, if it delegates (EIP-7702), its delegate.
    pub(super) fn call_inputs(
        &mut self,
        target: Address,
        input: Bytes,
        gas_limit: Gas,
    ) -> Result<CallInputs, Fault> {
        let context = &mut self.inner.ctx;
        let account = context.journaled_state.load_account_with_code(target);
        let info = &account.map_err(Fault::Db)?.data.info;
        let mut known = (info.code_hash(), info.code.clone().unwrap_or_default());
        // Unlike an instruction, a program's call pays nothing for the delegate and leaves it cold.
        if let Some(delegate) = known.1.eip7702_address() {
            let hash = peek::info(context, delegate).code_hash();
            known = (hash, peek::bytecode(context, delegate));
        }
        Ok(CallInputs {
            input: CallInput::Bytes(input),
            return_memory_offset: 0..0,
            gas_limit: gas_limit.0,
            reservoir: 0,
            bytecode_address: target,
            known_bytecode: known,
            target_address: target,
            caller: Address::ZERO,
            value: CallValue::Transfer(U256::ZERO),
            scheme: CallScheme::Call,
            is_static: false,
            charged_new_account_state_gas: false,
        })
    }

    /// What the top frame runs.
    fn kind(&mut self) -> Kind {
        let frame = self.inner.frame_stack.get();
        let FrameInput::Call(inputs) = &frame.input else {
            // Init code that looks like a program is an invalid instruction, as on chain.
            return Kind::Evm;
        };
        let (hash, code) = &inputs.known_bytecode;
        match code.original_byte_slice() {
            [0xEF, 0xF0, 0x00, ..] => Kind::Program,
            [0xEF, 0xF0, 0x02, ..] if self.inner.ctx.chain.block.arbos >= ArbOs::FRAGMENTS => {
                Kind::Program
            }
            [natives::MARK, ..] => natives::find(*hash).map_or(Kind::Evm, Kind::Native),
            _ => Kind::Evm,
        }
    }

    /// Ends the top frame, which was a program's or a native contract's.
    fn finish(&mut self, result: InterpreterResult) -> Result<FrameInitOrResult<EthFrame>, Fault> {
        let frame = self.inner.frame_stack.get();
        let mut ended = frame.process_next_action::<_, Fault>(
            &mut self.inner.ctx,
            InterpreterAction::Return(result),
        )?;
        frame.set_finished(true);
        if let (true, ItemOrResult::Result(result)) = (self.inspecting, &mut ended) {
            frame_end(
                &mut self.inner.ctx,
                &mut self.inner.inspector,
                &frame.input,
                result,
            );
        }
        Ok(ended)
    }

    fn run_native(&mut self, native: Native) -> Result<FrameInitOrResult<EthFrame>, Fault> {
        let frame = self.inner.frame_stack.get();
        let limit = Gas(frame.interpreter.gas.limit());
        let input = &frame.interpreter.input;
        let call = NativeCall {
            address: input.target_address,
            caller: input.caller_address,
            value: input.call_value,
            input: input.input.bytes(&self.inner.ctx),
            gas: limit,
            is_static: frame.interpreter.runtime_flag.is_static,
        };
        let reply = stylus_vm::with_room(NATIVE_ROOM, || natives::run(native, self, &call))
            .map_err(|error| Fault::Custom(format!("no stack for a native contract: {error}")))??;
        let mut gas = EvmGas::new(limit.0);
        gas.set_remaining(reply.gas_left.min(limit).0);
        let result = match reply.ending {
            NativeEnding::Success => {
                gas.record_refund(reply.refund);
                InstructionResult::Return
            }
            NativeEnding::Revert => InstructionResult::Revert,
            NativeEnding::OutOfGas => {
                gas.spend_all();
                InstructionResult::OutOfGas
            }
        };
        self.finish(InterpreterResult::new(result, reply.output, gas))
    }

    /// Returns an EVM frame's last action, or a refusal if a create returns code that only a program may have (EIP-3541).
    fn admit(&mut self, mut action: InterpreterAction) -> InterpreterAction {
        let is_create = matches!(self.inner.frame_stack.get().input, FrameInput::Create(_));
        if let InterpreterAction::Return(result) = &mut action
            && is_create
            && result.result.is_ok()
            && result.output.first() == Some(&0xEF)
            && !stylus_vm::code::is_stylus(&result.output, self.inner.ctx.chain.block.arbos)
        {
            result.result = InstructionResult::CreateContractStartingWithEF;
        }
        action
    }
}

/// Checks that a run may go on: it was not interrupted, and everything it read was available.
fn glance(interrupt: &Interrupt) -> Result<(), Fault> {
    // The flag stays down: it belongs to whoever started the run, who may go on with another.
    if source::has_failed() {
        return Err(Fault::Custom(Interrupted::Forked.to_string()));
    }
    interrupt
        .check()
        .map_err(|why| Fault::Custom(why.to_string()))
}

/// The account to count a frame's execution under; none for a delegate call.
fn acting(input: &FrameInput, target: Address) -> Option<Address> {
    match input {
        FrameInput::Call(inputs) => {
            matches!(inputs.scheme, CallScheme::Call | CallScheme::StaticCall).then_some(target)
        }
        FrameInput::Create(_) => Some(target),
        FrameInput::Empty => None,
    }
}

/// Converts the result of a call or create for a caller outside the EVM.
pub(super) fn reply(result: FrameResult) -> Reply {
    let (result, address) = match result {
        FrameResult::Call(outcome) => (outcome.result, None),
        FrameResult::Create(outcome) => (outcome.result, outcome.address),
    };
    let (success, reverted) = (result.result.is_ok(), result.result.is_revert());
    Reply {
        success,
        reverted,
        // Every other ending leaves no gas, even if the gas counter was not emptied.
        gas_left: if success || reverted {
            Gas(result.gas.remaining())
        } else {
            Gas::ZERO
        },
        refund: if success { result.gas.refunded() } else { 0 },
        output: if success || reverted {
            result.output
        } else {
            Bytes::new()
        },
        address: address.filter(|_| success),
    }
}

impl<I: HostioInspector> native::Machine for Machine<I> {
    fn context(&mut self) -> &mut Context {
        &mut self.inner.ctx
    }

    fn call(
        &mut self,
        from: Address,
        to: Address,
        value: U256,
        input: Bytes,
        gas: Gas,
    ) -> Result<Reply, Fault> {
        let is_static = self
            .inner
            .frame_stack
            .get()
            .interpreter
            .runtime_flag
            .is_static;
        let inputs = self.call_inputs(to, input, gas)?;
        let inputs = CallInputs {
            caller: from,
            value: CallValue::Transfer(value),
            is_static,
            ..inputs
        };
        self.child(FrameInput::Call(Box::new(inputs))).map(reply)
    }

    fn create(
        &mut self,
        from: Address,
        code: Bytes,
        value: U256,
        salt: Option<B256>,
        gas: Gas,
    ) -> Result<Reply, Fault> {
        let scheme = match salt {
            Some(salt) => CreateScheme::Create2 { salt: salt.into() },
            None => CreateScheme::Create,
        };
        let inputs = CreateInputs::new(from, scheme, value, code, gas.0, 0);
        self.child(FrameInput::Create(Box::new(inputs))).map(reply)
    }
}

impl<I: HostioInspector> EvmTr for Machine<I> {
    type Context = Context;
    type Instructions = EthInstructions<EthInterpreter, Context>;
    type Precompiles = Precompiles;
    type Frame = EthFrame;

    fn all(
        &self,
    ) -> (
        &Context,
        &Self::Instructions,
        &Precompiles,
        &FrameStack<EthFrame>,
    ) {
        self.inner.all()
    }

    fn all_mut(
        &mut self,
    ) -> (
        &mut Context,
        &mut Self::Instructions,
        &mut Precompiles,
        &mut FrameStack<EthFrame>,
    ) {
        self.inner.all_mut()
    }

    fn frame_init(
        &mut self,
        init: FrameInit,
    ) -> Result<FrameInitResult<'_, EthFrame>, ContextDbError<Context>> {
        self.inner.frame_init(init)
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<EthFrame>, ContextDbError<Context>> {
        match self.kind() {
            Kind::Program => {
                let result = self.run_program()?;
                self.finish(result)
            }
            Kind::Native(native) => self.run_native(native),
            Kind::Evm => {
                let frame = self.inner.frame_stack.get();
                let instructions = &self.inner.instruction;
                let (table, gas) = (instructions.instruction_table(), instructions.gas_table());
                let interpreter = &mut frame.interpreter;
                let context = &mut self.inner.ctx;
                // revm's own loop, with a check of the flag now and then.
                let end = 'running: loop {
                    for _ in 0..STEPS {
                        if let Err(end) = interpreter.step(table, gas, context) {
                            break 'running end;
                        }
                    }
                    glance(&context.chain.interrupt)?;
                };
                if interpreter.bytecode.action().is_none() {
                    interpreter.halt(end);
                }
                let action = interpreter.take_next_action();
                self.act(action)
            }
        }
    }

    fn frame_return_result(
        &mut self,
        result: FrameResult,
    ) -> Result<Option<FrameResult>, ContextDbError<Context>> {
        self.end(result, None)
    }
}

impl<I: HostioInspector> Machine<I> {
    /// Carries out an EVM frame's last action.
    fn act(&mut self, action: InterpreterAction) -> Result<FrameInitOrResult<EthFrame>, Fault> {
        let action = self.admit(action);
        if let InterpreterAction::Return(result) = action {
            return self.finish(result);
        }
        let frame = self.inner.frame_stack.get();
        frame.process_next_action(&mut self.inner.ctx, action)
    }
}

impl<I: HostioInspector> InspectorEvmTr for Machine<I> {
    type Inspector = I;

    fn all_inspector(
        &self,
    ) -> (
        &Context,
        &Self::Instructions,
        &Precompiles,
        &FrameStack<EthFrame>,
        &I,
    ) {
        let inner = &self.inner;
        (
            &inner.ctx,
            &inner.instruction,
            &inner.precompiles,
            &inner.frame_stack,
            &inner.inspector,
        )
    }

    fn all_mut_inspector(
        &mut self,
    ) -> (
        &mut Context,
        &mut Self::Instructions,
        &mut Precompiles,
        &mut FrameStack<EthFrame>,
        &mut I,
    ) {
        let inner = &mut self.inner;
        (
            &mut inner.ctx,
            &mut inner.instruction,
            &mut inner.precompiles,
            &mut inner.frame_stack,
            &mut inner.inspector,
        )
    }

    fn inspect_frame_run(
        &mut self,
    ) -> Result<FrameInitOrResult<EthFrame>, ContextDbError<Context>> {
        if !matches!(self.kind(), Kind::Evm) {
            return self.frame_run();
        }
        let frame = self.inner.frame_stack.get();
        let instructions = &self.inner.instruction;
        let action = inspect_instructions(
            &mut self.inner.ctx,
            &mut frame.interpreter,
            &mut self.inner.inspector,
            instructions.instruction_table(),
            instructions.gas_table(),
        );
        // A tracer can stop an interpreter in mid-run, which does not end the frame.
        self.go_on()?;
        self.act(action)
    }
}
