//! A copy of the author's workspace, in which everything may be overwritten.
//!
//! Lives here: where the copy is, and where in it each of the author's folders is. Not here: what is copied (`sources`) and how (`files`),
//! what is changed in it (`shim`), building in it (`copy`).
//!
//! The copy repeats the whole path of each folder, so that every relative path, and every search for settings in the folders above, leads
//! to the right place. Absolute paths still lead to the author's own files, which are only read.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::{hex, keccak256};
use tempfile::TempDir;

use super::files::{Copier, CopyError};
use super::sources::Sources;

/// How often to try to remove a copy that is written to.
const REMOVALS: usize = 10;

/// The copy cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// Its folder cannot be made.
    #[error("{} cannot be made: {source}; remove it, or set TMPDIR to a folder of yours", path.display())]
    Place {
        /// Where the copy should be.
        path: PathBuf,
        /// Why it cannot be there.
        source: io::Error,
    },
    /// A folder cannot be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
}

/// The copies that exist, for a process that ends without dropping them.
static COPIES: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The copy, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Removed when it is dropped.
    folder: TempDir,
    base: PathBuf,
}

/// Removes every copy, for a process that has ended what worked in them and is about to end itself.
pub fn remove_copies() {
    for copy in copies().iter() {
        // What has been told to end may write into it once more.
        for _ in 0..REMOVALS {
            let _ = fs::remove_dir_all(copy);
            if !copy.exists() {
                break;
            }
        }
    }
}

fn copies() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    COPIES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        copies().remove(self.folder.path());
    }
}

impl Scratch {
    /// Copies `sources`, to be built in `target_dir`. Nobody else may do so for the same target folder at the same time.
    ///
    /// The copy's place depends on that folder alone: cargo mixes the paths of packages outside a workspace into what it builds, so a
    /// random name would produce another module each time.
    pub(super) fn copy(sources: &Sources, target_dir: &Path) -> Result<Self, ScratchError> {
        let above = std::env::temp_dir();
        let digest = keccak256(target_dir.as_os_str().as_encoded_bytes());
        let name = format!("gas-bench-compare-{}", hex::encode(&digest[..8]));
        let path = above.join(&name);
        let failed = |source| ScratchError::Place {
            path: path.clone(),
            source,
        };
        // An interrupted run can have left a copy behind.
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        // No one may remove all of them between its creation and its entry in the list.
        let mut copies = copies();
        // Accessible to its owner alone, and an error if something is there already.
        let folder = tempfile::Builder::new()
            .prefix(&name)
            .rand_bytes(0)
            .tempdir_in(&above)
            .map_err(failed)?;
        copies.insert(path.clone());
        drop(copies);
        let base = folder.path().canonicalize().map_err(failed)?;
        let scratch = Self { folder, base };
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
            // Settings in a folder that is also above the copy reach it without being copied.
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
