//! The allocator's sources, as they were when this program was built.
//!
//! Lives here: the table of files. Not here: what is done with them (`donor`).

macro_rules! sources {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../../../allocator/", $path)))),*]
    };
}

/// Every file that the library is compiled from, by its path from the package's folder.
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
    "src/units.rs"
    "src/wasm.rs"
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn no_source_is_missing() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../allocator");
        let mut found = vec!["README.md".to_owned()];
        let mut folders = vec![package.join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(&package).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        let listed: Vec<_> = SOURCES.iter().map(|(path, _)| *path).collect();
        assert_eq!(listed, found);
    }
}
