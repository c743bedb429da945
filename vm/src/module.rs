//! A module as received: validated by the features of the Stylus VM, and parsed.
//!
//! Lives here: the whole-module validation and which sections and constructs may appear (section by section). Not here:
//! limits and names (`limits`), imports (`hostio`), and anything that changes the module (`instrument`).

use wasmparser::{
    ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, Export, ExternalKind, FuncType,
    FunctionBody, GlobalType, KnownCustom, MemoryType, Name, Operator, Parser, Payload, RefType,
    TableType, TypeRef, ValidPayload, Validator, WasmFeatures,
};

use crate::config::{Config, StylusParams};
use crate::refusal::{Refusal, shown};

/// An imported function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Import<'a> {
    pub(crate) module: &'a str,
    pub(crate) name: &'a str,
    pub(crate) type_index: u32,
    /// Byte offset in the file.
    pub(crate) offset: usize,
}

/// A global that the module declares itself.
pub(crate) struct Global<'a> {
    pub(crate) ty: GlobalType,
    pub(crate) init: ConstExpr<'a>,
}

/// A validated module in parts, in file order.
pub(crate) struct Module<'a> {
    /// Bytes of the whole file.
    pub(crate) size: usize,
    pub(crate) types: Vec<FuncType>,
    pub(crate) imports: Vec<Import<'a>>,
    /// The type index of each local function.
    pub(crate) functions: Vec<u32>,
    pub(crate) tables: Vec<TableType>,
    pub(crate) memory: Option<MemoryType>,
    /// Byte offset of the memory's declaration.
    pub(crate) memory_offset: usize,
    pub(crate) globals: Vec<Global<'a>>,
    pub(crate) exports: Vec<Export<'a>>,
    /// The start function, by index.
    pub(crate) start: Option<u32>,
    pub(crate) elements: Vec<Element<'a>>,
    pub(crate) data: Vec<Data<'a>>,
    pub(crate) bodies: Vec<FunctionBody<'a>>,
    /// Function names by index, from the name section.
    pub(crate) function_names: Vec<(u32, &'a str)>,
    /// The module's own name, from the name section.
    pub(crate) name: Option<&'a str>,
}

impl<'a> Module<'a> {
    /// Validates and parses `wasm`.
    pub(crate) fn decode(wasm: &'a [u8], config: &Config) -> Result<Self, Refusal> {
        let limit = config.stylus.max_wasm_size;
        if wasm.len() > limit as usize {
            return Err(Refusal::TooLarge {
                size: wasm.len(),
                limit,
            });
        }
        let mut validator = Validator::new_with_features(features(config.stylus.version));
        let mut allocations = Default::default();
        let mut module = Self::empty(wasm.len());
        let invalid = |error: wasmparser::Error| Refusal::invalid(&error);
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(invalid)?;
            match validator.payload(&payload).map_err(invalid)? {
                ValidPayload::Func(function, body) => {
                    let mut function = function.into_validator(allocations);
                    function.validate(&body).map_err(invalid)?;
                    allocations = function.into_allocations();
                    module.bodies.push(body);
                }
                ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {
                    module.take(payload, config)?
                }
            }
        }
        Ok(module)
    }

    fn empty(size: usize) -> Self {
        Self {
            size,
            types: Vec::new(),
            imports: Vec::new(),
            functions: Vec::new(),
            tables: Vec::new(),
            memory: None,
            memory_offset: 0,
            globals: Vec::new(),
            exports: Vec::new(),
            start: None,
            elements: Vec::new(),
            data: Vec::new(),
            bodies: Vec::new(),
            function_names: Vec::new(),
            name: None,
        }
    }

    /// Takes one validated section, or refuses it.
    fn take(&mut self, payload: Payload<'a>, config: &Config) -> Result<(), Refusal> {
        let invalid = |error: wasmparser::Error| Refusal::invalid(&error);
        match payload {
            Payload::Version { .. } | Payload::CodeSectionStart { .. } | Payload::End(_) => {}
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.types.push(ty.map_err(invalid)?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports_with_offsets() {
                    let (offset, import) = import.map_err(invalid)?;
                    let TypeRef::Func(type_index) = import.ty else {
                        let (module, name) = (shown(import.module), shown(import.name));
                        return Err(Refusal::ImportKind {
                            module,
                            name,
                            offset,
                        });
                    };
                    self.imports.push(Import {
                        module: import.module,
                        name: import.name,
                        type_index,
                        offset,
                    });
                }
            }
            Payload::FunctionSection(section) => {
                for type_index in section {
                    self.functions.push(type_index.map_err(invalid)?);
                }
            }
            Payload::TableSection(section) => {
                for table in section.into_iter_with_offsets() {
                    let (offset, table) = table.map_err(invalid)?;
                    if table.ty.element_type != RefType::FUNCREF {
                        return Err(Refusal::Construct {
                            construct: "a table of other than functions",
                            offset,
                        });
                    }
                    self.tables.push(table.ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section.into_iter_with_offsets() {
                    let (offset, memory) = memory.map_err(invalid)?;
                    self.memory = Some(memory);
                    self.memory_offset = offset;
                }
            }
            Payload::GlobalSection(section) => {
                for global in section.into_iter_with_offsets() {
                    let (offset, global) = global.map_err(invalid)?;
                    if !is_one_constant(&global.init_expr).map_err(invalid)? {
                        let construct = "a global that is not initialised by one constant";
                        return Err(Refusal::Construct { construct, offset });
                    }
                    self.globals.push(Global {
                        ty: global.ty,
                        init: global.init_expr,
                    });
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.exports.push(export.map_err(invalid)?);
                }
            }
            Payload::StartSection { func, range } => {
                if !config.debug {
                    return Err(Refusal::StartFunction {
                        offset: range.start,
                    });
                }
                self.start = Some(func);
            }
            Payload::ElementSection(section) => {
                for element in section.into_iter_with_offsets() {
                    let (offset, element) = element.map_err(invalid)?;
                    if let ElementKind::Active { .. } = element.kind {
                        check_element(&element, self.tables.first(), offset)?;
                    }
                    self.elements.push(element);
                }
            }
            Payload::DataSection(section) => {
                for data in section.into_iter_with_offsets() {
                    let (offset, data) = data.map_err(invalid)?;
                    if let DataKind::Active { offset_expr, .. } = &data.kind {
                        check_data(offset_expr, data.data.len(), self.memory.as_ref(), offset)?;
                    }
                    self.data.push(data);
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.take_names(names).map_err(invalid)?;
                }
            }
            Payload::DataCountSection { range, .. } => {
                return Err(Refusal::section("data count", &range));
            }
            Payload::TagSection(section) => return Err(Refusal::section("tag", &section.range())),
            Payload::UnknownSection { range, .. } => {
                return Err(Refusal::section("unknown", &range));
            }
            _ => {
                return Err(Refusal::Section {
                    section: "component",
                    offset: 0,
                });
            }
        }
        Ok(())
    }

    /// Keeps the names used here; the others must only be well formed.
    fn take_names(
        &mut self,
        names: wasmparser::NameSectionReader<'a>,
    ) -> Result<(), wasmparser::Error> {
        for name in names {
            match name? {
                Name::Module { name, .. } => self.name = Some(name),
                Name::Function(names) => {
                    for naming in names {
                        let naming = naming?;
                        self.function_names.push((naming.index, naming.name));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The type of the function with index `function`, counting imports.
    pub(crate) fn function_type(&self, function: u32) -> Option<&FuncType> {
        let function = function as usize;
        let type_index = match self.imports.get(function) {
            Some(import) => import.type_index,
            None => *self.functions.get(function - self.imports.len())?,
        };
        self.types.get(type_index as usize)
    }

    /// The index of the `kind` exported under `name`.
    pub(crate) fn export(&self, name: &str, kind: ExternalKind) -> Option<u32> {
        self.exports
            .iter()
            .find(|export| export.name == name && export.kind == kind)
            .map(|export| export.index)
    }

    /// The index of the function imported as `module`.`name`.
    pub(crate) fn import(&self, module: &str, name: &str) -> Option<u32> {
        let found = self
            .imports
            .iter()
            .position(|import| import.module == module && import.name == name)?;
        Some(found as u32)
    }

    /// Whether memory can grow beyond its initial size.
    pub(crate) fn memory_grows(&self) -> bool {
        self.memory
            .is_some_and(|memory| memory.maximum != Some(memory.initial))
    }
}

/// The features of the Stylus VM. The parser bits for overlong table indices and optional bulk memory come and go with
/// reference types and bulk memory.
pub(crate) fn features(stylus_version: u16) -> WasmFeatures {
    let mut features = WasmFeatures::MVP
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY;
    // Without it, no block type may be written as a function type, whatever that type is.
    features.set(
        WasmFeatures::MULTI_VALUE,
        stylus_version < StylusParams::PLAIN_WASM,
    );
    features
}

fn is_one_constant(init: &ConstExpr<'_>) -> Result<bool, wasmparser::Error> {
    use Operator::{F32Const, F64Const, I32Const, I64Const};
    let mut operators = init.get_operators_reader();
    let constant = matches!(
        operators.read()?,
        I32Const { .. } | I64Const { .. } | F32Const { .. } | F64Const { .. }
    );
    Ok(constant && matches!(operators.read()?, Operator::End))
}

/// The value of an offset expression, which must be a single `i32.const`.
fn i32_constant(expression: &ConstExpr<'_>, offset: usize) -> Result<i32, Refusal> {
    let mut operators = expression.get_operators_reader();
    match operators.read() {
        Ok(Operator::I32Const { value }) => Ok(value),
        _ => Err(Refusal::Construct {
            construct: "a segment whose offset is not one i32.const",
            offset,
        }),
    }
}

/// An active element segment must name functions and fit its table, even when it is empty.
fn check_element(
    element: &Element<'_>,
    table: Option<&TableType>,
    offset: usize,
) -> Result<(), Refusal> {
    let ElementKind::Active { offset_expr, .. } = &element.kind else {
        return Ok(());
    };
    let ElementItems::Functions(items) = &element.items else {
        return Err(Refusal::Construct {
            construct: "an element segment of expressions",
            offset,
        });
    };
    let start = i64::from(i32_constant(offset_expr, offset)?);
    let length = items.count() as usize;
    let size = table.map_or(0, |table| table.initial);
    let fits = u64::try_from(start).is_ok_and(|start| start + length as u64 <= size);
    if !fits {
        return Err(Refusal::OutOfBounds {
            segment: "element",
            start,
            length,
            into: "table",
            size,
            offset,
        });
    }
    Ok(())
}

/// An active data segment must fit the initial memory, even when it is empty.
fn check_data(
    offset_expr: &ConstExpr<'_>,
    length: usize,
    memory: Option<&MemoryType>,
    offset: usize,
) -> Result<(), Refusal> {
    // Unlike a table offset, a memory offset is an address, so unsigned.
    let start = i32_constant(offset_expr, offset)? as u32;
    let size = memory.map_or(0, |memory| {
        memory.initial.saturating_mul(crate::pages::Pages::BYTES)
    });
    if u64::from(start) + length as u64 > size {
        let start = i64::from(start);
        return Err(Refusal::OutOfBounds {
            segment: "data",
            start,
            length,
            into: "memory",
            size,
            offset,
        });
    }
    Ok(())
}
