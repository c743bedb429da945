//! What never runs in a program that a chain accepts.
//!
//! Lives here: functions that are meant to be called first. Not here: what a program pays for without needing it (`layout`), why a module
//! is refused (`refusal`).

use std::collections::BTreeSet;

use wasmparser::{
    BinaryReaderError, ElementItems, ExternalKind, Operator, Parser, Payload, TypeRef,
};

use crate::instrument::names::ENTRYPOINT;
use crate::refusal::shown;

/// Exports that take and return nothing, and that nobody has to call: the SDK's, which keeps an import in use, and the garbage collector of
/// AssemblyScript's runtime.
const NEED_NO_CALL: [&str; 2] = ["mark_used", "__collect"];

/// The text that follows the name of a function that [`never_called`] finds.
pub const NEVER_CALLED: &str = "it is exported, takes nothing and returns nothing, but no chain calls it, so what it should initialise \
                                stays as it is; initialise in `user_entrypoint` (AssemblyScript's --exportStart exports the code outside \
                                of functions: move that into one)";

/// Finds functions that a module exports to be called before anything else, such as AssemblyScript's `--exportStart` or a C library's
/// `_initialize`: a chain calls only `user_entrypoint`, so what they would write is never written. Functions that write nothing do not
/// count.
///
/// Empty if the bytes are not a module.
pub fn never_called(wasm: &[u8]) -> Vec<String> {
    Functions::of(wasm).map_or_else(|_| Vec::new(), |functions| functions.never_called())
}

/// The functions of a module, and which of them call which. Imported ones come first, and call none.
#[derive(Default)]
struct Functions {
    /// Which types take and return nothing.
    bare_types: Vec<bool>,
    /// The type of each.
    types: Vec<u32>,
    exported: Vec<(String, u32)>,
    /// Functions that run at the start, or that a table reaches.
    reached: BTreeSet<u32>,
    bodies: Vec<Body>,
}

#[derive(Default)]
struct Body {
    calls: BTreeSet<u32>,
    /// Whether it writes memory or a global.
    writes: bool,
}

impl Functions {
    fn of(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut functions = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            functions.take(payload?)?;
        }
        Ok(functions)
    }

    fn take(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    let ty = ty?;
                    let is_bare = ty.params().is_empty() && ty.results().is_empty();
                    self.bare_types.push(is_bare);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(ty) = import?.ty {
                        self.types.push(ty);
                        self.bodies.push(Body::default());
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.types.push(ty?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        self.exported.push((export.name.to_owned(), export.index));
                    }
                }
            }
            Payload::StartSection { func, .. } => {
                self.reached.insert(func);
            }
            Payload::ElementSection(section) => {
                for element in section {
                    if let ElementItems::Functions(items) = element?.items {
                        for function in items {
                            self.reached.insert(function?);
                        }
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut read = Body::default();
                for operator in body.get_operators_reader()? {
                    read.take(&operator?);
                }
                self.bodies.push(read);
            }
            _ => {}
        }
        Ok(())
    }

    fn never_called(&self) -> Vec<String> {
        let of_chain = self.exported.iter();
        let of_chain = of_chain.filter(|(name, _)| name == ENTRYPOINT);
        let reached = self.reached_from(
            of_chain
                .map(|(_, index)| *index)
                .chain(self.reached.clone()),
        );
        let is_bare = |index: u32| {
            let ty = self.types.get(index as usize);
            ty.and_then(|ty| self.bare_types.get(*ty as usize)) == Some(&true)
        };
        let writes = |index: u32| {
            let mut all = self.reached_from([index]).into_iter();
            all.any(|it| self.bodies.get(it as usize).is_some_and(|it| it.writes))
        };
        let idle = self.exported.iter().filter(|(name, index)| {
            let needs_call = !NEED_NO_CALL.contains(&name.as_str());
            needs_call && is_bare(*index) && !reached.contains(index) && writes(*index)
        });
        idle.map(|(name, _)| shown(name).into()).collect()
    }

    fn reached_from(&self, roots: impl IntoIterator<Item = u32>) -> BTreeSet<u32> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<_> = roots.into_iter().collect();
        while let Some(index) = open.pop() {
            if reached.insert(index)
                && let Some(body) = self.bodies.get(index as usize)
            {
                open.extend(&body.calls);
            }
        }
        reached
    }
}

impl Body {
    fn take(&mut self, operator: &Operator<'_>) {
        use Operator as O;
        match operator {
            O::Call { function_index }
            | O::ReturnCall { function_index }
            | O::RefFunc { function_index } => drop(self.calls.insert(*function_index)),
            O::GlobalSet { .. }
            | O::I32Store { .. }
            | O::I64Store { .. }
            | O::F32Store { .. }
            | O::F64Store { .. }
            | O::I32Store8 { .. }
            | O::I32Store16 { .. }
            | O::I64Store8 { .. }
            | O::I64Store16 { .. }
            | O::I64Store32 { .. }
            | O::MemoryFill { .. }
            | O::MemoryCopy { .. }
            | O::MemoryInit { .. }
            | O::MemoryGrow { .. } => self.writes = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks which exports are never called in a module with `more` and an entry point whose body is `entry`.
    fn check_calls(entry: &str, more: &str, expected: &[&str]) {
        let text = format!(
            r#"(module (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
                (memory (export "memory") 1) (global $g (mut i32) (i32.const 0))
                (func (export "user_entrypoint") (param i32) (result i32) {entry} (i32.const 0)) {more})"#
        );
        let wasm = wat::parse_str(&text).unwrap();
        assert_eq!(never_called(&wasm), expected, "{text}");
    }

    const SET: &str = "(global.set $g (i32.const 7))";

    /// Theorem: a function that initialises something and is not called is found, whatever its name; one that is called, or writes nothing,
    /// is not.
    #[test]
    fn what_is_meant_to_be_called_first_is_not() {
        for name in ["_start", "_initialize", "init", "__wasm_call_ctors"] {
            let start = |body: &str| format!("(func $s (export \"{name}\") {body})");
            check_calls("", &start(SET), &[name]);
            let store = "(i32.store8 (i32.const 1024) (i32.const 1))";
            check_calls("", &start(store), &[name]);
            let by_another = format!("{} (func $t {SET})", start("(call $t)"));
            check_calls("", &by_another, &[name]);
            check_calls("(call $s)", &start(SET), &[]);
            check_calls("", &start(""), &[]);
            check_calls("", &format!("{} (start $s)", start(SET)), &[]);
            let in_table = format!("{} (table 1 funcref) (elem (i32.const 0) $s)", start(SET));
            check_calls("", &in_table, &[]);
        }
        let with = |name: &str, ty: &str| format!("(func (export \"{name}\") {ty} {SET})");
        check_calls("", &with("mark_used", ""), &[]);
        check_calls("", &with("__collect", ""), &[]);
        check_calls("", &with("set", "(param i32)"), &[]);
        check_calls(
            "",
            "(func (export \"pays\") (call $pay (i32.const 0)))",
            &[],
        );
        let two = format!("{}{}", with("_start", ""), with("a", ""));
        check_calls("", &two, &["_start", "a"]);
        assert_eq!(never_called(b"hello"), [""; 0]);
    }
}
