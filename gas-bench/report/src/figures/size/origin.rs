//! Which crate's code a function is, judged by its name.
//!
//! Lives here: parsing Rust paths, and the names that are not such paths. Not here: where names come from (`measure::size`). Inlined code
//! counts for the function it was inlined into: its name does not show it.

use std::fmt::Write as _;

/// The glue by which the compiler connects `alloc` with the allocator that the contract installs.
pub const ALLOCATOR_SHIM: &str = "allocator shim";

/// The arithmetic and memory-copying functions that the compiler relies on.
pub const COMPILER_BUILTINS: &str = "compiler_builtins";

/// The contract itself, whose entry point does not state its crate.
pub const CONTRACT: &str = "contract";

/// How a panic reaches its handler, and what the process does next.
pub const PANIC_RUNTIME: &str = "panic runtime";

/// Names that are not Rust paths: exported functions, and functions from other languages.
pub const UNMANGLED: &str = "unmangled names";

/// Functions without a name in the module.
pub const UNNAMED: &str = "unnamed functions";

/// The crate of the standard library that has the methods of primitive types. (`alloc` has some, too, but a name does not show that.)
const CORE: &str = "core";

/// `symbol` as a Rust path, without its hash; unchanged if it is not mangled.
pub fn demangled(symbol: &str) -> String {
    let mut name = String::new();
    // Not `to_string`, which panics if the demangler gives up within a symbol.
    match write!(name, "{:#}", rustc_demangle::demangle(symbol)) {
        Ok(()) => name,
        Err(_) => symbol.to_owned(),
    }
}

/// The crate of the function that [`demangled`] calls `name`, or one of the constants here.
///
/// A method belongs to the crate of its type; if that type belongs to no crate, as references and numbers do, to the crate of the trait.
pub fn origin(name: &str) -> &str {
    if let Some(shim) = name.strip_prefix("__rustc::") {
        return runtime(shim).unwrap_or(PANIC_RUNTIME);
    }
    if name.contains("::") {
        return of_path(name).unwrap_or(UNMANGLED);
    }
    match name {
        "" => UNNAMED,
        "user_entrypoint" | "mark_used" => CONTRACT,
        _ if is_builtin(name) => COMPILER_BUILTINS,
        _ => runtime(name).unwrap_or(UNMANGLED),
    }
}

/// The end of a path: a function's own name, or, if it has none itself, the name of the one that contains it.
pub fn last_segment(path: &str) -> &str {
    const SEPARATOR: &str = "::";
    let separators =
        scan(path).filter(|&(at, depth, _)| depth == 0 && path[at..].starts_with(SEPARATOR));
    let mut last = path;
    for (at, ..) in separators {
        let segment = &path[at + SEPARATOR.len()..];
        // Skips closures and generic arguments.
        if !segment.starts_with(['{', '<']) {
            last = segment;
        }
    }
    last
}

/// The category of a symbol that the compiler generates or expects.
fn runtime(name: &str) -> Option<&'static str> {
    const ALLOCATOR: [&str; 3] = ["__rust_", "__rg_", "__rdl_"];
    const PANIC: [&str; 8] = [
        "__rust_abort",
        "__rust_drop_panic",
        "__rust_foreign_exception",
        "__rust_panic_cleanup",
        "__rust_start_panic",
        "rust_begin_unwind",
        "rust_eh_personality",
        "rust_panic",
    ];
    if PANIC.contains(&name) {
        return Some(PANIC_RUNTIME);
    }
    let shim = ALLOCATOR.iter().any(|prefix| name.starts_with(prefix));
    shim.then_some(ALLOCATOR_SHIM)
}

/// Whether `name` is a function of compiler_builtins: it copies memory, or names its operand types by the letters of GCC's machine modes.
fn is_builtin(name: &str) -> bool {
    const MEMORY: [&str; 6] = ["bcmp", "memcmp", "memcpy", "memmove", "memset", "strlen"];
    const MODES: [&str; 7] = ["si", "di", "ti", "hf", "sf", "df", "tf"];
    if MEMORY.contains(&name) {
        return true;
    }
    let Some(operation) = name.strip_prefix("__") else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    // Operations on one mode, or between two, end in a digit that counts the operands.
    let stem = operation.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let converts = operation.starts_with("fix") || operation.starts_with("float");
    operation.bytes().all(plain)
        && (stem.len() < operation.len() || converts)
        && MODES.iter().any(|mode| stem.ends_with(mode))
}

/// The crate of a path with a `::` in it.
fn of_path(path: &str) -> Option<&str> {
    let Some(inner) = path.strip_prefix('<') else {
        return leading(path);
    };
    let inner = &inner[..closing(inner)?];
    match split_at_as(inner) {
        // An inherent method.
        None => Some(of_type(inner).unwrap_or(CORE)),
        Some((self_type, of_trait)) => of_type(self_type).or_else(|| of_path(of_trait)),
    }
}

/// The crate that a type is from; `None` if it belongs to no crate.
fn of_type(name: &str) -> Option<&str> {
    let name = name.trim_start();
    let name = name.strip_prefix("dyn ").unwrap_or(name);
    if name.starts_with('<') {
        return of_path(name);
    }
    let first = leading(name)?;
    // `T`, `Self` and `u8` are not paths.
    name[first.len()..].starts_with("::").then_some(first)
}

/// The leading identifier of a path.
fn leading(path: &str) -> Option<&str> {
    let is_inner = |character: char| character == '_' || character.is_alphanumeric();
    let end = path.find(|character| !is_inner(character));
    let first = &path[..end.unwrap_or(path.len())];
    let is_name = first.starts_with(|first: char| first == '_' || first.is_alphabetic());
    is_name.then_some(first)
}

/// Where the bracket opened in front of `text` closes.
fn closing(text: &str) -> Option<usize> {
    scan(text)
        .find(|&(_, depth, character)| depth == 0 && character == '>')
        .map(|(at, ..)| at)
}

/// The two sides of the ` as ` outside any brackets.
fn split_at_as(text: &str) -> Option<(&str, &str)> {
    const AS: &str = " as ";
    let (at, ..) = scan(text).find(|&(at, depth, _)| depth == 0 && text[at..].starts_with(AS))?;
    Some((&text[..at], &text[at + AS.len()..]))
}

/// The characters of `text`, each with its position and the number of brackets open in front of it. The heads of arrows are left out:
/// they are not brackets.
fn scan(text: &str) -> impl Iterator<Item = (usize, usize, char)> {
    let mut depth = 0_usize;
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, character)| {
        let is_arrow = before == '-' && character == '>';
        before = character;
        if is_arrow {
            return None;
        }
        let outside = depth;
        match character {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        Some((at, outside, character))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(symbol: &str, path: &str, from: &str) {
        let name = demangled(symbol);
        assert_eq!(name, path);
        assert_eq!(origin(&name), from, "{name}");
    }

    #[test]
    fn symbols_of_the_first_mangling() {
        for (symbol, path, from) in [
            (
                "_ZN5erc205Erc208transfer17hd50f5ebff3111b93E",
                "erc20::Erc20::transfer",
                "erc20",
            ),
            (
                "_ZN4core3ptr51drop_in_place$LT$alloy_sol_types..errors..Error$GT$17h5fc500ae7a489f42E",
                "core::ptr::drop_in_place<alloy_sol_types::errors::Error>",
                "core",
            ),
            (
                "_ZN76_$LT$stylus_sdk..host..WasmVM$u20$as$u20$stylus_core..host..RawLogAccess$GT$8emit_log17h3e620804d0529babE",
                "<stylus_sdk::host::WasmVM as stylus_core::host::RawLogAccess>::emit_log",
                "stylus_sdk",
            ),
            (
                "_ZN5erc2097_$LT$impl$u20$core..convert..From$LT$erc20..Refusal$GT$$u20$for$u20$alloc..vec..Vec$LT$u8$GT$$GT$4from17ha38985dd69038a4aE",
                "erc20::<impl core::convert::From<erc20::Refusal> for alloc::vec::Vec<u8>>::from",
                "erc20",
            ),
            (
                "_ZN5alloc7raw_vec20RawVecInner$LT$A$GT$11finish_grow17h3d23a48bcb0a560eE.llvm.123",
                "alloc::raw_vec::RawVecInner<A>::finish_grow",
                "alloc",
            ),
        ] {
            check(symbol, path, from);
        }
    }

    #[test]
    fn symbols_of_the_second_mangling() {
        for (symbol, path, from) in [
            (
                "_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc",
                "__rustc::__rust_alloc",
                ALLOCATOR_SHIM,
            ),
            (
                "_RNvCsfLfy6EI15iL_7___rustc35___rust_no_alloc_shim_is_unstable_v2",
                "__rustc::__rust_no_alloc_shim_is_unstable_v2",
                ALLOCATOR_SHIM,
            ),
            (
                "_RNvCsfLfy6EI15iL_7___rustc17rust_begin_unwind",
                "__rustc::rust_begin_unwind",
                PANIC_RUNTIME,
            ),
            (
                "_RNvXNtCsgXGp5Oqx2Ny_4core3anyReNtB2_3Any7type_idCsebHcaeoSrxy_3std",
                "<&str as core::any::Any>::type_id",
                "core",
            ),
            (
                "_RNvXsZ_NtCs5cOc02OMXlo_5alloc6stringNtB5_6StringNtNtCsgXGp5Oqx2Ny_4core3fmt5Write10write_char",
                "<alloc::string::String as core::fmt::Write>::write_char",
                "alloc",
            ),
            (
                "_RNCNvNtCsebHcaeoSrxy_3std5alloc8rust_oom0B5_",
                "std::alloc::rust_oom::{closure#0}",
                "std",
            ),
            (
                "_RNvMsa_NtCsgXGp5Oqx2Ny_4core3fmtNtB5_9Formatter12pad_integral",
                "<core::fmt::Formatter>::pad_integral",
                "core",
            ),
            (
                "_RINvNtCsgXGp5Oqx2Ny_4core3ptr13drop_in_placeNtNtCs5cOc02OMXlo_5alloc6string6StringECsebHcaeoSrxy_3std",
                "core::ptr::drop_in_place::<alloc::string::String>",
                "core",
            ),
        ] {
            check(symbol, path, from);
        }
    }

    #[test]
    fn a_method_belongs_to_its_type_or_else_to_its_trait() {
        for (path, from) in [
            (
                "<alloy_primitives::X as core::fmt::Display>::fmt",
                "alloy_primitives",
            ),
            ("<a::X<b::Y> as c::Z<d::W>>::f", "a"),
            ("<a::X as b::Y>::f::{{closure}}", "a"),
            ("<&a::X as core::fmt::Debug>::fmt", "core"),
            ("<&mut W as core::fmt::Write>::write_str", "core"),
            ("<*const T as core::fmt::Pointer>::fmt", "core"),
            ("<[a::X] as b::Y>::f", "b"),
            ("<[u8; 32] as b::Y>::f", "b"),
            ("<(a::X, u8) as b::Y>::f", "b"),
            ("<u64 as alloy_sol_types::SolValue>::f", "alloy_sol_types"),
            ("<T as alloc::string::ToString>::to_string", "alloc"),
            ("<_ as b::Y>::f", "b"),
            ("<Self as b::Y>::f", "b"),
            ("<str as b::Y>::f", "b"),
            ("<() as b::Y>::f", "b"),
            ("<! as b::Y>::f", "b"),
            ("<fn(a::X) -> a::Y as b::Y>::f", "b"),
            ("<a::X<fn(u8) -> u8> as b::Y>::f", "a"),
            ("<dyn a::X as b::Y>::f", "a"),
            ("<dyn a::X>::f", "a"),
            ("<<a::X as b::Y>::Z as c::W>::f", "a"),
            ("<<u8 as b::Y>::Z as c::W>::f", "b"),
            ("<a::X>::f", "a"),
            ("<[u8]>::f", "core"),
            ("<str>::f", "core"),
            ("<b::Y<(a::X as c::Z)> as d::W>::f", "b"),
            (
                "core::ops::function::FnOnce::call_once{{vtable.shim}}",
                "core",
            ),
            ("compiler_builtins::mem::memcpy", COMPILER_BUILTINS),
            ("größe::f", "größe"),
        ] {
            assert_eq!(origin(path), from, "{path}");
        }
    }

    #[test]
    fn the_last_segment_is_a_name() {
        for (path, last) in [
            ("memcpy", "memcpy"),
            ("a::b::c", "c"),
            ("<a::X as b::Y<c::Z>>::f", "f"),
            ("a::b::{{closure}}", "b::{{closure}}"),
            (
                "a::b::{closure#0}::{closure#1}",
                "b::{closure#0}::{closure#1}",
            ),
            ("core::ptr::drop_in_place::<a::X>", "drop_in_place::<a::X>"),
            ("core::ptr::drop_in_place<a::X>", "drop_in_place<a::X>"),
            ("a::<impl b::Y for c::Z>::f", "f"),
            ("a::call<fn(u8) -> b::X>", "call<fn(u8) -> b::X>"),
            ("", ""),
            ("::", ""),
        ] {
            assert_eq!(last_segment(path), last, "{path}");
        }
    }

    #[test]
    fn names_that_are_no_path() {
        for (name, from) in [
            ("user_entrypoint", CONTRACT),
            ("mark_used", CONTRACT),
            ("memcpy", COMPILER_BUILTINS),
            ("memset", COMPILER_BUILTINS),
            ("__multi3", COMPILER_BUILTINS),
            ("__udivti3", COMPILER_BUILTINS),
            ("__ashlti3", COMPILER_BUILTINS),
            ("__floatuntidf", COMPILER_BUILTINS),
            ("__fixunsdfti", COMPILER_BUILTINS),
            ("__truncdfsf2", COMPILER_BUILTINS),
            ("__wasm_call_ctors", UNMANGLED),
            ("__fixture", UNMANGLED),
            ("__rust_alloc", ALLOCATOR_SHIM),
            ("__rg_dealloc", ALLOCATOR_SHIM),
            ("__rdl_oom", ALLOCATOR_SHIM),
            ("rust_begin_unwind", PANIC_RUNTIME),
            ("__rust_start_panic", PANIC_RUNTIME),
            ("checked_fault", UNMANGLED),
            ("secp256k1_ecdsa_verify", UNMANGLED),
            ("", UNNAMED),
        ] {
            assert_eq!(origin(name), from, "{name}");
        }
    }

    #[test]
    fn what_is_half_a_path_is_nobodys() {
        for name in [
            "<",
            "<a::X",
            "<a::X as b::Y",
            "::",
            "::a",
            "<>::f",
            "1::a",
            "<<::>",
            "-> ::",
        ] {
            assert!([UNMANGLED, CORE].contains(&origin(name)), "{name}");
        }
    }
}
