//! A wasm module, as far as a proof examines it: its functions as steps, its exports, its data; and functions with one step changed. It
//! knows nothing of what they compute.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{ConstExpr, ExternalKind, Operator, Parser, Payload, TypeRef};

/// A module, as far as it matters here. Functions are numbered from the first that is not imported.
pub(crate) struct Program {
    pub(super) bodies: Vec<Vec<Step>>,
    pub(super) shapes: Vec<Shape>,
    exports: BTreeMap<String, u32>,
    /// The exported globals, by name, with their initial values.
    globals: BTreeMap<String, u32>,
    pub(super) imported: usize,
    /// Pages of memory at the start.
    pub(crate) initial_pages: u64,
    /// What is written to memory at the start, and where.
    data: Vec<(u64, Vec<u8>)>,
}

/// How many parameters, results and other locals a function has.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) params: usize,
    pub(super) results: usize,
    pub(super) locals: usize,
}

/// An instruction; for those that open a block, where it ends.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Plain(Operator<'static>),
    Block {
        end: usize,
        results: usize,
    },
    If {
        otherwise: usize,
        end: usize,
        results: usize,
    },
    Else {
        end: usize,
    },
    End,
    /// One that a mutation has left out: it takes its operands and does nothing.
    Omitted {
        operands: usize,
    },
}

/// One instruction changed.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    function: usize,
    at: usize,
    step: Step,
    /// What was changed into what.
    pub(crate) name: String,
}

impl Program {
    pub(crate) fn new(wasm: &[u8]) -> Self {
        let wasm: &'static [u8] = wasm.to_vec().leak();
        let mut types = Vec::new();
        let mut kinds = Vec::new();
        let mut exported = Vec::new();
        let mut initial = Vec::new();
        let mut program = Self {
            bodies: Vec::new(),
            shapes: Vec::new(),
            exports: BTreeMap::new(),
            globals: BTreeMap::new(),
            imported: 0,
            initial_pages: 0,
            data: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.expect("cargo made it") {
                Payload::TypeSection(section) => {
                    for group in section.into_iter_err_on_gc_types() {
                        let of = group.expect("it is valid");
                        types.push((of.params().len(), of.results().len()));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let kind = import.expect("it is valid").ty;
                        assert!(matches!(kind, TypeRef::Func(_)), "{kind:?} is imported");
                        program.imported += 1;
                    }
                }
                Payload::FunctionSection(section) => {
                    kinds.extend(section.into_iter().map(|kind| kind.expect("it is valid")));
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        program.initial_pages = memory.expect("it is valid").initial;
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        initial.push(number(&global.expect("it is valid").init_expr));
                    }
                }
                Payload::ExportSection(section) => {
                    exported.extend(
                        section
                            .into_iter()
                            .map(|export| export.expect("it is valid")),
                    );
                }
                Payload::CodeSectionEntry(body) => {
                    let (params, results) = types[kinds[program.bodies.len()] as usize];
                    let locals = body.get_locals_reader().expect("it is valid");
                    let locals = locals
                        .into_iter()
                        .map(|locals| locals.expect("it is valid").0 as usize)
                        .sum();
                    program.shapes.push(Shape {
                        params,
                        results,
                        locals,
                    });
                    let operators = body.get_operators_reader().expect("it is valid");
                    program.bodies.push(steps(
                        operators
                            .into_iter()
                            .map(|step| step.expect("it is valid"))
                            .collect(),
                    ));
                }
                Payload::DataSection(section) => {
                    for segment in section {
                        let segment = segment.expect("it is valid");
                        program
                            .data
                            .push((place(&segment.kind), segment.data.to_vec()));
                    }
                }
                _ => {}
            }
        }
        for export in exported {
            let name = export.name.to_owned();
            match export.kind {
                ExternalKind::Func => drop(program.exports.insert(name, export.index)),
                ExternalKind::Global => {
                    if let Some(value) = initial[export.index as usize] {
                        program.globals.insert(name, value);
                    }
                }
                _ => {}
            }
        }
        program
    }

    /// Where the heap begins, which rustc has the linker export.
    pub(crate) fn heap_base(&self) -> u32 {
        self.globals["__heap_base"]
    }

    /// The function that is exported as `name`.
    pub(crate) fn exported(&self, name: &str) -> usize {
        self.exports[name] as usize - self.imported
    }

    /// The functions in which memory grows.
    pub(crate) fn growing(&self) -> Vec<usize> {
        let grows = |step: &Step| matches!(step, Step::Plain(Operator::MemoryGrow { .. }));
        (0..self.bodies.len())
            .filter(|&function| self.bodies[function].iter().any(grows))
            .collect()
    }

    /// The functions that may load from `word` or store to it, at a constant address: its own, or zero with an offset. Any other address is
    /// that of another object, and what is accessed from there lies within that.
    pub(crate) fn touching(&self, word: u64) -> Vec<usize> {
        let touches = |body: &[Step]| {
            // Which constant belongs to which access is not tracked: any in the same function counts.
            let constants = body.iter().filter_map(constant);
            let bases = constants.map(|base| u64::from(base as u32));
            let bases: Vec<_> = bases.filter(|&base| base == 0 || base == word).collect();
            body.iter().filter_map(access).any(|(offset, width)| {
                bases.iter().any(|base| {
                    let at = base + offset;
                    at < word + 4 && word < at + width
                })
            })
        };
        (0..self.bodies.len())
            .filter(|&function| touches(&self.bodies[function]))
            .collect()
    }

    /// The initial value of the word at `address`.
    pub(crate) fn initial_word(&self, address: u64) -> u32 {
        let byte = |at: u64| {
            let within = |(begin, bytes): &(u64, Vec<u8>)| {
                let offset = usize::try_from(at.checked_sub(*begin)?).ok()?;
                bytes.get(offset).copied()
            };
            self.data.iter().find_map(within).unwrap_or(0)
        };
        u32::from_le_bytes([0, 1, 2, 3].map(|offset| byte(address + offset)))
    }

    /// The functions that `function` may run, itself first.
    fn reached(&self, function: usize) -> Vec<usize> {
        let mut reached = vec![function];
        let mut next = 0;
        while next < reached.len() {
            for step in &self.bodies[reached[next]] {
                if let Step::Plain(Operator::Call { function_index }) = step {
                    let callee = *function_index as usize - self.imported;
                    if !reached.contains(&callee) {
                        reached.push(callee);
                    }
                }
            }
            next += 1;
        }
        reached
    }

    /// Every change of one instruction in a function and in what it calls, except functions in `seen`: a constant off by one, another
    /// comparison or operation, a write left out.
    pub(crate) fn mutants(&self, function: usize, seen: &mut BTreeSet<usize>) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for function in self.reached(function) {
            if !seen.insert(function) {
                continue;
            }
            for (at, step) in self.bodies[function].iter().enumerate() {
                let Step::Plain(operator) = step else {
                    continue;
                };
                mutants.extend(variants(operator).into_iter().map(|step| Mutant {
                    name: format!("{operator:?} as {step:?}"),
                    function,
                    at,
                    step,
                }));
            }
        }
        mutants
    }

    /// The functions' steps, with the mutant's changed.
    pub(super) fn mutated(&self, mutant: Option<&Mutant>) -> Vec<Vec<Step>> {
        let mut bodies = self.bodies.clone();
        if let Some(mutant) = mutant {
            bodies[mutant.function][mutant.at] = mutant.step.clone();
        }
        bodies
    }
}

fn constant(step: &Step) -> Option<i32> {
    match step {
        Step::Plain(Operator::I32Const { value }) => Some(*value),
        _ => None,
    }
}

/// The offset of a load or store, and its width in bytes.
fn access(step: &Step) -> Option<(u64, u64)> {
    use Operator as O;
    let Step::Plain(operator) = step else {
        return None;
    };
    let (memarg, width) = match operator {
        O::I32Load { memarg } | O::I32Store { memarg } => (memarg, 4),
        O::I64Load { memarg } | O::I64Store { memarg } => (memarg, 8),
        O::I32Load8S { memarg }
        | O::I32Load8U { memarg }
        | O::I64Load8S { memarg }
        | O::I64Load8U { memarg }
        | O::I32Store8 { memarg }
        | O::I64Store8 { memarg } => (memarg, 1),
        O::I32Load16S { memarg }
        | O::I32Load16U { memarg }
        | O::I64Load16S { memarg }
        | O::I64Load16U { memarg }
        | O::I32Store16 { memarg }
        | O::I64Store16 { memarg } => (memarg, 2),
        O::I64Load32S { memarg } | O::I64Load32U { memarg } | O::I64Store32 { memarg } => {
            (memarg, 4)
        }
        _ => return None,
    };
    Some((memarg.offset, width))
}

/// What an instruction could be by mistake.
fn variants(operator: &Operator<'static>) -> Vec<Step> {
    use Operator as O;
    let others = match operator {
        O::I32Const { value } => {
            let by = |by| O::I32Const {
                value: value.wrapping_add(by),
            };
            vec![by(1), by(-1)]
        }
        O::I32Add => vec![O::I32Sub],
        O::I32Sub => vec![O::I32Add],
        O::I32And => vec![O::I32Or],
        O::I32Or => vec![O::I32And],
        O::I32Xor => vec![O::I32Or],
        O::I32ShrU => vec![O::I32ShrS, O::I32Shl],
        O::I32ShrS => vec![O::I32ShrU, O::I32Shl],
        O::I32Shl => vec![O::I32ShrU],
        O::I32Eq => vec![O::I32Ne],
        O::I32Ne => vec![O::I32Eq],
        O::I32LtU => vec![O::I32LeU, O::I32GeU, O::I32LtS],
        O::I32LeU => vec![O::I32LtU, O::I32GtU, O::I32LeS],
        O::I32GtU => vec![O::I32GeU, O::I32LeU, O::I32GtS],
        O::I32GeU => vec![O::I32GtU, O::I32LtU, O::I32GeS],
        O::I32LtS => vec![O::I32LeS, O::I32GeS, O::I32LtU],
        O::I32LeS => vec![O::I32LtS, O::I32GtS, O::I32LeU],
        O::I32GtS => vec![O::I32GeS, O::I32LeS, O::I32GtU],
        O::I32GeS => vec![O::I32GtS, O::I32LtS, O::I32GeU],
        O::I32Store { .. } => return vec![Step::Omitted { operands: 2 }],
        O::MemoryCopy { .. } => return vec![Step::Omitted { operands: 3 }],
        _ => vec![],
    };
    others.into_iter().map(Step::Plain).collect()
}

/// The address of an active data segment.
fn place(kind: &wasmparser::DataKind<'_>) -> u64 {
    let wasmparser::DataKind::Active { offset_expr, .. } = kind else {
        panic!("every segment has a place");
    };
    u64::from(number(offset_expr).expect("a segment's place is a constant"))
}

/// The value of an expression that is a constant.
fn number(expression: &ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => Some(value as u32),
        _ => None,
    }
}

/// Finds the end of each block.
fn steps(operators: Vec<Operator<'static>>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut open = Vec::new();
    for (at, operator) in operators.into_iter().enumerate() {
        let results = |kind: &wasmparser::BlockType| match kind {
            wasmparser::BlockType::Empty => 0,
            wasmparser::BlockType::Type(_) => 1,
            wasmparser::BlockType::FuncType(_) => panic!("blocks with parameters are not known"),
        };
        let step = match &operator {
            Operator::Block { blockty } => {
                open.push(at);
                Step::Block {
                    end: 0,
                    results: results(blockty),
                }
            }
            Operator::If { blockty } => {
                open.push(at);
                Step::If {
                    otherwise: 0,
                    end: 0,
                    results: results(blockty),
                }
            }
            Operator::Else => {
                let opener = *open.last().expect("an if is open");
                if let Step::If { otherwise, .. } = &mut steps[opener] {
                    *otherwise = at + 1;
                }
                Step::Else { end: 0 }
            }
            Operator::End => {
                if let Some(opener) = open.pop() {
                    let mut elses = None;
                    match &mut steps[opener] {
                        Step::Block { end, .. } => *end = at,
                        Step::If { otherwise, end, .. } => {
                            *end = at;
                            if *otherwise == 0 {
                                *otherwise = at;
                            } else {
                                elses = Some(*otherwise - 1);
                            }
                        }
                        _ => {}
                    }
                    if let Some(Step::Else { end }) = elses.map(|at| &mut steps[at]) {
                        *end = at;
                    }
                }
                Step::End
            }
            _ => Step::Plain(operator),
        };
        steps.push(step);
    }
    steps
}
