//! The figures that others published about the same sequence of allocations.
//!
//! Lives here: the only figures of this crate that it did not measure, each with its source. Not here: our own, ever.

use stylus_vm::Gas;

use crate::suite::{Allocator, Case, Conditions, Function};

/// Where the figures stand: the "Benchmarks" table of mini-alloc 1.0.0's README.
pub const SOURCE: &str =
    "https://github.com/OffchainLabs/stylus-sdk-rs/blob/main/mini-alloc/README.md";

/// The published gas of `case` under `allocator`, where there is such a figure. Those in the tens of millions are
/// published rounded to a million.
pub const fn gas(allocator: Allocator, case: Case) -> Option<Gas> {
    if !matches!(case.conditions, Conditions::Published) {
        return None;
    }
    let gas = match (case.function, allocator) {
        (Function::Alloc, Allocator::Mini) => 333,
        (Function::Alloc, Allocator::Wee) => 721,
        (Function::Alloc, Allocator::Std) => 516,
        (Function::AllocZeroed, Allocator::Mini) => 329,
        (Function::AllocZeroed, Allocator::Wee) => 95_000_000,
        (Function::AllocZeroed, Allocator::Std) => 48_000_000,
        _ => return None,
    };
    Some(Gas(gas))
}
