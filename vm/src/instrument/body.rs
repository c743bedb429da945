//! A body on its way through the passes: its operators, each with its origin.
//!
//! Lives here: that pair, and how a pass inserts code. Not here: what is inserted (one file for each pass).
//!
//! A position in a module is a function and an *ordinal*, the number of an operator in its body. Re-encoding changes offsets but never
//! ordinals, so a compiled program, the module on a chain, and the file that a compiler wrote agree on them.

use wasmparser::Operator;

/// What wrote an operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// The module.
    Module,
    /// The ink meter.
    Ink,
    /// The dynamic meter.
    Dynamic,
    /// The depth checker.
    Depth,
    /// The heap bound.
    Heap,
    /// The fill guard.
    Fill,
    /// Everything else, none of which can end a program.
    Other,
}

/// An operator of a body on its way through the passes.
pub(super) struct Placed<'a> {
    pub(super) operator: Operator<'a>,
    /// Its ordinal in the module's own body; for an inserted operator, that of the operator it was inserted before.
    pub(super) ordinal: u32,
    pub(super) origin: Origin,
}

/// Appends `operators`, which `origin` inserts before the operator with that `ordinal`.
pub(super) fn insert<'a>(
    out: &mut Vec<Placed<'a>>,
    ordinal: u32,
    origin: Origin,
    operators: impl IntoIterator<Item = Operator<'a>>,
) {
    let placed = |operator| Placed {
        operator,
        ordinal,
        origin,
    };
    out.extend(operators.into_iter().map(placed));
}
