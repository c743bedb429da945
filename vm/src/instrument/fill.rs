//! The fill guard: before Stylus version 3, `memory.fill` takes a value of eight bits and traps on a larger one.
//!
//! Lives here: the test before the operator. Not here: what a fill costs (`dynamic`), which runs first and leaves the
//! length in the scratch global.
//!
//! WebAssembly takes the value modulo 256. Nitro's native VM passed on all 32 bits, and its prover wrote a different
//! pattern than the native VM; nodes since v3.9.9 end such a program instead, as a failure, whatever the length. The
//! inserted code is not part of the protocol: it comes after the count that activation prices. `$value` is a new local.
//!
//! ```wat
//! ;; before                   ;; after
//!                             drop
//!                             local.tee $value
//!                             local.get $value
//!                             i32.const 255
//!                             i32.gt_u
//!                             if
//!                               unreachable
//!                             end
//!                             global.get $stylus_scratch_global
//! memory.fill                 memory.fill
//! ```

use wasmparser::{BlockType, Operator};

use super::Globals;
use super::body::{Origin, Placed, insert};

/// The largest value.
const MOST: i32 = 0xFF;

/// Whether a body fills memory.
pub(super) fn fills(body: &[Placed<'_>]) -> bool {
    body.iter().any(is_fill)
}

fn is_fill(placed: &Placed<'_>) -> bool {
    matches!(placed.operator, Operator::MemoryFill { .. })
}

/// Inserts the guard before each `memory.fill`; `value` is a local that nothing else uses.
pub(super) fn rewrite<'a>(body: Vec<Placed<'a>>, globals: Globals, value: u32) -> Vec<Placed<'a>> {
    let mut out = Vec::with_capacity(body.len() + 16);
    for placed in body {
        if is_fill(&placed) {
            let guard = [
                Operator::Drop,
                Operator::LocalTee { local_index: value },
                Operator::LocalGet { local_index: value },
                Operator::I32Const { value: MOST },
                Operator::I32GtU,
                Operator::If {
                    blockty: BlockType::Empty,
                },
                Operator::Unreachable,
                Operator::End,
                Operator::GlobalGet {
                    global_index: globals.scratch,
                },
            ];
            insert(&mut out, placed.ordinal, Origin::Fill, guard);
        }
        out.push(placed);
    }
    out
}
