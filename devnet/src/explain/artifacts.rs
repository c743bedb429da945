//! Modules with debug information, in a folder, found by the code of the module on the chain.
//!
//! Lives here: which file belongs to a module. Not here: reading lines from it (`stylus_vm::lines`). Only the paths are kept in memory: the
//! files have megabytes each, and are read when a call has failed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use alloy_primitives::B256;
use stylus_vm::lines::{Lines, LinesError, code_hash};
use stylus_vm::profile::Names;

/// The most bytes that are read of a file.
const MOST_BYTES: u64 = 128 << 20;

/// The most modules in a folder.
const MOST_FILES: usize = 10_000;

/// The most levels of subfolders that are searched.
const MOST_DEPTH: usize = 8;

/// Why modules with debug information cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactsError {
    /// It cannot be read.
    #[error("the folder of artifacts {path} cannot be read: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// Its modules would take too long to read.
    #[error(
        "the folder of artifacts {path} has more than {MOST_FILES} modules; name one with fewer"
    )]
    Many {
        /// The folder.
        path: PathBuf,
    },
    /// A file of a module cannot be used.
    #[error("{path} cannot be used: {reason}; name a compiled contract that was not stripped")]
    File {
        /// The file.
        path: PathBuf,
        /// Why it cannot be used.
        reason: String,
    },
}

/// Where to find modules with debug information; cheap to clone.
#[derive(Clone, Default, Debug)]
pub struct Artifacts(Arc<BTreeMap<B256, PathBuf>>);

/// A module with debug information, or at least with names.
pub struct Artifact {
    /// The names of its functions.
    pub names: Names,
    /// Its lines, or why it has none.
    pub lines: Result<Lines, LinesError>,
}

impl Artifacts {
    /// Finds all modules in a folder and its subfolders, skipping files that are not modules.
    ///
    /// # Errors
    /// If the folder cannot be read, or has too many modules.
    pub fn open(folder: &Path) -> Result<Self, ArtifactsError> {
        let mut files = Vec::new();
        find(folder, MOST_DEPTH, &mut files).map_err(|source| ArtifactsError::Folder {
            path: folder.to_owned(),
            source,
        })?;
        if files.len() > MOST_FILES {
            return Err(ArtifactsError::Many {
                path: folder.to_owned(),
            });
        }
        let mut found: BTreeMap<B256, (usize, PathBuf)> = BTreeMap::new();
        for path in files {
            let Ok(module) = read(&path) else {
                continue;
            };
            let Ok(hash) = code_hash(&module) else {
                continue;
            };
            // If several have the same code, the largest has the most information.
            let size = module.len();
            if found.get(&hash).is_none_or(|(known, _)| *known < size) {
                found.insert(hash, (size, path));
            }
        }
        let found = found.into_iter().map(|(hash, (_, path))| (hash, path));
        Ok(Self(Arc::new(found.collect())))
    }

    /// Returns the modules in these files, and the hash that identifies each one's code.
    ///
    /// # Errors
    /// If a file cannot be read, is too long, is not a module, or names no function.
    pub fn of_files(files: &[PathBuf]) -> Result<(Self, Vec<B256>), ArtifactsError> {
        let code = |path: &PathBuf| {
            let unusable = |reason: String| ArtifactsError::File {
                path: path.clone(),
                reason,
            };
            let module = read(path).map_err(unusable)?;
            let hash = code_hash(&module).map_err(|error| unusable(error.to_string()))?;
            match Names::of_module(&module).iter().next() {
                Some(_) => Ok(hash),
                None => Err(unusable("it names no function".to_owned())),
            }
        };
        let hashes = files.iter().map(code).collect::<Result<Vec<_>, _>>()?;
        let found = hashes.iter().copied().zip(files.iter().cloned()).collect();
        Ok((Self(Arc::new(found)), hashes))
    }

    /// How many modules there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what is known about a module on a chain; `None` if nothing is.
    pub fn of_module(&self, module: &[u8]) -> Option<Artifact> {
        if self.is_empty() {
            return None;
        }
        self.of_code(code_hash(module).ok()?)
    }

    /// Returns what is known about the module whose code has this hash, by [`code_hash`].
    pub(crate) fn of_code(&self, code: B256) -> Option<Artifact> {
        Artifact::of_code(self.0.get(&code)?, code)
    }
}

impl Artifact {
    /// Returns what a file contains about a module on a chain; `None` if it cannot be read, or has other code.
    pub fn read(path: &Path, module: &[u8]) -> Option<Self> {
        Self::of_code(path, code_hash(module).ok()?)
    }

    fn of_code(path: &Path, code: B256) -> Option<Self> {
        let file = read(path).ok()?;
        let is_same = code_hash(&file).ok()? == code;
        is_same.then(|| Self {
            names: Names::of_module(&file),
            lines: Lines::of_module(&file),
        })
    }
}

/// Reads a module's whole file, or says why not.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let about = fs::metadata(path).map_err(|error| error.to_string())?;
    // Reading a pipe would block, and a device has no end.
    if !about.is_file() {
        return Err("it is no file".to_owned());
    }
    if about.len() > MOST_BYTES {
        return Err(format!("it is longer than {} MiB", MOST_BYTES >> 20));
    }
    fs::read(path).map_err(|error| error.to_string())
}

/// Finds the modules in a folder, and in its subfolders down to `depth` levels.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && depth > 0 {
            // Subfolders that cannot be read are skipped.
            let _ = find(&path, depth - 1, files);
        } else if path.extension().is_some_and(|ending| ending == "wasm") {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_is_passed_over_and_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("it.wasm"), b"\0asm\x01\0\0\0").unwrap();
        fs::write(path("text.wasm"), "(module)").unwrap();
        fs::create_dir(path("folder.wasm")).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/zero", path("endless.wasm")).unwrap();
            let made = std::process::Command::new("mkfifo")
                .arg(path("pipe.wasm"))
                .status();
            assert!(made.unwrap().success());
        }
        assert_eq!(Artifacts::open(folder.path()).unwrap().len(), 1);
    }

    #[test]
    fn too_many_modules_are_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=MOST_FILES {
            fs::write(folder.path().join(format!("{number}.wasm")), "").unwrap();
        }
        let error = Artifacts::open(folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("has more than 10000 modules; name one with fewer"),
            "{error}"
        );
    }
}
