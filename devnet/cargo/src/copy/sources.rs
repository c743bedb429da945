//! What a contract is built from, as far as it is on its author's disk.
//!
//! Lives here: the folders and files that a copy needs, so that cargo works in it as it does in the originals. Not here: copying them
//! (`files`), what comes from registries.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, Package};

use super::Subject;
use crate::{flags, input};

use crate::{CargoError, Toolchain};

/// The settings files of cargo and rustup, which apply to every folder below theirs.
const SETTINGS: [&str; 4] = [
    ".cargo/config.toml",
    ".cargo/config",
    "rust-toolchain.toml",
    "rust-toolchain",
];

/// What a contract is built from cannot be determined.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// Cargo does not accept a manifest.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The contract's folder does not exist, or cannot be used.
    #[error("{} cannot be read: {source}; name a folder with a contract", path.display())]
    NoFolder {
        /// The folder asked for.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
}

/// What a contract is built from.
#[derive(Debug)]
pub(super) struct Sources {
    /// The package's folder.
    pub(super) package: PathBuf,
    /// The workspace's folder.
    pub(super) root: PathBuf,
    /// The workspace's target folder.
    pub(super) target_dir: PathBuf,
    /// The folders to copy as they are; none is within another.
    pub(super) folders: BTreeSet<PathBuf>,
    /// Files to copy from elsewhere.
    pub(super) files: BTreeSet<PathBuf>,
}

impl Sources {
    /// Follows every path dependency, including out of the workspace.
    pub(super) fn of(subject: &Subject) -> Result<Self, SourcesError> {
        let package = subject
            .folder
            .canonicalize()
            .map_err(|source| SourcesError::NoFolder {
                path: subject.folder.clone(),
                source,
            })?;
        let metadata = subject.toolchain.metadata(None, &package)?;
        let root: PathBuf = metadata.workspace_root.clone().into();
        let mut files = settings_above(&root);
        let folders = follow(subject.toolchain, &metadata, &mut files)?;
        let is_copied = |file: &PathBuf| folders.iter().any(|folder| file.starts_with(folder));
        files.retain(|file| !is_copied(file));
        Ok(Self {
            package,
            target_dir: metadata.target_directory.clone().into(),
            folders: outermost(folders),
            files,
            root,
        })
    }
}

/// The workspace's folder, and those of all packages that its members depend on by path. Adds the workspace manifests of such packages,
/// from which they can inherit, to `files`.
fn follow(
    toolchain: Toolchain,
    workspace: &Metadata,
    files: &mut BTreeSet<PathBuf>,
) -> Result<BTreeSet<PathBuf>, SourcesError> {
    let root: PathBuf = workspace.workspace_root.clone().into();
    let members = workspace.workspace_packages();
    let mut seen: BTreeSet<PathBuf> = members.iter().map(|member| folder(member)).collect();
    let mut ahead: Vec<PathBuf> = members
        .iter()
        .flat_map(|member| paths(member, true))
        .collect();
    ahead.extend(patches(&root));
    let mut folders = seen.clone();
    folders.insert(root);
    while let Some(next) = ahead.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let around = toolchain.metadata(None, &next)?;
        files.insert(around.workspace_root.join("Cargo.toml").into());
        let own = around
            .packages
            .iter()
            .find(|package| folder(package) == next);
        ahead.extend(own.into_iter().flat_map(|package| paths(package, false)));
        folders.insert(next);
    }
    Ok(folders)
}

/// The path dependencies of a package. Cargo needs development dependencies only of members.
fn paths(package: &Package, is_member: bool) -> Vec<PathBuf> {
    let wanted = package
        .dependencies
        .iter()
        .filter(|dependency| is_member || dependency.kind != DependencyKind::Development);
    wanted
        .filter_map(|dependency| Some(normal(dependency.path.as_ref()?.as_std_path())))
        .collect()
}

/// The folders that a workspace's manifest patches in for packages from elsewhere.
fn patches(root: &Path) -> Vec<PathBuf> {
    let manifest: Option<toml::Table> = input::text(&root.join("Cargo.toml"))
        .ok()
        .and_then(|text| input::tables(&text).ok());
    let sources = manifest.as_ref().and_then(|it| it.get("patch")?.as_table());
    let packages = sources
        .into_iter()
        .flat_map(toml::Table::values)
        .filter_map(toml::Value::as_table)
        .flat_map(toml::Table::values);
    packages
        .filter_map(|package| package.get("path")?.as_str())
        .map(|path| normal(&root.join(path)))
        .collect()
}

/// The settings files of cargo and rustup above a folder, except those in cargo's home, which are found from anywhere.
fn settings_above(root: &Path) -> BTreeSet<PathBuf> {
    let home = flags::cargo_home();
    let files = root
        .ancestors()
        .skip(1)
        .flat_map(|above| SETTINGS.map(|name| above.join(name)));
    files
        .filter(|file| file.is_file() && file.parent() != home.as_deref())
        .collect()
}

fn folder(package: &Package) -> PathBuf {
    let manifest = package.manifest_path.as_std_path();
    normal(manifest.parent().unwrap_or(manifest))
}

/// The path without `.` and `..`, resolved lexically, as cargo does.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

/// The folders that are not within another.
fn outermost(folders: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let is_within = |folder: &PathBuf| {
        let mut above = folder.ancestors().skip(1);
        above.any(|above| folders.contains(above))
    };
    folders
        .iter()
        .filter(|folder| !is_within(folder))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shortened_by_their_words() {
        for (path, short) in [
            ("/a/b", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/a/../../b", "/b"),
        ] {
            assert_eq!(normal(Path::new(path)), Path::new(short));
        }
    }

    #[test]
    fn folders_within_others_are_not_named_twice() {
        let paths = |list: &[&str]| list.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
        assert_eq!(
            outermost(paths(&["/a", "/a/b", "/a/b/c", "/ab", "/d/e"])),
            paths(&["/a", "/ab", "/d/e"])
        );
    }
}
