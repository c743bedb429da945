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
}

impl OutputFile {
    /// Writes an empty draft beside `path` and removes it, so that an unwritable file is found before anything is measured. Nothing is kept
    /// until there is content: a signal that ends the process in between leaves nothing behind.
    ///
    /// # Errors
    /// If the folder cannot be written to, or `path` is something other than a file.
    pub fn begin(path: &Path) -> Result<Self, OutputError> {
        // A rename would replace a link, and not what it leads to.
        let target = path.is_symlink().then(|| path.canonicalize().ok());
        let file = Self {
            path: target.flatten().unwrap_or_else(|| path.to_owned()),
        };
        match file.draft() {
            Ok(_) => Ok(file),
            Err(source) => Err(file.error(source)),
        }
    }

    /// Writes `content` and replaces whatever was at the path.
    ///
    /// # Errors
    /// If the disk is full or the folder has changed; the old file stays.
    pub fn finish(self, content: impl AsRef<[u8]>) -> Result<(), OutputError> {
        let written = self.draft().and_then(|mut draft| {
            draft.write_all(content.as_ref())?;
            draft.as_file().sync_all()?;
            draft.persist(&self.path)?;
            Ok(())
        });
        written.map_err(|source| self.error(source))
    }

    /// An empty file in the folder of the path. A rename is atomic only within a file system, hence the same folder.
    fn draft(&self) -> io::Result<NamedTempFile> {
        let path = &self.path;
        if path.file_name().is_none() || path.metadata().is_ok_and(|found| !found.is_file()) {
            let reason = "it is not a regular file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let folder = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = Builder::new();
        builder.prefix(".gas-bench-");
        readable(&mut builder);
        builder.tempfile_in(folder)
    }

    fn error(&self, source: io::Error) -> OutputError {
        OutputError {
            path: self.path.clone(),
            source,
        }
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
        let begun = OutputFile::begin(&path).unwrap();
        assert_eq!(files(dir.path()), ["report.md"], "nothing else yet");
        drop(begun);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        OutputFile::begin(&path).unwrap().finish("two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(files(dir.path()), ["report.md"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("kept/report.md"), dir.path().join("link"));
        fs::create_dir(dir.path().join("kept")).unwrap();
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink("kept/report.md", &link).unwrap();
        OutputFile::begin(&link).unwrap().finish("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(files(&dir.path().join("kept")), ["report.md"]);
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
