//! The interpreter: what a program does and costs, operator by operator, without any instrumentation.
//!
//! Lives here: control flow, variables, memory and host calls, and charging for them. Not here: decoding (`module`),
//! arithmetic (`numeric`), prices and frames (`tariff`).
//!
//! Charging decides only where a run ends early. So with enough ink and depth, its result is what the plain module does.

mod module;
mod numeric;
mod tariff;

use stylus_vm::Outcome;
use wasmparser::{BlockType, MemArg, Operator};

pub(crate) use self::module::Module;
use self::module::{Body, Hook};
use self::tariff::PagesHeld;

/// The inputs of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    pub(crate) calldata: &'a [u8],
    pub(crate) ink: u64,
    /// Words of stack.
    pub(crate) depth: u32,
    /// Operators after which the interpreter gives up.
    pub(crate) patience: u64,
}

/// How a run ends; the fields mean the same as in the VM's report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) ink_used: u64,
    pub(crate) pages: u32,
    pub(crate) output: Vec<u8>,
}

/// Runs the entry point; returns `None` if the interpreter gives up first. Besides the ending, returns the most words of
/// stack in use at once.
pub(crate) fn run(module: &Module<'_>, given: Given<'_>) -> Option<(Ending, u32)> {
    let pages = module.memory.initial;
    let mut memory = vec![0; pages as usize * PAGE];
    for (offset, bytes) in &module.data {
        memory[*offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    let mut machine = Machine {
        module,
        given,
        ink_left: given.ink,
        stack_left: given.depth,
        least_stack_left: given.depth,
        steps: 0,
        held: PagesHeld {
            open: pages,
            ever: pages,
        },
        memory,
        globals: module.globals.clone(),
        stack: vec![given.calldata.len() as u64],
        output: Vec::new(),
    };
    let stop = match machine.run_entrypoint() {
        Ok(()) => Stop::Exit(machine.stack[0]),
        Err(stop) => stop,
    };
    let outcome = match stop {
        Stop::Exit(0) => Outcome::Success,
        Stop::Exit(_) => Outcome::Revert,
        Stop::Trap => Outcome::Failure,
        Stop::OutOfInk => Outcome::OutOfInk,
        Stop::OutOfStack => Outcome::OutOfStack,
        Stop::OutOfPatience => return None,
    };
    let ending = Ending {
        outcome,
        ink_used: match stop {
            Stop::OutOfInk => given.ink,
            _ => given.ink - machine.ink_left,
        },
        pages: (machine.memory.len() / PAGE) as u32,
        output: match stop {
            Stop::Exit(_) => machine.output,
            _ => Vec::new(),
        },
    };
    Some((ending, given.depth - machine.least_stack_left))
}

/// Bytes of a page.
const PAGE: usize = 65_536;

enum Stop {
    Exit(u64),
    Trap,
    OutOfInk,
    OutOfStack,
    OutOfPatience,
}

impl From<numeric::Undefined> for Stop {
    fn from(_: numeric::Undefined) -> Self {
        Self::Trap
    }
}

/// A branch target.
struct Label {
    /// Where a branch continues.
    target: usize,
    /// Values a branch carries.
    arity: usize,
    /// The stack below them.
    height: usize,
    /// A branch to a loop leaves it open.
    is_loop: bool,
}

/// One call in progress.
struct Activation<'m, 'a> {
    body: &'m Body<'a>,
    position: usize,
    locals: Vec<u64>,
    labels: Vec<Label>,
    /// The stack below the call's own values.
    base: usize,
}

struct Machine<'m, 'a> {
    module: &'m Module<'a>,
    given: Given<'m>,
    ink_left: u64,
    stack_left: u32,
    least_stack_left: u32,
    steps: u64,
    held: PagesHeld,
    memory: Vec<u8>,
    globals: Vec<u64>,
    stack: Vec<u64>,
    output: Vec<u8>,
}

impl<'m, 'a> Machine<'m, 'a> {
    fn pay(&mut self, ink: u64) -> Result<(), Stop> {
        self.ink_left = self.ink_left.checked_sub(ink).ok_or(Stop::OutOfInk)?;
        Ok(())
    }

    fn pop(&mut self) -> u64 {
        self.stack.pop().unwrap()
    }

    /// Enters a function: takes the frame before charging anything, and leaves at least one word.
    fn enter(&mut self, body: &'m Body<'a>) -> Result<Activation<'m, 'a>, Stop> {
        if self.stack_left <= body.frame {
            return Err(Stop::OutOfStack);
        }
        self.stack_left -= body.frame;
        self.least_stack_left = self.least_stack_left.min(self.stack_left);
        let base = self.stack.len() - body.params;
        let mut locals = self.stack.split_off(base);
        locals.resize(body.params + body.declared_locals, 0);
        Ok(Activation {
            body,
            position: 0,
            locals,
            labels: Vec::new(),
            base,
        })
    }

    /// Drops the values between `height` and the topmost `arity`.
    fn unwind(&mut self, height: usize, arity: usize) {
        let first = self.stack.len() - arity;
        self.stack.drain(height..first);
    }

    fn run_entrypoint(&mut self) -> Result<(), Stop> {
        let module = self.module;
        let entrypoint = match module.function(module.entrypoint) {
            Ok(body) => body,
            Err(hook) => return self.host_call(hook),
        };
        let mut calls = vec![self.enter(entrypoint)?];
        while let Some(call) = calls.last_mut() {
            self.steps += 1;
            if self.steps > self.given.patience {
                return Err(Stop::OutOfPatience);
            }
            if let Some(cost) = call.body.charges[call.position] {
                self.pay(cost)?;
            }
            match self.step(call)? {
                Next::Here => {}
                Next::Call(function) => match module.function(function) {
                    Ok(body) => {
                        let callee = self.enter(body)?;
                        calls.push(callee);
                    }
                    Err(hook) => self.host_call(hook)?,
                },
                Next::Leave { gives_back } => {
                    self.unwind(call.base, call.body.results);
                    if gives_back {
                        self.stack_left += call.body.frame;
                    }
                    calls.pop();
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, call: &mut Activation<'m, 'a>, ty: BlockType, is_loop: bool) {
        let at = call.position;
        let (params, results) = match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(index) => {
                let ty = self.module.signatures.of_type(index);
                (ty.params().len(), ty.results().len())
            }
        };
        call.labels.push(Label {
            target: if is_loop {
                at + 1
            } else {
                call.body.ends[at] + 1
            },
            arity: if is_loop { params } else { results },
            height: self.stack.len() - params,
            is_loop,
        });
    }

    /// Branches to the label `depth` constructs outwards; the one beyond all constructs is the function's own.
    fn branch(&mut self, call: &mut Activation<'m, 'a>, depth: u32) -> Next {
        let Some(index) = call.labels.len().checked_sub(depth as usize + 1) else {
            return Next::Leave { gives_back: false };
        };
        let label = &call.labels[index];
        self.unwind(label.height, label.arity);
        call.position = label.target;
        call.labels.truncate(index + usize::from(label.is_loop));
        Next::Here
    }

    fn step(&mut self, call: &mut Activation<'m, 'a>) -> Result<Next, Stop> {
        use Operator::*;
        let at = call.position;
        call.position += 1;
        match &call.body.code[at] {
            Unreachable => return Err(Stop::Trap),
            Nop => {}
            Block { blockty } | Loop { blockty } => {
                let is_loop = matches!(call.body.code[at], Loop { .. });
                call.position = at;
                self.open(call, *blockty, is_loop);
                call.position = at + 1;
            }
            If { blockty } => {
                let condition = self.pop();
                call.position = at;
                self.open(call, *blockty, false);
                call.position = at + 1;
                if condition == 0 {
                    match call.body.elses[at] {
                        Some(position) => call.position = position + 1,
                        None => {
                            call.position = call.body.ends[at] + 1;
                            call.labels.pop();
                        }
                    }
                }
            }
            // The end of the first arm: the `end` belongs to the other.
            Else => {
                call.position = call.body.ends[at] + 1;
                call.labels.pop();
            }
            End => {
                if call.labels.pop().is_none() {
                    return Ok(Next::Leave { gives_back: true });
                }
            }
            Br { relative_depth } => return Ok(self.branch(call, *relative_depth)),
            BrIf { relative_depth } => {
                if self.pop() != 0 {
                    return Ok(self.branch(call, *relative_depth));
                }
            }
            BrTable { targets } => {
                let index = self.pop() as usize;
                let depth = targets.targets().map(Result::unwrap).nth(index);
                return Ok(self.branch(call, depth.unwrap_or(targets.default())));
            }
            Return => return Ok(Next::Leave { gives_back: true }),
            Call { function_index } => return Ok(Next::Call(*function_index)),
            CallIndirect { type_index, .. } => {
                let index = self.pop() as usize;
                let function = self.module.table.get(index).copied().flatten();
                let function = function.ok_or(Stop::Trap)?;
                let signatures = &self.module.signatures;
                if signatures.of_function(function) != signatures.of_type(*type_index) {
                    return Err(Stop::Trap);
                }
                return Ok(Next::Call(function));
            }
            Drop => {
                self.pop();
            }
            Select => {
                let condition = self.pop();
                let otherwise = self.pop();
                if condition == 0 {
                    self.pop();
                    self.stack.push(otherwise);
                }
            }
            LocalGet { local_index } => self.stack.push(call.locals[*local_index as usize]),
            LocalSet { local_index } => call.locals[*local_index as usize] = self.pop(),
            LocalTee { local_index } => {
                call.locals[*local_index as usize] = *self.stack.last().unwrap();
            }
            GlobalGet { global_index } => self.stack.push(self.globals[*global_index as usize]),
            GlobalSet { global_index } => self.globals[*global_index as usize] = self.pop(),
            other => self.memory_operator(other)?,
        }
        Ok(Next::Here)
    }

    /// The operators on memory, and finally the numeric ones.
    fn memory_operator(&mut self, operator: &Operator<'_>) -> Result<(), Stop> {
        use Operator::*;
        match operator {
            I32Load { memarg } | I64Load32U { memarg } => {
                self.load(memarg, 4, |word| u64::from(word as u32))
            }
            I64Load { memarg } => self.load(memarg, 8, |word| word),
            I32Load8U { memarg } | I64Load8U { memarg } => self.load(memarg, 1, |word| word),
            I32Load16U { memarg } | I64Load16U { memarg } => self.load(memarg, 2, |word| word),
            I32Load8S { memarg } => self.load(memarg, 1, |word| u64::from(word as i8 as u32)),
            I32Load16S { memarg } => self.load(memarg, 2, |word| u64::from(word as i16 as u32)),
            I64Load8S { memarg } => self.load(memarg, 1, |word| word as i8 as u64),
            I64Load16S { memarg } => self.load(memarg, 2, |word| word as i16 as u64),
            I64Load32S { memarg } => self.load(memarg, 4, |word| word as i32 as u64),
            I32Store8 { memarg } | I64Store8 { memarg } => self.store(memarg, 1),
            I32Store16 { memarg } | I64Store16 { memarg } => self.store(memarg, 2),
            I32Store { memarg } | I64Store32 { memarg } => self.store(memarg, 4),
            I64Store { memarg } => self.store(memarg, 8),
            MemorySize { .. } => {
                self.stack.push((self.memory.len() / PAGE) as u64);
                Ok(())
            }
            MemoryGrow { .. } => self.grow(),
            MemoryFill { .. } => {
                let (len, byte, to) = (self.pop(), self.pop(), self.pop());
                self.pay(100 * len)?;
                // The programs have Stylus version 2, which accepts only a byte.
                let byte = u8::try_from(byte).map_err(|_| Stop::Trap)?;
                self.slice(to, len)?.fill(byte);
                Ok(())
            }
            MemoryCopy { .. } => {
                let (len, from, to) = (self.pop(), self.pop(), self.pop());
                self.pay(100 * len)?;
                let bytes = self.slice(from, len)?.to_vec();
                self.slice(to, len)?.copy_from_slice(&bytes);
                Ok(())
            }
            other => Ok(numeric::apply(other, &mut self.stack)?),
        }
    }

    fn slice(&mut self, from: u64, len: u64) -> Result<&mut [u8], Stop> {
        let range = from as usize..(from + len) as usize;
        self.memory.get_mut(range).ok_or(Stop::Trap)
    }

    fn load(&mut self, at: &MemArg, len: u64, read: impl Fn(u64) -> u64) -> Result<(), Stop> {
        let address = self.pop() + at.offset;
        let mut bytes = [0; 8];
        bytes[..len as usize].copy_from_slice(self.slice(address, len)?);
        self.stack.push(read(u64::from_le_bytes(bytes)));
        Ok(())
    }

    fn store(&mut self, at: &MemArg, len: u64) -> Result<(), Stop> {
        let bytes = self.pop().to_le_bytes();
        let address = self.pop() + at.offset;
        let target = self.slice(address, len)?;
        target.copy_from_slice(&bytes[..len as usize]);
        Ok(())
    }

    /// Pages are paid for before it is known whether they are available; a memory that cannot grow pays nothing.
    fn grow(&mut self) -> Result<(), Stop> {
        let memory = self.module.memory;
        let wanted = self.pop();
        if memory.maximum != Some(memory.initial) {
            self.pay_for_pages(wanted)?;
        }
        let pages = (self.memory.len() / PAGE) as u64;
        let fits = pages + wanted <= memory.maximum.unwrap_or(u64::MAX).min(65_535);
        self.stack
            .push(if fits { pages } else { u64::from(u32::MAX) });
        if fits {
            self.memory.resize((pages + wanted) as usize * PAGE, 0);
        }
        Ok(())
    }

    /// Only sixteen bits of the argument count.
    fn pay_for_pages(&mut self, pages: u64) -> Result<(), Stop> {
        let price = match pages % 65_536 {
            0 => tariff::HOSTIO,
            pages => self.held.open(pages),
        };
        self.pay(price)
    }

    fn host_call(&mut self, hook: Hook) -> Result<(), Stop> {
        match hook {
            Hook::ReadArgs => {
                let to = self.pop();
                let calldata = self.given.calldata;
                let len = calldata.len() as u64;
                self.pay(tariff::HOSTIO)?;
                self.pay(tariff::writing(len))?;
                self.slice(to, len)?.copy_from_slice(calldata);
                Ok(())
            }
            Hook::WriteResult => {
                let (len, from) = (self.pop(), self.pop());
                self.pay(tariff::HOSTIO)?;
                self.pay(2 * tariff::reading(len))?;
                self.output = self.slice(from, len)?.to_vec();
                Ok(())
            }
            Hook::ExitEarly => Err(Stop::Exit(self.pop())),
            Hook::PayForMemoryGrow => {
                let pages = self.pop();
                self.pay_for_pages(pages)
            }
        }
    }
}

/// Where a run continues after an operator.
enum Next {
    /// In the same function.
    Here,
    /// In a called function.
    Call(u32),
    /// In the caller; a branch to the outermost label does not give the frame back.
    Leave { gives_back: bool },
}
