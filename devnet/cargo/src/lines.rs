//! Contracts with debug information, stored by the code that they have.
//!
//! Lives here: where the files are. Not here: building them (`build`), reading lines (`stylus_vm::lines`).
//!
//! Each takes megabytes, and a contract to call takes kilobytes: so they are files beside what cargo built, read only when somebody asks
//! for a line. `stylus-devnet --artifacts` reads the same folder.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use stylus_vm::lines::code_hash;

use super::build::REPORT;
use super::{ContractPackage, Project};

/// The most files that are kept: the oldest are removed first.
const MOST_FILES: usize = 64;

impl Project {
    /// The folder of contracts with debug information.
    pub fn lines_dir(&self) -> PathBuf {
        self.build_dir(REPORT).join("lines")
    }

    /// Keeps what cargo built of a contract.
    pub(super) fn keep_lines(&self, built: &[u8]) -> io::Result<()> {
        // Bytes that are not a module are reported where they are used.
        let Ok(hash) = code_hash(built) else {
            return Ok(());
        };
        let folder = self.lines_dir();
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{hash}.wasm"));
        // Somebody may be reading it.
        let new = path.with_extension("new");
        fs::write(&new, built)?;
        fs::rename(&new, &path)?;
        forget_oldest(&folder)
    }

    /// The file that was kept for a deployed module, if it was built here.
    pub fn lines_of(&self, deployed: &[u8]) -> Option<PathBuf> {
        let hash = code_hash(deployed).ok()?;
        let path = self.lines_dir().join(format!("{hash}.wasm"));
        path.is_file().then_some(path)
    }

    /// The members whose code is in a file that was kept: the compiler names each unit of its debug information by the crate.
    pub fn contracts_in(&self, kept: &Path) -> Vec<&ContractPackage> {
        let module = fs::read(kept).unwrap_or_default();
        let text = String::from_utf8_lossy(&module);
        let crates: BTreeSet<_> = text
            .split("/@/")
            .skip(1)
            .filter_map(|unit| unit.split('.').next())
            .collect();
        let is_in = |contract: &&ContractPackage| {
            let name = contract.target.module().replace('-', "_");
            crates.contains(name.as_str())
        };
        self.members.iter().filter(is_in).collect()
    }
}

fn forget_oldest(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Another process may have removed it in the meantime.
        if let Ok(written) = entry.metadata().and_then(|file| file.modified()) {
            files.push((written, entry.path()));
        }
    }
    files.sort();
    let spare = files.len().saturating_sub(MOST_FILES);
    for (_, path) in files.into_iter().take(spare) {
        let _ = fs::remove_file(path);
    }
    Ok(())
}
