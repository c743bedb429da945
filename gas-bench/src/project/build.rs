//! Cargo at work on somebody's contract.
//!
//! Lives here: the builds of a contract and of its ABI, as `cargo stylus` makes them. Not here: what cargo says meanwhile
//! (`artifact`), nor what happens to the wasm afterwards (`project::recipe`, `artifact`).

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildTarget, ContractPackage, CrateTypes, Project, ProjectError, changed};
use crate::artifact::{BuildError, Diagnosis, TARGET, diagnosis_of, flags, follow, process};

/// The first LLVM whose linker keeps a section that it is told to, whatever else it strips.
const LLVM_KEEPS_SECTIONS: u32 = 17;

/// What a build depends on besides the sources.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BuildSettings {
    /// Features to switch on.
    pub features: Vec<String>,
    /// Whether the default features are off.
    pub no_default_features: bool,
    /// What kinds of library to build, instead of the manifest's.
    pub crate_types: Option<CrateTypes>,
    /// Whether link-time optimisation is asked for in place of the workspace, which does not.
    pub asks_for_lto: bool,
    /// Whether the compiler is to forget where the sources are, so that the same sources make the same contract in every folder. What
    /// `cargo stylus` deploys names them.
    pub reproducible: bool,
}

impl BuildSettings {
    fn arguments(&self, more: Option<&str>) -> Vec<String> {
        let features: Vec<_> = self
            .features
            .iter()
            .map(String::as_str)
            .chain(more)
            .collect();
        let mut arguments = Vec::new();
        if !features.is_empty() {
            arguments.extend(["--features".to_owned(), features.join(",")]);
        }
        if self.no_default_features {
            arguments.push("--no-default-features".to_owned());
        }
        arguments
    }

    /// What only the contract itself is built with.
    fn kinds(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if let Some(types) = self.crate_types {
            arguments.extend(["--crate-type", types.name()].map(str::to_owned));
        }
        if self.asks_for_lto {
            arguments.extend(["--config", "profile.release.lto=true"].map(str::to_owned));
        }
        arguments
    }
}

/// What cargo built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Built {
    /// The module, with the names of its functions.
    pub wasm: Vec<u8>,
}

impl Project {
    /// The compiler in use, as it names itself.
    ///
    /// # Errors
    /// Where there is none.
    pub fn toolchain(&self) -> Result<String, ProjectError> {
        let folder = self.folder();
        self.version_of(&self.toolchain.rustc(), &["--version"], folder)
    }

    /// Cargo, as it names itself, by all that its answer has.
    pub(super) fn cargo_version(&self, folder: &Path) -> Result<String, ProjectError> {
        self.answer(&self.cargo, &["version"], folder)
    }

    /// The version of LLVM in the compiler; nothing where it does not say.
    fn llvm(&self, folder: &Path) -> Option<u32> {
        let told = self.answer(&self.toolchain.rustc(), &["--version", "--verbose"], folder);
        let told = told.ok()?;
        let line = told
            .lines()
            .find_map(|line| line.strip_prefix("LLVM version: "))?;
        line.split('.').next()?.parse().ok()
    }

    fn version_of(
        &self,
        program: &Path,
        arguments: &[&str],
        folder: &Path,
    ) -> Result<String, ProjectError> {
        Ok(self.answer(program, arguments, folder)?.trim().to_owned())
    }

    fn answer(
        &self,
        program: &Path,
        arguments: &[&str],
        folder: &Path,
    ) -> Result<String, ProjectError> {
        let mut command = self.command(program, folder);
        let output = process::output(command.args(arguments));
        let output = output.map_err(|source| ProjectError::NotRun {
            program: program.to_owned(),
            source,
        })?;
        if !output.status.success() {
            return Err(ProjectError::Compiler {
                folder: folder.to_owned(),
                message: crate::artifact::first_error(&String::from_utf8_lossy(&output.stderr)),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = process::command(program, folder);
        self.toolchain.apply(&mut command);
        command
    }

    /// The folder whose settings hold where no contract is meant.
    fn folder(&self) -> &Path {
        match self.contracts.as_slice() {
            [only] => &only.folder,
            _ => &self.root,
        }
    }

    /// Builds a contract as `cargo stylus` does in its folder, and keeps the names of its functions besides, which are not part of what
    /// is deployed.
    ///
    /// # Errors
    /// Where cargo fails or leaves no wasm.
    pub fn build(
        &self,
        contract: &ContractPackage,
        settings: &BuildSettings,
        on_crate: &mut dyn FnMut(&str),
    ) -> Result<Built, BuildError> {
        let folder = self.build_dir("report");
        let _alone = lock(&folder)?;
        let mut arguments = vec!["rustc".to_owned()];
        match &contract.target {
            BuildTarget::Library(_) => arguments.push("--lib".to_owned()),
            BuildTarget::Program(name) => arguments.extend(["--bin".to_owned(), name.clone()]),
        }
        let fixed = ["--locked", "--release", "--target", TARGET, "--package"];
        arguments.extend(fixed.map(str::to_owned));
        arguments.push(contract.name.clone());
        arguments.extend(settings.arguments(None));
        arguments.extend(settings.kinds());
        let module = contract.target.module();
        let release = folder.join(TARGET).join("release");
        let file = format!("{module}.wasm");
        let files = [release.join("deps").join(&file), release.join(&file)];
        // Several packages may have a library of one name.
        let stamp = folder.join(format!("{module}.stamp"));
        discard_if_others(&files, &stamp, &self.stamp(contract, settings, &arguments))?;
        changed::forget(&folder, &self.profiles())?;

        let mut command = self.command(&self.cargo, &contract.folder);
        command
            .args(&arguments)
            .arg("--message-format=json")
            .arg("--target-dir")
            .arg(&folder)
            // Without this, a workspace may have it elsewhere.
            .env("CARGO_BUILD_BUILD_DIR", &folder);
        if settings.reproducible {
            flags::add(&mut command, &contract.folder, &flags::remapped(&self.root));
        }
        // For the last crate alone: as a profile's setting it would give every crate other symbols, and so another order. Up to 1.83,
        // cargo's own flag stands behind this one; then the linker is told what to keep.
        command.args(["--", "-C", "strip=debuginfo"]);
        match self.llvm(&contract.folder) {
            Some(version) if version < LLVM_KEEPS_SECTIONS => {
                command.env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
            }
            _ => {
                command.args(["-C", "link-arg=--keep-section=name"]);
            }
        }
        let mut found = None;
        let built = follow(&mut command, &mut |name, file| {
            on_crate(name);
            let is_meant = file.file_stem().is_some_and(|stem| *stem == *module);
            if is_meant && file.extension().is_some_and(|ending| ending == "wasm") {
                found = Some(file.to_owned());
            }
        })?;
        built.map_err(|diagnosis| failed(diagnosis, &contract.folder, &arguments))?;
        let [path, _] = files;
        let path = found.unwrap_or(path);
        match fs::read(&path) {
            Ok(wasm) => {
                changed::remember(&folder, &release.join(format!("{module}.d")))?;
                Ok(Built { wasm })
            }
            Err(source) => Err(BuildError::NoWasm { path, source }),
        }
    }

    /// What a contract prints about itself when it is asked for `what`: its `abi` or its `constructor`.
    ///
    /// # Errors
    /// Where it does not build for this machine, or does not end well.
    pub fn ask(
        &self,
        contract: &ContractPackage,
        settings: &BuildSettings,
        what: &str,
    ) -> Result<String, BuildError> {
        let mut arguments: Vec<String> =
            ["run", "--locked", "--quiet", "--package", &contract.name]
                .map(str::to_owned)
                .into();
        arguments.extend(settings.arguments(Some("export-abi")));
        let built = self.build_dir("report");
        let alone = lock(&built)?;
        changed::forget(&built, &self.profiles())?;
        drop(alone);
        let folder = self.build_dir("abi");
        let mut command = self.command(&self.cargo, &contract.folder);
        command
            .args(&arguments)
            .arg("--target-dir")
            .arg(&folder)
            .env("CARGO_BUILD_BUILD_DIR", &folder)
            // What panics tells enough of it in its first lines.
            .env("RUST_BACKTRACE", "0")
            .args(["--", what]);
        let output = process::output(&mut command)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let diagnosis = diagnosis_of(&String::from_utf8_lossy(&output.stderr));
        arguments.extend(["--".to_owned(), what.to_owned()]);
        Err(failed(diagnosis, &contract.folder, &arguments))
    }

    /// The folders that cargo builds in, for the chain and for this machine.
    fn profiles(&self) -> [PathBuf; 3] {
        let report = self.build_dir("report");
        let abi = self.build_dir("abi").join("debug");
        [
            report.join(TARGET).join("release"),
            report.join("release"),
            abi,
        ]
    }

    /// All that decides which of several modules of one name is meant.
    fn stamp(
        &self,
        contract: &ContractPackage,
        settings: &BuildSettings,
        arguments: &[String],
    ) -> String {
        let decides = |name: &str| {
            ["CARGO_PROFILE_", "CARGO_BUILD_", "CARGO_TARGET_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
                || ["RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"].contains(&name)
        };
        let variables = env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            decides(&name).then(|| format!("{name}={}", value.to_string_lossy()))
        });
        let mut lines: Vec<_> = variables.collect();
        lines.sort();
        lines.push(contract.folder.display().to_string());
        lines.push(arguments.join(" "));
        lines.push(format!("reproducible={}", settings.reproducible));
        lines.push(self.toolchain().unwrap_or_default());
        // A profile that was changed and changed back makes a module that cargo takes for fresh.
        for manifest in [&self.root, &contract.folder] {
            lines.extend(fs::read_to_string(manifest.join("Cargo.toml")));
        }
        let files = flags::settings(&contract.folder);
        lines.extend(files.iter().map(ToString::to_string));
        lines.join("\n")
    }
}

/// Why cargo did not do `arguments` in a folder.
fn failed(diagnosis: Diagnosis, folder: &Path, arguments: &[String]) -> BuildError {
    match diagnosis {
        Diagnosis::MissingTarget => BuildError::MissingTarget,
        Diagnosis::Lockfile => BuildError::Lockfile {
            folder: folder.to_owned(),
        },
        Diagnosis::Error(message) => BuildError::Failed {
            message,
            command: format!("cd {} && cargo {}", folder.display(), arguments.join(" ")),
        },
    }
}

/// Modules of one name that were built of something else, or in another way, lie in one file, and cargo can take one for the other:
/// where the last one was another, it is taken away.
fn discard_if_others(files: &[PathBuf], stamp: &Path, made_of: &str) -> io::Result<()> {
    if fs::read_to_string(stamp).is_ok_and(|last| last == made_of) {
        return Ok(());
    }
    for file in files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::write(stamp, made_of)
}

/// The right to build in a folder, until the file is dropped.
fn lock(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("gas-bench.lock"))?;
    file.lock()?;
    Ok(file)
}
