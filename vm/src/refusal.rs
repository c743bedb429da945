//! Why a module cannot become a program: one variant per rule.
//!
//! Lives here: the refusals, each with one sentence, its offset in the file, and advice. Not here: the rules.

use std::ops::Range;

use crate::config::StylusParams;
use crate::pages::Pages;

/// The Stylus VM does not accept this module.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The chain's Stylus parameters name an unsupported version.
    #[error("Stylus version {version} is not known: {last} is the newest", last = StylusParams::LAST_VERSION)]
    StylusVersion {
        /// The version.
        version: u16,
    },
    /// The decompressed module is larger than the chain's MaxWasmSize.
    #[error("the wasm has {size} bytes and the chain allows {limit}")]
    TooLarge {
        /// Bytes of the module.
        size: usize,
        /// Bytes allowed.
        limit: u32,
    },
    /// The bytes are not a WebAssembly module, or it uses a disabled proposal.
    #[error("not valid WebAssembly for the Stylus VM: {message}")]
    Invalid {
        /// What the validator says.
        message: Box<str>,
        /// Byte offset in the file.
        offset: usize,
    },
    /// A section that no Stylus program may have.
    #[error("a Stylus program may not have a {section} section")]
    Section {
        /// The section's name.
        section: &'static str,
        /// Byte offset in the file.
        offset: usize,
    },
    /// A WebAssembly construct that the VM does not support in this place.
    #[error("{construct} is not supported by the Stylus VM")]
    Construct {
        /// The construct.
        construct: &'static str,
        /// Byte offset in the file.
        offset: usize,
    },
    /// An unsupported operator.
    #[error("the operator `{operator}` is not supported by the Stylus VM")]
    Operator {
        /// Its name in wasmparser's spelling.
        operator: Box<str>,
        /// Byte offset in the file.
        offset: usize,
    },
    /// An operator on floating-point numbers.
    #[error("the floating-point operator `{operator}` is not available in the Stylus VM")]
    Float {
        /// Its name in wasmparser's spelling.
        operator: Box<str>,
        /// Byte offset in the file.
        offset: usize,
    },
    /// An import that is not a function.
    #[error("the import {module}.{name} is not a function")]
    ImportKind {
        /// The module imported from.
        module: Box<str>,
        /// The name imported.
        name: Box<str>,
        /// Byte offset in the file.
        offset: usize,
    },
    /// An import that the VM does not offer.
    #[error("the Stylus VM offers no import {module}.{name}")]
    UnknownImport {
        /// The module imported from.
        module: Box<str>,
        /// The name imported.
        name: Box<str>,
        /// Byte offset in the file.
        offset: usize,
    },
    /// A host call imported with the wrong type.
    #[error("the import vm_hooks.{name} has another type in the Stylus VM")]
    ImportType {
        /// The name imported.
        name: Box<str>,
        /// Byte offset in the file.
        offset: usize,
    },
    /// The same import twice, with different types.
    #[error("the import {module}.{name} appears twice, with different types")]
    ImportTwice {
        /// The module imported from.
        module: Box<str>,
        /// The name imported.
        name: Box<str>,
    },
    /// An export whose name, after its last `__`, is that of an import.
    #[error("the export {export} has the name of the import {import}")]
    ExportsImport {
        /// The exported name.
        export: Box<str>,
        /// The import it collides with.
        import: Box<str>,
    },
    /// A name reserved for the VM.
    #[error("the name {name} is reserved: names may not begin with `stylus`")]
    ReservedName {
        /// The name.
        name: Box<str>,
    },
    /// No `user_entrypoint` function.
    #[error("the module exports no function user_entrypoint")]
    NoEntrypoint,
    /// A `user_entrypoint` of the wrong type.
    #[error("user_entrypoint must take one i32 and return one i32")]
    EntrypointType,
    /// No memory, or none exported as `memory`.
    #[error("the module exports no memory under the name memory")]
    NoMemory,
    /// Memory can grow, but the host call that pays for it is not imported.
    #[error("the module's memory can grow but it does not import vm_hooks.pay_for_memory_grow")]
    NoPayForMemoryGrow {
        /// Byte offset in the file.
        offset: usize,
    },
    /// A start function, on a chain that is not configured for debugging.
    #[error("the module has a start function")]
    StartFunction {
        /// Byte offset in the file.
        offset: usize,
    },
    /// More initial pages than a program may have.
    #[error("the memory begins with {pages} pages and {limit} are allowed")]
    TooManyPages {
        /// Initial pages.
        pages: u64,
        /// Pages allowed.
        limit: Pages,
        /// Byte offset in the file.
        offset: usize,
    },
    /// Too many items of some kind.
    #[error("the module has {count} {what} and {limit} are allowed")]
    TooMany {
        /// The kind of item, in the plural.
        what: &'static str,
        /// How many the module has.
        count: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// A function exceeds a limit.
    #[error("function {function} has {count} {what} and {limit} are allowed")]
    FunctionTooLarge {
        /// The function's index, counting imports.
        function: u32,
        /// The kind of item, in the plural.
        what: &'static str,
        /// How many it has.
        count: u64,
        /// How many are allowed.
        limit: u64,
        /// Byte offset in the file.
        offset: usize,
    },
    /// An active segment does not fit its memory or table.
    #[error("a {segment} segment of {length} at offset {start} does not fit the {into} of {size}")]
    OutOfBounds {
        /// `data` or `element`.
        segment: &'static str,
        /// Where it would begin; an i32 for elements, unsigned for data.
        start: i64,
        /// Its length, in bytes or entries.
        length: usize,
        /// `memory` or `table`.
        into: &'static str,
        /// The size of the memory or table, in bytes or entries.
        size: u64,
        /// Byte offset in the file.
        offset: usize,
    },
    /// A cost estimate does not fit the chain's 16 bits.
    #[error("the program's {what} of {cost} units of gas does not fit 16 bits")]
    CostTooLarge {
        /// `init cost` or `cached init cost`.
        what: &'static str,
        /// The estimate.
        cost: u64,
    },
    /// A chain would accept the module, but no compiler here finishes it in time. Only a host that opts in gets this
    /// refusal.
    #[error("a chain may accept this module, but compiling it here would take too long: {why}")]
    Uncompilable {
        /// Which limit it exceeds.
        why: Box<str>,
    },
    /// Activation costs more gas than available.
    #[error("activation ran out of gas while paying for {item}")]
    OutOfGas {
        /// The item that could not be paid for.
        item: &'static str,
    },
}

/// A name from a module, made displayable: no control characters, and short enough for a sentence.
pub(crate) fn shown(name: &str) -> Box<str> {
    const MOST_CHARACTERS: usize = 80;
    let mut text: String = name.escape_debug().take(MOST_CHARACTERS).collect();
    if name.chars().count() > MOST_CHARACTERS {
        text.push('…');
    }
    text.into()
}

/// A module reader's message, without the bytes that it lists if the header is wrong.
pub(crate) fn reader_words(error: &wasmparser::Error) -> &str {
    let message = error.message();
    let words = message.split_once(" - expected=");
    words.map_or(message, |(words, _)| words)
}

impl Refusal {
    /// The validator's refusal.
    pub(crate) fn invalid(error: &wasmparser::Error) -> Self {
        Self::Invalid {
            message: reader_words(error).into(),
            offset: error.offset(),
        }
    }

    /// The refusal of a `section` at `range`.
    pub(crate) fn section(section: &'static str, range: &Range<usize>) -> Self {
        Self::Section {
            section,
            offset: range.start,
        }
    }

    /// The byte offset of the cause, if it has a single place in the file.
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Invalid { offset, .. }
            | Self::Section { offset, .. }
            | Self::Construct { offset, .. }
            | Self::Operator { offset, .. }
            | Self::Float { offset, .. }
            | Self::ImportKind { offset, .. }
            | Self::UnknownImport { offset, .. }
            | Self::ImportType { offset, .. }
            | Self::TooManyPages { offset, .. }
            | Self::FunctionTooLarge { offset, .. }
            | Self::NoPayForMemoryGrow { offset }
            | Self::StartFunction { offset }
            | Self::OutOfBounds { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// What the author of the contract can do about it, if there is a known answer.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::TooLarge { .. } => {
                "build with opt-level \"z\", lto = true and panic = \"abort\", run wasm-opt -Oz, or split the contract"
            }
            Self::Invalid { message, .. } => return advice_on_validation(message),
            Self::Section {
                section: "data count",
                ..
            } => {
                "a compiler writes it for bulk memory, and `stylus-vm process`, as `cargo stylus`, takes it out; wasm-opt writes it, too, where \
                 --enable-bulk-memory is on, and after that nobody takes it out: run it with --disable-bulk-memory --enable-bulk-memory-opt, in a version \
                 that knows it, or without enabling bulk memory at all"
            }
            Self::Operator { .. } => {
                "build without that WebAssembly proposal (-C target-feature=-bulk-memory,-reference-types)"
            }
            Self::Float { .. } => {
                "replace f32 and f64 arithmetic by integers or fixed point, also in dependencies"
            }
            Self::UnknownImport { module, .. } if &**module == "console" => {
                "the console exists only on debug chains: build without the SDK's `debug` feature"
            }
            Self::UnknownImport { module, name, .. } if &**module == "vm_hooks" => {
                return Some(advice_on_import(name));
            }
            Self::UnknownImport { module, name, .. }
                if &**module == "env" && &**name == "abort" =>
            {
                "only the functions of `vm_hooks` exist: compile AssemblyScript with `--use abort=`, which ends the program instead"
            }
            Self::UnknownImport { .. } => {
                "only the functions of `vm_hooks` exist: find the dependency that needs this one and remove it"
            }
            Self::ImportKind { .. } => {
                "only the functions of `vm_hooks` can be imported: link the program whole, with a memory of its own (no --import-memory or -c)"
            }
            Self::ImportType { .. } => "use the declarations of a current stylus-sdk",
            Self::NoEntrypoint | Self::EntrypointType => {
                "export `user_entrypoint`, from an i32 to an i32: stylus-sdk's #[entrypoint] on the contract does, built as a cdylib"
            }
            Self::NoMemory => "let the linker export the memory (it does unless told otherwise)",
            Self::NoPayForMemoryGrow { .. } => {
                "import it, as stylus-sdk's #[entrypoint] does, or link with --max-memory equal to --initial-memory"
            }
            Self::StartFunction { .. } => {
                "nothing runs before `user_entrypoint`, so initialise there: in Rust, build as a cdylib without constructors"
            }
            Self::TooManyPages { .. } => {
                "shrink the stack (-C link-arg=-zstack-size=32768) and large statics: a page is 64 KiB"
            }
            Self::FunctionTooLarge { .. } => {
                "split the function, or build with opt-level \"z\" so that less is inlined"
            }
            Self::Uncompilable { .. } => {
                "split the function, or give it fewer locals, blocks or targets of branch tables"
            }
            Self::CostTooLarge {
                what: "init cost", ..
            } => {
                "make the module smaller, above all its number of functions and the bytes of its code"
            }
            Self::CostTooLarge { .. } => {
                "make the module smaller, above all the constant data in it, or write that to storage after deployment"
            }
            _ => return None,
        })
    }
}

/// What replaced a host call that early versions of the SDK import.
fn advice_on_import(name: &str) -> &'static str {
    match name {
        "memory_grow" => {
            "it became `pay_for_memory_grow` before programs went on Arbitrum One: build with stylus-sdk 0.5 or later"
        }
        "storage_store_bytes32" => {
            "it became `storage_cache_bytes32` and `storage_flush_cache` before programs went on Arbitrum One: build with stylus-sdk 0.5 or \
             later"
        }
        _ => {
            "`vm_hooks` has no such function: find the dependency that needs this one and remove it, or build with a current stylus-sdk"
        }
    }
}

/// The validator names proposals; authors disable them by target feature.
fn advice_on_validation(message: &str) -> Option<&'static str> {
    const ADVICE: [(&str, &str); 8] = [
        (
            "magic header",
            "name the .wasm file that the compiler wrote, or WebAssembly text",
        ),
        (
            "zero byte expected",
            "re-encode the module, as `stylus-vm process` and `cargo stylus` do: the table index of a call_indirect is overlong",
        ),
        (
            "reference",
            "build with -C target-feature=-reference-types and re-encode the module",
        ),
        ("SIMD", "build without -C target-feature=+simd128"),
        ("memory64", "build for wasm32: its addresses have 32 bits"),
        ("threads", "build without -C target-feature=+atomics"),
        ("multi-value", "build with -C target-feature=-multivalue"),
        ("tail calls", "build without -C target-feature=+tail-call"),
    ];
    ADVICE
        .iter()
        .find(|(word, _)| message.contains(word))
        .map(|(_, advice)| *advice)
}
