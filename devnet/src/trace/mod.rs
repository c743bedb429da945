//! Tracers: what `debug_traceTransaction` and `debug_traceCall` report of a run.
//!
//! Lives here: selecting a tracer and passing events to it. Not here: what each reports (`stylus`, `structs`; the call and prestate tracers
//! are revm-inspectors'), and running the transaction (`chain`).

mod failures;
mod flat;
mod gas;
mod structs;
mod stylus;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Log, U256};
use alloy_rpc_types_eth::TransactionInfo;
use alloy_rpc_types_trace::geth::{
    CallConfig, CallFrame, FlatCallConfig, GethDebugTracingOptions, GethDefaultTracingOptions,
    PreStateConfig,
};
use revm::Inspector;
use revm::context::result::{ExecutionResult, ResultAndState};
use revm::database_interface::DatabaseRef;
use revm::inspector::NoOpInspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter};
use revm::state::EvmState;
use revm_inspectors::tracing::{FourByteInspector, TracingInspector, TracingInspectorConfig};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stylus_vm::Step;

use crate::bounded::{self, Unwritable};
use crate::evm::{Context, Interrupt, Interrupted, Invalid, Reason};
use crate::state::State;
pub(crate) use crate::trace::failures::Failures;
pub(crate) use crate::trace::gas::{Explained, Nearness, ProgramRun, Watching};
use crate::trace::gas::{GasAccount, GasOptions};
use crate::trace::structs::StructLogger;
use crate::trace::stylus::HostioTree;

/// An inspector that may also want to see host calls; by default it does not.
pub(crate) trait HostioInspector: Inspector<Context, EthInterpreter> {
    /// Whether it wants to see host calls.
    fn is_tracing(&self) -> bool {
        false
    }

    /// A program acting for `address`, `depth` frames below the first, has made a host call, after which its frame's refund is `refund`.
    fn hostio(&mut self, _depth: usize, _address: Address, _step: Step, _refund: i64) {}

    /// What to record of the program of the account `code`, which acts for `address`, `depth` frames below the first.
    fn watching(&self, _depth: usize, _address: Address, _code: Address) -> Watching {
        Watching::Nothing
    }

    /// The program of the innermost call does not start, for this reason.
    fn refused(&mut self, _reason: &str) {}

    /// A program's run, `depth` frames below the first, has ended.
    fn program(&mut self, _depth: usize, _run: ProgramRun) {}
}

impl HostioInspector for NoOpInspector {}

/// A tracer, as a client requests it.
#[derive(Clone, Debug)]
pub(crate) enum Tracer {
    /// Host calls of Stylus programs, nested.
    Stylus,
    /// Where the gas went, down to the functions of a Stylus program.
    Gas(GasOptions),
    /// Frames, nested.
    Calls(CallConfig),
    /// Accounts before the run, or what it changed.
    Prestate(PreStateConfig),
    /// Each instruction of the EVM, and each host call as its equivalent instruction.
    Structs(GethDefaultTracingOptions),
    /// Frames in a flat list, as in geth, with the transaction's place on the chain.
    Flat(FlatCallConfig, TransactionInfo),
    /// Frames in a flat list, as in OpenEthereum: the gas of the first is what its code had and used.
    Parity(TransactionInfo),
    /// Selectors and the sizes of their arguments.
    FourByte,
    /// Reports nothing.
    Noop,
    /// Reports what several tracers report, by their names.
    Mux(Vec<(String, Self)>),
}

/// The most tracers at once.
const MOST_TRACERS: usize = 8;

/// An unavailable trace.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(
        "tracer {0:?} is not supported: there are stylusTracer, stylusGasTracer, callTracer, flatCallTracer, prestateTracer, 4byteTracer, noopTracer, \
         muxTracer, and the struct logger without a name"
    )]
    Unknown(String),
    #[error("muxTracer has at most {MOST_TRACERS} tracers, each by its name, and never itself")]
    Mux,
    #[error("the tracer's configuration is invalid: {0}")]
    Config(#[from] serde_json::Error),
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

impl Tracer {
    /// The gas tracer with all programs broken down by function.
    pub(crate) fn functions() -> Self {
        Self::Gas(GasOptions::functions())
    }

    /// The tracer that a request's options name.
    ///
    /// # Errors
    /// If the name is unknown, or the configuration invalid.
    pub(crate) fn parse(options: Option<Value>) -> Result<Self, TraceError> {
        let options: GethDebugTracingOptions = match options {
            None | Some(Value::Null) => Default::default(),
            Some(options) => serde_json::from_value(options)?,
        };
        let Some(tracer) = &options.tracer else {
            return Ok(Self::Structs(options.config));
        };
        let has_config = !options.tracer_config.is_null();
        Ok(match tracer.as_str() {
            "stylusTracer" => Self::Stylus,
            "stylusGasTracer" if has_config => {
                Self::Gas(serde_json::from_value(options.tracer_config.into_json())?)
            }
            "stylusGasTracer" => Self::Gas(GasOptions::default()),
            "callTracer" if has_config => Self::Calls(options.tracer_config.into_call_config()?),
            "callTracer" => Self::Calls(CallConfig::default()),
            "prestateTracer" if has_config => {
                Self::Prestate(options.tracer_config.into_pre_state_config()?)
            }
            "prestateTracer" => Self::Prestate(PreStateConfig::default()),
            "flatCallTracer" => {
                let config = options.tracer_config.into_flat_call_config()?;
                Self::Flat(config, TransactionInfo::default())
            }
            "4byteTracer" => Self::FourByte,
            "noopTracer" => Self::Noop,
            "muxTracer" => Self::mux(options.tracer_config.into_json())?,
            script if is_hostio_script(script) => Self::Stylus,
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(TraceError::Unknown(shown));
            }
        })
    }

    /// Several tracers, from the configuration of each by its name.
    fn mux(configs: Value) -> Result<Self, TraceError> {
        let configs: BTreeMap<String, Value> = serde_json::from_value(configs)?;
        if configs.len() > MOST_TRACERS || configs.contains_key("muxTracer") {
            return Err(TraceError::Mux);
        }
        let tracers = configs.into_iter().map(|(name, config)| {
            let options = json!({ "tracer": name, "tracerConfig": config });
            Ok((name, Self::parse(Some(options))?))
        });
        Ok(Self::Mux(tracers.collect::<Result<_, TraceError>>()?))
    }

    /// The same tracer for a transaction at `place` on the chain.
    pub(crate) fn at(mut self, place: TransactionInfo) -> Self {
        match &mut self {
            Self::Flat(_, at) => *at = place,
            Self::Mux(tracers) => {
                for (_, tracer) in tracers {
                    *tracer = tracer.clone().at(place);
                }
            }
            _ => {}
        }
        self
    }
}

/// Whether a tracer's text is a script over host calls, as `cargo stylus` sends it: it gets the native tracer's result.
fn is_hostio_script(text: &str) -> bool {
    [
        "hostio",
        "call_contract",
        "delegate_call_contract",
        "static_call_contract",
    ]
    .iter()
    .all(|part| text.contains(part))
}

/// The most bytes of a run that a tracer may hold, approximately as it will report them.
const MOST_TRACE: usize = 128 << 20;

/// Bytes that are counted at once, since all traces count together.
const COUNTED: usize = 64 << 10;

/// The halt that more gas might have prevented, in geth's words.
pub(crate) const OUT_OF_GAS: &str = "out of gas";

/// Bytes of a frame in a call tracer's memory, without its input and output.
const FRAME: usize = 1_024;

/// Bytes of a step in a tracer that keeps steps.
const STEP: usize = 512;

/// A running tracer.
pub(crate) struct Tracing {
    kind: Kind,
    /// The transaction's gas limit, once it has begun.
    gas_limit: u64,
    /// Bytes held by tracers that do not count themselves.
    bytes: usize,
    /// Bytes that the flag knows of.
    counted: usize,
    interrupt: Interrupt,
}

enum Kind {
    Stylus(HostioTree),
    Gas(Box<GasAccount>),
    Calls(Box<TracingInspector>, CallConfig),
    Prestate(Box<TracingInspector>, PreStateConfig),
    Structs(Box<StructLogger>),
    Flat(Box<TracingInspector>, FlatCallConfig, TransactionInfo),
    Parity(Box<TracingInspector>, TransactionInfo),
    FourByte(FourByteInspector),
    Noop,
    Mux(Vec<(String, Tracing)>),
}

impl Tracing {
    /// A fresh tracer. It stops a run that would produce too long a report.
    pub(crate) fn new(tracer: &Tracer, interrupt: &Interrupt) -> Self {
        let inspector = |config| Box::new(TracingInspector::new(config));
        let kind = match tracer {
            Tracer::Stylus => Kind::Stylus(HostioTree::default()),
            Tracer::Gas(options) => Kind::Gas(Box::new(GasAccount::new(options.clone()))),
            Tracer::Calls(config) => Kind::Calls(
                inspector(TracingInspectorConfig::from_geth_call_config(config)),
                *config,
            ),
            Tracer::Prestate(config) => {
                let settings = TracingInspectorConfig::from_geth_prestate_config(config);
                Kind::Prestate(inspector(settings), *config)
            }
            Tracer::Structs(options) => Kind::Structs(Box::new(StructLogger::new(*options))),
            Tracer::Flat(config, place) => {
                let settings = TracingInspectorConfig::from_flat_call_config(config);
                Kind::Flat(inspector(settings), *config, *place)
            }
            Tracer::Parity(place) => {
                let settings = TracingInspectorConfig::default_parity();
                Kind::Parity(inspector(settings), *place)
            }
            Tracer::FourByte => Kind::FourByte(FourByteInspector::default()),
            Tracer::Noop => Kind::Noop,
            Tracer::Mux(tracers) => {
                let tracers = tracers.iter();
                let tracings =
                    tracers.map(|(name, tracer)| (name.clone(), Self::new(tracer, interrupt)));
                Kind::Mux(tracings.collect())
            }
        };
        Self {
            kind,
            gas_limit: 0,
            bytes: 0,
            counted: 0,
            interrupt: interrupt.clone(),
        }
    }

    /// Counts what one of revm-inspectors' tracers has recorded.
    fn hold(&mut self, bytes: usize) {
        if matches!(
            self.kind,
            Kind::Calls(..) | Kind::Prestate(..) | Kind::Flat(..) | Kind::Parity(..)
        ) {
            self.bytes += bytes;
        }
        let held = self.held();
        if held > MOST_TRACE {
            self.interrupt.raise(Interrupted::TooLong);
        }
        let more = held.saturating_sub(self.counted);
        // Those of a mux count for themselves.
        if more >= COUNTED && !matches!(self.kind, Kind::Mux(_)) {
            self.interrupt.hold(more);
            self.counted = held;
        }
    }

    /// Bytes that it has recorded.
    fn held(&self) -> usize {
        match &self.kind {
            Kind::Structs(logger) => logger.len(),
            Kind::Stylus(tree) => tree.len(),
            Kind::Mux(tracings) => tracings.iter().map(|(_, it)| it.held()).sum(),
            _ => self.bytes,
        }
    }

    /// Whether it keeps every step.
    fn keeps_steps(&self) -> bool {
        match &self.kind {
            Kind::Calls(inspector, _) | Kind::Prestate(inspector, _) => {
                inspector.config().record_steps
            }
            _ => false,
        }
    }

    /// Its report of a run that ended with `result`, for `reason` if it failed, made `changes`, and began on `before`.
    ///
    /// # Errors
    /// If it cannot be converted to JSON.
    pub(crate) fn finish(
        self,
        result: &ExecutionResult,
        changes: &EvmState,
        before: &mut State,
        reason: Option<&Reason>,
    ) -> Result<Box<RawValue>, TraceError> {
        let gas_used = result.tx_gas_used();
        Ok(match self.kind {
            Kind::Stylus(tree) => bounded::to_json(&tree.finish())?,
            Kind::Gas(account) => bounded::to_json(&account.finish(result))?,
            Kind::Calls(inspector, config) => {
                let mut frame = nested(*inspector, config, self.gas_limit, gas_used);
                // The chain may explain a failed program that gave no reason.
                if frame.error.is_some() && frame.revert_reason.is_none() {
                    frame.revert_reason = reason.map(ToString::to_string);
                }
                bounded::to_json(&frame)?
            }
            Kind::Prestate(inspector, config) => {
                let all = ResultAndState {
                    result: result.clone(),
                    state: changes.clone(),
                };
                let builder = inspector.into_geth_builder();
                let Ok(frame) = builder.geth_prestate_traces(&all, &config, &*before);
                bounded::to_json(&frame)?
            }
            Kind::Structs(logger) => logger.finish(result)?,
            Kind::Flat(inspector, config, place) => {
                let nodes = inspector.traces().nodes().iter();
                // Marked by the configuration, unless it wants them.
                let precompiles = nodes.filter(|node| node.is_precompile());
                let left_out = precompiles.map(|node| node.trace.address).collect();
                let calls = CallConfig::default();
                let frame = nested(*inspector, calls, self.gas_limit, gas_used);
                let converts_errors = config.convert_parity_errors.unwrap_or(false);
                bounded::to_json(&flat::flat(frame, place, converts_errors, &left_out))?
            }
            Kind::Parity(inspector, place) => {
                let frames = inspector.into_parity_builder();
                bounded::to_json(&frames.into_localized_transaction_traces(place))?
            }
            Kind::FourByte(inspector) => bounded::to_json(
                &alloy_rpc_types_trace::geth::FourByteFrame::from(&inspector),
            )?,
            Kind::Noop => bounded::to_json(&serde_json::Map::new())?,
            Kind::Mux(tracings) => {
                let mut all = BTreeMap::new();
                for (name, tracing) in tracings {
                    all.insert(name, tracing.finish(result, changes, before, reason)?);
                }
                bounded::to_json(&all)?
            }
        })
    }
}

/// The call tracer's frames, of which the first has the transaction's gas, and errors are in geth's words.
fn nested(
    inspector: TracingInspector,
    config: CallConfig,
    gas_limit: u64,
    gas_used: u64,
) -> CallFrame {
    let inspector = inspector.with_transaction_gas_limit(gas_limit);
    let builder = inspector.into_geth_builder();
    let mut whole = builder.geth_call_traces(config, gas_used);
    let mut frames = vec![&mut whole];
    while let Some(frame) = frames.pop() {
        let error = frame.error.as_mut();
        // Which operation lacked it is revm's addition.
        if let Some(error) = error.filter(|error| error.starts_with(OUT_OF_GAS)) {
            error.truncate(OUT_OF_GAS.len());
        }
        frames.extend(&mut frame.calls);
    }
    whole
}

/// Passes an event to the active inspector.
macro_rules! forward {
    ($self:ident, $inspector:ident => $event:expr, $none:expr) => {
        match &mut $self.kind {
            Kind::Stylus($inspector) => $event,
            Kind::Gas($inspector) => $event,
            Kind::Calls($inspector, _) => $event,
            Kind::Prestate($inspector, _) => $event,
            Kind::Structs($inspector) => $event,
            Kind::Flat($inspector, ..) => $event,
            Kind::Parity($inspector, _) => $event,
            Kind::FourByte($inspector) => $event,
            Kind::Noop => $none,
            Kind::Mux(tracings) => {
                for (_, $inspector) in tracings {
                    $event;
                }
                $none
            }
        }
    };
}

type Evm = Interpreter<EthInterpreter>;

impl Inspector<Context, EthInterpreter> for Tracing {
    fn initialize_interp(&mut self, interpreter: &mut Evm, context: &mut Context) {
        forward!(self, it => it.initialize_interp(interpreter, context), ());
    }

    fn step(&mut self, interpreter: &mut Evm, context: &mut Context) {
        let kept = if self.keeps_steps() { STEP } else { 0 };
        self.hold(kept);
        if self.interrupt.check().is_err() {
            // The machine checks the flag before it interprets this.
            interpreter.halt_fatal();
            return;
        }
        forward!(self, it => it.step(interpreter, context), ());
    }

    fn step_end(&mut self, interpreter: &mut Evm, context: &mut Context) {
        forward!(self, it => it.step_end(interpreter, context), ());
    }

    fn log(&mut self, context: &mut Context, log: Log) {
        self.hold(FRAME + 2 * log.data.data.len());
        forward!(self, it => Inspector::<Context, EthInterpreter>::log(&mut *it, context, log.clone()), ());
    }

    fn call(&mut self, context: &mut Context, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.gas_limit = context.tx.gas_limit;
        self.hold(FRAME + 2 * inputs.input.len());
        forward!(self, it => Inspector::<Context, EthInterpreter>::call(&mut *it, context, inputs), None)
    }

    fn call_end(&mut self, context: &mut Context, inputs: &CallInputs, outcome: &mut CallOutcome) {
        self.hold(2 * outcome.result.output.len());
        forward!(
            self,
            it => Inspector::<Context, EthInterpreter>::call_end(&mut *it, context, inputs, outcome),
            ()
        );
    }

    fn create(
        &mut self,
        context: &mut Context,
        inputs: &mut CreateInputs,
    ) -> Option<CreateOutcome> {
        self.gas_limit = context.tx.gas_limit;
        self.hold(FRAME + 2 * inputs.init_code().len());
        forward!(self, it => Inspector::<Context, EthInterpreter>::create(&mut *it, context, inputs), None)
    }

    fn create_end(
        &mut self,
        context: &mut Context,
        inputs: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        self.hold(2 * outcome.result.output.len());
        forward!(
            self,
            it => Inspector::<Context, EthInterpreter>::create_end(&mut *it, context, inputs, outcome),
            ()
        );
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        forward!(
            self,
            it => Inspector::<Context, EthInterpreter>::selfdestruct(&mut *it, contract, target, value),
            ()
        );
    }
}

impl HostioInspector for Tracing {
    fn is_tracing(&self) -> bool {
        match &self.kind {
            Kind::Stylus(_) | Kind::Structs(_) => true,
            Kind::Mux(tracings) => tracings.iter().any(|(_, it)| it.is_tracing()),
            _ => false,
        }
    }

    fn hostio(&mut self, depth: usize, address: Address, step: Step, refund: i64) {
        match &mut self.kind {
            Kind::Stylus(tree) => tree.hostio(step),
            Kind::Structs(logger) => logger.hostio(depth, address, &step, refund),
            Kind::Mux(tracings) => {
                for (_, tracing) in tracings {
                    tracing.hostio(depth, address, step.clone(), refund);
                }
            }
            Kind::Gas(_)
            | Kind::Calls(..)
            | Kind::Prestate(..)
            | Kind::Flat(..)
            | Kind::Parity(..)
            | Kind::FourByte(_)
            | Kind::Noop => {}
        }
        self.hold(0);
    }

    fn watching(&self, depth: usize, address: Address, code: Address) -> Watching {
        match &self.kind {
            Kind::Gas(account) => account.watching(depth, address, code),
            Kind::Mux(tracings) => {
                let mut all = tracings.iter();
                let gas = all.find(|(_, it)| matches!(it.kind, Kind::Gas(_)));
                gas.map_or(Watching::Nothing, |(_, it)| {
                    it.watching(depth, address, code)
                })
            }
            _ => Watching::Nothing,
        }
    }

    fn refused(&mut self, reason: &str) {
        match &mut self.kind {
            Kind::Gas(account) => account.refused(reason),
            Kind::Mux(tracings) => tracings.iter_mut().for_each(|(_, it)| it.refused(reason)),
            _ => {}
        }
    }

    fn program(&mut self, depth: usize, run: ProgramRun) {
        match &mut self.kind {
            Kind::Gas(account) => account.program(depth, run),
            Kind::Mux(tracings) => {
                let mut all = tracings.iter_mut();
                if let Some((_, gas)) = all.find(|(_, it)| matches!(it.kind, Kind::Gas(_))) {
                    gas.program(depth, run);
                }
            }
            _ => {}
        }
    }
}

impl DatabaseRef for State {
    type Error = std::convert::Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<revm::state::AccountInfo>, Self::Error> {
        Ok(self.info(address))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<revm::bytecode::Bytecode, Self::Error> {
        Ok(self.code_of(hash))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        Ok(self.slot(address, slot))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Self::Error> {
        Ok(self.past_block(number).unwrap_or_default())
    }
}
