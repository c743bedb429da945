//! Walks the paths of a function of a wasm module, and writes what it computes as terms of SMT-LIB: bit vectors of 32 bits.
//!
//! It knows the instructions that compilers generate for an allocator, one word of memory, which is the allocator's state, and that bytes
//! are copied; any other instruction is a panic. It does not know what is to be proved.

use std::fmt::Write;

use wasmparser::Operator;

use crate::module::{Mutant, Program, Shape, Step};

/// The name of a term.
type Term = String;

/// One path through a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// The definitions of all terms, in order.
    pub(crate) script: String,
    /// What must hold for this path to be taken.
    pub(crate) conditions: Vec<Term>,
    /// What is returned; `None` if the function traps, or loads or stores any word other than its state.
    pub(crate) result: Option<Term>,
    /// The word of state afterwards.
    pub(crate) state: Term,
    /// Pages of memory afterwards.
    pub(crate) pages: Term,
    /// The address of the word of state; `None` if it is not used.
    pub(crate) address: Option<u64>,
    /// How often growth was requested.
    pub(crate) grows: u32,
    /// The copies made, in order.
    pub(crate) copies: Vec<Copied>,
}

impl Path {
    /// The tests that are made on the path, as conditions: terms that are one or zero, and whether memory grows.
    pub(crate) fn tests(&self) -> Vec<Term> {
        let tests = self.script.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("(define-fun ")?.split_once(" () ")?;
            if rest.starts_with("Bool ") {
                return Some(name.to_owned());
            }
            let is_test = rest.contains("(ite ") && rest.ends_with(" #x00000001 #x00000000))");
            is_test.then(|| format!("(= {name} #x00000000)"))
        });
        tests.collect()
    }
}

/// Bytes that were copied from one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) to: Term,
    pub(crate) from: Term,
    pub(crate) len: Term,
    /// Pages of memory at that time.
    pub(crate) pages: Term,
}

/// A path that has not ended.
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
    /// How many values on the stack are the caller's.
    below: usize,
}

#[derive(Clone, Copy)]
struct Label {
    /// The step after the end of its block.
    target: usize,
    results: usize,
    below: usize,
}

impl Program {
    /// Every path through a function, with parameters `p0`, `p1` and so on, the state `state` and the memory size `pages`; growth is
    /// allowed if `granted`. With a mutant, one instruction is changed.
    pub(crate) fn paths(&self, function: usize, mutant: Option<&Mutant>) -> Vec<Path> {
        let bodies = self.mutated(mutant);
        let path = Path {
            script: String::new(),
            conditions: Vec::new(),
            result: None,
            state: "state".to_owned(),
            pages: "pages".to_owned(),
            address: None,
            grows: 0,
            copies: Vec::new(),
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

    /// Whether a load or store accesses the state, the only word that may be touched.
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

    /// Goes to the end of the block `depth` levels up, or returns; the result is that of [`Self::leave`].
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

    /// Returns from a function; the result is whether it was the outermost one.
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
            Step::Omitted { operands } => self.stack.truncate(below - operands),
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
                self.path.grows += 1;
                let room = format!("(bvule {by} (bvsub {} {before}))", constant(1 << 16));
                let nothing = format!("(= {by} {})", constant(0));
                let grows = self.define("Bool", &format!("(and (or granted {nothing}) {room})"));
                self.path.pages = self.define(
                    "(_ BitVec 32)",
                    &format!("(ite {grows} (bvadd {before} {by}) {before})"),
                );
                self.push(&format!("(ite {grows} {before} {})", constant(u32::MAX)));
            }
            Operator::MemoryCopy { .. } => {
                let (len, from, to) = (self.pop(), self.pop(), self.pop());
                let pages = self.path.pages.clone();
                self.path.copies.push(Copied {
                    to,
                    from,
                    len,
                    pages,
                });
            }
            Operator::Call { function_index } => {
                let function = (*function_index as usize).checked_sub(imported);
                let function = function.expect("an allocator calls no host");
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
                // If the branch ends the function, the other path is the one to go on with.
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

    /// A path that has returned, and only has to be collected.
    fn ended(mut self) -> Self {
        self.frames.clear();
        self
    }
}

fn constant(value: u32) -> Term {
    format!("#x{value:08x}")
}
