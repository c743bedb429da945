//! A module as the interpreter runs it: straight from the parser, with jumps and charges looked up once.
//!
//! Lives here: decoding valid modules. Not here: any check.

use wasmparser::{
    DataKind, ElementItems, ElementKind, ExternalKind, MemoryType, Operator, Parser, Payload,
    TypeRef,
};

use super::tariff::{self, Signatures};

/// Host calls that the interpreter supports.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hook {
    ReadArgs,
    WriteResult,
    ExitEarly,
    PayForMemoryGrow,
}

/// One function's code.
pub(super) struct Body<'a> {
    pub(super) params: usize,
    pub(super) results: usize,
    pub(super) declared_locals: usize,
    pub(super) code: Vec<Operator<'a>>,
    /// The price of the block that begins at a position.
    pub(super) charges: Vec<Option<u64>>,
    /// Where a block, loop, if or else ends: the position of its `end`.
    pub(super) ends: Vec<usize>,
    /// The position of an if's `else`, if it has one.
    pub(super) elses: Vec<Option<usize>>,
    /// Words of stack a call takes.
    pub(super) frame: u32,
}

/// A decoded module.
pub(crate) struct Module<'a> {
    pub(super) signatures: Signatures,
    pub(super) hooks: Vec<Hook>,
    pub(super) bodies: Vec<Body<'a>>,
    pub(super) memory: MemoryType,
    pub(super) globals: Vec<u64>,
    pub(super) table: Vec<Option<u32>>,
    pub(super) data: Vec<(usize, Vec<u8>)>,
    pub(super) entrypoint: u32,
}

impl<'a> Module<'a> {
    /// Decodes a valid module; `None` if it imports something that the interpreter does not support.
    pub(crate) fn decode(wasm: &'a [u8]) -> Option<Self> {
        let mut module = Self {
            signatures: Signatures {
                types: Vec::new(),
                functions: Vec::new(),
            },
            hooks: Vec::new(),
            bodies: Vec::new(),
            memory: MemoryType {
                memory64: false,
                shared: false,
                initial: 0,
                maximum: None,
                page_size_log2: None,
            },
            globals: Vec::new(),
            table: Vec::new(),
            data: Vec::new(),
            entrypoint: 0,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            module.take(payload.unwrap())?;
        }
        Some(module)
    }

    fn take(&mut self, payload: Payload<'a>) -> Option<()> {
        match payload {
            Payload::TypeSection(section) => {
                let types = section.into_iter_err_on_gc_types().map(Result::unwrap);
                self.signatures.types.extend(types);
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.unwrap();
                    self.hooks.push(match import.name {
                        "read_args" => Hook::ReadArgs,
                        "write_result" => Hook::WriteResult,
                        "exit_early" => Hook::ExitEarly,
                        "pay_for_memory_grow" => Hook::PayForMemoryGrow,
                        _ => return None,
                    });
                    if let TypeRef::Func(index) = import.ty {
                        self.signatures.functions.push(index);
                    }
                }
            }
            Payload::FunctionSection(section) => {
                let functions = section.into_iter().map(Result::unwrap);
                self.signatures.functions.extend(functions);
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.table = vec![None; table.unwrap().ty.initial as usize];
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory = memory.unwrap();
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals
                        .push(constant(&global.unwrap().init_expr.get_operators_reader()));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.unwrap();
                    if export.name == "user_entrypoint" && export.kind == ExternalKind::Func {
                        self.entrypoint = export.index;
                    }
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element.unwrap();
                    let ElementKind::Active { offset_expr, .. } = element.kind else {
                        continue;
                    };
                    let offset = constant(&offset_expr.get_operators_reader()) as usize;
                    let ElementItems::Functions(items) = element.items else {
                        return None;
                    };
                    for (position, function) in items.into_iter().enumerate() {
                        self.table[offset + position] = Some(function.unwrap());
                    }
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data.unwrap();
                    if let DataKind::Active { offset_expr, .. } = data.kind {
                        let offset = constant(&offset_expr.get_operators_reader()) as usize;
                        self.data.push((offset, data.data.to_vec()));
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                let function = self.hooks.len() + self.bodies.len();
                let groups = body.get_locals_reader().unwrap().into_iter();
                let declared_locals = groups.map(|group| group.unwrap().0).sum();
                let operators = body.get_operators_reader().unwrap().into_iter();
                let code: Vec<_> = operators.map(Result::unwrap).collect();
                let ty = self.signatures.of_function(function as u32);
                let (ends, elses) = jumps(&code);
                self.bodies.push(Body {
                    params: ty.params().len(),
                    results: ty.results().len(),
                    declared_locals: declared_locals as usize,
                    charges: tariff::charges(&code, &self.signatures),
                    frame: tariff::frame(&code, declared_locals, &self.signatures),
                    ends,
                    elses,
                    code,
                });
            }
            _ => {}
        }
        Some(())
    }

    /// A function's body, or the host call behind it.
    pub(super) fn function(&self, index: u32) -> Result<&Body<'a>, Hook> {
        let index = index as usize;
        match self.hooks.get(index) {
            Some(hook) => Err(*hook),
            None => Ok(&self.bodies[index - self.hooks.len()]),
        }
    }
}

/// The value of a constant expression; floats, which no operator here can distinguish, count as zero.
fn constant(expression: &wasmparser::OperatorsReader<'_>) -> u64 {
    match expression.clone().read().unwrap() {
        Operator::I32Const { value } => u64::from(value as u32),
        Operator::I64Const { value } => value as u64,
        _ => 0,
    }
}

/// The end of every construct in `code`, and the else of every if.
fn jumps(code: &[Operator<'_>]) -> (Vec<usize>, Vec<Option<usize>>) {
    let mut ends = vec![code.len() - 1; code.len()];
    let mut elses = vec![None; code.len()];
    let mut open: Vec<Vec<usize>> = Vec::new();
    for (position, operator) in code.iter().enumerate() {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                open.push(vec![position])
            }
            Operator::Else => {
                let construct = open.last_mut().unwrap();
                elses[construct[0]] = Some(position);
                construct.push(position);
            }
            // The last `end` closes the body itself.
            Operator::End => {
                for part in open.pop().unwrap_or_default() {
                    ends[part] = position;
                }
            }
            _ => {}
        }
    }
    (ends, elses)
}
