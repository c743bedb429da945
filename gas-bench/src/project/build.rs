//! Cargo at work on somebody's contract.
//!
//! Lives here: the builds of a contract and of its ABI, as `cargo stylus` makes them. Not here: what cargo says meanwhile
//! (`artifact`), nor what happens to the wasm afterwards (`artifact`).

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ContractPackage, CrateTypes, Project, ProjectError};
use crate::artifact::{BuildError, Diagnosis, TARGET, flags, follow};

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
        let program = env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
        let output = Command::new(&program)
            .arg("--version")
            .current_dir(&self.root)
            .output()
            .map_err(|source| ProjectError::NotRun { program, source })?;
        if !output.status.success() {
            return Err(ProjectError::Compiler {
                folder: self.root.clone(),
                message: crate::artifact::first_error(&String::from_utf8_lossy(&output.stderr)),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Builds a contract as `cargo stylus` does, but for two things: it keeps the names of its functions, which are not part of
    /// what is deployed; and it forgets where the sources are, so that the same sources make the same contract in every folder.
    ///
    /// # Errors
    /// Where cargo fails or leaves no wasm.
    pub fn build(
        &self,
        contract: &ContractPackage,
        settings: &BuildSettings,
        on_crate: &mut dyn FnMut(&str),
    ) -> Result<Built, BuildError> {
        let folder = self.target_dir.join("gas-bench").join("report");
        let _alone = lock(&folder)?;
        let mut arguments: Vec<String> = ["rustc", "--lib", "--locked", "--release", "--target"]
            .map(str::to_owned)
            .into();
        arguments.extend([TARGET, "--package", &contract.name].map(str::to_owned));
        arguments.extend(settings.arguments(None));
        arguments.extend(settings.kinds());
        let wasm = folder.join(TARGET).join("release/deps");
        let stamp = folder.join(format!("{}.stamp", contract.name));
        discard_if_others(&wasm, contract, &stamp, &self.stamp(&arguments))?;

        let mut command = Command::new(&self.cargo);
        command
            .args(&arguments)
            .arg("--message-format=json")
            .arg("--target-dir")
            .arg(&folder)
            .arg("--config")
            .arg(flags::setting(
                flags::table_of(&self.root),
                &flags::remapped(&self.root),
            ))
            // For the last crate alone: as a profile's setting it would give every crate other symbols, and so another order.
            .args(["--", "-C", "strip=debuginfo"])
            .current_dir(&self.root)
            // Flags from the environment would replace those of the contract's own configuration, and so the wasm.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        let mut found = None;
        let built = follow(&mut command, &mut |name, file| {
            on_crate(name);
            if file.extension().is_some_and(|ending| ending == "wasm") {
                found = Some(file.to_owned());
            }
        })?;
        match built {
            Ok(()) => {}
            Err(Diagnosis::MissingTarget) => return Err(BuildError::MissingTarget),
            Err(Diagnosis::Error(message)) => {
                let command = format!(
                    "cd {} && cargo {}",
                    self.root.display(),
                    arguments.join(" ")
                );
                return Err(BuildError::Failed { message, command });
            }
        }
        let path = found.unwrap_or(wasm);
        match fs::read(&path) {
            Ok(wasm) => Ok(Built { wasm }),
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
        let output = Command::new(&self.cargo)
            .args(&arguments)
            .arg("--target-dir")
            .arg(self.target_dir.join("gas-bench").join("abi"))
            .args(["--", what])
            .current_dir(&self.root)
            .output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(BuildError::Failed {
            message: crate::artifact::first_error(&String::from_utf8_lossy(&output.stderr)),
            command: format!(
                "cd {} && cargo {} -- {what}",
                self.root.display(),
                arguments.join(" ")
            ),
        })
    }

    /// All that decides which of several modules of one name is meant.
    fn stamp(&self, arguments: &[String]) -> String {
        let mut settings: Vec<_> = env::vars()
            .filter(|(name, _)| name.starts_with("CARGO_PROFILE_") || name == "RUSTUP_TOOLCHAIN")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        settings.sort();
        format!(
            "{}\n{}\n{}\n",
            arguments.join(" "),
            settings.join("\n"),
            self.toolchain().unwrap_or_default()
        )
    }
}

/// Modules of one contract that were built with different settings lie in one file, and cargo can take one for the other: where
/// the last one had others, it is taken away.
fn discard_if_others(
    folder: &Path,
    contract: &ContractPackage,
    stamp: &Path,
    settings: &str,
) -> io::Result<()> {
    if fs::read_to_string(stamp).is_ok_and(|last| last == settings) {
        return Ok(());
    }
    let file = folder.join(format!("{}.wasm", contract.name.replace('-', "_")));
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::write(stamp, settings)
}

/// The right to build in a folder, until the file is dropped.
fn lock(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("gas-bench.lock"))?;
    file.lock()?;
    Ok(file)
}
