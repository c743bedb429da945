//! This crate's own sources as text, for tools that put the allocator into programs whose authors did not.
//!
//! Lives here: the table of files. Not here: what is done with them.

macro_rules! sources {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!("../", $path)))),*]
    };
}

/// Every file that this library is compiled from, by its path from the package's folder.
pub const SOURCES: &[(&str, &str)] = sources![
    "README.md"
    "src/bump.rs"
    "src/c_api.rs"
    "src/checked.rs"
    "src/checked/fault.rs"
    "src/checked/host.rs"
    "src/checked/index.rs"
    "src/checked/wasm.rs"
    "src/classes.rs"
    "src/compact.rs"
    "src/global.rs"
    "src/heap.rs"
    "src/host.rs"
    "src/lib.rs"
    "src/pages.rs"
    "src/reclaim.rs"
    "src/runs.rs"
    "src/sources.rs"
    "src/units.rs"
    "src/wasm.rs"
];
