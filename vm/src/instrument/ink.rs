//! The ink meter: each basic block pays for all its operators before the first of them runs.
//!
//! Lives here: where blocks end and the code that charges them. Not here: prices (`prices`), bytes moved by bulk
//! operators (`dynamic`).
//!
//! A block ends with `loop`, `if`, `else`, `end`, a branch, a call or `return`; that operator is part of the block. The
//! pass inserts twelve operators before each block (`$cost` is the block's price, 2,450 included):
//!
//! ```wat
//! ;; before                   ;; after
//!                             global.get $stylus_ink_left
//!                             i64.const $cost
//!                             i64.sub
//!                             global.set $stylus_ink_left
//!                             global.get $stylus_ink_left
//!                             i64.const 0
//!                             i64.lt_s
//!                             if
//!                               nop
//!                               nop
//!                               unreachable
//!                             end
//! local.get 0                 local.get 0
//! call $f                     call $f
//! ```
//!
//! Having exactly the price left suffices. A negative count means that ink has run out, and no other ending leaves one: a
//! count starts at 2^63 − 2 at most (the host holds the rest for host calls to add), and no price is above 2^63 − 1.
//!
//! Setting a flag there instead of the two `nop`s would make the metered program a third slower: compilers turn a lone
//! conditional trap into one jump that is never taken. The `nop`s are there because the number of operators is part of
//! the protocol.

use wasmparser::Operator;

use super::Globals;
use super::body::{Origin, Placed, insert};
use crate::ink::Ink;
use crate::module::Module;
use crate::prices;

/// Inserts the charge of each block before it.
pub(super) fn rewrite<'a>(
    body: Vec<Operator<'a>>,
    globals: Globals,
    module: &Module<'a>,
) -> Vec<Placed<'a>> {
    let mut out = Vec::with_capacity(body.len() * 4);
    let mut block = Vec::new();
    let mut cost = prices::BLOCK;
    let mut first = 0;
    for (ordinal, operator) in (0..).zip(body) {
        cost = cost.saturating_add(price(&operator, module));
        let ends = ends_block(&operator);
        block.push(Placed {
            operator,
            ordinal,
            origin: Origin::Module,
        });
        if ends {
            charge(&mut out, first, cost, globals);
            out.append(&mut block);
            first = ordinal + 1;
            cost = prices::BLOCK;
        }
    }
    out
}

/// The price of the first block of a body.
pub(super) fn first_block(body: &[Operator<'_>], module: &Module<'_>) -> Ink {
    let last = body.iter().position(ends_block);
    let block = last.map_or(body, |last| &body[..=last]);
    let prices = block.iter().map(|operator| price(operator, module));
    prices.fold(prices::BLOCK, Ink::saturating_add)
}

/// What `operator` of `module` costs, as part of its block.
pub(super) fn price(operator: &Operator<'_>, module: &Module<'_>) -> Ink {
    prices::operator(operator, |type_index: u32| {
        let ty = module.types.get(type_index as usize);
        ty.map_or(0, |ty| ty.params().len())
    })
}

/// Whether a metered block ends with `operator`. Neither `block` nor `unreachable` ends one.
pub(crate) fn ends_block(operator: &Operator<'_>) -> bool {
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

/// Charges for the block that begins with the operator `first`.
fn charge(out: &mut Vec<Placed<'_>>, first: u32, cost: Ink, globals: Globals) {
    let global_index = globals.ink_left;
    let cost = i64::try_from(cost.0).unwrap_or(i64::MAX);
    let check = [
        Operator::GlobalGet { global_index },
        Operator::I64Const { value: cost },
        Operator::I64Sub,
        Operator::GlobalSet { global_index },
        Operator::GlobalGet { global_index },
        Operator::I64Const { value: 0 },
        Operator::I64LtS,
    ];
    let code = check.into_iter().chain(super::trap_if());
    insert(out, first, Origin::Ink, code);
}
