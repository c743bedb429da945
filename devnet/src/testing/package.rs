//! A contract's crate, and the module that cargo builds from it.
//!
//! Lives here: which package is meant, and building it once. Not here: how cargo builds it (`stylus-cargo`), and what happens to the module
//! afterwards (`module`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use stylus_cargo::{BuildSettings, MARK, Project, ProjectError, input};

use super::{Module, ModuleError};

/// Builds the contract of a crate as a [`Module`](crate::testing::Module): of the crate that the test belongs to, or of one in a folder
/// relative to it.
///
/// Cargo builds it as for `cargo stylus deploy`, in the release profile of its own workspace, before the first test that needs it
/// continues; if nothing has changed, that takes a fraction of a second. See [`Package`](crate::testing::Package) for features.
///
/// ```
/// use stylus_devnet::testing::*;
///
/// let chain = Chain::new();
/// let counter = chain.deploy(build!("../contracts/counter"));
/// # let _ = counter;
/// ```
///
/// # Panics
/// If the contract does not build; the message has the compiler's output.
#[macro_export]
macro_rules! build {
    () => {
        $crate::testing::Package::at(env!("CARGO_MANIFEST_DIR")).module()
    };
    ($folder:expr $(,)?) => {
        $crate::testing::Package::at(concat!(env!("CARGO_MANIFEST_DIR"), "/", $folder)).module()
    };
}

/// A contract's crate, and the features to build it with.
///
/// ```no_run
/// use stylus_devnet::testing::*;
///
/// let module = Package::at("contracts/erc20").feature("pausable").build()?;
/// # Ok::<(), std::sync::Arc<BuildError>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[must_use = "`build` makes a module of it"]
pub struct Package {
    folder: PathBuf,
    features: Vec<String>,
    has_default_features: bool,
}

/// Why a contract cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no package there, or it is not a contract.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The author asks for a step that this crate does not carry out.
    #[error(
        "{} asks for wasm-opt, which only `cargo stylus` runs: give the module that it makes to `Module::from_wasm`",
        file.display()
    )]
    WasmOpt {
        /// The contract's `Stylus.toml`.
        file: PathBuf,
    },
    /// The compiler or cargo rejects it.
    #[error("`{command}` fails:\n{said}")]
    Failed {
        /// The command that was run.
        command: String,
        /// Its output.
        said: String,
    },
    /// The toolchain lacks the standard library for programs, a program cannot be started, or a file cannot be used.
    #[error(transparent)]
    Cargo(Box<dyn std::error::Error + Send + Sync>),
    /// The output is not a module.
    #[error(transparent)]
    Module(#[from] ModuleError),
}

type Built = Result<Module, Arc<BuildError>>;

/// What this process has built. Failures are kept, too: the sources are those that the tests were compiled with.
static BUILT: Mutex<Option<HashMap<Package, Built>>> = Mutex::new(None);

impl Package {
    /// Returns the package in a folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            features: Vec::new(),
            has_default_features: true,
        }
    }

    /// Enables a feature.
    pub fn feature(mut self, name: impl Into<String>) -> Self {
        self.features.push(name.into());
        self
    }

    /// Disables the default features.
    pub fn no_default_features(mut self) -> Self {
        self.has_default_features = false;
        self
    }

    /// Builds the contract, only once per process.
    ///
    /// # Errors
    /// If there is no contract, or it does not build.
    pub fn build(&self) -> Result<Module, Arc<BuildError>> {
        // Held while cargo runs, which would make others wait anyway.
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let built = built.get_or_insert_default();
        if let Some(built) = built.get(self) {
            return built.clone();
        }
        let result = self.build_anew().map_err(Arc::new);
        built.insert(self.clone(), result.clone());
        result
    }

    /// Like [`Package::build`], but panics.
    ///
    /// # Panics
    /// If the contract does not build.
    #[track_caller]
    pub fn module(&self) -> Module {
        match self.build() {
            Ok(module) => module,
            Err(error) => panic!("the contract is not built: {error}"),
        }
    }

    fn build_anew(&self) -> Result<Module, BuildError> {
        let project = Project::of_package(&self.folder)?;
        let [contract] = project.contracts.as_slice() else {
            unreachable!("the contracts of a package are itself");
        };
        refuse_wasm_opt(&contract.folder)?;
        let settings = BuildSettings {
            features: self.features.clone(),
            no_default_features: !self.has_default_features,
            without_variables: true,
            // The same sources give the same module, and so the same gas, in every folder and for every user.
            reproducible: true,
            ..BuildSettings::default()
        };
        let built = project.build(contract, &settings, &mut |_| {});
        let built = built.map_err(|error| match error {
            stylus_cargo::BuildError::Failed { command, said, .. } => {
                BuildError::Failed { command, said }
            }
            other => BuildError::Cargo(other.into()),
        })?;
        Ok(Module::from_wasm(&built)?)
    }
}

/// Refuses wasm-opt: the deployed module would differ from the one tested here.
fn refuse_wasm_opt(folder: &Path) -> Result<(), BuildError> {
    let file = folder.join(MARK);
    let text = input::text(&file).ok();
    let table = text.and_then(|text| input::tables::<toml::Table>(&text).ok());
    match table.is_some_and(|table| table.contains_key("wasm-opt")) {
        true => Err(BuildError::WasmOpt { file }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the error of building a contract with this source and `Stylus.toml`.
    fn refused(source: &str, settings: &str) -> BuildError {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = 'it'\nversion = '0.1.0'\n[lib]\ncrate-type = ['cdylib']\n[workspace]\n";
        let lock = "version = 4\n[[package]]\nname = 'it'\nversion = '0.1.0'\n";
        std::fs::create_dir(folder.path().join("src")).unwrap();
        for (path, text) in [
            ("Cargo.toml", manifest),
            ("Cargo.lock", lock),
            ("src/lib.rs", source),
            (MARK, settings),
        ] {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        Package::at(folder.path()).build_anew().unwrap_err()
    }

    #[test]
    fn what_is_not_built_says_why() {
        let error = refused("fn f() -> u8 { missing }\nfn g() -> u8 { \"\" }", "");
        let BuildError::Failed { said, .. } = &error else {
            panic!("{error}");
        };
        // All of it, as the compiler prints it.
        for words in [
            "cannot find value `missing`",
            "mismatched types",
            "src/lib.rs:1",
        ] {
            assert!(said.contains(words), "{said}");
        }
        let error = refused("", "[wasm-opt]\n");
        assert!(matches!(error, BuildError::WasmOpt { .. }), "{error}");
    }
}
