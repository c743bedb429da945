//! One invocation of a program, from its ink to its outcome.
//!
//! Lives here: how a run begins, and how its end is reported. Not here: what happens in between (`hostio`), and what a
//! chain does around it: paying for the start, return data's price, undoing what a failed run wrote.

#![expect(
    unsafe_code,
    reason = "promises that the borrowed host outlives the store, which only this function can see"
)]

use std::fmt;

use alloy_primitives::Bytes;
use wasmtime::{Instance, PoolConcurrencyLimitError, Store, Trap, UpdateDeadline, WasmBacktrace};

use crate::config::{ArbOs, Config};
use crate::engine::{Linked, Program, StackDepth, native_stack};
use crate::explain::{ExplainedProgram, Explanation};
use crate::frame::{Failure, Frame, Stop, Watcher};
use crate::guest::{Exports, Guest, Reserve};
use crate::host::{Environment, Host, HostFault, Step};
use crate::ink::{Gas, Ink};
use crate::prices;
use crate::profile::record::Recorder;
use crate::profile::{Names, Profile};
use crate::stack;

/// The arguments of an invocation.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The input.
    pub calldata: Bytes,
    /// All the ink available.
    pub ink: Ink,
    /// What the program can read without asking the chain.
    pub environment: Environment,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The program returned zero, or exited early with zero.
    Success,
    /// The program returned a nonzero value.
    Revert,
    /// The program trapped, or a host call was impossible. Remaining ink stays with the caller.
    Failure,
    /// Ink ran out; none is left.
    OutOfInk,
    /// The depth budget ran out, or what the programs waiting for this one have left of the native stack that nested programs share; the
    /// chain also takes the remaining ink.
    OutOfStack,
}

/// Why an outcome is [`Outcome::Failure`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// WebAssembly trapped.
    Trap(Trap),
    /// A host call was impossible.
    Hostio(Failure),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(trap) => trap.fmt(f),
            Self::Hostio(failure) => failure.fmt(f),
        }
    }
}

/// The result of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed, if it did.
    pub cause: Option<Cause>,
    /// Ink consumed: all of it if it ran out, otherwise the amount spent.
    pub ink_used: Ink,
    /// The rest.
    pub ink_left: Ink,
    /// Pages of memory at the end. (The chain's page counters may be higher: failed growth stays paid for.)
    pub pages: u32,
    /// The last `write_result`, for success and revert; otherwise empty.
    pub output: Vec<u8>,
}

impl Report {
    /// Gas that a call of a program returns from `given`, all its gas including the start's. `None` if the return data is
    /// unaffordable: the call is then out of gas and returns nothing.
    ///
    /// Return data costs as much as EVM memory of its size (Stylus version 2): a floor under the whole call's cost, not an
    /// addition to it.
    pub fn gas_back(&self, given: Gas, config: &Config) -> Option<Gas> {
        let left = match self.outcome {
            Outcome::OutOfInk | Outcome::OutOfStack => return Some(Gas::ZERO),
            Outcome::Success | Outcome::Revert | Outcome::Failure => {
                config.stylus.ink_price.ink_to_gas(self.ink_left)
            }
        };
        if config.arbos < ArbOs::STYLUS_2 || self.output.is_empty() {
            return Some(left);
        }
        let most = given.checked_sub(prices::return_data(self.output.len()))?;
        Some(left.min(most))
    }
}

/// A run without an outcome, through no fault of the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The host is broken.
    #[error(transparent)]
    Host(#[from] HostFault),
    /// The program exhausted the native stack within its depth budget.
    #[error(
        "the program used more native stack than its depth budget of {words} words should allow"
    )]
    NativeStack {
        /// The depth budget of the call.
        words: u32,
    },
    /// No memory for a stack or an instance.
    #[error("the program cannot be started: {0:#}")]
    Start(wasmtime::Error),
}

impl Program {
    /// Runs the program once.
    ///
    /// The footprint's pages must be in the host's page counters already, because the chain has been paid for them.
    ///
    /// # Errors
    /// If the run has no outcome through no fault of the program: a broken host, too little native stack.
    pub fn run(&self, host: &mut dyn Host, call: Call) -> Result<Report, Fault> {
        let (report, _) = self.run_watched(host, call, Watch::Nothing)?;
        Ok(report)
    }

    /// Runs the program once; also returns what was seen of the run.
    pub(crate) fn run_watched(
        &self,
        host: &mut dyn Host,
        call: Call,
        watch: Watch<'_>,
    ) -> Result<(Report, Seen), Fault> {
        let room = native_stack(self.max_stack_depth);
        let run = || self.run_here(host, call, watch);
        stack::with_room(room, run).map_err(|error| Fault::Start(error.into()))?
    }

    /// Makes an instance, in the pool if that has room.
    fn instantiate(&self, frame: Frame) -> Result<(Store<Frame>, Instance, &Exports), Fault> {
        let begin = |linked: &Linked, frame| {
            let mut store = store(linked.instance.module().engine(), frame);
            let instance = linked.instance.instantiate(&mut store);
            (store, instance)
        };
        let (store, instance) = begin(&self.linked, frame);
        match (instance, &self.spare) {
            (Ok(instance), _) => Ok((store, instance, &self.linked.exports)),
            (Err(error), Some(spare)) if error.is::<PoolConcurrencyLimitError>() => {
                let linked = spare.linked();
                let linked = linked
                    .map_err(|error| Fault::Start(wasmtime::Error::msg(format!("{error}"))))?;
                let (store, instance) = begin(linked, store.into_data());
                Ok((store, instance.map_err(Fault::Start)?, &linked.exports))
            }
            (Err(error), _) => Err(Fault::Start(error)),
        }
    }

    /// Runs the program on the current stack, which is long enough.
    fn run_here(
        &self,
        host: &mut dyn Host,
        call: Call,
        watch: Watch<'_>,
    ) -> Result<(Report, Seen), Fault> {
        let config = &self.config;
        let Call {
            calldata,
            ink,
            environment,
        } = call;
        let argument = calldata.len() as u32;
        let mark = |name, args: &[u8], outs: &[u8]| Step {
            name,
            args: args.to_vec(),
            outs: outs.to_vec(),
            start_ink: ink,
            end_ink: ink,
        };
        // SAFETY: the frame goes into `store`, which is dropped at the end of this function, within the lifetime of `host`;
        // the function does not touch `host` again.
        let frame = unsafe { Frame::new(host, config, environment, calldata) };
        let (mut store, instance, exports) = self.instantiate(frame)?;
        let missing = || {
            Fault::Start(wasmtime::Error::msg(
                "the instance lacks what instrumentation exports",
            ))
        };
        let guest = Guest::of(&instance, exports, &mut store).ok_or_else(missing)?;
        guest.memory.prepare_for(&store, config.stylus.page_limit);
        let entrypoint = instance
            .get_module_export(&mut store, &exports.entrypoint)
            .and_then(wasmtime::Extern::into_func)
            .ok_or_else(missing)?;
        let entrypoint = entrypoint.typed::<u32, u32>(&store).map_err(Fault::Start)?;

        let (metered, reserve) = match self.begins_with_highest_price {
            true => Reserve::split_for_all(ink),
            false => Reserve::split(ink),
        };
        guest.set_metered(&mut store, metered);
        store.data_mut().reserve = reserve;
        let words = stack::words(config.stylus.max_stack_depth, self.bytes_per_word);
        guest.set_stack_left(&mut store, words);
        store.data_mut().words = words;
        store.data_mut().bytes_per_word = self.bytes_per_word;
        store.data_mut().guest = Some(guest);
        let (watcher, explained) = match watch {
            Watch::Nothing => (None, None),
            Watch::Profile(recorder) => (Some(Watcher::Recorder(recorder)), None),
            Watch::Explain(program) => (Some(Watcher::Calls(Box::default())), Some(program)),
        };
        store.data_mut().watcher = watcher;
        let is_tracing = store.data().is_tracing;
        if is_tracing {
            let begin = mark("user_entrypoint", &argument.to_be_bytes(), &[]);
            store.data_mut().host().trace(begin);
        }
        let result = entrypoint.call(&mut store, argument);
        let status = match (&store.data().stop, &result) {
            (Some(Stop::Exit(status)), _) | (None, Ok(status)) => Some(*status),
            _ => None,
        };
        if let (true, Some(status)) = (is_tracing, status) {
            let end = mark("user_returned", &[], &status.to_be_bytes());
            store.data_mut().host().trace(end);
        }
        let ended = result.as_ref().map(|status| *status);
        let report = report(&mut store, guest, ink, ended)?;
        let mut seen = Seen::default();
        if let Some(program) = explained {
            let backtrace = result.as_ref().err();
            let backtrace = backtrace.and_then(|error| error.downcast_ref::<WasmBacktrace>());
            seen.explanation = Some(program.explain(&mut store, &instance, &report, backtrace));
        } else if let Some(Watcher::Recorder(recorder)) = store.data_mut().watcher.take() {
            let metered = ink_left(&mut store, guest);
            seen.profile = Some(recorder.finish(metered, report.ink_left));
        }
        Ok((report, seen))
    }
}

/// What one instance lives in. Whenever its engine is ticked, the host is asked whether to go on.
fn store(engine: &wasmtime::Engine, frame: Frame) -> Store<Frame> {
    let mut store = Store::new(engine, frame);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        let frame = context.data_mut();
        match frame.host().go_on() {
            Ok(()) => Ok(UpdateDeadline::Continue(1)),
            Err(fault) => {
                frame.stop = Some(Stop::Fault(fault));
                Err(wasmtime::Error::msg("the host has ended the run"))
            }
        }
    });
    store
}

/// What a run is watched for.
pub(crate) enum Watch<'p> {
    Nothing,
    Profile(Box<Recorder>),
    Explain(&'p ExplainedProgram),
}

/// What was seen of a run.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) profile: Option<Profile>,
    pub(crate) explanation: Option<Explanation>,
}

/// A program compiled for profiling: it behaves and is charged the same, and its runs also show where the ink went.
#[derive(Clone)]
pub struct ProfiledProgram {
    pub(crate) program: Program,
    pub(crate) names: Names,
}

impl ProfiledProgram {
    /// The same program under another configuration, as for [`Program::under`].
    ///
    /// # Errors
    /// As for [`Program::under`].
    pub fn under(&self, config: &Config) -> Result<Self, StackDepth> {
        Ok(Self {
            program: self.program.under(config)?,
            names: self.names.clone(),
        })
    }

    /// Runs the program once, as [`Program::run`] does.
    ///
    /// # Errors
    /// As for [`Program::run`].
    pub fn run(&self, host: &mut dyn Host, call: Call) -> Result<(Report, Profile), Fault> {
        let recorder = Box::new(Recorder::new(self.names.clone(), call.ink));
        let watch = Watch::Profile(recorder);
        let (report, seen) = self.program.run_watched(host, call, watch)?;
        Ok((report, seen.profile.unwrap_or_default()))
    }
}

/// Ink left when nothing is running. Meaningless once it has run out.
fn ink_left(store: &mut Store<Frame>, guest: Guest) -> Ink {
    let metered = guest.metered(store);
    store.data().reserve.join(metered)
}

/// Interprets `result`. A host call's own reason takes precedence, then the two budgets, then everything else.
fn report(
    store: &mut Store<Frame>,
    guest: Guest,
    ink: Ink,
    result: Result<u32, &wasmtime::Error>,
) -> Result<Report, Fault> {
    let status = |status| {
        if status == 0 {
            Outcome::Success
        } else {
            Outcome::Revert
        }
    };
    let (outcome, cause) = match (store.data_mut().stop.take(), result) {
        (Some(Stop::Fault(fault)), _) => return Err(fault.into()),
        (Some(Stop::Exit(code)), _) | (None, Ok(code)) => (status(code), None),
        (Some(Stop::OutOfInk), _) => (Outcome::OutOfInk, None),
        (Some(Stop::Failure(failure)), _) => (Outcome::Failure, Some(Cause::Hostio(failure))),
        (None, Err(_)) if guest.stack_left(store) == 0 => (Outcome::OutOfStack, None),
        (None, Err(_)) if guest.out_of_ink(store) => (Outcome::OutOfInk, None),
        (None, Err(error)) => match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => {
                return Err(Fault::NativeStack {
                    words: store.data().config.stylus.max_stack_depth,
                });
            }
            Some(trap) => (Outcome::Failure, Some(Cause::Trap(*trap))),
            None => return Err(Fault::Start(wasmtime::Error::msg(format!("{error:#}")))),
        },
    };
    let ink_left = match outcome {
        Outcome::OutOfInk => Ink::ZERO,
        _ => ink_left(store, guest),
    };
    let output = match outcome {
        Outcome::Success | Outcome::Revert => std::mem::take(&mut store.data_mut().output),
        Outcome::Failure | Outcome::OutOfInk | Outcome::OutOfStack => Vec::new(),
    };
    let pages = guest.memory.pages(store) as u32;
    Ok(Report {
        outcome,
        cause,
        ink_used: ink.saturating_sub(ink_left),
        ink_left,
        pages,
        output,
    })
}
