//! Walks the paths of a function of a wasm module, and writes what it computes as terms of SMT-LIB: bit vectors of 32 bits.
//!
//! It knows the instructions that compilers make of an allocator, and one word of memory, the allocator's state; at anything else
//! it stops with a panic. It does not know what is to be proved.

use std::{collections::BTreeMap, fmt::Write};

use wasmparser::{ExternalKind, Operator, Parser, Payload};

/// The name of a term.
type Term = String;

/// A module, as far as it matters here.
pub(crate) struct Program {
    bodies: Vec<Vec<Step>>,
    /// Parameters, results and other locals of each function.
    shapes: Vec<Shape>,
    exports: BTreeMap<String, usize>,
    imported: usize,
    /// Pages of memory at the start.
    pub(crate) initial_pages: u64,
    /// What is written to memory at the start, and where.
    data: Vec<(u64, Vec<u8>)>,
}

#[derive(Clone, Copy)]
struct Shape {
    params: usize,
    results: usize,
    locals: usize,
}

/// An instruction; for those that open a block, where it ends.
#[derive(Clone, Debug)]
enum Step {
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
}

/// One way through a function.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// The definitions of all terms, in order.
    pub(crate) script: String,
    /// What must hold for this way to be taken.
    pub(crate) conditions: Vec<Term>,
    /// What is returned; `None` where the function traps, or touches any other memory than its state.
    pub(crate) result: Option<Term>,
    /// The word of state afterwards.
    pub(crate) state: Term,
    /// Pages of memory afterwards.
    pub(crate) pages: Term,
    /// Where the word of state lies; `None` where it was not used.
    pub(crate) address: Option<u64>,
}

/// A way that has not come to its end.
#[derive(Clone)]
struct Walk {
    path: Path,
    frames: Vec<Frame>,
    stack: Vec<Term>,
    terms: usize,
}

#[derive(Clone)]
struct Frame {
    function: usize,
    at: usize,
    locals: Vec<Term>,
    labels: Vec<Label>,
    /// Values on the stack that are the caller's.
    below: usize,
}

#[derive(Clone, Copy)]
struct Label {
    /// Behind the end of its block.
    target: usize,
    results: usize,
    below: usize,
}

impl Program {
    pub(crate) fn new(wasm: &[u8]) -> Self {
        let wasm: &'static [u8] = wasm.to_vec().leak();
        let (mut types, mut kinds, mut exports) = (Vec::new(), Vec::new(), BTreeMap::new());
        let (mut bodies, mut shapes) = (Vec::new(), Vec::new());
        let (mut imported, mut initial_pages) = (0, 0);
        let mut data = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.expect("cargo made it") {
                Payload::TypeSection(section) => {
                    for group in section.into_iter_err_on_gc_types() {
                        let of = group.expect("it is valid");
                        types.push((of.params().len(), of.results().len()));
                    }
                }
                Payload::ImportSection(section) => imported += section.count() as usize,
                Payload::FunctionSection(section) => {
                    kinds.extend(section.into_iter().map(|kind| kind.expect("it is valid")));
                }
                Payload::MemorySection(section) => {
                    initial_pages = section
                        .into_iter()
                        .next()
                        .expect("there is one")
                        .expect("it is valid")
                        .initial;
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.expect("it is valid");
                        if export.kind == ExternalKind::Func {
                            exports.insert(export.name.to_owned(), export.index as usize);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let (params, results) = types[kinds[bodies.len()] as usize];
                    let locals = body.get_locals_reader().expect("it is valid");
                    let locals = locals
                        .into_iter()
                        .map(|locals| locals.expect("it is valid").0 as usize)
                        .sum();
                    shapes.push(Shape {
                        params,
                        results,
                        locals,
                    });
                    let operators = body.get_operators_reader().expect("it is valid");
                    bodies.push(steps(
                        operators
                            .into_iter()
                            .map(|step| step.expect("it is valid"))
                            .collect(),
                    ));
                }
                Payload::DataSection(section) => {
                    for segment in section {
                        let segment = segment.expect("it is valid");
                        data.push((place(&segment.kind), segment.data.to_vec()));
                    }
                }
                _ => {}
            }
        }
        assert_eq!(imported, 0, "the probes import nothing");
        Self {
            bodies,
            shapes,
            exports,
            imported,
            initial_pages,
            data,
        }
    }

    /// The word of memory that a program begins with.
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

    /// The functions that `name` may run, itself first.
    fn reached(&self, name: &str) -> Vec<usize> {
        let mut reached = vec![self.exports[name] - self.imported];
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

    /// The constants in them, in order.
    pub(crate) fn constants(&self, name: &str) -> Vec<i32> {
        let constant = |step: &Step| match step {
            Step::Plain(Operator::I32Const { value }) => Some(*value),
            _ => None,
        };
        self.reached(name)
            .into_iter()
            .flat_map(|function| self.bodies[function].iter().filter_map(constant))
            .collect()
    }

    /// Every way through the exported function `name`, with parameters `p0`, `p1` and so on, the state `state` and the memory size
    /// `pages`. A mutation adds to one of the [`constants`](Self::constants).
    pub(crate) fn paths(&self, name: &str, mutation: Option<(usize, i32)>) -> Vec<Path> {
        let mut bodies = self.bodies.clone();
        if let Some((index, by)) = mutation {
            let mut seen = 0;
            for function in self.reached(name) {
                for step in &mut bodies[function] {
                    if let Step::Plain(Operator::I32Const { value }) = step {
                        if seen == index {
                            *value = value.wrapping_add(by);
                        }
                        seen += 1;
                    }
                }
            }
        }
        let function = self.exports[name] - self.imported;
        let path = Path {
            script: String::new(),
            conditions: Vec::new(),
            result: None,
            state: "state".to_owned(),
            pages: "pages".to_owned(),
            address: None,
        };
        let mut walk = Walk {
            path,
            frames: Vec::new(),
            stack: (0..self.shapes[function].params)
                .map(|param| format!("p{param}"))
                .collect(),
            terms: 0,
        };
        walk.enter(function, self.shapes[function]);
        let mut open = vec![walk];
        let mut paths = Vec::new();
        while let Some(mut walk) = open.pop() {
            while !walk.frames.is_empty() {
                assert!(
                    paths.len() < 1000 && walk.terms < 10_000,
                    "a loop has no end here"
                );
                match walk.step(&bodies, &self.shapes, self.imported) {
                    Next::On => {}
                    Next::Fork(other) => open.push(*other),
                    Next::Done => walk.frames.clear(),
                }
            }
            paths.push(walk.path);
        }
        paths
    }
}

/// Where an active segment of data goes.
fn place(kind: &wasmparser::DataKind<'_>) -> u64 {
    let wasmparser::DataKind::Active { offset_expr, .. } = kind else {
        panic!("every segment has a place");
    };
    match offset_expr.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => u64::from(value as u32),
        other => panic!("{other:?} is no address"),
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

enum Next {
    On,
    Fork(Box<Walk>),
    Done,
}

impl Walk {
    fn enter(&mut self, function: usize, shape: Shape) {
        let below = self.stack.len() - shape.params;
        let mut locals = self.stack.split_off(below);
        locals.extend((0..shape.locals).map(|_| constant(0)));
        self.frames.push(Frame {
            function,
            at: 0,
            locals,
            labels: Vec::new(),
            below,
        });
    }

    fn pop(&mut self) -> Term {
        self.stack.pop().expect("validation has counted")
    }

    fn define(&mut self, sort: &str, term: &str) -> Term {
        self.terms += 1;
        let name = format!("t{}", self.terms);
        writeln!(self.path.script, "(define-fun {name} () {sort} {term})")
            .expect("a string takes anything");
        name
    }

    fn push(&mut self, term: &str) {
        let name = self.define("(_ BitVec 32)", term);
        self.stack.push(name);
    }

    fn binary(&mut self, operator: &str) {
        let (right, left) = (self.pop(), self.pop());
        self.push(&format!("({operator} {left} {right})"));
    }

    fn compare(&mut self, operator: &str) {
        let (right, left) = (self.pop(), self.pop());
        self.push(&format!(
            "(ite ({operator} {left} {right}) {} {})",
            constant(1),
            constant(0)
        ));
    }

    /// Whether a load or store is one of the state, the one word that may be touched.
    fn is_at_state(&mut self, memarg: &wasmparser::MemArg) -> bool {
        let base = self.pop();
        let base = base
            .strip_prefix("#x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        base.is_some_and(|base| {
            let address = base + memarg.offset;
            *self.path.address.get_or_insert(address) == address
        })
    }

    /// Goes to the end of the block `depth` levels up, or returns.
    fn branch(&mut self, depth: u32, shapes: &[Shape]) -> bool {
        let frame = self.frames.last_mut().expect("a function runs");
        let Some(index) = frame.labels.len().checked_sub(1 + depth as usize) else {
            return self.leave(shapes);
        };
        let label = frame.labels[index];
        frame.labels.truncate(index);
        frame.at = label.target;
        let values = self.stack.split_off(self.stack.len() - label.results);
        self.stack.truncate(label.below);
        self.stack.extend(values);
        false
    }

    /// Returns from a function; whether it was the first.
    fn leave(&mut self, shapes: &[Shape]) -> bool {
        let frame = self.frames.pop().expect("a function runs");
        let values = self
            .stack
            .split_off(self.stack.len() - shapes[frame.function].results);
        self.stack.truncate(frame.below);
        self.stack.extend(values);
        if self.frames.is_empty() {
            self.path.result = self.stack.last().cloned();
        }
        self.frames.is_empty()
    }

    fn assume(&mut self, condition: &str) {
        self.path.conditions.push(condition.to_owned());
    }

    fn step(&mut self, bodies: &[Vec<Step>], shapes: &[Shape], imported: usize) -> Next {
        let frame = self.frames.last_mut().expect("a function runs");
        let step = bodies[frame.function][frame.at].clone();
        frame.at += 1;
        let below = self.stack.len();
        match step {
            Step::Block { end, results } => frame.labels.push(Label {
                target: end + 1,
                results,
                below,
            }),
            Step::If {
                otherwise,
                end,
                results,
            } => {
                frame.labels.push(Label {
                    target: end + 1,
                    results,
                    below: below - 1,
                });
                let condition = self.pop();
                let zero = format!("(= {condition} {})", constant(0));
                let mut other = Box::new(self.clone());
                other.assume(&zero);
                other.frames.last_mut().expect("a function runs").at = otherwise;
                self.assume(&format!("(not {zero})"));
                return Next::Fork(other);
            }
            Step::Else { end } => frame.at = end,
            Step::End => {
                if frame.labels.pop().is_none() && self.leave(shapes) {
                    return Next::Done;
                }
            }
            Step::Plain(operator) => return self.plain(&operator, shapes, imported),
        }
        Next::On
    }

    fn plain(&mut self, operator: &Operator<'_>, shapes: &[Shape], imported: usize) -> Next {
        match operator {
            Operator::LocalGet { local_index } => {
                let local = self.frames.last().expect("a function runs").locals
                    [*local_index as usize]
                    .clone();
                self.stack.push(local);
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                let value = self.pop();
                if matches!(operator, Operator::LocalTee { .. }) {
                    self.stack.push(value.clone());
                }
                self.frames.last_mut().expect("a function runs").locals[*local_index as usize] =
                    value;
            }
            Operator::I32Const { value } => self.stack.push(constant(*value as u32)),
            Operator::I32Add => self.binary("bvadd"),
            Operator::I32Sub => self.binary("bvsub"),
            Operator::I32And => self.binary("bvand"),
            Operator::I32Or => self.binary("bvor"),
            Operator::I32Xor => self.binary("bvxor"),
            Operator::I32Shl | Operator::I32ShrU | Operator::I32ShrS => {
                let (by, value) = (self.pop(), self.pop());
                let by = self.define("(_ BitVec 32)", &format!("(bvand {by} {})", constant(31)));
                let shift = match operator {
                    Operator::I32Shl => "bvshl",
                    Operator::I32ShrU => "bvlshr",
                    _ => "bvashr",
                };
                self.push(&format!("({shift} {value} {by})"));
            }
            Operator::I32Eqz => {
                self.stack.push(constant(0));
                self.compare("=");
            }
            Operator::I32Eq => self.compare("="),
            Operator::I32Ne => self.compare("distinct"),
            Operator::I32LtU => self.compare("bvult"),
            Operator::I32LeU => self.compare("bvule"),
            Operator::I32GtU => self.compare("bvugt"),
            Operator::I32GeU => self.compare("bvuge"),
            Operator::I32LtS => self.compare("bvslt"),
            Operator::I32LeS => self.compare("bvsle"),
            Operator::I32GtS => self.compare("bvsgt"),
            Operator::I32GeS => self.compare("bvsge"),
            Operator::Select => {
                let (condition, no, yes) = (self.pop(), self.pop(), self.pop());
                self.push(&format!("(ite (= {condition} {}) {no} {yes})", constant(0)));
            }
            Operator::I32Load { memarg } => {
                if !self.is_at_state(memarg) {
                    return Next::Done;
                }
                self.stack.push(self.path.state.clone());
            }
            Operator::I32Store { memarg } => {
                self.path.state = self.pop();
                if !self.is_at_state(memarg) {
                    return Next::Done;
                }
            }
            Operator::MemorySize { .. } => self.stack.push(self.path.pages.clone()),
            Operator::MemoryGrow { .. } => {
                let (by, before) = (self.pop(), self.path.pages.clone());
                self.terms += 1;
                let granted = format!("granted{}", self.terms);
                writeln!(self.path.script, "(declare-const {granted} Bool)")
                    .expect("a string takes anything");
                let room = format!("(bvule {by} (bvsub {} {before}))", constant(1 << 16));
                let nothing = format!("(= {by} {})", constant(0));
                let grows = self.define("Bool", &format!("(and (or {granted} {nothing}) {room})"));
                self.path.pages = self.define(
                    "(_ BitVec 32)",
                    &format!("(ite {grows} (bvadd {before} {by}) {before})"),
                );
                self.push(&format!("(ite {grows} {before} {})", constant(u32::MAX)));
            }
            Operator::Call { function_index } => {
                let function = *function_index as usize - imported;
                self.enter(function, shapes[function]);
            }
            Operator::Drop => drop(self.pop()),
            Operator::Br { relative_depth } => {
                if self.branch(*relative_depth, shapes) {
                    return Next::Done;
                }
            }
            Operator::BrIf { relative_depth } => {
                let condition = self.pop();
                let zero = format!("(= {condition} {})", constant(0));
                let mut other = Box::new(self.clone());
                other.assume(&zero);
                self.assume(&format!("(not {zero})"));
                // Where the branch ends the function, this way is the one that goes on.
                if self.branch(*relative_depth, shapes) {
                    let done = std::mem::replace(self, *other);
                    return Next::Fork(Box::new(done.ended()));
                }
                return Next::Fork(other);
            }
            Operator::Return => {
                if self.leave(shapes) {
                    return Next::Done;
                }
            }
            Operator::Unreachable => return Next::Done,
            other => panic!("{other:?} is not known here"),
        }
        Next::On
    }

    /// A way that has returned, as one that only has to be collected.
    fn ended(mut self) -> Self {
        self.frames.clear();
        self
    }
}

fn constant(value: u32) -> Term {
    format!("#x{value:08x}")
}
