//! How far a module is from what would be refused, and what in it no Rust compiler wrote.
//!
//! Lives here: every limit of chain and node next to what a module uses of it, and the search for what is unusual. Not here: checking the
//! limits (`limits`, `instrument`, `engine`), and how either is shown.

use std::fmt;

use wasmparser::{BinaryReaderError, DataKind, GlobalType, Operator, Parser, Payload, ValType};

use crate::activate::{self, Activation};
use crate::code;
use crate::config::Config;
use crate::engine::burdens;
use crate::instrument::{MAX_FRAME, MAX_OPERATORS, declared_locals, refuse_unsupported};
use crate::limits;
use crate::pages::Pages;
use crate::profile::Names;
use crate::refusal::{Refusal, shown};

/// The most bytes of native code that a node generates for a module, as Nitro sets it by default.
const MOST_NATIVE: u64 = 10 << 20;

/// How much a module uses of something that is limited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Headroom {
    /// What it is, in words that follow a number.
    pub what: &'static str,
    /// Who refuses more.
    pub by: LimitedBy,
    /// How much the module has.
    pub used: u64,
    /// The most that it may have.
    pub most: u64,
}

/// Who refuses a module that has too much of something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LimitedBy {
    /// The chain, when code is deployed.
    Deployment,
    /// The chain, when a program is activated.
    Activation,
    /// A node, which limits its compiler's output, as Nitro sets it by default (`max-singlepass-output-size`).
    Node,
    /// This VM's compiler.
    Compiler,
}

/// Something that neither rustc nor LLVM writes into a contract, or that makes it cost more.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Finding {
    /// Functions that grow memory: only one is the allocator's.
    Growing(Vec<String>),
    /// Custom sections other than the hash of the sources: bytes that are paid for.
    Custom {
        /// Their names.
        names: Vec<String>,
        /// Their total size in bytes.
        bytes: u64,
    },
    /// A section that counts data segments, which tools write and chains refuse.
    DataCount,
    /// A start function.
    Start,
    /// More than one table.
    Tables(u32),
    /// Data segments that are not copied into memory at the start.
    PassiveData(u32),
    /// Blocks that take parameters, or return several results.
    BlockParameters(u32),
    /// Mutable globals other than the stack pointer.
    Variables(u32),
    /// Operators on floats.
    Floats(u32),
    /// Operators on references, tables and segments.
    References(u32),
}

impl fmt::Display for LimitedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deployment => "deployment",
            Self::Activation => "activation",
            Self::Node => "Nitro's nodes",
            Self::Compiler => "this VM's compiler",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Growing(functions) => write!(
                f,
                "{} functions grow memory, but an allocator needs only one: {}; the others waste pages",
                functions.len(),
                functions.join(", ")
            ),
            Self::Custom { names, bytes } => write!(
                f,
                "custom sections of {bytes} bytes, which nobody on a chain reads: {}; `cargo stylus` and `stylus-vm process` drop them",
                names.join(", ")
            ),
            Self::DataCount => write!(
                f,
                "a data count section, which chains refuse; wasm-opt leaves it with --enable-bulk-memory, and `stylus-vm process` drops it"
            ),
            Self::Start => write!(f, "a start function, which chains refuse"),
            Self::Tables(count) => write!(f, "{count} tables, where LLVM writes one"),
            Self::PassiveData(count) => write!(
                f,
                "{count} data segments that are not in memory from the start; no program can copy them there"
            ),
            Self::BlockParameters(count) => write!(
                f,
                "{count} blocks that take values or leave several, which LLVM never writes for this target"
            ),
            Self::Variables(count) => write!(
                f,
                "{count} globals besides the stack pointer, the only one that Rust uses"
            ),
            Self::Floats(count) => write!(
                f,
                "{count} operators on floats: chains refuse to compute with them"
            ),
            Self::References(count) => write!(
                f,
                "{count} operators on references, tables or segments, which LLVM never writes for this target"
            ),
        }
    }
}

/// How much a module uses of everything that is limited on a chain with `config`, in the order of the checks.
///
/// # Errors
/// The refusal, if the module is over a limit, or malformed.
pub fn headroom(wasm: &[u8], config: &Config) -> Result<Vec<Headroom>, Refusal> {
    let (module, instrumented, _) = activate::check(wasm, config, Pages(0))?;
    let Activation {
        init_cost,
        cached_init_cost,
        asm_estimate,
        gas,
        ..
    } = activate::activate(wasm, config, Pages(0), crate::Gas::MAX)?;
    let locals = module.bodies.iter().map(declared_locals);
    let locals = locals.filter_map(Result::ok).max().unwrap_or(0);
    let account = u64::from(config.max_code_size);
    let pages = limits::MAX_PAGES.min(config.stylus.page_limit);
    let code = code::encode(wasm).len() as u64;
    let fragments = u64::from(config.stylus.max_fragment_count.max(1));
    let with = |by| {
        move |(what, used, most)| Headroom {
            what,
            by,
            used,
            most,
        }
    };
    let deployed = [
        ("bytes of compressed code, in one account", code, account),
        (
            "bytes of compressed code, in all fragments",
            code,
            account * fragments,
        ),
    ];
    let native = [(
        "bytes of native code, as estimated",
        asm_estimate.into(),
        MOST_NATIVE,
    )];
    let sizes = [
        (
            "bytes of wasm",
            wasm.len() as u64,
            config.stylus.max_wasm_size.into(),
        ),
        (
            "pages of memory at the start",
            module.memory.map_or(0, |it| it.initial),
            pages.0.into(),
        ),
    ];
    let bodies = [
        (
            "operators in the largest function, once metered",
            instrumented.largest,
            MAX_OPERATORS,
        ),
        (
            "words in the largest frame",
            instrumented.frame.into(),
            MAX_FRAME.into(),
        ),
        (
            "locals in the function with most",
            locals.into(),
            limits::MAX_LOCALS.into(),
        ),
        ("units of init cost", init_cost.into(), u16::MAX.into()),
        (
            "units of cached init cost",
            cached_init_cost.into(),
            u16::MAX.into(),
        ),
        (
            "gas of the activation",
            gas.saturating_add(Activation::PRECOMPILE_GAS).0,
            Config::TRANSACTION_GAS.0,
        ),
    ];
    // Where the chain knows fragments, code can span several accounts; otherwise one account must hold it.
    let deployed = deployed.into_iter().take(if fragments > 1 { 2 } else { 1 });
    let activated = sizes
        .into_iter()
        .chain(limits::counts(&module, config))
        .chain(bodies);
    let compiled = burdens(&instrumented.all).into_iter();
    Ok(deployed
        .map(with(LimitedBy::Deployment))
        .chain(activated.map(with(LimitedBy::Activation)))
        .chain(native.map(with(LimitedBy::Node)))
        .chain(compiled.map(with(LimitedBy::Compiler)))
        .collect())
}

/// What is unusual in a module for one that rustc and LLVM wrote; `None` if the bytes are not a module.
pub fn findings(wasm: &[u8]) -> Option<Vec<Finding>> {
    let survey = Survey::of(wasm).ok()?;
    Some(survey.findings(wasm))
}

/// What is looked at in a module, whether or not a chain would accept it.
#[derive(Default)]
struct Survey {
    /// Mutable globals, except for the first if it is an i32, which is the stack pointer.
    variables: u32,
    passive_data: u32,
    tables: u32,
    imports: u32,
    bodies: u32,
    custom: Vec<(String, u64)>,
    data_count: bool,
    start: bool,
    /// Functions that grow memory, by index.
    growing: Vec<u32>,
    block_parameters: u32,
    floats: u32,
    references: u32,
}

impl Survey {
    fn of(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut survey = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            survey.take(payload?)?;
        }
        Ok(survey)
    }

    fn take(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let is_function = matches!(import?.ty, wasmparser::TypeRef::Func(_));
                    self.imports += u32::from(is_function);
                }
            }
            Payload::TableSection(section) => self.tables += section.count(),
            Payload::GlobalSection(section) => {
                for (index, global) in section.into_iter().enumerate() {
                    let GlobalType {
                        content_type,
                        mutable,
                        ..
                    } = global?.ty;
                    let is_pointer = index == 0 && content_type == ValType::I32;
                    self.variables += u32::from(mutable && !is_pointer);
                }
            }
            Payload::StartSection { .. } => self.start = true,
            Payload::DataCountSection { .. } => self.data_count = true,
            Payload::DataSection(section) => {
                for data in section {
                    self.passive_data += u32::from(matches!(data?.kind, DataKind::Passive));
                }
            }
            Payload::CustomSection(section) if section.name() != "project_hash" => {
                let bytes = section.range().len() as u64;
                self.custom.push((shown(section.name()).into(), bytes));
            }
            Payload::CodeSectionEntry(body) => {
                let function = self.imports + self.bodies;
                for operator in body.get_operators_reader()? {
                    self.look_at(&operator?, function);
                }
                self.bodies += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn look_at(&mut self, operator: &Operator<'_>, function: u32) {
        use Operator as O;
        match operator {
            O::MemoryGrow { .. } if self.growing.last() != Some(&function) => {
                self.growing.push(function);
            }
            O::Block { blockty } | O::Loop { blockty } | O::If { blockty } => {
                let takes = matches!(blockty, wasmparser::BlockType::FuncType(_));
                self.block_parameters += u32::from(takes);
            }
            O::RefNull { .. }
            | O::RefIsNull
            | O::RefFunc { .. }
            | O::TypedSelect { .. }
            | O::TableGet { .. }
            | O::TableSet { .. }
            | O::TableGrow { .. }
            | O::TableSize { .. }
            | O::TableFill { .. }
            | O::TableCopy { .. }
            | O::TableInit { .. }
            | O::ElemDrop { .. }
            | O::MemoryInit { .. }
            | O::DataDrop { .. } => self.references += 1,
            O::F32Const { .. }
            | O::F64Const { .. }
            | O::F32Load { .. }
            | O::F64Load { .. }
            | O::F32Store { .. }
            | O::F64Store { .. } => self.floats += 1,
            // All other operators that chains refuse compute with floats.
            operator => self.floats += u32::from(refuse_unsupported(operator, 0).is_err()),
        }
    }

    fn findings(self, wasm: &[u8]) -> Vec<Finding> {
        let mut all = Vec::new();
        if self.growing.len() > 1 {
            let names = Names::of_module(wasm);
            let name = |index: &u32| match names.get(*index) {
                Some(name) => format!("`{name}`"),
                None => format!("function[{index}]"),
            };
            all.push(Finding::Growing(self.growing.iter().map(name).collect()));
        }
        if !self.custom.is_empty() {
            let bytes = self.custom.iter().map(|(_, bytes)| bytes).sum();
            let names = self.custom.into_iter().map(|(name, _)| name).collect();
            all.push(Finding::Custom { names, bytes });
        }
        if self.data_count {
            all.push(Finding::DataCount);
        }
        if self.start {
            all.push(Finding::Start);
        }
        if self.tables > 1 {
            all.push(Finding::Tables(self.tables));
        }
        let counted = [
            (self.passive_data, Finding::PassiveData(self.passive_data)),
            (
                self.block_parameters,
                Finding::BlockParameters(self.block_parameters),
            ),
            (self.variables, Finding::Variables(self.variables)),
            (self.floats, Finding::Floats(self.floats)),
            (self.references, Finding::References(self.references)),
        ];
        let there = counted.into_iter().filter(|(count, _)| *count > 0);
        all.extend(there.map(|(_, finding)| finding));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ArbOs;

    fn module(more: &str) -> Vec<u8> {
        let text = format!(
            r#"(module (memory (export "memory") 1 1) {more}
                (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn of(wasm: &[u8], what: &str) -> Option<(u64, u64)> {
        let all = headroom(wasm, &Config::at(ArbOs::LAST)).ok()?;
        let mut found = all.iter().filter(|it| it.what.contains(what));
        let found = found.next().unwrap_or_else(|| panic!("{what}"));
        Some((found.used, found.most))
    }

    /// Theorem: a module at a limit is accepted, with nothing left, and with one more it is refused.
    #[test]
    fn a_limit_is_where_refusals_begin() {
        type Make = fn(usize) -> String;
        let cases: [(&str, usize, Make); 5] = [
            ("data segments", 128, |count| {
                "(data (i32.const 0) \"\")".repeat(count)
            }),
            ("table entries", 4_096, |count| {
                format!("(table {count} funcref)")
            }),
            ("locals", 348, |count| {
                format!("(func (local {}))", "i32 ".repeat(count))
            }),
            ("globals", 32_764, |count| {
                "(global i32 (i32.const 0))".repeat(count)
            }),
            ("functions", 4_095, |count| "(func)".repeat(count)),
        ];
        for (what, count, make) in cases {
            let (used, most) = of(&module(&make(count)), what).unwrap_or_else(|| panic!("{what}"));
            assert_eq!(used, most, "{what}");
            assert_eq!(of(&module(&make(count + 1)), what), None, "{what}");
        }
        assert_eq!(of(&module(""), "pages of memory"), Some((1, 128)));
        let (used, most) = of(&module(""), "compressed code, in one").unwrap();
        assert!(used < 200 && most == 24_576, "{used}");
    }

    fn check(more: &str, expected: &[Finding]) {
        assert_eq!(findings(&module(more)).unwrap(), expected, "{more}");
    }

    #[test]
    fn what_is_not_of_rustc_is_found() {
        check("(global (mut i32) (i32.const 1024))", &[]);
        check("(table 1 funcref) (func (block (br 0)))", &[]);
        check("(func) (start 0)", &[Finding::Start]);
        check("(table 1 funcref) (table 2 funcref)", &[Finding::Tables(2)]);
        check("(data \"a\") (data \"b\")", &[Finding::PassiveData(2)]);
        let blocks = "(func (i32.const 1) (block (param i32) (drop)))";
        check(blocks, &[Finding::BlockParameters(1)]);
        let variables = "(global (mut i32) (i32.const 0)) (global (mut i64) (i64.const 0))";
        check(variables, &[Finding::Variables(1)]);
        check(
            "(func (drop (f64.sqrt (f64.const 2))))",
            &[Finding::Floats(2)],
        );
        check("(func (drop (ref.null func)))", &[Finding::References(1)]);
        let grows =
            "(func $a (drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 1))))";
        let names = |names: &[String]| names.join(" ");
        let found = findings(&module(&format!("{grows} {}", grows.replace("$a", "$b")))).unwrap();
        assert!(
            matches!(&found[..], [Finding::Growing(all), Finding::Custom { .. }] if names(all) == "`a` `b`"),
            "{found:?}"
        );
        assert!(
            !findings(&module(grows))
                .unwrap()
                .iter()
                .any(|it| matches!(it, Finding::Growing(_)))
        );
        let data_count = wat::parse_str("(module (memory 1) (func (data.drop 0)) (data \"a\"))");
        assert!(
            findings(&data_count.unwrap())
                .unwrap()
                .contains(&Finding::DataCount)
        );
        assert_eq!(findings(b"hello"), None);
        assert_eq!(findings(b"\0asm\x01\0\0\0\xff"), None);
    }
}
