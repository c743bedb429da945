//! A contract built in a copy of its workspace, with another allocator or in another way: the author's files are only read.
//!
//! Lives here: the copy that is made for it, and the builds in the copy. Not here: what the copy is (`scratch`, `shim`), how cargo is run (`build`),
//! what happens to a module afterwards.

mod files;
mod origin;
mod replacement;
mod scratch;
mod shim;
mod sources;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use stylus_cargo::{Build, Targets, flags, lock, release};

use super::recipe::Recipe;
use super::{
    BuildError, BuildSettings, BuildTarget, CargoError, ContractPackage, Hindrance, Lto, Project,
    RecipeError, Toolchain, Variant, WasmOpt,
};
use scratch::Scratch;
use shim::Shim;
use sources::Sources;

pub use files::CopyError;
pub use replacement::replaceable;
pub use scratch::ScratchError;
pub use shim::ShimError;
pub use sources::SourcesError;

/// The level that cargo takes where nothing is said.
const DEFAULT_LEVEL: &str = "3";

/// A contract, as its author builds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The folder of its package.
    pub folder: PathBuf,
    /// The name of its package.
    pub package: String,
    /// How its author builds it.
    pub settings: BuildSettings,
    /// Why cargo leaves the link-time optimisation out that its author asks for; none where it does not, or nobody asks.
    pub lto_hindrance: Option<Hindrance>,
    /// What builds it.
    pub toolchain: Toolchain,
}

impl Subject {
    /// A contract of a project, built as `settings` say.
    pub fn of(project: &Project, contract: &ContractPackage, settings: &BuildSettings) -> Self {
        Self {
            folder: contract.folder.clone(),
            package: contract.name.clone(),
            settings: settings.clone(),
            lto_hindrance: project
                .lto_hindrance(contract)
                .filter(|_| settings.crate_types.is_none()),
            toolchain: contract.toolchain,
        }
    }
}

/// Nothing can be built in a copy of the workspace.
#[derive(Debug, thiserror::Error)]
pub enum CopiesError {
    /// It is not known what to copy.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// It cannot be copied.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// Cargo does not get along with the copy.
    #[error(transparent)]
    Shim(#[from] ShimError),
    /// The compiler does not name itself.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The contract's `Stylus.toml` asks for what is not there.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The folder for what is built cannot be used.
    #[error("{} cannot be used: {source}; make it a folder you may write to", path.display())]
    TargetDir {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The copy is built with another compiler.
    #[error(
        "the contract is compiled with {here} and a copy of it with {there}: set RUSTUP_TOOLCHAIN to the one that is meant"
    )]
    Compiler {
        /// What the compiler in the author's folder calls itself.
        here: String,
        /// What it calls itself in the copy.
        there: String,
    },
}

/// A variant has no module.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// The allocator cannot be put there.
    #[error(transparent)]
    Shim(#[from] ShimError),
    /// Cargo would have to write the lockfile first.
    #[error("Cargo.lock is missing or does not fit Cargo.toml; have cargo write it, and commit it")]
    Lockfile,
    /// A crate does not compile, or cargo does not get that far.
    #[error("it does not build: {message}; correct that, or leave this variant out")]
    Failed {
        /// The first error reported.
        message: String,
    },
    /// `wasm-opt` does not make of it what the contract's `Stylus.toml` asks for.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Anything else.
    #[error(transparent)]
    Build(BuildError),
}

/// What is to be repeated in the author's own folder is not to be repeated in a copy that is gone.
impl From<BuildError> for VariantError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Lockfile { .. } => Self::Lockfile,
            BuildError::Failed { message, .. } => Self::Failed { message },
            other => Self::Build(other),
        }
    }
}

/// A copy of a workspace and all that builds in it need.
#[derive(Debug)]
pub struct Copies {
    subject: Subject,
    /// The package's folder in the copy.
    folder: PathBuf,
    target: BuildTarget,
    target_dir: PathBuf,
    /// The flag that hides where the copy is: paths are those of the author's own folders.
    hidden: [String; 1],
    /// The level that the author's profile has.
    level: String,
    /// Whether the workspace's profile asks for link-time optimisation.
    asks_for_lto: bool,
    /// What the author has done with each module afterwards.
    recipe: Option<(Recipe, WasmOpt)>,
    /// One variant at a time is built: they end in one file, and there is one copy.
    shim: Mutex<Shim>,
    /// Before the right to use it is given up, the copy is removed.
    _scratch: Scratch,
    /// The right to use the target folder, and the copy that is named after it.
    _alone: File,
}

impl Copies {
    /// Copies the workspace of a contract. Waits for whoever does so for the same one.
    ///
    /// # Errors
    /// Where it cannot be copied, or cargo does not accept it.
    pub fn prepare(subject: &Subject) -> Result<Self, CopiesError> {
        let sources = Sources::of(subject)?;
        let target_dir = sources.target_dir.join("gas-bench-compare");
        let alone = lock(&target_dir).map_err(|source| CopiesError::TargetDir {
            path: target_dir.clone(),
            source,
        })?;
        let scratch = Scratch::copy(&sources)?;
        let root = scratch.place(&sources.root);
        let folder = scratch.place(&sources.package);
        check_compiler(subject.toolchain, &sources.package, &folder)?;
        let shim = Shim::find(subject, &folder, scratch.base(), &root)?;
        let recipe = Recipe::of(&sources.root, &sources.package)?
            .map(|recipe| recipe.program().map(|program| (recipe, program)))
            .transpose()?;
        Ok(Self {
            subject: subject.clone(),
            target: BuildTarget::Library(sources.module),
            target_dir,
            hidden: [flags::remap(scratch.base(), "/")],
            level: release::setting(&root, &folder, "opt-level")
                .unwrap_or_else(|| DEFAULT_LEVEL.to_owned()),
            asks_for_lto: release::setting(&root, &folder, "lto")
                .is_some_and(|value| release::is_lto(&value)),
            folder,
            recipe,
            shim: Mutex::new(shim),
            _scratch: scratch,
            _alone: alone,
        })
    }

    /// Whether another allocator can be put under the contract.
    ///
    /// # Errors
    /// Where it uses none that could be replaced.
    pub fn check_allocator(&self) -> Result<(), ShimError> {
        self.lock().check_used()
    }

    /// The `opt-level` of the author's own profile.
    pub fn level(&self) -> &str {
        &self.level
    }

    /// The flags of `wasm-opt` that the author has in `Stylus.toml`; none without its table. Every build obeys them.
    pub fn own_flags(&self) -> Option<String> {
        self.recipe.as_ref().map(|(recipe, _)| recipe.flags())
    }

    /// Builds the contract as a variant says, or as its author does, and returns the module with the names of its functions. What the
    /// variant's mode is does not matter here.
    ///
    /// # Errors
    /// Where the allocator cannot be put there, or cargo or the author's `wasm-opt` fails.
    pub fn build(
        &self,
        Variant {
            allocator,
            level,
            lto,
            wasm_opt: _,
        }: Variant,
    ) -> Result<Vec<u8>, VariantError> {
        let mut shim = self.lock();
        let patches = shim.install(allocator)?;
        let own = &self.subject.settings;
        let settings = BuildSettings {
            crate_types: lto.map(Lto::crate_types).or(own.crate_types),
            asks_for_lto: lto == Some(Lto::On) && !self.asks_for_lto,
            level,
            ..own.clone()
        };
        let build = Build {
            toolchain: self.subject.toolchain,
            folder: &self.folder,
            package: &self.subject.package,
            targets: Targets::Contract(&self.target),
            settings: &settings,
            more: &patches,
            flags: &self.hidden,
            into: &self.target_dir,
        };
        let built = build.module(&self.target, None, &mut |_| {})?;
        match &self.recipe {
            Some((recipe, program)) => Ok(recipe.named(program, &built)?),
            None => Ok(built),
        }
    }

    /// The right to build. Whatever a panic has left half done, the shim knows that it is.
    fn lock(&self) -> MutexGuard<'_, Shim> {
        self.shim.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settings that are not files, such as rustup's for a folder, do not hold for a copy.
fn check_compiler(toolchain: Toolchain, own: &Path, copy: &Path) -> Result<(), CopiesError> {
    let (here, there) = (toolchain.compiler(own)?, toolchain.compiler(copy)?);
    match here == there {
        true => Ok(()),
        false => Err(CopiesError::Compiler { here, there }),
    }
}
