//! Cargo's commands in the copy.
//!
//! Lives here: running one, without the network where that will do. Not here: which, and building (`builds`).

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::artifact::{first_error, process};

/// A command of cargo's fails.
#[derive(Debug, thiserror::Error)]
pub enum CargoError {
    /// Cargo does not run at all.
    #[error("{} cannot be run: {source}; install Rust from https://rustup.rs", program.display())]
    NotRun {
        /// What was to be run.
        program: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// It reports an error.
    #[error("`cargo {command}` fails in a copy of the workspace: {message}; correct what it names")]
    Failed {
        /// What was run.
        command: String,
        /// The first error that it reports.
        message: String,
    },
}

/// Cargo, started in one folder of the copy.
#[derive(Clone, Debug)]
pub(super) struct Cargo {
    pub(super) program: PathBuf,
    pub(super) folder: PathBuf,
}

impl Cargo {
    /// A command of cargo's in the folder.
    pub(super) fn command(&self) -> Command {
        process::command(&self.program, &self.folder)
    }

    /// What cargo writes to its standard output. The network is only asked where cargo does not do without.
    pub(super) fn answer(&self, arguments: &[&str]) -> Result<String, CargoError> {
        self.once(&[arguments, &["--offline"]].concat())
            .or_else(|_| self.once(arguments))
    }

    /// The compiler that cargo would use, as it names itself; nothing where it does not run.
    pub(super) fn compiler(&self) -> String {
        let program = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
        let mut command = process::command(program.as_ref(), &self.folder);
        let output = process::output(command.arg("--version"));
        let text = output.map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&text).trim().to_owned()
    }

    fn once(&self, arguments: &[&str]) -> Result<String, CargoError> {
        let output = process::output(self.command().args(arguments));
        let output = output.map_err(|source| CargoError::NotRun {
            program: self.program.clone(),
            source,
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(CargoError::Failed {
            command: arguments.join(" "),
            message: first_error(&String::from_utf8_lossy(&output.stderr)),
        })
    }
}
