//! Cargo at work in the copy: one module for each allocator and level.
//!
//! Lives here: preparing a copy, and the builds in it. Not here: what the copy is (`scratch`, `shim`), what happens to a module
//! afterwards.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cargo::Cargo;
use super::scratch::{Scratch, ScratchError};
use super::shim::{Shim, ShimError};
use super::sources::{Sources, SourcesError};
use super::{Lto, Subject, Variant};
use crate::artifact::{Diagnosis, TARGET, flags, follow, release};
use crate::suite::OptLevel;

/// The level that cargo takes where nothing is said.
const DEFAULT_LEVEL: &str = "3";

/// Nothing can be built in a copy of the workspace.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// It is not known what to copy.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// It cannot be copied.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// Cargo does not get along with the copy.
    #[error(transparent)]
    Shim(#[from] ShimError),
    /// The folder for what is built cannot be used.
    #[error("{} cannot be used: {source}; make it a folder you may write to", path.display())]
    TargetDir {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The copy is built with another compiler.
    #[error(
        "the contract is compiled with {here} and a copy of it with {there}: set RUSTUP_TOOLCHAIN to the one that is meant"
    )]
    Compiler {
        /// What the compiler in the author's folder calls itself.
        here: String,
        /// What it calls itself in the copy.
        there: String,
    },
}

/// A variant has no module.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// The allocator cannot be put there.
    #[error(transparent)]
    Shim(#[from] ShimError),
    /// The toolchain cannot compile to wasm.
    #[error("the toolchain has no {TARGET} target; run `rustup target add {TARGET}`")]
    MissingTarget,
    /// Cargo would have to write the lockfile first.
    #[error("Cargo.lock is missing or does not fit Cargo.toml; have cargo write it, and commit it")]
    Lockfile,
    /// A crate does not compile, or cargo does not get that far.
    #[error("it does not build: {message}; correct that, or leave this variant out")]
    Failed {
        /// The first error reported.
        message: String,
    },
    /// Cargo does not run, or a file of the copy cannot be used.
    #[error(
        "the build cannot be run: {0}; check that cargo works and make room for temporary files"
    )]
    Io(#[from] io::Error),
    /// Cargo succeeded but the wasm is not where it belongs.
    #[error("the build left no wasm at {}: {source}; check the crate's `crate-type`", path.display())]
    NoWasm {
        /// Where it was expected.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
}

/// A copy of a workspace and all that builds in it need.
#[derive(Debug)]
pub struct Builds {
    subject: Subject,
    cargo: Cargo,
    /// Where the module of every variant ends up.
    wasm: PathBuf,
    target_dir: PathBuf,
    /// The flag that hides where the copy is: paths are those of the author's own folders.
    hidden: [String; 1],
    /// The level that the author's profile has.
    level: String,
    /// Whether the workspace's profile asks for link-time optimisation.
    asks_for_lto: bool,
    /// One variant at a time is built: they end in one file, and there is one copy.
    shim: Mutex<Shim>,
    /// Before the right to use it is given up, the copy is removed.
    _scratch: Scratch,
    /// The right to use the target folder, and the copy that is named after it.
    _alone: File,
}

impl Builds {
    /// Copies the workspace of a contract. Waits for whoever does so for the same one.
    ///
    /// # Errors
    /// Where it cannot be copied, or cargo does not accept it.
    pub fn prepare(subject: &Subject) -> Result<Self, PrepareError> {
        let sources = Sources::of(subject)?;
        let target_dir = sources.target_dir.join("gas-bench-compare");
        let alone = lock(&target_dir).map_err(|source| PrepareError::TargetDir {
            path: target_dir.clone(),
            source,
        })?;
        let scratch = Scratch::copy(&sources)?;
        let root = scratch.place(&sources.root);
        let cargo = Cargo {
            program: subject.cargo.clone(),
            folder: scratch.place(&sources.package),
        };
        check_compiler(&sources, &cargo)?;
        let shim = Shim::find(&cargo, subject, scratch.base(), &root)?;
        let hidden = [flags::remap(scratch.base(), "/")];
        Ok(Self {
            subject: subject.clone(),
            wasm: target_dir
                .join(TARGET)
                .join("release/deps")
                .join(format!("{}.wasm", sources.module)),
            target_dir,
            hidden,
            level: release::setting(&root, &cargo.folder, "opt-level")
                .unwrap_or_else(|| DEFAULT_LEVEL.to_owned()),
            asks_for_lto: release::setting(&root, &cargo.folder, "lto")
                .is_some_and(|value| release::is_lto(&value)),
            cargo,
            shim: Mutex::new(shim),
            _scratch: scratch,
            _alone: alone,
        })
    }

    /// Whether another allocator can be put under the contract.
    ///
    /// # Errors
    /// Where it uses none that could be replaced.
    pub fn check_allocator(&self) -> Result<(), ShimError> {
        self.lock().check_used()
    }

    /// The `opt-level` of the author's own profile.
    pub fn level(&self) -> &str {
        &self.level
    }

    /// Builds the contract as a variant says, or as its author does, and returns the module with the names of its functions. What the
    /// variant's mode is does not matter here.
    ///
    /// # Errors
    /// Where the allocator cannot be put there, or cargo fails.
    pub fn build(
        &self,
        Variant {
            allocator,
            level,
            lto,
            wasm_opt: _,
        }: Variant,
    ) -> Result<Vec<u8>, VariantError> {
        let mut shim = self.lock();
        let patches = shim.install(&self.cargo, allocator)?;
        // All variants end in this one file. It is taken away first, so that cargo cannot find another variant's and call it fresh.
        match fs::remove_file(&self.wasm) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut command = self.cargo.command();
        command
            .args([
                "rustc",
                "--lib",
                "--locked",
                "--release",
                "--target",
                TARGET,
            ])
            .args(["--message-format=json", "--package", &self.subject.package])
            .args(self.subject.arguments())
            .args(self.kinds(lto))
            .args(patches)
            .arg("--target-dir")
            .arg(&self.target_dir)
            // Without this, a workspace may have it elsewhere.
            .env("CARGO_BUILD_BUILD_DIR", &self.target_dir);
        flags::add(&mut command, &self.cargo.folder, &self.hidden);
        if let Some(level) = level {
            command.env(OptLevel::VARIABLE, level.name());
        }
        // For the last crate alone: as a profile's setting it would give every crate other symbols, and so another order.
        command.args(["--", "-C", "strip=debuginfo"]);
        match follow(&mut command, &mut |_, _| {})? {
            Ok(()) => {}
            Err(Diagnosis::MissingTarget) => return Err(VariantError::MissingTarget),
            Err(Diagnosis::Lockfile) => return Err(VariantError::Lockfile),
            Err(Diagnosis::Error(message)) => return Err(VariantError::Failed { message }),
        }
        fs::read(&self.wasm).map_err(|source| VariantError::NoWasm {
            path: self.wasm.clone(),
            source,
        })
    }

    /// What decides about link-time optimisation.
    fn kinds(&self, lto: Option<Lto>) -> Vec<&'static str> {
        let types = lto.map(Lto::crate_types).or(self.subject.crate_types);
        let types = types
            .iter()
            .flat_map(|types| ["--crate-type", types.name()]);
        let mut arguments: Vec<_> = types.collect();
        if lto == Some(Lto::On) && !self.asks_for_lto {
            arguments.extend(["--config", "profile.release.lto=true"]);
        }
        arguments
    }

    /// The right to build. Whatever a panic has left half done, the shim knows that it is.
    fn lock(&self) -> MutexGuard<'_, Shim> {
        self.shim.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settings that are not files, such as rustup's for a folder, do not hold for a copy.
fn check_compiler(sources: &Sources, cargo: &Cargo) -> Result<(), PrepareError> {
    let here = Cargo {
        folder: sources.package.clone(),
        ..cargo.clone()
    };
    let (here, there) = (here.compiler(), cargo.compiler());
    if here == there {
        Ok(())
    } else {
        Err(PrepareError::Compiler { here, there })
    }
}

/// The right to use a folder, until the file is dropped.
fn lock(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("gas-bench.lock"))?;
    file.lock()?;
    Ok(file)
}
