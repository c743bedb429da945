//! Integer operators on a stack of 64-bit words; a 32-bit value is a word below 2^32.
//!
//! Lives here: operators that only pop operands and push a result. Not here: memory, variables, control.

use wasmparser::Operator;

/// Division by zero, or a quotient that does not fit.
pub(super) struct Undefined;

fn pop(stack: &mut Vec<u64>) -> u64 {
    stack.pop().unwrap()
}

fn unary(stack: &mut Vec<u64>, result: impl Fn(u64) -> u64) {
    let operand = pop(stack);
    stack.push(result(operand));
}

fn narrow(stack: &mut Vec<u64>, result: impl Fn(u32, u32) -> u32) {
    let right = pop(stack) as u32;
    let left = pop(stack) as u32;
    stack.push(result(left, right).into());
}

fn wide(stack: &mut Vec<u64>, result: impl Fn(u64, u64) -> u64) {
    let right = pop(stack);
    let left = pop(stack);
    stack.push(result(left, right));
}

fn compare_narrow(stack: &mut Vec<u64>, holds: impl Fn(i32, i32) -> bool) {
    narrow(stack, |left, right| holds(left as i32, right as i32).into());
}

fn compare_wide(stack: &mut Vec<u64>, holds: impl Fn(i64, i64) -> bool) {
    wide(stack, |left, right| holds(left as i64, right as i64).into());
}

fn divide<T>(
    stack: &mut Vec<u64>,
    operand: impl Fn(u64) -> T,
    divide: impl Fn(T, T) -> Option<u64>,
) -> Result<(), Undefined> {
    let right = operand(pop(stack));
    let left = operand(pop(stack));
    stack.push(divide(left, right).ok_or(Undefined)?);
    Ok(())
}

/// Executes `operator`; panics if it is not one of the integer operators.
pub(super) fn apply(operator: &Operator<'_>, stack: &mut Vec<u64>) -> Result<(), Undefined> {
    use Operator::*;
    let s = stack;
    match operator {
        I32Const { value } => s.push(u64::from(*value as u32)),
        I64Const { value } => s.push(*value as u64),

        I32Eqz | I64Eqz => unary(s, |a| u64::from(a == 0)),
        I32Clz => unary(s, |a| (a as u32).leading_zeros().into()),
        I32Ctz => unary(s, |a| (a as u32).trailing_zeros().into()),
        I32Popcnt | I64Popcnt => unary(s, |a| a.count_ones().into()),
        I64Clz => unary(s, |a| a.leading_zeros().into()),
        I64Ctz => unary(s, |a| a.trailing_zeros().into()),
        I32WrapI64 | I64ExtendI32U => unary(s, |a| u64::from(a as u32)),
        I64ExtendI32S | I64Extend32S => unary(s, |a| a as i32 as u64),
        I64Extend8S => unary(s, |a| a as i8 as u64),
        I64Extend16S => unary(s, |a| a as i16 as u64),
        I32Extend8S => unary(s, |a| u64::from(a as i8 as u32)),
        I32Extend16S => unary(s, |a| u64::from(a as i16 as u32)),

        I32Add => narrow(s, u32::wrapping_add),
        I32Sub => narrow(s, u32::wrapping_sub),
        I32Mul => narrow(s, u32::wrapping_mul),
        I32And => narrow(s, |a, b| a & b),
        I32Or => narrow(s, |a, b| a | b),
        I32Xor => narrow(s, |a, b| a ^ b),
        I32Shl => narrow(s, u32::wrapping_shl),
        I32ShrU => narrow(s, u32::wrapping_shr),
        I32ShrS => narrow(s, |a, b| (a as i32).wrapping_shr(b) as u32),
        I32Rotl => narrow(s, |a, b| a.rotate_left(b % 32)),
        I32Rotr => narrow(s, |a, b| a.rotate_right(b % 32)),
        I64Add => wide(s, u64::wrapping_add),
        I64Sub => wide(s, u64::wrapping_sub),
        I64Mul => wide(s, u64::wrapping_mul),
        I64And => wide(s, |a, b| a & b),
        I64Or => wide(s, |a, b| a | b),
        I64Xor => wide(s, |a, b| a ^ b),
        I64Shl => wide(s, |a, b| a.wrapping_shl(b as u32)),
        I64ShrU => wide(s, |a, b| a.wrapping_shr(b as u32)),
        I64ShrS => wide(s, |a, b| (a as i64).wrapping_shr(b as u32) as u64),
        I64Rotl => wide(s, |a, b| a.rotate_left(b as u32 % 64)),
        I64Rotr => wide(s, |a, b| a.rotate_right(b as u32 % 64)),

        I32Eq | I64Eq => compare_wide(s, |a, b| a == b),
        I32Ne | I64Ne => compare_wide(s, |a, b| a != b),
        I32LtS => compare_narrow(s, |a, b| a < b),
        I32GtS => compare_narrow(s, |a, b| a > b),
        I32LeS => compare_narrow(s, |a, b| a <= b),
        I32GeS => compare_narrow(s, |a, b| a >= b),
        I64LtS => compare_wide(s, |a, b| a < b),
        I64GtS => compare_wide(s, |a, b| a > b),
        I64LeS => compare_wide(s, |a, b| a <= b),
        I64GeS => compare_wide(s, |a, b| a >= b),
        // Words below 2^32 compare unsigned as their 32-bit values do.
        I32LtU | I64LtU => wide(s, |a, b| u64::from(a < b)),
        I32GtU | I64GtU => wide(s, |a, b| u64::from(a > b)),
        I32LeU | I64LeU => wide(s, |a, b| u64::from(a <= b)),
        I32GeU | I64GeU => wide(s, |a, b| u64::from(a >= b)),

        I32DivU | I64DivU => return divide(s, |a| a, |a, b| a.checked_div(b)),
        I32RemU | I64RemU => return divide(s, |a| a, |a, b| a.checked_rem(b)),
        I32DivS => {
            let quotient = |a: i32, b: i32| Some(u64::from(a.checked_div(b)? as u32));
            return divide(s, |a| a as i32, quotient);
        }
        // Only division by zero is undefined: the lowest number has the remainder 0 by -1.
        I32RemS => {
            let remainder = |a: i32, b: i32| (b != 0).then(|| u64::from(a.wrapping_rem(b) as u32));
            return divide(s, |a| a as i32, remainder);
        }
        I64DivS => {
            return divide(s, |a| a as i64, |a, b| Some(a.checked_div(b)? as u64));
        }
        I64RemS => {
            return divide(
                s,
                |a| a as i64,
                |a, b| (b != 0).then(|| a.wrapping_rem(b) as u64),
            );
        }
        other => panic!("the interpreter does not know {other:?}"),
    }
    Ok(())
}
