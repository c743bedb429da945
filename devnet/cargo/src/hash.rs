//! The hash by which a deployment identifies its sources.
//!
//! Lives here: the hash that `cargo stylus` puts into a module, over the files that it takes for the module's sources. Not here: putting it
//! there (`artifact`).
//!
//! A chain ignores it, but its bytes are deployed, and 32 incompressible bytes cost gas. It depends on where the files are, so those bytes
//! do too.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use alloy_primitives::{B256, Keccak256};

/// The file that names the toolchain, which `cargo stylus` requires.
const TOOLCHAIN: &str = "rust-toolchain.toml";

/// What `cargo stylus` 0.10 hashes for an optimisation level that it does not set.
const LEVEL: u8 = 1;

/// Hashes the sources in `folder`, built by the cargo whose version is `cargo` and processed by `recipe`: a version of `wasm-opt` and its
/// flags.
///
/// # Errors
/// If a file or a folder cannot be read.
pub(crate) fn project(
    folder: &Path,
    cargo: &str,
    recipe: Option<(&str, &[String])>,
) -> io::Result<B256> {
    let mut hash = Keccak256::new();
    hash.update(cargo);
    hash.update([LEVEL]);
    let text = |hash: &mut Keccak256, text: &[u8]| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    if let Some((version, flags)) = recipe {
        hash.update([1]);
        text(&mut hash, version.as_bytes());
        hash.update((flags.len() as u64).to_be_bytes());
        for flag in flags {
            text(&mut hash, flag.as_bytes());
        }
    }
    let mut files = sources(folder)?;
    let above = folder.ancestors().map(|folder| folder.join(TOOLCHAIN));
    files.extend(above.into_iter().find(|file| file.is_file()));
    files.sort();
    for file in files {
        text(&mut hash, file.as_os_str().as_encoded_bytes());
        text(&mut hash, &fs::read(&file)?);
    }
    Ok(hash.finalize())
}

/// The files that count as a contract's sources.
fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if name == "Cargo.toml" || name == "Cargo.lock" || name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    Ok(files)
}
