//! A contract's module as it is: what its functions call, and where its data lies.
//!
//! Lives here: reading. Not here: which part of it is an allocator (`inspect`), nor writing another (`graft`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use stylus_vm::process::{ProcessError, process};
use stylus_vm::profile::Names;
use stylus_vm::{ArbOs, Config, Gas, Pages, activate};
use wasmparser::{
    DataKind, ElementItems, ExternalKind, FuncType, FunctionBody, KnownCustom, MemoryType, Name,
    Operator, OperatorsReader, Parser, Payload, TypeRef, ValType,
};

use crate::Refusal;

/// The bytes of a page.
pub(crate) const PAGE: u64 = 65_536;

/// A module that a chain would accept.
pub(crate) struct Module {
    /// As `cargo stylus` would deploy it. Functions have the indices that they have in the file.
    pub(crate) deployed: Vec<u8>,
    pub(crate) names: Names,
    pub(crate) types: Vec<FuncType>,
    /// How many functions are imported; these have the first indices.
    pub(crate) imports: u32,
    /// The module's own functions, in order.
    pub(crate) functions: Vec<Function>,
    /// Functions that are reached from outside: exported, or run at the start.
    pub(crate) exported: BTreeSet<u32>,
    /// Functions that are reached through a table.
    pub(crate) in_table: BTreeSet<u32>,
    pub(crate) memory: MemoryType,
    /// Where there is data from the beginning, by segment.
    data: BTreeMap<u32, Range<u64>>,
    /// Where there are constants: data in segments whose names say so.
    constants: Vec<Range<u64>>,
    /// Where the heap begins according to the linker, if it says so and that is possible.
    pub(crate) heap_base: Option<u64>,
}

/// One function.
#[derive(Debug, Default)]
pub(crate) struct Function {
    /// The index of its type.
    pub(crate) ty: u32,
    /// Its size in the deployed module, in bytes.
    pub(crate) bytes: u64,
    /// Functions that it calls or takes the address of.
    pub(crate) calls: BTreeSet<u32>,
    /// Addresses of static variables that it reads or writes.
    pub(crate) accessed: BTreeSet<u32>,
    /// Constants that may be addresses of static variables: they are passed on, or are numbers.
    pub(crate) constants: BTreeSet<u32>,
    /// Those constants that are only added to or compared with, right after constant data that the function also has an address of: the end
    /// of a table, which loops count up to. A static variable may lie there.
    pub(crate) ends: BTreeSet<u32>,
    pub(crate) grows_memory: bool,
}

/// The configuration of the chain that modules are to be deployed to.
pub(crate) fn chain() -> Config {
    Config::at(ArbOs::ARBITRUM_ONE)
}

/// Why a chain would not accept a module.
pub(crate) fn refusal(deployed: &[u8]) -> Option<String> {
    let refused = activate(deployed, &chain(), Pages(0), Gas::MAX).err()?;
    Some(refused.to_string())
}

impl Module {
    /// Reads a module.
    ///
    /// # Errors
    /// If it is not a module, has no names, or would not be accepted by a chain.
    pub(crate) fn read(wasm: &[u8]) -> Result<Self, Refusal> {
        let malformed = |error: wasmparser::Error| Refusal::NotWasm(error.message().to_owned());
        let deployed = process(wasm).map_err(|error| match error {
            ProcessError::NotWasm(cause) => Refusal::NotWasm(cause.into()),
            custom @ ProcessError::Custom { .. } => Refusal::Custom(custom.to_string()),
        })?;
        if let Some(reason) = refusal(&deployed) {
            return Err(Refusal::NotStylus(reason));
        }
        let names = Names::of_module(wasm);
        if names.iter().next().is_none() {
            return Err(Refusal::NoNames);
        }
        let mut module = Self {
            names,
            types: Vec::new(),
            imports: 0,
            functions: Vec::new(),
            exported: BTreeSet::new(),
            in_table: BTreeSet::new(),
            memory: MemoryType {
                memory64: false,
                shared: false,
                initial: 0,
                maximum: None,
                page_size_log2: None,
            },
            data: BTreeMap::new(),
            constants: Vec::new(),
            heap_base: None,
            deployed: Vec::new(),
        };
        module.take(&deployed).map_err(malformed)?;
        module.take_constants(wasm).map_err(malformed)?;
        module.deployed = deployed;
        module.keep_addresses();
        Ok(module)
    }

    fn take(&mut self, deployed: &[u8]) -> Result<(), wasmparser::Error> {
        let mut globals = Vec::new();
        let mut heap_base = None;
        let mut bodies = 0;
        for payload in Parser::new(0).parse_all(deployed) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        self.types.push(ty?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if let TypeRef::Func(_) = import?.ty {
                            self.imports += 1;
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        self.functions.push(Function {
                            ty: ty?,
                            ..Function::default()
                        });
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        self.memory = memory?;
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        let global = global?;
                        let is_constant =
                            !global.ty.mutable && global.ty.content_type == ValType::I32;
                        globals.push(constant(&global.init_expr)?.filter(|_| is_constant));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        match export.kind {
                            ExternalKind::Func => {
                                self.exported.insert(export.index);
                            }
                            ExternalKind::Global if export.name == "__heap_base" => {
                                heap_base = globals.get(export.index as usize).copied().flatten();
                            }
                            _ => {}
                        }
                    }
                }
                Payload::StartSection { func, .. } => {
                    self.exported.insert(func);
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        self.take_element(element?.items)?;
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    // There are as many bodies as functions, or no chain would accept the module.
                    self.functions[bodies].take(&body)?;
                    bodies += 1;
                }
                Payload::DataSection(section) => {
                    for (index, data) in (0..).zip(section) {
                        let data = data?;
                        if let DataKind::Active { offset_expr, .. } = &data.kind
                            && let Some(begin) = constant(offset_expr)?
                        {
                            let begin = u64::from(begin);
                            self.data
                                .insert(index, begin..begin + data.data.len() as u64);
                        }
                    }
                }
                _ => {}
            }
        }
        let end = self.data.values().map(|range| range.end).max().unwrap_or(0);
        self.heap_base = heap_base
            .map(u64::from)
            .filter(|base| (end..=self.memory_end()).contains(base));
        Ok(())
    }

    fn take_element(&mut self, items: ElementItems<'_>) -> Result<(), wasmparser::Error> {
        match items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    self.in_table.insert(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    for operator in expression?.get_operators_reader() {
                        if let Operator::RefFunc { function_index } = operator? {
                            self.in_table.insert(function_index);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks up in the file which segments hold constants; the deployed module has no names.
    fn take_constants(&mut self, wasm: &[u8]) -> Result<(), wasmparser::Error> {
        for payload in Parser::new(0).parse_all(wasm) {
            let Payload::CustomSection(section) = payload? else {
                continue;
            };
            let KnownCustom::Name(section) = section.as_known() else {
                continue;
            };
            // Names end at the first malformed part.
            for subsection in section.map_while(Result::ok) {
                let Name::Data(names) = subsection else {
                    continue;
                };
                let constants = names
                    .into_iter()
                    .map_while(Result::ok)
                    .filter(|naming| naming.name.starts_with(".rodata"))
                    .filter_map(|naming| self.data.get(&naming.index).cloned());
                self.constants.extend(constants);
            }
        }
        Ok(())
    }

    /// Forgets constants that cannot be addresses of static variables, because they lie outside static data or in constants.
    fn keep_addresses(&mut self) {
        let begin = self
            .data
            .values()
            .map(|range| range.start)
            .min()
            .unwrap_or(0);
        let end = self.heap_base.unwrap_or_else(|| self.memory_end());
        let constants = &self.constants;
        let is_variable = |address: &u32| {
            let address = u64::from(*address);
            (begin..end).contains(&address)
                && !constants.iter().any(|range| range.contains(&address))
        };
        for function in &mut self.functions {
            function.keep_ends(constants);
            function.accessed.retain(is_variable);
            function.constants.retain(is_variable);
        }
    }

    /// The first byte after the memory that the module begins with.
    pub(crate) const fn memory_end(&self) -> u64 {
        self.memory.initial * PAGE
    }

    /// One of the module's own functions.
    pub(crate) fn function(&self, index: u32) -> Option<&Function> {
        self.functions
            .get(index.checked_sub(self.imports)? as usize)
    }

    /// The module's own functions, by index.
    pub(crate) fn own(&self) -> impl Iterator<Item = (u32, &Function)> {
        (self.imports..).zip(&self.functions)
    }

    /// The name of a function.
    pub(crate) fn name(&self, index: u32) -> String {
        match self.names.get(index) {
            Some(name) => name.to_owned(),
            None => format!("function {index}"),
        }
    }

    /// The type of one of its own functions.
    pub(crate) fn ty(&self, index: u32) -> Option<&FuncType> {
        self.types.get(self.function(index)?.ty as usize)
    }

    /// The last two parameters that one of its own functions passes on to `callee` unchanged, if it does so.
    pub(crate) fn hands_on(&self, function: u32, callee: u32) -> Option<[u32; 2]> {
        let mut last = [None; 2];
        for operator in self.operators(function)? {
            match operator.ok()? {
                Operator::Call { function_index } if function_index == callee => {
                    let [one, other] = last;
                    return Some([one?, other?]);
                }
                Operator::LocalGet { local_index } => last = [last[1], Some(local_index)],
                _ => last = [last[1], None],
            }
        }
        None
    }

    /// Whether one of its own functions has `number` more often than it calls functions that `is_passed` it.
    pub(crate) fn has_more(
        &self,
        function: u32,
        number: u32,
        is_passed: impl Fn(u32) -> bool,
    ) -> bool {
        let operators = self.operators(function).into_iter().flatten();
        let difference = operators
            .map_while(Result::ok)
            .map(|operator| match operator {
                Operator::I32Const { value } if value.cast_unsigned() == number => 1,
                Operator::Call { function_index } if is_passed(function_index) => -1,
                _ => 0,
            });
        difference.sum::<i32>() > 0
    }

    /// Whether one of its own functions uses a parameter.
    pub(crate) fn uses(&self, function: u32, parameter: u32) -> bool {
        let operators = self.operators(function).into_iter().flatten();
        operators.map_while(Result::ok).any(|operator| {
            matches!(operator, Operator::LocalGet { local_index } if local_index == parameter)
        })
    }

    /// Whether the last argument of every call of `callee` in one of its own functions is an alignment: a constant power of two.
    pub(crate) fn ends_with_alignment(&self, function: u32, callee: u32) -> bool {
        let mut is_alignment = false;
        let operators = self.operators(function).into_iter().flatten();
        operators.map_while(Result::ok).all(|operator| {
            let is_other =
                !matches!(operator, Operator::Call { function_index } if function_index == callee);
            let is_right = is_other || is_alignment;
            is_alignment =
                matches!(operator, Operator::I32Const { value } if value.count_ones() == 1);
            is_right
        })
    }

    /// The instructions of one of its own functions.
    fn operators(&self, function: u32) -> Option<OperatorsReader<'_>> {
        let position = function.checked_sub(self.imports)? as usize;
        let bodies = Parser::new(0).parse_all(&self.deployed);
        let mut bodies = bodies.filter_map(|payload| match payload {
            Ok(Payload::CodeSectionEntry(body)) => Some(body),
            _ => None,
        });
        bodies.nth(position)?.get_operators_reader().ok()
    }

    /// What callers pass to `callee`, which has this many parameters: the constants among the arguments. Calls whose arguments are neither
    /// constants nor locals are left out.
    pub(crate) fn passed(&self, callee: u32, parameters: usize) -> Vec<Vec<Option<u32>>> {
        let mut calls = Vec::new();
        for payload in Parser::new(0).parse_all(&self.deployed) {
            let Ok(Payload::CodeSectionEntry(body)) = payload else {
                continue;
            };
            let Ok(operators) = body.get_operators_reader() else {
                continue;
            };
            let mut pushed = Vec::new();
            for operator in operators.into_iter().map_while(Result::ok) {
                match operator {
                    Operator::I32Const { value } => pushed.push(Some(value as u32)),
                    Operator::LocalGet { .. } => pushed.push(None),
                    Operator::Call { function_index } if function_index == callee => {
                        let arguments = pushed.len().checked_sub(parameters);
                        calls.extend(arguments.map(|from| pushed[from..].to_vec()));
                        pushed.clear();
                    }
                    _ => pushed.clear(),
                }
            }
        }
        calls
    }

    /// Every function that is reached from `from` without going through those that `is_replaced` names.
    pub(crate) fn reached(
        &self,
        from: impl IntoIterator<Item = u32>,
        is_replaced: impl Fn(u32) -> bool,
    ) -> BTreeSet<u32> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<_> = from.into_iter().collect();
        while let Some(index) = open.pop() {
            if !is_replaced(index)
                && reached.insert(index)
                && let Some(function) = self.function(index)
            {
                open.extend(&function.calls);
            }
        }
        reached
    }
}

impl Function {
    fn take(&mut self, body: &FunctionBody<'_>) -> Result<(), wasmparser::Error> {
        self.bytes = body.range().len() as u64;
        let mut on_top = None;
        let mut kept = BTreeSet::new();
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            match operator {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => {
                    self.calls.insert(function_index);
                }
                Operator::MemoryGrow { .. } => self.grows_memory = true,
                Operator::I32Const { value } => {
                    self.constants.insert(value.cast_unsigned());
                }
                _ => {}
            }
            // Statics are accessed at the constant 0 with their address as the offset, or at their address with an offset within. The top
            // of the stack is the address only for a load.
            if let Some((access, offset)) = access(&operator) {
                let base = match access {
                    Access::Load => on_top.unwrap_or(0),
                    Access::Store => 0,
                };
                self.accessed.extend(u32::try_from(base + offset));
            }
            if !is_computation(&operator) {
                kept.extend(on_top.and_then(|number| u32::try_from(number).ok()));
            }
            on_top = match operator {
                Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
                _ => None,
            };
        }
        self.ends = self.constants.difference(&kept).copied().collect();
        Ok(())
    }

    /// Keeps those of `ends` at which one of `tables` ends that the function works on: it names a place in the table, or counts up to its
    /// end from below zero.
    fn keep_ends(&mut self, tables: &[Range<u64>]) {
        let constants = &self.constants;
        let is_worked_on = |end: u32| {
            let table = tables.iter().find(|table| table.end == u64::from(end));
            let is_within = |place: u32| table.is_some_and(|it| it.contains(&u64::from(place)));
            let mut constants = constants.iter();
            constants.any(|it| is_within(*it) || is_within(end.wrapping_add(*it)))
        };
        let accessed = &self.accessed;
        self.ends
            .retain(|end| !accessed.contains(end) && is_worked_on(*end));
    }
}

/// The constant that an expression consists of, as an address.
fn constant(expression: &wasmparser::ConstExpr<'_>) -> Result<Option<u32>, wasmparser::Error> {
    let mut operators = expression.get_operators_reader();
    Ok(match operators.read()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    })
}

/// Whether an instruction computes with the number on top of the stack as is done with places in a table.
const fn is_computation(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::I32Add | O::I32Sub | O::I32Eq | O::I32Ne | O::I32LtU | O::I32GtU | O::I32LeU | O::I32GeU
    )
}

#[derive(Clone, Copy)]
enum Access {
    Load,
    Store,
}

/// Whether an instruction accesses memory, and the offset that it adds to the address.
fn access(operator: &Operator<'_>) -> Option<(Access, u64)> {
    use Operator as O;
    match operator {
        O::I32Load { memarg }
        | O::I64Load { memarg }
        | O::F32Load { memarg }
        | O::F64Load { memarg }
        | O::I32Load8S { memarg }
        | O::I32Load8U { memarg }
        | O::I32Load16S { memarg }
        | O::I32Load16U { memarg }
        | O::I64Load8S { memarg }
        | O::I64Load8U { memarg }
        | O::I64Load16S { memarg }
        | O::I64Load16U { memarg }
        | O::I64Load32S { memarg }
        | O::I64Load32U { memarg } => Some((Access::Load, memarg.offset)),
        O::I32Store { memarg }
        | O::I64Store { memarg }
        | O::F32Store { memarg }
        | O::F64Store { memarg }
        | O::I32Store8 { memarg }
        | O::I32Store16 { memarg }
        | O::I64Store8 { memarg }
        | O::I64Store16 { memarg }
        | O::I64Store32 { memarg } => Some((Access::Store, memarg.offset)),
        _ => None,
    }
}
