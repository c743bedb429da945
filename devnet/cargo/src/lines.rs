//! Contracts with debug information, kept by the code that they have.
//!
//! Lives here: where the files are. Not here: building them (`build`), reading lines (`stylus_vm::lines`).
//!
//! Each is megabytes, and a contract that is called is kilobytes: so they lie in files beside what cargo built, and are read when
//! somebody asks for a line. `stylus-devnet --artifacts` reads the same folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use stylus_vm::lines::code_hash;

use super::Project;

/// The most files that are kept: the oldest go first.
const MOST_FILES: usize = 64;

impl Project {
    /// Where contracts with debug information are.
    pub fn lines_dir(&self) -> PathBuf {
        self.build_dir("report").join("lines")
    }

    /// Keeps what cargo built of a contract.
    pub(super) fn keep_lines(&self, built: &[u8]) -> io::Result<()> {
        // What is not a module is told of where it is looked at.
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

    /// The file that was kept of a module that is deployed, if it was built here.
    pub fn lines_of(&self, deployed: &[u8]) -> Option<PathBuf> {
        let hash = code_hash(deployed).ok()?;
        let path = self.lines_dir().join(format!("{hash}.wasm"));
        path.is_file().then_some(path)
    }
}

fn forget_oldest(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Another process may have taken it away meanwhile.
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
