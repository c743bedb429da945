//! Which cargo and compiler a project is built with.
//!
//! Lives here: whether what started this process decides that, or the project's own folder. Not here: running either.
//!
//! As cargo's subcommand this process is started by the cargo of the folder that its user is in, and rustup has written that choice into
//! variables, which then hold everywhere. Where `--manifest-path` names a project elsewhere, they are not meant for it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variables by which rustup and cargo tell what they run which toolchain it is.
const CHOSEN: [&str; 3] = ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC"];

/// What decides on the toolchain.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Toolchain {
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
        let Some(chosen) = env::var_os("RUSTUP_TOOLCHAIN") else {
            return Self::Ours;
        };
        // Whoever chose one by hand means it everywhere; whoever did not has the one of the folder that they are in.
        let here = active(Path::new("."));
        let by_folder = here.is_some_and(|here| chosen == *here);
        match by_folder {
            true => Self::Theirs,
            false => Self::Ours,
        }
    }

    /// The cargo that builds.
    pub(super) fn cargo(self) -> PathBuf {
        let named = env::var_os("CARGO").filter(|_| self == Self::Ours);
        PathBuf::from(named.unwrap_or_else(|| OsString::from("cargo")))
    }

    /// The compiler that cargo will use.
    pub(super) fn rustc(self) -> PathBuf {
        let named = env::var_os("RUSTC").filter(|_| self == Self::Ours);
        PathBuf::from(named.unwrap_or_else(|| OsString::from("rustc")))
    }

    /// Variables to remove for whatever is run.
    pub(super) const fn removed(self) -> &'static [&'static str] {
        match self {
            Self::Ours => &[],
            Self::Theirs => &CHOSEN,
        }
    }

    /// The same for a command.
    pub(super) fn apply(self, command: &mut Command) {
        for name in self.removed() {
            command.env_remove(name);
        }
    }
}

/// The toolchain that rustup takes in a folder of itself.
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
