//! One function of a generated program: statements that leave the stack unchanged, and values that push one.
//!
//! Lives here: the contents of a body, and how it stays valid. Not here: values (`value`), the module around it.

mod value;

use wasm_encoder::{BlockType, Function, Instruction, ValType};

use super::super::entropy::Choices;
use super::{COUNTER, READ_ARGS, Shape, TABLE_ENTRIES, WRITE_RESULT};

/// The most constructs of one body, whatever the bytes say: nesting multiplies them.
const MOST_CONSTRUCTS: u32 = 150;

/// A body under construction.
pub(super) struct Body<'s, 'c, 'b> {
    shape: &'s Shape,
    choices: &'c mut Choices<'b>,
    /// Parameters and locals.
    locals: Vec<ValType>,
    declared: Vec<ValType>,
    results: Vec<ValType>,
    /// What a branch to each open label carries, the outermost (the function's own) first.
    labels: Vec<Vec<ValType>>,
    code: Vec<Instruction<'static>>,
    constructs_left: u32,
}

impl<'s, 'c, 'b> Body<'s, 'c, 'b> {
    /// The body of the function with index and type index `function`, still empty.
    pub(super) fn new(shape: &'s Shape, choices: &'c mut Choices<'b>, function: u32) -> Self {
        let ty = &shape.types[function as usize];
        let declared = super::value_types(choices, 6);
        Self {
            shape,
            locals: ty.params.iter().chain(&declared).copied().collect(),
            declared,
            results: ty.results.to_vec(),
            labels: vec![ty.results.to_vec()],
            choices,
            code: Vec::new(),
            constructs_left: MOST_CONSTRUCTS,
        }
    }

    /// A whole function.
    pub(super) fn of_function(shape: &Shape, choices: &mut Choices<'_>, function: u32) -> Function {
        let mut body = Body::new(shape, choices, function);
        body.count_down();
        body.arm(&body.results.clone());
        body.finish()
    }

    pub(super) fn push(&mut self, instruction: Instruction<'static>) {
        self.code.push(instruction);
    }

    pub(super) fn finish(self) -> Function {
        let mut function = Function::new_with_locals_types(self.declared);
        for instruction in self.code.iter().chain([&Instruction::End]) {
            function.instruction(instruction);
        }
        function
    }

    /// Decrements the counter, or leaves in one of the possible ways.
    fn count_down(&mut self) {
        self.push(Instruction::GlobalGet(COUNTER));
        self.push(Instruction::I32Eqz);
        self.push(Instruction::If(BlockType::Empty));
        for ty in self.results.clone() {
            self.constant(ty);
        }
        let outermost = self.labels.len() as u32;
        let leave = [
            Instruction::Return,
            Instruction::Return,
            Instruction::Br(outermost),
            Instruction::Unreachable,
        ];
        let leave = leave[self.choices.below(leave.len())].clone();
        self.push(leave);
        self.push(Instruction::End);
        self.push(Instruction::GlobalGet(COUNTER));
        self.push(Instruction::I32Const(1));
        self.push(Instruction::I32Sub);
        self.push(Instruction::GlobalSet(COUNTER));
    }

    /// Whether something large may follow: not if choices or constructs have run out.
    fn may_grow(&mut self) -> bool {
        self.constructs_left = self.constructs_left.saturating_sub(1);
        self.constructs_left > 0 && !self.choices.is_over()
    }

    /// Statements and an arm's final values; sometimes it leaves earlier, and the rest is dead.
    fn arm(&mut self, results: &[ValType]) {
        self.statements(4);
        if self.choices.once_in(8) {
            self.leave();
            self.dead();
        }
        for ty in results {
            self.value(*ty);
        }
    }

    pub(super) fn statements(&mut self, most: usize) {
        for _ in 0..1 + self.choices.below(most) {
            if self.may_grow() {
                self.statement();
            }
        }
    }

    fn statement(&mut self) {
        match self.choices.below(18) {
            0..3 => {
                let local = self.choices.below(self.locals.len().max(1));
                if let Some(ty) = self.locals.get(local).copied() {
                    self.value(ty);
                    self.push(Instruction::LocalSet(local as u32));
                }
            }
            3 => {
                let global = self.choices.below(self.shape.globals.len());
                if global != COUNTER as usize {
                    self.value(self.shape.globals[global]);
                    self.push(Instruction::GlobalSet(global as u32));
                }
            }
            4 | 5 => self.store(),
            6 => self.bulk(),
            7 | 8 => {
                let ty = self.any_type();
                self.value(ty);
                self.push(Instruction::Drop);
            }
            9..12 => self.call(),
            12..15 => self.construct(),
            15 => self.branch_if(),
            16 => {
                self.address();
                self.value(ValType::I32);
                self.mask(0xff);
                self.push(Instruction::Call(WRITE_RESULT));
            }
            _ => match self.choices.below(4) {
                0 => self.push(Instruction::Nop),
                1 => {
                    self.address();
                    self.push(Instruction::Call(READ_ARGS));
                }
                // Leaves only under a condition, so that the following code is alive.
                _ => {
                    self.value(ValType::I32);
                    self.push(Instruction::If(BlockType::Empty));
                    self.labels.push(Vec::new());
                    self.leave();
                    self.labels.pop();
                    self.push(Instruction::End);
                }
            },
        }
    }

    fn store(&mut self) {
        self.address();
        let kind = self.choices.below(7);
        let (ty, align) = [
            (ValType::I32, 2),
            (ValType::I32, 0),
            (ValType::I32, 1),
            (ValType::I64, 3),
            (ValType::I64, 0),
            (ValType::I64, 1),
            (ValType::I64, 2),
        ][kind];
        self.value(ty);
        let at = self.mem_arg(align);
        self.push(match kind {
            0 => Instruction::I32Store(at),
            1 => Instruction::I32Store8(at),
            2 => Instruction::I32Store16(at),
            3 => Instruction::I64Store(at),
            4 => Instruction::I64Store8(at),
            5 => Instruction::I64Store16(at),
            _ => Instruction::I64Store32(at),
        });
    }

    fn bulk(&mut self) {
        self.address();
        let copies = self.choices.once_in(2);
        if copies {
            self.address();
        } else {
            self.value(ValType::I32);
        }
        self.value(ValType::I32);
        if !self.choices.once_in(16) {
            self.mask(0x3ff);
        }
        self.push(if copies {
            Instruction::MemoryCopy {
                src_mem: 0,
                dst_mem: 0,
            }
        } else {
            Instruction::MemoryFill(0)
        });
    }

    /// A call of any of the program's functions, direct or through the table.
    fn call(&mut self) {
        let own = self.shape.own_functions();
        let callee = own.start + self.choices.below(own.len()) as u32;
        let ty = self.shape.types[callee as usize].clone();
        for param in ty.params.iter() {
            self.value(*param);
        }
        if self.choices.once_in(3) {
            self.value(ValType::I32);
            self.mask(TABLE_ENTRIES as i32 - 1);
            self.push(Instruction::CallIndirect {
                type_index: callee,
                table_index: 0,
            });
        } else {
            self.push(Instruction::Call(callee));
        }
        self.take(&ty.results);
    }

    /// A construct with a type of its own, parameters included.
    fn construct(&mut self) {
        let first = self.shape.entrypoint() as usize + 1;
        let index = first + self.choices.below(self.shape.types.len() - first);
        let ty = self.shape.types[index].clone();
        let block = BlockType::FunctionType(index as u32);
        for param in ty.params.iter() {
            self.value(*param);
        }
        match self.choices.below(4) {
            0 | 1 => {
                self.push(Instruction::Block(block));
                self.inside(&ty.results, |body| {
                    body.take(&ty.params);
                    body.arm(&ty.results);
                });
            }
            2 => {
                self.push(Instruction::Loop(block));
                self.inside(&ty.params, |body| {
                    body.take(&ty.params);
                    body.count_down();
                    body.repeat();
                    body.arm(&ty.results);
                });
            }
            _ => {
                self.value(ValType::I32);
                self.push(Instruction::If(block));
                // Without an `else` the parameters are the results.
                let has_else = ty.params != ty.results || self.choices.once_in(2);
                self.inside(&ty.results, |body| {
                    body.take(&ty.params);
                    body.arm(&ty.results);
                    if has_else {
                        body.push(Instruction::Else);
                        body.take(&ty.params);
                        body.arm(&ty.results);
                    }
                });
            }
        }
        self.take(&ty.results);
    }

    /// A construct's contents, whose label carries `carried`, and its `end`.
    fn inside(&mut self, carried: &[ValType], inside: impl FnOnce(&mut Self)) {
        self.labels.push(carried.to_vec());
        inside(self);
        self.labels.pop();
        self.push(Instruction::End);
    }

    /// The contents of a loop: statements and, three times in four, a branch back to its start.
    fn repeat(&mut self) {
        self.statements(3);
        let carried = self.labels.last().cloned().unwrap_or_default();
        for ty in &carried {
            self.value(*ty);
        }
        self.value(ValType::I32);
        self.mask(3);
        self.push(Instruction::BrIf(0));
        self.take(&carried);
    }

    /// Takes values from the stack, into locals if there are any.
    fn take(&mut self, types: &[ValType]) {
        for ty in types.iter().rev() {
            match self.local_of(*ty) {
                Some(local) => self.push(Instruction::LocalSet(local)),
                None => self.push(Instruction::Drop),
            }
        }
    }

    /// Pushes what some label carries and returns the label's depth; prefers the outermost.
    fn label(&mut self) -> u32 {
        let index = if self.choices.once_in(3) {
            0
        } else {
            self.choices.below(self.labels.len())
        };
        for ty in self.labels[index].clone() {
            self.value(ty);
        }
        (self.labels.len() - 1 - index) as u32
    }

    /// A conditional branch; the values that it would have carried are taken.
    fn branch_if(&mut self) {
        let depth = self.label();
        self.value(ValType::I32);
        self.push(Instruction::BrIf(depth));
        let carried = self.labels[self.labels.len() - 1 - depth as usize].clone();
        self.take(&carried);
    }

    /// Leaves here, in any possible way.
    fn leave(&mut self) {
        match self.choices.below(8) {
            0..3 => {
                let depth = self.label();
                self.push(Instruction::Br(depth));
            }
            3..5 => {
                for ty in self.results.clone() {
                    self.value(ty);
                }
                self.push(Instruction::Return);
            }
            5..7 => self.branch_table(),
            _ => self.push(Instruction::Unreachable),
        }
    }

    /// A table of labels that carry the same types.
    fn branch_table(&mut self) {
        let default = self.label();
        let carried = self.labels[self.labels.len() - 1 - default as usize].clone();
        let same: Vec<u32> = (0..self.labels.len())
            .filter(|index| self.labels[*index] == carried)
            .map(|index| (self.labels.len() - 1 - index) as u32)
            .collect();
        let targets: Vec<u32> = (0..self.choices.below(6))
            .map(|_| self.choices.pick(&same))
            .collect();
        self.value(ValType::I32);
        self.mask(7);
        self.push(Instruction::BrTable(targets.into(), default));
    }

    /// Unreachable code that takes operands from an empty stack.
    fn dead(&mut self) {
        if self.choices.once_in(2) {
            for instruction in [
                Instruction::I32Add,
                Instruction::MemoryFill(0),
                Instruction::I64Mul,
                Instruction::Drop,
            ] {
                self.push(instruction);
            }
        }
    }
}
