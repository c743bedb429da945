//! The counting pass: records in a memory of its own which blocks run, how often, and when each last did. Not part of the protocol, and
//! never in a program that a chain runs.
//!
//! Lives here: the counters and where they are. Not here: what is read from them (`crate::explain`).
//!
//! The program's own code names only its first memory, so nothing that it does can reach the record. A block counts once it is paid for;
//! `$at` is the place of its count, followed by the number of blocks begun by then:
//!
//! ```wat
//! ;; before                   ;; after
//! ;; (the charge of a block)
//!                             i32.const 0
//!                             i32.const 0
//!                             i64.load $record offset=$at
//!                             i64.const 1
//!                             i64.add
//!                             i64.store $record offset=$at
//!                             i32.const 0
//!                             i32.const 0
//!                             i64.load $record
//!                             i64.const 1
//!                             i64.add
//!                             i64.store $record
//!                             i32.const 0
//!                             i32.const 0
//!                             i64.load $record
//!                             i64.store $record offset=$at+8
//! local.get 0                 local.get 0
//! ```
//!
//! `memory.copy` and `memory.fill` add their lengths to sums of their own. A call of an import adds the ink left before it, and subtracts
//! what is left after it. Functions that panics end in store their parameters.

use wasmparser::{MemArg, Operator, ValType};

use super::body::{Origin, Placed, insert};
use super::encode::RECORD_MEMORY;
use super::{Globals, ink};
use crate::ink::Ink;
use crate::module::Module;

/// Bytes of the number of blocks begun.
const SEQUENCE_BYTES: u32 = 8;

/// Bytes of a block's counters: its count, and the number of blocks begun when it last did.
const BLOCK_BYTES: u32 = 16;

/// Bytes of the sum of a bulk operator, or of a call of an import.
const SUM_BYTES: u32 = 8;

/// The most parameters of a function that are noted.
const MOST_PARAMETERS: usize = 5;

/// Bytes of a watched function's record: whether it was entered, and its parameters.
const WATCHED_BYTES: u32 = 4 * (1 + MOST_PARAMETERS as u32);

/// Functions that tell by their parameters why a program fails, by their demangled names: what every panic ends in, what a failed
/// allocation ends in, and what remains of a failed index if a contract's own handler drops the message.
const WATCHED: &[&str] = &[
    "core::panicking::panic_fmt",
    "core::panicking::panic_bounds_check",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::handle_error",
    "rust_oom",
    "std::alloc::rust_oom",
];

/// Whether the function called `name`, demangled, tells by its parameters why a program fails.
pub(crate) fn is_watched(name: &str) -> bool {
    WATCHED.contains(&name)
}

/// A metered block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) function: u32,
    /// The ordinal of its first operator.
    pub(crate) first: u32,
    /// What each of its operators costs; the last one's price includes that of the block itself.
    pub(crate) prices: Vec<Ink>,
    /// Where its counters are.
    pub(crate) at: u32,
}

/// An operator that has a sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summing {
    pub(crate) function: u32,
    pub(crate) ordinal: u32,
    /// Where its sum is.
    pub(crate) at: u32,
}

/// A function that stores its parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    pub(crate) name: &'static str,
    /// How many it has, of which the first five are stored if they are words.
    pub(crate) parameters: usize,
    /// Where they are: a word that says whether it was entered, then each of them.
    pub(crate) at: u32,
}

/// Everything that a program counts.
#[derive(Default, Debug)]
pub(crate) struct Counters {
    pub(crate) blocks: Vec<Block>,
    /// Each `memory.copy` and `memory.fill`: its bytes.
    pub(crate) bulks: Vec<Summing>,
    /// Each call of an import: its ink.
    pub(crate) hostios: Vec<Summing>,
    pub(crate) watched: Vec<Watched>,
    taken: u32,
}

impl Counters {
    /// Bytes of the whole record.
    pub(super) fn size(&self) -> u32 {
        SEQUENCE_BYTES + self.taken
    }

    /// Takes `bytes` bytes for the next counter; returns their place.
    fn take(&mut self, bytes: u32) -> u32 {
        let at = self.size();
        self.taken += bytes;
        at
    }
}

/// The pass over one body.
pub(super) struct Counting<'m, 'a> {
    pub(super) function: u32,
    pub(super) module: &'m Module<'a>,
    pub(super) globals: Globals,
    pub(super) counters: &'m mut Counters,
}

impl<'a> Counting<'_, 'a> {
    /// Makes a body, which has passed all passes of the protocol, count its blocks. Its function is called `name`.
    pub(super) fn rewrite(self, body: Vec<Placed<'a>>, name: Option<&str>) -> Vec<Placed<'a>> {
        let Self {
            function, module, ..
        } = self;
        let Globals {
            ink_left, scratch, ..
        } = self.globals;
        let imports = module.imports.len() as u32;
        let counters = self.counters;
        let mut out = Vec::with_capacity(body.len() * 2);
        if let Some(name) = WATCHED.iter().find(|watched| name == Some(**watched)) {
            let entry = watch(function, name, module, counters);
            insert(&mut out, 0, Origin::Other, entry);
        }
        let mut body = body.into_iter().peekable();
        while let Some(placed) = body.next() {
            let (ordinal, origin) = (placed.ordinal, placed.origin);
            if origin == Origin::Module
                && let Some(block) = counters.blocks.last_mut()
            {
                let mut price = ink::price(&placed.operator, module);
                if ink::ends_block(&placed.operator) {
                    price = price.saturating_add(crate::prices::BLOCK);
                }
                block.prices.push(price);
            }
            if let Operator::Call { function_index } = placed.operator
                && function_index < imports
            {
                let at = counters.take(SUM_BYTES);
                counters.hostios.push(Summing {
                    function,
                    ordinal,
                    at,
                });
                let left = || {
                    [Operator::GlobalGet {
                        global_index: ink_left,
                    }]
                };
                insert(&mut out, ordinal, Origin::Other, add(at, left()));
                out.push(placed);
                // Nothing but the block ends after a call of an import.
                let behind = change(at, left(), Operator::I64Sub);
                insert(&mut out, ordinal, Origin::Other, behind);
                continue;
            }
            out.push(placed);
            let next = body.peek().map(|next| next.origin);
            if origin == Origin::Ink && next != Some(Origin::Ink) {
                let at = counters.take(BLOCK_BYTES);
                counters.blocks.push(Block {
                    function,
                    first: ordinal,
                    prices: Vec::new(),
                    at,
                });
                insert(&mut out, ordinal, Origin::Other, count(at));
            }
            if origin == Origin::Dynamic && next != Some(Origin::Dynamic) {
                let at = counters.take(SUM_BYTES);
                counters.bulks.push(Summing {
                    function,
                    ordinal,
                    at,
                });
                insert(&mut out, ordinal, Origin::Other, sum(at, scratch));
            }
        }
        out
    }
}

/// The code at the entry of a function whose parameters are stored.
fn watch<'a>(
    function: u32,
    name: &'static str,
    module: &Module<'_>,
    counters: &mut Counters,
) -> Vec<Operator<'a>> {
    let parameters = module
        .function_type(function)
        .map_or(&[][..], |ty| ty.params());
    let at = counters.take(WATCHED_BYTES);
    counters.watched.push(Watched {
        name,
        parameters: parameters.len(),
        at,
    });
    let store = |at| Operator::I32Store { memarg: word(at) };
    let mut code = vec![ZERO, Operator::I32Const { value: 1 }, store(at)];
    let places = (1..).map(|position| at + 4 * position);
    for ((local_index, ty), at) in (0..).zip(parameters).zip(places).take(MOST_PARAMETERS) {
        if *ty == ValType::I32 {
            code.extend([ZERO, Operator::LocalGet { local_index }, store(at)]);
        }
    }
    code
}

const ZERO: Operator<'static> = Operator::I32Const { value: 0 };

/// Adds one to the count at `at`, and stores after it the number of blocks begun.
fn count<'a>(at: u32) -> impl Iterator<Item = Operator<'a>> {
    let stamp = [
        ZERO,
        ZERO,
        Operator::I64Load { memarg: long(0) },
        Operator::I64Store {
            memarg: long(at + 8),
        },
    ];
    let one = || [Operator::I64Const { value: 1 }];
    add(at, one()).chain(add(0, one())).chain(stamp)
}

/// Adds the word in the global `scratch` to the sum at `at`.
fn sum<'a>(at: u32, scratch: u32) -> impl Iterator<Item = Operator<'a>> {
    let length = Operator::GlobalGet {
        global_index: scratch,
    };
    add(at, [length, Operator::I64ExtendI32U])
}

/// Adds what `summand` leaves on the stack to the number at `at`.
fn add<'a, const N: usize>(
    at: u32,
    summand: [Operator<'a>; N],
) -> impl Iterator<Item = Operator<'a>> {
    change(at, summand, Operator::I64Add)
}

/// Changes the number at `at` by what `operand` leaves on the stack.
fn change<'a, const N: usize>(
    at: u32,
    operand: [Operator<'a>; N],
    by: Operator<'a>,
) -> impl Iterator<Item = Operator<'a>> {
    let memarg = long(at);
    let load = [ZERO, ZERO, Operator::I64Load { memarg }];
    let store = [by, Operator::I64Store { memarg }];
    load.into_iter().chain(operand).chain(store)
}

/// A word of the record.
fn word(at: u32) -> MemArg {
    MemArg {
        align: 2,
        max_align: 2,
        offset: at.into(),
        memory: RECORD_MEMORY,
    }
}

/// A double word of the record.
fn long(at: u32) -> MemArg {
    MemArg {
        align: 3,
        max_align: 3,
        offset: at.into(),
        memory: RECORD_MEMORY,
    }
}
