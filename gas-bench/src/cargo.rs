//! Cargo, and what comes of it: from somebody's manifest to a module that is ready to be deployed.
//!
//! Lives here: packages, one way to run cargo (`toolchain`), one to read what it says (`messages`), one description of a build (`build`),
//! copies of workspaces with another allocator in them (`copy`), `wasm-opt`, and what `cargo stylus` makes of a module (`recipe`,
//! `artifact`). Not here: what a contract is asked (`plan`), any chain.

mod allocator;
mod artifact;
mod build;
mod changed;
mod copy;
mod flags;
mod hash;
mod lines;
mod lto;
mod messages;
mod own;
mod process;
mod project;
mod recipe;
mod release;
mod toolchain;
mod variant;
mod wasm_opt;

pub use allocator::{Allocator, UnknownAllocator};
pub use artifact::{Artifact, PostprocessError, postprocess};
pub use build::{BuildError, BuildSettings};
pub use copy::{
    Copies, CopiesError, CopyError, ScratchError, ShimError, SourcesError, Subject, VariantError,
    replaceable,
};
pub use lto::{CrateTypes, Hindrance};
pub use own::{CONTRACT, OwnError, own_contracts};
pub use process::end_all;
pub use project::{BuildTarget, ContractPackage, Project, ProjectError};
pub use recipe::{Finished, RecipeError};
pub use toolchain::{CargoError, Toolchain};
pub use variant::{Lto, OptLevel, Variant, Variations};
pub use wasm_opt::{FindError, Mode, OptimiseError, UnknownMode, WasmOpt};

/// What contracts are compiled for.
const TARGET: &str = "wasm32-unknown-unknown";
