//! The instrumented module as bytes.
//!
//! Lives here: sections in their order, with what instrumentation appends to them. Not here: what bodies become (the passes).
//!
//! Imports also take and return the meter's count, so their types differ from the module's; anything that names one without
//! calling it gets a function that stands in for it. A profiled module imports three more functions after its own imports,
//! which shifts all its other functions. Bodies name everything imported by the indices of [`Hook`], which no function has.

use std::collections::BTreeMap;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType,
    TableSection, TypeSection, ValType,
};
use wasmparser::{BlockType, ExternalKind, FuncType, FunctionBody, Operator};

use super::body::{Origin, Placed};
use super::hostcall::Stands;
use super::{Globals, MAX_PAGES, Purpose, explained, hooks, names};
use crate::module::Module;
use crate::pages::Pages;
use crate::refusal::Refusal;

/// The host's functions, as bodies name them before encoding: imports that take the count, and the profiler's functions.
#[derive(Clone, Copy)]
pub(super) enum Hook {
    Enter,
    Leave,
    Allocator,
    Import(u32),
}

impl Hook {
    /// The number of the profiler's functions.
    const COUNT: u32 = 3;

    /// Far above the functions of a module of any size.
    const FIRST_INDEX: u32 = 1 << 31;

    /// The operator that calls it.
    pub(super) fn call(self) -> Operator<'static> {
        let position = match self {
            Self::Enter => 0,
            Self::Leave => 1,
            Self::Allocator => 2,
            Self::Import(import) => Self::COUNT + import,
        };
        Operator::Call {
            function_index: Self::FIRST_INDEX + position,
        }
    }
}

/// The types that a profiled module has in addition to its own: those of the hooks, then, for each of its own types with several results,
/// the same without parameters, for a block around such a function's body.
fn profiler_types(module: &Module<'_>) -> Vec<FuncType> {
    use wasmparser::ValType::{I32, I64};
    let mut types = vec![
        FuncType::new([I32, I64], []),
        FuncType::new([I64], []),
        FuncType::new([I32; 4], []),
    ];
    let several = module.types.iter().filter(|ty| ty.results().len() > 1);
    types.extend(several.map(|ty| FuncType::new([], ty.results().to_vec())));
    types
}

/// The type of a block that leaves the results of a function of type `type_index`.
pub(super) fn results_block(module: &Module<'_>, type_index: u32) -> BlockType {
    let results = module
        .types
        .get(type_index as usize)
        .map_or(&[][..], FuncType::results);
    match results {
        [] => BlockType::Empty,
        [one] => BlockType::Type(*one),
        _ => {
            let earlier = module.types.iter().take(type_index as usize);
            let several = earlier.filter(|ty| ty.results().len() > 1).count() as u32;
            BlockType::FuncType(module.types.len() as u32 + Hook::COUNT + several)
        }
    }
}

/// The type of an import that also takes and returns the meter's count.
fn with_count(ty: &FuncType) -> FuncType {
    let count = [wasmparser::ValType::I64];
    FuncType::new(
        [ty.params(), &count].concat(),
        [ty.results(), &count].concat(),
    )
}

/// An operator of an instrumented body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Bytes of the body before it, from the locals on.
    pub(crate) offset: u32,
    pub(crate) ordinal: u32,
    pub(crate) origin: Origin,
}

/// The index of the second memory of a module that is to be explained. Every program has a first one.
pub(super) const RECORD_MEMORY: u32 = 1;

/// Writes one module.
pub(super) struct Encoder<'m, 'a> {
    module: &'m Module<'a>,
    profiled: bool,
    /// The operators of each body so far, if the module is to be explained.
    places: Option<Vec<Vec<Place>>>,
    /// Types after the module's own: the profiler's, then those of imports.
    added_types: Vec<FuncType>,
    /// The index of each import's type.
    import_types: Vec<u32>,
    stands: Stands,
}

impl Reencode for Encoder<'_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error<Self::Error>> {
        let imports = self.module.imports.len() as u32;
        if let Some(position) = index.checked_sub(Hook::FIRST_INDEX) {
            return Ok(match position.checked_sub(Hook::COUNT) {
                Some(import) => import,
                None => imports + position,
            });
        }
        let hooks = if self.profiled { Hook::COUNT } else { 0 };
        Ok(match self.stands.position(index) {
            Some(position) => imports + hooks + self.module.functions.len() as u32 + position,
            None => index + hooks,
        })
    }
}

impl<'m, 'a> Encoder<'m, 'a> {
    pub(super) fn new(module: &'m Module<'a>, purpose: Purpose<'_>) -> Result<Self, Refusal> {
        let profiled = matches!(purpose, Purpose::Profiling(_));
        let explained = matches!(purpose, Purpose::Explaining(_));
        let mut added_types = match profiled {
            true => profiler_types(module),
            false => Vec::new(),
        };
        // Several imports may share a type.
        let mut known = BTreeMap::new();
        let own = module.types.len();
        let mut import_types = Vec::new();
        for import in &module.imports {
            let index = *known.entry(import.type_index).or_insert_with(|| {
                let ty = module.types.get(import.type_index as usize);
                added_types.extend(ty.map(with_count));
                (own + added_types.len() - 1) as u32
            });
            import_types.push(index);
        }
        Ok(Self {
            module,
            profiled,
            places: explained.then(Vec::new),
            added_types,
            import_types,
            stands: Stands::of(module)?,
        })
    }

    /// Adds the functions that stand in for imports to `code`.
    pub(super) fn stands(
        &mut self,
        globals: Globals,
        code: &mut CodeSection,
    ) -> Result<(), Refusal> {
        for (_, operators) in self.stands.bodies(self.module, globals) {
            let mut function = Function::new([]);
            for operator in operators {
                function.instruction(&self.instruction(operator).map_err(refuse)?);
            }
            code.function(&function);
        }
        Ok(())
    }

    /// A body, with `operators` in place of its own and an `extra` local after its own.
    pub(super) fn body(
        &mut self,
        body: &FunctionBody<'_>,
        operators: Vec<Placed<'_>>,
        extra: Option<ValType>,
    ) -> Result<Function, Refusal> {
        let invalid = |error: wasmparser::Error| Refusal::invalid(&error);
        let mut locals = Vec::new();
        for group in body.get_locals_reader().map_err(invalid)? {
            let (count, ty) = group.map_err(invalid)?;
            locals.push((count, self.val_type(ty).map_err(refuse)?));
        }
        locals.extend(extra.map(|ty| (1, ty)));
        let mut function = Function::new(locals);
        let mut places = Vec::new();
        for placed in operators {
            if self.places.is_some() {
                places.push(Place {
                    offset: function.byte_len() as u32,
                    ordinal: placed.ordinal,
                    origin: placed.origin,
                });
            }
            function.instruction(&self.instruction(placed.operator).map_err(refuse)?);
        }
        if let Some(all) = &mut self.places {
            all.push(places);
        }
        Ok(function)
    }

    /// The operators of all bodies, if the module is to be explained.
    pub(super) fn places(self) -> Option<Vec<Vec<Place>>> {
        self.places
    }

    /// The module: its sections unchanged except for the appended globals, the exports reduced to those the VM knows, and
    /// `code` in place of its bodies. If it is to be explained, it gets a second memory of at least `record` bytes.
    pub(super) fn module(
        &mut self,
        globals: Globals,
        code: &CodeSection,
        record: u32,
    ) -> Result<Vec<u8>, Refusal> {
        let module = self.module;
        let mut out = wasm_encoder::Module::new();
        out.section(&self.types()?);
        out.section(&self.imports());

        let mut functions = FunctionSection::new();
        for type_index in &module.functions {
            functions.function(*type_index);
        }
        for (import, _) in self.stands.bodies(module, globals) {
            functions.function(module.imports[import as usize].type_index);
        }
        out.section(&functions);

        let mut tables = TableSection::new();
        for table in &module.tables {
            let mut table = self.table_type(*table).map_err(refuse)?;
            if self.places.is_some() {
                table.maximum = None;
            }
            tables.table(table);
        }
        out.section(&tables);

        let mut memories = MemorySection::new();
        if let Some(memory) = module.memory {
            let mut memory = self.memory_type(memory).map_err(refuse)?;
            // Nitro's VM never holds more, whatever a module declares: growing further returns -1.
            let maximum = memory.maximum.unwrap_or(MAX_PAGES);
            memory.maximum = Some(maximum.min(MAX_PAGES));
            memories.memory(memory);
        }
        if self.places.is_some() {
            let pages = u64::from(record).div_ceil(Pages::BYTES);
            memories.memory(MemoryType {
                minimum: pages,
                maximum: Some(pages),
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
        }
        out.section(&memories);
        out.section(&self.globals()?);
        out.section(&self.exports(globals)?);

        let mut elements = ElementSection::new();
        for element in &module.elements {
            self.parse_element(&mut elements, element.clone())
                .map_err(refuse)?;
        }
        out.section(&elements);
        out.section(code);

        let mut data = DataSection::new();
        for segment in &module.data {
            self.parse_data(&mut data, segment.clone())
                .map_err(refuse)?;
        }
        out.section(&data);
        Ok(out.finish())
    }

    fn types(&mut self) -> Result<TypeSection, Refusal> {
        let mut section = TypeSection::new();
        for ty in [&self.module.types, &self.added_types.clone()]
            .into_iter()
            .flatten()
        {
            let ty = self.func_type(ty.clone()).map_err(refuse)?;
            section.ty().func_type(&ty);
        }
        Ok(section)
    }

    fn imports(&self) -> ImportSection {
        let mut section = ImportSection::new();
        for (import, ty) in self.module.imports.iter().zip(&self.import_types) {
            let ty = EntityType::Function(*ty);
            section.import(import.module, import.name, ty);
        }
        if self.profiled {
            let first_type = self.module.types.len() as u32;
            // In the order of `Hook`.
            let names = [hooks::ENTER, hooks::LEAVE, hooks::ALLOCATOR];
            for (ty, name) in (first_type..).zip(names) {
                let ty = EntityType::Function(ty);
                section.import(hooks::MODULE, name, ty);
            }
        }
        section
    }

    /// The module's own globals, then the VM's three, all zero until a run sets them.
    fn globals(&mut self) -> Result<GlobalSection, Refusal> {
        let mut section = GlobalSection::new();
        for global in &self.module.globals {
            let ty = self.global_type(global.ty).map_err(refuse)?;
            let init = self.const_expr(global.init.clone()).map_err(refuse)?;
            section.global(ty, &init);
        }
        let counter = |val_type| GlobalType {
            val_type,
            mutable: true,
            shared: false,
        };
        section.global(counter(ValType::I64), &ConstExpr::i64_const(0));
        for _word in 0..2 {
            section.global(counter(ValType::I32), &ConstExpr::i32_const(0));
        }
        Ok(section)
    }

    /// The exports the VM uses; all others are dropped.
    fn exports(&mut self, globals: Globals) -> Result<ExportSection, Refusal> {
        let mut section = ExportSection::new();
        let entrypoint = self.module.export(names::ENTRYPOINT, ExternalKind::Func);
        let functions = [
            (names::ENTRYPOINT, entrypoint),
            (names::START, self.module.start),
        ];
        for (name, index) in functions {
            if let Some(index) = index {
                let index = self.function_index(index).map_err(refuse)?;
                section.export(name, ExportKind::Func, index);
            }
        }
        if let Some(memory) = self.module.export(names::MEMORY, ExternalKind::Memory) {
            section.export(names::MEMORY, ExportKind::Memory, memory);
        }
        for (name, index) in [
            (names::INK_LEFT, globals.ink_left),
            (names::SCRATCH, globals.scratch),
            (names::STACK_LEFT, globals.stack_left),
        ] {
            section.export(name, ExportKind::Global, index);
        }
        if self.places.is_some() {
            section.export(explained::RECORD, ExportKind::Memory, RECORD_MEMORY);
            if !self.module.tables.is_empty() {
                section.export(explained::TABLE, ExportKind::Table, 0);
            }
            let first = self.module.globals.first().map(|global| global.ty);
            let is_pointer = |ty: wasmparser::GlobalType| {
                ty.mutable && ty.content_type == wasmparser::ValType::I32
            };
            if first.is_some_and(is_pointer) {
                section.export(explained::STACK_POINTER, ExportKind::Global, 0);
            }
        }
        Ok(section)
    }
}

/// Re-encoding copies validated constructs; a Stylus program may not have those that it cannot copy.
fn refuse(error: reencode::Error) -> Refusal {
    match error {
        reencode::Error::ParseError(error) => Refusal::invalid(&error),
        _ => Refusal::Construct {
            construct: "a construct that cannot be re-encoded",
            offset: 0,
        },
    }
}
