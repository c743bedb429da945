//! A contract's crate, and the module that cargo makes of it.
//!
//! Lives here: which package is meant, and building it once. Not here: how cargo is started so that nothing of the test's own build gets
//! into it (`package::cargo`), and what becomes of the module afterwards (`module`).

mod cargo;
mod flags;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use alloy_primitives::{hex, keccak256};
use cargo_metadata::{CrateType, Message, Metadata, MetadataCommand};

use super::{Module, ModuleError};

/// The target of every Stylus program.
const TARGET: &str = "wasm32-unknown-unknown";

/// The contract of a crate, as a [`Module`](crate::testing::Module): of the one that the test belongs to, or of the one in a folder that
/// is named from there.
///
/// Cargo builds it as for `cargo stylus deploy`, in the release profile of its own workspace, before the first test that asks for it goes
/// on; where nothing has changed that takes a fraction of a second. See [`Package`](crate::testing::Package) for features.
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
/// Where the contract does not build, with what the compiler says.
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

/// A contract that cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no package there.
    #[error("there is no package in {}: {reason}", folder.display())]
    NoPackage {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The package is not a contract.
    #[error(
        "{name} has no library of the type `cdylib`: add crate-type = [\"cdylib\"] to [lib] in its Cargo.toml"
    )]
    NoContract {
        /// The package.
        name: String,
    },
    /// A step of the author's that this crate does not take.
    #[error(
        "{} asks for wasm-opt, which only `cargo stylus` runs: give the module that it makes to `Module::from_wasm`",
        file.display()
    )]
    WasmOpt {
        /// The contract's `Stylus.toml`.
        file: PathBuf,
    },
    /// A program cannot be started, or a file not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// No standard library for programs.
    #[error("Rust has no {TARGET} here: run `rustup target add {TARGET}` in {}", folder.display())]
    MissingTarget {
        /// Whose toolchain it is.
        folder: PathBuf,
    },
    /// The compiler or cargo refuses it.
    #[error("`{command}` fails:\n{said}")]
    Failed {
        /// What was run.
        command: String,
        /// What it said.
        said: String,
    },
    /// What came out is not a module.
    #[error(transparent)]
    Module(#[from] ModuleError),
}

type Built = Result<Module, Arc<BuildError>>;

/// What this process has built. A failure stays one, too: the sources are those that the tests were compiled with.
static BUILT: Mutex<Option<HashMap<Package, Built>>> = Mutex::new(None);

impl Package {
    /// The package in a folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            features: Vec::new(),
            has_default_features: true,
        }
    }

    /// Switches a feature on.
    pub fn feature(mut self, name: impl Into<String>) -> Self {
        self.features.push(name.into());
        self
    }

    /// Switches the default features off.
    pub fn no_default_features(mut self) -> Self {
        self.has_default_features = false;
        self
    }

    /// Builds the contract, once in this process.
    ///
    /// # Errors
    /// Where there is none, or it does not build.
    pub fn build(&self) -> Result<Module, Arc<BuildError>> {
        // Held while cargo runs, which would have others wait, too.
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let built = built.get_or_insert_default();
        if let Some(built) = built.get(self) {
            return built.clone();
        }
        let result = self.build_anew().map_err(Arc::new);
        built.insert(self.clone(), result.clone());
        result
    }

    /// What [`Package::build`] makes.
    ///
    /// # Panics
    /// Where it makes nothing.
    #[track_caller]
    pub fn module(&self) -> Module {
        self.build()
            .unwrap_or_else(|error| panic!("the contract is not built: {error}"))
    }

    fn build_anew(&self) -> Result<Module, BuildError> {
        let folder = self
            .folder
            .canonicalize()
            .map_err(|source| BuildError::NoPackage {
                folder: self.folder.clone(),
                reason: source.to_string(),
            })?;
        refuse_wasm_opt(&folder)?;
        let metadata = metadata(&folder)?;
        let manifest = folder.join("Cargo.toml");
        let package = metadata
            .packages
            .iter()
            .find(|package| package.manifest_path == manifest)
            .ok_or_else(|| BuildError::NoPackage {
                folder: folder.clone(),
                reason: "its Cargo.toml is a workspace's, and not a package's".into(),
            })?;
        let is_contract =
            |target: &&cargo_metadata::Target| target.crate_types.contains(&CrateType::CDyLib);
        let name = package.name.to_string();
        if !package.targets.iter().any(|target| is_contract(&target)) {
            return Err(BuildError::NoContract { name });
        }

        let place = self.place(&metadata);
        // Others may build the same package in another way, into the same file: it is read before they may.
        let _alone = lock(&place)?;
        let mut command = cargo::command(&folder);
        command
            .args(["build", "--release", "--lib", "--locked"])
            .args(["--target", TARGET, "--package", &name])
            .args(self.arguments());
        let shown = format!("cd {} && {}", folder.display(), cargo::shown(&command));
        for setting in flags::without_paths(&folder, metadata.workspace_root.as_std_path()) {
            command.args(["--config", &setting]);
        }
        command
            .arg("--message-format=json-render-diagnostics")
            .arg("--target-dir")
            .arg(&place)
            // Without this, a workspace may have it elsewhere.
            .env("CARGO_BUILD_BUILD_DIR", &place);
        let output = cargo::output(&mut command)?;
        if !output.status.success() {
            return Err(failed(&output.stderr, folder, shown));
        }
        let messages = Message::parse_stream(output.stdout.as_slice());
        let is_wasm =
            |file: &&cargo_metadata::camino::Utf8PathBuf| file.extension() == Some("wasm");
        let file = messages
            .filter_map(Result::ok)
            .find_map(|message| match message {
                Message::CompilerArtifact(it) if it.package_id == package.id => {
                    it.filenames.iter().find(is_wasm).cloned()
                }
                _ => None,
            });
        let file = file.ok_or_else(|| BuildError::Failed {
            command: shown,
            said: "it tells of no module".into(),
        })?;
        let wasm = fs::read(&file).map_err(|source| BuildError::Io {
            what: format!("the module {file} cannot be read"),
            source,
        })?;
        Ok(Module::from_wasm(&wasm)?)
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if !self.features.is_empty() {
            arguments.extend(["--features".to_owned(), self.features.join(",")]);
        }
        if !self.has_default_features {
            arguments.push("--no-default-features".to_owned());
        }
        arguments
    }

    /// Where it is built: beside what the author builds, so that neither waits for the other or builds it anew, and apart from other
    /// checkouts and features.
    fn place(&self, metadata: &Metadata) -> PathBuf {
        let apart = format!("{} {}", metadata.workspace_root, self.arguments().join(" "));
        let apart = hex::encode(&keccak256(apart)[..8]);
        let target = metadata.target_directory.as_std_path();
        target.join("stylus-devnet").join(apart)
    }
}

/// The workspace of the package in a folder, as cargo tells of it.
fn metadata(folder: &Path) -> Result<Metadata, BuildError> {
    let mut command = cargo::command(folder);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    command
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"));
    let output = cargo::output(&mut command)?;
    let no_package = |reason: String| BuildError::NoPackage {
        folder: folder.to_owned(),
        reason,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(no_package(said.trim().to_owned()));
    }
    let told = String::from_utf8_lossy(&output.stdout);
    MetadataCommand::parse(told).map_err(|error| no_package(error.to_string()))
}

/// What is deployed would be another module than what is tested here.
fn refuse_wasm_opt(folder: &Path) -> Result<(), BuildError> {
    let file = folder.join("Stylus.toml");
    let table = fs::read_to_string(&file)
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok());
    match table.is_some_and(|table| table.contains_key("wasm-opt")) {
        true => Err(BuildError::WasmOpt { file }),
        false => Ok(()),
    }
}

/// Why cargo failed.
fn failed(stderr: &[u8], folder: PathBuf, command: String) -> BuildError {
    let said = String::from_utf8_lossy(stderr);
    if said.contains("target may not be installed") {
        return BuildError::MissingTarget { folder };
    }
    // What it was doing meanwhile is of no interest.
    let is_told = |line: &&str| {
        let doing = [
            "Compiling",
            "Downloaded",
            "Downloading",
            "Blocking",
            "Locking",
            "Updating",
        ];
        !doing.iter().any(|word| line.trim_start().starts_with(word))
    };
    let said: Vec<_> = said.lines().filter(is_told).collect();
    BuildError::Failed {
        command,
        said: said.join("\n"),
    }
}

/// The right to build in a folder, among all processes, until the file is dropped.
fn lock(folder: &Path) -> Result<File, BuildError> {
    let locked = fs::create_dir_all(folder).and_then(|()| {
        let file = File::create(folder.join("stylus-devnet.lock"))?;
        file.lock()?;
        Ok(file)
    });
    locked.map_err(|source| BuildError::Io {
        what: format!("nothing can be built in {}", folder.display()),
        source,
    })
}
