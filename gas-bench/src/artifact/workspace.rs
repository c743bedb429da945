//! The folder of contracts, and cargo at work in it.
//!
//! Lives here: finding the folder, the command that builds the contract with one allocator, and where its wasm ends up.
//! Not here: what cargo says meanwhile (`cargo`), nor what happens to the wasm afterwards (`postprocess`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;

use super::cargo::{self, Diagnosis};
use super::{flags, process};
use crate::suite::{Allocator, CONTRACT, OptLevel, WORKLOADS};

const METADATA: &str = "cargo metadata --no-deps --format-version=1";
/// What contracts are compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The folder of contracts cannot be worked in.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// No parent of the current folder has one.
    #[error(
        "there is no contracts/{CONTRACT}/Cargo.toml in {} or any folder above it; run this inside the repository or \
         name the contracts with --contracts DIR", .0.display()
    )]
    NotFound(PathBuf),
    /// The folder asked for is another one.
    #[error("{} has no {CONTRACT}/Cargo.toml; give --contracts the folder that has it", .0.display())]
    NotContracts(PathBuf),
    /// The process has lost its folder.
    #[error("the current folder cannot be read: {0}; change to one that exists")]
    CurrentDir(io::Error),
    /// A program of the toolchain does not run.
    #[error("{} cannot be run: {source}; install Rust from https://rustup.rs", program.display())]
    NotRun {
        /// What was to be run.
        program: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// A program of the toolchain runs but does not answer.
    #[error("`{command}` fails in {}: {message}; correct what it names", folder.display())]
    NoAnswer {
        /// What was run.
        command: &'static str,
        /// Where.
        folder: PathBuf,
        /// The first error it reported.
        message: String,
    },
}

/// Cargo built no wasm of the contract.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The toolchain cannot compile to wasm.
    #[error("the toolchain has no {TARGET} target; run `rustup target add {TARGET}`")]
    MissingTarget,
    /// Cargo would have to write the lockfile first.
    #[error(
        "Cargo.lock is missing or does not fit Cargo.toml, and is left as it is, as `cargo stylus` leaves it; write it with \
         `cd {} && cargo metadata --format-version 1 >/dev/null`, and commit it", folder.display()
    )]
    Lockfile {
        /// Where cargo was started.
        folder: PathBuf,
    },
    /// A crate does not compile, or cargo does not get that far.
    #[error("it does not build: {message}; `{command}` shows the whole error")]
    Failed {
        /// The first error reported.
        message: String,
        /// The command that repeats it.
        command: String,
    },
    /// Cargo does not run, or the target folder cannot be used.
    #[error("the build cannot be run: {0}; check that cargo works and the target folder is yours")]
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

/// The cargo workspace of the contracts.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    target_dir: PathBuf,
    cargo: PathBuf,
}

impl Workspace {
    /// The folder `given`, or else `contracts` in the current folder or the nearest one above that has it.
    ///
    /// # Errors
    /// Where there is no such folder, or cargo does not accept it.
    pub fn find(given: Option<&Path>) -> Result<Self, WorkspaceError> {
        let here = env::current_dir().map_err(WorkspaceError::CurrentDir)?;
        let root = match given {
            Some(dir) if has_contract(dir) => here.join(dir),
            Some(dir) => return Err(WorkspaceError::NotContracts(dir.to_owned())),
            None => nearest(&here).ok_or_else(|| WorkspaceError::NotFound(here.clone()))?,
        };
        // Cargo names itself to what it runs, so that a toolchain chosen for one is the other's too.
        let cargo = PathBuf::from(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        let metadata = answer(&cargo, METADATA, &root)?;
        let Metadata { target_directory } =
            serde_json::from_slice(&metadata).map_err(|error| WorkspaceError::NoAnswer {
                command: METADATA,
                folder: root.clone(),
                message: error.to_string(),
            })?;
        Ok(Self {
            root,
            target_dir: target_directory.join("gas-bench"),
            cargo,
        })
    }

    /// The manifest of the workspace of contracts.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("Cargo.toml")
    }

    /// The compiler in use, as it names itself.
    ///
    /// # Errors
    /// Where there is none.
    pub fn toolchain(&self) -> Result<String, WorkspaceError> {
        let rustc = PathBuf::from(env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")));
        let version = answer(&rustc, "rustc --version", &self.root)?;
        Ok(String::from_utf8_lossy(&version).trim().to_owned())
    }

    /// Builds the contract with `allocator`, telling `on_crate` each crate that is done, and returns the wasm.
    ///
    /// # Errors
    /// Where cargo fails or leaves no wasm.
    pub fn build(
        &self,
        allocator: Allocator,
        on_crate: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let path = self.wasm_path();
        // All variants end in this one file. It is taken away first, so that cargo cannot find another variant's and call
        // it fresh; linking the contract anew is a second's work, and the crates it depends on are kept for all variants.
        // Nobody else may build in between, in this process or another.
        let _alone = self.lock()?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.cargo(CONTRACT, "--lib", allocator, None, &mut |name, _| {
            on_crate(name);
        })?;
        fs::read(&path).map_err(|source| BuildError::NoWasm { path, source })
    }

    /// Builds every workload with `allocator` at `level`, and returns the wasm of each by its name.
    ///
    /// # Errors
    /// Where cargo fails or leaves no wasm.
    pub fn build_workloads(
        &self,
        allocator: Allocator,
        level: OptLevel,
    ) -> Result<BTreeMap<String, Vec<u8>>, BuildError> {
        // Until the files are read, no other variant may be linked to the same names.
        let _alone = self.lock()?;
        let mut paths = BTreeMap::new();
        self.cargo(
            WORKLOADS,
            "--examples",
            allocator,
            Some(level),
            &mut |name, file| {
                if file
                    .extension()
                    .is_some_and(|extension| extension == "wasm")
                {
                    paths.insert(name.to_owned(), file.to_owned());
                }
            },
        )?;
        let read = |(name, path): (String, PathBuf)| match fs::read(&path) {
            Ok(wasm) => Ok((name, wasm)),
            Err(source) => Err(BuildError::NoWasm { path, source }),
        };
        paths.into_iter().map(read).collect()
    }

    /// What the workload called `name` says of itself in its first comment.
    ///
    /// # Errors
    /// Where its source cannot be read.
    pub fn describe_workload(&self, name: &str) -> io::Result<String> {
        let path = self.root.join(WORKLOADS).join("examples").join(name);
        let source = fs::read_to_string(path.with_extension("rs"))?;
        let lines = source.lines().map_while(|line| line.strip_prefix("//! "));
        Ok(lines.collect::<Vec<_>>().join(" "))
    }

    /// One run of cargo, as `cargo stylus` would have it; tells each artifact by the name of its crate.
    fn cargo(
        &self,
        folder: &str,
        what: &str,
        allocator: Allocator,
        level: Option<OptLevel>,
        on_artifact: &mut dyn FnMut(&str, &Path),
    ) -> Result<(), BuildError> {
        let manifest = format!("{folder}/Cargo.toml");
        let arguments = arguments(&manifest, what, allocator);
        let mut command = process::command(&self.cargo, &self.root);
        command
            .args(arguments)
            .arg("--message-format=json")
            .arg("--target-dir")
            .arg(&self.target_dir)
            // Flags from the environment would replace those of the contracts' own configuration, and so the wasm.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        let mut prefix = String::new();
        if let Some(level) = level {
            // Where crates are kept must not be seen in a program: panics name their sources.
            command.arg("--config").arg(remap(&self.root));
            command.env(OptLevel::VARIABLE, level.name());
            prefix = format!("{}={level} ", OptLevel::VARIABLE);
        }
        match cargo::build(&mut command, on_artifact)? {
            Ok(()) => Ok(()),
            Err(Diagnosis::MissingTarget) => Err(BuildError::MissingTarget),
            Err(Diagnosis::Lockfile) => Err(BuildError::Lockfile {
                folder: self.root.clone(),
            }),
            Err(Diagnosis::Error(message)) => {
                let root = self.root.display();
                let command = format!("cd {root} && {prefix}cargo {}", arguments.join(" "));
                Err(BuildError::Failed { message, command })
            }
        }
    }

    fn wasm_path(&self) -> PathBuf {
        let wasm = format!("{}.wasm", CONTRACT.replace('-', "_"));
        self.target_dir.join(TARGET).join("release/deps").join(wasm)
    }

    /// The right to build, until the file is dropped.
    fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(&self.target_dir)?;
        let file = File::create(self.target_dir.join("gas-bench.lock"))?;
        file.lock()?;
        Ok(file)
    }
}

/// What `cargo stylus` passes to cargo, and which package, by its folder's manifest, and allocator.
fn arguments<'a>(manifest: &'a str, what: &'a str, allocator: Allocator) -> [&'a str; 11] {
    [
        "build",
        what,
        "--locked",
        "--release",
        "--target",
        TARGET,
        "--manifest-path",
        manifest,
        "--no-default-features",
        "--features",
        allocator.name(),
    ]
}

/// The setting that makes the compiler forget where the sources are, in addition to the flags that the contracts have.
fn remap(root: &Path) -> String {
    flags::setting(flags::Table::Target, &flags::remapped(root))
}

fn has_contract(dir: &Path) -> bool {
    dir.join(CONTRACT).join("Cargo.toml").is_file()
}

fn nearest(here: &Path) -> Option<PathBuf> {
    here.ancestors()
        .map(|above| above.join("contracts"))
        .find(|dir| has_contract(dir))
}

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// What `command` writes to its standard output in `folder`, its first word found at `program`.
fn answer(program: &Path, command: &'static str, folder: &Path) -> Result<Vec<u8>, WorkspaceError> {
    let mut asked = process::command(program, folder);
    let output = process::output(asked.args(command.split(' ').skip(1))).map_err(|source| {
        WorkspaceError::NotRun {
            program: program.to_owned(),
            source,
        }
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = cargo::first_error(&String::from_utf8_lossy(&output.stderr));
    Err(WorkspaceError::NoAnswer {
        command,
        folder: folder.to_owned(),
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_contracts_are_found_from_below() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for folder in [
            "contracts/edge-cases/src",
            "inner/contracts/other",
            "inner/deep",
        ] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("contracts/edge-cases/Cargo.toml"), "").unwrap();
        for from in [
            "",
            "contracts",
            "contracts/edge-cases/src",
            "inner/contracts/other",
            "inner/deep",
        ] {
            assert_eq!(
                nearest(&root.join(from)),
                Some(root.join("contracts")),
                "from {from:?}"
            );
        }
        assert_eq!(
            nearest(&root.join("contracts/edge-cases").join("absent")),
            Some(root.join("contracts"))
        );
        let elsewhere = tempfile::tempdir().unwrap();
        assert_eq!(nearest(elsewhere.path()), None);
    }
}
