//! Modules of one name that were built in different ways, in one folder of builds.
//!
//! Lives here: putting aside those that are not wanted now, and bringing back the one that is, so that nothing is linked twice. Not here:
//! building (`build`).
//!
//! The files that cargo builds have a hash of how they were built in their names, except for a contract's module: it has one file, and
//! cargo one note of how that was last built. Here each way of building has its own. They are moved, and never copied, so that they keep
//! their times, which cargo goes by, and are in one place only, even if a run is interrupted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use alloy_primitives::{hex, keccak256};

/// The folder next to builds that holds them.
const FOLDER: &str = "aside";

/// The file that says which of them is where cargo writes.
const CURRENT: &str = "current";

/// The most modules of one name that are kept.
const MOST: usize = 64;

/// How many digits of the hash a place's name has.
const HASH: usize = 32;

/// Where cargo keeps what it thinks is fresh, in the folder of a profile.
pub(super) const FINGERPRINTS: &str = ".fingerprint";

/// The modules of one name.
#[derive(Debug)]
pub(super) struct Shelf<'a> {
    folder: PathBuf,
    package: &'a str,
    /// Cargo's folder for the profile.
    profile: PathBuf,
    /// The files that one build produces, relative to `profile`.
    files: [String; 6],
}

/// Removes whatever was put aside of a package.
pub(super) fn forget(into: &Path, package: &str) -> io::Result<()> {
    for module in entries(&into.join(FOLDER))? {
        for place in entries(&module)? {
            if package_of(&place) == Some(package) {
                fs::remove_dir_all(place)?;
            }
        }
    }
    Ok(())
}

impl<'a> Shelf<'a> {
    /// The modules called `module` of a package, which cargo builds in `profile`, a folder in `into`.
    pub(super) fn new(into: &Path, profile: PathBuf, package: &'a str, module: &str) -> Self {
        // Several packages can have libraries of the same name, and so the same file.
        let folder = into.join(FOLDER).join(module);
        // Those of its library, too, if it is one as well.
        let files = [
            format!("deps/{module}.wasm"),
            format!("deps/lib{module}.rlib"),
            format!("deps/lib{module}.rmeta"),
            format!("{module}.wasm"),
            format!("lib{module}.rlib"),
            format!("lib{module}.rmeta"),
        ];
        Self {
            folder,
            package,
            profile,
            files,
        }
    }

    /// Brings back the module that was built of `made_of`, if there is one, and puts any other aside. Without `made_of`, brings back none.
    pub(super) fn lay_out(&self, made_of: Option<&str>) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let current = self.folder.join(CURRENT);
        let name = |made_of: &str| {
            let hash = hex::encode(&keccak256(made_of)[..HASH / 2]);
            format!("{hash}-{}", self.package)
        };
        let wanted = made_of.map(name);
        let there = fs::read_to_string(&current).ok();
        if there.is_some() && there == wanted {
            return Ok(());
        }
        let there = there.map(|name| self.folder.join(name));
        // A file can name anything: only what would lie here is moved here.
        let there = there.filter(|place| place.parent() == Some(&self.folder));
        match there.as_deref().map(|place| (place, package_of(place))) {
            Some((place, Some(package))) => self.put_aside(place, package)?,
            _ => self.discard()?,
        }
        // From here on, cargo builds what is missing.
        let Some(wanted) = wanted else {
            return if_there(fs::remove_file(&current));
        };
        fs::write(&current, &wanted)?;
        self.bring_back(&self.folder.join(wanted))?;
        self.make_room()
    }

    /// Removes files of unknown origin.
    fn discard(&self) -> io::Result<()> {
        for file in &self.files {
            if_there(fs::remove_file(self.profile.join(file)))?;
        }
        for notes in notes(&self.profile, self.package)? {
            fs::remove_dir_all(notes)?;
        }
        Ok(())
    }

    fn put_aside(&self, place: &Path, package: &str) -> io::Result<()> {
        // What an interrupted run left there is older.
        if_there(fs::remove_dir_all(place))?;
        self.move_all(&self.profile, place, package)
    }

    fn bring_back(&self, place: &Path) -> io::Result<()> {
        // A failed build may have left some.
        self.discard()?;
        if place.is_dir() {
            self.move_all(place, &self.profile, self.package)?;
            fs::remove_dir_all(place)?;
        }
        Ok(())
    }

    /// Moves files, and the notes on a package, from one folder to another. The notes come last: without them, cargo builds again.
    fn move_all(&self, from: &Path, to: &Path, package: &str) -> io::Result<()> {
        let fingerprints = to.join(FINGERPRINTS);
        fs::create_dir_all(to.join("deps"))?;
        fs::create_dir_all(&fingerprints)?;
        let notes = notes(from, package)?;
        for file in &self.files {
            if_there(fs::rename(from.join(file), to.join(file)))?;
        }
        for notes in notes {
            let place = fingerprints.join(notes.file_name().unwrap_or_default());
            // A build that failed or was interrupted leaves notes of no kind.
            if_there(fs::remove_dir_all(&place))?;
            fs::rename(&notes, place)?;
        }
        Ok(())
    }

    /// Removes those that were put aside the longest time ago, beyond [`MOST`].
    fn make_room(&self) -> io::Result<()> {
        let mut places = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                places.push((metadata.modified()?, entry.path()));
            }
        }
        places.sort();
        let superfluous = places.len().saturating_sub(MOST);
        places[..superfluous]
            .iter()
            .try_for_each(|(_, place)| if_there(fs::remove_dir_all(place)))
    }
}

/// Cargo's notes on a package's contract, in the folder of a profile.
fn notes(profile: &Path, package: &str) -> io::Result<Vec<PathBuf>> {
    let mut notes = Vec::new();
    for place in entries(&profile.join(FINGERPRINTS))? {
        let name = place.file_name().and_then(|name| name.to_str());
        let name = name.and_then(|name| name.rsplit_once('-'));
        if name.is_some_and(|(name, _)| name == package) && is_of_contract(&place)? {
            notes.push(place);
        }
    }
    Ok(notes)
}

/// The entries of a folder; none if it is not a folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

/// Whether notes are on what is compiled of a package for the chain, and not on its build script.
fn is_of_contract(notes: &Path) -> io::Result<bool> {
    let is_kind = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("lib-") || name.starts_with("bin-")
    };
    Ok(entries(notes)?.iter().any(is_kind))
}

/// The package whose module was put in a place, by the name after the hash. `None` if the path is not such a place.
fn package_of(place: &Path) -> Option<&str> {
    let name = place.file_name()?.to_str()?;
    let (hash, package) = name.split_at_checked(HASH)?;
    let is_hash = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    package.strip_prefix('-').filter(|_| is_hash)
}

/// Accepts that a file to move or remove does not exist.
fn if_there(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    const MODULE: &str = "deps/it.wasm";
    const LIBRARY: &str = "deps/libit.rlib";
    const NOTES: &str = ".fingerprint/the-it-0123/lib-it";
    const OF_FAILED: &str = ".fingerprint/the-it-0123/output-lib-it";
    const OF_OTHERS: &str = ".fingerprint/the-0123/lib-it";
    const OF_SCRIPT: &str = ".fingerprint/the-it-4567/build-script-build";

    /// Theorem: whatever the order, what cargo finds was built in the wanted way and has its time and cargo's notes, or nothing is there;
    /// and what belongs to others stays.
    #[test]
    fn each_way_has_its_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let profile = root.join("release");
        let shelf = || Shelf::new(root, profile.clone(), "the-it", "it");
        let check = |made_of: Option<&str>, expected: [&str; 3]| {
            shelf().lay_out(made_of).unwrap();
            let read = |path: &str| fs::read_to_string(profile.join(path)).unwrap_or_default();
            assert_eq!([MODULE, LIBRARY, NOTES].map(read), expected, "{made_of:?}");
            assert_eq!([OF_OTHERS, OF_SCRIPT].map(read), ["others", "script"]);
        };
        write(&profile, &[(OF_OTHERS, "others"), (OF_SCRIPT, "script")]);
        // Files of unknown origin.
        write(&profile, &[(MODULE, "unknown"), (NOTES, "of unknown")]);
        check(Some("one"), ["", "", ""]);
        write(
            &profile,
            &[(MODULE, "1"), (LIBRARY, "of 1"), (NOTES, "on 1")],
        );
        let time = || {
            fs::metadata(profile.join(MODULE))
                .unwrap()
                .modified()
                .unwrap()
        };
        let began = time();
        check(Some("one"), ["1", "of 1", "on 1"]);
        check(Some("two"), ["", "", ""]);
        write(&profile, &[(MODULE, "2"), (NOTES, "on 2")]);
        check(Some("one"), ["1", "of 1", "on 1"]);
        assert_eq!(time(), began);
        // What is built again replaces what was there.
        write(&profile, &[(MODULE, "1, later")]);
        check(Some("two"), ["2", "", "on 2"]);
        check(Some("one"), ["1, later", "of 1", "on 1"]);
        check(Some("three"), ["", "", ""]);
        write(&profile, &[(OF_FAILED, "error")]);
        check(Some("one"), ["1, later", "of 1", "on 1"]);
        check(None, ["", "", ""]);
        write(
            &profile,
            &[(MODULE, "of nobody knows what"), (NOTES, "on it")],
        );
        let elsewhere = format!("{}-../../../elsewhere", "0".repeat(HASH));
        fs::write(shelf().folder.join(CURRENT), elsewhere).unwrap();
        check(None, ["", "", ""]);
        check(Some("two"), ["2", "", "on 2"]);
        forget(root, "the-it").unwrap();
        check(Some("one"), ["", "", ""]);
    }

    /// Theorem: if two packages have libraries of the same name, each has its module and its notes.
    #[test]
    fn each_package_has_its_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("release");
        let check = |package: &str, expected: [&str; 3]| {
            let shelf = Shelf::new(folder.path(), profile.clone(), package, "it");
            shelf.lay_out(Some("all alike")).unwrap();
            let read = |path: &str| fs::read_to_string(profile.join(path)).unwrap_or_default();
            assert_eq!([MODULE, NOTES, OF_OTHERS].map(read), expected, "{package}");
        };
        check("the-it", ["", "", ""]);
        write(&profile, &[(MODULE, "it"), (NOTES, "on it")]);
        check("the", ["", "", ""]);
        write(&profile, &[(MODULE, "the"), (OF_OTHERS, "on the")]);
        check("the-it", ["it", "on it", ""]);
        check("the", ["the", "", "on the"]);
        forget(folder.path(), "the-it").unwrap();
        check("the-it", ["", "", ""]);
        check("the", ["the", "", "on the"]);
    }

    /// Theorem: however many ways there are, only a limited number is kept, and those that were used last.
    #[test]
    fn the_oldest_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("release");
        let file = profile.join(MODULE);
        let shelf = Shelf::new(folder.path(), profile.clone(), "it", "it");
        for number in 0..MOST + 3 {
            shelf.lay_out(Some(&number.to_string())).unwrap();
            let number = number.to_string();
            write(&profile, &[(MODULE, &number)]);
        }
        let kept = fs::read_dir(&shelf.folder).unwrap();
        assert_eq!(
            kept.count(),
            MOST + 1,
            "and the file that names the current one"
        );
        shelf.lay_out(Some("0")).unwrap();
        assert!(!file.exists());
        let last = (MOST + 1).to_string();
        shelf.lay_out(Some(&last)).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), last);
    }
}
