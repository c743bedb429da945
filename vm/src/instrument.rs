//! Instrumentation: the module that is really run, with all metering written into it.
//!
//! Lives here: the order of the passes, the globals they share, and the encoding of the result. Not here: what a pass
//! does to a function body (one file a pass) nor the prices it charges (`prices`).
//!
//! The passes run over each body in this order, each on what the one before left: ink meter, dynamic meter, depth
//! checker, heap bound. A chain prices the number of operators *after* instrumentation, so what a pass inserts is part of
//! the protocol: its file shows it.

mod depth;
mod dynamic;
mod heap;
mod ink;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, TableSection,
    TypeSection, ValType,
};
use wasmparser::{ExternalKind, FunctionBody, Operator};

use crate::module::Module;
use crate::refusal::Refusal;

/// The globals that instrumentation appends, by name; also exported under these names.
pub(crate) mod names {
    /// Ink that is left, i64.
    pub(crate) const INK_LEFT: &str = "stylus_ink_left";
    /// Not zero once ink has run out, i32.
    pub(crate) const INK_STATUS: &str = "stylus_ink_status";
    /// Scratch space of the inserted code, i32.
    pub(crate) const SCRATCH: &str = "stylus_scratch_global";
    /// Words of stack that are left, i32.
    pub(crate) const STACK_LEFT: &str = "stylus_stack_left";
    /// The start function, which is not run by itself.
    pub(crate) const START: &str = "stylus_start";
    /// The entry point.
    pub(crate) const ENTRYPOINT: &str = "user_entrypoint";
    /// The memory.
    pub(crate) const MEMORY: &str = "memory";
}

/// How many globals are appended.
pub(crate) const ADDED_GLOBALS: u32 = 4;

/// The most operators a body may have once instrumented.
const MAX_OPERATORS: u64 = 65_536;

/// The most pages a memory can ever have.
const MAX_PAGES: u64 = 65_535;

/// The indices of the appended globals.
#[derive(Clone, Copy)]
struct Globals {
    ink_left: u32,
    ink_status: u32,
    scratch: u32,
    stack_left: u32,
}

/// A module ready to be compiled, and what activation prices.
pub(crate) struct Instrumented {
    /// The instrumented module.
    pub(crate) wasm: Vec<u8>,
    /// Operators in all bodies after instrumentation.
    pub(crate) operators: u64,
}

/// Runs every pass over every body of `module`.
pub(crate) fn instrument(module: &Module<'_>) -> Result<Instrumented, Refusal> {
    let first = module.globals.len() as u32;
    let globals = Globals {
        ink_left: first,
        ink_status: first + 1,
        scratch: first + 2,
        stack_left: first + 3,
    };
    let pay_for_memory_grow = match module.memory_grows() {
        true => Some(
            module
                .import("vm_hooks", "pay_for_memory_grow")
                .ok_or(Refusal::NoPayForMemoryGrow)?,
        ),
        false => None,
    };

    let mut code = CodeSection::new();
    let mut total = 0;
    for (position, body) in module.bodies.iter().enumerate() {
        let function = (module.imports.len() + position) as u32;
        let operators = rewrite(module, function, body, globals, pay_for_memory_grow)?;
        let count = operators.len() as u64;
        if count > MAX_OPERATORS {
            let what = "operators once instrumented";
            return Err(Refusal::FunctionTooLarge {
                function,
                what,
                count,
                limit: MAX_OPERATORS,
            });
        }
        total += count;
        code.function(&encode_body(body, operators)?);
    }
    let wasm = encode_module(module, globals, &code)?;
    debug_assert_valid(&wasm);
    Ok(Instrumented {
        wasm,
        operators: total,
    })
}

/// All passes over one body.
fn rewrite<'a>(
    module: &Module<'a>,
    function: u32,
    body: &FunctionBody<'a>,
    globals: Globals,
    pay_for_memory_grow: Option<u32>,
) -> Result<Vec<Operator<'a>>, Refusal> {
    let invalid = |error: wasmparser::Error| Refusal::invalid(&error);
    let mut operators = Vec::new();
    for operator in body
        .get_operators_reader()
        .map_err(invalid)?
        .into_iter_with_offsets()
    {
        let (operator, offset) = operator.map_err(invalid)?;
        refuse_unsupported(&operator, offset)?;
        operators.push(operator);
    }
    let operators = ink::rewrite(operators, globals, module);
    let operators = dynamic::rewrite(operators, globals);
    let frame = depth::frame(
        &operators,
        declared_locals(body).map_err(invalid)?,
        function,
        module,
    )?;
    let operators = depth::rewrite(operators, globals, frame);
    Ok(match pay_for_memory_grow {
        Some(pay) => heap::rewrite(operators, globals, pay),
        None => operators,
    })
}

/// Locals that `body` declares, parameters not counted.
pub(crate) fn declared_locals(body: &FunctionBody<'_>) -> Result<u32, wasmparser::Error> {
    let mut locals = 0;
    for group in body.get_locals_reader()? {
        locals += group?.0;
    }
    Ok(locals)
}

/// Operators that validate but that no program may hold, wherever they stand: the bulk operators on segments and tables,
/// and every computation on floats. (Moving, loading and storing floats is allowed, and unaffordable.)
fn refuse_unsupported(operator: &Operator<'_>, offset: usize) -> Result<(), Refusal> {
    use Operator::*;
    match operator {
        MemoryInit { .. }
        | DataDrop { .. }
        | TableInit { .. }
        | ElemDrop { .. }
        | TableCopy { .. } => Err(Refusal::Operator {
            operator: format!("{operator:?}").into(),
            offset,
        }),
        F32Abs | F32Add | F32Ceil | F32Copysign | F32Div | F32Floor | F32Max | F32Min | F32Mul
        | F32Nearest | F32Neg | F32Sqrt | F32Sub | F32Trunc | F32Eq | F32Ge | F32Gt | F32Le
        | F32Lt | F32Ne | F64Abs | F64Add | F64Ceil | F64Copysign | F64Div | F64Floor | F64Max
        | F64Min | F64Mul | F64Nearest | F64Neg | F64Sqrt | F64Sub | F64Trunc | F64Eq | F64Ge
        | F64Gt | F64Le | F64Lt | F64Ne | F32ConvertI32S | F32ConvertI32U | F32ConvertI64S
        | F32ConvertI64U | F32DemoteF64 | F64ConvertI32S | F64ConvertI32U | F64ConvertI64S
        | F64ConvertI64U | F64PromoteF32 | I32TruncF32S | I32TruncF32U | I32TruncF64S
        | I32TruncF64U | I32TruncSatF32S | I32TruncSatF32U | I32TruncSatF64S | I32TruncSatF64U
        | I64TruncF32S | I64TruncF32U | I64TruncF64S | I64TruncF64U | I64TruncSatF32S
        | I64TruncSatF32U | I64TruncSatF64S | I64TruncSatF64U => Err(Refusal::Float {
            operator: format!("{operator:?}").into(),
            offset,
        }),
        _ => Ok(()),
    }
}

/// The finished body.
fn encode_body(body: &FunctionBody<'_>, operators: Vec<Operator<'_>>) -> Result<Function, Refusal> {
    let invalid = |error: wasmparser::Error| Refusal::invalid(&error);
    let encode = &mut RoundtripReencoder;
    let mut locals = Vec::new();
    for group in body.get_locals_reader().map_err(invalid)? {
        let (count, ty) = group.map_err(invalid)?;
        locals.push((count, encode.val_type(ty).map_err(reencode)?));
    }
    let mut function = Function::new(locals);
    for operator in operators {
        function.instruction(&encode.instruction(operator).map_err(reencode)?);
    }
    Ok(function)
}

/// The finished module: the sections as they were with the globals appended and the exports reduced to those the VM
/// knows, and `code` in place of the bodies.
fn encode_module(
    module: &Module<'_>,
    globals: Globals,
    code: &CodeSection,
) -> Result<Vec<u8>, Refusal> {
    let encode = &mut RoundtripReencoder;
    let mut out = wasm_encoder::Module::new();

    let mut types = TypeSection::new();
    for ty in &module.types {
        types
            .ty()
            .func_type(&encode.func_type(ty.clone()).map_err(reencode)?);
    }
    out.section(&types);

    let mut imports = ImportSection::new();
    for import in &module.imports {
        imports.import(
            import.module,
            import.name,
            wasm_encoder::EntityType::Function(import.type_index),
        );
    }
    out.section(&imports);

    let mut functions = FunctionSection::new();
    for type_index in &module.functions {
        functions.function(*type_index);
    }
    out.section(&functions);

    let mut tables = TableSection::new();
    for table in &module.tables {
        tables.table(encode.table_type(*table).map_err(reencode)?);
    }
    out.section(&tables);

    let mut memories = MemorySection::new();
    if let Some(memory) = module.memory {
        let mut memory = encode.memory_type(memory).map_err(reencode)?;
        // Nitro's VM never holds more, whatever a module declares: growing beyond answers -1.
        memory.maximum = Some(
            memory
                .maximum
                .map_or(MAX_PAGES, |maximum| maximum.min(MAX_PAGES)),
        );
        memories.memory(memory);
    }
    out.section(&memories);
    out.section(&encode_globals(module)?);
    out.section(&encode_exports(module, globals));

    let mut elements = ElementSection::new();
    for element in &module.elements {
        encode
            .parse_element(&mut elements, element.clone())
            .map_err(reencode)?;
    }
    out.section(&elements);
    out.section(code);

    let mut data = DataSection::new();
    for segment in &module.data {
        encode
            .parse_data(&mut data, segment.clone())
            .map_err(reencode)?;
    }
    out.section(&data);
    Ok(out.finish())
}

/// The module's own globals, then the four of the VM, all zero until a run sets them.
fn encode_globals(module: &Module<'_>) -> Result<GlobalSection, Refusal> {
    let encode = &mut RoundtripReencoder;
    let mut section = GlobalSection::new();
    for global in &module.globals {
        let ty = encode.global_type(global.ty).map_err(reencode)?;
        section.global(
            ty,
            &encode.const_expr(global.init.clone()).map_err(reencode)?,
        );
    }
    let counter = |val_type| GlobalType {
        val_type,
        mutable: true,
        shared: false,
    };
    section.global(counter(ValType::I64), &ConstExpr::i64_const(0));
    for _ in 1..ADDED_GLOBALS {
        section.global(counter(ValType::I32), &ConstExpr::i32_const(0));
    }
    Ok(section)
}

/// The exports the VM uses; all others are dropped.
fn encode_exports(module: &Module<'_>, globals: Globals) -> ExportSection {
    let mut section = ExportSection::new();
    if let Some(entrypoint) = module.export(names::ENTRYPOINT, ExternalKind::Func) {
        section.export(names::ENTRYPOINT, ExportKind::Func, entrypoint);
    }
    if let Some(memory) = module.export(names::MEMORY, ExternalKind::Memory) {
        section.export(names::MEMORY, ExportKind::Memory, memory);
    }
    if let Some(start) = module.start {
        section.export(names::START, ExportKind::Func, start);
    }
    for (name, index) in [
        (names::INK_LEFT, globals.ink_left),
        (names::INK_STATUS, globals.ink_status),
        (names::SCRATCH, globals.scratch),
        (names::STACK_LEFT, globals.stack_left),
    ] {
        section.export(name, ExportKind::Global, index);
    }
    section
}

/// Re-encoding copies validated constructs; what it cannot copy is no construct of a Stylus program.
fn reencode(error: wasm_encoder::reencode::Error) -> Refusal {
    match error {
        wasm_encoder::reencode::Error::ParseError(error) => Refusal::invalid(&error),
        _ => Refusal::Construct {
            construct: "a construct that cannot be re-encoded",
            offset: 0,
        },
    }
}

/// What a pass writes must validate with nothing but what the module was allowed to use.
fn debug_assert_valid(wasm: &[u8]) {
    if cfg!(debug_assertions) {
        let mut validator =
            wasmparser::Validator::new_with_features(crate::module::features(crate::ArbOs::FIRST));
        if let Err(error) = validator.validate_all(wasm) {
            panic!("instrumentation wrote an invalid module: {error}");
        }
    }
}
