//! Builds a contract in a copy of its workspace, with another allocator or in another way: the author's files are only read.
//!
//! Lives here: preparing the copy, and the builds in it. Not here: the copy itself (`scratch`, `shim`), running cargo (`build`), what
//! happens to a module afterwards.

mod files;
mod origin;
mod replacement;
mod scratch;
mod shim;
mod sources;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::build::share_host_builds;
use crate::project::build_dir;
use crate::recipe::Recipe;
use crate::{
    Build, BuildError, BuildSettings, BuildTarget, CargoError, ContractPackage, Hindrance, Lto,
    Project, RecipeError, TargetDirError, Targets, Toolchain, Variant, WasmOpt, flags, lock,
    release,
};
use scratch::Scratch;
use shim::Shim;
use sources::Sources;

pub use files::CopyError;
pub use replacement::replaceable;
pub use scratch::{ScratchError, remove_copies};
pub use shim::ShimError;
pub use sources::SourcesError;

/// The level that cargo uses if no setting gives one.
const DEFAULT_LEVEL: &str = "3";

/// A contract, as its author builds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The folder of its package.
    pub folder: PathBuf,
    /// The name of its package.
    pub package: String,
    /// Which target of it is built.
    pub target: BuildTarget,
    /// How its author builds it.
    pub settings: BuildSettings,
    /// Why cargo leaves out the link-time optimisation that its author asks for; `None` if it does not, or if the author does not ask.
    pub lto_hindrance: Option<Hindrance>,
    /// The toolchain that builds it.
    pub toolchain: Toolchain,
}

impl Subject {
    /// A contract of a project, built as `settings` say.
    pub fn of(project: &Project, contract: &ContractPackage, settings: &BuildSettings) -> Self {
        Self {
            folder: contract.folder.clone(),
            package: contract.name.clone(),
            target: contract.target.clone(),
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
    /// What to copy cannot be determined.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// It cannot be copied.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// Cargo does not accept the copy.
    #[error(transparent)]
    Shim(#[from] ShimError),
    /// The compiler does not report its version.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The contract's `Stylus.toml` is invalid, or asks for a `wasm-opt` that is not there.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The target folder cannot be used.
    #[error(transparent)]
    TargetDir(#[from] TargetDirError),
    /// The copy would be built with another compiler.
    #[error(
        "the contract is compiled with {here}, but its copy with {there}: set RUSTUP_TOOLCHAIN to the one you mean"
    )]
    Compiler {
        /// The version that the compiler reports in the author's folder.
        here: String,
        /// The version that it reports in the copy.
        there: String,
    },
}

/// Why a variant has no module.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// The allocator cannot be replaced.
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
    /// `wasm-opt` fails to do what the contract's `Stylus.toml` asks for.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Any other build error.
    #[error(transparent)]
    Build(BuildError),
}

/// Drops the folder and the command to repeat, since they refer to a copy that will be gone.
impl From<BuildError> for VariantError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Lockfile { .. } => Self::Lockfile,
            BuildError::Failed { message, .. } => Self::Failed { message },
            other => Self::Build(other),
        }
    }
}

/// A copy of a workspace, and everything that builds in it need.
#[derive(Debug)]
pub struct Copies {
    subject: Subject,
    /// The package's folder in the copy.
    folder: PathBuf,
    target_dir: PathBuf,
    /// The flag that hides where the copy is: paths are those of the author's own folders.
    hidden: [String; 1],
    /// The `opt-level` of the author's profile.
    level: String,
    /// Whether the workspace's profile asks for link-time optimisation.
    asks_for_lto: bool,
    /// What the author has `wasm-opt` do with each module afterwards.
    recipe: Option<(Recipe, WasmOpt)>,
    /// Locked during a build: all variants share one copy and one output file, so only one is built at a time.
    shim: Mutex<Shim>,
    /// Dropped before `_alone`, so that the copy is removed before its lock is released.
    _scratch: Scratch,
    /// The lock on the target folder, and on the copy, which is named after it.
    _alone: File,
}

impl Copies {
    /// Copies the workspace of a contract. Waits while anybody else holds a copy of the same one.
    ///
    /// # Errors
    /// If it cannot be copied, or cargo does not accept it.
    pub fn prepare(subject: &Subject) -> Result<Self, CopiesError> {
        let sources = Sources::of(subject)?;
        // One of several workspaces that share a target folder would take the others' crates, which were compiled with the others' macros.
        let target_dir = build_dir(&sources.target_dir, &sources.root).join("compare");
        let alone = lock(&target_dir)?;
        share_host_builds(&sources.target_dir, &sources.root, &target_dir)?;
        let scratch = Scratch::copy(&sources, &target_dir)?;
        let root = scratch.place(&sources.root);
        let folder = scratch.place(&sources.package);
        check_compiler(subject.toolchain, &sources.package, &folder)?;
        let shim = Shim::find(subject, &folder, scratch.base(), &root)?;
        let recipe = Recipe::of(&sources.root, &sources.package)?
            .map(|recipe| recipe.program().map(|program| (recipe, program)))
            .transpose()?;
        Ok(Self {
            subject: subject.clone(),
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

    /// Checks that the contract's allocator can be replaced.
    ///
    /// # Errors
    /// If it uses none that can be replaced.
    pub fn check_allocator(&self) -> Result<(), ShimError> {
        self.lock().check_used()
    }

    /// The `opt-level` of the author's own profile.
    pub fn level(&self) -> &str {
        &self.level
    }

    /// The flags of `wasm-opt` in the author's `Stylus.toml`; `None` without its table. Every build follows them.
    pub fn own_flags(&self) -> Option<String> {
        self.recipe.as_ref().map(|(recipe, _)| recipe.flags())
    }

    /// Builds a variant of the contract and returns its module with function names. The variant's `wasm_opt` is ignored here.
    ///
    /// # Errors
    /// If the allocator cannot be replaced, or cargo or the author's `wasm-opt` fails.
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
            targets: Targets::Contract(&self.subject.target),
            settings: &settings,
            more: &patches,
            flags: &self.hidden,
            into: &self.target_dir,
        };
        let built = build.module(&self.subject.target, None, &mut |_| {})?;
        match &self.recipe {
            Some((recipe, program)) => Ok(recipe.named(program, &built)?),
            None => Ok(built),
        }
    }

    /// Waits for the right to build. A panic can have left the shim half done, but the shim knows that.
    fn lock(&self) -> MutexGuard<'_, Shim> {
        self.shim.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks that both folders have the same compiler: settings that are not files, such as rustup's for a folder, do not apply to a copy.
fn check_compiler(toolchain: Toolchain, own: &Path, copy: &Path) -> Result<(), CopiesError> {
    let (here, there) = (toolchain.compiler(own)?, toolchain.compiler(copy)?);
    match here == there {
        true => Ok(()),
        false => Err(CopiesError::Compiler { here, there }),
    }
}
