//! A copy of somebody's workspace, in which everything may be written.
//!
//! Lives here: where the copy is, and where in it each folder of the author's. Not here: what is copied (`sources`) and how (`files`),
//! what is changed in it (`shim`), building in it (`copy`).
//!
//! The whole path of each folder is repeated in the copy, so that every relative path, and every search for settings in the folders
//! above, ends where it should. Of absolute paths nothing can be said: they lead to the author's own files, which are read.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use alloy_primitives::{hex, keccak256};
use tempfile::TempDir;

use super::files::{Copier, CopyError};
use super::sources::Sources;

/// There is no copy.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// There is no room for it.
    #[error("{} cannot be made: {source}; remove it, or set TMPDIR to a folder of yours", path.display())]
    Place {
        /// Where it should be.
        path: PathBuf,
        /// Why it cannot.
        source: io::Error,
    },
    /// A folder cannot be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
}

/// The copy. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Removed when it is dropped.
    _folder: TempDir,
    base: PathBuf,
}

impl Scratch {
    /// Copies `sources`. Nobody else may do so for the same target folder meanwhile.
    ///
    /// Where the copy is depends on that folder alone: cargo mixes the paths of packages outside a workspace into what it builds, so
    /// that a random name would make another module each time.
    pub(super) fn copy(sources: &Sources) -> Result<Self, ScratchError> {
        let above = std::env::temp_dir();
        let digest = keccak256(sources.target_dir.as_os_str().as_encoded_bytes());
        let name = format!("gas-bench-compare-{}", hex::encode(&digest[..8]));
        let path = above.join(&name);
        let failed = |source| ScratchError::Place {
            path: path.clone(),
            source,
        };
        // What a run has left that was ended before its time.
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        // Made for its owner alone, and not at all where something is there already.
        let folder = tempfile::Builder::new()
            .prefix(&name)
            .rand_bytes(0)
            .tempdir_in(&above)
            .map_err(failed)?;
        let base = folder.path().canonicalize().map_err(failed)?;
        let scratch = Self {
            _folder: folder,
            base,
        };
        scratch.fill(sources)?;
        Ok(scratch)
    }

    fn fill(&self, sources: &Sources) -> Result<(), CopyError> {
        let place = |path: &Path| self.place(path);
        let folders: Vec<_> = sources.folders.iter().cloned().collect();
        let target_dir = sources.target_dir.canonicalize().ok();
        let except = target_dir.into_iter().chain([self.base.clone()]);
        let mut copier = Copier::new(&place, &folders, except.collect());
        for folder in &folders {
            copier.folder(folder)?;
        }
        for file in &sources.files {
            // From the folders that are above the copy, too, settings reach it by themselves.
            let folder = file.parent().unwrap_or(file);
            let of = match folder.parent() {
                Some(above) if folder.ends_with(".cargo") => above,
                _ => folder,
            };
            if !self.base.starts_with(of) {
                copier.file(file)?;
            }
        }
        Ok(())
    }

    /// The folder that the copy is in.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// Where the copy of an absolute path is.
    pub(super) fn place(&self, original: &Path) -> PathBuf {
        let names = original
            .components()
            .filter(|component| matches!(component, Component::Normal(_)));
        self.base.join(names.collect::<PathBuf>())
    }
}
