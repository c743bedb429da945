//! What a program pays for in every call and need not.
//!
//! Lives here: the stack that a linker gives a program where nobody says how large it is. Not here: why a module is refused
//! (`refusal`).
//!
//! A linker puts the stack first in memory and the statics behind it, so that the address at which the stack begins is its size. Each call
//! begins with all of these pages and pays for them.

use std::fmt;

use wasmparser::{Operator, Parser, Payload, ValType};

use crate::ink::Gas;
use crate::pages::{MemoryModel, PageCounters, Pages};

/// Bytes of stack that are enough for most programs: half a page, and what is advised.
pub const STACK_SIZE: u32 = 32_768;

/// Bytes of a page.
const PAGE: u32 = 65_536;

/// A stack that could be smaller, and what that would save.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LargeStack {
    /// Bytes of it.
    pub bytes: u32,
    /// Pages that a call would begin with less, with [`STACK_SIZE`].
    pub pages: Pages,
    /// Gas that each call would cost less.
    pub gas: Gas,
}

/// Whether a program begins with pages that a smaller stack would not need, on a chain where memory costs what `memory` says.
///
/// The stack is where the module's first variable points, which is how linkers keep it. Of a module that is not one it says nothing.
pub fn large_stack(wasm: &[u8], memory: MemoryModel) -> Option<LargeStack> {
    let (pages, bytes) = memory_and_stack(wasm)?;
    let saved = bytes.checked_sub(STACK_SIZE)? / PAGE;
    let saved = Pages(u16::try_from(saved).ok().filter(|saved| *saved > 0)?);
    let cost = |pages: Pages| memory.cost(pages, PageCounters::default());
    let less = pages.saturating_sub(saved);
    let gas = cost(pages).checked_sub(cost(less))?;
    (gas > Gas::ZERO).then_some(LargeStack {
        bytes,
        pages: saved,
        gas,
    })
}

/// Pages that a module begins with, and where its stack begins, from which it grows down to zero.
fn memory_and_stack(wasm: &[u8]) -> Option<(Pages, u32)> {
    let mut pages = None;
    let mut stack = None;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::MemorySection(section) => {
                let memory = section.into_iter().next()?.ok()?;
                pages = Some(Pages(u16::try_from(memory.initial).ok()?));
            }
            Payload::GlobalSection(section) => {
                let global = section.into_iter().next()?.ok()?;
                let mut init = global.init_expr.get_operators_reader();
                if let (true, ValType::I32, Ok(Operator::I32Const { value })) =
                    (global.ty.mutable, global.ty.content_type, init.read())
                {
                    stack = u32::try_from(value).ok();
                }
            }
            // A stack with statics in front of it is not what an option makes smaller.
            Payload::DataSection(section) => {
                for data in section {
                    let wasmparser::DataKind::Active { offset_expr, .. } = data.ok()?.kind else {
                        continue;
                    };
                    let Ok(Operator::I32Const { value }) =
                        offset_expr.get_operators_reader().read()
                    else {
                        return None;
                    };
                    if value.cast_unsigned() < stack? {
                        return None;
                    }
                }
            }
            _ => {}
        }
    }
    let (pages, stack) = (pages?, stack?);
    // It ends within the memory that there is, at a multiple of what compilers align it to.
    let fits = stack.is_multiple_of(16) && stack <= u32::from(pages.0).saturating_mul(PAGE);
    fits.then_some((pages, stack))
}

impl fmt::Display for LargeStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the stack takes {} bytes, which each call begins with: with `-C link-arg=-zstack-size={STACK_SIZE}` (in Zig, `--stack \
             {STACK_SIZE}`) it begins with {} fewer and costs {} less",
            self.bytes, self.pages, self.gas
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ArbOs, Config};

    fn check(text: &str, expected: Option<(u32, u16, u64)>) {
        let wasm = wat::parse_str(text).unwrap();
        let found = large_stack(&wasm, Config::at(ArbOs::LAST).memory());
        let found = found.map(|it| (it.bytes, it.pages.0, it.gas.0));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn the_default_of_linkers_is_large() {
        let rust = |pages: u32, stack: u32, data: u32| {
            format!(
                r#"(module (memory {pages}) (global (mut i32) (i32.const {stack})) (data (i32.const {data}) "x"))"#
            )
        };
        // 15 pages of 1,000 gas, and the curve up to 17 of them.
        check(
            &rust(17, 1_048_576, 1_048_576),
            Some((1_048_576, 15, 15_008)),
        );
        check(&rust(1, 32_768, 32_768), None);
        check(&rust(2, 98_304, 98_304), None);
        // Free pages are free; a module whose variable is no stack is left alone.
        check(&rust(2, 131_072, 131_072), None);
        check(&rust(17, 1_048_576, 1_024), None);
        check(&rust(17, 1_048_577, 1_048_580), None);
        check("(module (memory 17))", None);
        check("(module)", None);
    }
}
