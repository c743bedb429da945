//! Instrumentation: produces the module that actually runs, with all metering written into it.
//!
//! Lives here: the order of the passes and the globals they share. Not here: what a pass does to a function body (one file per
//! pass), the prices it charges (`prices`), the bytes of the result (`encode`).
//!
//! The passes run over each body in this order, each on the output of the one before: ink meter, dynamic meter, depth checker, heap bound.
//! A chain prices the number of operators *after* instrumentation, so what a pass inserts is part of the protocol: its file shows it. The
//! passes that follow are not: the fill guard, counting blocks, passing the meter to host calls, and the profiler.

mod body;
mod count;
mod depth;
mod dynamic;
mod encode;
mod fill;
mod heap;
mod hostcall;
mod ink;
mod profile;

use wasm_encoder::{CodeSection, ValType};
use wasmparser::{BlockType, ExternalKind, FunctionBody, Operator};

pub(crate) use body::Origin;
use body::Placed;
pub(crate) use count::{Block, Counters, Summing, Watched, is_watched};
pub(crate) use depth::MAX_FRAME;
use encode::Encoder;
pub(crate) use encode::Place;
pub(crate) use ink::ends_block;

use crate::config::StylusParams;
use crate::ink::Ink;
use crate::module::Module;
use crate::profile::Names;
use crate::refusal::Refusal;

/// The globals that instrumentation appends, by name; exported under the same names.
pub(crate) mod names {
    /// Ink left, i64; negative once it has run out.
    pub(crate) const INK_LEFT: &str = "stylus_ink_left";
    /// Scratch space of the inserted code, i32.
    pub(crate) const SCRATCH: &str = "stylus_scratch_global";
    /// Words of stack left, i32.
    pub(crate) const STACK_LEFT: &str = "stylus_stack_left";
    /// The start function, which does not run automatically.
    pub(crate) const START: &str = "stylus_start";
    /// The entry point.
    pub(crate) const ENTRYPOINT: &str = "user_entrypoint";
    /// The memory.
    pub(crate) const MEMORY: &str = "memory";
}

/// What a module that is to be explained exports in addition.
pub(crate) mod explained {
    /// A memory that the module's own code cannot reach: counters and parameters, at the places in [`super::Counters`].
    pub(crate) const RECORD: &str = "stylus_record";
    /// The table, which can grow without limit.
    pub(crate) const TABLE: &str = "stylus_table";
    /// The first global, in which linkers keep the end of the stack in memory, if it is a 32-bit variable.
    pub(crate) const STACK_POINTER: &str = "stylus_stack_pointer";
}

/// The functions that a profiled module imports, besides its own imports.
pub(crate) mod hooks {
    /// The module that they are imported from.
    pub(crate) const MODULE: &str = "stylus_profiler";
    /// A function begins: its index and the meter's count.
    pub(crate) const ENTER: &str = "enter";
    /// The innermost function ends: the meter's count.
    pub(crate) const LEAVE: &str = "leave";
    /// The innermost function is an allocator's: its first four parameters, with zeros for missing ones.
    pub(crate) const ALLOCATOR: &str = "allocator";
}

/// How many globals a chain appends and counts: besides those above, a status that tells whether ink has run out.
pub(crate) const ADDED_GLOBALS: u32 = 4;

/// The most operators of an instrumented body.
pub(crate) const MAX_OPERATORS: u64 = 65_536;

/// The most pages that a memory can ever have: one less than a 32-bit byte count would allow (Nitro since v3.10).
const MAX_PAGES: u64 = 65_534;

/// The indices of the appended globals.
#[derive(Clone, Copy)]
struct Globals {
    ink_left: u32,
    scratch: u32,
    stack_left: u32,
}

/// A module ready to compile, and what activation prices.
pub(crate) struct Instrumented {
    /// The instrumented module.
    pub(crate) wasm: Vec<u8>,
    /// Operators in all bodies after instrumentation.
    pub(crate) operators: u64,
    /// Operators in the largest body after instrumentation.
    pub(crate) largest: u64,
    /// Words of the largest frame.
    pub(crate) frame: u32,
    /// The most that any body asks of a compiler: the maximum of each.
    pub(crate) worst: Burden,
    /// What all bodies together ask of a compiler: the sum of each.
    pub(crate) all: Burden,
    /// Whether the first block of the entry point has the highest possible price, which only the largest amount of ink can pay,
    /// with nothing left for another block.
    pub(crate) begins_with_highest_price: bool,
    /// Where everything is, if the result is to be explained.
    pub(crate) chart: Option<Chart>,
}

/// Where everything is in a module that is to be explained.
pub(crate) struct Chart {
    /// The operators of each of the module's own functions, by offset in the instrumented body.
    pub(crate) places: Vec<Vec<Place>>,
    pub(crate) counters: Counters,
}

/// What a module is instrumented for, in addition to running.
#[derive(Clone, Copy)]
enum Purpose<'m> {
    Running,
    /// To show where its ink goes; the names identify allocator functions.
    Profiling(&'m Names),
    /// To show where it was when it failed; the names identify functions that panics end in.
    Explaining(&'m Names),
}

/// What a body asks of a compiler before instrumentation.
#[derive(Clone, Copy, Default)]
pub(crate) struct Burden {
    /// Operators of the body.
    pub(crate) operators: u64,
    /// Parameters and results of all blocks.
    pub(crate) carried: u64,
    /// Locals, once for each control-flow path: each branch target, and each loop.
    pub(crate) joined: u64,
    /// Locals, once for each loop and each loop around it.
    pub(crate) nested: u64,
}

impl Burden {
    /// The burden of a body with this many locals, including parameters.
    fn of(body: &[Operator<'_>], locals: u64, module: &Module<'_>) -> Self {
        let mut ways = 0;
        let mut depths = 0;
        // Whether each open block is a loop.
        let mut open = Vec::new();
        let mut loops = 0;
        for operator in body {
            match operator {
                Operator::Loop { .. } => {
                    open.push(true);
                    loops += 1;
                    ways += 1;
                    depths += loops;
                }
                Operator::Block { .. } | Operator::If { .. } => {
                    open.push(false);
                    ways += 1;
                }
                Operator::End => loops -= u64::from(open.pop() == Some(true)),
                Operator::Br { .. } | Operator::BrIf { .. } | Operator::Else => ways += 1,
                Operator::BrTable { targets } => ways += u64::from(targets.len()) + 1,
                _ => {}
            }
        }
        let carried = |operator: &Operator<'_>| match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                match blockty {
                    BlockType::Empty => 0,
                    BlockType::Type(_) => 1,
                    BlockType::FuncType(index) => {
                        let ty = module.types.get(*index as usize);
                        ty.map_or(0, |ty| (ty.params().len() + ty.results().len()) as u64)
                    }
                }
            }
            _ => 0,
        };
        Self {
            operators: body.len() as u64,
            carried: body.iter().map(carried).sum(),
            joined: ways * locals,
            nested: depths * locals,
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            operators: self.operators.max(other.operators),
            carried: self.carried.max(other.carried),
            joined: self.joined.max(other.joined),
            nested: self.nested.max(other.nested),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            operators: self.operators.saturating_add(other.operators),
            carried: self.carried.saturating_add(other.carried),
            joined: self.joined.saturating_add(other.joined),
            nested: self.nested.saturating_add(other.nested),
        }
    }
}

/// Runs every pass over every body of `module`, as a chain with `stylus_version` would.
pub(crate) fn instrument(
    module: &Module<'_>,
    stylus_version: u16,
) -> Result<Instrumented, Refusal> {
    Instrumentation::new(module, stylus_version, Purpose::Running)?.finish()
}

/// Like [`instrument`], with the profiler's pass added. `names` identify allocator functions.
pub(crate) fn instrument_for_profile(
    module: &Module<'_>,
    stylus_version: u16,
    names: &Names,
) -> Result<Instrumented, Refusal> {
    Instrumentation::new(module, stylus_version, Purpose::Profiling(names))?.finish()
}

/// Like [`instrument`], with counters of blocks and a chart added. `names` identify functions that panics end in.
pub(crate) fn instrument_to_explain(
    module: &Module<'_>,
    stylus_version: u16,
    names: &Names,
) -> Result<Instrumented, Refusal> {
    Instrumentation::new(module, stylus_version, Purpose::Explaining(names))?.finish()
}

/// A module passing through the passes.
struct Instrumentation<'m, 'a> {
    module: &'m Module<'a>,
    globals: Globals,
    /// The import that pays for memory, if memory can grow.
    pay_for_memory_grow: Option<u32>,
    /// The Stylus version that the module targets.
    stylus_version: u16,
    purpose: Purpose<'m>,
}

impl<'m, 'a> Instrumentation<'m, 'a> {
    fn new(
        module: &'m Module<'a>,
        stylus_version: u16,
        purpose: Purpose<'m>,
    ) -> Result<Self, Refusal> {
        let first = module.globals.len() as u32;
        let globals = Globals {
            ink_left: first,
            scratch: first + 1,
            stack_left: first + 2,
        };
        let pay_for_memory_grow = match module.memory_grows() {
            true => Some(module.import("vm_hooks", "pay_for_memory_grow").ok_or(
                Refusal::NoPayForMemoryGrow {
                    offset: module.memory_offset,
                },
            )?),
            false => None,
        };
        Ok(Self {
            module,
            globals,
            pay_for_memory_grow,
            stylus_version,
            purpose,
        })
    }

    fn finish(&self) -> Result<Instrumented, Refusal> {
        let mut encoder = Encoder::new(self.module, self.purpose)?;
        let mut code = CodeSection::new();
        let (mut total, mut largest, mut largest_frame) = (0, 0, 0);
        let (mut worst, mut all) = (Burden::default(), Burden::default());
        let mut counters = Counters::default();
        let entrypoint = self.module.export(names::ENTRYPOINT, ExternalKind::Func);
        let mut begins_with_highest_price = false;
        for (position, body) in self.module.bodies.iter().enumerate() {
            let function = (self.module.imports.len() + position) as u32;
            let operators = self.operators(body)?;
            // The index of the next local is the number of locals before it.
            let locals = self.fresh_local(function, body)?.into();
            let burden = Burden::of(&operators, locals, self.module);
            (worst, all) = (worst.max(burden), all.plus(burden));
            if entrypoint == Some(function) {
                let price = ink::first_block(&operators, self.module);
                begins_with_highest_price = price == Ink::MAX;
            }
            let (operators, frame) = self.rewrite(function, body, operators)?;
            largest_frame = frame.max(largest_frame);
            let count = operators.len() as u64;
            if count > MAX_OPERATORS {
                let what = "operators once instrumented";
                return Err(Refusal::FunctionTooLarge {
                    function,
                    what,
                    count,
                    limit: MAX_OPERATORS,
                    offset: body.range().start,
                });
            }
            total += count;
            largest = largest.max(count);
            let guarded = self.stylus_version < StylusParams::PLAIN_WASM && fill::fills(&operators);
            let operators = match guarded {
                true => fill::rewrite(operators, self.globals, self.fresh_local(function, body)?),
                false => operators,
            };
            let operators = match self.purpose {
                Purpose::Explaining(names) => {
                    let counting = count::Counting {
                        function,
                        module: self.module,
                        globals: self.globals,
                        counters: &mut counters,
                    };
                    counting.rewrite(operators, names.get(function))
                }
                Purpose::Running | Purpose::Profiling(_) => operators,
            };
            let operators = hostcall::rewrite(operators, self.globals, self.module);
            let operators = match self.purpose {
                Purpose::Profiling(names) => {
                    profile::rewrite(operators, function, self.module, names, self.globals)
                }
                Purpose::Running | Purpose::Explaining(_) => operators,
            };
            let extra = guarded.then_some(ValType::I32);
            code.function(&encoder.body(body, operators, extra)?);
        }
        encoder.stands(self.globals, &mut code)?;
        let wasm = encoder.module(self.globals, &code, counters.size())?;
        debug_assert_valid(&wasm, self.purpose);
        Ok(Instrumented {
            wasm,
            operators: total,
            largest,
            frame: largest_frame,
            worst,
            all,
            begins_with_highest_price,
            chart: encoder.places().map(|places| Chart { places, counters }),
        })
    }

    /// The index of the first local after those of `function`.
    fn fresh_local(&self, function: u32, body: &FunctionBody<'_>) -> Result<u32, Refusal> {
        let parameters = self
            .module
            .function_type(function)
            .map_or(0, |ty| ty.params().len() as u32);
        let declared = declared_locals(body).map_err(|error| Refusal::invalid(&error))?;
        Ok(parameters + declared)
    }

    /// The operators of a body before instrumentation.
    fn operators(&self, body: &FunctionBody<'a>) -> Result<Vec<Operator<'a>>, Refusal> {
        let invalid = |error: wasmparser::Error| Refusal::invalid(&error);
        let mut operators = Vec::new();
        let reader = body.get_operators_reader().map_err(invalid)?;
        for operator in reader.into_iter_with_offsets() {
            let (operator, offset) = operator.map_err(invalid)?;
            refuse_unsupported(&operator, offset)?;
            operators.push(operator);
        }
        Ok(operators)
    }

    /// Applies all passes of the protocol to the operators of one body. Also returns the words of its frame.
    fn rewrite(
        &self,
        function: u32,
        body: &FunctionBody<'a>,
        operators: Vec<Operator<'a>>,
    ) -> Result<(Vec<Placed<'a>>, u32), Refusal> {
        let Self {
            module, globals, ..
        } = *self;
        let invalid = |error: wasmparser::Error| Refusal::invalid(&error);
        let operators = ink::rewrite(operators, globals, module);
        let operators = dynamic::rewrite(operators, globals);
        let locals = declared_locals(body).map_err(invalid)?;
        let frame = depth::frame(&operators, locals, module)
            .map_err(|excess| excess.of(function, body.range().start))?;
        let operators = depth::rewrite(operators, globals, frame);
        let operators = match self.pay_for_memory_grow {
            Some(pay) => heap::rewrite(operators, globals, pay),
            None => operators,
        };
        Ok((operators, frame))
    }
}

/// Traps if the condition on top of the stack holds, for lack of ink. The `nop`s preserve the operator count; `ink` explains
/// why.
fn trap_if() -> [Operator<'static>; 5] {
    [
        Operator::If {
            blockty: BlockType::Empty,
        },
        Operator::Nop,
        Operator::Nop,
        Operator::Unreachable,
        Operator::End,
    ]
}

/// Locals that `body` declares, without parameters.
pub(crate) fn declared_locals(body: &FunctionBody<'_>) -> Result<u32, wasmparser::Error> {
    let mut locals = 0;
    for group in body.get_locals_reader()? {
        locals += group?.0;
    }
    Ok(locals)
}

/// Refuses operators that validate but that no program may contain, wherever they stand: the bulk operators on segments and
/// tables, and every computation on floats. (Moving, loading and storing floats is allowed, and unaffordable.)
pub(crate) fn refuse_unsupported(operator: &Operator<'_>, offset: usize) -> Result<(), Refusal> {
    use Operator::*;
    match operator {
        MemoryInit { .. }
        | DataDrop { .. }
        | TableInit { .. }
        | ElemDrop { .. }
        | TableCopy { .. } => Err(Refusal::Operator {
            operator: format!("{operator:?}").into(),
            offset,
        }),
        F32Abs | F32Add | F32Ceil | F32Copysign | F32Div | F32Floor | F32Max | F32Min | F32Mul
        | F32Nearest | F32Neg | F32Sqrt | F32Sub | F32Trunc | F32Eq | F32Ge | F32Gt | F32Le
        | F32Lt | F32Ne | F64Abs | F64Add | F64Ceil | F64Copysign | F64Div | F64Floor | F64Max
        | F64Min | F64Mul | F64Nearest | F64Neg | F64Sqrt | F64Sub | F64Trunc | F64Eq | F64Ge
        | F64Gt | F64Le | F64Lt | F64Ne | F32ConvertI32S | F32ConvertI32U | F32ConvertI64S
        | F32ConvertI64U | F32DemoteF64 | F64ConvertI32S | F64ConvertI32U | F64ConvertI64S
        | F64ConvertI64U | F64PromoteF32 | I32TruncF32S | I32TruncF32U | I32TruncF64S
        | I32TruncF64U | I32TruncSatF32S | I32TruncSatF32U | I32TruncSatF64S | I32TruncSatF64U
        | I64TruncF32S | I64TruncF32U | I64TruncF64S | I64TruncF64U | I64TruncSatF32S
        | I64TruncSatF32U | I64TruncSatF64S | I64TruncSatF64U => Err(Refusal::Float {
            operator: format!("{operator:?}").into(),
            offset,
        }),
        _ => Ok(()),
    }
}

/// Checks that a pass's output validates with only the features that the module may use.
fn debug_assert_valid(wasm: &[u8], purpose: Purpose<'_>) {
    if cfg!(debug_assertions) {
        // The profiler's block around a body with several results needs multi-value, whatever the module may use.
        let mut features = crate::module::features(1);
        let has_record = matches!(purpose, Purpose::Explaining(_));
        features.set(wasmparser::WasmFeatures::MULTI_MEMORY, has_record);
        let mut validator = wasmparser::Validator::new_with_features(features);
        if let Err(error) = validator.validate_all(wasm) {
            panic!("instrumentation wrote an invalid module: {error}");
        }
    }
}
