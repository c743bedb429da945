//! What a contract's `Stylus.toml` has done with its module between the compiler and the chain.
//!
//! Lives here: the table `[wasm-opt]`, which `cargo stylus` obeys, and obeying it. Not here: the program (`compare::WasmOpt`), and
//! everything else that `cargo stylus` does to a module (`artifact`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ContractPackage, MARK, Project};
use crate::compare::{FindError, OptimiseError, WasmOpt};

/// A module is not what would be deployed.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file cannot be read, or the table makes no sense.
    #[error("{} cannot be used: {message}; correct its [wasm-opt]", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// No version is asked for.
    #[error("{} asks for wasm-opt without a `version`; `cargo stylus` wants one", path.display())]
    NoVersion {
        /// The file.
        path: PathBuf,
    },
    /// Another version is there, which makes another module.
    #[error(
        "{} asks for wasm-opt {wanted} and here is {found}; install that version of Binaryen",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it asks for.
        wanted: String,
        /// The version there is.
        found: String,
    },
    /// There is none.
    #[error(transparent)]
    Find(#[from] FindError),
    /// It does not accept the module or the flags.
    #[error(transparent)]
    Run(#[from] OptimiseError),
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "wasm-opt")]
    wasm_opt: Option<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    version: Option<String>,
    flags: Option<Vec<String>>,
}

impl Project {
    /// The module that is deployed of one that cargo built: the same, unless the contract's `Stylus.toml` has a table `[wasm-opt]`, for
    /// which the workspace's own has defaults.
    ///
    /// # Errors
    /// Where the table makes no sense, or that very version of `wasm-opt` is not there.
    pub fn finish(
        &self,
        contract: &ContractPackage,
        named: Vec<u8>,
    ) -> Result<Vec<u8>, RecipeError> {
        let path = contract.folder.join(MARK);
        let Some(own) = table(&path)? else {
            return Ok(named);
        };
        let defaults = match self.root == contract.folder {
            true => None,
            false => table(&self.root.join(MARK))?,
        };
        let (version, flags) = defaults.map_or((None, None), |it| (it.version, it.flags));
        let wanted = own
            .version
            .or(version)
            .ok_or_else(|| RecipeError::NoVersion { path: path.clone() })?;
        let program = WasmOpt::find(None)?;
        let found = program.version();
        // Some builds have more behind the number.
        let number: String = found
            .chars()
            .skip_while(|letter| !letter.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        if number != wanted {
            return Err(RecipeError::Version {
                path,
                wanted,
                found: number,
            });
        }
        Ok(program.run_with(&named, &own.flags.or(flags).unwrap_or_default())?)
    }
}

/// The table of a file, where there are both.
fn table(path: &Path) -> Result<Option<Table>, RecipeError> {
    let refuse = |message: String| RecipeError::Table {
        path: path.to_owned(),
        message,
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refuse(error.to_string())),
    };
    let file: File = toml::from_str(&text).map_err(|error| refuse(error.message().to_owned()))?;
    Ok(file.wasm_opt)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a module whose contract has this `Stylus.toml`, and its workspace that one.
    fn check(own: &str, of_workspace: &str, expected: Result<&[u8], &str>) {
        let folder = tempfile::tempdir().unwrap();
        let contract = folder.path().join("it");
        fs::create_dir(&contract).unwrap();
        fs::write(contract.join(MARK), own).unwrap();
        fs::write(folder.path().join(MARK), of_workspace).unwrap();
        let project = Project {
            root: folder.path().to_owned(),
            target_dir: folder.path().join("target"),
            contracts: Vec::new(),
            cargo: PathBuf::from("cargo"),
        };
        let package = ContractPackage {
            name: "it".to_owned(),
            folder: contract,
            exports_abi: false,
            unoptimised: Vec::new(),
        };
        let finished = project.finish(&package, b"module".to_vec());
        match (finished, expected) {
            (Ok(module), Ok(expected)) => assert_eq!(module, expected),
            (Err(error), Err(words)) => {
                let error = error.to_string();
                assert!(error.contains(words) && !error.contains('\n'), "{error}");
            }
            (finished, _) => panic!("{own}: {finished:?}"),
        }
    }

    #[test]
    fn a_module_is_left_alone_unless_its_own_file_says_otherwise() {
        let table = "[wasm-opt]\nversion = '108'\n";
        check("[contract]\n", "[workspace]\n", Ok(b"module"));
        check("[contract]\n", table, Ok(b"module"));
        check("[contract\n", "", Err("cannot be used: "));
        check("[wasm-opt]\nflag = []\n", "", Err("unknown field `flag`"));
        check("[wasm-opt]\n", "", Err("without a `version`"));
    }
}
