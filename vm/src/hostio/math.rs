//! Arithmetic on 256-bit words, with the EVM's rules: dividing by zero gives zero, powers wrap.
//!
//! Lives here: the five `math_*` calls; each writes its result over its first operand. Not here: the arithmetic itself,
//! which is `alloy_primitives`'.

use alloy_primitives::U256;

use super::{Hostio, Stop};
use crate::ink::Ink;
use crate::prices::{HOSTIO, MATH_ADD_MOD, MATH_DIV, MATH_MUL_MOD, POINTER, power};

/// A host call on two words that overwrites one of them.
const TWO_WORDS: Ink = Ink(HOSTIO.0 + 3 * POINTER.0);

/// A host call on three words that overwrites one of them.
const THREE_WORDS: Ink = Ink(HOSTIO.0 + 4 * POINTER.0);

/// `value` := `value` / `divisor`.
pub(super) fn div(hostio: &mut Hostio<'_>, value: u32, divisor: u32) -> Result<(), Stop> {
    hostio.pay(TWO_WORDS.saturating_add(MATH_DIV))?;
    two_words(hostio, value, divisor, |a, b| {
        a.checked_div(b).unwrap_or_default()
    })
}

/// `value` := `value` mod `modulus`.
pub(super) fn modulo(hostio: &mut Hostio<'_>, value: u32, modulus: u32) -> Result<(), Stop> {
    hostio.pay(TWO_WORDS.saturating_add(MATH_DIV))?;
    two_words(hostio, value, modulus, |a, b| {
        a.checked_rem(b).unwrap_or_default()
    })
}

/// `value` := `value` to the power of `exponent`; it reads the exponent before paying for its length.
pub(super) fn pow(hostio: &mut Hostio<'_>, value: u32, exponent: u32) -> Result<(), Stop> {
    hostio.pay(TWO_WORDS)?;
    let base = hostio.read_word(value)?;
    let exponent = hostio.read_word(exponent)?;
    hostio.pay(power(&exponent.to_be_bytes()))?;
    hostio.write_word(value, base.wrapping_pow(exponent))
}

/// `value` := (`value` + `addend`) mod `modulus`, without overflow.
pub(super) fn add_mod(
    hostio: &mut Hostio<'_>,
    value: u32,
    addend: u32,
    modulus: u32,
) -> Result<(), Stop> {
    hostio.pay(THREE_WORDS.saturating_add(MATH_ADD_MOD))?;
    three_words(hostio, value, addend, modulus, U256::add_mod)
}

/// `value` := (`value` · `multiplier`) mod `modulus`, without overflow.
pub(super) fn mul_mod(
    hostio: &mut Hostio<'_>,
    value: u32,
    multiplier: u32,
    modulus: u32,
) -> Result<(), Stop> {
    hostio.pay(THREE_WORDS.saturating_add(MATH_MUL_MOD))?;
    three_words(hostio, value, multiplier, modulus, U256::mul_mod)
}

fn two_words(
    hostio: &mut Hostio<'_>,
    value: u32,
    other: u32,
    operation: impl Fn(U256, U256) -> U256,
) -> Result<(), Stop> {
    let first = hostio.read_word(value)?;
    let second = hostio.read_word(other)?;
    hostio.write_word(value, operation(first, second))
}

fn three_words(
    hostio: &mut Hostio<'_>,
    value: u32,
    other: u32,
    modulus: u32,
    operation: impl Fn(U256, U256, U256) -> U256,
) -> Result<(), Stop> {
    let first = hostio.read_word(value)?;
    let second = hostio.read_word(other)?;
    let modulus = hostio.read_word(modulus)?;
    let result = if modulus.is_zero() {
        U256::ZERO
    } else {
        operation(first, second, modulus)
    };
    hostio.write_word(value, result)
}
