//! The ink meter: each basic block pays for all its operators before the first of them runs.
//!
//! Lives here: where blocks end and the code that charges them. Not here: prices (`prices`), bytes moved by bulk
//! operators (`dynamic`).
//!
//! A block ends with `loop`, `if`, `else`, `end`, a branch, a call or `return`; that operator is part of the block. In
//! front of each block come twelve operators (`$cost` is the block's price, 2,450 included):
//!
//! ```wat
//! ;; before                   ;; after
//!                             global.get $stylus_ink_left
//!                             i64.const $cost
//!                             i64.lt_u
//!                             if
//!                               i32.const 1
//!                               global.set $stylus_ink_status
//!                               unreachable
//!                             end
//!                             global.get $stylus_ink_left
//!                             i64.const $cost
//!                             i64.sub
//!                             global.set $stylus_ink_left
//! local.get 0                 local.get 0
//! call $f                     call $f
//! ```
//!
//! Having exactly the price left is enough. What cannot be paid for leaves the ink as it was and sets the status, which
//! makes it count as none.

use wasmparser::{BlockType, Operator};

use super::Globals;
use crate::ink::Ink;
use crate::module::Module;
use crate::prices;

/// Puts the charge of each block in front of it.
pub(super) fn rewrite<'a>(
    body: Vec<Operator<'a>>,
    globals: Globals,
    module: &Module<'a>,
) -> Vec<Operator<'a>> {
    let params = |type_index: u32| {
        module
            .types
            .get(type_index as usize)
            .map_or(0, |ty| ty.params().len())
    };
    let mut out = Vec::with_capacity(body.len() * 4);
    let mut block = Vec::new();
    let mut cost = prices::BLOCK;
    for operator in body {
        cost = cost.saturating_add(prices::operator(&operator, params));
        let ends = ends_block(&operator);
        block.push(operator);
        if ends {
            charge(&mut out, cost, globals);
            out.append(&mut block);
            cost = prices::BLOCK;
        }
    }
    out
}

/// Whether a metered block ends with `operator`. Neither `block` nor `unreachable` ends one.
pub(super) fn ends_block(operator: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(
        operator,
        Loop { .. }
            | If { .. }
            | Else
            | End
            | Br { .. }
            | BrIf { .. }
            | BrTable { .. }
            | Call { .. }
            | CallIndirect { .. }
            | Return
    )
}

fn charge(out: &mut Vec<Operator<'_>>, cost: Ink, globals: Globals) {
    let Globals {
        ink_left,
        ink_status,
        ..
    } = globals;
    // The operator's constant is signed; the comparison reads the same bits without a sign.
    let cost = cost.0 as i64;
    out.extend([
        Operator::GlobalGet {
            global_index: ink_left,
        },
        Operator::I64Const { value: cost },
        Operator::I64LtU,
        Operator::If {
            blockty: BlockType::Empty,
        },
        Operator::I32Const { value: 1 },
        Operator::GlobalSet {
            global_index: ink_status,
        },
        Operator::Unreachable,
        Operator::End,
        Operator::GlobalGet {
            global_index: ink_left,
        },
        Operator::I64Const { value: cost },
        Operator::I64Sub,
        Operator::GlobalSet {
            global_index: ink_left,
        },
    ]);
}
