//! The public part of the transplant, the order of the operation, and why it can be refused. Not in this crate: files, options and tables,
//! which belong to its caller, such as `cargo gas-bench override`.
//!
//! `module` reads the contract; `inspect` tells which of its functions are the allocator; `donor` is the allocator that replaces them;
//! `graft` puts it in and takes out what nothing reaches any more; `rehearsal` runs both side by side.
#![doc = include_str!("../README.md")]

mod donor;
mod graft;
mod inspect;
mod module;
pub mod rehearsal;
mod role;

use std::fmt;

pub use donor::{Donor, DonorError, ObjectError, Substitute, UnknownSubstitute};
pub use inspect::{Entry, Inspection};
pub use role::{Family, Role};

use module::Module;
use stylus_vm::Bytes;

/// Why a module keeps its allocator.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Not a module.
    #[error("it is not a wasm module ({0}); name the file that cargo built")]
    NotWasm(String),
    /// One of its custom sections, which a chain ignores, is malformed.
    #[error("{0}")]
    Custom(String),
    /// No chain would accept it.
    #[error("it is not a Stylus program: {0}")]
    NotStylus(String),
    /// It has no names for its functions.
    #[error(
        "its functions have no names, and an allocator is recognised by those; build it with CARGO_PROFILE_RELEASE_STRIP=debuginfo, or \
         make another compiler keep them"
    )]
    NoNames,
    /// Nothing in it is an allocator.
    #[error(
        "it has no allocator: no function is named like those of Rust's or C's allocators, and none grows memory"
    )]
    NoAllocator,
    /// It has an allocator, but of no known kind.
    #[error(
        "its allocator is unknown: {}, but no function is named like Rust's or C's allocators",
        growing(.0)
    )]
    Unknown(Vec<String>),
    /// No function is left by which its allocator could be called.
    #[error(
        "its allocator was inlined by link-time optimisation: no function of a known interface obtains memory any more, and of those that \
         grow it there is {}; build it with CARGO_PROFILE_RELEASE_LTO=off, or change the allocator in its sources",
        named(.0)
    )]
    Merged(Vec<String>),
    /// A method of its allocator has lost parameters, and nothing shows which.
    #[error(
        "its allocator was changed by the optimiser: `{0}` has lost parameters, and no call shows which; build it with \
         CARGO_PROFILE_RELEASE_LTO=off or, if it already is, change the allocator in its sources"
    )]
    Reshaped(String),
    /// A function of its allocator hands out zeros, and nothing shows which callers want them.
    #[error(
        "`{0}` serves callers that want zeroed memory and callers that do not, and nothing tells them apart; choose mini, whose memory is \
         always zero"
    )]
    Zeros(String),
    /// A function of its allocator ignores the size of what it frees, and nothing shows that all callers pass it.
    #[error(
        "`{0}` ignores the size of what it frees, so the compiler may pass anything for it; choose mini, which ignores it too"
    )]
    Sizes(String),
    /// A function has the name of an allocator's, but another type.
    #[error(
        "`{0}` has the name of an allocator's function but not its type; only allocators for wasm32 with Rust's or C's interface can be replaced"
    )]
    Signature(String),
    /// Parts of the allocator are in other functions, too.
    #[error(
        "its allocator {}: {}; build it with another `opt-level` or without `lto`",
        if .0.iter().any(Inlined::is_certain) { "was inlined" } else { "may have been inlined" },
        shown(.0)
    )]
    Inlined(Vec<Inlined>),
    /// Something else works on the allocator's state.
    #[error("it uses `{0}`, which works on the state of C's allocator and cannot be replaced")]
    Meddler(String),
    /// Something other than the allocator grows memory.
    #[error("others grow memory: `{0}` does, and it is not part of the allocator")]
    Growers(String),
    /// There is no room for a heap.
    #[error(
        "its memory cannot grow, so the new heap would have to fit where the old one was; link it without a maximum"
    )]
    FixedMemory,
    /// There is not even room for the allocator's state.
    #[error("its memory is full: there is no room for the allocator's state")]
    NoRoom,
    /// The compiled allocator needs something that the linker would supply.
    #[error(
        "the allocator as this rustc compiles it needs `{0}`, which the module does not have; choose a newer toolchain with \
         RUSTUP_TOOLCHAIN"
    )]
    Missing(String),
    /// No chain would accept the result.
    #[error("no chain would accept it with the other allocator: {0}")]
    Rejected(String),
}

/// A part of an allocator that is in another function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inlined {
    /// The function calls what only the allocator should call.
    Call {
        /// The function.
        name: String,
        /// What it calls.
        callee: String,
    },
    /// The function uses a variable that only the allocator should use.
    Variable {
        /// The function.
        name: String,
        /// The variable's address.
        address: u32,
    },
    /// The function has a number that equals the address of such a variable, and nothing shows whether it means that.
    Number {
        /// The function.
        name: String,
        /// The number.
        address: u32,
    },
}

impl Inlined {
    /// Whether it can be nothing but a part of the allocator.
    pub const fn is_certain(&self) -> bool {
        !matches!(self, Self::Number { .. })
    }
}

impl fmt::Display for Inlined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { name, callee } => write!(f, "`{name}` calls `{callee}` itself"),
            Self::Variable { name, address } => {
                write!(f, "`{name}` uses the allocator's variable at {address}")
            }
            Self::Number { name, address } => write!(
                f,
                "`{name}` contains the number {address}, the address of one of the allocator's variables"
            ),
        }
    }
}

/// At most two names, and how many more there are.
fn named(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => format!("`{only}` alone"),
        [one, other] => format!("`{one}` and `{other}`"),
        [one, other, rest @ ..] => format!("`{one}`, `{other}` and {} more", rest.len()),
    }
}

/// That functions grow memory.
fn growing(names: &[String]) -> String {
    match names {
        [only] => format!("`{only}` grows memory"),
        several => format!("{} grow memory", named(several)),
    }
}

/// The first of them, certain ones before others, and how many more there are.
fn shown(inlined: &[Inlined]) -> String {
    let certain = inlined.iter().find(|it| it.is_certain());
    match (certain.or(inlined.first()), inlined.len()) {
        (None, _) => String::new(),
        (Some(only), 1) => only.to_string(),
        (Some(first), all) => format!("{first}, and {} more do the like", all - 1),
    }
}

/// A module with another allocator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transplant {
    /// The new module, as `cargo stylus` would deploy it.
    pub wasm: Vec<u8>,
    /// The original module, as it would be deployed.
    pub original: Vec<u8>,
    /// The allocator that was taken out.
    pub removed: Inspection,
    /// How many functions were left out because nothing reaches them any more.
    pub removed_functions: usize,
    /// Bytes of the functions that were added.
    pub added: Bytes,
    /// Where the new allocator keeps its state.
    pub state: u32,
    /// Where its heap begins.
    pub heap_base: u32,
}

/// Tells which allocator a module carries. Changes nothing.
///
/// # Errors
/// If it is not a module that a chain would accept, has no names, or has no allocator.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, Refusal> {
    Inspection::of(&Module::read(wasm)?)
}

/// Replaces the allocator that a module carries with `donor`.
///
/// # Errors
/// If the allocator cannot be found or cannot be taken out.
pub fn transplant(wasm: &[u8], donor: &Donor) -> Result<Transplant, Refusal> {
    let module = Module::read(wasm)?;
    let inspection = Inspection::of(&module)?;
    if let Some(refusal) = inspection.refusal() {
        return Err(refusal);
    }
    // MiniAlloc never hands out a byte twice, so everything that it hands out is zero.
    if let Some(name) = inspection
        .hands_out_zeros()
        .filter(|_| donor.allocator != Substitute::Mini)
    {
        return Err(Refusal::Zeros(name.to_owned()));
    }
    // It never frees either.
    if let Some(name) = inspection
        .ignores_sizes(&module)
        .filter(|_| donor.allocator != Substitute::Mini)
    {
        return Err(Refusal::Sizes(name.to_owned()));
    }
    graft::graft(module, inspection, donor)
}
