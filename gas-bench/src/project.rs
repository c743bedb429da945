//! Somebody's contracts: where they are, and which packages they are.
//!
//! Lives here: reading a manifest, and telling contracts from other packages. Not here: building them (`project::build`), and what
//! is called in them (`plan`).

mod build;
mod lto;
mod recipe;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, io};

use cargo_metadata::{CrateType, Metadata, MetadataCommand, Package};

pub use build::{BuildSettings, Built};
pub use lto::CrateTypes;
pub use recipe::RecipeError;

/// The package that every contract on the SDK depends on.
const SDK: &str = "stylus-sdk";

/// The file that marks a contract for `cargo stylus`.
const MARK: &str = "Stylus.toml";

/// The manifest cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Cargo does not run at all.
    #[error("{} cannot be run: {source}; install Rust from https://rustup.rs", program.display())]
    NotRun {
        /// What was to be run.
        program: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// Cargo does not accept the manifest.
    #[error("{manifest} cannot be used: {message}; name a Cargo.toml with --manifest-path")]
    Manifest {
        /// The manifest asked for, or the current folder's.
        manifest: String,
        /// The first error that cargo reports.
        message: String,
    },
    /// No member is a contract.
    #[error(
        "{manifest} has no contract: a contract is a package with the crate type `cdylib` that depends on {SDK}"
    )]
    NoContract {
        /// The manifest looked at.
        manifest: PathBuf,
    },
    /// No contract of that name.
    #[error("there is no contract `{name}` in {manifest}: it has {known}")]
    UnknownContract {
        /// The name asked for.
        name: String,
        /// The manifest looked at.
        manifest: PathBuf,
        /// The names that there are.
        known: String,
    },
    /// The compiler does not name itself.
    #[error("`rustc --version` fails in {}: {message}; repair the toolchain", folder.display())]
    Compiler {
        /// Where it was asked.
        folder: PathBuf,
        /// What it said.
        message: String,
    },
}

/// A cargo workspace with contracts, or a single contract.
#[derive(Clone, Debug)]
pub struct Project {
    /// The workspace's folder.
    pub root: PathBuf,
    /// Where its builds go; what is built here goes into folders of its own in it.
    pub target_dir: PathBuf,
    /// The contracts that are meant, by name.
    pub contracts: Vec<ContractPackage>,
    /// The cargo that builds it.
    pub cargo: PathBuf,
}

/// A package that is a contract.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContractPackage {
    /// The package's name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it can print its ABI: it has a feature `export-abi` and a program.
    pub exports_abi: bool,
    /// Crate types of its library that keep cargo from link-time optimisation.
    pub unoptimised: Vec<String>,
}

impl Project {
    /// The contracts that `manifest` is about, or the current folder's manifest: a package's own, or all of a workspace. With `only`,
    /// those of these names.
    ///
    /// # Errors
    /// Where cargo does not accept the manifest, or there is no such contract.
    pub fn find(manifest: Option<&Path>, only: &[String]) -> Result<Self, ProjectError> {
        // Cargo names itself to what it runs, so that a toolchain chosen for one is the other's too.
        let cargo = PathBuf::from(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        let metadata = metadata(&cargo, manifest)?;
        let root: PathBuf = metadata.workspace_root.clone().into();
        let path = manifest
            .map(Path::to_owned)
            .or_else(nearest)
            .unwrap_or_else(|| root.join("Cargo.toml"));
        let contracts = choose(contracts(&metadata), only, &path)?;
        Ok(Self {
            root,
            target_dir: metadata.target_directory.into(),
            contracts,
            cargo,
        })
    }
}

fn metadata(cargo: &Path, manifest: Option<&Path>) -> Result<Metadata, ProjectError> {
    let mut command = MetadataCommand::new();
    command.cargo_path(cargo).no_deps();
    if let Some(manifest) = manifest {
        command.manifest_path(manifest);
        // Cargo reads settings, among them which toolchain, from the folder it is started in.
        let folder = manifest
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| folder.is_dir()) {
            command.current_dir(folder);
        }
        if let Ok(absolute) = manifest.canonicalize() {
            command.manifest_path(absolute);
        }
    }
    command.exec().map_err(|error| match error {
        cargo_metadata::Error::Io(source) => ProjectError::NotRun {
            program: cargo.to_owned(),
            source,
        },
        cargo_metadata::Error::CargoMetadata { stderr } => ProjectError::Manifest {
            manifest: shown(manifest),
            message: crate::artifact::first_error(&stderr),
        },
        other => ProjectError::Manifest {
            manifest: shown(manifest),
            message: other.to_string(),
        },
    })
}

fn shown(manifest: Option<&Path>) -> String {
    manifest.map_or_else(
        || "the current folder's Cargo.toml".to_owned(),
        |path| path.display().to_string(),
    )
}

/// The contracts among a workspace's members, by name.
fn contracts(metadata: &Metadata) -> Vec<ContractPackage> {
    let mut contracts: Vec<_> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| is_contract(package))
        .map(|package| ContractPackage {
            name: package.name.to_string(),
            folder: folder(package),
            exports_abi: package.features.contains_key("export-abi")
                && package.targets.iter().any(|target| target.is_bin()),
            unoptimised: lto::unoptimised(package),
        })
        .collect();
    contracts.sort_by(|one, other| one.name.cmp(&other.name));
    contracts
}

fn folder(package: &Package) -> PathBuf {
    let manifest: &Path = package.manifest_path.as_ref();
    manifest.parent().unwrap_or(manifest).to_owned()
}

fn is_contract(package: &Package) -> bool {
    let is_cdylib = package
        .targets
        .iter()
        .any(|target| target.crate_types.contains(&CrateType::CDyLib));
    let on_sdk = package
        .dependencies
        .iter()
        .any(|dependency| dependency.name == SDK);
    is_cdylib && (on_sdk || folder(package).join(MARK).is_file())
}

/// The manifest that cargo takes where none is named.
fn nearest() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    let mut manifests = here.ancestors().map(|folder| folder.join("Cargo.toml"));
    manifests.find(|manifest| manifest.is_file())
}

/// Whether a contract is meant by a name. A hyphen and an underscore are one, as they are in the names of crates.
fn is_called(contract: &ContractPackage, name: &str) -> bool {
    contract.name.replace('-', "_") == name.replace('-', "_")
}

fn choose(
    all: Vec<ContractPackage>,
    only: &[String],
    manifest: &Path,
) -> Result<Vec<ContractPackage>, ProjectError> {
    for name in only {
        if !all.iter().any(|contract| is_called(contract, name)) {
            let names: Vec<_> = all.iter().map(|contract| contract.name.as_str()).collect();
            return Err(ProjectError::UnknownContract {
                name: name.clone(),
                manifest: manifest.to_owned(),
                known: match names.as_slice() {
                    [] => "none".to_owned(),
                    names => names.join(", "),
                },
            });
        }
    }
    // A manifest that is a contract's own means that contract.
    let folder = manifest.canonicalize().ok();
    let folder = folder.as_deref().and_then(Path::parent);
    let is_own = |contract: &ContractPackage| {
        folder.is_some() && contract.folder.canonicalize().ok().as_deref() == folder
    };
    let has_own = all.iter().any(is_own);
    let is_meant = |contract: &ContractPackage| match only {
        [] => !has_own || is_own(contract),
        only => only.iter().any(|name| is_called(contract, name)),
    };
    let chosen: Vec<_> = all.iter().filter(|it| is_meant(it)).cloned().collect();
    if chosen.is_empty() {
        return Err(ProjectError::NoContract {
            manifest: manifest.to_owned(),
        });
    }
    Ok(chosen)
}
