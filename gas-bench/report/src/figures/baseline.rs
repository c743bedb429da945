//! Baselines: reports kept to compare later ones with.
//!
//! Lives here: where such a file lies, what makes it usable, reading and writing it. Not here: what has changed since (`baseline::diff`),
//! which changes are too much (`baseline::regression`), how either is shown (`content`).

mod diff;
mod regression;

use std::collections::BTreeSet;
use std::path::{self, Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use stylus_cargo::input;

use crate::figures::{Outcome, Report, Run, SCHEMA};
use crate::output::{OutputError, OutputFile};

pub use diff::{CallDiff, Change, ContractDiff, Cost, Diff, Incomparable, Standing, diff};
pub use regression::{Loss, Regression, Tolerance, ToleranceError};

/// The folder for named baselines.
pub const FOLDER: &str = "gas-baselines";

/// The longest name of a baseline, in bytes: with its extension it fits every file system.
const NAME_MAX: usize = 100;

/// A baseline cannot be read, written or trusted.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The name has characters with a meaning in paths, or is that of a file with sizes.
    #[error(
        "{0:?} cannot be a baseline's name: use up to 100 letters, digits, -, _ and ., not ending in .size, or a file's path with / in it"
    )]
    Name(String),
    /// The file does not exist.
    #[error("there is no baseline at {}: make one with --save", .0.display())]
    Absent(PathBuf),
    /// The file exists but cannot be read.
    #[error("{} cannot be read: {source}; name a file that can be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why it could not be read.
        source: io::Error,
    },
    /// The file is not a baseline, or is damaged.
    #[error("{} is not a baseline: {source}; make it again with --save", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A different version of this program wrote it.
    #[error(
        "{} has schema {found}, this program reads schema {SCHEMA}: make it again with --save",
        path.display()
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// The schema it has.
        found: u32,
    },
    /// Its figures contradict each other.
    #[error("{} holds figures that were never measured: {flaw}; make it again with --save", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// The contradiction.
        flaw: String,
    },
    /// The file cannot be written.
    #[error(
        "{} cannot be written: {source}; give --save a name or a file in a folder you may write to",
        path.display()
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why it could not be written.
        source: io::Error,
    },
}

impl From<OutputError> for BaselineError {
    fn from(OutputError { path, source }: OutputError) -> Self {
        Self::Unwritable { path, source }
    }
}

/// Where the baseline `name_or_file` lies: a name stands for `gas-baselines/NAME.json` in `folder`; anything that contains a separator or
/// ends in `.json` is already a file.
///
/// # Errors
/// If a name has characters with a meaning in paths, or would be that of a file with sizes: `size --save x` writes `x.size.json`.
pub fn path_of(name_or_file: &str, folder: &Path) -> Result<PathBuf, BaselineError> {
    if name_or_file.contains(path::is_separator) || name_or_file.ends_with(".json") {
        return Ok(PathBuf::from(name_or_file));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = (1..=NAME_MAX).contains(&name_or_file.len());
    // A leading dot would hide the file, and `..` would leave the folder.
    let is_hidden = name_or_file.starts_with('.');
    if !fits || !name_or_file.bytes().all(plain) || is_hidden || name_or_file.ends_with(".size") {
        return Err(BaselineError::Name(name_or_file.to_owned()));
    }
    Ok(folder.join(FOLDER).join(format!("{name_or_file}.json")))
}

/// Loads the baseline at `path`.
///
/// # Errors
/// If the file does not exist, has a different [`SCHEMA`], or its figures cannot have been measured.
pub fn load(path: &Path) -> Result<Report, BaselineError> {
    /// The part that every schema has.
    #[derive(Deserialize)]
    struct Version {
        schema: u32,
    }
    let text = input::text(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => BaselineError::Absent(path.to_owned()),
        _ => BaselineError::Unreadable {
            path: path.to_owned(),
            source,
        },
    })?;
    let shape = |source| BaselineError::Shape {
        path: path.to_owned(),
        source,
    };
    let Version { schema: found } = serde_json::from_str(&text).map_err(shape)?;
    if found != SCHEMA {
        return Err(BaselineError::Schema {
            path: path.to_owned(),
            found,
        });
    }
    let report = serde_json::from_str(&text).map_err(shape)?;
    match flaw(&report) {
        None => Ok(report),
        Some(flaw) => Err(BaselineError::Unsound {
            path: path.to_owned(),
            flaw,
        }),
    }
}

/// A baseline about to be written. Beginning one before anything is measured shows early whether it can be written.
#[derive(Debug)]
pub struct Draft(OutputFile);

impl Draft {
    /// Starts a draft of the baseline at `path` and creates the folder of baselines if it is missing. Dropping the draft leaves `path` as
    /// it was.
    ///
    /// # Errors
    /// If the folder cannot be written to, or `path` is something other than a file.
    pub fn begin(path: &Path) -> Result<Self, BaselineError> {
        if let Some(folder) = path.parent().filter(|folder| folder.ends_with(FOLDER)) {
            fs::create_dir_all(folder).map_err(|source| BaselineError::Unwritable {
                path: path.to_owned(),
                source,
            })?;
        }
        Ok(Self(OutputFile::begin(path)?))
    }

    /// Replaces whatever was at `path` with `report`.
    ///
    /// # Errors
    /// If the disk is full or the folder has changed; the old file stays.
    pub fn save(self, report: &Report) -> Result<(), BaselineError> {
        Ok(self.0.finish(report.to_json())?)
    }
}

/// Saves `report` as the baseline at `path`: whole, or not at all.
///
/// # Errors
/// If it cannot be written; the old file stays.
pub fn save(report: &Report, path: &Path) -> Result<(), BaselineError> {
    Draft::begin(path)?.save(report)
}

/// Finds what no measured report has: a duplicate name, a call without runs, or parts that do not add up. Baselines are committed, and
/// merging two of them can leave any of these.
fn flaw(report: &Report) -> Option<String> {
    let price = report.made_with.ink_per_gas;
    let adds_up = |run: &Run| run.parts.total(price) == Some(run.gas);
    let mut contracts = BTreeSet::new();
    for contract in &report.contracts {
        let name = &contract.name;
        if !contracts.insert(name) {
            return Some(format!("the contract {name} is in it twice"));
        }
        let mut calls = BTreeSet::new();
        for call in &contract.calls {
            let place = format!("{name}, {}", call.name);
            if !calls.insert(&call.name) {
                return Some(format!("{place} is in it twice"));
            }
            if let Outcome::Runs(runs) = &call.outcome {
                if runs.is_empty() {
                    return Some(format!("{place} has no run"));
                }
                if !runs.iter().all(adds_up) {
                    return Some(format!("the parts of {place} do not add up to its gas"));
                }
            }
        }
    }
    None
}
