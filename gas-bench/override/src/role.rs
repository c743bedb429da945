//! The functions by which an allocator is called.
//!
//! Lives here: which they are, by name and by type. Not here: where they stand in a module (`inspect`), nor in the allocator that takes
//! their place (`donor`).

use std::fmt;

use stylus_vm::profile::AllocatorCall;
use wasmparser::{FuncType, ValType};

/// A language whose programs call an allocator by names of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// `__rust_alloc` and the like, to which everything in `std::alloc` leads.
    Rust,
    /// `malloc` and the like.
    C,
}

/// What one function of an allocator is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// A function of [`Family::Rust`].
    Rust(AllocatorCall),
    /// The same as a method of `GlobalAlloc`, which optimised code calls directly.
    Method(AllocatorCall),
    /// A method without its parameter for the allocator itself, which is the same for all callers: link-time optimisation removes it.
    Bare(AllocatorCall),
    /// A method that frees and is told only a block and either its size or its alignment: its replacement has to do without both.
    Forget,
    /// `malloc`
    Malloc,
    /// `calloc`
    Calloc,
    /// `realloc`
    Realloc,
    /// `free`
    Free,
    /// `aligned_alloc`
    AlignedAlloc,
    /// `posix_memalign`
    PosixMemalign,
    /// `malloc_usable_size`
    MallocUsableSize,
}

/// What else a C library's allocator may have. These functions look into its state, which will be gone.
const MEDDLERS: [&str; 6] = [
    "mallinfo",
    "mallinfo2",
    "malloc_trim",
    "mallopt",
    "memalign",
    "valloc",
];

impl Role {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Rust(AllocatorCall::Allocate),
        Self::Rust(AllocatorCall::AllocateZeroed),
        Self::Rust(AllocatorCall::Reallocate),
        Self::Rust(AllocatorCall::Deallocate),
        Self::Method(AllocatorCall::Allocate),
        Self::Method(AllocatorCall::AllocateZeroed),
        Self::Method(AllocatorCall::Reallocate),
        Self::Method(AllocatorCall::Deallocate),
        Self::Bare(AllocatorCall::Allocate),
        Self::Bare(AllocatorCall::AllocateZeroed),
        Self::Bare(AllocatorCall::Reallocate),
        Self::Bare(AllocatorCall::Deallocate),
        Self::Forget,
        Self::Malloc,
        Self::Calloc,
        Self::Realloc,
        Self::Free,
        Self::AlignedAlloc,
        Self::PosixMemalign,
        Self::MallocUsableSize,
    ];

    /// The role of a function called `name`, demangled. Rust's functions are `__rust_alloc` and the like from the compiler and, behind
    /// them, `__rdl_alloc` or `__rg_alloc` from the standard library or the crate that chose the allocator.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "malloc" => Self::Malloc,
            "calloc" => Self::Calloc,
            "realloc" => Self::Realloc,
            "free" => Self::Free,
            "aligned_alloc" => Self::AlignedAlloc,
            "posix_memalign" => Self::PosixMemalign,
            "malloc_usable_size" => Self::MallocUsableSize,
            _ => {
                if let Some(call) = AllocatorCall::of_method(name) {
                    return Some(Self::Method(call));
                }
                let last = name.rsplit("::").next().unwrap_or(name);
                let behind = ["__rdl_", "__rg_"]
                    .iter()
                    .find_map(|prefix| last.strip_prefix(prefix));
                let front = behind.map(|rest| format!("__rust_{rest}"));
                let (call, _) = AllocatorCall::of(front.as_deref().unwrap_or(last))?;
                Self::Rust(call)
            }
        })
    }

    /// Its role if it has this type: the one that its name says, or that of a method that has lost parameters.
    pub(crate) fn with_type(self, ty: &FuncType) -> Option<Self> {
        let fewer = match self {
            Self::Method(AllocatorCall::Deallocate) => {
                vec![Self::Bare(AllocatorCall::Deallocate), Self::Forget]
            }
            Self::Method(call) => vec![Self::Bare(call)],
            _ => Vec::new(),
        };
        let mut known = [self].into_iter().chain(fewer);
        known.find(|role| role.ty() == *ty)
    }

    /// Whether it gets memory.
    pub(crate) const fn gets(self) -> bool {
        use AllocatorCall::{Allocate, AllocateZeroed};
        matches!(
            self,
            Self::Rust(Allocate | AllocateZeroed)
                | Self::Method(Allocate | AllocateZeroed)
                | Self::Bare(Allocate | AllocateZeroed)
                | Self::Malloc
                | Self::Calloc
                | Self::AlignedAlloc
                | Self::PosixMemalign
        )
    }

    /// The language whose programs call it.
    pub const fn family(self) -> Family {
        match self {
            Self::Rust(_) | Self::Method(_) | Self::Bare(_) | Self::Forget => Family::Rust,
            _ => Family::C,
        }
    }

    /// The type that such a function has on wasm32.
    pub(crate) fn ty(self) -> FuncType {
        let (parameters, results) = match self {
            Self::Rust(AllocatorCall::Allocate | AllocatorCall::AllocateZeroed) => (2, 1),
            Self::Rust(AllocatorCall::Reallocate) => (4, 1),
            Self::Rust(AllocatorCall::Deallocate) => (3, 0),
            Self::Method(AllocatorCall::Allocate | AllocatorCall::AllocateZeroed) => (3, 1),
            Self::Method(AllocatorCall::Reallocate) => (5, 1),
            Self::Method(AllocatorCall::Deallocate) => (4, 0),
            Self::Bare(AllocatorCall::Allocate | AllocatorCall::AllocateZeroed) => (2, 1),
            Self::Bare(AllocatorCall::Reallocate) => (4, 1),
            Self::Bare(AllocatorCall::Deallocate) => (3, 0),
            Self::Forget => (2, 0),
            Self::Malloc | Self::MallocUsableSize => (1, 1),
            Self::Calloc | Self::Realloc | Self::AlignedAlloc => (2, 1),
            Self::Free => (1, 0),
            Self::PosixMemalign => (3, 1),
        };
        FuncType::new(vec![ValType::I32; parameters], vec![ValType::I32; results])
    }

    /// Whether a function called `name` works on the state of C's allocator without being one that can be replaced.
    pub(crate) fn is_meddler(name: &str) -> bool {
        MEDDLERS.contains(&name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust(AllocatorCall::Allocate) => "__rust_alloc",
            Self::Rust(AllocatorCall::AllocateZeroed) => "__rust_alloc_zeroed",
            Self::Rust(AllocatorCall::Reallocate) => "__rust_realloc",
            Self::Rust(AllocatorCall::Deallocate) => "__rust_dealloc",
            Self::Method(AllocatorCall::Allocate) | Self::Bare(AllocatorCall::Allocate) => {
                "GlobalAlloc>::alloc"
            }
            Self::Method(AllocatorCall::AllocateZeroed)
            | Self::Bare(AllocatorCall::AllocateZeroed) => "GlobalAlloc>::alloc_zeroed",
            Self::Method(AllocatorCall::Reallocate) | Self::Bare(AllocatorCall::Reallocate) => {
                "GlobalAlloc>::realloc"
            }
            Self::Method(AllocatorCall::Deallocate)
            | Self::Bare(AllocatorCall::Deallocate)
            | Self::Forget => "GlobalAlloc>::dealloc",
            Self::Malloc => "malloc",
            Self::Calloc => "calloc",
            Self::Realloc => "realloc",
            Self::Free => "free",
            Self::AlignedAlloc => "aligned_alloc",
            Self::PosixMemalign => "posix_memalign",
            Self::MallocUsableSize => "malloc_usable_size",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_age_are_known() {
        use AllocatorCall::{Allocate, AllocateZeroed, Deallocate, Reallocate};
        for (name, role) in [
            ("__rust_alloc", Some(Role::Rust(Allocate))),
            ("__rustc::__rust_dealloc", Some(Role::Rust(Deallocate))),
            (
                "__rustc[5224e6b81cd82a8f]::__rust_realloc",
                Some(Role::Rust(Reallocate)),
            ),
            ("__rdl_alloc_zeroed", Some(Role::Rust(AllocateZeroed))),
            ("__rustc::__rdl_alloc", Some(Role::Rust(Allocate))),
            ("__rg_dealloc", Some(Role::Rust(Deallocate))),
            (
                "<mini_alloc::imp::MiniAlloc as core::alloc::global::GlobalAlloc>::alloc",
                Some(Role::Method(Allocate)),
            ),
            (
                "<a::B as core::alloc::global::GlobalAlloc>::dealloc::{{closure}}",
                None,
            ),
            ("<a::Alloc as a::Other>::alloc", None),
            ("malloc", Some(Role::Malloc)),
            ("realloc", Some(Role::Realloc)),
            ("__rust_no_alloc_shim_is_unstable_v2", None),
            ("__rust_alloc_error_handler", None),
            ("__rdl_", None),
            ("my::malloc", None),
            ("", None),
        ] {
            assert_eq!(Role::of(name), role, "{name}");
        }
    }

    /// Theorem: a role's name and type are those of a function in the role.
    #[test]
    fn roles_are_called_what_they_are() {
        for role in Role::ALL {
            let named = Role::of(&role.to_string()).unwrap();
            assert_eq!(named.with_type(&role.ty()), Some(role));
            assert!(!Role::is_meddler(&role.to_string()));
        }
    }
}
