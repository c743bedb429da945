//! Where a module's stack lies, and what a smaller one would save.
//!
//! Lives here: finding the stack, and the two ways in which it costs pages. Not here: other advice (`advice`), what else is unusual in a
//! module (`headroom`).
//!
//! A linker puts the stack first in memory and the statics after it, so the address at which the stack begins is its size. Each call begins
//! with all of these pages and pays for them.

use std::fmt;

use wasmparser::{BinaryReaderError, DataKind, ExternalKind, Operator, Parser, Payload, ValType};

use crate::ink::Gas;
use crate::pages::{MemoryModel, PageCounters, Pages};

/// Bytes of stack that are enough for most programs, and that are advised: half a page.
pub const STACK_SIZE: u32 = 32_768;

/// The smallest stack that is advised, in bytes.
const LEAST_STACK: u32 = 16_384;

/// Bytes of a page.
const PAGE: u32 = Pages::BYTES as u32;

/// A stack that could be smaller, and what that would save.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LargeStack {
    /// Bytes of stack.
    pub bytes: u32,
    /// How many fewer pages a call would begin with, given [`STACK_SIZE`].
    pub pages: Pages,
    /// Gas that each call would save.
    pub gas: Gas,
}

/// A stack that costs each call a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageOfStack {
    /// Bytes of the stack.
    pub bytes: u32,
    /// Pages that a call begins with.
    pub pages: Pages,
    /// The largest stack, in bytes, with which it would begin with one page fewer.
    pub fitting: u32,
}

/// Finds pages that a program begins with and that a smaller stack would not need, on a chain where memory costs what `memory` says.
///
/// The stack is where the module's first global points, if that is a variable: linkers keep it there. `None` if the bytes are not a module.
pub fn large_stack(wasm: &[u8], memory: MemoryModel) -> Option<LargeStack> {
    let Layout { pages, stack, .. } = Layout::of(wasm)?;
    let saved = stack.checked_sub(STACK_SIZE)? / PAGE;
    let saved = Pages(u16::try_from(saved).ok().filter(|saved| *saved > 0)?);
    let cost = |pages: Pages| memory.cost(pages, PageCounters::default());
    let less = pages.saturating_sub(saved);
    let gas = cost(pages).checked_sub(cost(less))?;
    (gas > Gas::ZERO).then_some(LargeStack {
        bytes: stack,
        pages: saved,
        gas,
    })
}

/// Whether a smaller stack, of 16 KiB or more, would save a page. This is known only of a module that begins with its stack and exports
/// `__heap_base`, as rustc's do.
pub fn page_of_stack(wasm: &[u8]) -> Option<PageOfStack> {
    let Layout {
        pages,
        stack,
        heap_base,
    } = Layout::of(wasm)?;
    // Statics lie after the stack, up to where the heap begins.
    let statics = heap_base?.checked_sub(stack)?;
    let less = u32::from(pages.0).checked_sub(1)?.checked_mul(PAGE)?;
    let fitting = less.checked_sub(statics)? / 16 * 16;
    let saves = fitting < stack && fitting >= LEAST_STACK;
    saves.then_some(PageOfStack {
        bytes: stack,
        pages,
        fitting,
    })
}

/// A memory that begins with the stack.
struct Layout {
    /// Pages that the module begins with.
    pages: Pages,
    /// Where the stack begins, from which it grows down to zero.
    stack: u32,
    /// Where the heap begins, if the module says so.
    heap_base: Option<u32>,
}

/// What sections say, before it is known whether they fit together.
#[derive(Default)]
struct Sections {
    pages: Option<Pages>,
    /// The initial value of the first global, if it is a variable.
    stack: Option<u32>,
    heap_base: Option<u32>,
    /// Values of globals that have a constant one, by index.
    globals: Vec<Option<u32>>,
    /// Where each static lies, if that is known.
    statics: Vec<Option<u32>>,
}

impl Layout {
    /// The layout of a module whose first variable points to a stack: aligned as compilers do it, within the memory, and before all
    /// statics. If statics come before it, the pointer is not a size that a linker option could reduce.
    fn of(wasm: &[u8]) -> Option<Self> {
        let mut sections = Sections::default();
        for payload in Parser::new(0).parse_all(wasm) {
            sections.take(payload.ok()?).ok()?;
        }
        let (pages, stack) = (sections.pages?, sections.stack?);
        let is_stack = stack.is_multiple_of(16) && stack <= u32::from(pages.0).saturating_mul(PAGE);
        let is_behind = |offset: &Option<u32>| offset.is_some_and(|offset| offset >= stack);
        let is_first = is_stack && sections.statics.iter().all(is_behind);
        is_first.then_some(Self {
            pages,
            stack,
            heap_base: sections.heap_base,
        })
    }
}

impl Sections {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::MemorySection(section) => {
                for memory in section {
                    let initial = u16::try_from(memory?.initial).ok();
                    self.pages = self.pages.or(initial.map(Pages));
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    let value = match global.init_expr.get_operators_reader().read()? {
                        Operator::I32Const { value } => u32::try_from(value).ok(),
                        _ => None,
                    };
                    let is_word = global.ty.content_type == ValType::I32;
                    if self.globals.is_empty() && global.ty.mutable && is_word {
                        self.stack = value;
                    }
                    self.globals.push(value);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.name == "__heap_base" && export.kind == ExternalKind::Global {
                        let value = self.globals.get(export.index as usize);
                        self.heap_base = value.copied().flatten();
                    }
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    if let DataKind::Active { offset_expr, .. } = data?.kind {
                        let offset = offset_expr.get_operators_reader().read()?;
                        self.statics.push(match offset {
                            Operator::I32Const { value } => Some(value.cast_unsigned()),
                            _ => None,
                        });
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl LargeStack {
    /// This as a sentence, with figures as `figure` writes them.
    pub fn sentence(&self, figure: impl Fn(u64) -> String) -> String {
        format!(
            "every call begins with {} bytes of stack: with `-C link-arg=-zstack-size={STACK_SIZE}` (in Zig, `--stack {STACK_SIZE}`) it \
             begins with {} fewer and costs {} gas less",
            figure(self.bytes.into()),
            self.pages,
            figure(self.gas.0)
        )
    }
}

impl fmt::Display for LargeStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence(|figure| figure.to_string()))
    }
}

impl fmt::Display for PageOfStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bytes,
            pages,
            fitting,
        } = self;
        write!(
            f,
            "the stack of {bytes} bytes is what makes it {pages}: with `-C link-arg=-zstack-size={fitting}`, or less, it is one fewer"
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
        // Free pages are free; a module whose variable is not a stack is left alone.
        check(&rust(2, 131_072, 131_072), None);
        check(&rust(17, 1_048_576, 1_024), None);
        check(&rust(17, 1_048_577, 1_048_580), None);
        check("(module (memory 17))", None);
        check("(module)", None);
    }

    /// What is found in a module with `stack` bytes of stack and statics up to `end`, as rustc writes it.
    fn with_stack(pages: u32, stack: u32, end: u32) -> Option<(u32, u16, u32)> {
        let text = format!(
            r#"(module (memory {pages}) (global (mut i32) (i32.const {stack}))
                (global i32 (i32.const {end})) (export "__heap_base" (global 1))
                (data (i32.const {stack}) "x"))"#
        );
        let found = page_of_stack(&wat::parse_str(text).unwrap())?;
        Some((found.bytes, found.pages.0, found.fitting))
    }

    #[test]
    fn a_stack_that_takes_a_page_too_many_is_told() {
        // 48 KiB of stack and 20,000 bytes of statics do not fit a page; 45,536 bytes of stack do.
        assert_eq!(with_stack(2, 49_152, 69_152), Some((49_152, 2, 45_536)));
        // They fit.
        assert_eq!(with_stack(1, 32_768, 40_000), None);
        // The statics alone take a page, or leave too little.
        assert_eq!(with_stack(2, 32_768, 32_768 + 60_000), None);
        assert_eq!(with_stack(2, 32_768, 32_768 + 49_153), None);
        assert_eq!(
            with_stack(17, 1_048_576, 1_050_000),
            Some((1_048_576, 17, 1_047_152))
        );
        assert_eq!(
            page_of_stack(&wat::parse_str("(module (memory 1))").unwrap()),
            None
        );
    }
}
