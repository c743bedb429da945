//! Values: code that pushes one word and leaves the rest of the stack unchanged.
//!
//! Lives here: constants, variables, arithmetic, loads, and constructs with one result. Not here: what a body does with
//! values (`body`).

use wasm_encoder::{BlockType, Instruction, MemArg, ValType};

use super::Body;

impl Body<'_, '_, '_> {
    /// A value on the stack.
    pub(in super::super) fn value(&mut self, ty: ValType) {
        if !self.may_grow() {
            return self.leaf(ty);
        }
        match self.choices.below(16) {
            0..4 => self.leaf(ty),
            4..8 => self.binary(ty),
            8 => self.unary(ty),
            9 => self.load(ty),
            10 => {
                self.value(ty);
                self.value(ty);
                self.value(ValType::I32);
                self.push(Instruction::Select);
            }
            11 => match self.local_of(ty) {
                Some(local) => {
                    self.value(ty);
                    self.push(Instruction::LocalTee(local));
                }
                None => self.leaf(ty),
            },
            12 if ty == ValType::I32 => self.size_of_memory(),
            13 => {
                self.value(ty);
                self.branch_if();
            }
            _ => self.nested(ty),
        }
    }

    pub(super) fn any_type(&mut self) -> ValType {
        self.choices.pick(&[ValType::I32, ValType::I64])
    }

    pub(super) fn constant(&mut self, ty: ValType) {
        let word = self.choices.word();
        self.push(match ty {
            ValType::I64 => Instruction::I64Const(word as i64),
            _ => Instruction::I32Const(word as i32),
        });
    }

    pub(super) fn local_of(&mut self, ty: ValType) -> Option<u32> {
        let of_type = |local: &usize| self.locals[*local] == ty;
        let locals: Vec<_> = (0..self.locals.len()).filter(of_type).collect();
        (!locals.is_empty()).then(|| self.choices.pick(&locals) as u32)
    }

    fn leaf(&mut self, ty: ValType) {
        let locals = self.local_of(ty);
        let of_type = |global: &usize| self.shape.globals[*global] == ty;
        let globals: Vec<_> = (0..self.shape.globals.len()).filter(of_type).collect();
        match (self.choices.below(5), locals, globals.is_empty()) {
            (1..4, Some(local), _) => self.push(Instruction::LocalGet(local)),
            (4, _, false) => {
                let global = self.choices.pick(&globals) as u32;
                self.push(Instruction::GlobalGet(global));
            }
            _ => self.constant(ty),
        }
    }

    pub(super) fn mask(&mut self, bits: i32) {
        self.push(Instruction::I32Const(bits));
        self.push(Instruction::I32And);
    }

    /// An address, mostly within the first page.
    pub(super) fn address(&mut self) {
        self.value(ValType::I32);
        if !self.choices.once_in(24) {
            self.mask(0x7fff);
        }
    }

    pub(super) fn mem_arg(&mut self, most_aligned: usize) -> MemArg {
        MemArg {
            offset: self.choices.pick(&[0, 0, 1, 8, 4_000, 65_536]),
            align: self.choices.below(most_aligned + 1) as u32,
            memory_index: 0,
        }
    }

    fn load(&mut self, ty: ValType) {
        self.address();
        let at = self.mem_arg(0);
        let narrow = [
            Instruction::I32Load(at),
            Instruction::I32Load8S(at),
            Instruction::I32Load8U(at),
            Instruction::I32Load16S(at),
            Instruction::I32Load16U(at),
        ];
        let wide = [
            Instruction::I64Load(at),
            Instruction::I64Load8S(at),
            Instruction::I64Load8U(at),
            Instruction::I64Load16S(at),
            Instruction::I64Load16U(at),
            Instruction::I64Load32S(at),
            Instruction::I64Load32U(at),
        ];
        self.one_of(ty, &narrow, &wide);
    }

    fn one_of(
        &mut self,
        ty: ValType,
        narrow: &[Instruction<'static>],
        wide: &[Instruction<'static>],
    ) {
        let all = if ty == ValType::I64 { wide } else { narrow };
        let chosen = all[self.choices.below(all.len())].clone();
        self.push(chosen);
    }

    /// The size of memory, or the result of growing it: mostly by little, by zero, or by far too much.
    fn size_of_memory(&mut self) {
        if self.choices.once_in(2) {
            return self.push(Instruction::MemorySize(0));
        }
        if self.choices.once_in(8) {
            self.value(ValType::I32);
        } else {
            let pages = self.choices.pick(&[0, 1, 2, 5, 65_536, 65_537]);
            self.push(Instruction::I32Const(pages));
        }
        self.push(Instruction::MemoryGrow(0));
    }

    fn unary(&mut self, ty: ValType) {
        if ty == ValType::I32 && self.choices.once_in(3) {
            self.value(ValType::I64);
            let wraps = self.choices.once_in(2);
            return self.push(if wraps {
                Instruction::I32WrapI64
            } else {
                Instruction::I64Eqz
            });
        }
        if ty == ValType::I64 && self.choices.once_in(3) {
            self.value(ValType::I32);
            let signed = self.choices.once_in(2);
            return self.push(if signed {
                Instruction::I64ExtendI32S
            } else {
                Instruction::I64ExtendI32U
            });
        }
        self.value(ty);
        use Instruction::*;
        let narrow = [I32Eqz, I32Clz, I32Ctz, I32Popcnt, I32Extend8S, I32Extend16S];
        let wide = [
            I64Clz,
            I64Ctz,
            I64Popcnt,
            I64Extend8S,
            I64Extend16S,
            I64Extend32S,
        ];
        self.one_of(ty, &narrow, &wide);
    }

    fn binary(&mut self, ty: ValType) {
        use Instruction::*;
        if ty == ValType::I32 && self.choices.once_in(4) {
            self.value(ValType::I64);
            self.value(ValType::I64);
            let compare = [
                I64Eq, I64Ne, I64LtS, I64LtU, I64GtS, I64GtU, I64LeS, I64LeU, I64GeS, I64GeU,
            ];
            return self.one_of(ty, &compare, &[]);
        }
        self.value(ty);
        self.value(ty);
        let narrow = [
            I32Add, I32Sub, I32Mul, I32And, I32Or, I32Xor, I32Shl, I32ShrS, I32ShrU, I32Rotl,
            I32Rotr, I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU,
            I32DivS, I32DivU, I32RemS, I32RemU,
        ];
        let wide = [
            I64Add, I64Sub, I64Mul, I64And, I64Or, I64Xor, I64Shl, I64ShrS, I64ShrU, I64Rotl,
            I64Rotr, I64DivS, I64DivU, I64RemS, I64RemU,
        ];
        self.one_of(ty, &narrow, &wide);
    }

    /// One value from a construct with results.
    fn nested(&mut self, ty: ValType) {
        let block = BlockType::Result(ty);
        match self.choices.below(3) {
            0 => {
                self.push(Instruction::Block(block));
                self.inside(&[ty], |body| body.arm(&[ty]));
            }
            1 => {
                self.push(Instruction::Loop(block));
                self.inside(&[], |body| {
                    body.count_down();
                    body.repeat();
                    body.arm(&[ty]);
                });
            }
            _ => {
                self.value(ValType::I32);
                self.push(Instruction::If(block));
                self.inside(&[ty], |body| {
                    body.arm(&[ty]);
                    body.push(Instruction::Else);
                    body.arm(&[ty]);
                });
            }
        }
    }
}
