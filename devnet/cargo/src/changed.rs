//! What cargo does not notice: it goes by the times of files, and a checkout that was moved or unpacked over another may have older ones.
//!
//! Lives here: which files modules were built from, by their contents, and making cargo rebuild the packages of those that have changed.
//! Not here: building (`build`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use alloy_primitives::{B256, keccak256};

use crate::input;
use crate::shelf::{self, FINGERPRINTS};

/// The file next to builds that records their sources: a hash and a path in each line.
const RECORD: &str = "sources";

/// Makes cargo rebuild, in all of `profiles`, each package of which a file has changed since something was built from it in `folder`.
pub(super) fn forget(folder: &Path, profiles: &[PathBuf]) -> io::Result<()> {
    let recorded = read(folder);
    let is_same = |path: &Path, hash: &B256| content(path).is_some_and(|now| now == *hash);
    let changed: Vec<_> = recorded
        .iter()
        .filter(|(path, hash)| !is_same(path, hash))
        .map(|(path, _)| path.clone())
        .collect();
    let packages: BTreeSet<_> = changed.iter().filter_map(|path| package_of(path)).collect();
    if packages.is_empty() {
        return Ok(());
    }
    for package in &packages {
        shelf::forget(folder, package)?;
    }
    for profile in profiles {
        let Ok(entries) = fs::read_dir(profile.join(FINGERPRINTS)) else {
            continue;
        };
        // Cargo's own lock: the author's editor may be building here.
        let alone = File::create(profile.join(".cargo-lock"))?;
        alone.lock()?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let package = name.to_str().and_then(|name| name.rsplit_once('-'));
            if package.is_some_and(|(package, _)| packages.contains(package)) {
                fs::remove_dir_all(entry.path())?;
            }
        }
    }
    // What is built from now on is built from the files as they are now.
    let kept = recorded
        .into_iter()
        .filter(|(path, _)| !changed.contains(path));
    write(folder, &kept.collect())
}

/// Records the sources of a module, which cargo lists in `dependencies`, a file in the form of make's rules.
pub(super) fn remember(folder: &Path, dependencies: &Path) -> io::Result<()> {
    let rules = match fs::read_to_string(dependencies) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        rules => rules?,
    };
    let mut recorded = read(folder);
    for path in prerequisites(&rules) {
        recorded.extend(content(&path).map(|hash| (path, hash)));
    }
    write(folder, &recorded)
}

fn content(path: &Path) -> Option<B256> {
    fs::read(path).ok().map(keccak256)
}

fn read(folder: &Path) -> BTreeMap<PathBuf, B256> {
    let text = fs::read_to_string(folder.join(RECORD)).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter_map(|(hash, path)| Some((PathBuf::from(path), hash.parse().ok()?)))
        .collect()
}

fn write(folder: &Path, recorded: &BTreeMap<PathBuf, B256>) -> io::Result<()> {
    // A path that does not fit into a line is not recorded.
    let lines = recorded.iter().filter_map(|(path, hash)| {
        let path = path.to_str().filter(|path| !path.contains('\n'))?;
        Some(format!("{hash} {path}\n"))
    });
    fs::write(folder.join(RECORD), lines.collect::<String>())
}

/// The files of a rule, in which a backslash precedes each space of a name.
fn prerequisites(rules: &str) -> Vec<PathBuf> {
    let files = rules.lines().filter_map(|line| line.split_once(": "));
    let files = files.flat_map(|(_, files)| {
        let marked = files.replace("\\ ", "\0");
        let files = marked.split(' ').map(|file| file.replace('\0', " "));
        files.collect::<Vec<_>>()
    });
    files
        .filter(|file| !file.is_empty())
        .map(PathBuf::from)
        .collect()
}

/// The package that a file belongs to: that of the nearest manifest above.
fn package_of(file: &Path) -> Option<String> {
    let manifests = file
        .ancestors()
        .skip(1)
        .map(|above| above.join("Cargo.toml"));
    let manifest = manifests.into_iter().find(|manifest| manifest.is_file())?;
    let manifest: toml::Table = input::tables(&input::text(&manifest).ok()?).ok()?;
    let name = manifest.get("package")?.get("name")?.as_str()?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Theorem: if a file of a package has changed, whatever its time, nothing of that package counts as fresh; everything of the others
    /// does.
    #[test]
    fn what_has_changed_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        write("a b/Cargo.toml", "[package]\nname = 'the-one'\n");
        let one = write("a b/src/lib.rs", "1");
        write("c/Cargo.toml", "[package]\nname = 'the'\n");
        let other = write("c/src/lib.rs", "1");
        let rule = |path: &Path| path.display().to_string().replace(' ', "\\ ");
        let rules = write(
            "it.d",
            &format!("it.wasm: {} {}\n", rule(&one), rule(&other)),
        );
        remember(folder.path(), &rules).unwrap();
        let profile = folder.path().join("release");
        let fresh = |name: &str| profile.join(FINGERPRINTS).join(name).is_dir();
        let forget = || {
            forget(
                folder.path(),
                &[profile.clone(), folder.path().join("none")],
            )
            .unwrap()
        };
        let names = ["the-one-0123", "the-0123", "another-0123"];
        for name in names {
            write(&format!("release/{FINGERPRINTS}/{name}/lib"), "");
        }
        forget();
        assert!(names.iter().all(|name| fresh(name)));
        write("a b/src/lib.rs", "2");
        forget();
        assert_eq!(names.map(fresh), [false, true, true]);
        fs::remove_file(&other).unwrap();
        forget();
        assert_eq!(names.map(fresh), [false, false, true]);
        // What is no longer recorded is forgotten only once.
        write(&format!("release/{FINGERPRINTS}/the-0123/lib"), "");
        forget();
        assert!(fresh("the-0123"));
    }
}
