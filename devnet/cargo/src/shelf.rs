//! Modules of one name that were built in several ways, in one folder for what is built.
//!
//! Lives here: putting those aside that are not meant now, and bringing back the one that is, so that nothing is linked twice. Not here:
//! building (`build`).
//!
//! Cargo tells one way from another, and keeps in mind of each whether it is fresh; but a contract's module has the same file in all of
//! them, so that it would take one for another. Here each has its files for itself: they are moved, and never copied, so that they keep
//! their times, by which cargo goes, and are in one place only, whenever a run is ended.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use alloy_primitives::{hex, keccak256};

/// The folder beside builds that has them.
const FOLDER: &str = "aside";

/// The file that says which of them lies where cargo writes.
const CURRENT: &str = "current";

/// The most of one name that are kept.
const MOST: usize = 64;

/// The modules of one name.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    /// Where cargo writes all that comes of one build.
    files: Vec<PathBuf>,
}

impl Shelf {
    /// Those called `module` in `into`, which cargo writes to `files`.
    pub(super) fn new(into: &Path, module: &str, files: Vec<PathBuf>) -> Self {
        let folder = into.join(FOLDER).join(module);
        Self { folder, files }
    }

    /// Lays the module out that was built of `made_of`, where there is one, and puts another aside. Without that, none is laid out.
    pub(super) fn lay_out(&self, made_of: Option<&str>) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let current = self.folder.join(CURRENT);
        let name = |made_of: &str| hex::encode(&keccak256(made_of)[..16]);
        let wanted = made_of.map(name);
        let there = fs::read_to_string(&current).ok();
        if there.is_some() && there == wanted {
            return Ok(());
        }
        match there.filter(|name| is_name(name)) {
            Some(there) => self.put_aside(&self.folder.join(there))?,
            None => self.discard()?,
        }
        // From here on, what is not there is built.
        let Some(wanted) = wanted else {
            return remove(fs::remove_file(&current));
        };
        fs::write(&current, &wanted)?;
        self.bring_back(&self.folder.join(wanted))?;
        self.make_room()
    }

    /// Nobody knows what they are.
    fn discard(&self) -> io::Result<()> {
        self.files
            .iter()
            .try_for_each(|file| remove(fs::remove_file(file)))
    }

    fn put_aside(&self, place: &Path) -> io::Result<()> {
        // What is left there of a run that was ended is older.
        remove(fs::remove_dir_all(place))?;
        fs::create_dir(place)?;
        for (number, file) in self.files.iter().enumerate() {
            remove(fs::rename(file, place.join(number.to_string())))?;
        }
        Ok(())
    }

    fn bring_back(&self, place: &Path) -> io::Result<()> {
        for (number, file) in self.files.iter().enumerate() {
            remove(fs::rename(place.join(number.to_string()), file))?;
        }
        remove(fs::remove_dir_all(place))
    }

    /// Removes those that were put aside the longest time ago, beyond what is kept.
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
            .try_for_each(|(_, place)| remove(fs::remove_dir_all(place)))
    }
}

/// Whether a text is the name of a place; a file can have anything in it.
fn is_name(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is not there need not be moved or removed.
fn remove(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Theorem: whatever the order, what lies there is what was built in the way that is meant, with its time, or nothing.
    #[test]
    fn each_way_has_its_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["it.wasm", "libit.rlib"].map(|name| folder.path().join(name));
        let shelf = Shelf::new(folder.path(), "it", files.to_vec());
        let content = || {
            let read = |file: &PathBuf| fs::read_to_string(file).ok();
            files.each_ref().map(read)
        };
        let some = |texts: [&str; 2]| texts.map(|text| Some(text.to_owned()));
        // What nobody knows.
        fs::write(&files[0], "unknown").unwrap();
        shelf.lay_out(Some("one")).unwrap();
        assert_eq!(content(), [None, None]);
        fs::write(&files[0], "one").unwrap();
        fs::write(&files[1], "library of one").unwrap();
        let time = fs::metadata(&files[0]).unwrap().modified().unwrap();
        shelf.lay_out(Some("one")).unwrap();
        assert_eq!(content(), some(["one", "library of one"]));
        shelf.lay_out(Some("two")).unwrap();
        assert_eq!(content(), [None, None]);
        fs::write(&files[0], "two").unwrap();
        shelf.lay_out(Some("one")).unwrap();
        assert_eq!(content(), some(["one", "library of one"]));
        assert_eq!(fs::metadata(&files[0]).unwrap().modified().unwrap(), time);
        // What is built anew takes the place of what was there.
        fs::write(&files[0], "one, later").unwrap();
        shelf.lay_out(Some("two")).unwrap();
        assert_eq!(content(), [Some("two".to_owned()), None]);
        shelf.lay_out(Some("one")).unwrap();
        assert_eq!(content(), some(["one, later", "library of one"]));
        shelf.lay_out(None).unwrap();
        assert_eq!(content(), [None, None]);
        fs::write(&files[0], "of nobody knows what").unwrap();
        shelf.lay_out(None).unwrap();
        assert_eq!(content(), [None, None]);
        shelf.lay_out(Some("two")).unwrap();
        assert_eq!(content(), [Some("two".to_owned()), None]);
    }

    /// Theorem: however many ways there are, no more than so many are kept, and those that were used last.
    #[test]
    fn the_oldest_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it.wasm");
        let shelf = Shelf::new(folder.path(), "it", vec![file.clone()]);
        for number in 0..MOST + 3 {
            shelf.lay_out(Some(&number.to_string())).unwrap();
            fs::write(&file, number.to_string()).unwrap();
        }
        let kept = fs::read_dir(folder.path().join(FOLDER).join("it")).unwrap();
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
