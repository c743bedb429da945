//! What a body costs, computed the slow way: from operator names and the rules as written.
//!
//! Lives here: a separate price table, block rule and frame rule, and page costs. Not here: when a program pays
//! (`oracle`). It shares nothing with the VM, on purpose: two readings of one rule are what makes this a check.

use wasmparser::{BlockType, FuncType, Operator};

/// A block without its operators, in ink.
const HEADER: u64 = 2_450;

/// Entering a host call, in ink.
pub(super) const HOSTIO: u64 = 8_400;

/// Reading `len` bytes of the guest, in ink.
pub(super) fn reading(len: u64) -> u64 {
    16_381 + 55 * len.saturating_sub(32)
}

/// Writing `len` bytes to the guest, in ink.
pub(super) fn writing(len: u64) -> u64 {
    5_040 + 30 * len.saturating_sub(32)
}

/// Pages the program holds, and the most it ever held.
pub(super) struct PagesHeld {
    pub(super) open: u64,
    pub(super) ever: u64,
}

impl PagesHeld {
    /// Opens `pages` more; the price in ink with two free pages, 1,000 gas per page and 10,000 ink per gas.
    pub(super) fn open(&mut self, pages: u64) -> u64 {
        let beyond_free = |pages: u64| pages.saturating_sub(2);
        let (open, ever) = (self.open, self.ever);
        self.open = (open + pages).min(65_535);
        self.ever = ever.max(self.open);
        if self.ever <= 2 {
            return 0;
        }
        let linear = 1_000 * (beyond_free(self.open) - beyond_free(open));
        let expansion = expansion(self.ever) - expansion(ever);
        linear.saturating_add(expansion).saturating_mul(10_000)
    }
}

/// The exponential part of having held `pages`, in gas: 31,874,000 to the power of `pages` / 128, rounded down, one less
/// at 128 as in the protocol's table, and unaffordable above.
fn expansion(pages: u64) -> u64 {
    match pages {
        0..128 => (31_874_000_f64.ln() / 128.0 * pages as f64).exp() as u64,
        128 => 31_873_999,
        _ => u64::MAX,
    }
}

/// Types in the form that the rules need.
pub(super) struct Signatures {
    pub(super) types: Vec<FuncType>,
    /// The type of every function, imports first.
    pub(super) functions: Vec<u32>,
}

impl Signatures {
    pub(super) fn of_type(&self, index: u32) -> &FuncType {
        &self.types[index as usize]
    }

    pub(super) fn of_function(&self, index: u32) -> &FuncType {
        self.of_type(self.functions[index as usize])
    }
}

/// The operator's name, without its immediates.
fn name(operator: &Operator<'_>) -> String {
    let text = format!("{operator:?}");
    text.split([' ', '(']).next().unwrap().to_owned()
}

/// The price of each block of `body`, at the position of its first operator.
pub(super) fn charges(body: &[Operator<'_>], signatures: &Signatures) -> Vec<Option<u64>> {
    let mut charges = vec![None; body.len()];
    let (mut first, mut cost) = (0, HEADER);
    for (position, operator) in body.iter().enumerate() {
        let name = name(operator);
        cost = u64::saturating_add(cost, price(operator, &name, signatures));
        if ends_block(&name) {
            charges[first] = Some(cost);
            (first, cost) = (position + 1, HEADER);
        }
    }
    charges
}

fn ends_block(name: &str) -> bool {
    let ending = [
        "Loop",
        "If",
        "Else",
        "End",
        "Br",
        "BrIf",
        "BrTable",
        "Call",
        "CallIndirect",
        "Return",
    ];
    ending.contains(&name)
}

fn price(operator: &Operator<'_>, name: &str, signatures: &Signatures) -> u64 {
    match operator {
        Operator::BrTable { targets } => return 2_400 + 325 * u64::from(targets.len()),
        Operator::CallIndirect { type_index, .. } => {
            return 13_610 + 650 * signatures.of_type(*type_index).params().len() as u64;
        }
        _ => {}
    }
    match name {
        "Unreachable" | "Return" | "Nop" | "Block" | "Loop" | "Else" | "End" => 1,
        "Drop" => 9,
        "LocalGet" | "LocalTee" => 75,
        "LocalSet" => 210,
        "GlobalGet" => 225,
        "GlobalSet" => 575,
        "Br" | "BrIf" | "If" => 765,
        "MemoryCopy" | "MemoryFill" => 950,
        "Select" => 1_250,
        "MemorySize" => 3_000,
        "Call" => 3_800,
        "MemoryGrow" => 8_050,
        _ => match name.split_at_checked(3) {
            Some(("I32", rest)) => integer(rest, false),
            Some(("I64", rest)) => integer(rest, true),
            _ => u64::MAX,
        },
    }
}

/// The operators on integers of 32 bits, or of 64 if `wide`.
fn integer(rest: &str, wide: bool) -> u64 {
    let of = |narrow, at_64| if wide { at_64 } else { narrow };
    match rest {
        "Const" => 1,
        "Add" | "Sub" | "And" | "Or" | "Xor" | "Shl" | "ShrS" | "ShrU" | "Rotl" | "Rotr" => {
            of(70, 100)
        }
        "WrapI64" => 100,
        _ if rest.starts_with("Extend") => 100,
        "Mul" => 160,
        "Eqz" | "Eq" | "Ne" | "LtS" | "LtU" | "GtS" | "GtU" | "LeS" | "LeU" | "GeS" | "GeU" => {
            of(170, 225)
        }
        "Clz" | "Ctz" => 210,
        _ if rest.starts_with("Load") => of(670, 680),
        _ if rest.starts_with("Store") => of(825, 950),
        "DivS" | "DivU" | "RemS" | "RemU" => of(1_120, 1_270),
        "Popcnt" => of(2_650, 6_000),
        _ => u64::MAX,
    }
}

/// Words of stack that a call of `body` takes.
///
/// The rule applies to the body with the meters' code in it. That code leaves the height unchanged, and reaches two words
/// above it at the beginning of a block and three above the operands of a bulk operator.
pub(super) fn frame(body: &[Operator<'_>], declared_locals: u32, signatures: &Signatures) -> u32 {
    let mut height: u32 = 0;
    let mut highest: u32 = 0;
    let mut scopes = vec![0];
    let mut begins_block = true;
    for operator in body {
        let name = name(operator);
        if begins_block {
            highest = highest.max(height + 2);
        }
        begins_block = ends_block(&name);
        let (pushed, popped) = match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } => {
                of_block(*blockty, signatures)
            }
            Operator::If { blockty } => {
                height = height.saturating_sub(1);
                of_block(*blockty, signatures)
            }
            Operator::Call { function_index } => of_call(signatures.of_function(*function_index)),
            Operator::CallIndirect { type_index, .. } => {
                let (pushed, popped) = of_call(signatures.of_type(*type_index));
                (pushed, popped + 1)
            }
            Operator::MemoryFill { .. } | Operator::MemoryCopy { .. } => {
                highest = highest.max(height.max(1) + 3);
                (0, 3)
            }
            Operator::Else => {
                height = *scopes.last().unwrap();
                (0, 0)
            }
            Operator::End => {
                height = scopes.pop().unwrap();
                (0, 0)
            }
            _ => plain_effect(&name),
        };
        height += pushed;
        highest = highest.max(height);
        height = height.saturating_sub(popped);
        if let "Block" | "Loop" | "If" = name.as_str() {
            scopes.push(height);
        }
    }
    highest + declared_locals + 4
}

fn of_block(ty: BlockType, signatures: &Signatures) -> (u32, u32) {
    match ty {
        BlockType::Empty => (0, 0),
        BlockType::Type(_) => (1, 0),
        BlockType::FuncType(index) => of_call(signatures.of_type(index)),
    }
}

fn of_call(ty: &FuncType) -> (u32, u32) {
    (ty.results().len() as u32, ty.params().len() as u32)
}

/// Words pushed and popped, of which at most one is nonzero.
fn plain_effect(name: &str) -> (u32, u32) {
    const UNARY: [&str; 6] = ["Eqz", "Clz", "Ctz", "Popcnt", "Wrap", "Extend"];
    match name {
        "LocalGet" | "GlobalGet" | "MemorySize" => (1, 0),
        "Drop" | "BrIf" | "BrTable" | "LocalSet" | "GlobalSet" => (0, 1),
        "Select" => (0, 2),
        "Nop" | "Unreachable" | "Br" | "Return" | "LocalTee" | "MemoryGrow" => (0, 0),
        _ => match &name[3..] {
            "Const" => (1, 0),
            rest if rest.starts_with("Load") || rest.starts_with("Reinterpret") => (0, 0),
            rest if rest.starts_with("Store") => (0, 2),
            rest if UNARY.iter().any(|unary| rest.starts_with(unary)) => (0, 0),
            _ => (0, 1),
        },
    }
}
