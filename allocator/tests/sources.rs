//! The table of the crate's own sources lists every one of them.
#![cfg(feature = "sources")]

use std::fs;
use std::path::Path;

/// Theorem: what other crates embed is the whole library.
#[test]
fn no_source_is_missing() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec!["README.md".to_owned()];
    let mut folders = vec![package.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(package).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    let listed: Vec<_> = mini_alloc::SOURCES.iter().map(|(path, _)| *path).collect();
    assert_eq!(listed, found);
}
