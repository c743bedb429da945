//! Copies of folders that share nothing with their originals.
//!
//! Lives here: which files of a folder are copied, and what becomes of links. Not here: which folders (`scratch`).
//!
//! A copy has no links, so that whatever is written into it stays in it. All its files are newer than any earlier build, so that cargo
//! looks at them again.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::process;

/// Folders that hold no sources, whatever is in them.
const LEFT_OUT: [&str; 3] = [".git", ".jj", "node_modules"];

/// The file, and how it begins, that marks a folder that can be made again at any time (<https://bford.info/cachedir>): cargo marks its
/// target folders with it.
const CACHE_MARK: (&str, &[u8]) = (
    "CACHEDIR.TAG",
    b"Signature: 8a477f597d28d172789f06886806bc55",
);

/// The most bytes of a file: a larger one is not a source.
const FILE_MAX: u64 = 64 << 20;

/// The most bytes of a copy in all.
const TOTAL_MAX: u64 = 1 << 30;

/// A folder cannot be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A file or folder cannot be read, or its copy cannot be written.
    #[error("{} cannot be copied: {source}; make it readable, and make room for temporary files", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why it cannot be copied.
        source: io::Error,
    },
    /// The folder holds too many bytes.
    #[error(
        "{} has more than {} MiB of sources: move what is not source out of it, or mark its folder with a file {}",
        .0.display(), TOTAL_MAX >> 20, CACHE_MARK.0
    )]
    TooLarge(PathBuf),
}

/// Copies folders to the places that a function gives.
pub(super) struct Copier<'a> {
    /// Where the copy of a path goes.
    place: &'a dyn Fn(&Path) -> PathBuf,
    /// The folders that links may lead into, as paths without links.
    inside: Vec<PathBuf>,
    /// Folders that are not copied.
    except: BTreeSet<PathBuf>,
    left: u64,
}

impl<'a> Copier<'a> {
    /// Copies to `place`, follows links that stay within `folders`, and leaves out the folders in `except`.
    pub(super) fn new(
        place: &'a dyn Fn(&Path) -> PathBuf,
        folders: &[PathBuf],
        except: BTreeSet<PathBuf>,
    ) -> Self {
        let inside = folders
            .iter()
            .filter_map(|folder| folder.canonicalize().ok());
        Self {
            place,
            inside: inside.collect(),
            except,
            left: TOTAL_MAX,
        }
    }

    /// Copies `folder` with everything in it.
    pub(super) fn folder(&mut self, folder: &Path) -> Result<(), CopyError> {
        let to = (self.place)(folder);
        self.children(folder, folder, &to, &mut Vec::new())
            .map_err(|error| match error {
                CopyError::TooLarge(_) => CopyError::TooLarge(folder.to_owned()),
                error @ CopyError::Io { .. } => error,
            })
    }

    /// Copies one file to its place, and creates the folders above it.
    pub(super) fn file(&mut self, file: &Path) -> Result<(), CopyError> {
        let to = (self.place)(file);
        let write = || {
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            write(file, &to)
        };
        write().map_err(|source| error(file, source))
    }

    /// Copies what is in `from`, which is the requested folder `original` or within it. `above` are the folders that it is in, as paths
    /// without links.
    fn children(
        &mut self,
        original: &Path,
        from: &Path,
        to: &Path,
        above: &mut Vec<PathBuf>,
    ) -> Result<(), CopyError> {
        let here = from.canonicalize().map_err(|source| error(from, source))?;
        // A link can lead back to a folder that it is in.
        if above.contains(&here) || self.is_left_out(&here, original != from) {
            return Ok(());
        }
        fs::create_dir_all(to).map_err(|source| error(from, source))?;
        above.push(here);
        for entry in fs::read_dir(from).map_err(|source| error(from, source))? {
            let entry = entry.map_err(|source| error(from, source))?;
            self.entry(original, &entry.path(), &to.join(entry.file_name()), above)?;
        }
        above.pop();
        Ok(())
    }

    fn entry(
        &mut self,
        original: &Path,
        from: &Path,
        to: &Path,
        above: &mut Vec<PathBuf>,
    ) -> Result<(), CopyError> {
        // A copy that has been removed would come back.
        process::halt_if_ending();
        let own = from
            .symlink_metadata()
            .map_err(|source| error(from, source))?;
        if own.is_symlink() && !self.leads_inside(from) {
            return Ok(());
        }
        let target = from.metadata().map_err(|source| error(from, source))?;
        if target.is_dir() {
            return self.children(original, from, to, above);
        }
        if !target.is_file() || target.len() > FILE_MAX {
            return Ok(());
        }
        self.left = self
            .left
            .checked_sub(target.len())
            .ok_or_else(|| CopyError::TooLarge(from.to_owned()))?;
        write(from, to).map_err(|source| error(from, source))
    }

    /// Whether a link leads to something that is also copied. A dangling link does not.
    fn leads_inside(&self, link: &Path) -> bool {
        link.canonicalize()
            .is_ok_and(|end| self.inside.iter().any(|folder| end.starts_with(folder)))
    }

    /// Whether a folder is left out: because it is excepted or, if `by_name`, because of its name or its cache mark. A requested folder is
    /// copied whatever its name.
    fn is_left_out(&self, folder: &Path, by_name: bool) -> bool {
        let is_named = || {
            folder
                .file_name()
                .is_some_and(|name| LEFT_OUT.iter().any(|left_out| name == *left_out))
        };
        self.except.contains(folder) || by_name && (is_named() || is_cache(folder))
    }
}

fn error(path: &Path, source: io::Error) -> CopyError {
    CopyError::Io {
        path: path.to_owned(),
        source,
    }
}

fn is_cache(folder: &Path) -> bool {
    let (name, content) = CACHE_MARK;
    let mut begin = vec![0; content.len()];
    File::open(folder.join(name))
        .and_then(|mut file| file.read_exact(&mut begin))
        .is_ok_and(|()| begin == content)
}

/// Copies a file. [`fs::copy`] would on some systems keep its modification time and its write protection.
fn write(from: &Path, to: &Path) -> io::Result<()> {
    fs::write(to, fs::read(from)?)?;
    make_runnable(&from.metadata()?, to)
}

/// Makes the copy of an executable file executable, too.
#[cfg(unix)]
fn make_runnable(from: &Metadata, to: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if from.permissions().mode() & 0o111 == 0 {
        return Ok(());
    }
    fs::set_permissions(to, fs::Permissions::from_mode(0o700))
}

/// Does nothing on systems where a file has no such permission.
#[cfg(not(unix))]
fn make_runnable(_: &Metadata, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, files: &[(&str, &str)]) {
        for (path, content) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    /// Every file below a folder: its path relative to the folder, and its content.
    fn tree(root: &Path) -> Vec<(String, String)> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                assert!(!path.is_symlink(), "{} is a link", path.display());
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(root).unwrap().display().to_string();
                    let name = name.replace(std::path::MAIN_SEPARATOR, "/");
                    files.push((name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }

    #[track_caller]
    fn check(root: &Path, except: &[&str], copied: &[(&str, &str)]) {
        let copy = tempfile::tempdir().unwrap();
        let root = root.canonicalize().unwrap();
        let place = |path: &Path| copy.path().join(path.strip_prefix(&root).unwrap());
        let except = except.iter().map(|path| root.join(path)).collect();
        Copier::new(&place, std::slice::from_ref(&root), except)
            .folder(&root)
            .unwrap();
        let copied = copied
            .iter()
            .map(|(path, content)| ((*path).to_owned(), (*content).to_owned()));
        assert_eq!(tree(copy.path()), copied.collect::<Vec<_>>());
    }

    #[test]
    fn sources_are_copied_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let cache = std::str::from_utf8(CACHE_MARK.1).unwrap();
        put(
            root.path(),
            &[
                ("Cargo.toml", "manifest"),
                (".cargo/config.toml", "settings"),
                (".git/HEAD", "x"),
                ("a/.git", "a file of this name is not a folder"),
                ("a/node_modules/b/index.js", "x"),
                ("a/src/target/lib.rs", "a module of this name"),
                ("build/CACHEDIR.TAG", cache),
                ("build/big", "x"),
                ("data/CACHEDIR.TAG", "another mark"),
                ("out/x", "x"),
            ],
        );
        let large = File::create(root.path().join("large")).unwrap();
        large.set_len(FILE_MAX + 1).unwrap();
        check(
            root.path(),
            &["out"],
            &[
                (".cargo/config.toml", "settings"),
                ("Cargo.toml", "manifest"),
                ("a/.git", "a file of this name is not a folder"),
                ("a/src/target/lib.rs", "a module of this name"),
                ("data/CACHEDIR.TAG", "another mark"),
            ],
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_become_what_they_lead_to() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        put(outside.path(), &[("secret", "x")]);
        let root = tempfile::tempdir().unwrap();
        put(root.path(), &[("a/x", "1"), ("b/y", "2")]);
        for (end, link) in [
            ("../a/x", "b/to-file"),
            ("../a", "b/to-folder"),
            ("..", "b/to-above"),
            ("nowhere", "b/to-nothing"),
        ] {
            symlink(end, root.path().join(link)).unwrap();
        }
        symlink(outside.path(), root.path().join("out")).unwrap();
        symlink(outside.path().join("secret"), root.path().join("out-file")).unwrap();
        check(
            root.path(),
            &[],
            &[
                ("a/x", "1"),
                ("b/to-file", "1"),
                ("b/to-folder/x", "1"),
                ("b/y", "2"),
            ],
        );
    }

    #[cfg(unix)]
    #[test]
    fn programs_stay_programs_and_nothing_stays_read_only() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        put(root.path(), &[("x", ""), ("y", "")]);
        let copy = tempfile::tempdir().unwrap();
        for (name, mode, copied) in [("x", 0o555, 0o100), ("y", 0o444, 0)] {
            let (from, to) = (root.path().join(name), copy.path().join(name));
            fs::set_permissions(&from, fs::Permissions::from_mode(mode)).unwrap();
            write(&from, &to).unwrap();
            let mode = to.metadata().unwrap().permissions().mode();
            assert_eq!((mode & 0o200, mode & 0o100), (0o200, copied), "{name}");
        }
    }
}
