//! Cargo, started by a test that another cargo has started.
//!
//! Lives here: which cargo it is, and what it may not know of the other one. Not here: what it is to build (`package`).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::BuildError;

/// What is said for the build of the tests and would make another contract: flags of this machine's compiler, say, or those of a tool
/// that measures coverage.
const OF_THE_TESTS: [&str; 8] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_INCREMENTAL",
    "CARGO_BUILD_INCREMENTAL",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
];

/// By what rustup and cargo tell whatever they run which toolchain it is of.
const TOOLCHAIN: [&str; 4] = ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC"];

/// The files by which a folder chooses a toolchain.
const CHOICES: [&str; 2] = ["rust-toolchain.toml", "rust-toolchain"];

/// Cargo in the folder of a contract. Its toolchain is the one that a file there or above chooses; where there is none, that of the tests.
pub(super) fn command(folder: &Path) -> Command {
    let is_chosen = folder
        .ancestors()
        .any(|above| CHOICES.iter().any(|file| above.join(file).is_file()));
    let ours = std::env::var_os("CARGO").map(PathBuf::from);
    let program = ours.filter(|_| !is_chosen).unwrap_or("cargo".into());
    let mut command = Command::new(program);
    command.current_dir(folder);
    for name in OF_THE_TESTS {
        command.env_remove(name);
    }
    if is_chosen {
        for name in TOOLCHAIN {
            command.env_remove(name);
        }
    }
    command
}

/// The command as it would be typed.
pub(super) fn shown(command: &Command) -> String {
    let arguments = command.get_args().map(OsStr::to_string_lossy);
    std::iter::once("cargo".into())
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs it to its end.
pub(super) fn output(command: &mut Command) -> Result<Output, BuildError> {
    let output = command.stdin(Stdio::null()).output();
    output.map_err(|source| BuildError::Io {
        what: "cargo cannot be run".into(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Which variables cargo would not see.
    fn removed(folder: &Path) -> Vec<String> {
        let command = command(folder);
        let variables = command.get_envs().filter(|(_, value)| value.is_none());
        variables
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_contract_does_not_know_how_its_tests_are_built() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let has = |removed: &[String], name: &str| removed.iter().any(|it| it == name);
        let found = removed(&inner);
        assert!(OF_THE_TESTS.iter().all(|name| has(&found, name)));
        assert!(!TOOLCHAIN.iter().any(|name| has(&found, name)));
        for file in CHOICES {
            let file = folder.path().join(file);
            fs::write(&file, "[toolchain]\nchannel = '1.95.0'\n").unwrap();
            let found = removed(&inner);
            assert!(TOOLCHAIN.iter().all(|name| has(&found, name)));
            assert_eq!(command(&inner).get_program(), "cargo");
            fs::remove_file(file).unwrap();
        }
    }
}
