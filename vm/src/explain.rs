//! Why a run failed, and where: what a program compiled to be explained tells in addition to its outcome.
//!
//! Lives here: the data, and gathering it once a run has ended. Not here: the panic's message (`explain::panic`), the last host calls
//! (`explain::calls`), the code that counts (`instrument::count`), and source lines (`lines`).
//!
//! A failed run is repeated from the same state in the program, compiled a second time. Theorem: the repetition changes nothing. Its report
//! equals the first one, to the last ink; a program that nobody explains is neither compiled twice nor slower.

pub(crate) mod calls;
mod counts;
mod panic;

use std::fmt;
use std::sync::Arc;

use wasmtime::{Instance, Store, Trap, WasmBacktrace};

use crate::config::Config;
use crate::engine::{Program, StackDepth};
use crate::frame::{Failure, Frame, Watcher};
use crate::guest::GuestMemory;
use crate::host::Host;
use crate::instrument::{Block, Chart, Counters, Origin, is_watched};
use crate::profile::Names;
use crate::run::{Call, Cause, Fault, Outcome, Report, Watch};

pub use calls::HostCall;
pub use counts::{BlockPrices, BlockRuns, Counts, Spent, Stop, block_prices};
pub use panic::{Location, Panic};

/// The most frames that an explanation holds, half of them innermost and half outermost.
const MOST_FRAMES: usize = 64;

/// The most blocks that an explanation holds: those that ran last.
const MOST_RECENT: usize = 256;

/// A place in a module, the same in the module on a chain and in the one that a compiler wrote.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Position {
    /// The function's index, counting imports.
    pub function: u32,
    /// The ordinal of an operator in its body.
    pub operator: u32,
}

/// Why a run failed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "camelCase")
)]
#[non_exhaustive]
pub enum Reason {
    /// The program returned a nonzero status, with its output as the revert data.
    Revert,
    /// The program reached `unreachable`, where a panic ends.
    Unreachable,
    /// A load, a store or a bulk operator outside memory.
    MemoryOutOfBounds,
    /// An access outside memory after the program's stack in memory had grown below address zero: the stack is used up.
    MemoryStack,
    /// An indirect call to no function: outside the table, to an empty entry, or to a function of another type.
    IndirectCall,
    /// An integer division by zero.
    DivisionByZero,
    /// An integer division, or a conversion, whose result does not fit.
    IntegerOverflow,
    /// `memory.fill` with a value of more than eight bits, before Stylus version 3.
    FillValue,
    /// Any other trap.
    Trap {
        /// The engine's name for it.
        what: String,
    },
    /// A host call that cannot be carried out.
    Hostio {
        /// The host call.
        name: String,
        /// Why it cannot.
        what: String,
        /// Whether it tried to write in a static call.
        is_static: bool,
    },
    /// Ink ran out.
    OutOfInk {
        /// The host call that could not be paid for; `None` if it was a block of the program.
        hostio: Option<String>,
    },
    /// The ink left could not pay for more memory, whose price grows exponentially.
    OutOfPages {
        /// Pages asked for; `None` if more than can be counted.
        asked: Option<u16>,
    },
    /// The depth budget ran out.
    OutOfStack,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revert => write!(f, "the program reverted"),
            Self::Unreachable => write!(f, "the program aborted"),
            Self::MemoryOutOfBounds => write!(f, "an access outside of the program's memory"),
            Self::MemoryStack => {
                write!(f, "the stack that the program has in its memory is used up")
            }
            Self::IndirectCall => write!(f, "an indirect call of no function, or of another type"),
            Self::DivisionByZero => write!(f, "an integer division by zero"),
            Self::IntegerOverflow => write!(f, "an integer division or conversion overflowed"),
            Self::FillValue => write!(f, "memory.fill with a value of more than eight bits"),
            Self::Trap { what } => f.write_str(what),
            Self::Hostio { name, what, .. } => write!(f, "{name}: {what}"),
            Self::OutOfInk { hostio: None } => write!(f, "ink ran out"),
            Self::OutOfInk { hostio: Some(name) } => write!(f, "ink ran out in {name}"),
            Self::OutOfPages { asked: Some(pages) } => {
                write!(f, "ink did not suffice for {pages} more pages of memory")
            }
            Self::OutOfPages { asked: None } => {
                write!(f, "the program asked for more memory than there can be")
            }
            Self::OutOfStack => write!(f, "the stack's depth budget ran out"),
        }
    }
}

/// A request that the program's allocator could not grant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FailedAllocation {
    /// Bytes asked for.
    pub bytes: u32,
    /// Pages that the program had.
    pub pages: u32,
}

/// An index that was too large.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OutOfRange {
    /// The index.
    pub index: u32,
    /// How many elements there were.
    pub len: u32,
}

/// How a run ended, and why.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase")
)]
pub struct Explanation {
    /// Why it failed; `None` if it did not.
    pub reason: Option<Reason>,
    /// Where it was when it failed, innermost first. Empty if the program returned, as with most reverts.
    pub frames: Vec<Position>,
    /// How many frames are left out in the middle of a deep recursion.
    pub omitted_frames: usize,
    /// The Rust panic that it ended in, if the functions' names are known.
    pub panic: Option<Panic>,
    /// The allocation that it ended in, if the functions' names are known.
    pub allocation: Option<FailedAllocation>,
    /// The index that it ended in, if the functions' names are known.
    pub out_of_range: Option<OutOfRange>,
    /// The last host calls, in order.
    pub hostios: Vec<HostCall>,
    /// How many were made before those.
    pub omitted_hostios: u64,
    /// The blocks that ran last, by their first operators, latest first. At most 256.
    pub recent: Vec<Position>,
    /// How often each block ran, and what else cost ink.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Counts::is_empty")
    )]
    pub counts: Counts,
}

/// The few of `names` that identify panics; a program has hundreds.
pub fn panic_names(names: &Names) -> Names {
    names.iter().filter(|(_, name)| is_watched(name)).collect()
}

/// A program compiled to be explained: it behaves and is charged the same, and reports where it was when it failed.
#[derive(Clone)]
pub struct ExplainedProgram {
    program: Program,
    chart: Arc<Chart>,
    /// Functions that the module imports.
    imports: u32,
}

impl ExplainedProgram {
    pub(crate) fn new(program: Program, chart: Option<Chart>, imports: u32) -> Self {
        let chart = chart.unwrap_or_else(|| Chart {
            places: Vec::new(),
            counters: Counters::default(),
        });
        Self {
            program,
            chart: Arc::new(chart),
            imports,
        }
    }

    /// The same program under another configuration, as for [`Program::under`].
    ///
    /// # Errors
    /// As for [`Program::under`].
    pub fn under(&self, config: &Config) -> Result<Self, StackDepth> {
        Ok(Self {
            program: self.program.under(config)?,
            ..self.clone()
        })
    }

    /// Runs the program once, as [`Program::run`] does.
    ///
    /// # Errors
    /// As for [`Program::run`].
    pub fn run(&self, host: &mut dyn Host, call: Call) -> Result<(Report, Explanation), Fault> {
        let watch = Watch::Explain(self);
        let (report, seen) = self.program.run_watched(host, call, watch)?;
        Ok((report, seen.explanation.unwrap_or_default()))
    }

    /// Explains the ended run of `instance`. Panics format their messages inside it, so nothing may look at it afterwards.
    pub(crate) fn explain(
        &self,
        store: &mut Store<Frame>,
        instance: &Instance,
        report: &Report,
        backtrace: Option<&WasmBacktrace>,
    ) -> Explanation {
        let (hostios, omitted_hostios) = match store.data_mut().watcher.take() {
            Some(Watcher::Calls(calls)) => calls.finish(),
            Some(Watcher::Recorder(_)) | None => Default::default(),
        };
        let mut explanation = Explanation {
            hostios,
            omitted_hostios,
            ..Explanation::default()
        };
        let (frames, origin) = self.frames(backtrace);
        explanation.reason = reason(report, &explanation.hostios, origin);
        let pointer = self
            .program
            .linked
            .exports
            .stack_pointer(instance, &mut *store);
        let is_below = pointer.is_some_and(|pointer| pointer < 0);
        if explanation.reason == Some(Reason::MemoryOutOfBounds) && is_below {
            explanation.reason = Some(Reason::MemoryStack);
        }
        explanation.omitted_frames = frames.len().saturating_sub(MOST_FRAMES);
        let innermost = frames.first().copied().zip(origin);
        explanation.frames = folded(frames);
        if let Some(record) = self.program.linked.exports.record(instance, &mut *store) {
            let counters = &self.chart.counters;
            let guest = store.data().guest;
            let left = guest.map_or(0, |guest| guest.metered(store));
            explanation.counts = counts::read(store, record, counters, innermost, left);
            if explanation.reason.is_none() {
                explanation.frames.clear();
                return explanation;
            }
            explanation.recent = recent(store, record, &self.chart.counters.blocks);
            // Otherwise, what a caught failure left behind would be mistaken for this one's.
            if explanation.reason == Some(Reason::Unreachable) {
                let watched = &self.chart.counters.watched;
                self.arguments(store, instance, record, watched, report, &mut explanation);
            }
        }
        explanation
    }

    /// The frames of a backtrace, innermost first, and the origin of the innermost operator.
    fn frames(&self, backtrace: Option<&WasmBacktrace>) -> (Vec<Position>, Option<Origin>) {
        let mut innermost = None;
        let mut frames = Vec::new();
        for frame in backtrace.map_or(&[][..], WasmBacktrace::frames) {
            let function = frame.func_index();
            let local = function.checked_sub(self.imports);
            let places = local.and_then(|local| self.chart.places.get(local as usize));
            let offset = frame.func_offset();
            // A function that stands in for an import has no entry.
            let (Some(places), Some(offset)) = (places, offset) else {
                continue;
            };
            let behind = places.partition_point(|place| place.offset as usize <= offset);
            let Some(place) = behind.checked_sub(1).and_then(|at| places.get(at)) else {
                continue;
            };
            innermost.get_or_insert(place.origin);
            frames.push(Position {
                function,
                operator: place.ordinal,
            });
        }
        (frames, innermost)
    }

    /// Reads what the functions that panics end in were called with.
    fn arguments(
        &self,
        store: &mut Store<Frame>,
        instance: &Instance,
        record: GuestMemory,
        watched: &[crate::instrument::Watched],
        report: &Report,
        explanation: &mut Explanation,
    ) {
        for watched in watched {
            let word = |position: u32| {
                let bytes = record.read_array(&*store, watched.at + 4 * position);
                bytes.map_or(0, u32::from_le_bytes)
            };
            if word(0) == 0 {
                continue;
            }
            let (first, second, third) = (word(1), word(2), word(3));
            match (watched.name, watched.parameters) {
                ("core::panicking::panic_bounds_check", 2..) => {
                    explanation.out_of_range = Some(OutOfRange {
                        index: first,
                        len: second,
                    });
                }
                ("core::panicking::panic_fmt", parameters @ (2 | 3)) => {
                    let arguments = match parameters {
                        3 => panic::Arguments::Template(first, second),
                        _ => panic::Arguments::Pieces(first),
                    };
                    let location = if parameters == 3 { third } else { second };
                    let table = self.program.linked.exports.table(instance, &mut *store);
                    explanation.panic = panic::read(store, table, arguments, location);
                }
                ("core::panicking::panic_fmt" | "core::panicking::panic_bounds_check", _) => {}
                // The others take a layout: alignment and size.
                (_, 2..) => {
                    explanation.allocation = Some(FailedAllocation {
                        bytes: second,
                        pages: report.pages,
                    });
                }
                _ => {}
            }
        }
    }
}

/// Why a run that ended with `report`, in code from `origin`, failed.
fn reason(report: &Report, hostios: &[HostCall], origin: Option<Origin>) -> Option<Reason> {
    let unfinished = hostios.last().filter(|call| !call.completed);
    Some(match (report.outcome, report.cause) {
        (Outcome::Success, _) => return None,
        (Outcome::Revert, _) => Reason::Revert,
        (Outcome::OutOfStack, _) => Reason::OutOfStack,
        (Outcome::OutOfInk, _) => match unfinished {
            Some(call) if call.name == "pay_for_memory_grow" => Reason::OutOfPages {
                asked: call
                    .args
                    .first_chunk()
                    .map(|pages| u16::from_be_bytes(*pages)),
            },
            unfinished => Reason::OutOfInk {
                hostio: unfinished.map(|call| call.name.to_string()),
            },
        },
        (Outcome::Failure, Some(Cause::Hostio(failure))) => Reason::Hostio {
            name: unfinished.map_or_else(String::new, |call| call.name.to_string()),
            what: failure.to_string(),
            is_static: failure == Failure::Static,
        },
        (Outcome::Failure, Some(Cause::Trap(trap))) => of_trap(trap, origin),
        (Outcome::Failure, None) => Reason::Trap {
            what: "the program failed".to_owned(),
        },
    })
}

fn of_trap(trap: Trap, origin: Option<Origin>) -> Reason {
    match trap {
        Trap::UnreachableCodeReached if origin == Some(Origin::Fill) => Reason::FillValue,
        Trap::UnreachableCodeReached => Reason::Unreachable,
        Trap::MemoryOutOfBounds | Trap::HeapMisaligned => Reason::MemoryOutOfBounds,
        Trap::TableOutOfBounds | Trap::IndirectCallToNull | Trap::BadSignature => {
            Reason::IndirectCall
        }
        Trap::IntegerDivisionByZero => Reason::DivisionByZero,
        Trap::IntegerOverflow | Trap::BadConversionToInteger => Reason::IntegerOverflow,
        other => Reason::Trap {
            what: other.to_string(),
        },
    }
}

/// Keeps the innermost and the outermost of too many frames.
fn folded(mut frames: Vec<Position>) -> Vec<Position> {
    if frames.len() > MOST_FRAMES {
        let outermost = frames.split_off(frames.len() - MOST_FRAMES / 2);
        frames.truncate(MOST_FRAMES - outermost.len());
        frames.extend(outermost);
    }
    frames
}

/// The blocks that ran last, latest first.
fn recent(store: &Store<Frame>, record: GuestMemory, blocks: &[Block]) -> Vec<Position> {
    let mut ran: Vec<(u64, Position)> = blocks
        .iter()
        .filter_map(|block| {
            let stamp = record.read_long(store, block.at + 8);
            (stamp > 0).then_some((stamp, block.position()))
        })
        .collect();
    ran.sort_unstable_by(|one, other| other.cmp(one));
    ran.truncate(MOST_RECENT);
    ran.into_iter().map(|(_, position)| position).collect()
}

impl Block {
    fn position(&self) -> Position {
        Position {
            function: self.function,
            operator: self.first,
        }
    }
}
