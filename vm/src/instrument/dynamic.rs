//! The dynamic meter: `memory.fill` and `memory.copy` pay for each byte once they know how many there are.
//!
//! Lives here: the code before the two operators. Not here: their fixed price, which is part of their block.
//!
//! Seventeen operators; the length is on top of the stack before them and after them:
//!
//! ```wat
//! ;; before                   ;; after
//!                             global.set $stylus_scratch_global
//!                             global.get $stylus_ink_left
//!                             global.get $stylus_ink_left
//!                             global.get $stylus_scratch_global
//!                             i64.extend_i32_u
//!                             i64.const 100
//!                             i64.mul
//!                             i64.sub
//!                             global.set $stylus_ink_left
//!                             global.get $stylus_ink_left
//!                             i64.lt_u
//!                             if
//!                               nop
//!                               nop
//!                               unreachable
//!                             end
//!                             global.get $stylus_scratch_global
//! memory.fill                 memory.fill
//! ```
//!
//! It subtracts the price first and checks afterwards: the unsigned count has risen exactly if it has become negative,
//! because the price is far below 2^63. A negative count means that ink has run out, as in `ink`, which also explains
//! the `nop`s.

use wasmparser::Operator;

use super::Globals;
use super::body::{Origin, Placed, insert};
use crate::prices;

/// Inserts the per-byte charge before each bulk operator.
pub(super) fn rewrite<'a>(body: Vec<Placed<'a>>, globals: Globals) -> Vec<Placed<'a>> {
    if !body.iter().any(|placed| is_bulk(&placed.operator)) {
        return body;
    }
    let mut out = Vec::with_capacity(body.len());
    for placed in body {
        if is_bulk(&placed.operator) {
            charge(&mut out, placed.ordinal, globals);
        }
        out.push(placed);
    }
    out
}

pub(super) fn is_bulk(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::MemoryFill { .. } | Operator::MemoryCopy { .. }
    )
}

fn charge(out: &mut Vec<Placed<'_>>, ordinal: u32, globals: Globals) {
    let Globals {
        ink_left, scratch, ..
    } = globals;
    let pay = [
        Operator::GlobalSet {
            global_index: scratch,
        },
        Operator::GlobalGet {
            global_index: ink_left,
        },
        Operator::GlobalGet {
            global_index: ink_left,
        },
        Operator::GlobalGet {
            global_index: scratch,
        },
        Operator::I64ExtendI32U,
        Operator::I64Const {
            value: prices::BULK_BYTE.0 as i64,
        },
        Operator::I64Mul,
        Operator::I64Sub,
        Operator::GlobalSet {
            global_index: ink_left,
        },
        Operator::GlobalGet {
            global_index: ink_left,
        },
        Operator::I64LtU,
    ];
    let length = Operator::GlobalGet {
        global_index: scratch,
    };
    let code = pay.into_iter().chain(super::trap_if()).chain([length]);
    insert(out, ordinal, Origin::Dynamic, code);
}
