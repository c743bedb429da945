//! The files of the checkout, read once. No rule lives here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// What the rules look at: every file that is, or is about to be, part of the project.
#[derive(Debug, Default)]
pub struct Tree {
    /// By path from the root, with `/` between the parts. `None` is a file that is not UTF-8 text.
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// Reads the checkout at `root`: what git tracks and what it would offer to add. Without git, as in an unpacked archive, every file
    /// except those of git and of cargo's builds.
    ///
    /// # Errors
    ///
    /// If a file or folder cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => walked(root)?,
        };
        let mut files = BTreeMap::new();
        for path in paths {
            let bytes = match fs::read(root.join(&path)) {
                Ok(bytes) => bytes,
                // Git still lists what was deleted a moment ago.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            };
            files.insert(path, String::from_utf8(bytes).ok());
        }
        Ok(Self { files })
    }

    /// A tree that exists nowhere.
    #[cfg(test)]
    pub(crate) fn invented(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned())));
        Self {
            files: files.collect(),
        }
    }

    /// The text files whose names end in `suffix`, in order.
    pub fn texts<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(suffix))
            .filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether a file or a folder has this path.
    pub fn contains(&self, path: &str) -> bool {
        path.is_empty() || self.files.contains_key(path) || {
            let folder = format!("{path}/");
            self.files
                .range(folder.clone()..)
                .next()
                .is_some_and(|(p, _)| p.starts_with(&folder))
        }
    }

    /// Whether a file or a folder anywhere in the tree has a path that ends in these parts.
    pub fn contains_ending(&self, parts: &str) -> bool {
        let (below, inside) = (format!("/{parts}"), format!("/{parts}/"));
        self.contains(parts)
            || self
                .files
                .keys()
                .any(|p| p.ends_with(&below) || p.contains(&inside))
    }

    /// The first parts of all paths: the entries of the root folder.
    pub fn root_entries(&self) -> BTreeSet<&str> {
        self.files
            .keys()
            .filter_map(|path| path.split('/').next())
            .collect()
    }
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .ok()?;
    let listing = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = listing.split_terminator('\0').map(str::to_owned).collect();
    // An archive unpacked where another repository ignores it is listed as empty.
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

fn walked(root: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name();
            // A path that is not UTF-8 is none of this project's.
            let Some(name) = name.to_str() else { continue };
            let path = if folder.is_empty() {
                name.to_owned()
            } else {
                format!("{folder}/{name}")
            };
            let kind = entry.file_type()?;
            if kind.is_dir() && ![".git", "target"].contains(&name) {
                folders.push(path);
            } else if kind.is_file() {
                paths.push(path);
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_exists_through_its_files() {
        let tree = Tree::invented(&[("vm/src/ink.rs", ""), ("vm/src-x/y.rs", "")]);
        for (path, whole, ending) in [
            ("vm", true, true),
            ("vm/src", true, true),
            ("vm/src/ink.rs", true, true),
            ("ink.rs", false, true),
            ("src/ink.rs", false, true),
            ("src", false, true),
            ("k.rs", false, false),
            ("vm/sr", false, false),
            ("vm/src/in", false, false),
        ] {
            assert_eq!(tree.contains(path), whole, "{path}");
            assert_eq!(tree.contains_ending(path), ending, "ending in {path}");
        }
    }

    #[test]
    fn without_git_the_walk_skips_builds() {
        let root = std::env::temp_dir().join(format!("tidy-walk-{}", std::process::id()));
        for (path, text) in [
            ("a.md", "x"),
            (".ci/run", ""),
            ("b/c.rs", "y"),
            ("b/target/d.rs", ""),
            (".git/e.rs", ""),
            ("target/f.rs", ""),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut paths = walked(&root).unwrap();
        paths.sort();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(paths, [".ci/run", "a.md", "b/c.rs"]);
    }
}
