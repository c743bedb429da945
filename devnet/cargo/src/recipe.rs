//! What happens to a module between the compiler and the chain.
//!
//! Lives here: the order of the steps of `cargo stylus`, and the table `[wasm-opt]` of a contract's `Stylus.toml`. Not here: the program
//! (`wasm_opt`), and rewriting modules (`artifact`).

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stylus_vm::process::Kept;

use crate::artifact::NO_PROJECT;
use crate::{
    Artifact, BuildSettings, CargoError, ContractPackage, FindError, MARK, OptimiseError,
    PostprocessError, Project, WasmOpt, hash, input, release,
};

/// Why a module cannot be finished as `cargo stylus` would deploy it.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file cannot be read, or its table is invalid.
    #[error("{} cannot be used: {message}; correct its [wasm-opt]", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The table gives no version.
    #[error("{} asks for wasm-opt without a `version`; `cargo stylus` wants one", path.display())]
    NoVersion {
        /// The file.
        path: PathBuf,
    },
    /// Another version is installed, which would produce another module.
    #[error(
        "{} asks for wasm-opt {wanted}, but {found} is installed; install that version of Binaryen",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it asks for.
        wanted: String,
        /// The version that was found.
        found: String,
    },
    /// No `wasm-opt` was found.
    #[error(
        "{} asks for wasm-opt {wanted}, but there is none on PATH or in the cache; install that version of Binaryen and put its bin/ on \
         PATH",
        path.display()
    )]
    Absent {
        /// The file.
        path: PathBuf,
        /// The version it asks for.
        wanted: String,
    },
    /// The `wasm-opt` that was found does not run.
    #[error(transparent)]
    Find(FindError),
    /// `wasm-opt` does not accept the module or the flags.
    #[error("{}: {source}", path.display())]
    Run {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: OptimiseError,
    },
    /// The output of `wasm-opt` still needs post-processing, but `cargo stylus` would deploy it as it is.
    #[error(
        "{}: wasm-opt leaves sections that no chain takes; `cargo gas-bench report` says which flag avoids them",
        path.display()
    )]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// The output of the compiler or of `wasm-opt` is not a module.
    #[error(transparent)]
    Postprocess(#[from] PostprocessError),
    /// The sources, whose hash is deployed, cannot be read.
    #[error("the sources in {} cannot be read: {source}; their hash is part of what is deployed", folder.display())]
    Sources {
        /// The folder.
        folder: PathBuf,
        /// Why they could not be read.
        source: io::Error,
    },
    /// Cargo does not report its version, which is part of that hash.
    #[error(transparent)]
    Cargo(#[from] CargoError),
}

/// A contract ready to be deployed, and its module with function names.
#[derive(Debug)]
pub struct Finished {
    /// The artifact to deploy.
    pub artifact: Artifact,
    /// The module with function names, as far as they are known.
    pub named: Vec<u8>,
}

/// What a contract asks of `wasm-opt`.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    path: PathBuf,
    version: String,
    flags: Vec<String>,
    /// Whether the author's own build strips custom sections.
    strips: bool,
}

/// The output of `wasm-opt` for a module.
struct Optimised {
    /// As it is deployed, apart from custom sections.
    module: Vec<u8>,
    /// With function names, unless they would change the result.
    named: Vec<u8>,
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

/// Finishes a module that cargo built, as `cargo stylus` would deploy it. Follows the table `[wasm-opt]` of the contract's `Stylus.toml`,
/// for which the workspace's own `Stylus.toml` has defaults.
///
/// # Errors
/// If the table is invalid, or `wasm-opt` is not there in exactly that version, or it does not accept the module.
pub fn finish(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
    built: Vec<u8>,
) -> Result<Finished, RecipeError> {
    let recipe = Recipe::of(&project.root, &contract.folder)?;
    let hash = hash_of(contract, settings, recipe.as_ref())?;
    let Some(recipe) = recipe else {
        let mut artifact = Artifact::of_sources(&built, hash)?;
        artifact.lines = project.lines_of(&artifact.wasm);
        let named = built;
        return Ok(Finished { artifact, named });
    };
    let optimised = recipe.optimised(&recipe.program()?, &built)?;
    Ok(Finished {
        artifact: Artifact::as_it_is(&built, &optimised.module, hash)?,
        named: optimised.named,
    })
}

/// The hash of a contract's sources, as [`finish`] puts it into a module.
///
/// # Errors
/// If the sources cannot be read, or the table of the contract's `Stylus.toml` is invalid.
pub fn sources_hash(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
) -> Result<[u8; 32], RecipeError> {
    let recipe = Recipe::of(&project.root, &contract.folder)?;
    hash_of(contract, settings, recipe.as_ref())
}

fn hash_of(
    contract: &ContractPackage,
    settings: &BuildSettings,
    recipe: Option<&Recipe>,
) -> Result<[u8; 32], RecipeError> {
    if settings.reproducible {
        return Ok(NO_PROJECT);
    }
    let folder = &contract.folder;
    let cargo = contract.toolchain.ask(&["version"], folder)?;
    let recipe = recipe.map(|it| (it.version.as_str(), it.flags.as_slice()));
    let hash = hash::project(folder, &cargo, recipe);
    hash.map(|it| it.0).map_err(|source| RecipeError::Sources {
        folder: folder.clone(),
        source,
    })
}

/// Whether the author's own build strips custom sections.
fn strips(root: &Path, folder: &Path) -> bool {
    let strip = release::setting(root, folder, "strip");
    strip.is_some_and(|strip| strip == "true" || strip == "symbols")
}

impl Recipe {
    /// Reads what the contract in `folder` asks for, whose workspace is in `root`; `None` if it has no such table.
    ///
    /// # Errors
    /// If its table, or the workspace's, is invalid.
    pub(crate) fn of(root: &Path, folder: &Path) -> Result<Option<Self>, RecipeError> {
        let path = folder.join(MARK);
        let Some(own) = table(&path)? else {
            return Ok(None);
        };
        let defaults = match root == folder {
            true => None,
            false => table(&root.join(MARK))?,
        };
        let (version, flags) = defaults.map_or((None, None), |it| (it.version, it.flags));
        let version = own
            .version
            .or(version)
            .ok_or_else(|| RecipeError::NoVersion { path: path.clone() })?;
        let flags = own.flags.or(flags).unwrap_or_default();
        Ok(Some(Self {
            path,
            version,
            flags,
            strips: strips(root, folder),
        }))
    }

    /// The flags, as on a command line.
    pub(crate) fn flags(&self) -> String {
        self.flags.join(" ")
    }

    /// Runs the program on a module that is then deployed like any other, and returns the result with function names.
    ///
    /// # Errors
    /// If the program does not accept it, or its output still needs post-processing, which `cargo stylus` would not do.
    pub(crate) fn named(&self, program: &WasmOpt, built: &[u8]) -> Result<Vec<u8>, RecipeError> {
        let optimised = self.optimised(program, built)?;
        let deployed = Artifact::as_it_is(built, &optimised.module, NO_PROJECT)?;
        match Artifact::of_named(&optimised.named)?.wasm == deployed.wasm {
            true => Ok(optimised.named),
            false => Err(RecipeError::Other {
                path: self.path.clone(),
            }),
        }
    }

    fn optimised(&self, program: &WasmOpt, built: &[u8]) -> Result<Optimised, RecipeError> {
        let run = |module: &[u8], flags: &[String]| {
            let run = program.run_with(module, flags);
            run.map_err(|source| RecipeError::Run {
                path: self.path.clone(),
                source,
            })
        };
        // A module's target features decide what `wasm-opt` can do with it, so they are kept exactly if the author's own build keeps them.
        let (kept, with_names) = match self.strips {
            true => (Kept::Nothing, Kept::Names),
            false => (Kept::Features, Kept::FeaturesAndNames),
        };
        let module = run(&kept.of(built)?, &self.flags)?;
        let named = run(
            &with_names.of(built)?,
            &[self.flags.as_slice(), &["-g".to_owned()]].concat(),
        )?;
        let deployed = |module: &[u8]| Artifact::as_it_is(built, module, NO_PROJECT);
        let is_same = deployed(&named)?.wasm == deployed(&module)?.wasm;
        let named = if is_same { named } else { module.clone() };
        Ok(Optimised { module, named })
    }

    /// Finds the program, in exactly the version asked for.
    ///
    /// # Errors
    /// If there is none, it does not run, or it has another version.
    pub(crate) fn program(&self) -> Result<WasmOpt, RecipeError> {
        let program = WasmOpt::find(None).map_err(|error| match error {
            FindError::NotFound(_) => RecipeError::Absent {
                path: self.path.clone(),
                wanted: self.version.clone(),
            },
            other @ FindError::NotRun { .. } => RecipeError::Find(other),
        })?;
        // Some builds write more after the number.
        let number: String = program
            .version()
            .chars()
            .skip_while(|letter| !letter.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        match number == self.version {
            true => Ok(program),
            false => Err(RecipeError::Version {
                path: self.path.clone(),
                wanted: self.version.clone(),
                found: number,
            }),
        }
    }
}

/// The table of a file; `None` if either does not exist.
fn table(path: &Path) -> Result<Option<Table>, RecipeError> {
    let refuse = |message: String| RecipeError::Table {
        path: path.to_owned(),
        message,
    };
    let text = match input::text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refuse(error.to_string())),
    };
    let file: File = input::tables(&text).map_err(|error| refuse(error.to_string()))?;
    Ok(file.wasm_opt)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{BuildTarget, Toolchain};

    /// The smallest module with a name in it.
    fn module() -> Vec<u8> {
        wat::parse_str("(module (func $f))").unwrap()
    }

    /// Checks the result for a module whose contract has the `Stylus.toml` `own`, and whose workspace has `of_workspace`.
    fn check(own: &str, of_workspace: &str, expected: Result<&[u8], &str>) {
        let folder = tempfile::tempdir().unwrap();
        let contract = folder.path().join("it");
        fs::create_dir(&contract).unwrap();
        fs::write(contract.join(MARK), own).unwrap();
        fs::write(folder.path().join(MARK), of_workspace).unwrap();
        let package = ContractPackage {
            name: "it".to_owned(),
            folder: contract,
            exports_abi: false,
            unoptimised: Vec::new(),
            target: BuildTarget::Library("it".to_owned()),
            toolchain: Toolchain::default(),
        };
        let project = Project {
            root: folder.path().to_owned(),
            target_dir: folder.path().join("target"),
            contracts: vec![package.clone()],
            members: vec![package.clone()],
            toolchain: Toolchain::default(),
        };
        let finished = finish(&project, &package, &BuildSettings::default(), module());
        match (finished, expected) {
            (Ok(finished), Ok(expected)) => assert_eq!(finished.named, expected),
            (Err(error), Err(words)) => {
                let error = error.to_string();
                assert!(error.contains(words) && !error.contains('\n'), "{error}");
            }
            (finished, _) => panic!("{own}: {finished:?}"),
        }
    }

    #[test]
    fn a_module_is_left_alone_unless_its_own_file_says_otherwise() {
        let table = "[wasm-opt]\nversion = '1'\n";
        let module = module();
        check("[contract]\n", "[workspace]\n", Ok(&module));
        check("[contract]\n", table, Ok(&module));
        check("\u{feff}[contract]\n", "", Ok(&module));
        check("[contract\n", "", Err("cannot be used: "));
        for bracket in ["[", "a = [", "{"] {
            let many = bracket.repeat(100_000);
            check(&many, "", Err("more than 10000 opening brackets"));
            check(table, &many, Err("more than 10000 opening brackets"));
        }
        check("[wasm-opt]\nflag = []\n", "", Err("unknown field `flag`"));
        check("[wasm-opt]\n", "", Err("without a `version`"));
        check("[wasm-opt]\n", table, Err("asks for wasm-opt 1"));
    }
}
