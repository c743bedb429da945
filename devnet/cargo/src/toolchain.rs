//! The cargo and the compiler of a project.
//!
//! Lives here: which they are, whether what started this process decides that or the project's own folder, and asking them. Not here:
//! builds (`build`).
//!
//! As a cargo subcommand, this process is started by the cargo of its user's current folder, and rustup has written that choice into
//! variables, which then apply everywhere. If `--manifest-path` names a project elsewhere, they are not meant for it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use cargo_metadata::{Metadata, MetadataCommand};

use super::messages::first_error;
use super::{flags, process};

/// The variables by which rustup and cargo tell the programs that they run which toolchain it is.
const CHOSEN: [&str; 4] = ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC"];

/// The files by which a folder chooses a toolchain.
const CHOICES: [&str; 2] = ["rust-toolchain.toml", "rust-toolchain"];

/// Cargo or the compiler does not answer.
#[derive(Debug, thiserror::Error)]
pub enum CargoError {
    /// It does not run at all.
    #[error("{} cannot be run: {source}; install Rust from https://rustup.rs", program.display())]
    NotRun {
        /// What should have run.
        program: PathBuf,
        /// Why it did not.
        source: io::Error,
    },
    /// It reports an error.
    #[error("`{command}` fails in {}: {message}; correct what it names", folder.display())]
    Failed {
        /// What was run.
        command: String,
        /// The folder that it ran in.
        folder: PathBuf,
        /// The first error that it reports.
        message: String,
    },
}

/// What decides the toolchain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Toolchain {
    /// The variables that this process was started with.
    #[default]
    Ours,
    /// The project's folder.
    Theirs,
}

impl Toolchain {
    /// What decides for the project of `manifest`.
    pub(super) fn of(manifest: Option<&Path>) -> Self {
        let folder = manifest.and_then(Path::parent);
        if folder.is_none_or(|folder| folder.as_os_str().is_empty()) {
            return Self::Ours;
        }
        Self::elsewhere()
    }

    /// What decides for a member in `folder` of a workspace in `root`, given what decides for the workspace: `cargo stylus` obeys a file
    /// that is nearer to the member, since its author starts it there.
    pub(super) fn of_member(self, root: &Path, folder: &Path) -> Self {
        match (self, is_chosen_below(root, folder)) {
            (Self::Ours, true) => Self::elsewhere(),
            (decided, _) => decided,
        }
    }

    /// What decides for a folder other than the one that this process was started in.
    fn elsewhere() -> Self {
        let Some(chosen) = env::var_os("RUSTUP_TOOLCHAIN") else {
            return Self::Ours;
        };
        // A toolchain that was chosen by hand is meant everywhere; otherwise the variable holds that of the current folder.
        let here = active(Path::new("."));
        let by_folder = here.is_some_and(|here| chosen == *here);
        match by_folder {
            true => Self::Theirs,
            false => Self::Ours,
        }
    }

    /// What decides for a package in `folder` that a test has built: a file there or above it, or else what the test was built with.
    pub(super) fn of_folder(folder: &Path) -> Self {
        match folder.ancestors().any(has_choice) {
            true => Self::Theirs,
            false => Self::Ours,
        }
    }

    /// Cargo in a folder, whose settings apply.
    pub fn cargo(self, folder: &Path) -> Command {
        self.command(&self.program("CARGO", "cargo"), folder)
    }

    /// Runs cargo in a folder and returns its standard output.
    ///
    /// # Errors
    /// If it does not run, or reports an error.
    pub fn ask(self, arguments: &[&str], folder: &Path) -> Result<String, CargoError> {
        self.answer("CARGO", "cargo", arguments, folder)
    }

    /// The compiler that cargo uses in a folder, as it names itself.
    ///
    /// # Errors
    /// If there is no compiler.
    pub fn compiler(self, folder: &Path) -> Result<String, CargoError> {
        let told = self.versions(folder)?;
        Ok(told.lines().next().unwrap_or_default().trim().to_owned())
    }

    /// The version of LLVM in that compiler; `None` if it does not say.
    pub(super) fn llvm(self, folder: &Path) -> Option<u32> {
        let told = self.versions(folder).ok()?;
        let mut lines = told.lines();
        let version = lines.find_map(|line| line.strip_prefix("LLVM version: "))?;
        version.split('.').next()?.parse().ok()
    }

    /// What `rustup` has to be told for it to change this toolchain, and not the one that it would take by itself.
    pub(super) fn argument(self) -> String {
        let chosen = env::var("RUSTUP_TOOLCHAIN").ok();
        let chosen = chosen.filter(|_| self == Self::Ours);
        chosen.map_or_else(String::new, |name| format!(" --toolchain {name}"))
    }

    /// The target of this machine, for a program that runs here, if cargo's settings name a target for all builds in a folder: that may be
    /// the contract's. `None` if they do not, or if the compiler does not say.
    pub(super) fn host(self, folder: &Path) -> Option<String> {
        if !flags::is_target_named(folder) {
            return None;
        }
        let told = self.versions(folder).ok()?;
        let mut lines = told.lines();
        lines.find_map(|line| Some(line.strip_prefix("host: ")?.trim().to_owned()))
    }

    /// What the compiler of a folder says of itself. Each build asks for it several times: it is started once for a folder.
    fn versions(self, folder: &Path) -> Result<String, CargoError> {
        static TOLD: Mutex<BTreeMap<(Toolchain, PathBuf), String>> = Mutex::new(BTreeMap::new());
        let place = (self, folder.to_owned());
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(versions) = told.get(&place) {
            return Ok(versions.clone());
        }
        let versions = self.answer("RUSTC", "rustc", &["--version", "--verbose"], folder)?;
        told.insert(place, versions.clone());
        Ok(versions)
    }

    /// What cargo knows of a manifest, or of the one that it finds from `folder`, without any dependency: it reads manifests and writes
    /// nothing, not even a missing lockfile.
    ///
    /// # Errors
    /// If it does not accept the manifest.
    pub fn metadata(self, manifest: Option<&Path>, folder: &Path) -> Result<Metadata, CargoError> {
        let program = self.program("CARGO", "cargo");
        let mut command = MetadataCommand::new();
        command.cargo_path(&program).no_deps().current_dir(folder);
        for name in self.removed() {
            command.env_remove(name);
        }
        for (name, folder) in process::folders() {
            command.env(name, folder);
        }
        if let Some(manifest) = manifest {
            command.manifest_path(manifest);
        }
        let failed = |message| CargoError::Failed {
            command: "cargo metadata".to_owned(),
            folder: folder.to_owned(),
            message,
        };
        command.exec().map_err(|error| match error {
            cargo_metadata::Error::Io(source) => CargoError::NotRun { program, source },
            cargo_metadata::Error::CargoMetadata { stderr } => failed(first_error(&stderr)),
            other => failed(other.to_string()),
        })
    }

    fn answer(
        self,
        variable: &str,
        name: &str,
        arguments: &[&str],
        folder: &Path,
    ) -> Result<String, CargoError> {
        let program = self.program(variable, name);
        let output = process::output(self.command(&program, folder).args(arguments));
        let output = output.map_err(|source| CargoError::NotRun { program, source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(CargoError::Failed {
            command: format!("{name} {}", arguments.join(" ")),
            folder: folder.to_owned(),
            message: first_error(&String::from_utf8_lossy(&output.stderr)),
        })
    }

    fn program(self, variable: &str, name: &str) -> PathBuf {
        let named = env::var_os(variable).filter(|_| self == Self::Ours);
        PathBuf::from(named.unwrap_or_else(|| OsString::from(name)))
    }

    fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = process::command(program, folder);
        for name in self.removed() {
            command.env_remove(name);
        }
        command
    }

    /// Variables to remove from the environment of whatever runs.
    const fn removed(self) -> &'static [&'static str] {
        match self {
            Self::Ours => &[],
            Self::Theirs => &CHOSEN,
        }
    }
}

/// Whether a folder chooses a toolchain.
fn has_choice(folder: &Path) -> bool {
    CHOICES.iter().any(|file| folder.join(file).is_file())
}

/// Whether a member's folder, or one between it and the workspace's, chooses a toolchain.
pub(super) fn is_chosen_below(root: &Path, folder: &Path) -> bool {
    let mut below = folder.ancestors().take_while(|above| *above != root);
    folder.starts_with(root) && below.any(has_choice)
}

/// The toolchain that rustup itself chooses in a folder.
fn active(folder: &Path) -> Option<String> {
    let output = Command::new("rustup")
        .args(["show", "active-toolchain"])
        .env_remove("RUSTUP_TOOLCHAIN")
        .current_dir(folder)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Which variables cargo would not see in a folder.
    fn removed(folder: &Path) -> Vec<String> {
        let command = Toolchain::of_folder(folder).cargo(folder);
        let variables = command.get_envs().filter(|(_, value)| value.is_none());
        variables
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_file_below_the_workspace_chooses_for_a_member() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let member = root.join("contracts/it");
        fs::create_dir_all(&member).unwrap();
        for (folder, is_chosen) in [("contracts/it", true), ("contracts", true), ("", false)] {
            let file = root.join(folder).join("rust-toolchain.toml");
            fs::write(&file, "[toolchain]\nchannel = '1.91'\n").unwrap();
            assert_eq!(is_chosen_below(root, &member), is_chosen, "{folder}");
            fs::remove_file(&file).unwrap();
        }
        // If folders decide already, the member's own file decides, too.
        assert_eq!(
            Toolchain::Theirs.of_member(root, &member),
            Toolchain::Theirs
        );
        assert_eq!(Toolchain::Ours.of_member(root, &member), Toolchain::Ours);
    }

    #[test]
    fn a_file_in_a_folder_or_above_chooses_for_a_test() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        assert_eq!(removed(&inner), [""; 0]);
        for file in CHOICES {
            let file = folder.path().join(file);
            fs::write(&file, "[toolchain]\nchannel = '1.95.0'\n").unwrap();
            let mut expected = CHOSEN.to_vec();
            expected.sort_unstable();
            assert_eq!(removed(&inner), expected);
            fs::remove_file(file).unwrap();
        }
    }
}
