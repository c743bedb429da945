//! The depth checker: every call takes its frame from a budget of stack words, and returning gives it back.
//!
//! Lives here: the size of a frame and the code that takes and returns it. Not here: the budget, which a run sets.
//!
//! A frame is the greatest height of the abstract value stack in the body *as the meters left it*, plus one word for each
//! declared local (parameters are the caller's), plus four. The pass inserts twelve operators at the entry, before the
//! first block's charge, so that a call that does not fit costs nothing; four before each `return`; and one `return`
//! before the last `end`:
//!
//! ```wat
//! ;; before                   ;; after
//! (func                       (func
//!                               global.get $stylus_stack_left
//!                               i32.const $frame
//!                               i32.le_u
//!                               if
//!                                 i32.const 0
//!                                 global.set $stylus_stack_left
//!                                 unreachable
//!                               end
//!                               global.get $stylus_stack_left
//!                               i32.const $frame
//!                               i32.sub
//!                               global.set $stylus_stack_left
//!   nop                         nop
//!                               global.get $stylus_stack_left
//!                               i32.const $frame
//!                               i32.add
//!                               global.set $stylus_stack_left
//!                               return
//! )                           )
//! ```
//!
//! An entry leaves at least one word, so that zero always means overflow. A branch to the outermost label skips the added
//! `return`: that frame is never given back, in this VM as in Nitro's.

use wasmparser::{BlockType, FuncType, Operator};

use super::Globals;
use super::body::{Origin, Placed, insert};
use crate::module::Module;
use crate::refusal::Refusal;

/// Words of every frame on top of its value stack and its locals.
const FRAME_BASE: u32 = 4;

/// The greatest value stack of a body, in words.
const MAX_CONTENTION: u32 = 4_096;

/// The largest frame, in words.
pub(crate) const MAX_FRAME: u32 = 10_240;

/// A function that needs more words than the limit.
pub(super) struct Excess {
    what: &'static str,
    words: u32,
    limit: u32,
}

impl Excess {
    /// The refusal of `function`, whose body is at `offset` in the file.
    pub(super) fn of(self, function: u32, offset: usize) -> Refusal {
        Refusal::FunctionTooLarge {
            function,
            what: self.what,
            count: self.words.into(),
            limit: self.limit.into(),
            offset,
        }
    }
}

/// The frame, in words, of a function whose body has passed both meters.
pub(super) fn frame(
    body: &[Placed<'_>],
    declared_locals: u32,
    module: &Module<'_>,
) -> Result<u32, Excess> {
    let mut walk = Walk {
        module,
        height: 0,
        worst: 0,
        scopes: vec![0],
    };
    for placed in body {
        walk.step(&placed.operator);
    }
    let frame = walk.worst + declared_locals + FRAME_BASE;
    for (what, words, limit) in [
        ("words of value stack", walk.worst, MAX_CONTENTION),
        ("words of frame", frame, MAX_FRAME),
    ] {
        if words > limit {
            return Err(Excess { what, words, limit });
        }
    }
    Ok(frame)
}

/// Inserts the entry check and the credits into a body whose frame has `frame` words.
pub(super) fn rewrite<'a>(
    mut body: Vec<Placed<'a>>,
    globals: Globals,
    frame: u32,
) -> Vec<Placed<'a>> {
    let stack_left = globals.stack_left;
    let size = frame as i32;
    if let Some(last) = body.pop() {
        insert(&mut body, last.ordinal, Origin::Depth, [Operator::Return]);
        body.push(last);
    }

    let mut out = Vec::with_capacity(body.len() + 32);
    let take = [
        Operator::GlobalGet {
            global_index: stack_left,
        },
        Operator::I32Const { value: size },
        Operator::I32LeU,
        Operator::If {
            blockty: BlockType::Empty,
        },
        Operator::I32Const { value: 0 },
        Operator::GlobalSet {
            global_index: stack_left,
        },
        Operator::Unreachable,
        Operator::End,
        Operator::GlobalGet {
            global_index: stack_left,
        },
        Operator::I32Const { value: size },
        Operator::I32Sub,
        Operator::GlobalSet {
            global_index: stack_left,
        },
    ];
    insert(&mut out, 0, Origin::Depth, take);
    for placed in body {
        if let Operator::Return = placed.operator {
            let give_back = [
                Operator::GlobalGet {
                    global_index: stack_left,
                },
                Operator::I32Const { value: size },
                Operator::I32Add,
                Operator::GlobalSet {
                    global_index: stack_left,
                },
            ];
            insert(&mut out, placed.ordinal, Origin::Depth, give_back);
        }
        out.push(placed);
    }
    out
}

/// The abstract value stack, walked straight through a body. Code after a branch is walked as if it were reached, and
/// every pop stops at zero: the protocol defines this bound, which is not the height that validation computes.
struct Walk<'m, 'a> {
    module: &'m Module<'a>,
    height: u32,
    worst: u32,
    scopes: Vec<u32>,
}

impl Walk<'_, '_> {
    fn push(&mut self, words: u32) {
        self.height += words;
        self.worst = self.worst.max(self.height);
    }

    fn pop(&mut self, words: u32) {
        self.height = self.height.saturating_sub(words);
    }

    /// A call's results are pushed before its parameters are popped, so that they count together.
    fn call(&mut self, ty: Option<&FuncType>) {
        if let Some(ty) = ty {
            self.push(ty.results().len() as u32);
            self.pop(ty.params().len() as u32);
        }
    }

    fn open(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(1),
            BlockType::FuncType(type_index) => {
                self.call(self.module.types.get(type_index as usize))
            }
        }
        self.scopes.push(self.height);
    }

    fn step(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } => self.open(*blockty),
            Operator::If { blockty } => {
                self.pop(1);
                self.open(*blockty);
            }
            Operator::Else => self.height = self.scopes.last().copied().unwrap_or(0),
            Operator::End => self.height = self.scopes.pop().unwrap_or(0),
            Operator::Call { function_index } => {
                self.call(self.module.function_type(*function_index))
            }
            Operator::CallIndirect { type_index, .. } => {
                self.call(self.module.types.get(*type_index as usize));
                self.pop(1);
            }
            Operator::BrIf { .. } | Operator::BrTable { .. } => self.pop(1),
            Operator::Br { .. } | Operator::Return | Operator::Unreachable => {}
            plain => {
                // Only the net change counts: an operator that pops and pushes a word never reaches higher.
                let (pops, pushes) = arity(plain);
                match pushes.checked_sub(pops) {
                    Some(grown) => self.push(grown),
                    None => self.pop(pops - pushes),
                }
            }
        }
    }
}

/// How many words an operator pops and pushes, by wasmparser's table; zero for control flow, whose arity depends on types.
fn arity(operator: &Operator<'_>) -> (u32, u32) {
    macro_rules! arity {
        ($pops:literal -> $pushes:literal) => {
            ($pops, $pushes)
        };
        (custom) => {
            (0, 0)
        };
    }
    macro_rules! table {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident (arity $($arity:tt)*))*) => {
            match operator {
                $(Operator::$op $({ $($arg: _),* })? => arity!($($arity)*),)*
                // The enum is open, but instrumentation has refused everything that is not in the table.
                _ => (0, 0),
            }
        };
    }
    wasmparser::for_each_operator!(table)
}
