//! Programs generated from bytes: valid, integers only, and certain to end.
//!
//! Lives here: the module around the functions, and how a program reports. Not here: function bodies (`body`), and whether
//! a program does anything sensible: traps, floods of branches and dead code are its purpose.
//!
//! Every function and every loop decrements a global counter as it begins, and gives up at zero, so that no program runs
//! for ever. The entry point reads the calldata, calls the other functions, and reports the start of memory and all
//! globals with `write_result`.

mod body;

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection,
    Instruction, MemArg, MemorySection, MemoryType, Module, RefType, TableSection, TableType,
    TypeSection, ValType,
};

use self::body::Body;
use super::entropy::Choices;

/// Bytes of memory that a program reports.
const REPORT: i32 = 4_096;

/// The imports, which are the first functions.
const IMPORTS: [(&str, Signature); 3] = [
    ("read_args", Signature::fixed(&[ValType::I32], &[])),
    (
        "write_result",
        Signature::fixed(&[ValType::I32, ValType::I32], &[]),
    ),
    (
        "pay_for_memory_grow",
        Signature::fixed(&[ValType::I32], &[]),
    ),
];
const READ_ARGS: u32 = 0;
const WRITE_RESULT: u32 = 1;

/// The first global, the counter that functions and loops decrement.
const COUNTER: u32 = 0;

/// Entries of the table; the last few stay empty.
const TABLE_ENTRIES: u32 = 8;

/// A function's or a block's type.
#[derive(Clone, PartialEq, Eq)]
struct Signature {
    params: std::borrow::Cow<'static, [ValType]>,
    results: std::borrow::Cow<'static, [ValType]>,
}

impl Signature {
    const fn fixed(params: &'static [ValType], results: &'static [ValType]) -> Self {
        Self {
            params: std::borrow::Cow::Borrowed(params),
            results: std::borrow::Cow::Borrowed(results),
        }
    }

    fn chosen(choices: &mut Choices<'_>, params: usize, results: usize) -> Self {
        Self {
            params: value_types(choices, params).into(),
            results: value_types(choices, results).into(),
        }
    }
}

fn value_types(choices: &mut Choices<'_>, most: usize) -> Vec<ValType> {
    let count = choices.below(most + 1);
    (0..count)
        .map(|_| choices.pick(&[ValType::I32, ValType::I64]))
        .collect()
}

/// What all bodies of a program share.
struct Shape {
    /// Types by index: of the imports, of the functions, of the entry point, and some for blocks.
    types: Vec<Signature>,
    /// The number of the program's own functions, without the entry point; the types after the imports' are theirs.
    functions: usize,
    /// Types of the globals, the counter first.
    globals: Vec<ValType>,
}

impl Shape {
    fn chosen(choices: &mut Choices<'_>) -> Self {
        let functions = 1 + choices.below(4);
        let mut types: Vec<_> = IMPORTS.iter().map(|(_, ty)| ty.clone()).collect();
        types.extend((0..functions).map(|_| Signature::chosen(choices, 4, 2)));
        types.push(Signature::fixed(&[ValType::I32], &[ValType::I32]));
        types.extend((0..3).map(|_| Signature::chosen(choices, 3, 2)));
        let mut globals = vec![ValType::I32];
        globals.extend(value_types(choices, 3));
        Self {
            types,
            functions,
            globals,
        }
    }

    /// Function indices of the program's own functions.
    fn own_functions(&self) -> std::ops::Range<u32> {
        let first = IMPORTS.len() as u32;
        first..first + self.functions as u32
    }

    fn entrypoint(&self) -> u32 {
        self.own_functions().end
    }
}

/// A program generated from `bytes`.
pub(crate) fn program(bytes: &[u8]) -> Vec<u8> {
    let choices = &mut Choices::of(bytes);
    let shape = Shape::chosen(choices);
    let counter = choices.pick(&[3, 20, 100, 400]);
    let memory = MemoryType {
        minimum: choices.pick(&[1, 1, 2]),
        maximum: choices.pick(&[None, Some(2), Some(4), Some(65_536)]),
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    let table: Vec<u32> = (0..choices.below(TABLE_ENTRIES as usize))
        .map(|_| choices.below(shape.entrypoint() as usize + 1) as u32)
        .collect();
    let data: Vec<u8> = (0..choices.below(32)).map(|_| choices.byte()).collect();

    let globals = globals(&shape, choices, counter);
    let mut code = CodeSection::new();
    // Each function gets its own share of the bytes, so that some are left for the entry point's calls.
    for (before, function) in shape.own_functions().enumerate() {
        let share = &mut choices.share(shape.functions + 1 - before);
        code.function(&Body::of_function(&shape, share, function));
    }
    code.function(&entrypoint(&shape, choices));

    let mut module = Module::new();
    let mut types = TypeSection::new();
    for ty in &shape.types {
        types
            .ty()
            .function(ty.params.iter().copied(), ty.results.iter().copied());
    }
    module.section(&types);
    let mut imports = ImportSection::new();
    for (index, (name, _)) in IMPORTS.iter().enumerate() {
        imports.import("vm_hooks", name, EntityType::Function(index as u32));
    }
    module.section(&imports);
    // A function's type has the function's own index: the types of imports and functions are in their order.
    let mut functions = FunctionSection::new();
    for function in shape.own_functions().chain([shape.entrypoint()]) {
        functions.function(function);
    }
    module.section(&functions);
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: TABLE_ENTRIES.into(),
        maximum: None,
        shared: false,
    });
    module.section(&tables);
    let mut memories = MemorySection::new();
    memories.memory(memory);
    module.section(&memories);
    module.section(&globals);
    let mut exports = ExportSection::new();
    exports.export("user_entrypoint", ExportKind::Func, shape.entrypoint());
    exports.export("memory", ExportKind::Memory, 0);
    module.section(&exports);
    let mut elements = ElementSection::new();
    elements.active(
        None,
        &ConstExpr::i32_const(0),
        Elements::Functions(table.into()),
    );
    module.section(&elements);
    module.section(&code);
    let mut segments = DataSection::new();
    segments.active(0, &ConstExpr::i32_const(64), data);
    module.section(&segments);
    module.finish()
}

fn globals(shape: &Shape, choices: &mut Choices<'_>, counter: i32) -> GlobalSection {
    let mut section = GlobalSection::new();
    for (index, ty) in shape.globals.iter().enumerate() {
        let init = match (index as u32, ty) {
            (COUNTER, _) => ConstExpr::i32_const(counter),
            (_, ValType::I64) => ConstExpr::i64_const(choices.word() as i64),
            _ => ConstExpr::i32_const(choices.word() as i32),
        };
        let ty = GlobalType {
            val_type: *ty,
            mutable: true,
            shared: false,
        };
        section.global(ty, &init);
    }
    section
}

/// Calls functions, writes the globals where the report begins, reports, and returns zero or more.
fn entrypoint(shape: &Shape, choices: &mut Choices<'_>) -> Function {
    let mut body = Body::new(shape, choices, shape.entrypoint());
    body.push(Instruction::LocalGet(0));
    body.push(Instruction::Call(READ_ARGS));
    body.statements(4);
    for (index, ty) in shape.globals.iter().enumerate() {
        body.push(Instruction::I32Const(8 * index as i32));
        body.push(Instruction::GlobalGet(index as u32));
        let at = MemArg {
            offset: 0,
            align: 0,
            memory_index: 0,
        };
        body.push(match ty {
            ValType::I64 => Instruction::I64Store(at),
            _ => Instruction::I32Store(at),
        });
    }
    body.push(Instruction::I32Const(0));
    body.push(Instruction::I32Const(REPORT));
    body.push(Instruction::Call(WRITE_RESULT));
    body.value(ValType::I32);
    // Most programs should succeed.
    body.push(Instruction::I32Const(7));
    body.push(Instruction::I32And);
    body.push(Instruction::I32Const(5));
    body.push(Instruction::I32Eq);
    body.finish()
}
