//! The heap bound: growing memory pays for the pages first.
//!
//! Lives here: the call before `memory.grow`. Not here: what pages cost (`pages`), nor the host call that charges for them
//! (`hostio::meter`). The pass does nothing if memory cannot grow.
//!
//! Four operators; the number of pages is on top of the stack before them and after them:
//!
//! ```wat
//! ;; before                   ;; after
//!                             global.set $stylus_scratch_global
//!                             global.get $stylus_scratch_global
//!                             global.get $stylus_scratch_global
//!                             call $pay_for_memory_grow
//! memory.grow                 memory.grow
//! ```

use wasmparser::Operator;

use super::Globals;
use super::body::{Origin, Placed, insert};

/// Inserts a call of `pay_for_memory_grow`, the import with that index, before each `memory.grow`.
pub(super) fn rewrite<'a>(
    body: Vec<Placed<'a>>,
    globals: Globals,
    pay_for_memory_grow: u32,
) -> Vec<Placed<'a>> {
    let grows = |placed: &Placed<'_>| matches!(placed.operator, Operator::MemoryGrow { .. });
    if !body.iter().any(grows) {
        return body;
    }
    let mut out = Vec::with_capacity(body.len());
    for placed in body {
        if grows(&placed) {
            let pay = [
                Operator::GlobalSet {
                    global_index: globals.scratch,
                },
                Operator::GlobalGet {
                    global_index: globals.scratch,
                },
                Operator::GlobalGet {
                    global_index: globals.scratch,
                },
                Operator::Call {
                    function_index: pay_for_memory_grow,
                },
            ];
            insert(&mut out, placed.ordinal, Origin::Heap, pay);
        }
        out.push(placed);
    }
    out
}
