//! Replaces the `mini-alloc` of a copy.
//!
//! Lives here: making cargo use another package in its place, wherever it comes from, and undoing that. Not here: the package itself
//! (`replacement`), finding out where it comes from (`origin`).
//!
//! A package from a registry or a repository is replaced by a patch on cargo's command line, which leaves manifests as they are and takes
//! precedence over the author's own patches. A package in a folder of the copy gets another manifest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Subject;
use super::origin::{Origin, Place};
use super::replacement::{self, FOLDER, MANIFEST, NAME};
use crate::TARGET;

use crate::{Allocator, CargoError, Toolchain};

/// The allocator cannot be replaced.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// The contract does not use it.
    #[error(
        "{package} does not use {NAME}, so no other allocator can take its place: only build variants are compared"
    )]
    NotUsed {
        /// The contract.
        package: String,
    },
    /// It is named by an absolute path.
    #[error(
        "{} names {NAME} by an absolute path, which leads out of any copy: write a path relative to the manifest", .0.display()
    )]
    Unreachable(PathBuf),
    /// Cargo still uses the original.
    #[error(
        "cargo still uses {0} for {NAME}, as it does where there are two versions of it: only opt-levels and wasm-opt can be compared"
    )]
    NotTaken(String),
    /// Cargo does not accept the replacement.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// A file of the copy cannot be read or written.
    #[error("the copy of the workspace cannot be changed: {0}; make room for temporary files")]
    Io(#[from] io::Error),
}

/// What is in place of `mini-alloc`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Installed {
    /// The author's own.
    Original,
    /// A replacement.
    Other(Allocator),
    /// A half-done replacement.
    Unknown,
}

/// One `mini-alloc` and what takes its place.
#[derive(Debug)]
struct Slot {
    origin: Origin,
    /// The folder of the replacement.
    folder: PathBuf,
    /// Whether that is the copy of the author's own folder; otherwise a patch names it to cargo.
    is_overwritten: bool,
}

/// The `mini-alloc` of a contract's copy.
#[derive(Debug)]
pub(super) struct Shim {
    cargo: Cargo,
    package: String,
    /// The arguments that ask cargo which packages the contract is built with.
    question: Vec<String>,
    slots: Vec<Slot>,
    lockfile: PathBuf,
    /// The files that are overwritten, with the author's content.
    originals: Vec<(PathBuf, Vec<u8>)>,
    installed: Installed,
}

impl Shim {
    /// Finds where the contract's `mini-alloc` comes from. In the copy, `folder` is the package's folder and `root` the workspace's; `base`
    /// is the folder of the whole copy.
    pub(super) fn find(
        subject: &Subject,
        folder: &Path,
        base: &Path,
        root: &Path,
    ) -> Result<Self, ShimError> {
        let cargo = Cargo {
            toolchain: subject.toolchain,
            folder: folder.to_owned(),
        };
        let lockfile = root.join("Cargo.lock");
        let question = question(subject);
        // The question creates a lockfile if there is none.
        let locked = lockfile.exists().then(|| "--locked".to_owned());
        let tree = cargo.ask(question.iter().chain(&locked))?;
        let content = fs::read(&lockfile)?;
        let origins = Origin::all(&tree, &String::from_utf8_lossy(&content));
        let slot = |(index, origin): (usize, Origin)| match &origin.place {
            Place::Folder(folder) if folder.starts_with(base) => Slot {
                folder: folder.clone(),
                origin,
                is_overwritten: true,
            },
            // Within the workspace: of packages there, cargo mixes only the path relative to the workspace into what it builds.
            Place::Folder(_) | Place::Source(_) => Slot {
                folder: root.join(FOLDER).join(index.to_string()),
                origin,
                is_overwritten: false,
            },
        };
        let slots: Vec<_> = origins.into_iter().enumerate().map(slot).collect();
        let mut originals = vec![(lockfile.clone(), content)];
        for slot in slots.iter().filter(|slot| slot.is_overwritten) {
            let manifest = slot.folder.join(MANIFEST);
            originals.push((manifest.clone(), fs::read(manifest)?));
        }
        Ok(Self {
            cargo,
            package: subject.package.clone(),
            question,
            slots,
            lockfile,
            originals,
            installed: Installed::Original,
        })
    }

    /// Checks that the contract uses a `mini-alloc` that can be replaced.
    pub(super) fn check_used(&self) -> Result<(), ShimError> {
        if self.slots.is_empty() {
            let package = self.package.clone();
            return Err(ShimError::NotUsed { package });
        }
        Ok(())
    }

    /// Replaces `mini-alloc` by `allocator`, or restores the author's if that is `None`, and returns the arguments that builds need.
    pub(super) fn install(
        &mut self,
        allocator: Option<Allocator>,
    ) -> Result<Vec<String>, ShimError> {
        if allocator.is_some() {
            self.check_used()?;
        }
        let has_upstream = self.slots.iter().all(|slot| slot.origin.is_upstream());
        let is_own = |it: Allocator| it == Allocator::MiniUpstream && has_upstream;
        let Some(allocator) = allocator.filter(|&it| !is_own(it)) else {
            self.restore()?;
            return Ok(Vec::new());
        };
        let patches = self.patches();
        if self.installed != Installed::Other(allocator) {
            self.restore()?;
            self.installed = Installed::Unknown;
            self.replace(allocator, &patches)?;
            self.installed = Installed::Other(allocator);
        }
        Ok(patches)
    }

    /// Restores what the author has.
    fn restore(&mut self) -> io::Result<()> {
        if self.installed == Installed::Original {
            return Ok(());
        }
        self.installed = Installed::Unknown;
        for (file, content) in &self.originals {
            fs::write(file, content)?;
        }
        self.installed = Installed::Original;
        Ok(())
    }

    fn replace(&self, allocator: Allocator, patches: &[String]) -> Result<(), ShimError> {
        let mut update = vec!["update".to_owned()];
        for Slot { origin, folder, .. } in &self.slots {
            replacement::write(folder, allocator, version(origin, allocator))?;
            update.extend(["--package".to_owned(), origin.spec()]);
        }
        self.cargo.ask(update.iter().chain(patches))?;
        // Cargo only warns about a patch that it does not use.
        let tree = self.cargo.ask(self.question.iter().chain(patches))?;
        let found = Origin::all(&tree, &fs::read_to_string(&self.lockfile)?);
        let is_taken = |origin: &Origin| {
            let is_below = allocator == Allocator::MiniUpstream && origin.is_upstream();
            let mut slots = self.slots.iter();
            is_below || slots.any(|slot| origin.place == Place::Folder(slot.folder.clone()))
        };
        match found.into_iter().find(|origin| !is_taken(origin)) {
            None => Ok(()),
            Some(other) => Err(match other.place {
                Place::Folder(folder) => ShimError::Unreachable(folder),
                Place::Source(_) => ShimError::NotTaken(other.spec()),
            }),
        }
    }

    /// The arguments that make cargo use the replacements.
    fn patches(&self) -> Vec<String> {
        let mut patches = Vec::new();
        for slot in self.slots.iter().filter(|slot| !slot.is_overwritten) {
            let path = serde_json::Value::from(slot.folder.to_string_lossy());
            for table in slot.origin.patched_tables() {
                let patch = format!("patch.{table}.{NAME}.path={path}");
                patches.extend(["--config".to_owned(), patch]);
            }
        }
        patches
    }
}

/// The version of a replacement: the original's, unless that is the published 1.0.0 and the replacement depends on it, since that must not
/// be replaced, too.
fn version(origin: &Origin, allocator: Allocator) -> &str {
    if allocator == Allocator::MiniUpstream && origin.version == "1.0.0" {
        "1.0.1"
    } else {
        &origin.version
    }
}

fn question(subject: &Subject) -> Vec<String> {
    let mut question: Vec<String> = ["tree", "--package", &subject.package, "--target", TARGET]
        .map(str::to_owned)
        .into();
    question.extend(["--edges", "normal", "--prefix", "none"].map(str::to_owned));
    question.extend(["--format", "{p}"].map(str::to_owned));
    question.extend(subject.settings.feature_arguments(None));
    question
}

/// Cargo, run in the package's folder in the copy.
#[derive(Debug)]
struct Cargo {
    toolchain: Toolchain,
    folder: PathBuf,
}

impl Cargo {
    /// Runs cargo and returns its standard output. Uses the network only if cargo fails without it.
    fn ask<'a>(&self, arguments: impl Iterator<Item = &'a String>) -> Result<String, CargoError> {
        let arguments: Vec<_> = arguments.map(String::as_str).collect();
        let once = |arguments: &[&str]| self.toolchain.ask(arguments, &self.folder);
        once(&[arguments.as_slice(), &["--offline"]].concat()).or_else(|_| once(&arguments))
    }
}
