//! One Stylus frame: from the gas it is given to the result it leaves.
//!
//! Lives here: what the chain does around a run: whether the program is active, what its start costs, how much gas is returned. Not here:
//! the run itself (`stylus_vm`), what it asks of the chain (`host`).

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::interpreter::{FrameInput, Gas as EvmGas, InstructionResult, InterpreterResult};
use stylus_vm::code::{self, CodeError};
use stylus_vm::explain::ExplainedProgram;
use stylus_vm::lines::code_hash;
use stylus_vm::profile::{Names, Profile};
use stylus_vm::{
    Activation, ArbOs, Call, Config, Environment, Gas, Ink, Outcome, ProfiledProgram, Program,
    Report,
};

use crate::arbos::{self, Entry, Journal};
use crate::evm::host::ProgramHost;
use crate::evm::machine::{Fault, Machine};
use crate::evm::programs::{ProgramError, as_activated};
use crate::evm::{Context, Reason, peek};
use crate::explain::Artifacts;
use crate::trace::{Explained, HostioInspector, Nearness, ProgramRun, Watching};

/// What a program needs of the top frame.
struct Frame {
    code_hash: B256,
    code: Bytes,
    given: Gas,
    calldata: Bytes,
    environment: Environment,
    /// The account whose code this is.
    code_address: Address,
}

/// A compiled program.
enum ToRun {
    Plain(Program),
    /// With the hash that identifies its module's code.
    Profiled(ProfiledProgram, B256),
    /// With the hash that identifies its module's code.
    Explained(Box<ExplainedProgram>, B256),
    /// Its blocks are counted under this module's hash.
    Counted(Box<ExplainedProgram>, B256),
}

/// Why the module of an active program is unavailable.
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

/// The start of a run: an active program whose start is paid for.
struct Start {
    config: Config,
    entry: Entry,
    nearness: Nearness,
    /// Gas for starting it, and for its initial pages.
    start_gas: Gas,
    page_gas: Gas,
    /// Gas left for the program.
    left: Gas,
}

/// A run that has ended, and what it left.
struct Ended {
    report: Report,
    profile: Option<(Profile, B256)>,
    explained: Option<Explained>,
    refund: i64,
    ink_bought: Ink,
}

impl<I: HostioInspector> Machine<I> {
    /// Runs the top frame's program: pays for its start, has it compiled, runs it, records how it went, and returns the gas that is left.
    pub(super) fn run_program(&mut self) -> Result<InterpreterResult, Fault> {
        let frame = self.program_frame();
        let start = match self.pay_for_start(&frame) {
            Ok(start) => start,
            Err(result) => return Ok(starved(result, frame.given)),
        };
        let program = self.compiled(&frame, &start.config)?;
        let mut ended = self.run_compiled(&frame, &start, program)?;
        let back = ended.report.gas_back(frame.given, &start.config);
        self.note(&frame, &start, &mut ended, back);
        let (report, refund) = (ended.report, ended.refund);
        let result = result_of(report.outcome);
        Ok(match back {
            Some(back) => spent(result, frame.given, back, refund, report.output.into()),
            None => starved(InstructionResult::OutOfGas, frame.given),
        })
    }

    /// Pays for the start of a frame's program.
    ///
    /// # Errors
    /// The end of the frame, if the program is not active or the gas does not suffice.
    fn pay_for_start(&mut self, frame: &Frame) -> Result<Start, InstructionResult> {
        let context = self.context();
        let (debug, most_code) = (context.chain.chain.debug, context.chain.chain.max_code_size);
        let config = arbos::vm_config(&mut Journal(context), debug, most_code);
        let now = frame.environment.block_timestamp;
        let entry = arbos::active_program(&mut Journal(context), frame.code_hash, &config, now);
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let reason = error.to_string();
                if let Some((inspector, _)) = self.inspector() {
                    inspector.refused(&reason);
                }
                self.context().chain.transaction.reason = Some(Reason::Refused(reason));
                // Not a revert: all the gas is used.
                return Err(InstructionResult::InvalidFEOpcode);
            }
        };

        let capacity = config.stylus.block_cache_size;
        let is_recent = config.arbos >= ArbOs::FRAGMENTS
            && context.chain.block.recent.call(frame.code_hash, capacity);
        let activation = Activation {
            gas: Gas::ZERO,
            init_cost: entry.init_cost,
            cached_init_cost: entry.cached_init_cost,
            asm_estimate: 0,
            footprint: entry.footprint,
        };
        let nearness = match (entry.cached, is_recent) {
            (true, _) => Nearness::Cached,
            (false, true) => Nearness::Recent,
            (false, false) => Nearness::Uncached,
        };
        let page_gas = config
            .memory()
            .cost(entry.footprint, context.chain.transaction.pages);
        let start_gas = activation.call_gas(&config, nearness != Nearness::Uncached);
        let left = frame.given.checked_sub(page_gas.saturating_add(start_gas));
        Ok(Start {
            left: left.ok_or(InstructionResult::OutOfGas)?,
            config,
            entry,
            nearness,
            start_gas,
            page_gas,
        })
    }

    /// Returns the frame's program, compiled to record what the inspector wants.
    fn compiled(&mut self, frame: &Frame, config: &Config) -> Result<ToRun, ModuleError> {
        let (depth, address) = (self.depth(), frame.environment.contract);
        let watching = match self.inspector() {
            Some((inspector, _)) => inspector.watching(depth, address, frame.code_address),
            // A traced run has run before, so it does not count.
            None => match self.counted(frame, config)? {
                Some(counted) => return Ok(counted),
                None => Watching::Nothing,
            },
        };
        self.program_to_run(frame, config, watching)
    }

    /// Returns the frame's program if its blocks are counted.
    fn counted(&mut self, frame: &Frame, config: &Config) -> Result<Option<ToRun>, ModuleError> {
        let context = self.context();
        let coverage = context.chain.chain.coverage.clone();
        let programs = context.chain.chain.programs.clone();
        let artifacts = context.chain.chain.artifacts.clone();
        let mut wasm = || module(context, &frame.code, config);
        let Some(hash) = coverage.module_of(frame.code_hash, &mut wasm)? else {
            return Ok(None);
        };
        let wasm = || Ok::<_, ModuleError>(wasm()?);
        let names = |wasm: &[u8]| own_names(&artifacts, wasm);
        let counted = programs.explained_account(frame.code_hash, config, wasm, names)?;
        Ok(Some(ToRun::Counted(Box::new(counted.program), hash)))
    }

    /// Runs the program with the gas left after its start; its pages count as open meanwhile.
    fn run_compiled(
        &mut self,
        frame: &Frame,
        start: &Start,
        program: ToRun,
    ) -> Result<Ended, Fault> {
        let before = self
            .context()
            .chain
            .transaction
            .pages
            .add(start.entry.footprint);
        self.go_on()?;
        let config = &start.config;
        let ink_bought = config.stylus.ink_price.gas_to_ink(start.left);
        let call = Call {
            calldata: frame.calldata.clone(),
            ink: ink_bought,
            environment: frame.environment.clone(),
        };
        let chain = &self.context().chain.chain;
        let (coverage, artifacts) = (chain.coverage.clone(), chain.artifacts.clone());
        let mut host = ProgramHost::new(self, frame.environment.clone());
        let ended = match program {
            ToRun::Plain(program) => program
                .run(&mut host, call)
                .map(|report| (report, None, None)),
            ToRun::Profiled(program, code) => program
                .run(&mut host, call)
                .map(|(report, profile)| (report, Some((profile, code)), None)),
            ToRun::Explained(program, code) => {
                let run = program.run(&mut host, call);
                run.map(|(report, explanation)| {
                    let told = Explained {
                        explanation,
                        code,
                        artifacts,
                    };
                    (report, None, Some(told))
                })
            }
            ToRun::Counted(program, module) => {
                let run = program.run(&mut host, call);
                run.map(|(report, explanation)| {
                    coverage.add(module, &explanation.counts);
                    (report, None, None)
                })
            }
        };
        let refund = host.refund();
        self.context().chain.transaction.pages.close(before);
        match ended {
            Ok((report, profile, explained)) => Ok(Ended {
                report,
                profile,
                explained,
                refund,
                ink_bought,
            }),
            // A fault of the machine that came up through the program is the machine's again.
            Err(error) => Err(self
                .fault
                .take()
                .unwrap_or_else(|| Fault::Custom(error.to_string()))),
        }
    }

    /// Records why a run failed, and notifies an inspector.
    fn note(&mut self, frame: &Frame, start: &Start, ended: &mut Ended, back: Option<Gas>) {
        let report = &ended.report;
        if let Some(cause) = &report.cause {
            self.context().chain.transaction.reason = Some(Reason::Failed(cause.to_string()));
        }
        let (depth, address) = (self.depth(), frame.environment.contract);
        if let Some((inspector, _)) = self.inspector() {
            let (profile, module_code) = ended.profile.take().unzip();
            let run = ProgramRun {
                address,
                selector: frame.calldata.first_chunk().copied(),
                given: frame.given,
                nearness: start.nearness,
                start_gas: start.start_gas,
                start_page_gas: start.page_gas,
                footprint: start.entry.footprint,
                ink_used: report.ink_used,
                ink_bought: ended.ink_bought,
                ink_price: start.config.stylus.ink_price,
                gas_back: back.unwrap_or(Gas::ZERO),
                pages: report.pages,
                outcome: report.outcome,
                output: report.output.clone(),
                profile,
                module_code,
                explained: ended.explained.take(),
            };
            inspector.program(depth, run);
        }
    }

    /// Returns a frame's program, ready to run and be watched.
    fn program_to_run(
        &mut self,
        frame: &Frame,
        config: &Config,
        watching: Watching,
    ) -> Result<ToRun, ModuleError> {
        let context = self.context();
        let programs = context.chain.chain.programs.clone();
        let interrupt = context.chain.interrupt.clone();
        let artifacts = context.chain.chain.artifacts.clone();
        let mut wasm = || module(context, &frame.code, config).map_err(ModuleError::from);
        Ok(match watching {
            Watching::Nothing => {
                ToRun::Plain(programs.program(frame.code_hash, config, &interrupt, wasm)?)
            }
            Watching::Functions(names) => {
                let wasm = wasm()?;
                let names = names.unwrap_or_else(|| own_names(&artifacts, &wasm));
                let profiled = programs.profiled(&wasm, config, names);
                let code = code_hash(&wasm).unwrap_or_default();
                ToRun::Profiled(profiled.map_err(Arc::new)?, code)
            }
            Watching::Failure(names) => {
                let explained = match names {
                    Some(names) => {
                        let explained = programs.explained(&wasm()?, config, names);
                        explained.map_err(Arc::new)?
                    }
                    None => {
                        let names = |wasm: &[u8]| own_names(&artifacts, wasm);
                        programs.explained_account(frame.code_hash, config, wasm, names)?
                    }
                };
                ToRun::Explained(Box::new(explained.program), explained.code)
            }
        })
    }

    /// Copies what a program needs out of the top frame, which calls may move.
    fn program_frame(&mut self) -> Frame {
        let frame = self.inner.frame_stack.get();
        let context = &self.inner.ctx;
        let input = &frame.interpreter.input;
        let ((code_hash, code), code_address) = match &frame.input {
            FrameInput::Call(inputs) => (inputs.known_bytecode.clone(), inputs.bytecode_address),
            FrameInput::Create(_) | FrameInput::Empty => Default::default(),
        };
        let number = |word: U256| word.saturating_to();
        let acting = context.chain.transaction.acting.get(&input.target_address);
        Frame {
            code_hash,
            code: code.original_bytes(),
            code_address,
            given: Gas(frame.interpreter.gas.limit()),
            calldata: input.input.bytes(context),
            environment: Environment {
                contract: input.target_address,
                sender: input.caller_address,
                value: input.call_value,
                origin: context.tx.caller,
                gas_price: context.chain.transaction.gas_price.word(),
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

/// Returns the names that the chain finds for a module's functions.
fn own_names(artifacts: &Artifacts, wasm: &[u8]) -> Names {
    let own = artifacts.of_module(wasm);
    own.map(|artifact| artifact.names).unwrap_or_default()
}

/// Returns the module of a program's code; reading its fragments leaves the access list unchanged.
fn module(context: &mut Context, code: &[u8], config: &Config) -> Result<Vec<u8>, CodeError> {
    let code = code::parse(code, config)?;
    let accounts = match &code {
        code::Code::Root { fragments, .. } => fragments.as_slice(),
        code::Code::Classic { .. } => &[],
    };
    let accounts: Vec<Bytes> = accounts
        .iter()
        .map(|address| peek::code(context, *address))
        .collect();
    let slices = accounts.iter().map(|account| code::fragment(account));
    let slices = slices.collect::<Result<Vec<_>, _>>()?;
    code.decompress(&slices, None, &as_activated(config))
}

/// Converts a program's outcome for the EVM.
fn result_of(outcome: Outcome) -> InstructionResult {
    match outcome {
        Outcome::Success => InstructionResult::Return,
        Outcome::Revert | Outcome::Failure => InstructionResult::Revert,
        Outcome::OutOfInk => InstructionResult::OutOfGas,
        // Not revm's "too deep", which returns gas.
        Outcome::OutOfStack => InstructionResult::StackOverflow,
    }
}

/// The result of a frame that returns no gas.
fn starved(result: InstructionResult, given: Gas) -> InterpreterResult {
    spent(result, given, Gas::ZERO, 0, Bytes::new())
}

/// The result of a frame that was given `given` gas and returns `back`.
fn spent(
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
