//! How the meter's count reaches host calls: as a last parameter, and back as a last result. Not part of the protocol: a
//! chain neither prices nor limits what this pass inserts.
//!
//! Lives here: the code around calls of imports, and the functions that stand in for imports that a table or an export names.
//! Not here: what host calls do with the count (`hostio`).
//!
//! ```wat
//! ;; before                   ;; after
//! local.get 0                 local.get 0
//!                             global.get $stylus_ink_left
//! call $msg_sender            call $msg_sender
//!                             global.set $stylus_ink_left
//! ```
//!
//! A host gets a value in a register much more cheaply than a global of the instance, which it must look up.

use std::collections::BTreeMap;

use wasmparser::{ElementItems, ExternalKind, Operator};

use super::body::{Placed, insert};
use super::encode::Hook;
use super::{Globals, names};
use crate::module::Module;
use crate::refusal::Refusal;

/// Passes the count through each call of an import or a profiler's hook.
pub(super) fn rewrite<'a>(
    body: Vec<Placed<'a>>,
    globals: Globals,
    module: &Module<'a>,
) -> Vec<Placed<'a>> {
    let imports = module.imports.len() as u32;
    let mut out = Vec::with_capacity(body.len());
    for placed in body {
        let ordinal = placed.ordinal;
        match placed.operator {
            Operator::Call { function_index } if function_index < imports => {
                insert(
                    &mut out,
                    ordinal,
                    placed.origin,
                    call(function_index, globals),
                );
            }
            _ => out.push(placed),
        }
    }
    out
}

fn call<'a>(import: u32, globals: Globals) -> [Operator<'a>; 3] {
    let global_index = globals.ink_left;
    [
        Operator::GlobalGet { global_index },
        Hook::Import(import).call(),
        Operator::GlobalSet { global_index },
    ]
}

/// Functions with the original types of imports, which take their places in tables and exports.
#[derive(Default)]
pub(super) struct Stands {
    /// The position of each import's stand-in.
    positions: BTreeMap<u32, u32>,
}

impl Stands {
    /// A stand-in for each import that `module` names other than in calls.
    pub(super) fn of(module: &Module<'_>) -> Result<Self, Refusal> {
        let imports = module.imports.len() as u32;
        let mut stands = Self::default();
        let mut named = |function: u32| {
            if function < imports {
                let position = stands.positions.len() as u32;
                stands.positions.entry(function).or_insert(position);
            }
        };
        for element in &module.elements {
            if let ElementItems::Functions(functions) = &element.items {
                for function in functions.clone() {
                    named(function.map_err(|error| Refusal::invalid(&error))?);
                }
            }
        }
        let entrypoint = module.export(names::ENTRYPOINT, ExternalKind::Func);
        entrypoint.into_iter().chain(module.start).for_each(named);
        Ok(stands)
    }

    /// The position of `import`'s stand-in among the stand-ins.
    pub(super) fn position(&self, import: u32) -> Option<u32> {
        self.positions.get(&import).copied()
    }

    /// All of them in order: the import, and its stand-in's operators.
    pub(super) fn bodies<'a>(
        &self,
        module: &Module<'_>,
        globals: Globals,
    ) -> Vec<(u32, Vec<Operator<'a>>)> {
        let mut bodies: Vec<_> = self.positions.iter().collect();
        bodies.sort_by_key(|&(_, position)| position);
        let body = |import: u32| {
            let parameters = module
                .function_type(import)
                .map_or(0, |ty| ty.params().len() as u32);
            let mut body: Vec<_> = (0..parameters)
                .map(|local_index| Operator::LocalGet { local_index })
                .collect();
            body.extend(call(import, globals));
            body.push(Operator::End);
            body
        };
        bodies
            .into_iter()
            .map(|(&import, _)| (import, body(import)))
            .collect()
    }
}
