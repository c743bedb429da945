//! A user's contracts: where they are, and which packages they are.
//!
//! Lives here: reading a manifest, and telling contracts from other packages. Not here: building them (`build`), and what
//! is called in them (`stylus-plan`).

use std::env;
use std::path::{Path, PathBuf};

use cargo_metadata::{CrateType, Metadata, Package, Target};

use super::{CargoError, Toolchain, lto};

/// The package that every contract on the SDK depends on.
const SDK: &str = "stylus-sdk";

/// The file that marks a contract for `cargo stylus`.
pub const MARK: &str = "Stylus.toml";

/// The manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Cargo does not run at all.
    #[error(transparent)]
    Cargo(CargoError),
    /// There is no manifest.
    #[error(
        "{manifest} cannot be used: {message}; name a Cargo.toml with --manifest-path, or with `report --wasm` a module \
         that is compiled"
    )]
    NoManifest {
        /// The manifest asked for, or the current folder's.
        manifest: String,
        /// The first error that cargo reports.
        message: String,
    },
    /// Cargo does not accept the manifest, or what surrounds it: its own settings, or the choice of a toolchain.
    #[error("{} cannot be used: {message}; correct that first", manifest.display())]
    Manifest {
        /// The manifest.
        manifest: PathBuf,
        /// The first error that cargo reports.
        message: String,
    },
    /// No member is a contract.
    #[error(
        "{} has no contract: a contract is a package that depends on {SDK} or has a {MARK} beside its Cargo.toml, and is a `cdylib` or a \
         program; for a module alone, use `report --wasm FILE --abi FILE`", manifest.display()
    )]
    NoContract {
        /// The manifest looked at.
        manifest: PathBuf,
    },
    /// The folder has no package.
    #[error("there is no package in {}: {reason}", folder.display())]
    NoPackage {
        /// The folder.
        folder: PathBuf,
        /// Why there is none.
        reason: String,
    },
    /// The package has no library that could be a contract.
    #[error(
        "{name} has no library of the type `cdylib`: add crate-type = [\"cdylib\"] to [lib] in its Cargo.toml"
    )]
    NoLibrary {
        /// The package.
        name: String,
    },
    /// No contract of that name.
    #[error("there is no contract `{name}` in {manifest}: it has {known}")]
    UnknownContract {
        /// The name asked for.
        name: String,
        /// The manifest looked at.
        manifest: PathBuf,
        /// The names of the contracts that it has.
        known: String,
    },
}

/// A cargo workspace with contracts, or a single contract.
#[derive(Clone, Debug)]
pub struct Project {
    /// The workspace's folder.
    pub root: PathBuf,
    /// The workspace's target folder; what is built here goes into folders of its own in it.
    pub target_dir: PathBuf,
    /// The chosen contracts, by name.
    pub contracts: Vec<ContractPackage>,
    /// All of its contracts, by name.
    pub members: Vec<ContractPackage>,
    /// What decides the toolchain in its root.
    pub toolchain: Toolchain,
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
    /// The target that is built as the contract.
    pub target: BuildTarget,
    /// What decides the toolchain in its folder.
    pub toolchain: Toolchain,
}

/// The target of a package that is the contract.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BuildTarget {
    /// Its library, by the name of the file that comes out.
    Library(String),
    /// A program of this name.
    Program(String),
}

impl BuildTarget {
    /// The name of the file that comes out, without its ending.
    pub fn module(&self) -> String {
        match self {
            Self::Library(name) => name.replace('-', "_"),
            Self::Program(name) => name.clone(),
        }
    }
}

impl Project {
    /// Finds the contracts that `manifest`, or else the current folder's manifest, is about: a package's own, or those of a workspace's
    /// default members. With `only`, those of these names.
    ///
    /// # Errors
    /// If cargo does not accept the manifest, or there is no such contract.
    pub fn find(manifest: Option<&Path>, only: &[String]) -> Result<Self, ProjectError> {
        let toolchain = Toolchain::of(manifest);
        let metadata = metadata(toolchain, manifest)?;
        let root: PathBuf = metadata.workspace_root.clone().into();
        let path = manifest
            .map(Path::to_owned)
            .or_else(nearest)
            .unwrap_or_else(|| root.join("Cargo.toml"));
        let members = contracts(&metadata, toolchain);
        let contracts = choose(&members, &by_default(&metadata), only, &path)?;
        Ok(Self {
            root,
            target_dir: metadata.target_directory.into(),
            contracts,
            members,
            toolchain,
        })
    }

    /// Takes the package in `folder` as a contract, whatever it depends on, for a test: with the toolchain that a file chooses for it, or
    /// else that of the test.
    ///
    /// # Errors
    /// If there is no package, or it has no library that could be a contract.
    pub fn of_package(folder: &Path) -> Result<Self, ProjectError> {
        let no_package = |reason| ProjectError::NoPackage {
            folder: folder.to_owned(),
            reason,
        };
        let folder = folder
            .canonicalize()
            .map_err(|error| no_package(error.to_string()))?;
        let toolchain = Toolchain::of_folder(&folder);
        let manifest = folder.join("Cargo.toml");
        let metadata = match toolchain.metadata(Some(&manifest), &folder) {
            Err(CargoError::Failed { message, .. }) => return Err(no_package(message)),
            metadata => metadata.map_err(ProjectError::Cargo)?,
        };
        let mut packages = metadata.packages.iter();
        let package = packages.find(|package| package.manifest_path == manifest);
        let package = package.ok_or_else(|| {
            no_package("its Cargo.toml is a workspace's, not a package's".to_owned())
        })?;
        let library = library(package).ok_or_else(|| ProjectError::NoLibrary {
            name: package.name.to_string(),
        })?;
        Ok(Self {
            root: metadata.workspace_root.clone().into(),
            target_dir: metadata.target_directory.clone().into(),
            contracts: vec![contract(package, library, toolchain)],
            members: contracts(&metadata, toolchain),
            toolchain,
        })
    }

    /// The folder for what is built of this workspace.
    pub(super) fn build_dir(&self, what: &str) -> PathBuf {
        build_dir(&self.target_dir, &self.root).join(what)
    }
}

/// The folder for what is built of a workspace: what lies elsewhere can have the same names. Cargo itself takes a crate of one checkout for
/// that of another if both share a folder.
pub(super) fn build_dir(target_dir: &Path, root: &Path) -> PathBuf {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let hash = alloy_primitives::keccak256(root.as_os_str().as_encoded_bytes());
    let name = alloy_primitives::hex::encode(&hash[..8]);
    target_dir.join("gas-bench").join(name)
}

fn metadata(toolchain: Toolchain, manifest: Option<&Path>) -> Result<Metadata, ProjectError> {
    // Cargo reads settings, including the choice of a toolchain, from the folder that it is started in.
    let folder = manifest
        .and_then(Path::parent)
        .filter(|folder| folder.is_dir());
    let absolute = manifest.map(|path| path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    let told = toolchain.metadata(absolute.as_deref(), folder.unwrap_or(Path::new(".")));
    told.map_err(|error| match error {
        CargoError::Failed { message, .. } => {
            let found = manifest.map(Path::to_owned).or_else(nearest);
            match found.filter(|found| found.is_file()) {
                Some(manifest) => ProjectError::Manifest { manifest, message },
                None => ProjectError::NoManifest {
                    manifest: shown(manifest),
                    message,
                },
            }
        }
        other @ CargoError::NotRun { .. } => ProjectError::Cargo(other),
    })
}

fn shown(manifest: Option<&Path>) -> String {
    manifest.map_or_else(
        || "the current folder's Cargo.toml".to_owned(),
        |path| path.display().to_string(),
    )
}

/// The contracts among a workspace's members, by name.
fn contracts(metadata: &Metadata, of_root: Toolchain) -> Vec<ContractPackage> {
    let root = metadata.workspace_root.as_std_path();
    let contract_of = |package| {
        let target = target(package)?;
        let toolchain = of_root.of_member(root, &folder(package));
        Some(contract(package, target, toolchain))
    };
    let packages = metadata.workspace_packages().into_iter();
    let mut contracts: Vec<_> = packages.filter_map(contract_of).collect();
    contracts.sort_by(|one, other| one.name.cmp(&other.name));
    contracts
}

fn contract(package: &Package, target: BuildTarget, toolchain: Toolchain) -> ContractPackage {
    ContractPackage {
        name: package.name.to_string(),
        folder: folder(package),
        exports_abi: package.features.contains_key("export-abi")
            && package.targets.iter().any(|target| target.is_bin()),
        unoptimised: lto::unoptimised(package),
        target,
        toolchain,
    }
}

fn folder(package: &Package) -> PathBuf {
    let manifest: &Path = package.manifest_path.as_ref();
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// The target of a package that is the contract, if the package is one.
fn target(package: &Package) -> Option<BuildTarget> {
    let on_sdk = package
        .dependencies
        .iter()
        .any(|dependency| dependency.name == SDK);
    let is_marked = folder(package).join(MARK).is_file();
    if !on_sdk && !is_marked {
        return None;
    }
    if let Some(library) = library(package) {
        return Some(library);
    }
    // A program that prints its ABI needs a library; one without is the contract itself.
    let has_library = package.targets.iter().any(|target| target.is_lib());
    let mut programs = package.targets.iter().filter(|target| target.is_bin());
    let program = programs.next().filter(|_| !has_library)?;
    let is_only = programs.next().is_none();
    is_only.then(|| BuildTarget::Program(program.name.clone()))
}

/// The library of a package that can be a contract.
fn library(package: &Package) -> Option<BuildTarget> {
    let is_library = |target: &&Target| target.crate_types.contains(&CrateType::CDyLib);
    let library = package.targets.iter().find(is_library)?;
    Some(BuildTarget::Library(library.name.clone()))
}

/// The manifest that cargo uses if none is named.
fn nearest() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    let mut manifests = here.ancestors().map(|folder| folder.join("Cargo.toml"));
    manifests.find(|manifest| manifest.is_file())
}

/// Whether a name means a contract. Hyphens and underscores are equal, as they are in the names of crates.
fn is_called(contract: &ContractPackage, name: &str) -> bool {
    contract.name.replace('-', "_") == name.replace('-', "_")
}

/// The names of the members that cargo and `cargo stylus` choose if none is named.
fn by_default(metadata: &Metadata) -> Vec<String> {
    // Before Rust 1.71 cargo does not say.
    let members = match metadata.workspace_default_members.is_available() {
        true => metadata.workspace_default_packages(),
        false => metadata.workspace_packages(),
    };
    members
        .iter()
        .map(|package| package.name.to_string())
        .collect()
}

fn choose(
    all: &[ContractPackage],
    by_default: &[String],
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
        [] if has_own => is_own(contract),
        [] => by_default.contains(&contract.name),
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The error for a folder with this manifest and an empty library.
    fn refused(manifest: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        Project::of_package(folder.path()).unwrap_err().to_string()
    }

    #[test]
    fn a_test_needs_a_package_with_a_cdylib() {
        let package = "[package]\nname = 'it'\nversion = '0.1.0'\n[workspace]\n";
        for (manifest, words) in [
            ("[workspace]\n", "is a workspace's, not a package's"),
            ("[nonsense", "unclosed table"),
            (package, "it has no library of the type `cdylib`"),
        ] {
            let said = refused(manifest);
            assert!(said.contains(words), "{said}");
        }
        let absent = Project::of_package(Path::new("/nowhere")).unwrap_err();
        assert!(matches!(absent, ProjectError::NoPackage { .. }), "{absent}");
    }
}
