//! Files that commands write: whole, or not at all.
//!
//! Lives here: writing one file so that no reader ever sees half of it. Not here: its content (`content`).

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// The file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {source}; name a file in a folder you may write to", path.display())]
pub struct OutputError {
    /// The requested file.
    pub path: PathBuf,
    /// Why it could not be written.
    pub source: io::Error,
}

/// A file to be replaced in one step.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    draft: NamedTempFile,
}

impl OutputFile {
    /// Starts a draft beside `path`, so that an unwritable file is found before anything is measured. Dropping the draft leaves `path` as
    /// it was.
    ///
    /// # Errors
    /// If the folder cannot be written to, or `path` is something other than a file.
    pub fn begin(path: &Path) -> Result<Self, OutputError> {
        let error = |source| OutputError {
            path: path.to_owned(),
            source,
        };
        if path.file_name().is_none() || path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(error(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            )));
        }
        // A rename is atomic only within a file system, hence the same folder.
        let folder = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = Builder::new();
        builder.prefix(".gas-bench-");
        readable(&mut builder);
        let draft = builder.tempfile_in(folder).map_err(error)?;
        Ok(Self {
            path: path.to_owned(),
            draft,
        })
    }

    /// Writes `content` and replaces whatever was at the path.
    ///
    /// # Errors
    /// If the disk is full or the folder has changed; the old file stays.
    pub fn finish(mut self, content: impl AsRef<[u8]>) -> Result<(), OutputError> {
        let written = self
            .draft
            .write_all(content.as_ref())
            .and_then(|()| self.draft.as_file().sync_all())
            .and_then(|()| self.draft.persist(&self.path).map_err(|error| error.error));
        written.map(drop).map_err(|source| OutputError {
            path: self.path,
            source,
        })
    }
}

/// Temporary files are readable by their owner only; a report is readable by anyone the umask allows.
#[cfg(unix)]
fn readable(builder: &mut Builder<'_, '_>) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(Permissions::from_mode(0o666));
}

/// Elsewhere a new file inherits its folder's permissions.
#[cfg(not(unix))]
fn readable(_: &mut Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn files_are_replaced_whole_or_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.md");
        OutputFile::begin(&path).unwrap().finish("one").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        drop(OutputFile::begin(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        OutputFile::begin(&path).unwrap().finish("two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(files(dir.path()), ["report.md"]);
    }

    #[test]
    fn what_cannot_be_written_is_known_at_once() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            dir.path().join("absent/report.md"),
            dir.path().to_owned(),
            PathBuf::from("/"),
            PathBuf::new(),
        ] {
            let sentence = OutputFile::begin(&path).unwrap_err().to_string();
            assert!(sentence.contains(" cannot be written: "), "{sentence}");
        }
        assert_eq!(files(dir.path()), [""; 0]);
    }
}
