//! Where the ink went: the breakdown of a run by function and by host call.
//!
//! Lives here: the data that a profiled run returns. Not here: recording it (`profile::record`), the hooks in the program
//! (`instrument::profile`), and any rendering.
//!
//! Theorem: the parts add up. The own ink of all nodes of the call tree, plus what was forfeited, is the report's `ink_used`; the
//! same holds for all functions and host calls.

pub(crate) mod record;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wasmparser::{KnownCustom, Name, NameSectionReader, Parser, Payload};

use crate::ink::Ink;

/// What a node of the call tree represents.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Callee {
    /// A function of the program, by its position in [`Profile::functions`].
    Function(usize),
    /// A host call, by name.
    Hostio(Cow<'static, str>),
}

/// One node of the call tree: a callee reached from the entry point by one path.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Node {
    /// What was called.
    pub callee: Callee,
    /// The caller's position in [`Profile::tree`], always before this one's; `None` for the entry point.
    pub parent: Option<usize>,
    /// How often it was called.
    pub calls: u64,
    /// Ink spent here, without callees.
    pub self_ink: Ink,
}

/// One function, over all paths to it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FunctionInk {
    /// Its index in the module, counting imports.
    pub index: u32,
    /// Its name, demangled; `function[index]` if the module has none for it.
    pub name: String,
    /// How often it was called.
    pub calls: u64,
    /// Ink spent in it, without callees.
    pub self_ink: Ink,
    /// Ink spent in it and its callees; recursive calls count once.
    pub total_ink: Ink,
}

/// One kind of host call, over all paths to it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostioInk {
    /// Its name.
    pub name: Cow<'static, str>,
    /// How often it was called.
    pub calls: u64,
    /// Ink it took.
    pub ink: Ink,
}

/// The size of memory from some moment on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MemorySize {
    /// Ink used by then.
    pub ink_used: Ink,
    /// Pages of memory.
    pub pages: u64,
}

/// What an allocator's function does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum AllocatorCall {
    /// A new block.
    Allocate,
    /// A new block of zeros.
    AllocateZeroed,
    /// A block grows or shrinks.
    Reallocate,
    /// A block is freed.
    Deallocate,
}

/// One function's direct requests to the allocator.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Allocator {
    /// The caller's position in [`Profile::functions`].
    pub caller: usize,
    /// The kind of request.
    pub call: AllocatorCall,
    /// How often the caller made it.
    pub calls: u64,
    /// Total bytes requested; for frees, the size.
    pub bytes: u64,
}

/// The requests to the allocator, as far as they are visible.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Allocations {
    /// The allocator's functions that exist as functions, by name.
    pub seen: Vec<String>,
    /// Kinds of request that may have happened unseen: these functions were inlined, are unused, or have no name.
    pub unseen: Vec<AllocatorCall>,
    /// Requests by caller, in the order of [`Profile::functions`].
    pub calls: Vec<Allocator>,
    /// The most bytes live at once, among visible requests.
    pub peak_bytes: u64,
    /// Bytes still live at the end, among visible requests.
    pub live_bytes: u64,
}

/// Where the ink of one run went.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Profile {
    /// Every function that was called, by index.
    pub functions: Vec<FunctionInk>,
    /// Every kind of host call that was made, by name.
    pub hostios: Vec<HostioInk>,
    /// The call tree; callers before callees.
    pub tree: Vec<Node>,
    /// Ink that was taken but not spent, because it was not enough for the next step.
    pub forfeited: Ink,
    /// Each change of the memory's size, starting with the initial size.
    pub memory: Vec<MemorySize>,
    /// The requests to the allocator.
    pub allocations: Allocations,
    /// Whether the call tree was too large to keep whole.
    pub truncated: bool,
}

impl AllocatorCall {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::Allocate,
        Self::AllocateZeroed,
        Self::Reallocate,
        Self::Deallocate,
    ];

    /// What the function called `name` does, and how many parameters such a function has: Rust's functions behind `std::alloc`,
    /// which every allocation goes through, by their names before and after mangling.
    pub fn of(name: &str) -> Option<(Self, u32)> {
        let name = name.rsplit("::").next().unwrap_or(name);
        Some(match name {
            "__rust_alloc" => (Self::Allocate, 2),
            "__rust_alloc_zeroed" => (Self::AllocateZeroed, 2),
            "__rust_realloc" => (Self::Reallocate, 4),
            "__rust_dealloc" => (Self::Deallocate, 3),
            _ => return None,
        })
    }

    /// What the function called `name` does if it is a method of `GlobalAlloc`, demangled: optimised code calls it directly. Its
    /// parameters are the allocator, the block if there is one, the layout's alignment and size, and the new size.
    pub fn of_method(name: &str) -> Option<Self> {
        Some(match name.rsplit_once("GlobalAlloc>::")?.1 {
            "alloc" => Self::Allocate,
            "alloc_zeroed" => Self::AllocateZeroed,
            "realloc" => Self::Reallocate,
            "dealloc" => Self::Deallocate,
            _ => return None,
        })
    }

    /// What the function called `name` does if it is one of the allocator's.
    pub(crate) fn seen(name: &str) -> Option<Self> {
        match Self::of(name) {
            Some((call, _)) => Some(call),
            None => Self::of_method(name),
        }
    }

    /// Where the allocator's function called `name`, if it has this many parameters, takes those of [`Self::of`], in that order, if known.
    /// Link-time optimisation drops parameters that a method does not use or that are the same for all callers: the allocator first, then
    /// an alignment.
    pub(crate) fn told(name: &str, parameters: usize) -> Option<&'static [u32]> {
        if let Some((_, count)) = Self::of(name) {
            let all = &[0, 1, 2, 3][..count as usize];
            return (parameters == all.len()).then_some(all);
        }
        Some(match (Self::of_method(name)?, parameters) {
            (Self::Allocate | Self::AllocateZeroed, 3) => &[2, 1],
            (Self::Allocate | Self::AllocateZeroed, 2) => &[1, 0],
            (Self::Allocate | Self::AllocateZeroed, 1) => &[0],
            (Self::Reallocate, 5) => &[1, 3, 2, 4],
            (Self::Reallocate, 4) => &[0, 2, 1, 3],
            (Self::Deallocate, 4) => &[1, 3, 2],
            (Self::Deallocate, 3) => &[0, 2, 1],
            (Self::Deallocate, 2) => &[0, 1],
            _ => return None,
        })
    }
}

/// Names of a program's functions by index, counting imports. A module on a chain has no names; the module that it was made from
/// has them, and has the same functions in the same order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    /// Demangled names, by index.
    names: Arc<BTreeMap<u32, String>>,
}

impl Names {
    /// The names in a module's name section: empty without one, and cut short where it is malformed.
    pub fn of_module(wasm: &[u8]) -> Self {
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload {
                Ok(Payload::CustomSection(section)) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        names.extend(function_names(section));
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        names.into_iter().collect()
    }

    /// The name of a function, if it has one.
    pub fn get(&self, index: u32) -> Option<&str> {
        self.names.get(&index).map(String::as_str)
    }

    /// All of them, by index.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.names
            .iter()
            .map(|(index, name)| (*index, name.as_str()))
    }
}

/// From names as a compiler mangles them.
impl<T: AsRef<str>> FromIterator<(u32, T)> for Names {
    fn from_iter<I: IntoIterator<Item = (u32, T)>>(names: I) -> Self {
        let names = names
            .into_iter()
            .map(|(index, name)| (index, demangle(name.as_ref())));
        Self {
            names: Arc::new(names.collect()),
        }
    }
}

/// The function names in a name section, up to where it is malformed.
fn function_names(section: NameSectionReader<'_>) -> impl Iterator<Item = (u32, &str)> {
    section
        .map_while(Result::ok)
        .filter_map(|subsection| match subsection {
            Name::Function(names) => Some(names),
            _ => None,
        })
        .flat_map(|names| names.into_iter().map_while(Result::ok))
        .map(|naming| (naming.index, naming.name))
}

/// A name as its author wrote it, without a hash. A mangled name can expand to a million characters; one that is too long to be
/// useful stays mangled.
pub(crate) fn demangle(name: &str) -> String {
    const MOST_BYTES: usize = 2_048;
    struct Bounded(String);
    impl fmt::Write for Bounded {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            if self.0.len() + text.len() > MOST_BYTES {
                return Err(fmt::Error);
            }
            self.0.push_str(text);
            Ok(())
        }
    }
    let mut out = Bounded(String::new());
    let written = fmt::write(
        &mut out,
        format_args!("{:#}", rustc_demangle::demangle(name)),
    );
    match written {
        Ok(()) => out.0,
        Err(fmt::Error) => name.chars().take(MOST_BYTES).collect(),
    }
}
