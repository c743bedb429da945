//! The contracts of this repository.
//!
//! Lives here: finding their folder. Not here: building them, which works as for any contract (`stylus-cargo`).

use std::path::{Path, PathBuf};
use std::{env, io};

use stylus_cargo::{Project, ProjectError};
use stylus_report::figures::edge_cases::CONTRACT;

/// The folder of contracts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// Neither the current folder nor any folder above it has one.
    #[error(
        "there is no contracts/{CONTRACT}/Cargo.toml in {} or any folder above it; run this inside the repository or \
         name the contracts with --contracts DIR", .0.display()
    )]
    NotFound(PathBuf),
    /// The folder given is not one.
    #[error("{} has no {CONTRACT}/Cargo.toml; give --contracts the folder that has it", .0.display())]
    NotContracts(PathBuf),
    /// The current folder cannot be read.
    #[error("the current folder cannot be read: {0}; change to one that exists")]
    CurrentDir(io::Error),
    /// Cargo does not accept it.
    #[error(transparent)]
    Project(#[from] ProjectError),
}

/// Finds the contracts in the folder `given`, or else in `contracts` in the current folder or the nearest one above that has it.
///
/// # Errors
/// If there is no such folder, or cargo does not accept it.
pub fn own_contracts(given: Option<&Path>) -> Result<Project, OwnError> {
    let here = env::current_dir().map_err(OwnError::CurrentDir)?;
    let root = match given {
        Some(dir) if has_contract(dir) => here.join(dir),
        Some(dir) => return Err(OwnError::NotContracts(dir.to_owned())),
        None => nearest(&here).ok_or_else(|| OwnError::NotFound(here.clone()))?,
    };
    Ok(Project::find(Some(&root.join("Cargo.toml")), &[])?)
}

fn has_contract(dir: &Path) -> bool {
    dir.join(CONTRACT).join("Cargo.toml").is_file()
}

fn nearest(here: &Path) -> Option<PathBuf> {
    here.ancestors()
        .map(|above| above.join("contracts"))
        .find(|dir| has_contract(dir))
}

#[cfg(test)]
mod tests {
    use std::fs;

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
