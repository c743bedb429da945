//! The profiler's pass: inserts calls that report where the run is. Not part of the protocol, and never in a program that a
//! chain runs.
//!
//! Lives here: the calls of the profiler's hooks. Not here: what they record (`crate::profile`). The pass comes after all
//! others, so it changes neither charges nor frames; the code it inserts costs nothing.
//!
//! ```wat
//! ;; before                   ;; after
//! (func                       (func
//!                               i32.const $function
//!                               global.get $stylus_ink_left
//!                               call $enter
//!                               block
//!                                 global.get $stylus_ink_left
//!   return                        call $leave
//!                                 return
//!                               end
//!                               global.get $stylus_ink_left
//!                               call $leave
//! )                           )
//! ```
//!
//! A branch to the outermost label now leaves the block and meets the last `call $leave`. If the function is an allocator's, the
//! two to four of its parameters that describe the request go to `$allocator` right after the entry.

use wasmparser::Operator;

use super::Globals;
use super::body::{Origin, Placed, insert};
use super::encode::{Hook, results_block};
use crate::module::Module;
use crate::profile::{AllocatorCall, Names};

/// How many parameters the allocator hook takes.
const HOOK_PARAMETERS: usize = 4;

/// Inserts the hooks into the body of `function`, which has passed all other passes.
pub(super) fn rewrite<'a>(
    body: Vec<Placed<'a>>,
    function: u32,
    module: &Module<'a>,
    names: &Names,
    globals: Globals,
) -> Vec<Placed<'a>> {
    let ink_left = Operator::GlobalGet {
        global_index: globals.ink_left,
    };
    let mut out = Vec::with_capacity(body.len() + 16);
    let mut entry = vec![
        Operator::I32Const {
            value: function as i32,
        },
        ink_left.clone(),
        Hook::Enter.call(),
    ];
    if let Some(parameters) = allocator_parameters(function, module, names) {
        for position in 0..HOOK_PARAMETERS {
            entry.push(match parameters.get(position) {
                Some(&local_index) => Operator::LocalGet { local_index },
                None => Operator::I32Const { value: 0 },
            });
        }
        entry.push(Hook::Allocator.call());
    }
    let local = function as usize - module.imports.len();
    let type_index = module.functions.get(local).copied().unwrap_or_default();
    entry.push(Operator::Block {
        blockty: results_block(module, type_index),
    });
    insert(&mut out, 0, Origin::Other, entry);
    let last = body.last().map_or(0, |placed| placed.ordinal);
    for placed in body {
        if let Operator::Return = placed.operator {
            let leave = [ink_left.clone(), Hook::Leave.call()];
            insert(&mut out, placed.ordinal, Origin::Other, leave);
        }
        out.push(placed);
    }
    // The body's own `end` closes the block; the function gets another.
    let leave = [ink_left, Hook::Leave.call(), Operator::End];
    insert(&mut out, last, Origin::Other, leave);
    out
}

/// Which parameters of `function` go to the hook, if its name and parameters show that it is an allocator's.
fn allocator_parameters(
    function: u32,
    module: &Module<'_>,
    names: &Names,
) -> Option<&'static [u32]> {
    let name = names.get(function)?;
    let ty = module.function_type(function)?;
    let i32s = ty.params().iter().all(|ty| *ty == wasmparser::ValType::I32);
    AllocatorCall::told(name, ty.params().len()).filter(|_| i32s)
}
