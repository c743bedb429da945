//! One Stylus frame: from the gas it is given to the result it leaves.
//!
//! Lives here: what the chain does around a run: is the program active, what does its start cost, which gas comes back. Not
//! here: the run itself (`stylus_vm`), what it asks of the chain (`host`).

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::interpreter::{FrameInput, Gas as EvmGas, InstructionResult, InterpreterResult};
use stylus_vm::code::{self, CodeError};
use stylus_vm::profile::Names;
use stylus_vm::{
    Activation, ArbOs, Call, Config, Environment, Gas, Outcome, ProfiledProgram, Program,
};

use crate::arbos::{self, Journal};
use crate::evm::host::ProgramHost;
use crate::evm::machine::{Fault, Machine};
use crate::evm::programs::ProgramError;
use crate::evm::{Context, Reason};
use crate::trace::{HostioInspector, Nearness, ProgramRun};

/// The top frame, as far as a program is concerned.
struct Frame {
    code_hash: B256,
    code: Bytes,
    given: Gas,
    calldata: Bytes,
    environment: Environment,
}

/// A program, compiled.
enum ToRun {
    Plain(Program),
    Profiled(ProfiledProgram),
}

/// Why the module of an active program cannot be had.
#[derive(Debug, thiserror::Error)]
enum ModuleError {
    #[error("the code of an active program is broken: {0}")]
    Code(#[from] CodeError),
    #[error("{0}")]
    Program(#[from] Arc<ProgramError>),
}

impl From<ModuleError> for Fault {
    fn from(error: ModuleError) -> Self {
        Self::Custom(error.to_string())
    }
}

impl<I: HostioInspector> Machine<I> {
    /// Runs the program that the top frame is about.
    pub(super) fn run_program(&mut self) -> Result<InterpreterResult, Fault> {
        let frame = self.program_frame();
        let given = frame.given;
        let context = self.context();
        let (debug, most_code) = (context.chain.debug, context.chain.max_code_size);
        let config = arbos::vm_config(&mut Journal(context), debug, most_code);
        let now = frame.environment.block_timestamp;
        let entry =
            match arbos::active_program(&mut Journal(context), frame.code_hash, &config, now) {
                Ok(entry) => entry,
                Err(error) => {
                    context.chain.reason = Some(Reason::Refused(error.to_string()));
                    // Not a revert: all the gas is gone.
                    return Ok(ended(
                        InstructionResult::InvalidFEOpcode,
                        given,
                        Gas::ZERO,
                        0,
                        Bytes::new(),
                    ));
                }
            };

        let capacity = config.stylus.block_cache_size;
        let is_recent = config.arbos >= ArbOs::FRAGMENTS
            && context.chain.recent.call(frame.code_hash, capacity);
        let start = Activation {
            gas: Gas::ZERO,
            init_cost: entry.init_cost,
            cached_init_cost: entry.cached_init_cost,
            asm_estimate: 0,
            footprint: entry.footprint,
        };
        let memory = config.memory().cost(entry.footprint, context.chain.pages);
        let nearness = match (entry.cached, is_recent) {
            (true, _) => Nearness::Cached,
            (false, true) => Nearness::Recent,
            (false, false) => Nearness::Uncached,
        };
        let start_gas = start.call_gas(&config, nearness != Nearness::Uncached);
        let cost = memory.saturating_add(start_gas);
        let Some(left) = given.checked_sub(cost) else {
            return Ok(ended(
                InstructionResult::OutOfGas,
                given,
                Gas::ZERO,
                0,
                Bytes::new(),
            ));
        };

        let address = frame.environment.contract;
        let depth = self.depth();
        let names = match self.inspector() {
            Some((inspector, _)) => inspector.functions(depth, address),
            None => None,
        };
        let program = self.program_to_run(&frame, &config, names)?;
        let before = self.context().chain.pages.add(entry.footprint);
        self.go_on()?;
        let ink = config.stylus.ink_price.gas_to_ink(left);
        let call = Call {
            calldata: frame.calldata,
            ink,
            environment: frame.environment.clone(),
        };
        let mut host = ProgramHost::new(self, frame.environment);
        let report = match program {
            ToRun::Plain(program) => program
                .run(&mut host, &config, call)
                .map(|report| (report, None)),
            ToRun::Profiled(program) => program
                .run(&mut host, &config, call)
                .map(|(report, profile)| (report, Some(profile))),
        };
        let refund = host.refund();
        self.context().chain.pages.close(before);
        let (report, profile) = match report {
            Ok(report) => report,
            // A fault of the machine came up through the program: it is the machine's again.
            Err(error) => {
                return Err(self
                    .fault
                    .take()
                    .unwrap_or_else(|| Fault::Custom(error.to_string())));
            }
        };

        let result = match report.outcome {
            Outcome::Success => InstructionResult::Return,
            Outcome::Revert | Outcome::Failure => InstructionResult::Revert,
            Outcome::OutOfInk => InstructionResult::OutOfGas,
            // Not revm's "too deep", which gives gas back.
            Outcome::OutOfStack => InstructionResult::StackOverflow,
        };
        if let Some(cause) = report.cause {
            let reason = Reason::Failed(format!("the program failed: {cause}"));
            self.context().chain.reason = Some(reason);
        }
        let back = report.gas_back(given, &config);
        if let Some((inspector, _)) = self.inspector() {
            let run = ProgramRun {
                address,
                given,
                nearness,
                start_gas,
                start_page_gas: memory,
                footprint: entry.footprint,
                ink_used: report.ink_used,
                ink_bought: ink,
                gas_back: back.unwrap_or(Gas::ZERO),
                pages: report.pages,
                outcome: report.outcome,
                output: report.output.clone(),
                profile,
            };
            inspector.program(depth, run);
        }
        Ok(match back {
            Some(back) => ended(result, given, back, refund, report.output.into()),
            None => ended(
                InstructionResult::OutOfGas,
                given,
                Gas::ZERO,
                0,
                Bytes::new(),
            ),
        })
    }

    /// The program of a frame, ready to run; with its functions recorded where they have names to be recorded under.
    fn program_to_run(
        &mut self,
        frame: &Frame,
        config: &Config,
        names: Option<Names>,
    ) -> Result<ToRun, ModuleError> {
        let context = self.context();
        let programs = context.chain.programs.clone();
        let interrupt = context.chain.interrupt.clone();
        let mut wasm = || module(context, &frame.code, config).map_err(ModuleError::from);
        Ok(match names {
            None => ToRun::Plain(programs.program(frame.code_hash, config, &interrupt, wasm)?),
            Some(names) => {
                let profiled = programs.profiled(&wasm()?, config, names);
                ToRun::Profiled(profiled.map_err(Arc::new)?)
            }
        })
    }

    /// Takes out of the top frame what its program needs; calls may move the frame.
    fn program_frame(&mut self) -> Frame {
        let frame = self.inner.frame_stack.get();
        let context = &self.inner.ctx;
        let input = &frame.interpreter.input;
        let (code_hash, code) = match &frame.input {
            FrameInput::Call(inputs) => inputs.known_bytecode.clone(),
            FrameInput::Create(_) | FrameInput::Empty => Default::default(),
        };
        let number = |word: U256| word.saturating_to();
        let acting = context.chain.acting.get(&input.target_address);
        Frame {
            code_hash,
            code: code.original_bytes(),
            given: Gas(frame.interpreter.gas.limit()),
            calldata: input.input.bytes(context),
            environment: Environment {
                contract: input.target_address,
                sender: input.caller_address,
                value: input.call_value,
                origin: context.tx.caller,
                gas_price: context.chain.gas_price,
                base_fee: U256::from(context.block.basefee),
                coinbase: context.block.beneficiary,
                block_number: context.chain.block.l1_number,
                block_timestamp: number(context.block.timestamp),
                block_gas_limit: context.block.gas_limit,
                chain_id: context.cfg.chain_id,
                reentrant: acting.is_some_and(|times| *times > 1),
                is_static: frame.interpreter.runtime_flag.is_static,
            },
        }
    }
}

/// The module of a program's code, its fragments read without a trace in the access list.
fn module(context: &mut Context, code: &[u8], config: &Config) -> Result<Vec<u8>, CodeError> {
    let code = code::parse(code, config)?;
    let accounts = match &code {
        code::Code::Root { fragments, .. } => fragments.as_slice(),
        code::Code::Classic { .. } => &[],
    };
    let accounts: Vec<Bytes> = accounts
        .iter()
        .map(|address| peek_code(context, *address))
        .collect();
    let slices = accounts.iter().map(|account| code::fragment(account));
    let slices = slices.collect::<Result<Vec<_>, _>>()?;
    code.decompress(&slices, None, config)
}

/// An account's code, without warming the account.
fn peek_code(context: &mut Context, address: Address) -> Bytes {
    let journal = &context.journaled_state;
    let loaded = journal.inner.state.get(&address);
    let code = loaded.and_then(|account| account.info.code.as_ref());
    match code {
        Some(code) => code.original_bytes(),
        None => journal.database.code(address),
    }
}

/// The result of a frame that was given `given` gas and gives back `back`.
fn ended(
    result: InstructionResult,
    given: Gas,
    back: Gas,
    refund: i64,
    output: Bytes,
) -> InterpreterResult {
    let mut gas = EvmGas::new(given.0);
    gas.set_remaining(back.0.min(given.0));
    if result.is_ok() {
        gas.record_refund(refund);
    }
    InterpreterResult::new(result, output, gas)
}
